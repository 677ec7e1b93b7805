//! A device as a session sees it: documents, statements and chunks in memory, and an owner who decides what to take.

use std::collections::{BTreeMap, BTreeSet};

use p2psync_bramble::{WallClock, hash};
use p2psync_model::{
    Accepted, Assembly, Attributes, Body, Chunker, Document, DocumentId, Fingerprint, GroupId, Kind, Message,
    MessageId, Priority, Protection, Receipt, Signed,
};
use p2psync_sync::Set;
use p2psync_sync::session::{Effect, Input, Refusal, Remainder, Session, Verdict};
use p2psync_sync::{BUCKET_SHIFT, Bucket, Catalogue, CatalogueError, Entry, Shelf, Shelved};

pub const GROUP: GroupId = GroupId::from_bytes([3; 32]);

/// Everything on the disk of a device.
#[derive(Clone, Default)]
pub struct Device {
    pub documents: BTreeMap<DocumentId, Held>,
    pub statements: BTreeMap<MessageId, Held>,
    pub chunks: BTreeMap<MessageId, Message>,
    pub partial: BTreeMap<DocumentId, Partial>,
    pub confirmed: BTreeSet<DocumentId>,
    pub rules: Rules,
    /// Chunks that arrived, also again.
    pub chunks_received: usize,
    pub held_by_peer: BTreeSet<DocumentId>,
    pub refused_by_peer: BTreeMap<DocumentId, Refusal>,
    pub ephemeral: Vec<Vec<u8>>,
    /// What the last meeting left unfinished.
    pub remainder: Option<Remainder>,
}

#[derive(Clone)]
pub struct Held {
    pub entry: Entry,
    pub message: Message,
}

#[derive(Clone)]
pub struct Partial {
    pub held: Held,
    pub assembly: Assembly,
}

/// What to ask for, and of which document.
type Ask = (Option<DocumentId>, Vec<MessageId>);

/// What the owner of a device takes.
#[derive(Clone, Copy)]
pub struct Rules {
    pub document_bytes_max: u64,
    pub documents_max: usize,
}

impl Default for Rules {
    fn default() -> Self {
        Self { document_bytes_max: u64::MAX, documents_max: usize::MAX }
    }
}

impl Device {
    /// Writes a document of its own: its id, and its chunks into the device.
    pub fn write(&mut self, made_ms: u64, priority: Priority, content: &[u8]) -> DocumentId {
        let salt = hash("salt", &[&made_ms.to_be_bytes(), content])[..16].try_into().unwrap();
        let attributes = Attributes { priority, ..Attributes::new(Protection::Open { salt }) };
        let mut chunker = Chunker::new(GROUP, u64::MAX);
        let mut rest = content;
        while !rest.is_empty() {
            let (chunk, more) = chunker.take(rest).unwrap();
            self.chunks.extend(chunk.map(|chunk| (chunk.id(), chunk)));
            rest = more;
        }
        let finished = chunker.finish(attributes, WallClock(made_ms)).unwrap();
        self.chunks.extend(finished.chunks.into_iter().map(|chunk| (chunk.id(), chunk)));
        self.documents.insert(finished.id, held(finished.document));
        finished.id
    }

    /// Gets a receipt for documents, as if from the server.
    pub fn confirm(&mut self, time: u64, ids: &[DocumentId]) -> MessageId {
        let mut ids = ids.to_vec();
        ids.sort_unstable();
        let receipt = Receipt::new(Fingerprint::V6([1; 32]), 0, time, ids).unwrap();
        let signed = Signed::new(receipt, vec![7; 119]).unwrap();
        let message = Body::Receipt(signed).to_message(GROUP).unwrap();
        self.keep_statement(message)
    }

    fn keep_statement(&mut self, message: Message) -> MessageId {
        if let Ok(Body::Receipt(signed)) = Body::decode(&message) {
            for id in signed.body().ids() {
                self.documents.remove(id);
                self.confirmed.insert(*id);
            }
        }
        let id = message.id();
        self.statements.insert(id, held(message));
        id
    }

    /// Does what a session wants, as the engine does.
    pub fn carry_out(&mut self, effects: Vec<Effect>, session: &mut Session, now: p2psync_bramble::Millis) {
        let (mut verdicts, mut asks, mut resolved) = (Vec::new(), Vec::<Ask>::new(), Vec::new());
        for effect in effects {
            match effect {
                Effect::Pushed(message) => verdicts.push(self.pushed(message)),
                Effect::Announced { id, bytes, .. } => {
                    verdicts.push(self.announced(id, bytes));
                    if verdicts.last() == Some(&Verdict::Noted) {
                        match self.partial.get(&id) {
                            Some(partial) => asks.push((Some(id), partial.assembly.missing().collect())),
                            None => asks.push((None, vec![id])),
                        }
                    }
                }
                Effect::Answered(message) => self.answered(message, &mut asks, &mut resolved),
                Effect::Gone(_) => panic!("nobody deletes here"),
                Effect::Held(id) => assert!(self.held_by_peer.insert(id) || self.documents.contains_key(&id)),
                Effect::Refused { id, refusal } => drop(self.refused_by_peer.insert(id, refusal)),
                Effect::Ephemeral(bytes) => self.ephemeral.push(bytes),
            }
        }
        let mut more = Vec::new();
        let mut tell = |input: Input<'_>| session.handle(now, input, self, &mut more).unwrap();
        tell(Input::Settled(&verdicts));
        for (of, ids) in &asks {
            tell(Input::Ask { of: *of, ids });
        }
        for (id, refusal) in resolved {
            tell(Input::Resolved { id, refusal });
        }
        assert!(more.is_empty(), "words have no effects");
    }

    fn pushed(&mut self, message: Message) -> Verdict {
        let id = message.id();
        match Body::decode(&message) {
            Ok(Body::Document(_)) if self.confirmed.contains(&id) => Verdict::Refused(Refusal::Unwanted),
            Ok(Body::Document(_)) if self.documents.len() >= self.rules.documents_max => {
                Verdict::Refused(Refusal::Quota)
            }
            Ok(Body::Document(_)) => {
                self.documents.insert(id, held(message));
                Verdict::Kept
            }
            Ok(Body::Receipt(_)) => {
                self.keep_statement(message);
                Verdict::Kept
            }
            _ => Verdict::Refused(Refusal::NotUnderstood),
        }
    }

    fn announced(&self, id: DocumentId, bytes: u64) -> Verdict {
        if self.documents.contains_key(&id) {
            Verdict::Kept
        } else if bytes > self.rules.document_bytes_max {
            Verdict::Refused(Refusal::TooLarge)
        } else {
            Verdict::Noted
        }
    }

    fn answered(
        &mut self,
        message: Message,
        asks: &mut Vec<Ask>,
        resolved: &mut Vec<(DocumentId, Option<Refusal>)>,
    ) {
        if Kind::of(&message) == Ok(Kind::Document) {
            let held = held(message);
            let Ok(Body::Document(document)) = Body::decode(&held.message) else { panic!("not a document") };
            let assembly = Assembly::new(GROUP, &document);
            asks.push((Some(held.entry.id), assembly.missing().collect()));
            self.partial.insert(held.entry.id, Partial { held, assembly });
        } else {
            self.chunks_received += 1;
            for (id, partial) in &mut self.partial {
                let before: BTreeSet<_> = partial.assembly.missing().collect();
                if partial.assembly.accept(&message) == Ok(Accepted::New) {
                    let more: Vec<_> = partial.assembly.missing().filter(|id| !before.contains(id)).collect();
                    if !more.is_empty() {
                        asks.push((Some(*id), more));
                    }
                }
            }
            self.chunks.insert(message.id(), message);
        }
        let whole: Vec<_> = self
            .partial
            .iter()
            .filter(|(_, partial)| partial.assembly.is_complete())
            .map(|(id, _)| *id)
            .collect();
        for id in whole {
            let partial = self.partial.remove(&id).unwrap();
            self.documents.insert(id, partial.held);
            resolved.push((id, None));
        }
    }
}

impl Catalogue for Device {
    fn buckets(&mut self, set: Set) -> Result<Vec<Bucket>, CatalogueError> {
        let mut ids: BTreeMap<u64, Vec<MessageId>> = BTreeMap::new();
        for held in self.of(set).values() {
            ids.entry(held.entry.timestamp_ms >> BUCKET_SHIFT).or_default().push(held.entry.id);
        }
        let bucket = |(number, ids): (u64, Vec<MessageId>)| {
            let inputs: Vec<&[u8]> = ids.iter().map(|id| id.as_bytes().as_slice()).collect();
            let count = u32::try_from(ids.len()).unwrap();
            Bucket { number, count, digest: hash("org.sahana.p2psync.store/BUCKET", &inputs) }
        };
        Ok(ids.into_iter().map(bucket).collect())
    }

    fn entries(&mut self, set: Set, bucket: u64) -> Result<Vec<Entry>, CatalogueError> {
        let of_bucket = |held: &&Held| held.entry.timestamp_ms >> BUCKET_SHIFT == bucket;
        Ok(self.of(set).values().filter(of_bucket).map(|held| held.entry).collect())
    }
}

impl Shelf for Device {
    fn message(&mut self, id: &MessageId) -> Result<Option<Shelved>, CatalogueError> {
        let held = self.documents.get(id).or_else(|| self.statements.get(id));
        Ok(held.map(|held| shelved(&held.message)))
    }

    fn chunk(&mut self, document: &DocumentId, chunk: &MessageId) -> Result<Option<Shelved>, CatalogueError> {
        let is_held = self.documents.contains_key(document);
        Ok(self.chunks.get(chunk).filter(|_| is_held).map(shelved))
    }
}

impl Device {
    fn of(&self, set: Set) -> &BTreeMap<MessageId, Held> {
        match set {
            Set::Statements => &self.statements,
            Set::Documents => &self.documents,
        }
    }
}

fn held(message: Message) -> Held {
    let (bytes, priority) = match Body::decode(&message) {
        Ok(Body::Document(document)) => of_document(&document),
        _ => (message.body().len() as u64, Priority::Normal),
    };
    let entry = Entry { id: message.id(), timestamp_ms: message.timestamp_ms(), bytes, priority };
    Held { entry, message }
}

fn shelved(message: &Message) -> Shelved {
    Shelved { timestamp_ms: message.timestamp_ms(), body: message.body().to_vec() }
}

fn of_document(document: &Document) -> (u64, Priority) {
    (document.size_bytes(), document.attributes().priority)
}

//! What a bundle brings waits until there is enough for one transaction; then it is judged, stored and counted.

use std::collections::BTreeMap;

use p2psync_bramble::WallClock;
use p2psync_model::{DocumentId, Message};
use p2psync_store::{PeerRow, Store};
use p2psync_sync::Set;
use p2psync_sync::bundle::ReadError;
use p2psync_sync::session::{Refusal, Verdict};
use rand_core::CryptoRngCore;

use super::Imported;
use crate::exchange::judgement::{Court, Done, take_chunk};
use crate::exchange::quests::Quests;
use crate::exchange::shelf::entry;
use crate::meeting::ConnectionId;
use crate::{Engine, Error};

/// Keeps what one bundle brings.
pub(super) struct Keeper {
    from: PeerRow,
    /// Longest content that is taken.
    document_bytes_max: u64,
    waiting: Vec<Waiting>,
    waiting_bytes: usize,
    /// Documents that are not counted yet: what was here of each before, and why it was not taken.
    uncounted: BTreeMap<DocumentId, (Standing, Option<Refusal>)>,
    /// The document that came last: its chunks may still come.
    current: Option<DocumentId>,
    /// The document whose chunks come, and whether they are wanted.
    open: Option<(DocumentId, bool)>,
    quests: Quests,
    imported: Imported,
}

enum Waiting {
    Document(Message),
    Statement(Message),
    Chunk(DocumentId, Message),
}

/// How much of a document is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Nothing,
    Partial,
    Whole,
}

impl Keeper {
    pub(super) fn new(from: PeerRow, document_bytes_max: u64, imported: Imported) -> Self {
        Self {
            from,
            document_bytes_max,
            waiting: Vec::new(),
            waiting_bytes: 0,
            uncounted: BTreeMap::new(),
            current: None,
            open: None,
            quests: Quests::default(),
            imported,
        }
    }

    /// A receipt or a notice, or what is not known.
    pub(super) fn statement(&mut self, around: &mut Around<'_>, message: Message) -> Result<(), Error> {
        self.wait(around, message.body().len(), Waiting::Statement(message))
    }

    /// A document; chunks may follow.
    pub(super) fn document(&mut self, around: &mut Around<'_>, message: Message) -> Result<(), Error> {
        let id = message.id();
        self.current = None;
        if self.uncounted.contains_key(&id) {
            // Twice in one bundle: the second finds what the first has left.
            self.commit(around)?;
        }
        self.current = Some(id);
        self.uncounted.insert(id, (standing(&around.engine.store, &id)?, None));
        self.wait(around, message.body().len(), Waiting::Document(message))
    }

    /// A chunk of the document before it.
    pub(super) fn chunk(
        &mut self,
        around: &mut Around<'_>,
        of: DocumentId,
        message: Message,
    ) -> Result<(), Error> {
        let is_wanted = match self.open {
            Some((open, is_wanted)) if open == of => is_wanted,
            _ => self.open(around, of)?,
        };
        if is_wanted { self.wait(around, message.body().len(), Waiting::Chunk(of, message)) } else { Ok(()) }
    }

    /// Nothing more comes: stores what waits. What is counted is on disk, also if this fails.
    pub(super) fn finish(&mut self, around: &mut Around<'_>) -> Result<(), Error> {
        self.current = None;
        let committed = self.commit(around);
        if committed.is_err() {
            self.count(&around.engine.store)?;
        }
        committed
    }

    pub(super) fn into_imported(self) -> Imported {
        self.imported
    }

    /// Sees whether the chunks of a document are wanted, once it is judged itself.
    fn open(&mut self, around: &mut Around<'_>, of: DocumentId) -> Result<bool, Error> {
        self.commit(around)?;
        // Everything before is stored, so nothing of it is put together any more.
        self.quests = Quests::default();
        let Engine { store, group, .. } = &*around.engine;
        let is_wanted = standing(store, &of)? == Standing::Partial;
        if is_wanted {
            self.quests.next(store, *group, &of, NO_CONNECTION, 0)?;
        }
        self.open = Some((of, is_wanted));
        Ok(is_wanted)
    }

    fn wait(&mut self, around: &mut Around<'_>, bytes: usize, waiting: Waiting) -> Result<(), Error> {
        self.waiting_bytes += bytes;
        self.waiting.push(waiting);
        let is_full = self.waiting.len() >= WAITING_COUNT_MAX || self.waiting_bytes >= WAITING_BYTES_MAX;
        if is_full { self.commit(around) } else { Ok(()) }
    }

    /// Stores what waits, and counts what is decided.
    fn commit(&mut self, around: &mut Around<'_>) -> Result<(), Error> {
        let waiting = core::mem::take(&mut self.waiting);
        self.waiting_bytes = 0;
        let done = match self.store(around, &waiting) {
            Ok(done) => done,
            Err(error) => {
                // Nothing of it is here, so nothing of it counts.
                self.uncounted.retain(|id, _| !waiting.iter().any(|waiting| waiting.is_document(id)));
                return Err(error.into());
            }
        };
        self.note(&waiting, &done);
        tell_links(around.engine, &done)?;
        let Done { ready, confirmed, removed, rejected, misbehaviour, .. } = done;
        self.imported.received.extend(ready);
        self.imported.confirmed.extend(confirmed);
        self.imported.removed.extend(removed);
        self.imported.refused.extend(rejected);
        self.count(&around.engine.store)?;
        misbehaviour.map_or(Ok(()), |what| Err(Error::Bundle(ReadError::Damaged(what))))
    }

    fn store(&mut self, around: &mut Around<'_>, waiting: &[Waiting]) -> Result<Done, p2psync_store::Error> {
        let Around { engine, now, random } = around;
        let Engine { store, group, certificate, .. } = &mut **engine;
        let court = Court {
            now: *now,
            group: *group,
            document_bytes_max: self.document_bytes_max,
            certificate: certificate.as_deref(),
            from: self.from,
        };
        if waiting.is_empty() {
            return Ok(Done::default());
        }
        let quests = &mut self.quests;
        store.batch(|batch| {
            let mut done = Done::default();
            for waiting in waiting {
                match waiting {
                    Waiting::Document(message) | Waiting::Statement(message) => {
                        court.pushed(batch, message, *random, &mut done)?;
                    }
                    Waiting::Chunk(of, message) => {
                        take_chunk(batch, of, message, quests, *random, &mut done)?;
                    }
                }
            }
            Ok(done)
        })
    }

    /// Notes the verdicts on documents, and counts those on statements.
    fn note(&mut self, waiting: &[Waiting], done: &Done) {
        let mut kept = 0_u32;
        let judged = waiting.iter().filter(|waiting| !matches!(waiting, Waiting::Chunk(..)));
        for (waiting, verdict) in judged.zip(&done.verdicts) {
            match (waiting, verdict) {
                (Waiting::Document(message), Verdict::Refused(refusal)) => {
                    self.note_refused(&message.id(), *refusal);
                }
                (Waiting::Statement(_), Verdict::Refused(refusal)) => {
                    *self.imported.rejected.entry(*refusal).or_default() += 1;
                }
                (Waiting::Statement(_), _) => kept += 1,
                _ => {}
            }
        }
        for (id, refusal) in &done.refused {
            self.note_refused(id, *refusal);
        }
        let new = done.new.iter().filter(|(set, _)| *set == Set::Statements).count();
        let new = u32::try_from(new).unwrap_or(u32::MAX);
        self.imported.statements += new;
        self.imported.already += kept.saturating_sub(new);
    }

    fn note_refused(&mut self, id: &DocumentId, refusal: Refusal) {
        if let Some((_, why)) = self.uncounted.get_mut(id) {
            *why = Some(refusal);
        }
    }

    /// Counts the documents of which nothing more comes.
    fn count(&mut self, store: &Store) -> Result<(), Error> {
        let current = self.current;
        let (open, decided): (BTreeMap<_, _>, BTreeMap<_, _>) =
            core::mem::take(&mut self.uncounted).into_iter().partition(|(id, _)| Some(*id) == current);
        self.uncounted = open;
        let imported = &mut self.imported;
        for (id, (before, refusal)) in decided {
            match (before, refusal, standing(store, &id)?) {
                // Nothing: it came and went, since the destination has it.
                (Standing::Whole, ..) | (_, None, Standing::Nothing) => imported.already += 1,
                (_, Some(refusal), _) => *imported.rejected.entry(refusal).or_default() += 1,
                (_, None, Standing::Whole) => imported.documents += 1,
                (_, None, Standing::Partial) => imported.partial += 1,
            }
        }
        Ok(())
    }
}

impl Waiting {
    fn is_document(&self, id: &DocumentId) -> bool {
        matches!(self, Self::Document(message) if message.id() == *id)
    }
}

/// What the rest of the engine lends for one call.
pub(super) struct Around<'a> {
    pub(super) engine: &'a mut Engine,
    pub(super) now: WallClock,
    pub(super) random: &'a mut dyn CryptoRngCore,
}

/// Links that are open go on with what is new.
fn tell_links(engine: &mut Engine, done: &Done) -> Result<(), Error> {
    let whole = done.whole.iter().map(|id| (Set::Documents, *id));
    let new: std::collections::BTreeSet<_> = done.new.iter().copied().chain(whole).collect();
    for (set, id) in new {
        let offered = match set {
            Set::Documents => engine.store.offered(&id)?,
            Set::Statements => engine.store.offered_statement(id.as_bytes())?,
        };
        if let Some(offered) = offered {
            engine.meeting.note_new(set, entry(offered));
        }
    }
    Ok(())
}

fn standing(store: &Store, id: &DocumentId) -> Result<Standing, Error> {
    match store.document(id) {
        Ok(_) => return Ok(Standing::Whole),
        Err(p2psync_store::Error::NotFound) => {}
        Err(error) => return Err(error.into()),
    }
    match store.document_message(id) {
        Ok(_) => Ok(Standing::Partial),
        Err(p2psync_store::Error::NotFound) => Ok(Standing::Nothing),
        Err(error) => Err(error.into()),
    }
}

/// Chunks are asked of nobody.
const NO_CONNECTION: ConnectionId = ConnectionId(0);

/// Most messages that are stored together.
const WAITING_COUNT_MAX: usize = 256;

/// Most bytes of them, but for the last.
const WAITING_BYTES_MAX: usize = 512 << 10;

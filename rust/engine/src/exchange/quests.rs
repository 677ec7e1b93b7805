//! Large documents that peers announced and that are on their way: which chunks are missing, and who was asked for
//! which, so that each comes from one peer only.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use p2psync_model::{
    Accepted, Assembly, AssemblyError, Body, ChunkId, Document, DocumentId, GroupId, Message, Place,
    chunks_of,
};
use p2psync_store::Store;

use crate::Error;
use crate::meeting::ConnectionId;

/// Most documents that are put together at a time; others wait their turn.
pub(crate) const OPEN_MAX: usize = 4;

/// All of them, over all connections.
#[derive(Debug, Default)]
pub(crate) struct Quests {
    open: BTreeMap<DocumentId, Quest>,
    /// Documents that somebody was asked for, before there is a list of chunks.
    asked: BTreeMap<DocumentId, ConnectionId>,
}

/// One document that is put together.
#[derive(Debug)]
struct Quest {
    assembly: Assembly,
    chunk_count: usize,
    /// Whether the store knows all chunks of it.
    is_listed: bool,
    /// Missing, and nobody is asked for it.
    unasked: VecDeque<ChunkId>,
    asked: BTreeMap<ChunkId, ConnectionId>,
}

/// What to ask a peer for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Want {
    /// The document itself.
    Document,
    /// These chunks of it; none if all are asked for elsewhere, or others come first.
    Chunks(Vec<ChunkId>),
    /// Nothing: it is here whole.
    Nothing,
}

/// What a chunk was good for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    /// It is one that was missing.
    Missing,
    /// The same, and now all chunks of the content are known: these, in order.
    MissingAndLists(Vec<ChunkId>),
    /// It is here already.
    Known,
    /// The document can never be whole: it is not what it says.
    Broken,
}

impl Quests {
    /// What to ask `connection` for, to get on with a document that it holds: at most `count_max` chunks.
    ///
    /// # Errors
    /// That of the store.
    pub(crate) fn next(
        &mut self,
        store: &Store,
        group: GroupId,
        id: &DocumentId,
        connection: ConnectionId,
        count_max: usize,
    ) -> Result<Want, Error> {
        if !self.open.contains_key(id) {
            if self.asked.contains_key(id) || self.open.len() + self.asked.len() >= OPEN_MAX {
                return Ok(Want::Chunks(Vec::new()));
            }
            match Quest::of_stored(store, group, id)? {
                Stored::Whole => return Ok(Want::Nothing),
                Stored::Partial(quest) => drop(self.open.insert(*id, quest)),
                Stored::Nothing => {
                    self.asked.insert(*id, connection);
                    return Ok(Want::Document);
                }
            }
        }
        let Some(quest) = self.open.get_mut(id) else { return Ok(Want::Chunks(Vec::new())) };
        let count = count_max.min(quest.unasked.len());
        let chunks: Vec<_> = quest.unasked.drain(..count).collect();
        quest.asked.extend(chunks.iter().map(|chunk| (*chunk, connection)));
        Ok(Want::Chunks(chunks))
    }

    /// The document that was asked for came, and is stored.
    pub(crate) fn document_came(&mut self, id: &DocumentId) {
        self.asked.remove(id);
    }

    /// Judges a chunk of a document, before it is stored.
    pub(crate) fn judge(&mut self, id: &DocumentId, chunk: &Message) -> Fit {
        let Some(quest) = self.open.get_mut(id) else { return Fit::Known };
        quest.asked.remove(&chunk.id());
        match quest.assembly.accept(chunk) {
            Ok(Accepted::New) if quest.is_listed => Fit::Missing,
            Ok(Accepted::New) => quest.list(),
            Ok(Accepted::Again) | Err(AssemblyError::NotWanted) => Fit::Known,
            Err(AssemblyError::Broken) => Fit::Broken,
        }
    }

    /// The document is whole, or given up.
    pub(crate) fn end(&mut self, id: &DocumentId) {
        self.open.remove(id);
        self.asked.remove(id);
    }

    /// A peer does not have what it was asked for.
    pub(crate) fn gone(&mut self, id: &DocumentId, connection: ConnectionId) {
        self.asked.retain(|asked, of| asked != id || *of != connection);
        if let Some(quest) = self.open.get_mut(id) {
            quest.release(connection);
        }
    }

    /// A connection is over: what it was asked for, others may be. Documents that nobody else is asked for are closed; the
    /// store knows how far they came.
    pub(crate) fn release(&mut self, connection: ConnectionId) {
        self.asked.retain(|_, of| *of != connection);
        for quest in self.open.values_mut() {
            quest.release(connection);
        }
        self.open.retain(|_, quest| !quest.asked.is_empty());
    }
}

/// How far the store is with a document.
enum Stored {
    Nothing,
    Partial(Quest),
    Whole,
}

impl Quest {
    fn of_stored(store: &Store, group: GroupId, id: &DocumentId) -> Result<Stored, Error> {
        let message = match store.document_message(id) {
            Err(p2psync_store::Error::NotFound) => return Ok(Stored::Nothing),
            other => other?,
        };
        let Ok(Body::Document(document)) = Body::decode(&message) else {
            return Err(Error::Damaged("a document"));
        };
        let missing: BTreeSet<ChunkId> = store.missing_chunks(id, u32::MAX)?.into_iter().collect();
        let mut quest = Self::new(group, &document);
        let listed = store.chunks(id)?;
        quest.is_listed = matches!(document.place(), Place::Listed(_)) || listed.len() > quest.chunk_count;
        if missing.is_empty() && (quest.is_listed || matches!(document.place(), Place::Inline(_))) {
            return Ok(Stored::Whole);
        }
        for chunk in listed.iter().filter(|chunk| !missing.contains(chunk)) {
            // What is in the store was judged when it came.
            let _ = quest.assembly.accept(&store.chunk(chunk)?);
        }
        let indexes: &[ChunkId] = if let Place::Indexed(ids) = document.place() { ids } else { &[] };
        // While the store has no list of them, it takes no chunk but those of the index.
        let is_wanted = |chunk: &ChunkId| quest.is_listed || indexes.contains(chunk);
        quest.unasked = quest.assembly.missing().filter(is_wanted).collect();
        Ok(Stored::Partial(quest))
    }

    fn new(group: GroupId, document: &Document) -> Self {
        Self {
            assembly: Assembly::new(group, document),
            chunk_count: chunks_of(document.size_bytes()),
            is_listed: false,
            unasked: VecDeque::new(),
            asked: BTreeMap::new(),
        }
    }

    /// An index chunk came. Its chunks are asked for when all index chunks are here and the store has the list.
    fn list(&mut self) -> Fit {
        let chunks: Vec<ChunkId> = self.assembly.chunk_ids().collect();
        if chunks.len() < self.chunk_count {
            return Fit::Missing;
        }
        self.is_listed = true;
        self.unasked = self.assembly.missing().collect();
        Fit::MissingAndLists(chunks)
    }

    fn release(&mut self, connection: ConnectionId) {
        let (theirs, others) =
            core::mem::take(&mut self.asked).into_iter().partition(|(_, of)| *of == connection);
        self.asked = others;
        let theirs: BTreeMap<ChunkId, ConnectionId> = theirs;
        for chunk in theirs.into_keys().rev() {
            self.unasked.push_front(chunk);
        }
    }
}

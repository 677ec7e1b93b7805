//! What goes into a bundle, in which order: what matters most first, because a copy may be cut.

use std::collections::{BTreeSet, VecDeque};

use p2psync_model::{Body, Chunk, ChunkId, DocumentId, GroupId, Message, Place, Priority};

use crate::session::PUSH_BYTES_MAX;
use crate::{CatalogueError, Entry, Set, Shelf, Shelved};

/// Which documents go into a bundle. All statements do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// All that are on the shelf.
    All,
    /// These; what is not on the shelf is passed over.
    Documents(Vec<Entry>),
}

/// The messages of a bundle, one after another: statements; documents by class, each before its chunks.
#[derive(Debug)]
pub(super) struct Contents {
    group: GroupId,
    selection: Selection,
    pass: Pass,
    /// Buckets of this pass that were not looked at, the last first.
    buckets: Vec<u64>,
    /// Messages of the bucket that was looked at last.
    entries: VecDeque<Entry>,
    /// Classes of documents that were seen, with the pass that is for each.
    classes: BTreeSet<Class>,
    parts: Parts,
}

/// What is said of a message in a bundle.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) shelved: Shelved,
    /// The set that it counts for, if it does: chunks do not.
    pub(super) counts: Option<Set>,
    /// Whether nothing more of the same document follows.
    pub(super) is_last: bool,
}

/// Documents of one class are written together: the small before the large, the urgent before the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Class {
    is_large: bool,
    urgency: core::cmp::Reverse<Priority>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pass {
    Begin,
    Statements,
    /// Looks at all documents to see which classes there are.
    Survey,
    Documents(Class),
    End,
}

/// What is left of the document that was begun.
#[derive(Debug, Default)]
struct Parts {
    document: Option<DocumentId>,
    chunks: VecDeque<ChunkId>,
    /// How many of these are chunks of the index, which are in front.
    indexes: usize,
    /// Each chunk goes once, however often the content has it.
    seen: BTreeSet<ChunkId>,
}

impl Contents {
    pub(super) fn new(group: GroupId, selection: Selection) -> Self {
        Self {
            group,
            selection,
            pass: Pass::Begin,
            buckets: Vec::new(),
            entries: VecDeque::new(),
            classes: BTreeSet::new(),
            parts: Parts::default(),
        }
    }

    /// The next message; `None` at the end.
    ///
    /// # Errors
    /// [`CatalogueError`]: the shelf cannot be read, or lacks a chunk of what is on it.
    pub(super) fn next(&mut self, shelf: &mut dyn Shelf) -> Result<Option<Item>, CatalogueError> {
        if let Some(item) = self.parts.next(shelf)? {
            return Ok(Some(item));
        }
        while let Some(entry) = self.next_entry(shelf)? {
            let Some(shelved) = shelf.message(&entry.id)? else { continue };
            let set = if self.pass == Pass::Statements { Set::Statements } else { Set::Documents };
            if set == Set::Documents {
                self.parts = Parts::of(self.group, entry.id, &shelved)?;
            }
            let is_last = self.parts.chunks.is_empty();
            return Ok(Some(Item { shelved, counts: Some(set), is_last }));
        }
        Ok(None)
    }

    fn next_entry(&mut self, shelf: &mut dyn Shelf) -> Result<Option<Entry>, CatalogueError> {
        loop {
            if let Some(entry) = self.entries.pop_front() {
                match self.pass {
                    Pass::Survey => drop(self.classes.insert(Class::of(&entry))),
                    Pass::Documents(class) if Class::of(&entry) != class => {}
                    _ => return Ok(Some(entry)),
                }
            } else if let Some(bucket) = self.buckets.pop() {
                self.entries = self.entries_of(shelf, bucket)?.into();
            } else if self.pass == Pass::End {
                return Ok(None);
            } else {
                self.pass = self.pass_after();
                self.begin_pass(shelf)?;
            }
        }
    }

    fn pass_after(&mut self) -> Pass {
        match self.pass {
            Pass::Begin => Pass::Statements,
            Pass::Statements => Pass::Survey,
            Pass::Survey | Pass::Documents(_) => self.classes.pop_first().map_or(Pass::End, Pass::Documents),
            Pass::End => Pass::End,
        }
    }

    fn begin_pass(&mut self, shelf: &mut dyn Shelf) -> Result<(), CatalogueError> {
        match (self.pass, &self.selection) {
            (Pass::Begin | Pass::End, _) => {}
            (Pass::Survey | Pass::Documents(_), Selection::Documents(entries)) => {
                self.entries = entries.iter().copied().collect();
            }
            (Pass::Statements, _) | (_, Selection::All) => {
                let buckets = shelf.buckets(self.set())?;
                self.buckets = buckets.into_iter().rev().map(|bucket| bucket.number).collect();
            }
        }
        Ok(())
    }

    /// The messages of a bucket by age, so that a bundle of the same is the same.
    fn entries_of(&self, shelf: &mut dyn Shelf, bucket: u64) -> Result<Vec<Entry>, CatalogueError> {
        let mut entries = shelf.entries(self.set(), bucket)?;
        entries.sort_unstable_by_key(|entry| (entry.timestamp_ms, entry.id));
        Ok(entries)
    }

    fn set(&self) -> Set {
        if self.pass == Pass::Statements { Set::Statements } else { Set::Documents }
    }
}

impl Class {
    fn of(entry: &Entry) -> Self {
        Self { is_large: entry.bytes > PUSH_BYTES_MAX, urgency: core::cmp::Reverse(entry.priority) }
    }
}

impl Parts {
    fn of(group: GroupId, document: DocumentId, shelved: &Shelved) -> Result<Self, CatalogueError> {
        let message = Message::new(group, shelved.timestamp_ms, shelved.body.clone());
        let Some(Ok(Body::Document(decoded))) = message.ok().as_ref().map(Body::decode) else {
            return Err(CatalogueError);
        };
        let mut parts = Self { document: Some(document), ..Self::default() };
        match decoded.place() {
            Place::Inline(_) => {}
            Place::Listed(ids) => parts.add(ids),
            Place::Indexed(ids) => {
                parts.add(ids);
                parts.indexes = parts.chunks.len();
            }
        }
        Ok(parts)
    }

    fn add(&mut self, ids: &[ChunkId]) {
        for id in ids {
            if self.seen.insert(*id) {
                self.chunks.push_back(*id);
            }
        }
    }

    fn next(&mut self, shelf: &mut dyn Shelf) -> Result<Option<Item>, CatalogueError> {
        let Some((document, id)) = self.document.zip(self.chunks.pop_front()) else {
            *self = Self::default();
            return Ok(None);
        };
        let shelved = shelf.chunk(&document, &id)?.ok_or(CatalogueError)?;
        if self.indexes > 0 {
            self.indexes -= 1;
            let (_, content) = shelved.body.split_first().ok_or(CatalogueError)?;
            let index = Chunk::new(content.to_vec()).ok().and_then(|chunk| chunk.index());
            self.add(&index.ok_or(CatalogueError)?);
        }
        Ok(Some(Item { shelved, counts: None, is_last: self.chunks.is_empty() }))
    }
}

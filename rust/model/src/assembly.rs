//! Puts a document together: which chunks are still missing, and whether one that came is the one that was meant.

use std::collections::BTreeMap;

use crate::{
    Body, CHUNK_BYTES_MAX, Chunk, ChunkId, Document, GroupId, INDEX_IDS_MAX, Kind, Message, MessageId, Place,
    document::chunks_of,
};

/// What an assembly holds at most, for 1 GiB; 200 MB take a fifth of it. The chunks themselves are with the store.
pub const ASSEMBLY_BYTES_MAX: usize = 160 * 32_803;

/// The state of one document. Chunks may come in any order, from anybody, any number of times.
#[derive(Clone, Debug)]
pub struct Assembly {
    group: GroupId,
    size_bytes: u64,
    parts: Vec<Part>,
    wanted: BTreeMap<ChunkId, Wanted>,
    missing: usize,
    is_broken: bool,
}

/// A run of chunks: those of one index chunk, or all that the document lists itself.
#[derive(Clone, Debug)]
struct Part {
    index: Option<ChunkId>,
    ids: Option<Vec<ChunkId>>,
}

#[derive(Clone, Copy, Debug)]
struct Wanted {
    content_bytes: usize,
    is_index: bool,
    is_held: bool,
}

/// What a chunk was good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// It was missing.
    New,
    /// It was there before.
    Again,
}

impl Assembly {
    /// The assembly of `document`, with no chunk there. A document whose content stands inline is complete at once.
    pub fn new(group: GroupId, document: &Document) -> Self {
        let size_bytes = document.size_bytes();
        let mut assembly = Self {
            group,
            size_bytes,
            parts: Vec::new(),
            wanted: BTreeMap::new(),
            missing: 0,
            is_broken: false,
        };
        let fits = match document.place() {
            Place::Inline(_) => Ok(()),
            Place::Listed(ids) => {
                assembly.parts.push(Part { index: None, ids: Some(ids.clone()) });
                assembly.want_data(0, ids)
            }
            Place::Indexed(ids) => assembly.want_indexes(ids),
        };
        fits.expect("a document's own list was checked when it was made");
        assembly
    }

    /// Whether every chunk is there.
    pub const fn is_complete(&self) -> bool {
        self.missing == 0 && !self.is_broken
    }

    /// How many chunks are missing, as far as is known: index chunks that come add theirs.
    pub const fn missing_count(&self) -> usize {
        self.missing
    }

    /// The chunks that are missing as far as is known, ascending by id: that is, in no order of the content.
    pub fn missing(&self) -> impl Iterator<Item = ChunkId> {
        self.wanted.iter().filter(|(_, wanted)| !wanted.is_held).map(|(id, _)| *id)
    }

    /// Whether this chunk is one of the document's that are missing.
    pub fn is_missing(&self, id: &ChunkId) -> bool {
        self.wanted.get(id).is_some_and(|wanted| !wanted.is_held)
    }

    /// Judges a message that should be a missing chunk. [`Accepted::New`]: store it.
    ///
    /// # Errors
    /// [`AssemblyError::NotWanted`] changes nothing; after [`AssemblyError::Broken`] the document can never be
    /// completed by anybody, and every call says so.
    pub fn accept(&mut self, message: &Message) -> Result<Accepted, AssemblyError> {
        if self.is_broken {
            return Err(AssemblyError::Broken);
        }
        let id = message.id();
        let wanted = self.wanted.get(&id).copied().ok_or(AssemblyError::NotWanted)?;
        if wanted.is_held {
            return Ok(Accepted::Again);
        }
        let chunk = self.chunk_of(message, wanted)?;
        self.hold(id);
        if wanted.is_index {
            self.open_index(id, &chunk)?;
        }
        Ok(Accepted::New)
    }

    /// Notes that the store holds a chunk with `content_bytes` of content already, without reading it again. Index
    /// chunks are not taken here: their content is needed.
    ///
    /// # Errors
    /// As [`Self::accept`]; also [`AssemblyError::NotWanted`] for an index chunk.
    pub fn note_held(&mut self, id: ChunkId, content_bytes: usize) -> Result<Accepted, AssemblyError> {
        if self.is_broken {
            return Err(AssemblyError::Broken);
        }
        let wanted = self.wanted.get(&id).filter(|wanted| !wanted.is_index).copied();
        let wanted = wanted.ok_or(AssemblyError::NotWanted)?;
        if wanted.is_held {
            return Ok(Accepted::Again);
        }
        if wanted.content_bytes != content_bytes {
            return Err(self.broken());
        }
        self.hold(id);
        Ok(Accepted::New)
    }

    /// The chunks of the content in order, once all index chunks are there; before that, those up to the first gap.
    pub fn chunk_ids(&self) -> impl Iterator<Item = ChunkId> {
        self.parts.iter().map_while(|part| part.ids.as_ref()).flatten().copied()
    }

    fn chunk_of(&mut self, message: &Message, wanted: Wanted) -> Result<Chunk, AssemblyError> {
        match Body::decode(message) {
            Ok(Body::Chunk(chunk))
                if message.group() == self.group && chunk.content().len() == wanted.content_bytes =>
            {
                Ok(chunk)
            }
            // The id is right, so no other bytes will ever come under it.
            _ => Err(self.broken()),
        }
    }

    fn hold(&mut self, id: ChunkId) {
        if let Some(wanted) = self.wanted.get_mut(&id)
            && !wanted.is_held
        {
            wanted.is_held = true;
            self.missing -= 1;
        }
    }

    fn want_indexes(&mut self, ids: &[ChunkId]) -> Result<(), AssemblyError> {
        let chunks = chunks_of(self.size_bytes);
        for (number, id) in ids.iter().enumerate() {
            let listed = (chunks - number * INDEX_IDS_MAX).min(INDEX_IDS_MAX);
            self.want(*id, listed * MessageId::BYTES, true)?;
            self.parts.push(Part { index: Some(*id), ids: None });
        }
        Ok(())
    }

    fn open_index(&mut self, id: ChunkId, chunk: &Chunk) -> Result<(), AssemblyError> {
        let ids = chunk.index().ok_or_else(|| self.broken())?;
        for number in 0..self.parts.len() {
            let Some(part) = self.parts.get_mut(number).filter(|part| part.index == Some(id)) else {
                continue;
            };
            part.ids = Some(ids.clone());
            self.want_data(number * INDEX_IDS_MAX, &ids)?;
        }
        Ok(())
    }

    /// Wants data chunks, the first of which is number `first` of the content.
    fn want_data(&mut self, first: usize, ids: &[ChunkId]) -> Result<(), AssemblyError> {
        let last = chunks_of(self.size_bytes) - 1;
        for (number, id) in (first..).zip(ids) {
            let content_bytes = if number == last { self.last_bytes() } else { CHUNK_BYTES_MAX };
            self.want(*id, content_bytes, false)?;
        }
        Ok(())
    }

    fn last_bytes(&self) -> usize {
        let full = CHUNK_BYTES_MAX as u64;
        usize::try_from((self.size_bytes - 1) % full + 1).expect("less than a chunk")
    }

    /// One id has one content, so a document that gives it two lengths can never be complete.
    fn want(&mut self, id: ChunkId, content_bytes: usize, is_index: bool) -> Result<(), AssemblyError> {
        match self.wanted.get(&id) {
            Some(wanted) if wanted.content_bytes != content_bytes => return Err(self.broken()),
            Some(_) => {}
            None => {
                self.wanted.insert(id, Wanted { content_bytes, is_index, is_held: false });
                self.missing += 1;
            }
        }
        Ok(())
    }

    fn broken(&mut self) -> AssemblyError {
        self.is_broken = true;
        AssemblyError::Broken
    }
}

/// Whether `message` can be a chunk of anything; others need not be hashed to be refused.
pub fn is_chunk(message: &Message) -> bool {
    message.timestamp_ms() == 0 && Kind::of(message) == Ok(Kind::Chunk)
}

/// Why a chunk was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssemblyError {
    /// The peer sent what this document does not need.
    #[error("this chunk is not one of the document's")]
    NotWanted,
    /// Who made the document lied about its chunks, so it can never be complete.
    #[error("the document's chunks do not match what it says of them")]
    Broken,
}

#[cfg(test)]
mod tests;

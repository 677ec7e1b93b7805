//! Chunks: pieces of documents that do not fit in one message. Equal pieces are one chunk, whoever wrote them.

use crate::{ChunkId, GroupId, Kind, MESSAGE_BODY_BYTES_MAX, Message, MessageId};

/// Longest content of a chunk: a message body without the byte for its kind. All chunks of a document but the last
/// are this long.
pub const CHUNK_BYTES_MAX: usize = MESSAGE_BODY_BYTES_MAX - 1;

/// Most ids in an index chunk.
pub const INDEX_IDS_MAX: usize = CHUNK_BYTES_MAX / MessageId::BYTES;

/// A piece of a document's content, or of the index of its chunks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk(Vec<u8>);

impl Chunk {
    /// A chunk of 1 to [`CHUNK_BYTES_MAX`] bytes.
    ///
    /// # Errors
    /// [`ChunkLength`] for any other number.
    pub fn new(content: Vec<u8>) -> Result<Self, ChunkLength> {
        if (1..=CHUNK_BYTES_MAX).contains(&content.len()) {
            Ok(Self(content))
        } else {
            Err(ChunkLength { length: content.len() })
        }
    }

    /// An index chunk: 1 to [`INDEX_IDS_MAX`] ids, one after another.
    ///
    /// # Errors
    /// [`ChunkLength`] for any other number of ids.
    pub fn of_index(ids: &[ChunkId]) -> Result<Self, ChunkLength> {
        Self::new(concatenated(ids))
    }

    /// The bytes it carries.
    pub fn content(&self) -> &[u8] {
        &self.0
    }

    /// The ids in it, if it is taken for an index; `None` if its length is not that of whole ids.
    pub fn index(&self) -> Option<Vec<ChunkId>> {
        separated(&self.0)
    }

    /// The message that carries it. Its timestamp is 0, so that equal content is one chunk.
    pub fn to_message(&self, group: GroupId) -> Message {
        let mut body = Vec::with_capacity(1 + self.0.len());
        body.push(Kind::Chunk as u8);
        body.extend_from_slice(&self.0);
        Message::new(group, 0, body).expect("a chunk and its kind fit in a message")
    }
}

/// Ids as they stand in an index and in a document.
pub(crate) fn concatenated(ids: &[ChunkId]) -> Vec<u8> {
    ids.iter().flat_map(|id| *id.as_bytes()).collect()
}

pub(crate) fn separated(bytes: &[u8]) -> Option<Vec<ChunkId>> {
    let (ids, rest) = bytes.as_chunks();
    rest.is_empty().then(|| ids.iter().map(|id| ChunkId::from_bytes(*id)).collect())
}

/// A chunk that is empty or too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a chunk has 1 to {CHUNK_BYTES_MAX} bytes, not {length}")]
pub struct ChunkLength {
    /// Its length in bytes.
    pub length: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_have_bounds() {
        for length in [0, CHUNK_BYTES_MAX + 1] {
            assert_eq!(Chunk::new(vec![0; length]), Err(ChunkLength { length }));
        }
        let longest = Chunk::new(vec![0; CHUNK_BYTES_MAX]).unwrap();
        assert_eq!(longest.to_message(GroupId::from_bytes([0; 32])).body().len(), MESSAGE_BODY_BYTES_MAX);
        assert_eq!(longest.index(), None);
    }

    #[test]
    fn an_index_holds_1023_ids() {
        let ids = vec![ChunkId::from_bytes([7; 32]); INDEX_IDS_MAX];
        assert_eq!(INDEX_IDS_MAX, 1023);
        assert_eq!(Chunk::of_index(&ids).unwrap().index(), Some(ids.clone()));
        let too_many = [ids, vec![ChunkId::from_bytes([8; 32])]].concat();
        assert_eq!(Chunk::of_index(&too_many), Err(ChunkLength { length: 32_768 }));
        assert_eq!(Chunk::of_index(&[]), Err(ChunkLength { length: 0 }));
    }
}

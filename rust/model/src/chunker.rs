//! Cuts content into chunks as it comes, and ends with the document that names them.

use p2psync_bramble::WallClock;

use crate::{
    Attributes, CHUNK_BYTES_MAX, Chunk, ChunkId, DOCUMENT_BYTES_MAX, Document, DocumentId, GroupId,
    INDEX_IDS_MAX, INLINE_BYTES_MAX, LISTED_CHUNKS_MAX, MalformedDocument, Message, Place,
};

/// What a chunker holds at most: one chunk, and the ids of all. 1.1 MB for 1 GiB of content, 0.25 MB for 200 MB.
pub const CHUNKER_BYTES_MAX: usize = 3 * CHUNK_BYTES_MAX + 64 * 32_770;

/// Content on its way into chunks. Hand over every message as it comes; store the document last.
#[derive(Debug)]
pub struct Chunker {
    group: GroupId,
    content_bytes_max: u64,
    size_bytes: u64,
    pending: Vec<u8>,
    ids: Vec<ChunkId>,
}

/// The last messages of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// The last piece of content, if any, and the index chunks, if any: at most 34.
    pub chunks: Vec<Message>,
    /// The document.
    pub document: Message,
    /// Its id.
    pub id: DocumentId,
}

impl Chunker {
    /// A chunker for one document of at most `content_bytes_max` bytes of content ([`DOCUMENT_BYTES_MAX`] if that is
    /// less).
    pub fn new(group: GroupId, content_bytes_max: u64) -> Self {
        let content_bytes_max = content_bytes_max.min(DOCUMENT_BYTES_MAX);
        Self { group, content_bytes_max, size_bytes: 0, pending: Vec::new(), ids: Vec::new() }
    }

    /// Takes bytes up to the end of a chunk. Returns the chunk's message if one became full, and the bytes that were
    /// not taken: call again with them until none are left.
    ///
    /// # Errors
    /// [`ContentTooLong`] once the content is over its limit; the chunker is of no more use then.
    pub fn take<'a>(&mut self, bytes: &'a [u8]) -> Result<(Option<Message>, &'a [u8]), ContentTooLong> {
        let bytes_max = self.content_bytes_max;
        if bytes.len() as u64 > bytes_max - self.size_bytes {
            return Err(ContentTooLong { bytes_max });
        }
        let room = CHUNK_BYTES_MAX - self.pending.len();
        let (taken, rest) = bytes.split_at(bytes.len().min(room));
        self.pending.extend_from_slice(taken);
        self.size_bytes += taken.len() as u64;
        let chunk = (self.pending.len() == CHUNK_BYTES_MAX).then(|| self.cut());
        Ok((chunk, rest))
    }

    /// Ends the content and makes the document, as of `made`.
    ///
    /// # Errors
    /// [`MalformedDocument::Size`] without any content; [`MalformedDocument::Made`] for a date after the year 9999.
    pub fn finish(mut self, attributes: Attributes, made: WallClock) -> Result<Finished, MalformedDocument> {
        let mut chunks = Vec::new();
        let place = if self.size_bytes <= INLINE_BYTES_MAX as u64 {
            Place::Inline(self.pending)
        } else {
            if !self.pending.is_empty() {
                chunks.push(self.cut());
            }
            self.list(&mut chunks)
        };
        let document = Document::new(attributes, self.size_bytes, place)?.to_message(self.group, made)?;
        Ok(Finished { chunks, id: document.id(), document })
    }

    fn cut(&mut self) -> Message {
        let content = core::mem::take(&mut self.pending);
        let chunk = Chunk::new(content).expect("a chunk is cut when it is full, or when something is left");
        let message = chunk.to_message(self.group);
        self.ids.push(message.id());
        message
    }

    fn list(&mut self, chunks: &mut Vec<Message>) -> Place {
        let ids = core::mem::take(&mut self.ids);
        if ids.len() <= LISTED_CHUNKS_MAX {
            return Place::Listed(ids);
        }
        let indexes = ids.chunks(INDEX_IDS_MAX).map(|ids| {
            let index = Chunk::of_index(ids).expect("an index is at most as long as a chunk");
            let message = index.to_message(self.group);
            let id = message.id();
            chunks.push(message);
            id
        });
        Place::Indexed(indexes.collect())
    }
}

/// The content is longer than the deployment allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("content may have at most {bytes_max} bytes")]
pub struct ContentTooLong {
    /// The limit.
    pub bytes_max: u64,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Body, Protection};

    const GROUP: GroupId = GroupId::from_bytes([4; 32]);

    fn attributes() -> Attributes {
        Attributes::new(Protection::Open { salt: [1; 16] })
    }

    fn cut(pieces: &[&[u8]]) -> (Vec<Message>, Finished) {
        let mut chunker = Chunker::new(GROUP, u64::MAX);
        let mut chunks = Vec::new();
        for mut piece in pieces.iter().copied() {
            while !piece.is_empty() {
                let (chunk, rest) = chunker.take(piece).unwrap();
                chunks.extend(chunk);
                piece = rest;
            }
        }
        (chunks, chunker.finish(attributes(), WallClock(5)).unwrap())
    }

    fn place(finished: &Finished) -> Place {
        let Ok(Body::Document(document)) = Body::decode(&finished.document) else { panic!("a document") };
        document.place().clone()
    }

    #[test]
    fn content_is_cut_at_the_same_places_whatever_the_pieces() {
        let content: Vec<u8> = (0..100_000u32).map(|number| number.to_be_bytes()[3] ^ 0x5a).collect();
        let whole = cut(&[&content]);
        assert_eq!(whole.0.len(), 3);
        assert_eq!(whole.1.chunks.len(), 1);
        for piece_bytes in [1, 999, 32_767, 32_768, 65_533] {
            assert!(cut(&content.chunks(piece_bytes).collect::<Vec<_>>()) == whole, "{piece_bytes}");
        }
    }

    #[test]
    fn the_edges_of_each_form() {
        let forms = [
            (1, 0, 0),
            (INLINE_BYTES_MAX, 0, 0),
            (INLINE_BYTES_MAX + 1, 0, 1),
            (CHUNK_BYTES_MAX, 1, 0),
            (CHUNK_BYTES_MAX + 1, 1, 1),
            (LISTED_CHUNKS_MAX * CHUNK_BYTES_MAX, 1000, 0),
            (LISTED_CHUNKS_MAX * CHUNK_BYTES_MAX + 1, 1000, 2),
        ];
        for (size, full, last) in forms {
            let (chunks, finished) = cut(&[&vec![0; size]]);
            assert_eq!((chunks.len(), finished.chunks.len()), (full, last), "{size}");
            assert_eq!(matches!(place(&finished), Place::Inline(_)), full + last == 0);
            assert_eq!(matches!(place(&finished), Place::Indexed(_)), size > 1000 * CHUNK_BYTES_MAX);
        }
    }

    #[test]
    fn nothing_and_too_much_are_refused() {
        let empty = Chunker::new(GROUP, 10).finish(attributes(), WallClock(0));
        assert_eq!(empty, Err(MalformedDocument::Size));
        let mut chunker = Chunker::new(GROUP, 10);
        assert!(chunker.take(&[0; 10]).is_ok());
        assert_eq!(chunker.take(&[0]), Err(ContentTooLong { bytes_max: 10 }));
        assert_eq!(Chunker::new(GROUP, 10).take(&vec![0; 100_000]), Err(ContentTooLong { bytes_max: 10 }));
        let late = Chunker::new(GROUP, 10).finish(attributes(), WallClock(u64::MAX));
        assert_eq!(late, Err(MalformedDocument::Size));
    }

    proptest! {
        #[test]
        fn equal_content_is_equal_chunks(content in proptest::collection::vec(any::<u8>(), 33_000..34_000)) {
            prop_assert!(cut(&[&content]) == cut(&[&content]));
        }
    }
}

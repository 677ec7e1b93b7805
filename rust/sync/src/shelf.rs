//! What a session may read of the device's own store.

use p2psync_model::{ChunkId, DocumentId, MessageId};

use crate::{Catalogue, CatalogueError};

/// The store, as lent to a session: read-only, and only what may be given to this peer.
pub trait Shelf: Catalogue {
    /// The document or statement with that id, if it is in one of the two sets. `None` for everything else, whether it
    /// is here or not.
    ///
    /// # Errors
    /// [`CatalogueError`]: the device's own disk failed.
    fn message(&mut self, id: &MessageId) -> Result<Option<Shelved>, CatalogueError>;

    /// A chunk of a document that is in the set. `None` for everything else: nobody learns whether a piece of content is
    /// here that is not offered.
    ///
    /// # Errors
    /// [`CatalogueError`]: the device's own disk failed.
    fn chunk(&mut self, document: &DocumentId, chunk: &ChunkId) -> Result<Option<Shelved>, CatalogueError>;
}

/// A message as it is sent: the group is known to both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shelved {
    /// Milliseconds since 1970.
    pub timestamp_ms: u64,
    /// The body, at most [`p2psync_model::MESSAGE_BODY_BYTES_MAX`] bytes.
    pub body: Vec<u8>,
}

//! The way out: from the chunks of an open document to the bytes that its app put.

use std::io::Write;

use p2psync_model::{
    Body, ChunkId, ContentReader, Document, DocumentId, INDEX_IDS_MAX, MalformedBody, MessageId, Part, Place,
    Protection,
};
use p2psync_store::Store;

use crate::{Engine, Error};

impl Engine {
    /// Writes the body of an open document to `out`, in pieces, and returns its length. What the store holds was
    /// checked against the id piece by piece; the device's signature comes last, so drop what was written if this
    /// fails.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Sealed`], [`Error::Content`] if it is not what its device signed,
    /// [`Error::Output`], [`Error::DiskFull`], [`Error::Damaged`], [`Error::Disk`].
    pub fn read(&self, id: &DocumentId, out: &mut dyn Write) -> Result<u64, Error> {
        // Partial documents are not to be seen, and only this says which they are.
        self.store.document(id)?;
        let document = decoded(&self.store, id)?;
        if matches!(document.attributes().protection, Protection::Sealed { .. }) {
            return Err(Error::Sealed);
        }
        let mut reader = ContentReader::new(self.group);
        let mut parts = Vec::new();
        let mut body_bytes = 0;
        for_each_piece(&self.store, document.place(), &mut |piece| {
            reader.handle(piece, &mut parts)?;
            for part in parts.drain(..) {
                if let Part::Body(body) = part {
                    body_bytes += body.len() as u64;
                    out.write_all(&body).map_err(|error| Error::of_output(&error))?;
                }
            }
            Ok(())
        })?;
        reader.finish()?;
        out.flush().map_err(|error| Error::of_output(&error))?;
        Ok(body_bytes)
    }
}

fn decoded(store: &Store, id: &DocumentId) -> Result<Document, Error> {
    match Body::decode(&store.document_message(id)?) {
        Ok(Body::Document(document)) => Ok(document),
        Ok(_) | Err(MalformedBody::UnknownKind { .. }) => Err(Error::Damaged("the kind of a document")),
        Err(_) => Err(Error::Damaged("a document's list")),
    }
}

/// The content in order.
fn for_each_piece(
    store: &Store,
    place: &Place,
    take: &mut dyn FnMut(&[u8]) -> Result<(), Error>,
) -> Result<(), Error> {
    match place {
        Place::Inline(content) => take(content),
        Place::Listed(ids) => ids.iter().try_for_each(|id| take(&chunk(store, id)?)),
        Place::Indexed(indexes) => {
            for index in indexes {
                let listed = chunk(store, index)?;
                let (ids, rest) = listed.as_chunks::<{ MessageId::BYTES }>();
                if !rest.is_empty() || ids.len() > INDEX_IDS_MAX {
                    return Err(Error::Damaged("an index of chunks"));
                }
                for id in ids {
                    take(&chunk(store, &ChunkId::from_bytes(*id))?)?;
                }
            }
            Ok(())
        }
    }
}

/// The content of a chunk.
fn chunk(store: &Store, id: &ChunkId) -> Result<Vec<u8>, Error> {
    let message = match store.chunk(id) {
        // Only whole documents are read.
        Err(p2psync_store::Error::NotFound) => return Err(Error::Damaged("a chunk is missing")),
        other => other?,
    };
    match Body::decode(&message) {
        Ok(Body::Chunk(chunk)) => Ok(chunk.content().to_vec()),
        _ => Err(Error::Damaged("a chunk")),
    }
}

//! What a preparation made, put into the store: one transaction, and on disk when it returns.

use std::io::Read;

use p2psync_bramble::WallClock;
use p2psync_model::{ChunkId, DocumentId, Message};
use p2psync_sync::Set;
use rand_core::CryptoRngCore;

use crate::description::Sealing;
use crate::exchange;
use crate::{Engine, Error, NewDocument, Prepared};

/// Chunks that were kept before their document. Nobody sees them until [`Engine::commit`].
#[derive(Debug, Default)]
pub struct Draft {
    is_open: bool,
    chunks: Vec<ChunkId>,
}

/// What became of a document that was put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Put {
    /// Its id, or that of the document that is the same.
    pub id: DocumentId,
    /// Whether it was not here before.
    pub created: bool,
    /// Length of the body.
    pub body_bytes: u64,
    /// Whether it is sealed for the destination.
    pub sealed: bool,
}

impl Engine {
    /// Makes a document and keeps it. The same again, header and all but its date, is the document that is here
    /// already, sealed or not.
    ///
    /// # Errors
    /// As [`crate::Preparation::prepare`] and [`Self::commit`].
    pub fn put(
        &mut self,
        new: &NewDocument,
        body: &mut dyn Read,
        now: WallClock,
        random: &mut dyn CryptoRngCore,
    ) -> Result<Put, Error> {
        let mut draft = Draft::default();
        let preparation = self.preparation();
        let mut keep =
            |chunks: &[Message], random: &mut dyn CryptoRngCore| self.keep(&mut draft, chunks, random);
        match preparation.prepare(new, body, &mut keep, now, random) {
            Ok(prepared) => self.commit(&mut draft, &prepared, now, random),
            Err(error) => {
                // What is left is removed at the next opening.
                let _ = self.abandon(&mut draft);
                Err(error)
            }
        }
    }

    /// Keeps chunks of a document that is still being made, in the order of its content.
    ///
    /// # Errors
    /// [`Error::DiskFull`], [`Error::Disk`].
    pub fn keep(
        &mut self,
        draft: &mut Draft,
        chunks: &[Message],
        random: &mut dyn CryptoRngCore,
    ) -> Result<(), Error> {
        if !draft.is_open {
            self.store.begin_draft();
            draft.is_open = true;
        }
        let kept: Result<Vec<_>, _> =
            self.store.batch(|batch| chunks.iter().map(|chunk| batch.put_chunk(chunk, random)).collect());
        draft.chunks.extend(kept?);
        Ok(())
    }

    /// Keeps a document that is finished, with the chunks of `draft` before those that it still holds. On disk when
    /// this returns. The draft is as new afterwards, whatever happens.
    ///
    /// # Errors
    /// [`Error::Quota`], [`Error::DiskFull`], [`Error::Disk`].
    pub fn commit(
        &mut self,
        draft: &mut Draft,
        prepared: &Prepared,
        now: WallClock,
        random: &mut dyn CryptoRngCore,
    ) -> Result<Put, Error> {
        let Prepared { finished, chunks, content_bytes, attributes, shared, description, duplicate_of } =
            prepared;
        let info = description.encode();
        let draft = core::mem::take(draft);
        let committed = self.store.batch(|batch| {
            let mut ids = draft.chunks.clone();
            for chunk in chunks.iter().chain(&finished.chunks) {
                ids.push(batch.put_chunk(chunk, random)?);
            }
            let new = p2psync_store::NewDocument {
                message: &finished.document,
                attributes,
                content_bytes: *content_bytes,
                chunks: &ids,
                chunks_known: true,
                shared: *shared,
                author: None,
                info: &info,
                duplicate_of: Some(duplicate_of),
                now,
            };
            batch.put(&new, random)
        });
        let has_chunks = !(chunks.is_empty() && finished.chunks.is_empty());
        let is_known = committed.as_ref().is_ok_and(|arrival| !arrival.created);
        if draft.is_open || (has_chunks && is_known) {
            // The chunks of a document that was known, or was refused, belong to nobody. If they cannot be removed
            // now, the next opening does it: the document stands or falls without that.
            let _ = self.remove_unused_chunks(&draft);
        }
        let arrival = committed?;
        if let Some(offered) = self.store.offered(&arrival.id)?.filter(|_| arrival.created) {
            self.meeting.note_new(Set::Documents, exchange::entry(offered));
        }
        Ok(Put {
            id: arrival.id,
            created: arrival.created,
            body_bytes: description.body_bytes.unwrap_or_default(),
            sealed: description.sealing != Sealing::Open,
        })
    }

    /// Gives up a document that was not finished: its chunks are removed, and the draft is as new.
    ///
    /// # Errors
    /// [`Error::Disk`]: they are removed when the store is next opened.
    pub fn abandon(&mut self, draft: &mut Draft) -> Result<(), Error> {
        let given_up = core::mem::take(draft);
        if given_up.is_open { self.remove_unused_chunks(&given_up) } else { Ok(()) }
    }

    /// The end of a draft does it; where none was begun, one is.
    fn remove_unused_chunks(&mut self, draft: &Draft) -> Result<(), Error> {
        if !draft.is_open {
            self.store.begin_draft();
        }
        Ok(self.store.end_draft()?)
    }
}

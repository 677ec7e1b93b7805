//! What becomes of documents that are here: offered or not, held by peers, taken by the server.

use p2psync_model::DocumentId;
use rusqlite::params;

use crate::Error;
use crate::batch::Batch;
use crate::facts::{DOCUMENT, Facts, State};
use crate::peer::PeerRow;

impl Batch<'_> {
    /// Offers documents to peers, or stops to. Unknown ids are passed over.
    ///
    /// # Errors
    /// [`Error::Full`], [`Error::Disk`], [`Error::Damaged`].
    pub fn set_shared(&mut self, ids: &[DocumentId], shared: bool) -> Result<(), Error> {
        self.attempt(|batch| {
            for id in ids {
                let key = batch.vault.row_key(DOCUMENT, id.as_bytes());
                if let Some(facts) = Facts::find(batch.connection, batch.vault, &key)? {
                    batch.change(&facts, &Facts { shared, ..facts.clone() })?;
                }
            }
            Ok(())
        })
    }

    /// Notes that a peer holds a document.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Full`], [`Error::Disk`], [`Error::Damaged`].
    pub fn note_holder(&mut self, id: &DocumentId, peer: PeerRow) -> Result<(), Error> {
        self.attempt(|batch| {
            let key = batch.vault.row_key(DOCUMENT, id.as_bytes());
            let facts = Facts::find(batch.connection, batch.vault, &key)?.ok_or(Error::NotFound)?;
            batch
                .connection
                .prepare_cached("INSERT OR IGNORE INTO holder (document, peer) VALUES (?1, ?2)")?
                .execute(params![facts.row, peer.number()])?;
            if facts.state == State::Stored {
                batch.change(&facts, &Facts { state: State::Relayed, ..facts.clone() })?;
            }
            Ok(())
        })
    }

    /// Notes that the server took a document, or refused it. Only a receipt confirms: see
    /// [`Batch::apply_receipt`].
    ///
    /// # Errors
    /// [`Error::OutOfBounds`] for another state, [`Error::NotFound`], [`Error::Full`], [`Error::Disk`].
    pub fn note_delivery(&mut self, id: &DocumentId, state: State) -> Result<(), Error> {
        self.attempt(|batch| {
            if !matches!(state, State::Delivered | State::Rejected) {
                return Err(Error::OutOfBounds("the state of a delivery"));
            }
            let key = batch.vault.row_key(DOCUMENT, id.as_bytes());
            let facts = Facts::find(batch.connection, batch.vault, &key)?.ok_or(Error::NotFound)?;
            match facts.state {
                State::Confirmed => Ok(()),
                State::Partial => Err(Error::NotFound),
                _ => batch.change(&facts, &Facts { state, ..facts.clone() }),
            }
        })
    }
}

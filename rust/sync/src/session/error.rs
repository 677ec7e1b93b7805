//! What ends a session, sorted by whose move it is.

use crate::{CatalogueError, comparison};

/// Why a session ended other than by both sides' wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The other side did what its software never does. Hang up, and do not call back soon.
    #[error("the other device broke the protocol: {0}")]
    PeerMisbehaved(&'static str),
    /// The other side owes an answer and has said nothing for too long. Try again when it is near.
    #[error("the other device has not answered for {patience_ms} ms")]
    Stalled {
        /// How long was waited.
        patience_ms: u64,
    },
    /// The other device speaks only older versions of sync. It should be updated.
    #[error("the other device speaks only older versions of sync")]
    PeerTooOld,
    /// The other device speaks only newer versions of sync. This one should be updated.
    #[error("the other device speaks only newer versions of sync")]
    PeerTooNew,
    /// This device's own store failed.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// The caller of this library erred.
    #[error("the caller erred: {0}")]
    CallerErred(&'static str),
}

impl From<comparison::Error> for Error {
    fn from(error: comparison::Error) -> Self {
        match error {
            comparison::Error::PeerMisbehaved(what) => Self::PeerMisbehaved(what),
            comparison::Error::Catalogue(error) => Self::Catalogue(error),
        }
    }
}

//! Counts for a status line, and the answer to "is it safe to wipe this phone?".

use p2psync_store::{Counts, OnlyHere};

use crate::{Engine, Error};

/// How the documents stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Documents that were made here.
    pub own: u64,
    /// Documents that peers brought.
    pub received: u64,
    /// Documents that the destination has neither confirmed nor refused.
    pub waiting: u64,
    /// Documents that the destination has confirmed and that are still here.
    pub confirmed: u64,
    /// Room that all documents take, those that are not whole yet too.
    pub bytes: u64,
    /// What would be lost with this device.
    pub only_here: OnlyHere,
}

impl Status {
    /// Whether everything here is known to be with the destination or with somebody else.
    pub fn is_safe_to_wipe(&self) -> bool {
        self.only_here == OnlyHere::default()
    }
}

impl Engine {
    /// Counts the documents.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Disk`].
    pub fn status(&self) -> Result<Status, Error> {
        let Counts { own, others, confirmed, rejected, bytes, .. } = self.store.counts()?;
        Ok(Status {
            own,
            received: others,
            waiting: (own + others).saturating_sub(confirmed + rejected),
            confirmed,
            bytes,
            only_here: self.store.only_here()?,
        })
    }
}

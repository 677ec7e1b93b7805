//! Counts for a status line, and the answer to "is it safe to wipe this phone?".

use p2psync_store::{Filter, OnlyHere, State};

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
    /// Length of all contents together.
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
    /// Counts the documents. Looks at each.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Disk`].
    pub fn status(&self) -> Result<Status, Error> {
        let mut status = Status { only_here: self.store.only_here()?, ..Status::default() };
        let all = Filter { with_waiting: true, ..Filter::default() };
        self.store.list(&all, usize::MAX, |document| {
            *if document.brought_by.is_none() { &mut status.own } else { &mut status.received } += 1;
            match document.state {
                State::Confirmed => status.confirmed += 1,
                State::Stored | State::Relayed | State::Delivered => status.waiting += 1,
                State::Partial | State::Rejected => {}
            }
            status.bytes = status.bytes.saturating_add(document.content_bytes);
            false
        })?;
        Ok(status)
    }
}

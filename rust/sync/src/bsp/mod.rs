//! BSP 0, sync as Bramble speaks it (BRAMBLE 6): version 0 of sync, for peers that speak nothing else.
//!
//! A [`Session`] is one connection, or one file. It reads what this device holds through a [`Shelf`] and has the
//! caller keep what changes, by [`Effect`]s. What is remembered of each message and contact is a [`Status`]; a
//! [`Ledger`] holds those of one contact in the order that a shelf needs. Bytes come from and go to any link;
//! keepalives and silence are the link's business.
//!
//! Where Bramble was measured to wait for no reason, this does not, and a foreign implementation cannot tell; see
//! `docs/protocol/sync.md`.

mod error;
mod incoming;
mod ledger;
mod offering;
mod offers;
mod outgoing;
mod record;
mod session;
mod shelf;
mod status;

pub use error::{Error, Fault};
pub use ledger::Ledger;
pub use offers::Offers;
pub use record::{Ids, Malformed, Priority, RECORD_IDS_MAX, Record, VERSION, VERSIONS_MAX, Versions};
pub use session::{Effect, INPUT_BYTES_MAX, Input, MEMORY_BYTES_MAX, Selection, Session};
pub use shelf::{Entry, Position, Queue, Shelf, Visibility};
pub use status::{Change, MalformedStatus, Status, expiry};

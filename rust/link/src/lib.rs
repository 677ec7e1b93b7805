//! Any byte stream to an authenticated, encrypted one.
//!
//! Two versions. [`btp`] is Bramble's: BTP 4 in rotation mode, for peers that speak nothing else; it needs clocks
//! that agree within a day. [`Link`] is ours, between two devices that exchanged static keys when they paired: it
//! recognises peers without clocks, makes fresh keys for each connection, and renews the secret of the pair each
//! time. `docs/protocol/link.md` is the specification of both.
//!
//! Both are state machines of one shape: `handle` when something happens, `fill` when the transport has room,
//! `deadline` for when to call again. Bytes to send are pulled from a [`Source`] at the last moment, so nothing
//! queues up here. A link holds at most [`MEMORY_BYTES_MAX`] whatever the other side sends.

pub mod btp;

mod book;
mod error;
mod frame;
mod hello;
mod limits;
mod noise;
mod secrets;
mod session;
mod source;
mod versions;

pub use book::{Acquaintance, PeerBook, PeerHandle};
pub use error::{Error, Fault};
pub use frame::{FRAME_BYTES_MAX, FRAME_BYTES_MIN, FRAME_OVERHEAD_BYTES, size_class};
pub use hello::{HELLO_BYTES, Hello, OFFERS_MAX};
pub use limits::Limits;
pub use noise::{Identity, OPENING_BYTES, RESPONSE_BYTES};
pub use secrets::{HELD_MAX, MalformedSecrets, PairSecrets};
pub use session::{Effect, Input, Link, MEMORY_BYTES_MAX};
pub use source::Source;
pub use versions::{Versions, VersionsError};

//! Bundles: documents and statements in one file, for a memory card or a share sheet (PROTOCOL, Bundle).
//!
//! Any stored peer of its maker can read it, and the destination server, as often as they like, whole or cut. To
//! everybody else it is noise of some length. A [`Writer`] makes it of a [`crate::Shelf`], message by message; a
//! [`Reader`] takes it in any pieces and hands over what is whole. `docs/protocol/bundle.md` is the specification.

mod contents;
mod error;
mod front;
mod keys;
mod length;
mod reader;
mod record;
mod server;
mod writer;

pub use contents::Selection;
pub use error::{ReadError, WriteError};
pub use front::{Front, PAIRS_MAX, SECRET_BYTES, SLOT_BYTES};
pub use keys::PairKey;
pub use length::length_class;
pub use reader::{Event, READER_BYTES_MAX, Reader};
pub use server::{SEALED_BYTES_MAX, SERVER_FRONT_BYTES, ServerSlot, Veil, sealed_for_server};
pub use writer::{About, Tally, WRITER_BYTES_MAX, Writer};

/// The version of the format that is written here.
pub const VERSION: u8 = 1;

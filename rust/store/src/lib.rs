//! One encrypted SQLite file: documents, receipts, peers, settings and the queue of one device.
//!
//! What a method has returned is on disk. Bodies, headers, names and settings are sealed; `docs/store.md` says what
//! can be seen without the key. The store blocks its caller, has no thread of its own, and is told the time and
//! given randomness.

#[cfg(test)]
extern crate self as p2psync_store;

mod author;
mod batch;
mod check;
mod chunk;
mod cost;
mod document;
mod error;
mod facts;
mod first_page;
mod limits;
mod listing;
#[cfg(test)]
mod mishaps;
mod offering;
mod opening;
mod peer;
mod pieces;
mod place;
mod progress;
mod reading;
mod rebuild;
mod rejection;
mod removal;
mod rescue;
mod schema;
mod setting;
mod stamp;
mod statement;
mod store;
mod summary;
mod table;
mod usage;
mod vault;
mod waiting;
mod wrap;

pub use batch::Batch;
pub use check::{Depth, FINDINGS_MAX, Findings};
pub use chunk::CHUNKS_IN_BATCH;
pub use cost::{MEMORY_KIB_MAX, MEMORY_KIB_MIN, PASSES_MAX, PASSES_MIN, PasswordCost};
pub use document::{Arrival, INFO_BYTES_MAX, NewDocument};
pub use error::Error;
pub use facts::State;
pub use limits::StoreLimits;
pub use listing::{Counts, DocumentInfo, Filter, LISTED_MAX, Listed};
pub use offering::Offered;
pub use peer::{PEER_BYTES_MAX, Peer, PeerRow};
pub use pieces::ChunkArrival;
pub use place::{Files, Place, SystemFiles};
pub use rejection::{NoticeEffect, RejectionReason};
pub use removal::{Deleted, OnlyHere};
pub use rescue::{RescueReport, TableReport};
pub use setting::{MEETINGS_MAX, RECORD_BYTES_MAX};
pub use statement::{ReceiptEffect, STATEMENT_BYTES_MAX, StatementKind};
pub use store::{Opened, Options, Store};
pub use summary::{BUCKET_SHIFT, Bucket, Collection};
pub use wrap::Unlock;

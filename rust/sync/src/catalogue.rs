//! What a comparison borrows from who keeps the messages.

use p2psync_bramble::Digest;
use p2psync_model::{MessageId, Priority};

/// Milliseconds of message timestamps that share a bucket, as a power of two: 2^18 ms are about 4.4 minutes.
pub const BUCKET_SHIFT: u32 = 18;

/// One of the two sets that peers compare (PROTOCOL, Sync).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Set {
    /// D: documents that are held whole, offered to peers and not confirmed.
    Documents = 1,
    /// C: receipts, notices and what else servers have signed.
    Statements = 2,
}

impl Set {
    /// The number that stands for it on the wire.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The set that [`Self::number`] means.
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Documents),
            2 => Some(Self::Statements),
            _ => None,
        }
    }
}

/// The messages of one stretch of time, in short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Timestamps shifted right by [`BUCKET_SHIFT`].
    pub number: u64,
    /// How many messages it has, at least one.
    pub count: u32,
    /// A digest of their ids: the same on every device that holds the same.
    pub digest: Digest,
}

/// A message that is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its id.
    pub id: MessageId,
    /// Its timestamp, below 2^63.
    pub timestamp_ms: u64,
    /// How much there is to send of it, chunks included. Comparison does not look at it.
    pub bytes: u64,
    /// How urgent it is. Comparison does not look at it.
    pub priority: Priority,
}

/// Sets of messages, as the store has them at the time of each call. They may change between calls.
pub trait Catalogue {
    /// All buckets of `set` that are not empty, in ascending order of their numbers.
    ///
    /// # Errors
    /// [`CatalogueError`] if they cannot be read.
    fn buckets(&mut self, set: Set) -> Result<Vec<Bucket>, CatalogueError>;

    /// The messages of one bucket, in any order; none if there is no such bucket.
    ///
    /// # Errors
    /// [`CatalogueError`] if they cannot be read.
    fn entries(&mut self, set: Set, bucket: u64) -> Result<Vec<Entry>, CatalogueError>;
}

/// What this device holds cannot be read. The keeper knows why; the session can only end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what this device holds cannot be read")]
pub struct CatalogueError;

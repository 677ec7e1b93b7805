//! Which messages two devices do not have in common.
//!
//! Both take a snapshot ([`Opening`]) and tell each other its [`Start`]; equal ones end it. Else they take turns. A turn
//! says something about ranges of time: a fingerprint of what is there, a list of it, or what is wanted of a list. Where
//! fingerprints differ the other side cuts finer, or lists. The cost follows the difference, not the total.
//! `docs/protocol/sync.md` is the specification.
//!
//! A comparison holds, beside the buckets of the set and the entries of the bucket that it looks at, at most
//! [`MEMORY_BYTES_MAX`]: entries of other buckets ([`KEPT_ENTRIES_MAX`]), turns of the other side that are not answered
//! yet ([`OPEN_TURNS_MAX`] of [`TURN_BYTES_MAX`]), and what was found and not taken ([`FINDINGS_BYTES_MAX`] and a turn).

mod answer;
mod bound;
mod encoding;
mod exchange;
mod findings;
mod queue;
mod record;
mod snapshot;
mod split;

pub use bound::{Bound, Range};
pub use encoding::{Content, Fingerprint, LIST_IDS_MAX, Malformed, SHORT_BYTES, ShortId};
pub use exchange::Comparison;
pub use findings::FINDINGS_BYTES_MAX;
pub use record::{RECORD_BYTES_MAX, ROOM_BYTES_MIN, RangesReader, RangesWriter, RecordHeader};
pub use snapshot::KEPT_ENTRIES_MAX;

use self::snapshot::Snapshot;
use crate::catalogue::{Catalogue, CatalogueError, Set};

/// Most bytes of RANGES payloads in one turn.
pub const TURN_BYTES_MAX: usize = 65_536;

/// Most ranges in one turn, those that are skipped not counted.
pub const TURN_RANGES_MAX: usize = 8_192;

/// Most turns of the other side that are not answered in full (docs/protocol/sync.md, Bounds).
pub const OPEN_TURNS_MAX: usize = 32;

/// What a comparison takes of memory, whatever the other side sends, beside 48 bytes for each bucket of the set and
/// 56 for each entry of the bucket that it looks at.
pub const MEMORY_BYTES_MAX: usize = 6 << 20;

/// Most messages in a set that is compared.
pub const SET_MESSAGES_MAX: u64 = 1 << 24;

/// Why a comparison cannot go on. It is of no use afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The other side sent what its software never sends. Hang up.
    #[error("the other device broke the protocol: {0}")]
    PeerMisbehaved(&'static str),
    /// What this device holds cannot be read. End the session.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
}

impl From<Malformed> for Error {
    fn from(Malformed(what): Malformed) -> Self {
        Self::PeerMisbehaved(what)
    }
}

/// What each side tells the other before anything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// Keyed hash of all buckets.
    pub root: [u8; 8],
    /// How many messages there are.
    pub count: u64,
}

/// A comparison before the other side's [`Start`] is known.
pub struct Opening {
    snapshot: Snapshot,
    start: Start,
}

impl Opening {
    /// Takes a snapshot of `set`. `key` is fresh for this session and set, and known to both sides alone: whoever makes
    /// messages cannot make their hashes meet under it.
    ///
    /// # Errors
    /// [`CatalogueError`].
    pub fn new(key: &[u8; 16], set: Set, catalogue: &mut dyn Catalogue) -> Result<Self, CatalogueError> {
        let snapshot = Snapshot::take(key, set, catalogue)?;
        let start = Start { root: snapshot.root(), count: snapshot.count_all() };
        Ok(Self { snapshot, start })
    }

    /// What to tell the other side.
    pub const fn start(&self) -> Start {
        self.start
    }

    /// Whether the other side holds the same.
    pub fn is_equal(&self, theirs: Start) -> bool {
        self.start == theirs
    }

    /// Begins. Exactly one of the two sides goes first. If either holds nothing, or both the same, it is over at once.
    ///
    /// # Errors
    /// [`Error::PeerMisbehaved`] if the other side says that it holds more than [`SET_MESSAGES_MAX`];
    /// [`Error::Catalogue`].
    pub fn begin(
        self,
        theirs: Start,
        goes_first: bool,
        catalogue: &mut dyn Catalogue,
    ) -> Result<Comparison, Error> {
        if theirs.count > SET_MESSAGES_MAX {
            return Err(Error::PeerMisbehaved("count of a set"));
        }
        let (ours, is_equal) = (self.start, self.is_equal(theirs));
        let turns_max = TURNS_MIN + (ours.count + theirs.count) / 64;
        let mut comparison = Comparison::new(self.snapshot, turns_max);
        if is_equal || ours.count == 0 || theirs.count == 0 {
            comparison.end_unheard(!is_equal && theirs.count == 0);
        } else if goes_first {
            comparison.go_first(ours.count.abs_diff(theirs.count), catalogue)?;
        }
        Ok(comparison)
    }
}

/// Turns that any comparison may take.
const TURNS_MIN: u64 = 64;

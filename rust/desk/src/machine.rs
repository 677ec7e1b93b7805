//! What this program asks the machine for, so that the engine need not: the date, and random bytes.

use std::time::{SystemTime, UNIX_EPOCH};

use p2psync_bramble::WallClock;
use rand_core::OsRng;

/// The date as this machine believes it. Before 1970 it is 1970.
pub fn now() -> WallClock {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    WallClock(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// The system's own randomness.
pub const fn random() -> OsRng {
    OsRng
}

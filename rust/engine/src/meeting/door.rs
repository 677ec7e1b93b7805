//! How many may knock: limits on connections whose other end is not known yet.

use p2psync_bramble::Millis;

/// How many accepted connections may be open at once before their other ends are known.
pub(super) const UNKNOWN_MAX: usize = 3;

/// How many strangers may come at once before they are slowed down.
const STRANGERS_MAX: u64 = 10;

/// After this long another one may come.
const REFILL_MS: u64 = 3_000;

/// A bucket of admissions: every accepted connection takes one, and gives it back once it shows who it is.
#[derive(Debug)]
pub(super) struct Door {
    /// When the bucket will be full again; never more than a full bucket's time from now.
    full_at: Millis,
}

impl Door {
    pub(super) const fn new() -> Self {
        Self { full_at: Millis(0) }
    }

    /// Lets one more in, if fewer than [`UNKNOWN_MAX`] are unknown and the bucket is not empty.
    pub(super) fn admit(&mut self, now: Millis, unknown: usize) -> bool {
        let missing_ms = self.full_at.since(now);
        if unknown >= UNKNOWN_MAX || missing_ms + REFILL_MS > STRANGERS_MAX * REFILL_MS {
            return false;
        }
        self.full_at = now.plus(missing_ms + REFILL_MS);
        true
    }

    /// One who was let in is known.
    pub(super) fn give_back(&mut self) {
        self.full_at = Millis(self.full_at.0.saturating_sub(REFILL_MS));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_may_come_at_once_and_then_one_every_three_seconds() {
        let mut door = Door::new();
        let at = |seconds: u64| Millis(1_000_000 + seconds * 1_000);
        assert_eq!((0..100).filter(|_| door.admit(at(0), 0)).count(), 10);
        assert!(!door.admit(at(2), 0) && door.admit(at(3), 0) && !door.admit(at(5), 0));
        assert_eq!((6..606).filter(|second| door.admit(at(*second), 0)).count(), 200);
    }

    #[test]
    fn friends_do_not_count_and_three_unknown_are_enough() {
        let mut door = Door::new();
        for _ in 0..100 {
            assert!(door.admit(Millis(0), UNKNOWN_MAX - 1));
            door.give_back();
        }
        assert!(!door.admit(Millis(0), UNKNOWN_MAX));
    }
}

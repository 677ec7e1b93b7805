//! Six digits that two people compare when nobody can scan, and how often an attacker may try to hit them.

use core::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use p2psync_bramble::{SecretKey, derive_key, mac};

use crate::Error;

/// How often our key may be shown in comparisons that come to nothing, in one visible session.
pub const DIGIT_ATTEMPTS_MAX: u32 = 3;

/// What both screens show: the same on both unless somebody is between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digits(u32);

impl Digits {
    /// The digits of a key agreement over two payloads.
    pub fn new(master_key: &SecretKey, payload_alice: &[u8], payload_bob: &[u8]) -> Self {
        let key = derive_key("org.sahana.p2psync.pair/DIGITS_KEY", master_key, &[]);
        let digest = mac("org.sahana.p2psync.pair/DIGITS", &key, &[payload_alice, payload_bob]);
        let first = digest.first_chunk().expect("a MAC has 32 bytes");
        let digits = u64::from_be_bytes(*first) % 1_000_000;
        Self(u32::try_from(digits).expect("below a million"))
    }
}

/// Always six digits, zeros first.
impl fmt::Display for Digits {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:06}", self.0)
    }
}

/// What a person says of the digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// They are the same on both screens.
    Match,
    /// Nobody compared; the peer stays unauthenticated for good.
    Skip,
    /// They differ.
    Reject,
}

/// Counts comparisons of one visible session. Clones count together.
///
/// A device in the middle knows the digits of both sides as soon as it has both keys. If they differ it can
/// break off before any person sees them and try again; each try hits with one in a million. So a try counts
/// when our key goes out, and comes back only when our person accepted the peer.
#[derive(Clone, Debug, Default)]
pub struct DigitAttempts(Arc<AtomicU32>);

impl DigitAttempts {
    /// No attempts yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes an attempt, before our key goes out.
    pub(crate) fn take(&self) -> Result<(), Error> {
        let next = |taken| (taken < DIGIT_ATTEMPTS_MAX).then_some(taken + 1);
        match self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, next) {
            Ok(_) => Ok(()),
            Err(_) => Err(Error::TooManyDigitAttempts),
        }
    }

    /// Gives an attempt back whose digits our person has accepted.
    pub(crate) fn give_back(&self) {
        let _ = self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |taken| taken.checked_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fourth_attempt_is_refused_until_one_comes_back() {
        let attempts = DigitAttempts::new();
        for _ in 0..DIGIT_ATTEMPTS_MAX {
            assert_eq!(attempts.clone().take(), Ok(()));
        }
        assert_eq!(attempts.take(), Err(Error::TooManyDigitAttempts));
        attempts.give_back();
        assert_eq!(attempts.take(), Ok(()));
        assert_eq!(attempts.take(), Err(Error::TooManyDigitAttempts));
    }

    #[test]
    fn digits_are_six_and_depend_on_everything() {
        let digits = |key, a: &[u8], b: &[u8]| Digits::new(&SecretKey::from_bytes([key; 32]), a, b);
        assert_eq!(Digits(42).to_string(), "000042");
        let base = digits(1, b"a", b"b");
        for other in [digits(2, b"a", b"b"), digits(1, b"c", b"b"), digits(1, b"b", b"a")] {
            assert_ne!(base, other);
        }
    }
}

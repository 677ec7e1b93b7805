//! What it costs to try one password: the parameters of Argon2id.

use argon2::{Algorithm, Argon2, Params, Version};
use p2psync_bramble::{Millis, SecretKey};

use crate::Error;

/// Least memory of Argon2id, in KiB (OWASP's minimum: 19 MiB, two passes, one lane).
pub const MEMORY_KIB_MIN: u32 = 19 * 1024;

/// Most memory that a stored wrap may ask for, in KiB: an altered file must not exhaust a phone.
pub const MEMORY_KIB_MAX: u32 = 256 * 1024;

/// Least and most passes over that memory.
pub const PASSES_MIN: u32 = 2;
/// See [`PASSES_MIN`].
pub const PASSES_MAX: u32 = 16;

/// Parameters of Argon2id with one lane. They are stored beside what they protect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordCost {
    memory_kib: u32,
    passes: u32,
}

impl PasswordCost {
    /// The least that is allowed: 40 ms on a server's core, perhaps 400 ms on an old phone.
    pub const FLOOR: Self = Self { memory_kib: MEMORY_KIB_MIN, passes: PASSES_MIN };

    /// Takes parameters within the bounds.
    ///
    /// # Errors
    /// [`Error::OutOfBounds`] otherwise.
    pub fn new(memory_kib: u32, passes: u32) -> Result<Self, Error> {
        if (MEMORY_KIB_MIN..=MEMORY_KIB_MAX).contains(&memory_kib)
            && (PASSES_MIN..=PASSES_MAX).contains(&passes)
        {
            Ok(Self { memory_kib, passes })
        } else {
            Err(Error::OutOfBounds("the cost of a password"))
        }
    }

    /// The highest cost whose trial took at most `target_ms`, and at least [`Self::FLOOR`]. Tries rising costs,
    /// the last of which may take about twice `target_ms`; uses at most `memory_kib_max` (an eighth of the
    /// device's memory is a good bound), and more passes once that is reached.
    pub fn calibrate(target_ms: u64, memory_kib_max: u32, mut clock: impl FnMut() -> Millis) -> Self {
        let memory_kib_max = memory_kib_max.clamp(MEMORY_KIB_MIN, CALIBRATED_MEMORY_KIB_MAX);
        let mut best = Self::FLOOR;
        loop {
            let start = clock();
            best.stretch(b"calibration", &[0; SALT_BYTES]);
            let took_ms = clock().since(start);
            let Some(next) = best.higher(memory_kib_max) else { return best };
            if took_ms.saturating_mul(next.work()) > target_ms.saturating_mul(best.work()) {
                return best;
            }
            best = next;
        }
    }

    /// Memory in KiB.
    pub const fn memory_kib(self) -> u32 {
        self.memory_kib
    }

    /// Passes over the memory.
    pub const fn passes(self) -> u32 {
        self.passes
    }

    /// The key that a password gives.
    pub(crate) fn stretch(self, password: &[u8], salt: &[u8; SALT_BYTES]) -> SecretKey {
        let params = Params::new(self.memory_kib, self.passes, 1, Some(SecretKey::BYTES))
            .expect("the bounds of a cost are within those of Argon2");
        let mut key = [0; SecretKey::BYTES];
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(password, salt, &mut key)
            .expect("Argon2 takes passwords below 4 GiB and salts of 16 bytes");
        SecretKey::from_bytes(key)
    }

    fn higher(self, memory_kib_max: u32) -> Option<Self> {
        if self.memory_kib < memory_kib_max {
            let memory_kib = (self.memory_kib + STEP_KIB).min(memory_kib_max);
            Some(Self { memory_kib, ..self })
        } else if self.passes < CALIBRATED_PASSES_MAX {
            Some(Self { passes: self.passes + 1, ..self })
        } else {
            None
        }
    }

    fn work(self) -> u64 {
        u64::from(self.memory_kib) * u64::from(self.passes)
    }
}

/// Length of the random salt of a password.
pub(crate) const SALT_BYTES: usize = 16;

/// More than this gives little on phones, and the system kills who asks for it.
const CALIBRATED_MEMORY_KIB_MAX: u32 = 64 * 1024;
const CALIBRATED_PASSES_MAX: u32 = 4;
const STEP_KIB: u32 = 15 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    /// A clock on which each trial takes `ms`.
    fn clock(ms: u64) -> impl FnMut() -> Millis {
        let mut now = 0;
        move || {
            now += ms;
            Millis(now)
        }
    }

    #[test]
    fn a_slow_phone_gets_the_floor_and_a_fast_one_the_most() {
        assert_eq!(PasswordCost::calibrate(1_000, u32::MAX, clock(5_000)), PasswordCost::FLOOR);
        let most = PasswordCost::calibrate(1_000, u32::MAX, clock(1));
        assert_eq!((most.memory_kib(), most.passes()), (64 * 1024, 4));
        let little = PasswordCost::calibrate(1_000, 0, clock(1));
        assert_eq!((little.memory_kib(), little.passes()), (MEMORY_KIB_MIN, 4));
    }

    #[test]
    fn costs_below_the_floor_or_above_the_bound_are_refused() {
        for (memory_kib, passes) in [(MEMORY_KIB_MIN - 1, 2), (MEMORY_KIB_MAX + 1, 2), (MEMORY_KIB_MIN, 1)] {
            assert!(PasswordCost::new(memory_kib, passes).is_err());
        }
        assert_eq!(PasswordCost::new(MEMORY_KIB_MIN, PASSES_MIN), Ok(PasswordCost::FLOOR));
    }

    #[test]
    fn password_salt_and_cost_all_count() {
        let key = PasswordCost::FLOOR.stretch(b"a", &[0; SALT_BYTES]);
        assert_ne!(key, PasswordCost::FLOOR.stretch(b"b", &[0; SALT_BYTES]));
        assert_ne!(key, PasswordCost::FLOOR.stretch(b"a", &[1; SALT_BYTES]));
        assert_ne!(key, PasswordCost::new(MEMORY_KIB_MIN, 3).unwrap().stretch(b"a", &[0; SALT_BYTES]));
    }
}

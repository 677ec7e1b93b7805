//! How long a pairing waits, and for what. Durations are arguments; instants are promised by `deadline`.

use p2psync_bramble::Millis;

/// Waiting times of one pairing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waits {
    /// Longest pause between bytes of the other side.
    pub silence_ms: u64,
    /// Longest time for the key agreement, and again for the contact exchange.
    pub overall_ms: u64,
    /// Longest time for a person to compare the digits.
    pub person_ms: u64,
}

impl Default for Waits {
    /// 30 s of silence, 60 s overall as in Bramble, 2 minutes for a person.
    fn default() -> Self {
        Self { silence_ms: 30_000, overall_ms: 60_000, person_ms: 120_000 }
    }
}

/// The deadline of one phase, and the pause that is allowed within it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timer {
    phase_ends: Millis,
    silence_ms: Option<u64>,
    heard: Millis,
}

impl Timer {
    /// A phase of at most `phase_ms`, with pauses of at most `silence_ms` if there is one.
    pub(crate) const fn new(now: Millis, phase_ms: u64, silence_ms: Option<u64>) -> Self {
        Self { phase_ends: now.plus(phase_ms), silence_ms, heard: now }
    }

    /// Notes that the other side has been heard, and from now on allows pauses of `silence_ms`.
    pub(crate) const fn heard(&mut self, now: Millis, silence_ms: u64) {
        self.heard = now;
        self.silence_ms = Some(silence_ms);
    }

    /// Whether the other side may still be silent for as long as the phase lasts.
    pub(crate) const fn allows_silence(&self) -> bool {
        self.silence_ms.is_none()
    }

    /// When the phase has lasted too long.
    pub(crate) fn deadline(&self) -> Millis {
        match self.silence_ms {
            Some(silence_ms) => self.phase_ends.min(self.heard.plus(silence_ms)),
            None => self.phase_ends,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_put_off_silence_and_not_the_phase() {
        let mut timer = Timer::new(Millis(1000), 60_000, Some(30_000));
        assert_eq!(timer.deadline(), Millis(31_000));
        timer.heard(Millis(20_000), 30_000);
        assert_eq!(timer.deadline(), Millis(50_000));
        timer.heard(Millis(40_000), 30_000);
        assert_eq!(timer.deadline(), Millis(61_000));
        assert_eq!(Timer::new(Millis(0), 5, None).deadline(), Millis(5));
    }
}

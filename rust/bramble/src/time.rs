//! Two kinds of time that must not be mixed: one that only moves forward, and one that people set.

/// An instant on a clock that never jumps, in milliseconds since a start that the caller chose (boot, opening).
/// Deadlines are instants of this kind, so a phone whose date is changed keeps its promises.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Millis(pub u64);

impl Millis {
    /// The instant `ms` later; the last representable one if that lies beyond it.
    #[must_use]
    pub const fn plus(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this instant; 0 if `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// A date as the device believes it: milliseconds since 1970-01-01T00:00:00Z. May be wrong by years and may
/// jump either way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WallClock(pub u64);

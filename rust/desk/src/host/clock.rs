//! Time, as engines are told it.

use std::time::{Duration, Instant};

use p2psync_bramble::Millis;
use p2psync_engine::Moment;

use crate::machine;

/// Counts from when it was made.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    began: Instant,
}

impl Clock {
    /// Counts from now.
    pub fn new() -> Self {
        Self { began: Instant::now() }
    }

    /// Now, on a clock that never jumps and by the date.
    pub fn moment(&self) -> Moment {
        Moment { millis: self.millis(), wall: machine::now() }
    }

    /// Milliseconds since it began.
    pub fn millis(&self) -> Millis {
        Millis(u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    /// How long it is until then: nothing if it is over.
    pub fn until(&self, due: Millis) -> Duration {
        (self.began + Duration::from_millis(due.0)).saturating_duration_since(Instant::now())
    }
}

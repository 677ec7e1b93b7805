//! When the power goes, and what was done until then.

/// What a disk was asked to do since it exists. The counts go on when the power comes back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Files and folders synced.
    pub syncs: u64,
    /// Writes to files, and changes of their length.
    pub writes: u64,
    /// Names made, removed or moved.
    pub name_changes: u64,
    /// Bytes in all writes.
    pub bytes_written: u64,
}

/// What was done to the disk last, for the power to go at just that moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// This sync, counted from 1, begins, and never ends.
    Sync(u64),
    /// This write or change of length, counted from 1, is under way.
    Write(u64),
    /// This change of a name, counted from 1, is under way.
    NameChange(u64),
}

/// Whether there is power, and when it goes.
#[derive(Clone, Debug, Default)]
pub struct Power {
    is_off: bool,
    goes_at: Option<Step>,
    pub counters: Counters,
}

impl Power {
    pub const fn is_off(&self) -> bool {
        self.is_off
    }

    pub const fn goes_at(&mut self, step: Step) {
        self.goes_at = Some(step);
    }

    /// The power goes now.
    pub const fn cut(&mut self) {
        self.is_off = true;
    }

    /// The power comes back, and goes no more until it is told to.
    pub const fn restore(&mut self) {
        self.is_off = false;
        self.goes_at = None;
    }

    /// Counts a sync. Whether the power is still there to do it.
    pub fn sync(&mut self) -> bool {
        self.counters.syncs += 1;
        self.outlasts(Step::Sync(self.counters.syncs))
    }

    /// Counts a write of so many bytes. Whether the power is still there when it is under way.
    pub fn write(&mut self, bytes: usize) -> bool {
        self.counters.writes += 1;
        self.counters.bytes_written += u64::try_from(bytes).unwrap_or(u64::MAX);
        self.outlasts(Step::Write(self.counters.writes))
    }

    /// Counts a change of a name. Whether the power is still there when it is under way.
    pub fn name_change(&mut self) -> bool {
        self.counters.name_changes += 1;
        self.outlasts(Step::NameChange(self.counters.name_changes))
    }

    fn outlasts(&mut self, step: Step) -> bool {
        self.is_off |= self.goes_at == Some(step);
        !self.is_off
    }
}

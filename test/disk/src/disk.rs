//! What the owner of a disk may do: cut its power, fill it, damage it, copy it, and use plain files on it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::DiskError;
use crate::machine::{Machine, OpenMode, PlantedBugs, Stored};
use crate::power::{Counters, Step};
use crate::sqlite::Registration;

/// A disk in memory that SQLite knows under [`Disk::vfs_name`].
///
/// Clones are the same disk. When the last is dropped its power goes for good and SQLite forgets the name;
/// connections that are still open get errors.
///
/// Names of files are any strings; what comes before the last `/` is the folder, and every folder exists.
#[derive(Clone, Debug)]
pub struct Disk {
    machine: Arc<Mutex<Machine>>,
    registration: Arc<Registration>,
}

/// The files of a disk at one moment, what is durable of them, and what was not synced yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot(Stored);

impl Disk {
    /// An empty disk. The same seed and the same use give the same disk, cuts included.
    pub fn new(seed: u64) -> Self {
        Self::of(Machine::new(seed))
    }

    /// A disk with the files of another, as they were. Nothing is open, locked, full, planted or counted.
    pub fn from_snapshot(snapshot: &Snapshot, seed: u64) -> Self {
        Self::of(Machine::from_stored(snapshot.0.clone(), seed))
    }

    /// All files as they are now.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot(self.machine().stored())
    }

    /// The name of the virtual file system, for `rusqlite::Connection::open_with_flags_and_vfs`.
    pub fn vfs_name(&self) -> &str {
        self.registration.name()
    }

    /// What the disk was asked to do until now.
    pub fn counters(&self) -> Counters {
        self.machine().power.counters
    }

    /// How often a file or a folder was synced until now. Each is a moment to cut the power at.
    pub fn sync_points(&self) -> u64 {
        self.counters().syncs
    }

    /// The power goes when the disk was asked for its `number`-th sync, counted from 1, before that does
    /// anything. Replaces any earlier plan.
    pub fn cut_power_at_sync(&self, number: u64) {
        self.cut_power_at(Step::Sync(number));
    }

    /// The power goes during the `number`-th write, counted from 1. Replaces any earlier plan.
    pub fn cut_power_at_write(&self, number: u64) {
        self.cut_power_at(Step::Write(number));
    }

    /// The power goes at that step. Replaces any earlier plan.
    pub fn cut_power_at(&self, step: Step) {
        self.machine().cut_power_at(step);
    }

    /// The power goes now.
    pub fn cut_power(&self) {
        self.machine().power.cut();
    }

    /// Whether the power is off.
    pub fn is_off(&self) -> bool {
        self.machine().power.is_off()
    }

    /// The power comes back. Everything synced is there; what was not synced is there in part, by the seed. What
    /// was open before stays useless. Plans to cut the power are dropped, even if it was on all the time.
    pub fn power_on(&self) {
        self.machine().power_on();
    }

    /// All files together may take at most this many bytes; `None` for as many as memory holds. Files may
    /// exceed it already: then they may only not grow.
    pub fn fail_full_after(&self, bytes: impl Into<Option<usize>>) {
        self.machine().bytes_max = bytes.into();
    }

    /// Plants bugs, or with `PlantedBugs::default()` takes them out.
    pub fn plant(&self, bugs: PlantedBugs) {
        self.machine().bugs = bugs;
    }

    /// The time that SQLite is told, in milliseconds since 1970. It stands still between calls.
    pub fn set_unix_ms(&self, unix_ms: i64) {
        self.machine().unix_ms = unix_ms;
    }

    /// Turns over one bit (0 is the lowest) of the byte at `offset`. All that was done to the file before is
    /// durable then. Does nothing beyond the end.
    ///
    /// # Errors
    /// [`DiskError::NoSuchFile`], or [`DiskError::PowerOff`].
    pub fn corrupt(&self, name: &str, offset: usize, bit: u8) -> Result<(), DiskError> {
        self.machine().damage(name, |file| {
            let mut byte = [0];
            if file.content().read(offset, &mut byte) == 1 {
                file.write(offset, &[byte[0] ^ 1 << (bit % 8)]);
            }
        })
    }

    /// Cuts off the end of a file, if it is longer than `length` bytes. All that was done to the file before is
    /// durable then.
    ///
    /// # Errors
    /// [`DiskError::NoSuchFile`], or [`DiskError::PowerOff`].
    pub fn truncate(&self, name: &str, length: usize) -> Result<(), DiskError> {
        self.machine().damage(name, |file| file.set_length(length.min(file.content().length())))
    }

    /// Whether there is such a file, be it empty.
    ///
    /// # Errors
    /// [`DiskError::PowerOff`].
    pub fn exists(&self, name: &str) -> Result<bool, DiskError> {
        Ok(self.list()?.iter().any(|listed| listed == name))
    }

    /// The names of all files, sorted.
    ///
    /// # Errors
    /// [`DiskError::PowerOff`].
    pub fn list(&self) -> Result<Vec<String>, DiskError> {
        self.machine().list()
    }

    /// The whole content of a file.
    ///
    /// # Errors
    /// [`DiskError::NoSuchFile`], or [`DiskError::PowerOff`].
    pub fn read(&self, name: &str) -> Result<Vec<u8>, DiskError> {
        Ok(self.machine().file_named(name)?.content().to_vec())
    }

    /// Makes `bytes` the whole content of a file, which is created if there is none. Durable after
    /// [`Disk::sync`] of the file and, if it is new, [`Disk::sync_folder`].
    ///
    /// # Errors
    /// [`DiskError::Full`], the file being empty then, or [`DiskError::PowerOff`].
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), DiskError> {
        let mut machine = self.machine();
        let handle = machine.open(Some(name), OpenMode { may_create: true, ..OpenMode::default() })?;
        let written = machine.set_length(handle, 0).and_then(|()| machine.write(handle, 0, bytes));
        machine.close(handle);
        written
    }

    /// Makes what was written to a file durable, by whatever connection; not its name.
    ///
    /// # Errors
    /// [`DiskError::NoSuchFile`], or [`DiskError::PowerOff`].
    pub fn sync(&self, name: &str) -> Result<(), DiskError> {
        let mut machine = self.machine();
        let handle = machine.open(Some(name), OpenMode::default())?;
        let synced = machine.sync(handle);
        machine.close(handle);
        synced
    }

    /// Makes every change of a name in `folder` durable. The folder of `"name"` is `""`, that of `"a/b/name"`
    /// is `"a/b"`.
    ///
    /// # Errors
    /// [`DiskError::PowerOff`].
    pub fn sync_folder(&self, folder: &str) -> Result<(), DiskError> {
        self.machine().sync_folder(folder)
    }

    /// Gives a file another name in the same folder, at once; a file that had it loses it. Durable after
    /// [`Disk::sync_folder`].
    ///
    /// # Errors
    /// [`DiskError::NoSuchFile`], [`DiskError::OtherFolder`], or [`DiskError::PowerOff`].
    pub fn rename(&self, from: &str, to: &str) -> Result<(), DiskError> {
        self.machine().rename(from, to)
    }

    /// Takes a file's name away; who has it open may go on using it. Durable after [`Disk::sync_folder`].
    ///
    /// # Errors
    /// [`DiskError::NoSuchFile`], or [`DiskError::PowerOff`].
    pub fn remove(&self, name: &str) -> Result<(), DiskError> {
        self.machine().delete(name, false)
    }

    fn of(machine: Machine) -> Self {
        let machine = Arc::new(Mutex::new(machine));
        Self { registration: Arc::new(Registration::new(&machine)), machine }
    }

    /// Nothing panics while it holds the lock; should it, the disk is still in one piece.
    fn machine(&self) -> MutexGuard<'_, Machine> {
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! The disk behind its lock: files, their names, who has them open, and the power. What SQLite and the owner of
//! the disk ask for meets here.

use std::collections::BTreeMap;

use crate::chance::Chance;
use crate::error::DiskError;
use crate::file::File;
use crate::lock::Lock;
use crate::names::{FileId, Names, folder};
use crate::power::{Power, Step};

/// Longest file. SQLite's limits allow more; memory does not.
pub const FILE_BYTES_MAX: usize = 1 << 32;

/// An open file. Numbers are not used again, so a handle from before the power went opens nothing.
pub type HandleId = u64;

/// Errors of the disk that a test plants to see that it would be noticed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlantedBugs {
    /// Syncing a file or a folder is reported as done, and does nothing.
    pub sync_does_nothing: bool,
    /// Syncing a file syncs it; the folder, which must follow for a new journal or a deleted file, is forgotten.
    pub folder_sync_forgotten: bool,
}

/// How a file is opened.
#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "SQLite's flags, each on its own")]
pub struct OpenMode {
    pub may_create: bool,
    pub must_create: bool,
    pub delete_on_close: bool,
    /// The first sync of the file also syncs its folder, as SQLite does on Unix for journals that it may have
    /// created.
    pub sync_folder: bool,
}

#[derive(Debug)]
struct Handle {
    file: FileId,
    lock: Lock,
    /// The name that goes when the handle does.
    delete_on_close: Option<String>,
    /// The folder that the next sync must sync, too.
    folder_to_sync: Option<String>,
}

/// The disk behind its lock.
#[derive(Debug)]
pub struct Machine {
    files: BTreeMap<FileId, File>,
    names: Names,
    handles: BTreeMap<HandleId, Handle>,
    last_number: u64,
    chance: Chance,
    pub power: Power,
    pub bytes_max: Option<usize>,
    pub bugs: PlantedBugs,
    pub unix_ms: i64,
}

/// The files and their names at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    files: BTreeMap<FileId, File>,
    names: Names,
}

impl Machine {
    pub fn new(seed: u64) -> Self {
        Self::from_stored(Stored { files: BTreeMap::new(), names: Names::default() }, seed)
    }

    pub fn from_stored(Stored { files, names }: Stored, seed: u64) -> Self {
        Self {
            last_number: files.keys().next_back().copied().unwrap_or_default(),
            files,
            names,
            handles: BTreeMap::new(),
            chance: Chance::new(seed),
            power: Power::default(),
            bytes_max: None,
            bugs: PlantedBugs::default(),
            unix_ms: 0,
        }
    }

    pub fn stored(&self) -> Stored {
        Stored { files: self.files.clone(), names: self.names.clone() }
    }

    /// Opens the file `name`, or a file without a name, which is gone when it is closed or the power goes.
    pub fn open(&mut self, name: Option<&str>, mode: OpenMode) -> Result<HandleId, DiskError> {
        self.powered()?;
        let found = name.and_then(|name| self.names.get(name));
        let file = match (found, name) {
            (Some(_), Some(name)) if mode.must_create => {
                return Err(DiskError::AlreadyThere { name: name.to_owned() });
            }
            (Some(file), _) => file,
            (None, Some(name)) if !mode.may_create => {
                return Err(DiskError::NoSuchFile { name: name.to_owned() });
            }
            (None, _) => self.create(name)?,
        };
        let handle = Handle {
            file,
            lock: Lock::None,
            delete_on_close: name.filter(|_| mode.delete_on_close).map(str::to_owned),
            folder_to_sync: name.filter(|_| mode.sync_folder).map(|name| folder(name).to_owned()),
        };
        let id = self.next_number();
        self.handles.insert(id, handle);
        Ok(id)
    }

    pub fn close(&mut self, id: HandleId) {
        let Some(handle) = self.handles.remove(&id) else { return };
        if let Some(name) = handle.delete_on_close {
            // Whether the power goes at this moment, the next operation says.
            let _ = self.delete(&name, false);
        }
        self.drop_unreachable();
    }

    pub fn delete(&mut self, name: &str, sync_folder: bool) -> Result<(), DiskError> {
        self.find(name)?;
        self.names.remove(name);
        let outlasted = self.power.name_change();
        self.drop_unreachable();
        if !outlasted {
            return Err(DiskError::PowerOff);
        }
        if sync_folder { self.sync_folder(folder(name)) } else { Ok(()) }
    }

    pub fn rename(&mut self, from: &str, to: &str) -> Result<(), DiskError> {
        let file = self.find(from)?;
        if folder(from) != folder(to) {
            return Err(DiskError::OtherFolder { from: from.to_owned(), to: to.to_owned() });
        }
        self.names.rename(from, to, file);
        let outlasted = self.power.name_change();
        self.drop_unreachable();
        if outlasted { Ok(()) } else { Err(DiskError::PowerOff) }
    }

    pub fn sync_folder(&mut self, folder: &str) -> Result<(), DiskError> {
        self.powered()?;
        if !self.power.sync() {
            return Err(DiskError::PowerOff);
        }
        if !self.bugs.sync_does_nothing && !self.bugs.folder_sync_forgotten {
            self.names.sync(folder);
            self.drop_unreachable();
        }
        Ok(())
    }

    /// The names of all files, in order.
    pub fn list(&self) -> Result<Vec<String>, DiskError> {
        self.powered()?;
        Ok(self.names.current().keys().cloned().collect())
    }

    /// The file that `name` stands for.
    pub fn file_named(&self, name: &str) -> Result<&File, DiskError> {
        let file = self.find(name)?;
        self.files.get(&file).ok_or_else(|| DiskError::NoSuchFile { name: name.to_owned() })
    }

    /// Changes a file beside what programs do: it is durable at once, with all that was done to it before.
    pub fn damage(&mut self, name: &str, change: impl FnOnce(&mut File)) -> Result<(), DiskError> {
        let id = self.find(name)?;
        let file = self.files.entry(id).or_default();
        change(file);
        file.sync();
        Ok(())
    }

    pub fn file(&self, id: HandleId) -> Result<&File, DiskError> {
        self.powered()?;
        let handle = self.handles.get(&id).ok_or(DiskError::PowerOff)?;
        self.files.get(&handle.file).ok_or(DiskError::PowerOff)
    }

    pub fn write(&mut self, id: HandleId, offset: usize, bytes: &[u8]) -> Result<(), DiskError> {
        let end =
            offset.checked_add(bytes.len()).filter(|end| *end <= FILE_BYTES_MAX).ok_or(DiskError::Full)?;
        let growth = end.saturating_sub(self.file(id)?.content().length());
        if growth > 0 && self.bytes_max.is_some_and(|max| self.bytes_stored() + growth > max) {
            return Err(DiskError::Full);
        }
        self.change(id, bytes.len(), |file| file.write(offset, bytes))
    }

    pub fn set_length(&mut self, id: HandleId, length: usize) -> Result<(), DiskError> {
        let length = Some(length).filter(|length| *length <= FILE_BYTES_MAX).ok_or(DiskError::Full)?;
        self.change(id, 0, |file| file.set_length(length))
    }

    pub fn sync(&mut self, id: HandleId) -> Result<(), DiskError> {
        let file = self.handle(id)?.file;
        if !self.power.sync() {
            return Err(DiskError::PowerOff);
        }
        if !self.bugs.sync_does_nothing {
            self.files.entry(file).or_default().sync();
        }
        match self.handle(id)?.folder_to_sync.take() {
            Some(folder) => self.sync_folder(&folder),
            None => Ok(()),
        }
    }

    /// Locks further; whether that was possible beside the other handles of the same file.
    pub fn lock(&mut self, id: HandleId, wanted: Lock) -> Result<bool, DiskError> {
        let (file, held) = (self.handle(id)?.file, self.handle(id)?.lock);
        let others = self.handles.iter().filter(|(other, handle)| **other != id && handle.file == file);
        let others: Vec<Lock> = others.map(|(_, handle)| handle.lock).collect();
        let (lock, granted) = held.raised(wanted, &others);
        self.handle(id)?.lock = lock;
        Ok(granted)
    }

    pub fn unlock(&mut self, id: HandleId, lock: Lock) -> Result<(), DiskError> {
        let handle = self.handle(id)?;
        handle.lock = handle.lock.min(lock);
        Ok(())
    }

    /// Whether anyone is going to write to the file.
    pub fn is_reserved(&self, id: HandleId) -> Result<bool, DiskError> {
        self.powered()?;
        let file = self.handles.get(&id).ok_or(DiskError::PowerOff)?.file;
        Ok(self.handles.values().any(|handle| handle.file == file && handle.lock >= Lock::Reserved))
    }

    pub fn randomness(&mut self, out: &mut [u8]) {
        self.chance.fill(out);
    }

    pub const fn cut_power_at(&mut self, step: Step) {
        self.power.goes_at(step);
    }

    /// The power comes back, if it was off: every file and name is what survived, and nothing is open.
    pub fn power_on(&mut self) {
        if self.power.is_off() {
            self.handles.clear();
            self.names.survive(&mut self.chance);
            self.drop_unreachable();
            for file in self.files.values_mut() {
                file.survive(&mut self.chance);
            }
        }
        self.power.restore();
    }

    fn powered(&self) -> Result<(), DiskError> {
        if self.power.is_off() { Err(DiskError::PowerOff) } else { Ok(()) }
    }

    fn handle(&mut self, id: HandleId) -> Result<&mut Handle, DiskError> {
        self.powered()?;
        self.handles.get_mut(&id).ok_or(DiskError::PowerOff)
    }

    fn find(&self, name: &str) -> Result<FileId, DiskError> {
        self.powered()?;
        self.names.get(name).ok_or_else(|| DiskError::NoSuchFile { name: name.to_owned() })
    }

    fn create(&mut self, name: Option<&str>) -> Result<FileId, DiskError> {
        let file = self.next_number();
        self.files.insert(file, File::default());
        if let Some(name) = name {
            self.names.add(name, file);
            if !self.power.name_change() {
                return Err(DiskError::PowerOff);
            }
        }
        Ok(file)
    }

    fn change(
        &mut self,
        id: HandleId,
        bytes: usize,
        change: impl FnOnce(&mut File),
    ) -> Result<(), DiskError> {
        let file = self.handle(id)?.file;
        change(self.files.entry(file).or_default());
        if self.power.write(bytes) { Ok(()) } else { Err(DiskError::PowerOff) }
    }

    /// The bytes of all files that have a name or are open.
    fn bytes_stored(&self) -> usize {
        let open = |id| self.handles.values().any(|handle| handle.file == id);
        let named = |id| self.names.current().values().any(|file| *file == id);
        let taken = self.files.iter().filter(|(id, _)| named(**id) || open(**id));
        taken.map(|(_, file)| file.content().length()).sum()
    }

    fn drop_unreachable(&mut self) {
        let mut reachable = self.names.files();
        reachable.extend(self.handles.values().map(|handle| handle.file));
        self.files.retain(|id, _| reachable.contains(id));
    }

    const fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }
}

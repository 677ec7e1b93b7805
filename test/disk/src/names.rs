//! Which name stands for which file: now, and after the power went.
//!
//! A name is made, taken away or moved in a folder, and that is durable once the folder was synced. Syncing the
//! file that the name stands for does nothing for the name.

use std::collections::{BTreeMap, BTreeSet};

use crate::chance::Chance;

/// A file, whatever it is called. Numbers are not used again.
pub type FileId = u64;

/// All names on a disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    current: BTreeMap<String, FileId>,
    durable: BTreeMap<String, FileId>,
    unsynced: Vec<NameChange>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum NameChange {
    Added { name: String, file: FileId },
    Removed { name: String },
    Moved { from: String, to: String, file: FileId },
}

impl Names {
    pub fn get(&self, name: &str) -> Option<FileId> {
        self.current.get(name).copied()
    }

    pub const fn current(&self) -> &BTreeMap<String, FileId> {
        &self.current
    }

    pub fn add(&mut self, name: &str, file: FileId) {
        self.change(NameChange::Added { name: name.to_owned(), file });
    }

    pub fn remove(&mut self, name: &str) {
        self.change(NameChange::Removed { name: name.to_owned() });
    }

    /// `to` stands for `file` instead of `from`, at once; what `to` stood for has no name any more.
    pub fn rename(&mut self, from: &str, to: &str, file: FileId) {
        self.change(NameChange::Moved { from: from.to_owned(), to: to.to_owned(), file });
    }

    /// What was done to the names in `folder` becomes durable.
    pub fn sync(&mut self, folder: &str) {
        let durable = &mut self.durable;
        self.unsynced.retain(|change| {
            let elsewhere = change.folder() != folder;
            if !elsewhere {
                change.apply(durable);
            }
            elsewhere
        });
    }

    /// The power went and came back: of what was not synced nothing, everything, what came first, or any part
    /// was done. Each change was done wholly or not at all.
    pub fn survive(&mut self, chance: &mut Chance) {
        let count = self.unsynced.len();
        let (first, any) = match chance.below(4) {
            0 => (0, false),
            1 => (count, false),
            2 => (chance.below(count + 1), false),
            _ => (0, true),
        };
        for (place, change) in self.unsynced.iter().enumerate() {
            if place < first || any && chance.coin() {
                change.apply(&mut self.durable);
            }
        }
        self.current = self.durable.clone();
        self.unsynced.clear();
    }

    /// Every file that has a name now, or may have one after the power went.
    pub fn files(&self) -> BTreeSet<FileId> {
        let added = self.unsynced.iter().filter_map(|change| match change {
            NameChange::Added { file, .. } | NameChange::Moved { file, .. } => Some(*file),
            NameChange::Removed { .. } => None,
        });
        self.current.values().chain(self.durable.values()).copied().chain(added).collect()
    }

    fn change(&mut self, change: NameChange) {
        change.apply(&mut self.current);
        self.unsynced.push(change);
    }
}

impl NameChange {
    fn apply(&self, names: &mut BTreeMap<String, FileId>) {
        match self {
            Self::Added { name, file } => {
                names.insert(name.clone(), *file);
            }
            Self::Removed { name } => {
                names.remove(name);
            }
            Self::Moved { from, to, file } => {
                names.remove(from);
                names.insert(to.clone(), *file);
            }
        }
    }

    fn folder(&self) -> &str {
        match self {
            Self::Added { name, .. } | Self::Removed { name } | Self::Moved { to: name, .. } => folder(name),
        }
    }
}

/// The folder of `name`: what comes before its last `/`, or nothing.
pub fn folder(name: &str) -> &str {
    name.rsplit_once('/').map_or("", |(folder, _)| folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn survivors(names: &Names) -> BTreeSet<Vec<String>> {
        let survive = |seed| {
            let mut names = names.clone();
            names.survive(&mut Chance::new(seed));
            names.current().keys().cloned().collect()
        };
        (0..200).map(survive).collect()
    }

    fn sets(sets: &[&[&str]]) -> BTreeSet<Vec<String>> {
        sets.iter().map(|set| set.iter().map(|&name| name.to_owned()).collect()).collect()
    }

    #[test]
    fn a_name_is_durable_once_its_folder_was_synced() {
        let mut names = Names::default();
        names.add("a/x", 1);
        names.add("b/y", 2);
        assert_eq!(survivors(&names), sets(&[&[], &["a/x"], &["b/y"], &["a/x", "b/y"]]));
        names.sync("a");
        assert_eq!(survivors(&names), sets(&[&["a/x"], &["a/x", "b/y"]]));
        names.remove("a/x");
        names.sync("b");
        assert_eq!(survivors(&names), sets(&[&["a/x", "b/y"], &["b/y"]]));
    }

    #[test]
    fn a_file_that_moves_always_has_one_name() {
        let mut names = Names::default();
        names.add("x", 1);
        names.sync("");
        names.rename("x", "y", 1);
        assert_eq!(survivors(&names), sets(&[&["x"], &["y"]]));
    }
}

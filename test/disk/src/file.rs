//! One file: what its readers see, what is surely on the disk, and the changes between the two.

use crate::chance::Chance;
use crate::content::Content;

/// Sizes of the pieces in which a disk may write.
const SECTOR_BYTES: [usize; 2] = [512, 4096];

/// A file without its name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct File {
    current: Content,
    durable: Content,
    unsynced: Vec<Change>,
}

/// What was done to a file, in the order in which it was done.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Change {
    Write { offset: usize, bytes: Vec<u8> },
    SetLength(usize),
}

impl File {
    pub const fn content(&self) -> &Content {
        &self.current
    }

    pub fn write(&mut self, offset: usize, bytes: &[u8]) {
        self.current.write(offset, bytes);
        self.unsynced.push(Change::Write { offset, bytes: bytes.to_vec() });
    }

    pub fn set_length(&mut self, length: usize) {
        self.current.set_length(length);
        self.unsynced.push(Change::SetLength(length));
    }

    /// All that was done to it becomes durable.
    pub fn sync(&mut self) {
        self.durable = self.current.clone();
        self.unsynced.clear();
    }

    /// The power went and came back: the file is what was durable and, by chance, some of what was not:
    /// nothing, everything, what came first, or any sectors in any order, some of them torn.
    pub fn survive(&mut self, chance: &mut Chance) {
        match chance.below(4) {
            0 => {}
            1 => self.durable = self.current.clone(),
            2 => {
                let kept = chance.below(self.unsynced.len() + 1);
                self.unsynced.iter().take(kept).for_each(|change| change.apply(&mut self.durable));
            }
            _ => {
                let sector_bytes = if chance.coin() { SECTOR_BYTES[0] } else { SECTOR_BYTES[1] };
                for change in &self.unsynced {
                    change.apply_in_part(&mut self.durable, sector_bytes, chance);
                }
            }
        }
        self.current = self.durable.clone();
        self.unsynced.clear();
    }
}

impl Change {
    fn apply(&self, content: &mut Content) {
        match self {
            Self::Write { offset, bytes } => content.write(*offset, bytes),
            Self::SetLength(length) => content.set_length(*length),
        }
    }

    fn apply_in_part(&self, content: &mut Content, sector_bytes: usize, chance: &mut Chance) {
        match self {
            Self::SetLength(length) => {
                if chance.coin() {
                    content.set_length(*length);
                }
            }
            Self::Write { offset, bytes } => {
                let (mut at, mut rest) = (*offset, bytes.as_slice());
                while !rest.is_empty() {
                    let (sector, tail) = rest.split_at(rest.len().min(sector_bytes - at % sector_bytes));
                    write_sector(content, at, sector, chance);
                    at += sector.len();
                    rest = tail;
                }
            }
        }
    }
}

/// A sector is written, lost, or torn: its beginning is new and its end old, or the other way round. A lost
/// sector after the end of the file may still have made the file longer, with noise in it.
fn write_sector(content: &mut Content, offset: usize, bytes: &[u8], chance: &mut Chance) {
    match chance.below(8) {
        0..=3 => content.write(offset, bytes),
        4 => {
            let torn = bytes.split_at(chance.below(bytes.len() + 1)).0;
            content.write(offset, torn);
        }
        5 => {
            let (old, torn) = bytes.split_at(chance.below(bytes.len() + 1));
            content.write(offset + old.len(), torn);
        }
        _ => {
            let grown = (offset + bytes.len()).saturating_sub(content.length()).min(bytes.len());
            if grown > 0 && chance.coin() {
                let mut noise = vec![0; grown];
                chance.fill(&mut noise);
                content.write(offset + bytes.len() - grown, &noise);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn survivors(file: &File) -> BTreeSet<Vec<u8>> {
        let survive = |seed| {
            let mut file = file.clone();
            file.survive(&mut Chance::new(seed));
            file.content().to_vec()
        };
        (0..500).map(survive).collect()
    }

    #[test]
    fn what_was_synced_survives() {
        let mut file = File::default();
        file.write(0, &[1; 5_000]);
        file.sync();
        assert_eq!(survivors(&file), [vec![1; 5_000]].into());
        file.write(4_500, &[2; 100]);
        assert!(
            survivors(&file).iter().all(|bytes| bytes[..4_500] == [1; 4_500] && bytes[4_600..] == [1; 400])
        );
    }

    #[test]
    fn what_was_not_synced_survives_in_every_way() {
        let mut file = File::default();
        file.write(0, &[1; 1_024]);
        file.sync();
        file.write(0, &[2; 1_024]);
        file.write(1_024, &[3; 512]);
        let survivors = survivors(&file);
        let holds = |parts: &[(u8, usize)]| {
            survivors
                .contains(&parts.iter().flat_map(|&(byte, count)| vec![byte; count]).collect::<Vec<u8>>())
        };
        assert!(holds(&[(1, 1_024)]), "nothing");
        assert!(holds(&[(2, 1_024)]), "the first only");
        assert!(holds(&[(2, 1_024), (3, 512)]), "everything");
        assert!(holds(&[(1, 1_024), (3, 512)]), "the second only");
        let second = |bytes: &Vec<u8>| bytes[..512] == [1; 512] && bytes[512..1_024] == [2; 512];
        assert!(survivors.iter().any(second), "the second sector only");
        let ends = |bytes: &Vec<u8>| (bytes[0], bytes[511]);
        assert!(survivors.iter().any(|bytes| ends(bytes) == (2, 1)), "a sector torn at its end");
        assert!(survivors.iter().any(|bytes| ends(bytes) == (1, 2)), "a sector torn at its beginning");
        let noisy = |bytes: &Vec<u8>| bytes.get(1_024..).is_some_and(|end| end.iter().any(|byte| *byte > 3));
        assert!(survivors.iter().any(noisy), "longer, with noise in it");
    }

    #[test]
    fn a_cut_off_end_may_come_back() {
        let mut file = File::default();
        file.write(0, &[1; 600]);
        file.sync();
        file.set_length(0);
        assert_eq!(survivors(&file), [vec![1; 600], Vec::new()].into());
        file.sync();
        assert_eq!(survivors(&file), [Vec::new()].into());
    }
}

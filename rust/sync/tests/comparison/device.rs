//! A device that holds messages in memory, and two of them that compare.

use std::collections::{BTreeMap, BTreeSet};

use p2psync_model::{MessageId, Priority};
use p2psync_sync::comparison::{Comparison, Error, Opening};
use p2psync_sync::{BUCKET_SHIFT, Bucket, Catalogue, CatalogueError, Entry, Set};
use sha2::{Digest as _, Sha256};

pub const KEY: [u8; 16] = *b"a fresh key 0123";

/// What a device holds, by bucket. Digests are computed when a bucket changes, as a store does.
#[derive(Clone, Debug, Default)]
pub struct Device {
    buckets: BTreeMap<u64, (Bucket, Vec<Entry>)>,
    /// How many buckets were read since it was made.
    pub buckets_read: usize,
}

impl Device {
    pub fn holding(entries: impl IntoIterator<Item = Entry>) -> Self {
        let mut device = Self::default();
        for entry in entries {
            let number = entry.timestamp_ms >> BUCKET_SHIFT;
            let empty = Bucket { number, count: 0, digest: [0; 32] };
            device.buckets.entry(number).or_insert((empty, Vec::new())).1.push(entry);
        }
        device.buckets.values_mut().for_each(refresh);
        device
    }

    /// Adds messages that it does not hold.
    pub fn put(&mut self, entries: impl IntoIterator<Item = Entry>) {
        for (number, (_, added)) in Self::holding(entries).buckets {
            let empty = Bucket { number, count: 0, digest: [0; 32] };
            let held = self.buckets.entry(number).or_insert((empty, Vec::new()));
            held.1.extend(added);
            refresh(held);
        }
    }

    pub fn remove(&mut self, entry: &Entry) {
        let number = entry.timestamp_ms >> BUCKET_SHIFT;
        if let Some(held) = self.buckets.get_mut(&number) {
            held.1.retain(|held| held != entry);
            refresh(held);
        }
        self.buckets.retain(|_, held| !held.1.is_empty());
    }

    /// Puts a message in the first bucket, wherever it belongs.
    pub fn misplace(&mut self, entry: &Entry) {
        let held = self.buckets.values_mut().next().unwrap();
        held.1.push(*entry);
        refresh(held);
    }

    pub fn all(&self) -> BTreeSet<MessageId> {
        self.buckets.values().flat_map(|(_, entries)| entries).map(|entry| entry.id).collect()
    }
}

fn refresh((bucket, entries): &mut (Bucket, Vec<Entry>)) {
    entries.sort_unstable_by_key(|entry| entry.id);
    let mut digest = Sha256::new();
    for entry in entries.iter() {
        digest.update(entry.id.as_bytes());
    }
    bucket.digest = digest.finalize().into();
    bucket.count = u32::try_from(entries.len()).unwrap();
}

impl Catalogue for Device {
    fn buckets(&mut self, set: Set) -> Result<Vec<Bucket>, CatalogueError> {
        assert_eq!(set, Set::Documents);
        Ok(self.buckets.values().map(|(bucket, _)| *bucket).collect())
    }

    fn entries(&mut self, set: Set, bucket: u64) -> Result<Vec<Entry>, CatalogueError> {
        assert_eq!(set, Set::Documents);
        self.buckets_read += 1;
        Ok(self.buckets.get(&bucket).map_or_else(Vec::new, |(_, entries)| entries.clone()))
    }
}

/// A message whose id is as random as a hash (splitmix64).
pub fn entry(number: u64, timestamp_ms: u64) -> Entry {
    let mut id = [0; 32];
    for (place, word) in id.chunks_exact_mut(8).enumerate() {
        let mut mixed = (4 * number + place as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word.copy_from_slice(&(mixed ^ (mixed >> 31)).to_be_bytes());
    }
    Entry { id: MessageId::from_bytes(id), timestamp_ms, bytes: 2_000, priority: Priority::Normal }
}

/// What a comparison cost and found.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Payloads and headers of RANGES records, of both sides.
    pub bytes: usize,
    /// Turns of both sides.
    pub turns: usize,
    /// Most turns that a side had open.
    pub open_turns: usize,
    /// What each side found that the other lacks, in the order in which it was found.
    pub to_send: [Vec<MessageId>; 2],
}

impl Outcome {
    /// The same as a set; fails if anything was found twice.
    pub fn found(&self) -> [BTreeSet<MessageId>; 2] {
        self.to_send.each_ref().map(|ids| {
            let found: BTreeSet<MessageId> = ids.iter().copied().collect();
            assert_eq!(found.len(), ids.len(), "something was found twice");
            found
        })
    }
}

/// What each side has and the other has not.
pub fn difference(devices: &[Device; 2]) -> [BTreeSet<MessageId>; 2] {
    let [alice, bob] = devices.each_ref().map(Device::all);
    [&alice - &bob, &bob - &alice]
}

/// Both sides begin; side 0 goes first.
pub fn begin(devices: &mut [Device; 2]) -> [Comparison; 2] {
    let [alice, bob] = devices;
    let openings = [
        Opening::new(&KEY, Set::Documents, alice).unwrap(),
        Opening::new(&KEY, Set::Documents, bob).unwrap(),
    ];
    let starts = openings.each_ref().map(Opening::start);
    let [ours, theirs] = openings;
    [ours.begin(starts[1], true, alice).unwrap(), theirs.begin(starts[0], false, bob).unwrap()]
}

/// Compares to the end with `room_bytes` for each record. `between_turns` may change what the devices hold.
pub fn compare_with(
    devices: &mut [Device; 2],
    room_bytes: usize,
    mut between_turns: impl FnMut(usize, &mut [Device; 2]),
) -> Result<Outcome, Error> {
    let mut sides = begin(devices);
    let mut outcome = Outcome::default();
    let mut writing = 0;
    while !sides[writing].is_over() {
        between_turns(outcome.turns, devices);
        outcome.turns += 1;
        assert!(outcome.turns < 10_000, "no end");
        while sides[writing].is_writing() {
            let mut record = Vec::new();
            if sides[writing].write(room_bytes, &mut devices[writing], &mut record)? {
                assert!(record.len() <= room_bytes);
                outcome.bytes += 4 + record.len();
                sides[1 - writing].receive(&record, &mut devices[1 - writing])?;
            } else {
                assert!(sides[writing].has_findings(), "nothing to write and nothing to take");
                let found = sides[writing].take_to_send(1_000, &mut devices[writing])?;
                outcome.to_send[writing].extend(found.iter().map(|entry| entry.id));
            }
        }
        writing = 1 - writing;
        outcome.open_turns = outcome.open_turns.max(sides[writing].open_turns());
    }
    assert!(sides.iter().all(Comparison::is_over), "one side does not know that it is over");
    for (side, comparison) in sides.iter_mut().enumerate() {
        while comparison.has_findings() {
            let found = comparison.take_to_send(100, &mut devices[side])?;
            outcome.to_send[side].extend(found.iter().map(|entry| entry.id));
        }
    }
    Ok(outcome)
}

/// Compares to the end, with room for the largest records.
pub fn compare(devices: &mut [Device; 2]) -> Outcome {
    compare_with(devices, 32_768, |_, _| ()).unwrap()
}

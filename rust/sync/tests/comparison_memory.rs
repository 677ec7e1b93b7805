//! What a comparison takes of memory, counted by the allocator: with an honest peer, and with one that does its worst.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

#[allow(dead_code, reason = "shared with the other tests of the comparison")]
#[path = "comparison/device.rs"]
mod device;

use device::{Device, KEY, compare_with, entry};
use p2psync_sync::comparison::{
    Bound, Comparison, Content, MEMORY_BYTES_MAX, OPEN_TURNS_MAX, Opening, RECORD_BYTES_MAX, Range,
    RangesWriter, RecordHeader, Start,
};
use p2psync_sync::{Bucket, Entry, Set};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

#[test]
fn a_comparison_stays_within_its_bound_whatever_comes() {
    let (spread, at_once) = (peak_of_both(30 * 24 * 3_600_000), peak_of_both(5_000));
    assert!(spread <= 10_000_000, "two devices with 100,000 documents took {spread} bytes");
    // Both read their one bucket.
    assert!(at_once <= 2 * (MEMORY_BYTES_MAX + 100_100 * size_of::<Entry>()), "{at_once} bytes");
    let hostile = peak_of_victim();
    let allowed = MEMORY_BYTES_MAX + usize::try_from(BUCKETS).unwrap() * size_of::<Bucket>();
    assert!(hostile <= allowed, "{hostile} of {allowed} bytes");
    assert!(hostile > allowed / 2, "the bound is stated far too high: {hostile} of {allowed} bytes");
}

/// Two devices with 100,000 documents in common, within so much time, and 1,000 that are not.
fn peak_of_both(period_ms: u64) -> usize {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let mut spread = |numbers: core::ops::Range<u64>| -> Vec<Entry> {
        numbers.map(|number| entry(number, (1 << 40) + random.next_u64() % period_ms)).collect()
    };
    let common = Device::holding(spread(0..100_000));
    let mut devices = [common.clone(), common];
    devices[0].put(spread(100_000..100_500));
    devices[1].put(spread(100_500..101_000));
    let profiler = dhat::Profiler::builder().testing().build();
    compare_with(&mut devices, 16_384, |_, _| ()).unwrap();
    let peak = dhat::HeapStats::get().max_bytes;
    drop(profiler);
    peak
}

const BUCKETS: u64 = 24_000;

/// A device with 96,000 documents in 24,000 buckets, while a peer leaves as many turns open as it can, all full, each
/// about other buckets, and nobody takes what is found.
fn peak_of_victim() -> usize {
    let document = |number| entry(number, (number / 4) << 18);
    let mut device = Device::holding((0..4 * BUCKETS).map(document));
    let turns: Vec<_> = (0..OPEN_TURNS_MAX as u64).map(|turn| full_turn(500 * turn)).collect();
    let _profiler = dhat::Profiler::builder().testing().build();
    let mut victim = victim(&mut device);
    let mut out = Vec::with_capacity(RECORD_BYTES_MAX);
    for turn in &turns {
        for record in turn {
            victim.receive(record, &mut device).unwrap();
        }
        while victim.is_writing() && victim.write(RECORD_BYTES_MAX, &mut device, &mut out).unwrap() {
            out.clear();
        }
    }
    assert_eq!(victim.open_turns(), OPEN_TURNS_MAX);
    for record in &turn_of_wants() {
        victim.receive(record, &mut device).unwrap();
    }
    assert!(victim.is_writing() && !victim.write(RECORD_BYTES_MAX, &mut device, &mut out).unwrap());
    dhat::HeapStats::get().max_bytes
}

fn victim(device: &mut Device) -> Comparison {
    let opening = Opening::new(&KEY, Set::Documents, device).unwrap();
    opening.begin(Start { root: [0; 8], count: 1_000_000 }, false, device).unwrap()
}

/// 7,000 fingerprints that differ, 56 kB, and 8 kB of wishes.
fn full_turn(first_bucket: u64) -> [Vec<u8>; 3] {
    let buckets =
        |first: u64, count: u64| record(None, first_bucket + first, count, Content::Fingerprint([0; 6]));
    [buckets(0, 3_500), buckets(3_500, 3_500), record(Some(0), 0, 20, Content::Want(&some_ids()))]
}

fn turn_of_wants() -> [Vec<u8>; 2] {
    [record(None, 0, 80, Content::Want(&some_ids())), record(Some(0), 100, 80, Content::Want(&some_ids()))]
}

fn some_ids() -> Vec<[u8; 6]> {
    (0..64).map(|number| [number; 6]).collect()
}

/// The same about each of so many buckets.
fn record(end_of_turn: Option<u64>, first: u64, count: u64, content: Content<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = RangesWriter::new(RECORD_BYTES_MAX, &mut out);
    for number in first..first + count {
        let range = Range { lower: Bound::at_bucket(number), upper: Bound::at_bucket(number + 1) };
        assert!(writer.push(range, content));
    }
    writer.finish(RecordHeader { set: Set::Documents, end_of_turn });
    out
}

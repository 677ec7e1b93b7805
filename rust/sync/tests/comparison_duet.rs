//! Two devices compare what they hold, and each finds exactly what the other lacks.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

#[allow(dead_code, reason = "shared with the other tests of the comparison")]
#[path = "comparison/device.rs"]
mod device;

use device::{Device, begin, compare, compare_with, difference, entry};
use p2psync_sync::comparison::{OPEN_TURNS_MAX, ROOM_BYTES_MIN};
use p2psync_sync::{Catalogue as _, Entry, Set};
use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};

/// Both sides find exactly the difference, also in records of the least size, and end in the same turn.
fn assert_exact(devices: &mut [Device; 2]) {
    let expected = difference(devices);
    let all = compare(devices);
    assert_eq!(all.found(), expected);
    let narrow = compare_with(devices, ROOM_BYTES_MIN, |_, _| ()).unwrap();
    assert_eq!(narrow.found(), expected);
    assert_eq!(narrow.turns, all.turns);
    devices.reverse();
    let mut swapped = compare(devices).found();
    swapped.reverse();
    assert_eq!(swapped, expected);
}

/// Timestamps that are hard in one way or another.
fn timestamps() -> impl Strategy<Value = u64> {
    const LAST: u64 = (1 << 63) - 1;
    prop_oneof![
        4 => 0..40_u64,
        4 => 1_750_000_000_000..1_750_000_600_000_u64,
        2 => 0..=LAST,
        1 => Just(1_750_000_000_000),
        1 => (0..3_u64).prop_map(|before| LAST - before),
        1 => (0..=LAST >> 18, 0..3_u64).prop_map(|(bucket, off)| ((bucket << 18) + off).saturating_sub(1).min(LAST)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_found_is_the_difference(
        held in prop::collection::vec((timestamps(), 0..8_u8), 0..400),
        step in 1..9_usize,
    ) {
        // 0 to 5: on both sides; 6, 7: on one.
        let entries: Vec<(Entry, u8)> =
            held.into_iter().zip(0..).map(|((timestamp, sides), number)| (entry(number, timestamp), sides)).collect();
        let of = |missing| {
            let on_side = entries.iter().filter(move |(_, sides)| *sides != missing);
            Device::holding(on_side.map(|(entry, _)| *entry))
        };
        assert_exact(&mut [of(6), of(7)]);
        // Little in common.
        let few = Device::holding(entries.iter().step_by(step).map(|(entry, _)| *entry));
        assert_exact(&mut [of(6), few]);
    }
}

fn spread(numbers: core::ops::Range<u64>, period_ms: u64, seed: u64) -> Vec<Entry> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    numbers.map(|number| entry(number, 1_750_000_000_000 + random.next_u64() % period_ms)).collect()
}

#[test]
fn all_at_the_same_millisecond() {
    let at_once = |numbers: core::ops::Range<u64>| numbers.map(|number| entry(number, 77));
    for (common, more) in [(0, 1), (1, 200), (3_000, 1), (3_000, 30)] {
        let alice = Device::holding(at_once(0..common + more));
        let bob = Device::holding(at_once(more..common + 2 * more));
        assert_exact(&mut [alice, bob]);
    }
}

#[test]
fn ids_that_share_long_prefixes() {
    let alike = |last: u8, place: usize| {
        let mut id = [0xee; 32];
        id[place] = last;
        Entry { id: p2psync_model::MessageId::from_bytes(id), ..entry(0, 5) }
    };
    let all: Vec<Entry> = (0..=255).flat_map(|last| [alike(last, 31), alike(last, 0)]).collect();
    let mut all: Vec<Entry> = all.into_iter().filter(|entry| entry.id.as_bytes() != &[0xee; 32]).collect();
    let alice = Device::holding(all.iter().copied().step_by(2).chain(all.iter().copied().skip(1).step_by(4)));
    all.truncate(400);
    assert_exact(&mut [alice, Device::holding(all)]);
}

#[test]
fn one_side_has_nothing() {
    let all = spread(0..5_000, 86_400_000, 1);
    for mut devices in
        [[Device::holding(all.clone()), Device::default()], [Device::default(), Device::holding(all.clone())]]
    {
        let outcome = compare(&mut devices);
        assert_eq!(outcome.found(), difference(&devices));
        assert_eq!(outcome.turns, 0, "the counts alone say it");
    }
    let nothing = compare(&mut [Device::default(), Device::default()]);
    assert_eq!((nothing.turns, nothing.bytes), (0, 0));
}

#[test]
fn the_same_costs_nothing_and_reads_nothing() {
    let device = Device::holding(spread(0..5_000, 86_400_000, 2));
    let mut devices = [device.clone(), device];
    let outcome = compare(&mut devices);
    assert_eq!((outcome.turns, outcome.bytes), (0, 0));
    assert_eq!(devices.map(|device| device.buckets_read), [0, 0]);
}

#[test]
fn only_buckets_near_a_difference_are_read() {
    let mut devices = [(); 2].map(|()| Device::holding(spread(0..20_000, 2_592_000_000, 3)));
    devices[0].put([entry(20_000, 1_751_000_000_000)]);
    let outcome = compare(&mut devices);
    assert_eq!(outcome.found(), difference(&devices));
    let read = devices.map(|device| device.buckets_read);
    assert!(read.iter().sum::<usize>() < 100, "{read:?} of 7,000 buckets were read");
}

/// Far more differs than fits in a turn: 20,000 here, 20,000 there, 20,000 on both.
#[test]
fn many_turns_that_do_not_fit() {
    let of = |numbers| Device::holding(spread(0..60_000, 86_400_000, 4).drain(numbers).collect::<Vec<_>>());
    let mut devices = [of(0..40_000), of(20_000..60_000)];
    let expected = difference(&devices);
    let outcome = compare_with(&mut devices, 4_096, |_, _| ()).unwrap();
    assert_eq!(outcome.found(), expected);
    assert!(outcome.turns > 10 && outcome.turns < 40, "{} turns", outcome.turns);
    assert!(outcome.bytes < 20 * 40_000, "{} bytes", outcome.bytes);
    assert!((2..OPEN_TURNS_MAX / 2).contains(&outcome.open_turns), "{} open turns", outcome.open_turns);
}

/// What changes during a comparison may be found or not, and may be found for no reason; all else is exact.
#[test]
fn a_set_that_changes_meanwhile() {
    for seed in 0..12 {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let all = spread(0..3_000, 40 << 18, seed);
        let of = |random: &mut ChaCha8Rng| {
            Device::holding(all.iter().filter(|_| !random.next_u32().is_multiple_of(20)).copied())
        };
        let mut devices = [of(&mut random), of(&mut random)];
        let before = difference(&devices);
        let mut changed = std::collections::BTreeSet::new();
        let outcome = compare_with(&mut devices, 1_000, |turn, devices| {
            let device = &mut devices[turn % 2];
            let added = spread(10_000 + 100 * turn as u64..10_100 + 100 * turn as u64, 40 << 18, seed + 1);
            changed.extend(added.iter().map(|entry| entry.id));
            device.put(added);
            for entry in all.iter().skip(turn).step_by(97) {
                device.remove(entry);
                changed.insert(entry.id);
            }
        })
        .unwrap();
        for (before, found) in before.iter().zip(outcome.found()) {
            assert_eq!(before - &changed, &found - &changed, "seed {seed}");
        }
    }
}

/// A bucket that is emptied, or filled far beyond a list, between being counted and being read.
#[test]
fn a_bucket_that_is_not_what_it_was_counted_as() {
    let all = spread(0..400, 40 << 18, 5);
    let many = spread(1_000..4_000, 1 << 18, 6);
    for is_filled in [true, false] {
        let mut devices = [Device::holding(all.iter().copied().skip(1)), Device::holding(all.clone())];
        let outcome = compare_with(&mut devices, 32_768, |turn, devices| {
            if turn == 0 {
                let [alice, bob] = devices;
                if is_filled {
                    alice.put(many[..2_000].iter().copied());
                    bob.put(many[1_000..].iter().copied());
                } else {
                    for entry in &all {
                        alice.remove(entry);
                    }
                }
            }
        })
        .unwrap();
        let found = outcome.found();
        assert!(found[1].contains(&all[0].id) && found[1].is_subset(&devices[1].all()));
        assert!(outcome.turns < 20, "{} turns", outcome.turns);
    }
}

#[test]
fn findings_come_in_any_portions() {
    let all = spread(0..2_000, 86_400_000, 7);
    for portion in [1, 7, 999, 5_000] {
        let mut devices = [Device::holding(all.clone()), Device::default()];
        let [mut alice, bob] = begin(&mut devices);
        assert!(alice.is_over() && bob.is_over() && !bob.has_findings());
        let mut found = Vec::new();
        while alice.has_findings() {
            let taken = alice.take_to_send(portion, &mut devices[0]).unwrap();
            assert!(taken.len() <= portion);
            found.extend(taken);
        }
        let mut expected = all.clone();
        expected.sort_unstable_by_key(|entry| (entry.timestamp_ms, entry.id));
        assert_eq!(found, expected);
    }
}

/// As with a bucket of a store whose numbers are wrong: nothing is lost that is where it should be.
#[test]
fn messages_in_the_wrong_bucket_are_not_seen() {
    let mut device = Device::holding([entry(1, 5), entry(2, 1 << 40)]);
    assert_eq!(device.entries(Set::Documents, 0).unwrap().len(), 1);
    device.misplace(&entry(3, 1 << 41));
    let mut devices = [device, Device::holding([entry(2, 1 << 40), entry(4, 9)])];
    let found = compare(&mut devices).found();
    assert_eq!(found, [[entry(1, 5).id].into(), [entry(4, 9).id].into()]);
}

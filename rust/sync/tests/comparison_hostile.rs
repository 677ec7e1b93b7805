//! A peer that sends what honest software never sends is named, and costs no more than an honest one.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

#[allow(dead_code, reason = "shared with the other tests of the comparison")]
#[path = "comparison/device.rs"]
mod device;

use device::{Device, KEY, entry};
use p2psync_sync::comparison::{
    Bound, Comparison, Content, Error, OPEN_TURNS_MAX, Opening, RECORD_BYTES_MAX, Range, RangesReader,
    RangesWriter, RecordHeader, SET_MESSAGES_MAX, Start, TURN_BYTES_MAX, TURN_RANGES_MAX,
};
use p2psync_sync::{Bucket, Catalogue, CatalogueError, Entry, Set};
use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};

/// A device with `count` messages, a millisecond apart, in a comparison with a peer that says it has 1,000.
fn bob(count: u64, goes_first: bool) -> (Device, Comparison) {
    let mut device = Device::holding((0..count).map(|number| entry(number, number)));
    let opening = Opening::new(&KEY, Set::Documents, &mut device).unwrap();
    let theirs = Start { root: [0; 8], count: 1_000 };
    let comparison = opening.begin(theirs, goes_first, &mut device).unwrap();
    (device, comparison)
}

fn record(end_of_turn: Option<u64>, ranges: &[(Range, Content<'_>)]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = RangesWriter::new(RECORD_BYTES_MAX, &mut out);
    for (range, content) in ranges {
        assert!(writer.push(*range, *content));
    }
    writer.finish(RecordHeader { set: Set::Documents, end_of_turn });
    out
}

const DIFFERS: Content<'_> = Content::Fingerprint([0; 6]);

/// So many ranges of one millisecond each, from `first_ms` on.
fn milliseconds(first_ms: u64, count: u64) -> Vec<(Range, Content<'static>)> {
    let range = |at| Range { lower: Bound::at(at), upper: Bound::at(at + 1) };
    (first_ms..first_ms + count).map(|at| (range(at), DIFFERS)).collect()
}

/// Writes our whole turn; how many bytes and ranges it had.
fn take_turn(device: &mut Device, comparison: &mut Comparison) -> (usize, usize) {
    let (mut bytes, mut ranges) = (0, 0);
    while comparison.is_writing() {
        let mut out = Vec::new();
        if comparison.write(RECORD_BYTES_MAX, device, &mut out).unwrap() {
            bytes += out.len();
            ranges += RangesReader::new(&out).unwrap().count();
        } else {
            comparison.take_to_send(10_000, device).unwrap();
        }
    }
    (bytes, ranges)
}

#[test]
fn what_is_out_of_place_is_named() {
    let garbage = record(Some(0), &[(Range::ALL, DIFFERS)]);
    let statements = [&[0x82][..], &garbage[1..]].concat();
    let cases: &[(&str, bool, Vec<Vec<u8>>)] = &[
        ("ranges out of turn", true, vec![garbage.clone()]),
        ("ranges out of turn", false, vec![garbage.clone(), garbage.clone()]),
        ("ranges of another set", false, vec![statements]),
        ("length of a turn", false, vec![vec![1; RECORD_BYTES_MAX + 1]]),
        ("length of a turn", false, vec![record(None, &milliseconds(0, 3_500)); 3]),
        ("number of ranges in a turn", false, lists_of_nothing(TURN_RANGES_MAX as u64 + 1)),
        ("an open turn that was never taken", false, vec![record(Some(1), &[])]),
        ("an open turn that was never taken", false, vec![record(Some(1 << 40), &[])]),
        ("an empty record", false, vec![vec![]]),
    ];
    for (name, goes_first, records) in cases {
        let (mut device, mut comparison) = bob(100, *goes_first);
        let ended = records.iter().find_map(|record| comparison.receive(record, &mut device).err());
        assert_eq!(ended, Some(Error::PeerMisbehaved(name)));
    }
    assert!(garbage.len() < TURN_BYTES_MAX);
}

/// The shortest ranges that there are, in records that fit in a turn.
fn lists_of_nothing(count: u64) -> Vec<Vec<u8>> {
    let of = |(range, _)| (range, Content::List(&[]));
    let ranges: Vec<_> = milliseconds(0, count).into_iter().map(of).collect();
    ranges.chunks(8_000).map(|ranges| record(None, ranges)).collect()
}

#[test]
fn a_set_cannot_be_too_large() {
    let mut device = Device::holding([entry(1, 1)]);
    let opening = Opening::new(&KEY, Set::Documents, &mut device).unwrap();
    let theirs = Start { root: [0; 8], count: SET_MESSAGES_MAX + 1 };
    let error = opening.begin(theirs, true, &mut device).err();
    assert_eq!(error, Some(Error::PeerMisbehaved("count of a set")));
}

#[test]
fn endless_differences_end() {
    let (mut device, mut comparison) = bob(5_000, false);
    let mut turns = 0;
    let error = loop {
        if let Err(error) = comparison.receive(&record(Some(0), &[(Range::ALL, DIFFERS)]), &mut device) {
            break error;
        }
        let (bytes, _) = take_turn(&mut device, &mut comparison);
        assert!(bytes <= 500);
        turns += 1;
        assert!(turns < 1_000, "no end");
    };
    assert_eq!(error, Error::PeerMisbehaved("more turns than a comparison needs"));
    assert!(turns <= (64_u64 + 6_000 / 64).div_ceil(2), "{turns}");
}

/// Each turn asks more than one turn can answer.
#[test]
fn open_turns_cannot_pile_up() {
    let (mut device, mut comparison) = bob(90_000, false);
    let all = |first: u64| {
        let range = |number: u64| {
            let at = |number: u64| Bound::at(number * 30 + first);
            (Range { lower: at(number), upper: at(number + 1) }, DIFFERS)
        };
        record(Some(0), &(0..2_900).map(range).collect::<Vec<_>>())
    };
    let mut turns = 0;
    let error = loop {
        if let Err(error) = comparison.receive(&all(turns), &mut device) {
            break error;
        }
        turns += 1;
        let (bytes, ranges) = take_turn(&mut device, &mut comparison);
        assert!(bytes <= TURN_BYTES_MAX && ranges <= TURN_RANGES_MAX, "{bytes} bytes, {ranges} ranges");
    };
    assert_eq!(error, Error::PeerMisbehaved("more open turns than a comparison needs"));
    assert_eq!(turns, OPEN_TURNS_MAX as u64);
}

/// What is left of an earlier turn waits while the other side has a newer one open; else both would pile up.
#[test]
fn older_turns_wait_for_newer_ones_of_the_other_side() {
    for (their_open_turn, goes_on) in [(Some(1), false), (Some(0), true)] {
        let (mut device, mut comparison) = bob(90_000, false);
        let wide = |number: u64| Range { lower: Bound::at(30 * number), upper: Bound::at(30 * number + 30) };
        let many: Vec<_> = (0..2_900).map(|number| (wide(number), DIFFERS)).collect();
        comparison.receive(&record(Some(0), &many), &mut device).unwrap();
        take_turn(&mut device, &mut comparison);
        assert_eq!(comparison.open_turns(), 1, "all was answered");
        comparison.receive(&record(their_open_turn, &[(wide(0), DIFFERS)]), &mut device).unwrap();
        let (_, ranges) = take_turn(&mut device, &mut comparison);
        assert_eq!(ranges > 100, goes_on, "{ranges} ranges");
    }
}

#[test]
fn it_is_not_over_while_the_other_side_has_a_turn_open() {
    let (mut device, mut comparison) = bob(5_000, true);
    take_turn(&mut device, &mut comparison);
    comparison.receive(&record(Some(1), &[]), &mut device).unwrap();
    assert_eq!(take_turn(&mut device, &mut comparison).1, 0, "there is nothing to say");
    assert!(!comparison.is_over());
    comparison.receive(&record(Some(0), &[]), &mut device).unwrap();
    assert!(comparison.is_over());
}

/// Who has nothing in a range says so, and that needs no answer.
#[test]
fn an_empty_list_ends_it() {
    let beyond = Range { lower: Bound::at(1_000), upper: Bound::END };
    let (mut device, mut comparison) = bob(100, false);
    comparison.receive(&record(Some(0), &[(beyond, DIFFERS)]), &mut device).unwrap();
    assert_eq!(take_turn(&mut device, &mut comparison).1, 1);
    assert!(comparison.is_over());

    let (mut device, mut comparison) = bob(100, false);
    comparison.receive(&record(Some(0), &[(Range::ALL, Content::List(&[]))]), &mut device).unwrap();
    assert!(comparison.is_over());
    assert_eq!(comparison.take_to_send(1_000, &mut device).unwrap().len(), 100);
}

#[test]
fn wanting_what_nobody_has_gets_nothing() {
    let (mut device, mut comparison) = bob(500, false);
    let ids: Vec<[u8; 6]> = (0..64).map(|number| [number; 6]).collect();
    let wants: Vec<_> =
        milliseconds(0, 60).into_iter().map(|(range, _)| (range, Content::Want(&ids))).collect();
    comparison.receive(&record(Some(0), &wants), &mut device).unwrap();
    assert!(comparison.is_over() && comparison.has_findings());
    assert_eq!(comparison.take_to_send(1_000, &mut device).unwrap(), []);
}

/// Lists of what nobody has are answered once, and get all that is here.
#[test]
fn lists_of_what_nobody_has() {
    let (mut device, mut comparison) = bob(500, false);
    let ids: Vec<[u8; 6]> = (0..64).map(|number| [number; 6]).collect();
    let lists: Vec<_> =
        milliseconds(0, 80).into_iter().map(|(range, _)| (range, Content::List(&ids))).collect();
    comparison.receive(&record(Some(0), &lists), &mut device).unwrap();
    let (bytes, ranges) = take_turn(&mut device, &mut comparison);
    assert_eq!((ranges, bytes / 64 / 6), (80, 80));
    assert!(comparison.is_over());
    assert_eq!(comparison.take_to_send(1_000, &mut device).unwrap().len(), 80);
}

#[test]
fn garbage_is_refused_or_understood() {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let mut understood = 0;
    for _ in 0..20_000 {
        let (mut device, mut comparison) = bob(30, false);
        let mut payload = vec![0; random.next_u32() as usize % 40];
        random.fill_bytes(&mut payload);
        // Else hardly any would get past the first bytes.
        payload.splice(0..0, [0x81, 0, [1, 2, 3, 7, 14, 18][random.next_u32() as usize % 6]]);
        match comparison.receive(&payload, &mut device) {
            Ok(()) => {
                understood += 1;
                take_turn(&mut device, &mut comparison);
            }
            Err(Error::PeerMisbehaved(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    assert!(understood > 50, "{understood}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_read_is_written_the_same(payload in prop::collection::vec(0..20_u8, 0..60)) {
        if let Ok(reader) = RangesReader::new(&payload) {
            let header = reader.header();
            if let Ok(ranges) = reader.collect::<Result<Vec<_>, _>>() {
                let written = record(header.end_of_turn, &ranges);
                prop_assert_eq!(&written[1..], &payload[1..]);
            }
        }
    }
}

/// Its disk fails after so many buckets.
struct Failing(Device, usize);

impl Catalogue for Failing {
    fn buckets(&mut self, set: Set) -> Result<Vec<Bucket>, CatalogueError> {
        self.0.buckets(set)
    }

    fn entries(&mut self, set: Set, bucket: u64) -> Result<Vec<Entry>, CatalogueError> {
        self.1 = self.1.checked_sub(1).ok_or(CatalogueError)?;
        self.0.entries(set, bucket)
    }
}

#[test]
fn a_failing_disk_is_not_the_peers_fault() {
    let (device, mut comparison) = bob(500, false);
    let half = Range { upper: Bound::at(250), ..Range::ALL };
    let received = comparison.receive(&record(Some(0), &[(half, DIFFERS)]), &mut Failing(device, 0));
    assert_eq!(received, Err(Error::Catalogue(CatalogueError)));

    let (device, mut comparison) = bob(500, false);
    let mut failing = Failing(device, 0);
    comparison.receive(&record(Some(0), &[(Range::ALL, DIFFERS)]), &mut failing).unwrap();
    let mut out = Vec::new();
    assert_eq!(comparison.write(RECORD_BYTES_MAX, &mut failing, &mut out), Err(CatalogueError));
    assert!(out.is_empty());
}

//! Comparisons: records of ranges, a peer that says anything, and two honest sides.

use std::collections::{BTreeMap, BTreeSet};

use p2psync_bramble::hash;
use p2psync_model::{MessageId, Priority};
use p2psync_sync::comparison::{
    Bound, Comparison, Content, OPEN_TURNS_MAX, Opening, RECORD_BYTES_MAX, ROOM_BYTES_MIN, Range,
    RangesReader, RangesWriter, RecordHeader, Start, TURN_BYTES_MAX,
};
use p2psync_sync::{BUCKET_SHIFT, Bucket, Catalogue, CatalogueError, Entry, Set};

use crate::script::Script;

/// The first byte says what the rest is: a record, which has one encoding; a script for a peer that writes records of
/// any kind; or a script for what two honest devices hold.
pub fn ranges(data: &[u8]) {
    let mut script = Script::new(data);
    match script.byte() % 4 {
        0 => decode(script.rest()),
        1 => hear_bytes(script),
        2 => hear_ranges(script),
        _ => compare(script),
    }
}

fn decode(data: &[u8]) {
    let Ok(reader) = RangesReader::new(data) else { return };
    let header = reader.header();
    let Ok(ranges) = reader.collect::<Result<Vec<_>, _>>() else { return };
    // A writer keeps room for the longest header.
    let mut written = Vec::new();
    let mut writer = RangesWriter::new(data.len() + ROOM_BYTES_MIN, &mut written);
    if ranges.iter().all(|(range, content)| writer.push(*range, *content)) {
        writer.finish(header);
        assert_eq!(written, data, "ranges have two encodings");
    } else {
        assert!(data.len() + ROOM_BYTES_MIN > RECORD_BYTES_MAX, "ranges that cannot be written again");
    }
}

/// Each record: a length, and so many bytes of the script.
fn hear_bytes(mut script: Script<'_>) {
    let mut held = Held::chosen_by(&mut script)[0].clone();
    let mut comparison = begin_alone(&mut held);
    while !script.is_over() {
        let length = script.byte();
        let payload = script.bytes(length.into());
        if comparison.receive(payload, &mut held).is_err() {
            return;
        }
        answer(&mut comparison, &mut held);
    }
}

/// Each record: well-formed ranges, chosen by the script.
fn hear_ranges(mut script: Script<'_>) {
    let mut held = Held::chosen_by(&mut script)[0].clone();
    let mut comparison = begin_alone(&mut held);
    while !script.is_over() {
        let mut payload = Vec::new();
        let mut writer = RangesWriter::new(RECORD_BYTES_MAX, &mut payload);
        let mut lower = timestamp(script.byte());
        for _ in 0..script.byte() % 8 {
            let upper = (lower + timestamp(script.byte())).min(1 << 63);
            let range = Range { lower: Bound::at(lower), upper: Bound::at(upper) };
            let ids = [[script.byte(); 6]];
            let content = match script.byte() % 4 {
                0 => Content::List(&[]),
                1 => Content::List(&ids),
                2 => Content::Want(&ids),
                _ => Content::Fingerprint([script.byte(); 6]),
            };
            if range.lower < range.upper {
                writer.push(range, content);
            }
            lower = upper;
        }
        let end = script.byte();
        let end_of_turn = (end < 0xf0).then_some(u64::from(end % 4));
        writer.finish(RecordHeader { set: Set::Documents, end_of_turn });
        if comparison.receive(&payload, &mut held).is_err() {
            return;
        }
        answer(&mut comparison, &mut held);
    }
}

const KEY: [u8; 16] = [7; 16];

fn begin_alone(held: &mut Held) -> Comparison {
    let opening = Opening::new(&KEY, Set::Documents, held).expect("it is in memory");
    let theirs = Start { root: [0; 8], count: 40 };
    opening.begin(theirs, false, held).expect("the count is small")
}

/// Takes our turn, if it is ours, and what was found.
fn answer(comparison: &mut Comparison, held: &mut Held) {
    assert!(comparison.open_turns() <= OPEN_TURNS_MAX);
    let mut turn_bytes = 0;
    let mut record = Vec::new();
    while comparison.write(ROOM_BYTES_MIN, held, &mut record).expect("it is in memory") {
        assert!(!record.is_empty() && record.len() <= ROOM_BYTES_MIN);
        turn_bytes += record.len();
        record.clear();
    }
    assert!(turn_bytes <= TURN_BYTES_MAX && !comparison.is_writing());
    while comparison.has_findings() {
        for entry in comparison.take_to_send(3, held).expect("it is in memory") {
            assert!(held.0.contains(&entry), "found what is not held");
        }
    }
}

/// What both find is exactly what the other lacks.
fn compare(mut script: Script<'_>) {
    let [mut alice, mut bob] = Held::chosen_by(&mut script);
    let expected = [alice.lacking_in(&bob), bob.lacking_in(&alice)];
    let opening = |held: &mut Held| Opening::new(&KEY, Set::Documents, held).expect("it is in memory");
    let (first, second) = (opening(&mut alice), opening(&mut bob));
    let (ours, theirs) = (first.start(), second.start());
    let mut writer = first.begin(theirs, true, &mut alice).expect("the other is honest");
    let mut reader = second.begin(ours, false, &mut bob).expect("the other is honest");
    let is_first_writing = take_turns([(&mut writer, &mut alice), (&mut reader, &mut bob)]);
    assert!(!is_first_writing && writer.is_over() && reader.is_over());
    let found = [(&mut writer, &mut alice), (&mut reader, &mut bob)].map(|(comparison, held)| {
        let found = comparison.take_to_send(usize::MAX, held).expect("it is in memory");
        found.into_iter().map(|entry| entry.id).collect::<BTreeSet<_>>()
    });
    assert_eq!(found, expected);
}

/// Whether it is still the first's turn when nobody has anything to write.
fn take_turns([first, second]: [(&mut Comparison, &mut Held); 2]) -> bool {
    let (mut writing, mut reading) = (first, second);
    let mut record = Vec::new();
    for _ in 0..TURNS_MAX {
        while writing.0.write(ROOM_BYTES_MIN, writing.1, &mut record).expect("it is in memory") {
            reading.0.receive(&record, reading.1).expect("the other is honest");
            record.clear();
        }
        core::mem::swap(&mut writing, &mut reading);
    }
    writing.0.is_writing() || reading.0.is_writing()
}

/// More than any comparison of so few messages takes.
const TURNS_MAX: usize = 40;

/// What a device holds.
#[derive(Clone)]
struct Held(Vec<Entry>);

impl Held {
    /// The script says the timestamp of each message, and on which sides it is.
    fn chosen_by(script: &mut Script<'_>) -> [Self; 2] {
        let mut held = [Self(Vec::new()), Self(Vec::new())];
        let count = script.byte();
        for number in 0..count {
            let (place, sides) = (script.byte(), script.byte());
            let id = MessageId::from_bytes(hash("id", &[&[number, sides / 64]]));
            let timestamp_ms = timestamp(place);
            let entry = Entry { id, timestamp_ms, bytes: 1, priority: Priority::Normal };
            for (side, held) in (0..).zip(&mut held) {
                if sides % 4 != side {
                    held.0.push(entry);
                }
            }
        }
        held
    }

    fn lacking_in(&self, other: &Self) -> BTreeSet<MessageId> {
        self.0.iter().filter(|entry| !other.0.contains(entry)).map(|entry| entry.id).collect()
    }
}

/// In the same millisecond, second or bucket as others, or far away.
fn timestamp(place: u8) -> u64 {
    let number = u64::from(place % 32);
    match place / 32 {
        0 => 0,
        1 | 2 => number,
        3 => 1_000 * number,
        4 => number << 16,
        5 | 6 => number << 58,
        _ => (1 << 63) - 1 - number,
    }
}

impl Catalogue for Held {
    fn buckets(&mut self, _: Set) -> Result<Vec<Bucket>, CatalogueError> {
        let mut buckets: BTreeMap<u64, Vec<&[u8]>> = BTreeMap::new();
        for entry in &self.0 {
            buckets.entry(entry.timestamp_ms >> BUCKET_SHIFT).or_default().push(entry.id.as_bytes());
        }
        let bucket = |(number, mut ids): (u64, Vec<&[u8]>)| {
            ids.sort_unstable();
            let count = u32::try_from(ids.len()).expect("there are at most 255");
            Bucket { number, count, digest: hash("bucket", &ids) }
        };
        Ok(buckets.into_iter().map(bucket).collect())
    }

    fn entries(&mut self, _: Set, bucket: u64) -> Result<Vec<Entry>, CatalogueError> {
        Ok(self.0.iter().filter(|entry| entry.timestamp_ms >> BUCKET_SHIFT == bucket).copied().collect())
    }
}

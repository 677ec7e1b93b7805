//! Vectors of the comparison. One test writes them by running it (with `BLESS=1`; else it compares); the other reads them
//! by the formulas of `docs/protocol/sync.md` alone.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

#[path = "comparison/siphash.rs"]
mod siphash;
#[path = "comparison/specified.rs"]
mod specified;

use std::collections::BTreeMap;

use p2psync_bramble::hash;
use p2psync_model::{MessageId, Priority};
use p2psync_sync::comparison::{Comparison, Opening};
use p2psync_sync::{BUCKET_SHIFT, Bucket, Catalogue, CatalogueError, Entry, Set};
use p2psync_vector_reader::keep;
use serde_json::{Value, json};

#[test]
fn vectors_comparisons_as_they_are_made() {
    let day = |number: u64| 1_750_000_000_000 + number * 86_400_000 / 200;
    let burst = |number: u64| 1_750_000_000_000 + number / 30;
    let made = json!({
        "sessions": [
            session("few, on both sides", Set::Documents, [0..9, 3..12], burst),
            session("many in common", Set::Documents, [0..200, 2..201], day),
            session("many in one bucket", Set::Statements, [0..150, 40..154], burst),
            session("further and further apart", Set::Documents, [0..90, 20..91], |number| number.pow(4) / 1_000),
            session("one has nothing", Set::Documents, [0..3, 0..0], day),
            session("the same", Set::Documents, [0..5, 0..5], day),
            session("nothing in common", Set::Documents, [0..40, 40..90], |number| number << 60 >> 2),
        ],
    });
    keep("sync", "comparison.json", &made);
}

struct Listed(Vec<Entry>);

impl Catalogue for Listed {
    fn buckets(&mut self, _: Set) -> Result<Vec<Bucket>, CatalogueError> {
        let mut buckets: BTreeMap<u64, Vec<&[u8]>> = BTreeMap::new();
        for entry in &self.0 {
            buckets.entry(entry.timestamp_ms >> BUCKET_SHIFT).or_default().push(entry.id.as_bytes());
        }
        let bucket = |(number, mut ids): (u64, Vec<&[u8]>)| {
            ids.sort_unstable();
            let digest = hash("org.sahana.p2psync.store/BUCKET", &ids);
            Bucket { number, count: u32::try_from(ids.len()).unwrap(), digest }
        };
        Ok(buckets.into_iter().map(bucket).collect())
    }

    fn entries(&mut self, _: Set, bucket: u64) -> Result<Vec<Entry>, CatalogueError> {
        Ok(self.0.iter().filter(|entry| entry.timestamp_ms >> BUCKET_SHIFT == bucket).copied().collect())
    }
}

fn session(
    name: &str,
    set: Set,
    numbers: [core::ops::Range<u64>; 2],
    timestamp_ms: impl Fn(u64) -> u64,
) -> Value {
    let key: [u8; 16] = *hash(name, &[]).first_chunk().unwrap();
    let message = |number: u64| Entry {
        id: MessageId::from_bytes(hash("id", &[&number.to_be_bytes()])),
        timestamp_ms: timestamp_ms(number),
        bytes: 0,
        priority: Priority::Normal,
    };
    let messages: Vec<Entry> = (0..numbers[0].end.max(numbers[1].end)).map(message).collect();
    let mut sides = numbers.clone().map(|numbers| Listed(numbers.map(message).collect()));
    let openings = sides.each_mut().map(|side| Opening::new(&key, set, side).unwrap());
    let starts = openings.each_ref().map(Opening::start);
    let [first, second] = openings;
    let [alice, bob] = &mut sides;
    let mut comparisons =
        [first.begin(starts[1], true, alice).unwrap(), second.begin(starts[0], false, bob).unwrap()];
    let records = exchange(&mut comparisons, &mut sides);
    let to_send = [0, 1].map(|side| {
        let found = comparisons[side].take_to_send(1_000, &mut sides[side]).unwrap();
        let number = |entry: &Entry| messages.iter().position(|message| message == entry);
        found.iter().map(number).collect::<Vec<_>>()
    });
    json!({
        "name": name,
        "set": set.number(),
        "key": hex(&key),
        "messages": messages.iter().map(|message| json!([message.timestamp_ms, message.id.to_string()])).collect::<Vec<_>>(),
        "held": numbers.map(|numbers| [numbers.start, numbers.end]),
        "starts": starts.map(|start| json!({ "root": hex(&start.root), "count": start.count })),
        "records": records,
        "to_send": to_send,
    })
}

/// Who wrote each record, and its payload.
fn exchange(comparisons: &mut [Comparison; 2], sides: &mut [Listed; 2]) -> Vec<Value> {
    let mut records = Vec::new();
    while let Some(writer) = comparisons.iter().position(Comparison::is_writing) {
        let mut record = Vec::new();
        assert!(comparisons[writer].write(1_000, &mut sides[writer], &mut record).unwrap());
        comparisons[1 - writer].receive(&record, &mut sides[1 - writer]).unwrap();
        records.push(json!([writer, hex(&record)]));
    }
    records
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

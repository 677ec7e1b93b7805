//! What a comparison costs, exactly, kept in `test/golden/costs.md`. `BLESS=1` writes it; without it the test compares.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]
#![allow(clippy::disallowed_methods, reason = "it writes the golden file")]

#[allow(dead_code, reason = "shared with the other tests of the comparison")]
#[path = "comparison/device.rs"]
mod device;

use std::fmt::Write as _;
use std::path::Path;

use device::{Device, Outcome, compare, difference, entry};
use p2psync_sync::Entry;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};

#[test]
fn costs_are_what_they_were() {
    let mut table = HEAD.to_owned();
    for count in [1_000, 10_000, 100_000] {
        let common = Device::holding(spread(0..count, 0, PERIOD_MS, count));
        for different in [0, 1, 10, 100, 1_000] {
            for shape in shapes(different) {
                add_row(&mut table, &common, count, different, shape);
            }
        }
    }
    table.push_str(HEAD_OF_OTHERS);
    let bucket = Device::holding(spread(0..10_000, 0, 5_000, 8));
    add_row(
        &mut table,
        &bucket,
        10_000,
        100,
        Shape { name: "right after", begin_ms: 5_000, period_ms: 1_000, sides: 1 },
    );
    let dense = Device::holding(spread(0..100_000, 0, DENSE_PERIOD_MS, 9));
    let name = "spread over 619 buckets";
    add_row(
        &mut table,
        &dense,
        100_000,
        100,
        Shape { name, begin_ms: 0, period_ms: DENSE_PERIOD_MS, sides: 2 },
    );
    table.push_str(FOOT);
    keep(&table);
}

/// Where the messages are that are not on both sides, and on how many sides they are.
#[derive(Clone, Copy)]
struct Shape {
    name: &'static str,
    begin_ms: u64,
    period_ms: u64,
    sides: u64,
}

const SHAPES: [Shape; 4] = [
    Shape { name: "spread", begin_ms: 0, period_ms: PERIOD_MS, sides: 2 },
    Shape { name: "spread", begin_ms: 0, period_ms: PERIOD_MS, sides: 1 },
    Shape { name: "clustered", begin_ms: PERIOD_MS / 10 * 7, period_ms: 600_000, sides: 2 },
    Shape { name: "clustered", begin_ms: PERIOD_MS / 10 * 7, period_ms: 600_000, sides: 1 },
];

/// Nothing is nowhere, and a single message is on one side.
fn shapes(different: u64) -> impl Iterator<Item = Shape> {
    let count = if different == 0 { 1 } else { SHAPES.len() };
    SHAPES.into_iter().filter(move |shape| different > 1 || shape.sides == 1).take(count)
}

/// 30 days.
const PERIOD_MS: u64 = 30 * 24 * 3_600_000;

/// As many milliseconds as 619 buckets have.
const DENSE_PERIOD_MS: u64 = 619 << 18;

/// A multiple of a bucket's length, so that 10,000 messages within seconds are in one.
const EPOCH_MS: u64 = 6_675_720 << 18;

fn spread(numbers: core::ops::Range<u64>, begin_ms: u64, period_ms: u64, seed: u64) -> Vec<Entry> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    numbers.map(|number| entry(number, EPOCH_MS + begin_ms + random.next_u64() % period_ms)).collect()
}

fn add_row(table: &mut String, common: &Device, count: u64, different: u64, shape: Shape) {
    let Shape { name, begin_ms, period_ms, sides } = shape;
    let added = spread(count..count + different, begin_ms, period_ms, count + different);
    let mut devices = [common.clone(), common.clone()];
    for (side, device) in devices.iter_mut().enumerate() {
        device.put(added.iter().copied().filter(|entry| entry.timestamp_ms % sides == side as u64));
    }
    let outcome = compare(&mut devices);
    assert_eq!(outcome.found(), difference(&devices));
    let Outcome { bytes, turns, .. } = outcome;
    let goal = match (different, name) {
        (0, _) => 0,
        // One difference is a cluster.
        (2.., name) if name.starts_with("spread") => 450 * different,
        _ => 20 * different + 1_500,
    };
    assert!(bytes as u64 <= goal, "{count} and {different} {name}: {bytes} bytes are more than {goal}");
    let (each, name, on) = match (different, sides) {
        (0, _) => ("-".to_owned(), "-", "-"),
        (_, 1) => ((bytes as u64).div_ceil(different).to_string(), name, "one"),
        _ => ((bytes as u64).div_ceil(different).to_string(), name, "both"),
    };
    writeln!(table, "| {count} | {different} | {name} | {on} | {bytes} | {each} | {turns} |").unwrap();
}

fn keep(table: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../test/golden/costs.md");
    if std::env::var_os("BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, table).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(kept, table, "{} is not what it costs now; BLESS=1 writes it", path.display());
}

const HEAD: &str = "\
# Costs

Made by `rust/sync/tests/comparison_costs.rs`, which fails if a number changes; `BLESS=1` writes it.

## Set comparison, version 1

Bytes of RANGES records with their headers, both ways, and turns, which are one-way messages. Before them each side says
13 bytes in START, which end a comparison of equal sets. Common documents are spread at random over 30 days. Spread
differences are too; clustered ones are within ten minutes. They are on one side, or half on each.

Goals: none different, nothing; clustered, and a single one, 20 bytes a difference and 1,500; spread, 450 bytes a difference.

| in common | different | where | on sides | bytes | a difference | turns |
|---:|---:|---|---|---:|---:|---:|
";

const HEAD_OF_OTHERS: &str = "
## Other shapes

Right after: 10,000 documents were put within five seconds, all in one bucket, and 100 more on one side within the next
second. 619 buckets: 100,000 documents within 45 hours, 162 in each bucket.

| in common | different | where | on sides | bytes | a difference | turns |
|---:|---:|---|---|---:|---:|---:|
";

const FOOT: &str = "
## Beside others

At 100,000 in common and 100 different; measured once, with differences spread over 619 buckets or in a cluster.

| | spread | clustered | none different |
|---|---:|---:|---:|
| negentropy 0.5.3 | 113,000 | 5,000 | 41 |
| ranges in order of time, 8-byte fingerprints (a prototype) | 40,000 | 1,300 | 41 |
| buckets and IBLT (a prototype) | 9,400 | 2,800 | 41 |
| Bramble's BSP 0, at 10,000 in common | | | 1,250,442 |
";

//! What comparing 100,000 documents costs, both sides together. Read the ratios of one run, not the absolute times.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, reason = "a benchmark")]

#[allow(dead_code, reason = "shared with the tests of the comparison")]
#[path = "../tests/comparison/device.rs"]
mod device;

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use device::{Device, KEY, compare, entry};
use p2psync_sync::comparison::Opening;
use p2psync_sync::{Entry, Set};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};

const COMMON: u64 = 100_000;
const MONTH_MS: u64 = 30 * 24 * 3_600_000;

fn spread(numbers: core::ops::Range<u64>, period_ms: u64) -> Vec<Entry> {
    let mut random = ChaCha8Rng::seed_from_u64(numbers.start);
    numbers.map(|number| entry(number, (1 << 40) + random.next_u64() % period_ms)).collect()
}

/// Two devices with the same within `period_ms`, and half of `different` on each, spread alike.
fn devices(period_ms: u64, different: u64) -> [Device; 2] {
    let common = Device::holding(spread(0..COMMON, period_ms));
    let added = spread(COMMON..COMMON + different, period_ms);
    let (ours, theirs) = added.split_at(added.len() / 2);
    let mut devices = [common.clone(), common];
    devices[0].put(ours.iter().copied());
    devices[1].put(theirs.iter().copied());
    devices
}

fn comparison(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("comparison");
    let mut alike = devices(MONTH_MS, 0);
    group.bench_function("snapshot and root, one side", |bencher| {
        bencher.iter(|| black_box(Opening::new(&KEY, Set::Documents, &mut alike[0]).unwrap().start()));
    });
    for (name, period_ms, different) in [
        ("100 different, over a month", MONTH_MS, 100),
        ("1,000 different, over a month", MONTH_MS, 1_000),
        ("100 different, over 619 buckets", 619 << 18, 100),
        ("100 different, all in one bucket", 5_000, 100),
    ] {
        let devices = devices(period_ms, different);
        group.bench_function(name, |bencher| {
            bencher.iter_batched_ref(
                || devices.clone(),
                |devices| black_box(compare(devices)),
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, comparison);
criterion_main!(benches);

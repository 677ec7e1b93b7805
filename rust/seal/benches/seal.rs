//! What sealing and believing cost: read the ratios of one run, not the absolute times.
#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

use std::cell::Cell;
use std::hint::black_box;
use std::io::sink;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use p2psync_bramble::WallClock;
use p2psync_model::{DocumentId, Receipt};
use p2psync_seal::{BUILD_DATE_SECONDS, Expired, SealOptions, ServerKey, open, seal, sign, verify};
use sequoia_openpgp::types::HashAlgorithm;

const CLOCK: WallClock = WallClock(BUILD_DATE_SECONDS * 1_000);
const PLAIN: SealOptions = SealOptions { expired: Expired::Refuse, compress: false };

fn key() -> ServerKey {
    ServerKey::generate("Eden", CLOCK, None).unwrap()
}

/// A form and a photograph.
const SIZES: [(&str, usize); 2] = [("2 KB", 2_048), ("3 MB", 3_000_000)];

/// Bytes that do not compress, as in a photograph.
fn content(length: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    (0..length).map(|_| next()).collect()
}

/// Sealing, against the SHA-1 that the format asks for over the same bytes: no sealer of version 1 is faster than that.
fn sealing(criterion: &mut Criterion) {
    let key = key();
    let mut group = criterion.benchmark_group("seal");
    for (name, length) in SIZES {
        let content = content(length);
        group.throughput(Throughput::Bytes(length as u64));
        group.bench_function(format!("{name}/SHA-1 alone"), |bencher| {
            bencher.iter(|| {
                let mut hash = HashAlgorithm::SHA1.context().unwrap().for_digest();
                hash.update(black_box(&content));
                hash.into_digest().unwrap()
            });
        });
        for (how, options) in [("plain", PLAIN), ("deflated", SealOptions::default())] {
            let sealed = seal(&content, key.certificate(), options, CLOCK).unwrap();
            eprintln!("seal/{name}/{how}: {} bytes more than the content", sealed.len() - length);
            group.bench_function(format!("{name}/{how}"), |bencher| {
                bencher.iter(|| seal(black_box(&content), key.certificate(), options, CLOCK).unwrap());
            });
        }
    }
    group.finish();
}

fn opening(criterion: &mut Criterion) {
    let key = key();
    let mut group = criterion.benchmark_group("open");
    for (name, length) in SIZES {
        let sealed = seal(&content(length), key.certificate(), PLAIN, CLOCK).unwrap();
        group.throughput(Throughput::Bytes(length as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| open(black_box(sealed.as_slice()), &key, 1 << 24, &mut sink()).unwrap());
        });
    }
    group.finish();
}

/// Receipts of 1 and of 256 documents, as many as one holds. The library remembers signatures that it has verified,
/// so each is verified once: a fresh receipt for every measurement.
fn receipts(criterion: &mut Criterion) {
    let key = key();
    let made = Cell::new(0);
    let fresh = |count: u64| {
        made.set(made.get() + 1);
        let ids = (0..count).map(|number| {
            let mut id = [0; 32];
            id[..8].copy_from_slice(&number.to_be_bytes());
            id[8..16].copy_from_slice(&u64::to_be_bytes(made.get()));
            DocumentId::from_bytes(id)
        });
        Receipt::new(key.fingerprint(), 0, BUILD_DATE_SECONDS, ids.collect()).unwrap()
    };
    let mut group = criterion.benchmark_group("receipt");
    for count in [1, 256] {
        group.throughput(Throughput::Elements(count));
        group.bench_function(format!("verify/{count} documents"), |bencher| {
            let signed = || {
                let receipt = fresh(count);
                (receipt.text(), sign(&receipt, &key).unwrap())
            };
            bencher.iter_batched(
                signed,
                |(text, signature)| verify::<Receipt>(&text, &signature, key.certificate(), CLOCK).unwrap(),
                BatchSize::SmallInput,
            );
        });
        group.bench_function(format!("sign/{count} documents"), |bencher| {
            bencher.iter_batched(
                || fresh(count),
                |receipt| sign(&receipt, &key).unwrap(),
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, sealing, opening, receipts);
criterion_main!(benches);

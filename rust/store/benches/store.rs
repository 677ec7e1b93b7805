//! What the store costs beside bare SQLite with the same durability, and beside a plain file with a flush: read the
//! ratios of one run, not the absolute times.
#![allow(missing_docs, clippy::unwrap_used, clippy::disallowed_methods, reason = "a benchmark")]

use std::io::Write as _;
use std::path::PathBuf;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use p2psync_bramble::{SecretKey, WallClock};
use p2psync_model::{GroupId, Message};
use p2psync_store::{Filter, NewDocument, Options, PasswordCost, Place, Store, StoreLimits, Unlock};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;
use rusqlite::Connection;

static HOST: SecretKey = SecretKey::from_bytes([9; 32]);
const GROUP: GroupId = GroupId::from_bytes([1; 32]);
const FORM_BYTES: usize = 2_000;
const CHUNK_BYTES: usize = 32_767;
const PHOTO_CHUNKS: u64 = 92;

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("p2psync-bench-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn store(folder: &std::path::Path) -> Store {
    let limits = StoreLimits { bytes_max: u64::MAX, ..StoreLimits::default() };
    let options = Options { unlock: Unlock::Host(&HOST), cost: PasswordCost::FLOOR, group: GROUP, limits };
    Store::open(Place::new(folder.join("store")), &options, &mut ChaCha20Rng::seed_from_u64(1)).unwrap().store
}

fn bare(folder: &std::path::Path) -> Connection {
    let connection = Connection::open(folder.join("bare")).unwrap();
    connection
        .execute_batch(
            "PRAGMA page_size = 16384; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;
             PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;
             CREATE TABLE document (row INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, body BLOB NOT NULL) STRICT;",
        )
        .unwrap();
    connection
}

fn form(number: u64) -> Message {
    let mut body = number.to_be_bytes().to_vec();
    body.resize(FORM_BYTES, 0x5a);
    Message::new(GROUP, 1_700_000_000_000 + number * 1_000, body).unwrap()
}

fn piece(number: u64, position: u64) -> Message {
    let mut body = [number.to_be_bytes(), position.to_be_bytes()].concat();
    body.resize(CHUNK_BYTES, 0x5a);
    Message::new(GROUP, 0, body).unwrap()
}

fn new(message: &Message) -> NewDocument<'_> {
    NewDocument {
        message,
        content_bytes: FORM_BYTES as u64,
        chunks: &[],
        chunks_known: true,
        parents: &[],
        shared: true,
        expires: None,
        info: b"application/vnd.sahana.s3json",
        duplicate_of: None,
        now: WallClock(1_700_000_000_000),
    }
}

/// Forms of 2 KB, one or a hundred in a commit.
fn forms(criterion: &mut Criterion) {
    for batch in [1, 100] {
        let folder = folder("forms");
        let mut group = criterion.benchmark_group(format!("forms/{batch} in a commit"));
        group.throughput(Throughput::Elements(batch)).sample_size(20);
        let connection = bare(&folder);
        let mut number = 0;
        group.bench_function("bare", |bencher| {
            bencher.iter(|| {
                connection.execute_batch("BEGIN IMMEDIATE").unwrap();
                let mut insert =
                    connection.prepare("INSERT INTO document (key, body) VALUES (?1, ?2)").unwrap();
                for _ in 0..batch {
                    number += 1;
                    let message = form(number);
                    insert.execute(rusqlite::params![message.id().as_bytes(), message.body()]).unwrap();
                }
                connection.execute_batch("COMMIT").unwrap();
            });
        });
        let mut store = store(&folder);
        let mut random = ChaCha20Rng::seed_from_u64(1);
        group.bench_function("store", |bencher| {
            bencher.iter(|| {
                store
                    .batch(|changes| {
                        (0..batch).try_for_each(|_| {
                            number += 1;
                            changes.put(&new(&form(number)), &mut random).map(drop)
                        })
                    })
                    .unwrap();
            });
        });
        group.finish();
        drop(store);
        let _ = std::fs::remove_dir_all(&folder);
    }
}

/// A photo of 3 MB put in and read back, against a file written, flushed and read.
fn photo(criterion: &mut Criterion) {
    let folder = folder("photo");
    let mut group = criterion.benchmark_group("photo");
    group.throughput(Throughput::Bytes(PHOTO_CHUNKS * CHUNK_BYTES as u64)).sample_size(20);
    let mut number = 0;
    group.bench_function("file", |bencher| {
        bencher.iter(|| {
            let mut file = std::fs::File::create(folder.join("photo")).unwrap();
            for position in 0..PHOTO_CHUNKS {
                file.write_all(piece(1, position).body()).unwrap();
            }
            file.sync_all().unwrap();
            std::fs::read(folder.join("photo")).unwrap()
        });
    });
    let mut store = store(&folder);
    let mut random = ChaCha20Rng::seed_from_u64(1);
    group.bench_function("store", |bencher| {
        bencher.iter(|| {
            number += 1;
            let description = form(number);
            let chunks = store
                .batch(|batch| {
                    let pieces = (0..PHOTO_CHUNKS).map(|position| piece(number, position));
                    let chunks: Result<Vec<_>, _> =
                        pieces.map(|piece| batch.put_chunk(&piece, &mut random)).collect();
                    let chunks = chunks?;
                    batch.put(&NewDocument { chunks: &chunks, ..new(&description) }, &mut random)?;
                    Ok(chunks)
                })
                .unwrap();
            chunks.iter().map(|chunk| store.chunk(chunk).unwrap().body().len()).sum::<usize>()
        });
    });
    group.finish();
    drop(store);
    let _ = std::fs::remove_dir_all(&folder);
}

/// Opening a store with 100,000 documents, and its first page of a list.
fn opening(criterion: &mut Criterion) {
    let folder = folder("opening");
    let mut filled = store(&folder);
    let mut random = ChaCha20Rng::seed_from_u64(1);
    for start in 0..100 {
        filled
            .batch(|batch| {
                (0..1_000).try_for_each(|number| {
                    batch.put(&new(&form(start * 1_000 + number)), &mut random).map(drop)
                })
            })
            .unwrap();
    }
    filled.close().unwrap();
    let mut group = criterion.benchmark_group("opening");
    group.sample_size(20);
    group.bench_function("100,000 documents", |bencher| {
        bencher.iter(|| {
            let store = store(&folder);
            assert_eq!(store.list(&Filter::default(), 20, |_| true).unwrap().len(), 20);
            store.close().unwrap();
        });
    });
    group.finish();
    let _ = std::fs::remove_dir_all(&folder);
}

criterion_group!(benches, forms, photo, opening);
criterion_main!(benches);

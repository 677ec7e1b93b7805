//! What the store costs beside bare SQLite with the same durability, and beside a plain file with a flush. Runs of
//! the two alternate, so that a busy machine is busy for both: read the ratios of one run, not the absolute times.
#![allow(
    missing_docs,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a benchmark"
)]

#[path = "../tests/fixture/simulated.rs"]
mod simulated;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use p2psync_bramble::{SecretKey, WallClock, hash};
use p2psync_disk::Disk;
use p2psync_model::{Attributes, ChunkId, GroupId, Message, Protection};
use p2psync_store::{
    Batch, CHUNKS_IN_BATCH, Filter, NewDocument, Options, PasswordCost, Place, Store, StoreLimits, Unlock,
};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};
use rusqlite::{Connection, OpenFlags, params};

static HOST: SecretKey = SecretKey::from_bytes([9; 32]);
const GROUP: GroupId = GroupId::from_bytes([1; 32]);
const FORM_BYTES: usize = 2_000;
const CHUNK_BYTES: usize = 32_768;
const PHOTO_CHUNKS: u64 = 92;
const MANY: u64 = 100_000;

fn main() {
    // One of these words on the command line chooses.
    let names = ["form", "forms", "photo", "opening", "count"];
    let chosen = std::env::args().find(|argument| names.contains(&argument.as_str()));
    let wanted = |name: &str| chosen.as_deref().is_none_or(|chosen| chosen == name);
    let columns = "  beside    store ratio";
    println!("{:26}  {:^23}  {:^23}", "", "median", "mean, with checkpoints");
    println!("{:26}  {columns}  {columns}  goal", "");
    if wanted("form") {
        forms(1, 3_000);
    }
    if wanted("forms") {
        forms(100, 300);
    }
    if wanted("photo") {
        photos(60);
    }
    if wanted("opening") {
        opening();
    }
    if wanted("count") {
        println!("\n{:34} {:>9} {:>9} {:>12}", "each commit, on a counted disk", "writes", "syncs", "bytes");
        count(1);
        count(100);
    }
}

/// Forms of 2 KB, some in a commit, against bare SQLite.
fn forms(batch: u64, rounds: u64) {
    let folder = Folder::new("forms");
    let bare = bare(Connection::open(folder.0.join("bare")).unwrap());
    let mut store = open(Place::new(folder.0.join("store")));
    let mut random = ChaCha20Rng::seed_from_u64(1);
    let (mut beside, mut ours) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        let forms: Vec<Message> = (round * batch..(round + 1) * batch).map(form).collect();
        let mut insert = || beside.push(timed(|| insert_bare(&bare, &forms)));
        let mut put = || ours.push(timed(|| put_forms(&mut store, &forms, &mut random)));
        // Who comes second finds the disk as the first has left it.
        if round % 2 == 0 {
            insert();
            put();
        } else {
            put();
            insert();
        }
    }
    report(&format!("{batch} form(s) in a commit"), &beside, &ours, "1.5");
}

/// A photo of 3 MB put in, and read back, against a file written and flushed, and read.
fn photos(rounds: u64) {
    let folder = Folder::new("photo");
    let mut store = open(Place::new(folder.0.join("store")));
    let mut random = ChaCha20Rng::seed_from_u64(1);
    let [mut written, mut put, mut copied, mut read] = [const { Vec::new() }; 4];
    for number in 0..rounds {
        let pieces: Vec<Message> = (0..PHOTO_CHUNKS).map(|position| piece(number, position)).collect();
        let source = folder.0.join("source");
        std::fs::write(&source, pieces.iter().flat_map(Message::body).copied().collect::<Vec<u8>>()).unwrap();
        written.push(timed(|| copy_and_flush(&source, &folder.0.join("copy"))));
        copied.push(timed(|| std::fs::read(folder.0.join("copy")).unwrap().len()));
        let description = form(number);
        let mut chunks = Vec::new();
        put.push(timed(|| chunks = put_photo(&mut store, &pieces, &description, &mut random)));
        read.push(timed(|| {
            chunks.iter().map(|chunk| store.chunk(chunk).unwrap().body().len()).sum::<usize>()
        }));
    }
    let sums = |first: &[Duration], second: &[Duration]| {
        first.iter().zip(second).map(|(first, second)| *first + *second).collect::<Vec<Duration>>()
    };
    let (beside, ours) = (sums(&written, &copied), sums(&put, &read));
    report("photo of 3 MB put", &written, &put, "");
    report("photo of 3 MB read", &copied, &read, "");
    report("photo of 3 MB put and read", &beside, &ours, "");
}

/// Opening a store with many documents, and the first page of a list.
fn opening() {
    let folder = Folder::new("opening");
    let path = folder.0.join("store");
    let mut filled = open(Place::new(&path));
    let mut random = ChaCha20Rng::seed_from_u64(1);
    for start in (0..MANY).step_by(1_000) {
        let forms: Vec<Message> = (start..start + 1_000).map(form).collect();
        put_forms(&mut filled, &forms, &mut random);
    }
    filled.close().unwrap();
    let [mut opened, mut listed] = [const { Vec::new() }; 2];
    for _ in 0..20 {
        let mut store = None;
        opened.push(timed(|| store = Some(open(Place::new(&path)))));
        let store = store.unwrap();
        listed.push(timed(|| store.list(&Filter::default(), 20, |_| true).unwrap().documents.len()));
        store.close().unwrap();
    }
    println!("{:34} {:>11} {:>11.1?} {:>6}   100ms", "opening 100,000 documents", "", median(&opened), "");
    println!("{:34} {:>11} {:>11.1?}", "first page of a list of them", "", median(&listed));
}

/// Writes and syncs of a thousand commits, checkpoints among them.
fn count(batch: u64) {
    const COMMITS: u64 = 1_000;
    let forms = |commit: u64| (commit * batch..(commit + 1) * batch).map(form).collect::<Vec<Message>>();
    let disks = [Disk::new(0), Disk::new(0)];
    let bare =
        bare(Connection::open_with_flags_and_vfs("bare", OpenFlags::default(), disks[0].vfs_name()).unwrap());
    let mut store = open(simulated::place(&disks[1]));
    let mut random = ChaCha20Rng::seed_from_u64(1);
    let before = disks.each_ref().map(Disk::counters);
    for commit in 0..COMMITS {
        insert_bare(&bare, &forms(commit));
        put_forms(&mut store, &forms(commit), &mut random);
    }
    for ((name, disk), before) in ["bare SQLite", "store"].into_iter().zip(&disks).zip(before) {
        let after = disk.counters();
        let mean = |after: u64, before: u64| (after - before) as f64 / COMMITS as f64;
        println!(
            "{:34} {:>9.2} {:>9.3} {:>12.0}",
            format!("{name}, {batch} form(s)"),
            mean(after.writes, before.writes),
            mean(after.syncs, before.syncs),
            mean(after.bytes_written, before.bytes_written)
        );
    }
}

fn insert_bare(bare: &Connection, forms: &[Message]) {
    bare.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut insert = bare.prepare_cached("INSERT INTO document (key, body) VALUES (?1, ?2)").unwrap();
    for form in forms {
        insert.execute(params![form.id().as_bytes(), form.body()]).unwrap();
    }
    bare.execute_batch("COMMIT").unwrap();
}

/// As the app does: with a hash by which the same content is found again.
fn put_forms(store: &mut Store, forms: &[Message], random: &mut ChaCha20Rng) {
    let attributes = attributes();
    let put = |batch: &mut Batch<'_>| {
        forms.iter().try_for_each(|form| {
            let same = hash("content", &[&form.timestamp_ms().to_be_bytes()]);
            batch.put(&new(form, &attributes, Some(&same)), random).map(drop)
        })
    };
    store.batch(put).unwrap();
}

/// As the app does: the last chunks and the document that names them in one commit.
fn put_photo(
    store: &mut Store,
    pieces: &[Message],
    description: &Message,
    random: &mut ChaCha20Rng,
) -> Vec<ChunkId> {
    let attributes = attributes();
    let mut chunks = Vec::new();
    let last = (pieces.len() - 1) / CHUNKS_IN_BATCH;
    store.begin_draft();
    for (number, pieces) in pieces.chunks(CHUNKS_IN_BATCH).enumerate() {
        let put = |batch: &mut Batch<'_>| {
            for piece in pieces {
                chunks.push(batch.put_chunk(piece, random)?);
            }
            if number == last {
                batch.put(&NewDocument { chunks: &chunks, ..new(description, &attributes, None) }, random)?;
            }
            Ok(())
        };
        store.batch(put).unwrap();
    }
    store.end_draft().unwrap();
    chunks
}

fn copy_and_flush(from: &Path, to: &Path) {
    let mut file = std::fs::File::create(to).unwrap();
    file.write_all(&std::fs::read(from).unwrap()).unwrap();
    file.sync_all().unwrap();
}

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("p2psync-bench-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn open(place: Place) -> Store {
    let limits = StoreLimits { bytes_max: u64::MAX, ..StoreLimits::default() };
    let options = Options { unlock: Unlock::Host(&HOST), cost: PasswordCost::FLOOR, group: GROUP, limits };
    Store::open(place, &options, &mut ChaCha20Rng::seed_from_u64(1)).unwrap().store
}

fn bare(connection: Connection) -> Connection {
    connection
        .execute_batch(
            "PRAGMA page_size = 16384; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;
             PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;
             CREATE TABLE document (row INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, body BLOB NOT NULL) STRICT;",
        )
        .unwrap();
    connection
}

/// Bytes that no disk can make smaller.
fn noise(number: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    ChaCha20Rng::seed_from_u64(number).fill_bytes(&mut bytes);
    bytes
}

fn form(number: u64) -> Message {
    Message::new(GROUP, 1_700_000_000_000 + number * 1_000, noise(number, FORM_BYTES)).unwrap()
}

fn piece(number: u64, position: u64) -> Message {
    Message::new(GROUP, 0, noise(1 << 40 | number << 10 | position, CHUNK_BYTES)).unwrap()
}

fn attributes() -> Attributes {
    Attributes::new(Protection::Open { salt: [0; 16] })
}

fn new<'a>(message: &'a Message, attributes: &'a Attributes, same: Option<&'a [u8; 32]>) -> NewDocument<'a> {
    NewDocument {
        message,
        attributes,
        content_bytes: FORM_BYTES as u64,
        chunks: &[],
        chunks_known: true,
        shared: true,
        author: None,
        info: b"application/vnd.sahana.s3json",
        duplicate_of: same,
        now: WallClock(1_700_000_000_000),
    }
}

fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    std::hint::black_box(work());
    start.elapsed()
}

fn median(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn mean(times: &[Duration]) -> Duration {
    times.iter().sum::<Duration>() / u32::try_from(times.len()).unwrap()
}

fn report(what: &str, beside: &[Duration], ours: &[Duration], goal: &str) {
    print!("{what:26}");
    let measures: [fn(&[Duration]) -> Duration; 2] = [median, mean];
    for measure in measures {
        let (beside, ours) = (measure(beside), measure(ours));
        let ratio = ours.as_secs_f64() / beside.as_secs_f64();
        print!("  {beside:>8.1?} {ours:>8.1?} {ratio:>5.2}");
    }
    println!("  {goal}");
}

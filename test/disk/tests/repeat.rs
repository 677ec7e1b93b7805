//! One seed, one run. Alone in its process, because SQLite's own random numbers are the whole process's.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

use p2psync_disk::{Counters, Disk, Snapshot, seed_sqlite_randomness};
use rusqlite::{Connection, OpenFlags};

fn run(seed: u64) -> (Snapshot, Snapshot, Counters) {
    seed_sqlite_randomness(i32::try_from(seed).unwrap());
    let disk = Disk::new(seed);
    let connection =
        Connection::open_with_flags_and_vfs("a.db", OpenFlags::default(), disk.vfs_name()).unwrap();
    disk.cut_power_at_write(30);
    let _ = connection.execute_batch(
        "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; CREATE TABLE t(x); INSERT INTO t VALUES (random());
         INSERT INTO t VALUES (randomblob(50000)); INSERT INTO t VALUES (randomblob(50000));",
    );
    assert!(disk.is_off());
    let before = disk.snapshot();
    disk.power_on();
    (before, disk.snapshot(), disk.counters())
}

#[test]
fn one_seed_is_one_run() {
    for seed in 1..20 {
        assert_eq!(run(seed), run(seed), "{seed}");
    }
    assert!((2..20).any(|seed| run(1).1 != run(seed).1));
    seed_sqlite_randomness(5);
    let before = run(1).0;
    assert_ne!(before, run(2).0, "the salts of the WAL come from the seed");
}

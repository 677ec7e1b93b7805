//! What the disk does for SQLite and for the owner of plain files, one thing at a time.

use std::collections::BTreeSet;

use p2psync_disk::{Disk, DiskError, PlantedBugs, Snapshot, Step};
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::workload::{NAME, Setting, dump, open};

const WAL: Setting = Setting { journal: "wal", synchronous: "FULL", page_bytes: 4_096 };

fn error_code<T>(result: rusqlite::Result<T>) -> Option<ErrorCode> {
    result.err().and_then(|error| error.sqlite_error_code())
}

fn count(connection: &Connection) -> i64 {
    connection.query_row("SELECT count(*) FROM t", (), |row| row.get(0)).unwrap()
}

#[test]
fn wal_needs_an_exclusive_lock() {
    let disk = Disk::new(1);
    let shared = Connection::open_with_flags_and_vfs(NAME, OpenFlags::default(), disk.vfs_name()).unwrap();
    let mode: String = shared.query_row("PRAGMA journal_mode=WAL", (), |row| row.get(0)).unwrap();
    assert_eq!(mode, "delete");
    drop(shared);
    let exclusive = open(&disk, WAL).unwrap();
    exclusive.execute_batch("CREATE TABLE t(x); INSERT INTO t VALUES (1)").unwrap();
    assert_eq!(disk.list().unwrap(), ["store/forms.db", "store/forms.db-wal"]);
    let second = Connection::open_with_flags_and_vfs(NAME, OpenFlags::default(), disk.vfs_name()).unwrap();
    assert!(second.query_row("SELECT x FROM t", (), |_| Ok(())).is_err());
    drop(exclusive);
    assert_eq!(disk.list().unwrap(), ["store/forms.db"]);
}

/// As on Unix. Else SQLite would take an empty file that is called like a WAL for one, and refuse.
#[test]
fn an_empty_file_counts_as_none() {
    let disk = Disk::new(1);
    let open = || Connection::open_with_flags_and_vfs(NAME, OpenFlags::default(), disk.vfs_name()).unwrap();
    open().execute_batch("CREATE TABLE t(x)").unwrap();
    disk.write("store/forms.db-wal", b"").unwrap();
    assert_eq!(count(&open()), 0);
}

#[test]
fn writers_exclude_each_other() {
    let disk = Disk::new(1);
    let open = || Connection::open_with_flags_and_vfs(NAME, OpenFlags::default(), disk.vfs_name()).unwrap();
    let (first, second) = (open(), open());
    first.execute_batch("CREATE TABLE t(x); BEGIN IMMEDIATE; INSERT INTO t VALUES (1)").unwrap();
    assert_eq!(error_code(second.execute_batch("BEGIN IMMEDIATE")), Some(ErrorCode::DatabaseBusy));
    assert_eq!(count(&second), 0);
    second.execute_batch("BEGIN; SELECT * FROM t").unwrap();
    assert_eq!(count(&second), 0);
    assert_eq!(error_code(first.execute_batch("COMMIT")), Some(ErrorCode::DatabaseBusy));
    second.execute_batch("COMMIT").unwrap();
    first.execute_batch("COMMIT").unwrap();
    assert_eq!(count(&second), 1);
}

#[test]
fn without_power_everything_fails_until_it_is_opened_again() {
    let disk = Disk::new(1);
    let before = open(&disk, WAL).unwrap();
    before.execute_batch("CREATE TABLE t(x); INSERT INTO t VALUES (1)").unwrap();
    disk.cut_power();
    let insert = "INSERT INTO t VALUES (2)";
    assert_eq!(error_code(before.execute_batch(insert)), Some(ErrorCode::SystemIoFailure));
    assert!(open(&disk, WAL).is_err());
    let off = DiskError::PowerOff;
    assert_eq!(disk.list(), Err(off.clone()));
    assert_eq!(disk.exists(NAME), Err(off.clone()));
    assert_eq!(disk.read(NAME), Err(off.clone()));
    assert_eq!(disk.write("a", b""), Err(off.clone()));
    assert_eq!(disk.rename(NAME, "store/b"), Err(off.clone()));
    assert_eq!(disk.remove(NAME), Err(off.clone()));
    assert_eq!(disk.sync(NAME), Err(off.clone()));
    assert_eq!(disk.sync_folder("store"), Err(off));

    disk.power_on();
    assert_eq!(error_code(before.execute_batch(insert)), Some(ErrorCode::SystemIoFailure));
    let after = open(&disk, WAL).unwrap();
    assert_eq!(count(&after), 1);
    after.execute_batch(insert).unwrap();
    drop(before);
    assert_eq!(count(&after), 2);
}

#[test]
fn a_full_disk_loses_nothing_and_can_be_read() {
    let disk = Disk::new(1);
    let connection = open(&disk, WAL).unwrap();
    connection.execute_batch("CREATE TABLE t(x)").unwrap();
    disk.fail_full_after(200_000);
    let insert = || connection.execute("INSERT INTO t VALUES (zeroblob(5000))", ());
    let outcomes: Vec<rusqlite::Result<usize>> = (0..100).map(|_| insert()).collect();
    let stored = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert!((10..50).contains(&stored), "{stored}");
    let full = outcomes.into_iter().find_map(Result::err).unwrap();
    assert_eq!(full.sqlite_error_code(), Some(ErrorCode::DiskFull));
    let bytes: usize = disk.list().unwrap().iter().map(|name| disk.read(name).unwrap().len()).sum();
    assert!((150_000..=200_000).contains(&bytes), "{bytes}");
    let stored = i64::try_from(stored).unwrap();
    assert_eq!(count(&connection), stored);
    assert_eq!(disk.write("other", &vec![0; 100_000]), Err(DiskError::Full));
    disk.fail_full_after(None);
    connection.execute_batch("INSERT INTO t VALUES (1)").unwrap();
    assert_eq!(count(&connection), stored + 1);
}

/// A closed database of 200 rows, and a disk with it.
fn filled() -> (Disk, Snapshot, String) {
    let disk = Disk::new(1);
    let connection = open(&disk, WAL).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE t(x);
             WITH RECURSIVE c(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM c WHERE i < 200)
             INSERT INTO t SELECT printf('%0*d', 100, i) FROM c",
        )
        .unwrap();
    let text = dump(&connection).unwrap();
    drop(connection);
    let snapshot = disk.snapshot();
    (disk, snapshot, text)
}

#[test]
fn damage_reaches_sqlite() {
    let (disk, snapshot, text) = filled();
    let before = disk.read(NAME).unwrap();
    let kind_of_the_second_page = 4_096;
    disk.corrupt(NAME, kind_of_the_second_page, 7).unwrap();
    let after = disk.read(NAME).unwrap();
    let differing: Vec<usize> = (0..before.len()).filter(|place| before[*place] != after[*place]).collect();
    assert_eq!((differing, before[4_096] ^ after[4_096]), (vec![4_096], 0x80));
    assert_eq!(
        error_code(open(&disk, WAL).and_then(|connection| dump(&connection))),
        Some(ErrorCode::DatabaseCorrupt)
    );

    let disk = Disk::from_snapshot(&snapshot, 2);
    assert_eq!(dump(&open(&disk, WAL).unwrap()).unwrap(), text);
    disk.truncate(NAME, 9_000).unwrap();
    assert_eq!(disk.read(NAME).unwrap(), before[..9_000]);
    disk.truncate(NAME, 10_000).unwrap();
    disk.corrupt(NAME, 9_000, 0).unwrap();
    assert_eq!(disk.read(NAME).unwrap().len(), 9_000);
    assert_eq!(
        error_code(open(&disk, WAL).and_then(|connection| dump(&connection))),
        Some(ErrorCode::DatabaseCorrupt)
    );
    assert_eq!(disk.corrupt("no", 0, 0), Err(DiskError::NoSuchFile { name: "no".to_owned() }));
}

#[test]
fn plain_files_are_durable_when_they_and_their_folder_were_synced() {
    let survivors = |synced: bool, folder_synced: bool| {
        (0..50).map(move |seed| {
            let disk = Disk::new(seed);
            disk.write("keys/wrap", b"wrapped key").unwrap();
            if synced {
                disk.sync("keys/wrap").unwrap();
            }
            if folder_synced {
                disk.sync_folder("keys").unwrap();
            }
            disk.cut_power();
            disk.power_on();
            disk.read("keys/wrap").ok()
        })
    };
    assert!(survivors(true, true).all(|bytes| bytes.as_deref() == Some(b"wrapped key")));
    assert!(survivors(true, false).any(|bytes| bytes.is_none()));
    assert!(survivors(true, false).flatten().all(|bytes| bytes == b"wrapped key"));
    assert!(survivors(false, true).any(|bytes| bytes.as_deref() == Some(b"")));
    assert!(survivors(false, true).all(|bytes| bytes.is_some()));
}

/// What the disk may hold when the power goes while `act` is done, which is told that it failed.
fn survivors(step: Step, act: fn(&Disk) -> Result<(), DiskError>) -> BTreeSet<(String, Vec<u8>)> {
    let survive = |seed| {
        let disk = Disk::new(seed);
        disk.write("old", b"old").unwrap();
        disk.sync("old").unwrap();
        disk.sync_folder("").unwrap();
        assert_eq!(disk.counters().syncs, 2);
        disk.cut_power_at(step);
        assert_eq!(act(&disk), Err(DiskError::PowerOff));
        disk.power_on();
        let names = disk.list().unwrap();
        assert_eq!(names.len(), 1, "{names:?}");
        (names[0].clone(), disk.read(&names[0]).unwrap())
    };
    (0..200).map(survive).collect()
}

#[test]
fn what_is_under_way_when_the_power_goes_is_done_or_not() {
    let file = |name: &str, bytes: &str| (name.to_owned(), bytes.as_bytes().to_vec());
    let written = survivors(Step::Write(4), |disk| disk.write("old", b"new"));
    assert!(written.is_superset(&[file("old", "old"), file("old", ""), file("old", "new")].into()));
    let cut_short = survivors(Step::Write(3), |disk| disk.write("old", b"new"));
    assert_eq!(cut_short, [file("old", "old"), file("old", "")].into());
    let synced = survivors(Step::Sync(3), |disk| disk.write("old", b"new").and_then(|()| disk.sync("old")));
    assert!(synced.is_superset(&[file("old", "old"), file("old", "new")].into()));
    let renamed = survivors(Step::NameChange(2), |disk| disk.rename("old", "new"));
    assert_eq!(renamed, [file("old", "old"), file("new", "old")].into());
    let folder_synced =
        survivors(Step::Sync(3), |disk| disk.rename("old", "new").and_then(|()| disk.sync_folder("")));
    assert_eq!(folder_synced, renamed);
}

#[test]
fn planted_bugs_do_what_they_say() {
    let survivors = |bugs: PlantedBugs| -> BTreeSet<(String, Vec<u8>)> {
        let survive = |seed| {
            let disk = Disk::new(seed);
            disk.write("old", b"old").unwrap();
            disk.sync("old").unwrap();
            disk.sync_folder("").unwrap();
            disk.plant(bugs);
            disk.write("old", b"new").unwrap();
            disk.sync("old").unwrap();
            disk.rename("old", "new").unwrap();
            disk.sync_folder("").unwrap();
            disk.cut_power();
            disk.power_on();
            let name = disk.list().unwrap().remove(0);
            let bytes = disk.read(&name).unwrap();
            (name, bytes)
        };
        (0..100).map(survive).collect()
    };
    let file = |name: &str, bytes: &str| (name.to_owned(), bytes.as_bytes().to_vec());
    assert_eq!(survivors(PlantedBugs::default()), [file("new", "new")].into());
    let forgotten = PlantedBugs { folder_sync_forgotten: true, ..PlantedBugs::default() };
    assert_eq!(survivors(forgotten), [file("new", "new"), file("old", "new")].into());
    let nothing = survivors(PlantedBugs { sync_does_nothing: true, ..PlantedBugs::default() });
    let every_mixture = [file("old", "old"), file("old", "new"), file("new", "old"), file("new", "new")];
    assert!(nothing.is_superset(&every_mixture.into()), "{nothing:?}");
}

#[test]
fn a_snapshot_and_what_comes_after_it_are_apart() {
    let disk = Disk::new(1);
    disk.write("a", b"a").unwrap();
    let snapshot = disk.snapshot();
    disk.write("a", b"later").unwrap();
    let copy = Disk::from_snapshot(&snapshot, 1);
    copy.write("b", b"b").unwrap();
    assert_eq!((copy.read("a").unwrap(), copy.read("b").unwrap()), (b"a".to_vec(), b"b".to_vec()));
    assert_eq!((disk.read("a").unwrap(), disk.exists("b")), (b"later".to_vec(), Ok(false)));
    assert_eq!(Disk::from_snapshot(&snapshot, 2).snapshot(), snapshot);
}

#[test]
fn a_file_without_a_name_lives_while_it_is_open() {
    let (disk, _, text) = filled();
    let connection = open(&disk, WAL).unwrap();
    disk.remove(NAME).unwrap();
    assert_eq!(dump(&connection).unwrap(), text);
    disk.sync_folder("store").unwrap();
    assert_eq!(dump(&connection).unwrap(), text);
}

#[test]
fn a_file_is_set_aside_by_its_name_alone() {
    let (disk, _, text) = filled();
    let aside = "store/forms.db.damaged";
    disk.write(aside, b"an older one").unwrap();
    disk.rename(NAME, aside).unwrap();
    assert_eq!(disk.list().unwrap(), [aside]);
    assert!(!disk.exists(NAME).unwrap());
    let elsewhere = DiskError::OtherFolder { from: aside.to_owned(), to: "forms.db".to_owned() };
    assert_eq!(disk.rename(aside, "forms.db"), Err(elsewhere));
    assert_eq!(disk.rename(NAME, aside), Err(DiskError::NoSuchFile { name: NAME.to_owned() }));
    assert_eq!(dump(&open(&disk, WAL).unwrap()).unwrap(), "[]\n");
    disk.remove(NAME).unwrap();
    disk.rename(aside, NAME).unwrap();
    assert_eq!(dump(&open(&disk, WAL).unwrap()).unwrap(), text);
}

#[test]
fn disks_know_nothing_of_each_other() {
    let disks = [Disk::new(1), Disk::new(1)];
    assert_ne!(disks[0].vfs_name(), disks[1].vfs_name());
    let connections = disks.each_ref().map(|disk| open(disk, WAL).unwrap());
    connections[0].execute_batch("CREATE TABLE t(x)").unwrap();
    disks[0].cut_power();
    connections[1].execute_batch("CREATE TABLE t(x)").unwrap();
    assert_eq!(count(&connections[1]), 0);
    assert!(disks[0].is_off() && !disks[1].is_off());
}

#[test]
fn a_dropped_disk_leaves_its_connections_with_errors() {
    let disk = Disk::new(1);
    let name = disk.vfs_name().to_owned();
    let connection = open(&disk, WAL).unwrap();
    let memory = Connection::open_with_flags_and_vfs(":memory:", OpenFlags::default(), &*name).unwrap();
    let clone = disk.clone();
    drop(disk);
    connection.execute_batch("CREATE TABLE t(x)").unwrap();
    drop(clone);
    assert_eq!(error_code(connection.execute_batch("DROP TABLE t")), Some(ErrorCode::SystemIoFailure));
    assert!(connection.execute_batch("ATTACH 'store/other.db' AS other").is_err());
    drop(connection);
    assert!(memory.query_row("SELECT datetime('now')", (), |row| row.get::<_, String>(0)).is_err());
    let gone = Connection::open_with_flags_and_vfs(NAME, OpenFlags::default(), &*name).unwrap_err();
    assert!(gone.to_string().contains("no such vfs"), "{gone}");
}

#[test]
fn threads_use_it_in_turn() {
    let disk = Disk::new(1);
    open(&disk, WAL).unwrap().execute_batch("CREATE TABLE t(x)").unwrap();
    for turn in 1..=4 {
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let connection = open(&disk, WAL).unwrap();
                connection.execute_batch("INSERT INTO t VALUES (1)").unwrap();
                assert_eq!(count(&connection), turn);
            });
        });
    }
}

#[test]
fn sqlite_is_told_the_disks_time() {
    let disk = Disk::new(1);
    disk.set_unix_ms(1_790_000_000_123);
    let connection = open(&disk, WAL).unwrap();
    let now = |sql: &str| connection.query_row(sql, (), |row| row.get::<_, String>(0)).unwrap();
    assert_eq!(now("SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')"), "2026-09-21 14:13:20.123");
}

#[test]
fn what_is_asked_is_counted() {
    let disk = Disk::new(1);
    disk.write("a", b"12345").unwrap();
    disk.sync("a").unwrap();
    disk.sync_folder("").unwrap();
    disk.rename("a", "b").unwrap();
    let counters = disk.counters();
    assert_eq!((counters.syncs, disk.sync_points()), (2, 2));
    assert_eq!((counters.writes, counters.bytes_written, counters.name_changes), (2, 5, 2));
}

//! Bits turned over and files cut short: damage is detected or harmless, the file is set aside, and what still
//! opens is saved. Nothing in the folder shows what it holds.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod fixture;
#[path = "fixture/simulated.rs"]
mod simulated;

use fixture::{Folder, GROUP, HOST, NOW, chunk, message, options, random, small};
use p2psync_bramble::SecretKey;
use p2psync_disk::{Disk, Snapshot};
use p2psync_model::{ChunkId, Message};
use p2psync_store::{Depth, Error, Filter, NewDocument, Opened, Options, PasswordCost, Store, Unlock};
use rand_chacha::rand_core::RngCore;
use simulated::{open, place};

const DOCUMENTS: u64 = 30;

/// A closed store of a few pages: small documents, one of two chunks, a peer and a setting.
fn filled() -> Snapshot {
    let disk = Disk::new(0);
    let mut store = open(&disk, &options(), 1).unwrap().store;
    for number in 0..DOCUMENTS {
        store.put(&small(&message(number)), &mut random(number)).unwrap();
    }
    let chunks = [chunk(1).id(), chunk(2).id()];
    let large = message(DOCUMENTS);
    store
        .batch(|batch| {
            batch.put_chunk(&chunk(1), &mut random(5))?;
            batch.put_chunk(&chunk(2), &mut random(6))?;
            batch.put(&NewDocument { chunks: &chunks, ..small(&large) }, &mut random(7))?;
            batch.put_peer(&[3; 32], b"Bob", &mut random(8))?;
            batch.set("name", Some(b"Alice"), &mut random(9))
        })
        .unwrap();
    store.close().unwrap();
    disk.snapshot()
}

/// Reads everything; how many documents are as they were put. Panics on content that is silently wrong.
fn intact(store: &Store) -> u64 {
    let mut intact = 0;
    for number in 0..=DOCUMENTS {
        let expected = message(number);
        match store.document_message(&expected.id()) {
            Ok(found) => {
                assert_eq!(found, expected);
                intact += 1;
            }
            Err(Error::NotFound | Error::Damaged(_) | Error::Disk(_)) => {}
            Err(other) => panic!("{other}"),
        }
    }
    for number in [1, 2] {
        if let Ok(found) = store.chunk(&chunk(number).id()) {
            assert_eq!(found, chunk(number));
        }
    }
    if let Ok(listed) = store.list(&Filter::default(), usize::MAX, |_| true) {
        assert!(listed.documents.iter().all(|info| info.info == b"info" && info.timestamp_ms >= NOW.0));
    }
    assert!(
        matches!(store.setting("name"), Ok(None) | Err(_))
            || store.setting("name").unwrap().unwrap() == b"Alice"
    );
    intact
}

/// Opens a damaged disk, and rescues it if a check finds damage.
fn open_damaged(disk: &Disk) -> Result<Opened, Error> {
    let opened = open(disk, &options(), 3)?;
    if opened.rescue.is_some() {
        return Ok(opened);
    }
    intact(&opened.store);
    let found = opened.store.check(Depth::Full)?;
    if found.damage.is_empty() {
        assert_eq!(intact(&opened.store), DOCUMENTS + 1, "no damage is found, yet something is missing");
        return Ok(opened);
    }
    opened.store.close()?;
    Store::rescue(place(disk), &options(), &mut random(4))
}

/// Turns one bit for each seed.
fn turn_bits(seeds: std::ops::Range<u64>) {
    let filled = filled();
    let (mut saved, mut rescued) = (0, 0);
    for seed in seeds {
        let disk = Disk::from_snapshot(&filled, seed);
        let length = disk.read("store").unwrap().len() as u64;
        let mut random = random(seed);
        let offset = usize::try_from(random.next_u64() % length).unwrap();
        disk.corrupt("store", offset, u8::try_from(random.next_u32() % 8).unwrap()).unwrap();
        match open_damaged(&disk) {
            Ok(opened) => {
                let intact = intact(&opened.store);
                saved += intact;
                if let Some(report) = opened.rescue {
                    rescued += 1;
                    assert_eq!(opened.store.check(Depth::Full).unwrap().damage, [""; 0], "seed {seed}");
                    assert!(disk.list().unwrap().contains(&"store.damaged-1".to_owned()));
                    assert!(intact > DOCUMENTS / 2 && !report.key_lost, "seed {seed}: {intact}");
                }
            }
            Err(error) => panic!("seed {seed}, offset {offset}: {error}"),
        }
    }
    assert!(rescued > 25, "{rescued} were noticed");
    assert!(saved > 250 * DOCUMENTS * 9 / 10, "{saved}");
}

#[test]
fn turned_bits_are_detected_or_harmless() {
    turn_bits(0..250);
}

#[test]
fn more_turned_bits_are_detected_or_harmless() {
    turn_bits(250..500);
}

#[test]
fn other_turned_bits_are_detected_or_harmless() {
    turn_bits(500..750);
}

#[test]
fn yet_other_turned_bits_are_detected_or_harmless() {
    turn_bits(750..1_000);
}

#[test]
fn no_bit_of_the_head_costs_more_than_the_time_of_a_rescue() {
    let filled = filled();
    let mut rescued = 0;
    for bit in (0..100 * 8).step_by(3) {
        let disk = Disk::from_snapshot(&filled, 0);
        disk.corrupt("store", bit / 8, u8::try_from(bit % 8).unwrap()).unwrap();
        let opened = open_damaged(&disk).unwrap();
        assert_eq!(intact(&opened.store), DOCUMENTS + 1, "bit {bit}");
        rescued += u64::from(opened.rescue.is_some());
    }
    assert!(rescued > 50, "{rescued}");
}

#[test]
fn a_lost_first_page_is_made_again() {
    let filled = filled();
    let disk = Disk::from_snapshot(&filled, 0);
    let mut file = disk.read("store").unwrap();
    for fill in [0, 0xff] {
        file[..16_384].fill(fill);
        let disk = Disk::from_snapshot(&filled, 0);
        disk.write("store", &file).unwrap();
        disk.sync("store").unwrap();
        let opened = open(&disk, &options(), 3).unwrap();
        assert!(!opened.rescue.unwrap().key_lost);
        assert_eq!(intact(&opened.store), DOCUMENTS + 1);
        assert_eq!(opened.store.check(Depth::Full).unwrap().damage, [""; 0]);
        assert_eq!(disk.read("store.damaged-1").unwrap(), file, "the damaged file stays as it is");
        assert_eq!(disk.list().unwrap().len(), 3, "{:?}", disk.list());
    }
}

#[test]
fn a_file_cut_short_at_any_page_gives_back_the_rest() {
    let filled = filled();
    let length = Disk::from_snapshot(&filled, 0).read("store").unwrap().len();
    let mut most = 0;
    // An empty file is a fresh one, as a cut during its making leaves it.
    for pages in 0..length / 16_384 {
        for extra in if pages < 2 { vec![1, 8_192] } else { vec![pages * 997 % 16_383 + 1] } {
            let disk = Disk::from_snapshot(&filled, 0);
            disk.truncate("store", pages * 16_384 + extra).unwrap();
            let opened = open_damaged(&disk).unwrap();
            let whole = intact(&opened.store);
            assert!(opened.rescue.is_some(), "{pages} pages were taken for all");
            assert_eq!(opened.store.check(Depth::Full).unwrap().damage, [""; 0]);
            most = most.max(whole);
        }
    }
    assert!(most > DOCUMENTS / 2, "{most}");
}

#[test]
fn a_rescue_cut_off_anywhere_is_ended_or_begun_again() {
    let filled = filled();
    let damaged = Disk::from_snapshot(&filled, 0);
    damaged.corrupt("store", 5 * 16_384 + 9_000, 3).unwrap();
    let start = damaged.snapshot();
    let disk = Disk::from_snapshot(&start, 0);
    let expected = intact(&Store::rescue(place(&disk), &options(), &mut random(1)).unwrap().store);
    for sync in 1..=disk.sync_points() {
        let disk = Disk::from_snapshot(&start, sync);
        disk.cut_power_at_sync(sync);
        assert!(Store::rescue(place(&disk), &options(), &mut random(1)).is_err() || !disk.is_off());
        disk.power_on();
        let store = open(&disk, &options(), 2).unwrap().store;
        let found = intact(&store);
        assert!(found >= expected, "sync {sync}: {found} of {expected}");
    }
}

#[test]
fn a_wrong_key_changes_nothing_even_of_a_damaged_file() {
    let filled = filled();
    let wrong = SecretKey::from_bytes([99; 32]);
    for offset in [None, Some(3)] {
        let disk = Disk::from_snapshot(&filled, 0);
        if let Some(offset) = offset {
            disk.corrupt("store", offset, 0).unwrap();
        }
        let before = disk.read("store").unwrap();
        for unlock in [Unlock::Host(&wrong), Unlock::Password("word")] {
            let opened = open(&disk, &Options { unlock, ..options() }, 1);
            assert!(matches!(opened, Err(Error::WrongKey | Error::OtherKeyNeeded(_))), "{opened:?}");
        }
        assert!(disk.read("store").unwrap() == before);
        assert!(!disk.list().unwrap().iter().any(|name| name.contains("damaged")));
    }
}

#[test]
fn rows_put_in_each_others_place_are_an_error() {
    let folder = Folder::new("swapped");
    let mut store = folder.open();
    for number in 0..2 {
        store.put(&small(&message(number)), &mut random(number)).unwrap();
    }
    store.close().unwrap();
    let file = rusqlite::Connection::open(folder.file()).unwrap();
    file.execute_batch(
        "CREATE TEMP TABLE swap AS SELECT 3 - row AS row, body FROM document;
         UPDATE document SET body = (SELECT body FROM swap WHERE swap.row = document.row);",
    )
    .unwrap();
    drop(file);
    let store = folder.open();
    for number in 0..2 {
        assert_eq!(store.document_message(&message(number).id()), Err(Error::Damaged("a sealed value")));
    }
    assert!(!store.check(Depth::Full).unwrap().damage.is_empty());
}

#[test]
fn what_lost_a_chunk_does_not_stand_for_the_same_content_put_again() {
    let folder = Folder::new("lost-chunk");
    let mut store = folder.open();
    let (first, second) = (message(1), message(2));
    let chunks = [chunk(1).id(), chunk(2).id()];
    let put = |store: &mut Store, message, chunks: &[ChunkId]| {
        let new = NewDocument { chunks, duplicate_of: Some(&[7; 32]), ..small(message) };
        store.batch(|batch| {
            batch.put_chunk(&chunk(1), &mut random(1))?;
            batch.put(&new, &mut random(2))
        })
    };
    store.batch(|batch| batch.put_chunk(&chunk(2), &mut random(1))).unwrap();
    put(&mut store, &first, &chunks).unwrap();
    store.close().unwrap();
    let file = rusqlite::Connection::open(folder.file()).unwrap();
    file.execute("DELETE FROM chunk WHERE row = 1", []).unwrap();
    drop(file);
    let opened = Store::rescue(folder.place(), &options(), &mut random(3)).unwrap();
    assert_eq!(opened.rescue.unwrap().documents_incomplete, 1);
    let mut store = opened.store;
    assert_eq!(store.missing_chunks(&first.id(), 9).unwrap().len(), 1);
    let arrival = put(&mut store, &second, &chunks[..1]).unwrap();
    assert!(arrival.created && arrival.id == second.id(), "{arrival:?}");
    let third = message(3);
    assert_eq!(put(&mut store, &third, &chunks[..1]).unwrap().id, second.id());
    assert_eq!(store.check(Depth::Full).unwrap().damage, [""; 0]);
}

#[test]
fn plain_columns_cannot_be_altered_unseen() {
    let folder = Folder::new("altered");
    let mut store = folder.open();
    store.put(&small(&message(0)), &mut random(0)).unwrap();
    store.close().unwrap();
    for column in ["state", "shared", "origin", "bytes", "expires_day", "confirmed_day", "bucket"] {
        let file = rusqlite::Connection::open(folder.file()).unwrap();
        file.execute(&format!("UPDATE document SET {column} = {column} + 1"), []).unwrap();
        drop(file);
        let store = folder.open();
        assert_eq!(store.document(&message(0).id()), Err(Error::Damaged("a document's row")), "{column}");
        store.close().unwrap();
        let file = rusqlite::Connection::open(folder.file()).unwrap();
        file.execute(&format!("UPDATE document SET {column} = {column} - 1"), []).unwrap();
    }
}

#[test]
fn no_byte_of_the_folder_shows_what_it_holds() {
    const MARKER: &[u8] = b"MARKER-of-a-secret";
    let folder = Folder::new("secrecy");
    let mut store = folder.open();
    let body = [b"body ".as_slice(), MARKER, &vec![0; 3_000]].concat();
    let document = Message::new(GROUP, NOW.0, body.clone()).unwrap();
    let piece = Message::new(GROUP, 0, body).unwrap();
    let chunks = [piece.id()];
    store
        .batch(|batch| {
            batch.put_chunk(&piece, &mut random(1))?;
            let new = NewDocument { info: MARKER, chunks: &chunks, ..small(&document) };
            batch.put(&new, &mut random(2))?;
            batch.enqueue(&document.id(), NOW, MARKER, &mut random(3))?;
            batch.put_peer(&[3; 32], MARKER, &mut random(4))?;
            batch.set("MARKER-of-a-secret", Some(MARKER), &mut random(5))?;
            batch.add_meeting(MARKER, &mut random(6))
        })
        .unwrap();
    let id = document.id();
    let needles = [MARKER, id.as_bytes(), chunks[0].as_bytes(), GROUP.as_bytes(), HOST.as_bytes()];
    #[allow(clippy::disallowed_methods, reason = "the files themselves are the subject")]
    let assert_hidden = || {
        for (name, needle) in folder.names().iter().flat_map(|name| needles.map(|needle| (name, needle))) {
            let bytes = std::fs::read(folder.file().with_file_name(name)).unwrap();
            assert!(!bytes.windows(needle.len()).any(|window| window == needle), "{name}");
        }
    };
    assert!(std::fs::metadata(folder.file().with_file_name("store-wal")).unwrap().len() > 10_000);
    assert_hidden();
    store.set_unlock(&Unlock::Password("MARKER-of-a-secret"), PasswordCost::FLOOR, &mut random(7)).unwrap();
    assert!(std::fs::metadata(folder.file()).unwrap().len() > 100_000);
    assert_hidden();
    assert_eq!(folder.names(), ["store", "store-wal"]);
    assert_eq!(store.setting("MARKER-of-a-secret"), Ok(Some(MARKER.to_vec())), "the marker is there");
}

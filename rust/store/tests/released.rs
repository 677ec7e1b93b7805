//! Files of released versions, kept as they were made: each is opened, brought to today's version, and read wholly.
//! `BLESS=1` makes the file of a version that has none yet, and never changes one that is there.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]
#![allow(clippy::disallowed_methods, reason = "fixtures are files")]

mod fixture;

use std::io::Read as _;
use std::path::PathBuf;

use fixture::{Folder, GROUP, HOST, NOW, attributes, child_of, message, options, random, small};
use flate2::Compression;
use flate2::read::{GzDecoder, GzEncoder};
use p2psync_bramble::WallClock;
use p2psync_model::{
    Attributes, Body, ChunkId, Fingerprint, Message, Notice, NoticeEntry, Opaque, Priority, Receipt,
    Rejection, Signed,
};
use p2psync_store::{
    Bucket, Collection, Depth, Filter, NewDocument, Options, PasswordCost, State, StatementKind, Store,
    Unlock,
};

const VERSION: i64 = 1;
const PASSWORD: &str = "correct horse battery staple";
const SERVER: Fingerprint = Fingerprint::V4([4; 20]);
/// By which way it is opened, and the name of the file.
const WAYS: [(Unlock<'_>, &str); 2] =
    [(Unlock::Host(&HOST), "device-key"), (Unlock::Password(PASSWORD), "password")];

fn path(name: &str) -> PathBuf {
    let file = format!("../../test/fixtures/store/v{VERSION}.{name}.sqlite.gz");
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(file)
}

fn piece(number: u8) -> Message {
    Message::new(GROUP, 0, vec![1, b'p', number]).unwrap()
}

fn ids(pieces: &[u8]) -> Vec<ChunkId> {
    pieces.iter().map(|number| piece(*number).id()).collect()
}

fn urgent() -> Attributes {
    Attributes {
        priority: Priority::High,
        expires: Some(WallClock(NOW.0 + 86_400_000)),
        ..attributes().clone()
    }
}

fn receipt() -> (Receipt, Message) {
    let mut ids = vec![message(2).id(), message(90).id()];
    ids.sort();
    let receipt = Receipt::new(SERVER, 0, 100, ids).unwrap();
    let signed = Body::Receipt(Signed::new(receipt.clone(), vec![1; 119]).unwrap());
    (receipt, signed.to_message(GROUP).unwrap())
}

fn notice() -> (Notice, Message) {
    let entry = NoticeEntry::new(message(3).id(), Rejection::Malformed, "no such field".to_owned()).unwrap();
    let notice = Notice::new(SERVER, 0, 100, vec![entry]).unwrap();
    let signed = Body::Notice(Signed::new(notice.clone(), vec![1; 119]).unwrap());
    (notice, signed.to_message(GROUP).unwrap())
}

fn certificate() -> Message {
    Body::CertificateUpdate(Opaque::new(vec![7; 90]).unwrap()).to_message(GROUP).unwrap()
}

/// Every kind of row. Documents 1 to 3 are one's own, 5 to 8 a peer's, 4 and 9 are gone.
fn fill(store: &mut Store) {
    let (shared, lacking) = (ids(&[1, 2]), ids(&[2, 3]));
    let (urgent, child) = (urgent(), child_of(&[message(99).id()]));
    let messages: Vec<Message> = (0..10).map(message).collect();
    let of = |number: usize| &messages[number];
    store
        .batch(|batch| {
            let random = &mut random(1);
            batch.put_chunk(&piece(1), random)?;
            batch.put_chunk(&piece(2), random)?;
            batch.put(
                &NewDocument { duplicate_of: Some(&[7; 32]), chunks: &shared, ..small(of(1)) },
                random,
            )?;
            batch.put(&small(of(2)), random)?;
            batch.put(&NewDocument { shared: false, ..small(of(3)) }, random)?;
            batch.put(&small(of(4)), random)?;
            let bob = batch.put_peer(&[3; 32], b"Bob", random)?;
            batch.receive(
                bob,
                &NewDocument { attributes: &urgent, author: Some(&[5; 32]), ..small(of(5)) },
                random,
            )?;
            batch.receive(bob, &NewDocument { chunks: &lacking, ..small(of(6)) }, random)?;
            batch.receive(bob, &NewDocument { attributes: &child, ..small(of(7)) }, random)?;
            batch.receive(bob, &NewDocument { chunks: &shared, ..small(of(8)) }, random)?;
            batch.note_holder(&message(1).id(), bob)?;
            batch.apply_receipt(&receipt().0, &receipt().1, NOW, random)?;
            batch.apply_notice(&notice().0, &notice().1, random)?;
            batch.keep_statement(StatementKind::Certificate, &[6; 32], &certificate(), random)?;
            batch.delete(&[message(4).id(), message(9).id()], true)?;
            batch.set("name", Some(b"Alice"), random)?;
            batch.enqueue(&message(1).id(), NOW, b"attempt 1", random)?;
            batch.add_meeting(b"met Bob", random)
        })
        .unwrap();
    store.set_rescue_wrap(Some(b"sealed to the server")).unwrap();
    for collection in [Collection::Documents, Collection::Statements] {
        store.buckets(collection, &mut random(2)).unwrap();
    }
}

fn make_missing_files() {
    for (unlock, name) in WAYS {
        if std::env::var_os("BLESS").is_none() || path(name).exists() {
            continue;
        }
        let folder = Folder::new("bless");
        let mut store = folder.open_with(&Options { unlock, ..options() }).store;
        fill(&mut store);
        store.close().unwrap();
        let mut packed = Vec::new();
        let file = std::fs::read(folder.file()).unwrap();
        GzEncoder::new(file.as_slice(), Compression::best()).read_to_end(&mut packed).unwrap();
        std::fs::create_dir_all(path(name).parent().unwrap()).unwrap();
        std::fs::write(path(name), packed).unwrap();
    }
}

/// The file as it was released, in a folder of its own.
fn unpacked(name: &str, purpose: &str) -> Folder {
    let folder = Folder::new(&format!("{purpose}-{name}"));
    let mut file = Vec::new();
    let packed = std::fs::read(path(name)).unwrap();
    GzDecoder::new(packed.as_slice()).read_to_end(&mut file).unwrap();
    std::fs::write(folder.file(), file).unwrap();
    folder
}

fn assert_complete(store: &mut Store) {
    let state = |store: &Store, number| store.document(&message(number).id()).map(|info| info.state).ok();
    let expected = [
        (1, Some(State::Relayed)),
        (2, Some(State::Confirmed)),
        (3, Some(State::Rejected)),
        (4, None),
        (5, Some(State::Stored)),
        (6, None),
        (7, Some(State::Stored)),
        (8, Some(State::Stored)),
    ];
    for (number, expected) in expected {
        assert_eq!(state(store, number), expected, "document {number}");
        if number != 4 {
            assert_eq!(store.document_message(&message(number).id()), Ok(message(number)));
        }
    }
    for number in [1, 2] {
        assert_eq!(store.chunk(&piece(number).id()), Ok(piece(number)));
    }
    assert_eq!(store.missing_chunks(&message(6).id(), 9), Ok(ids(&[3])));
    assert_eq!(store.missing_parents(9), Ok(vec![message(99).id()]));
    let five = store.document(&message(5).id()).unwrap();
    assert_eq!((five.priority, five.brought_by), (Priority::High, Some(store.peers().unwrap()[0].row)));
    let one = store.document(&message(1).id()).unwrap();
    assert_eq!((one.copies, one.info.as_slice(), one.brought_by), (1, b"info".as_slice(), None));
    assert_eq!(store.peers().unwrap()[0].record, b"Bob");
    assert!([4, 9, 90].iter().all(|number| store.has_tombstone(&message(*number).id()).unwrap()));
    assert_eq!(store.receipt_for(&message(90).id()), Ok(Some(receipt().1)));
    assert_eq!(store.rejection(&message(3).id()).unwrap().unwrap().entry, notice().0.entries()[0]);
    assert_eq!(store.statement(&[6; 32]), Ok(certificate()));
    assert_eq!(store.setting("name"), Ok(Some(b"Alice".to_vec())));
    assert_eq!(store.due_deliveries(NOW, 9), Ok(vec![(message(1).id(), b"attempt 1".to_vec())]));
    assert_eq!(store.meetings(None, 9).unwrap()[0].1, b"met Bob");
    assert_eq!(store.rescue_wrap(), Ok(Some(b"sealed to the server".to_vec())));
    let sum = |buckets: Vec<Bucket>| buckets.iter().map(|bucket| bucket.count).sum::<u32>();
    assert_eq!(sum(store.buckets(Collection::Documents, &mut random(3)).unwrap()), 4);
    assert_eq!(sum(store.buckets(Collection::Statements, &mut random(3)).unwrap()), 3);
    let same = message(40);
    let again = NewDocument { duplicate_of: Some(&[7; 32]), ..small(&same) };
    assert_eq!(store.put(&again, &mut random(4)).unwrap().id, message(1).id());
    assert_eq!(store.check(Depth::Full).unwrap().damage, [""; 0]);
}

#[test]
fn released_files_are_opened_and_read() {
    make_missing_files();
    for (unlock, name) in WAYS {
        let folder = unpacked(name, "released");
        for _ in 0..2 {
            let opened = folder.open_with(&Options { unlock, ..options() });
            assert!(!opened.created && opened.rescue.is_none());
            let mut store = opened.store;
            assert_complete(&mut store);
            store.close().unwrap();
        }
        let mut store = folder.open_with(&Options { unlock, ..options() }).store;
        let next = Unlock::HostAndPassword(&HOST, "another");
        store.set_unlock(&next, PasswordCost::FLOOR, &mut random(5)).unwrap();
        store.close().unwrap();
        assert_complete(&mut folder.open_with(&Options { unlock: next, ..options() }).store);
    }
}

fn tables(folder: &Folder) -> Vec<(String, String, Option<String>)> {
    let file = rusqlite::Connection::open(folder.file()).unwrap();
    let mut query = file.prepare("SELECT type, name, sql FROM sqlite_schema ORDER BY name").unwrap();
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

#[test]
fn a_released_file_that_was_opened_has_the_tables_of_a_fresh_one() {
    make_missing_files();
    let fresh = Folder::new("fresh-tables");
    fresh.open().close().unwrap();
    let released = unpacked(WAYS[0].1, "tables");
    released.open().close().unwrap();
    assert!(tables(&fresh).len() > 30);
    assert_eq!(tables(&released), tables(&fresh));
}

#[test]
fn a_released_file_is_listed_page_by_page() {
    make_missing_files();
    let folder = unpacked(WAYS[0].1, "listed");
    let store = folder.open();
    let filter = Filter { with_waiting: true, ..Filter::default() };
    let page = store.list(&filter, 4, |_| true).unwrap();
    let rest = store.list(&Filter { before: page.next, ..filter }, 4, |_| true).unwrap();
    let listed: Vec<_> = page.documents.iter().chain(&rest.documents).map(|info| info.id).collect();
    assert_eq!(listed, [8, 7, 5, 3, 2, 1].map(|number| message(number).id()));
}

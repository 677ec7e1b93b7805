//! What opens a store, and what does not; other people's files; erasing everything.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod fixture;

use std::io::Write as _;

use fixture::{Folder, HOST, message, options, random, small};
use p2psync_bramble::SecretKey;
use p2psync_store::{Error, Options, PasswordCost, Store, Unlock};

fn open(folder: &Folder, unlock: Unlock<'_>) -> Result<Store, Error> {
    let opened = Store::open(folder.place(), &Options { unlock, ..options() }, &mut random(1))?;
    assert!(opened.rescue.is_none() && !opened.created, "{:?} {}", opened.rescue, opened.created);
    Ok(opened.store)
}

fn error(folder: &Folder, unlock: Unlock<'_>) -> Error {
    open(folder, unlock).map(drop).unwrap_err()
}

fn read(folder: &Folder, name: &str) -> Vec<u8> {
    #[allow(clippy::disallowed_methods, reason = "the files themselves are the subject")]
    let bytes = std::fs::read(folder.file().with_file_name(name));
    bytes.unwrap_or_default()
}

#[test]
fn the_way_of_opening_can_be_changed_at_will() {
    let folder = Folder::new("ways");
    let mut store = folder.open();
    store.put(&small(&message(1)), &mut random(1)).unwrap();
    let other = SecretKey::from_bytes([77; 32]);
    let ways = [
        Unlock::Password("first"),
        Unlock::Password("second"),
        Unlock::HostAndPassword(&HOST, "second"),
        Unlock::Host(&other),
        Unlock::Host(&HOST),
    ];
    let mut before = Unlock::Host(&HOST);
    for way in ways {
        store.set_unlock(&way, PasswordCost::FLOOR, &mut random(2)).unwrap();
        assert_eq!(store.verify_unlock(&way), Ok(()));
        store.close().unwrap();
        assert!(matches!(error(&folder, before), Error::WrongKey | Error::OtherKeyNeeded(_)));
        store = open(&folder, way).unwrap();
        assert_eq!(store.document_message(&message(1).id()), Ok(message(1)));
        before = way;
    }
}

#[test]
fn wrong_passwords_are_told_from_missing_ones() {
    let folder = Folder::new("wrong");
    let both = Unlock::HostAndPassword(&HOST, "word");
    folder.open_with(&Options { unlock: both, ..options() }).store.close().unwrap();
    let other = SecretKey::from_bytes([77; 32]);
    assert_eq!(error(&folder, Unlock::HostAndPassword(&HOST, "Word")), Error::WrongKey);
    assert_eq!(error(&folder, Unlock::HostAndPassword(&other, "word")), Error::WrongKey);
    let needed = Error::OtherKeyNeeded("the device's key and a password");
    assert_eq!(error(&folder, Unlock::Host(&HOST)), needed);
    assert_eq!(error(&folder, Unlock::Password("word")), needed);
    assert!(open(&folder, both).is_ok());
}

#[test]
fn the_servers_wrap_is_kept_and_removed() {
    let folder = Folder::new("rescue-wrap");
    let mut store = folder.open();
    assert_eq!(store.rescue_wrap(), Ok(None));
    assert!(matches!(store.set_rescue_wrap(Some(&[0; 8_193])), Err(Error::OutOfBounds(_))));
    store.set_rescue_wrap(Some(b"sealed to the server")).unwrap();
    store.close().unwrap();
    let mut store = folder.open();
    assert_eq!(store.rescue_wrap(), Ok(Some(b"sealed to the server".to_vec())));
    store.set_rescue_wrap(None).unwrap();
    assert_eq!(store.rescue_wrap(), Ok(None));
}

/// What a server does with its own key, and nobody without it.
fn turned_by_the_server(key: &[u8]) -> Vec<u8> {
    key.iter().map(|byte| byte ^ 0x55).collect()
}

#[test]
fn a_lost_password_is_replaced_with_the_servers_help() {
    let folder = Folder::new("lost-password");
    let mut store = folder.open_with(&Options { unlock: Unlock::Password("forgotten"), ..options() }).store;
    store.put(&small(&message(1)), &mut random(1)).unwrap();
    let sealed = turned_by_the_server(store.key_to_seal().as_bytes());
    store.set_rescue_wrap(Some(&sealed)).unwrap();
    store.close().unwrap();
    assert_eq!(error(&folder, Unlock::Password("was it this?")), Error::WrongKey);

    let found = Store::rescue_wrap_at(&folder.place()).unwrap().unwrap();
    let key = SecretKey::from_bytes(turned_by_the_server(&found).try_into().unwrap());
    let mut store = open(&folder, Unlock::StoreKey(&key)).unwrap();
    let as_it_is = store.set_unlock(&Unlock::StoreKey(&key), PasswordCost::FLOOR, &mut random(2));
    assert!(matches!(as_it_is, Err(Error::OutOfBounds(_))), "the key itself stays out of the way");
    store.set_unlock(&Unlock::Password("new"), PasswordCost::FLOOR, &mut random(3)).unwrap();
    store.close().unwrap();
    let store = open(&folder, Unlock::Password("new")).unwrap();
    assert_eq!(store.document_message(&message(1).id()), Ok(message(1)));
    assert_eq!(store.rescue_wrap(), Ok(Some(sealed)), "it helps again");
}

#[test]
fn a_wrong_store_key_opens_and_makes_nothing() {
    let folder = Folder::new("store-key");
    let wrong = SecretKey::from_bytes([77; 32]);
    assert!(matches!(error(&folder, Unlock::StoreKey(&wrong)), Error::OutOfBounds(_)));
    let store = folder.open();
    let key = store.key_to_seal().clone();
    store.close().unwrap();
    assert_eq!(error(&folder, Unlock::StoreKey(&wrong)), Error::WrongKey);
    let file = rusqlite::Connection::open(folder.file()).unwrap();
    file.execute_batch("PRAGMA application_id = 7").unwrap();
    drop(file);
    assert_eq!(error(&folder, Unlock::StoreKey(&wrong)), Error::WrongKey, "of a damaged file, too");
    assert_eq!(folder.names(), ["store"]);
    let unlock = Unlock::StoreKey(&key);
    assert!(folder.open_with(&Options { unlock, ..options() }).rescue.is_some());
    assert!(open(&folder, Unlock::Host(&HOST)).is_ok(), "what opened it before still does");
}

#[test]
fn one_process_at_a_time() {
    let folder = Folder::new("in-use");
    let first = folder.open();
    assert_eq!(error(&folder, Unlock::Host(&HOST)), Error::InUse);
    first.close().unwrap();
    assert!(open(&folder, Unlock::Host(&HOST)).is_ok());
}

#[test]
fn files_of_others_are_left_alone() {
    let folder = Folder::new("foreign");
    let foreign = rusqlite::Connection::open(folder.file()).unwrap();
    foreign.execute_batch("CREATE TABLE form (id INTEGER); INSERT INTO form VALUES (5)").unwrap();
    assert_eq!(error(&folder, Unlock::Host(&HOST)), Error::OtherProgram);
    assert_eq!(foreign.query_row("SELECT id FROM form", [], |row| row.get(0)), Ok(5));
    assert_eq!(foreign.pragma_query_value(None, "journal_mode", |row| row.get(0)), Ok("delete".to_owned()));
    drop(foreign);
    for text in [vec![b'x'; 2], b"a letter to somebody".to_vec(), vec![7; 100_000]] {
        std::fs::File::create(folder.file()).unwrap().write_all(&text).unwrap();
        assert_eq!(error(&folder, Unlock::Host(&HOST)), Error::OtherProgram);
        assert_eq!(read(&folder, "store"), text);
        assert_eq!(folder.names(), ["store"]);
    }
}

#[test]
fn a_changed_mark_in_the_head_is_damage_and_not_another_program() {
    for change in ["application_id = 7", "application_id = 0", "user_version = 0", "user_version = 2"] {
        let folder = Folder::new("marks");
        let mut store = folder.open();
        store.put(&small(&message(1)), &mut random(1)).unwrap();
        store.close().unwrap();
        let file = rusqlite::Connection::open(folder.file()).unwrap();
        file.execute_batch(&format!("PRAGMA {change}")).unwrap();
        drop(file);
        let wrong = SecretKey::from_bytes([77; 32]);
        let refused = error(&folder, Unlock::Host(&wrong));
        let expected =
            if change == "user_version = 2" { Error::TooNew { found: 2, known: 1 } } else { Error::WrongKey };
        assert_eq!((refused, folder.names()), (expected, vec!["store".to_owned()]), "{change}");
        let opened = folder.open_with(&options());
        assert!(!opened.rescue.unwrap().key_lost, "{change}");
        assert_eq!(opened.store.document_message(&message(1).id()), Ok(message(1)), "{change}");
    }
}

#[test]
fn after_wiping_nothing_is_left() {
    let folder = Folder::new("wipe");
    let mut store = folder.open();
    store.put(&small(&message(1)), &mut random(1)).unwrap();
    store.close().unwrap();
    let rescued = Store::rescue(folder.place(), &options(), &mut random(2)).unwrap();
    assert_eq!(folder.names(), ["store", "store-wal", "store.damaged-1"]);
    assert_eq!(rescued.store.document_message(&message(1).id()), Ok(message(1)));
    rescued.store.wipe().unwrap();
    assert_eq!(folder.names(), [""; 0]);
    assert!(folder.open_with(&options()).created);
}

#[test]
fn a_copy_of_the_file_from_before_is_no_way_in_after_a_change() {
    let folder = Folder::new("remains");
    let mut store = folder.open();
    let count = || {
        let bytes = [read(&folder, "store"), read(&folder, "store-wal")].concat();
        bytes.windows(14).filter(|window| *window == b"p2psync-wrap 1").count()
    };
    for _ in 0..5 {
        store.set_unlock(&Unlock::Host(&HOST), PasswordCost::FLOOR, &mut random(2)).unwrap();
        assert_eq!(count(), 2, "old wraps are overwritten");
    }
}

//! Tests that look into the store: steps between versions cut off, files of newer versions, promises not kept, work
//! counted.

#[path = "../tests/fixture/simulated.rs"]
mod simulated;

use std::sync::LazyLock;

use p2psync_bramble::{SecretKey, WallClock};
use p2psync_disk::{Counters, Disk, Snapshot, Step};
use p2psync_model::{Attributes, GroupId, Message, Protection};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;

use self::simulated::{open, place};
use crate::stamp::Stamp;
use crate::vault::Vault;
use crate::{
    Depth, Error, Filter, NewDocument, Options, PasswordCost, State, Store, StoreLimits, Unlock, opening,
    schema, wrap,
};

static HOST: SecretKey = SecretKey::from_bytes([9; 32]);
static ATTRIBUTES: LazyLock<Attributes> =
    LazyLock::new(|| Attributes::new(Protection::Open { salt: [0; 16] }));
const GROUP: GroupId = GroupId::from_bytes([1; 32]);
const DOCUMENTS: u64 = 20;

/// A step as a later version may have: a table more, a column more, every document written anew.
const NEXT: &str = "CREATE TABLE more (row INTEGER PRIMARY KEY, of INTEGER NOT NULL) STRICT;
    ALTER TABLE document ADD COLUMN colour INTEGER NOT NULL DEFAULT 7;
    INSERT INTO more (of) SELECT row FROM document;
    UPDATE document SET colour = row;";

fn options(unlock: Unlock<'static>) -> Options<'static> {
    Options { unlock, cost: PasswordCost::FLOOR, group: GROUP, limits: StoreLimits::default() }
}

fn random() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(1)
}

fn message(number: u64) -> Message {
    Message::new(GROUP, 1_700_000_000_000 + number, vec![b'.'; 900]).unwrap()
}

fn put(store: &mut Store, number: u64) -> Result<(), Error> {
    let message = message(number);
    let new = NewDocument {
        message: &message,
        attributes: &ATTRIBUTES,
        content_bytes: 900,
        chunks: &[],
        chunks_known: true,
        shared: true,
        author: None,
        info: b"info",
        duplicate_of: None,
        now: WallClock(1),
    };
    store.put(&new, &mut ChaCha20Rng::seed_from_u64(number)).map(drop)
}

/// A store with some documents: closed, or left as a cut leaves it.
fn filled(closed: bool) -> Snapshot {
    let disk = Disk::new(0);
    let mut store = open(&disk, &options(Unlock::Host(&HOST)), 1).unwrap().store;
    (0..DOCUMENTS).try_for_each(|number| put(&mut store, number)).unwrap();
    if closed {
        store.close().unwrap();
    } else {
        disk.cut_power();
        drop(store);
        disk.power_on();
    }
    disk.snapshot()
}

/// What the next version does when it opens the file.
fn step_to_next(disk: &Disk) -> Result<(), Error> {
    let mut ready = opening::open(&place(disk), &options(Unlock::Host(&HOST)), &mut random())?;
    let steps: Vec<&str> = schema::MIGRATIONS.iter().copied().chain([NEXT]).collect();
    schema::migrate_by(&mut ready.connection, &ready.vault, &steps)
}

/// Whether the file is wholly of the next version, with every document in it.
fn is_next(disk: &Disk) -> bool {
    let connection = opening::connect(&place(disk), place(disk).path()).unwrap();
    let key = opening::unwrap_stored(&connection, &Unlock::Host(&HOST)).unwrap();
    let stamp = Stamp::read(&connection, &Vault::new(&key)).unwrap().unwrap();
    let done = "SELECT count(*) FROM document JOIN more ON of = document.row WHERE colour = document.row";
    let done: u32 = connection.query_row(done, [], |row| row.get(0)).unwrap();
    stamp == Stamp::of(&connection).unwrap()
        && stamp.version == schema::VERSION + 1
        && u64::from(done) == DOCUMENTS
}

fn steps(counters: Counters) -> impl Iterator<Item = Step> {
    let writes = (1..=counters.writes).map(Step::Write);
    let syncs = (1..=counters.syncs).map(Step::Sync);
    writes.chain(syncs).chain((1..=counters.name_changes).map(Step::NameChange))
}

#[test]
fn a_step_cut_off_anywhere_is_done_or_not_begun() {
    let (mut cuts, mut old, mut new) = (0, 0, 0);
    for start in [filled(true), filled(false)] {
        let disk = Disk::from_snapshot(&start, 0);
        step_to_next(&disk).unwrap();
        for (seed, step) in (0..).zip(steps(disk.counters())) {
            let disk = Disk::from_snapshot(&start, seed);
            disk.cut_power_at(step);
            let done = step_to_next(&disk).is_ok();
            disk.cut_power();
            disk.power_on();
            cuts += 1;
            match open(&disk, &options(Unlock::Host(&HOST)), 2) {
                Err(Error::TooNew { found: 2, known: 1 }) => new += 1,
                Ok(opened) => {
                    assert!(!done && opened.rescue.is_none(), "{step:?}: what was done is undone");
                    assert_eq!(opened.store.check(Depth::Full).unwrap().damage, [""; 0], "{step:?}");
                    assert_eq!(opened.store.counts().unwrap().own, DOCUMENTS, "{step:?}");
                    drop(opened);
                    step_to_next(&disk).unwrap();
                    old += 1;
                }
                Err(error) => panic!("{step:?}: {error}"),
            }
            assert!(is_next(&disk), "{step:?}");
        }
    }
    assert!(cuts > 30 && old > 10 && new > 3, "{cuts} {old} {new}");
}

#[test]
fn a_newer_file_is_refused_and_left_as_it_is() {
    for closed in [true, false] {
        let disk = Disk::from_snapshot(&filled(closed), 0);
        step_to_next(&disk).unwrap();
        let before: Vec<_> =
            disk.list().unwrap().into_iter().map(|name| (disk.read(&name).unwrap(), name)).collect();
        for unlock in [Unlock::Host(&HOST), Unlock::Password("wrong"), Unlock::StoreKey(&HOST)] {
            let refused = open(&disk, &options(unlock), 2).unwrap_err();
            assert_eq!(refused, Error::TooNew { found: 2, known: 1 });
        }
        let after: Vec<_> =
            disk.list().unwrap().into_iter().map(|name| (disk.read(&name).unwrap(), name)).collect();
        assert!(before == after, "closed: {closed}");
    }
}

/// How many of the documents are gone after a cut right after the last was acknowledged.
fn lost(seed: u64, synchronous: &str) -> u64 {
    let disk = Disk::new(seed);
    let mut store = open(&disk, &options(Unlock::Host(&HOST)), 1).unwrap().store;
    store.connection.pragma_update(None, "synchronous", synchronous).unwrap();
    (0..DOCUMENTS).try_for_each(|number| put(&mut store, number)).unwrap();
    disk.cut_power();
    drop(store);
    disk.power_on();
    let store = open(&disk, &options(Unlock::Host(&HOST)), 2).unwrap().store;
    (0..DOCUMENTS).filter(|number| store.document_message(&message(*number).id()).is_err()).count() as u64
}

#[test]
fn without_synchronous_full_acknowledged_documents_are_lost() {
    assert_eq!((0..20).map(|seed| lost(seed, "FULL")).sum::<u64>(), 0);
    for planted in ["OFF", "NORMAL"] {
        assert!((0..20).filter(|seed| lost(*seed, planted) > 0).count() > 5, "{planted}");
    }
}

/// Where the bytes stand on the disk.
fn places_of(disk: &Disk, bytes: &[u8]) -> Vec<String> {
    let holds = |name: &String| disk.read(name).unwrap().windows(bytes.len()).any(|window| window == bytes);
    disk.list().unwrap().into_iter().filter(holds).collect()
}

#[test]
fn what_a_cut_left_of_deleted_rows_and_old_wraps_goes_at_the_next_opening() {
    static NEXT_HOST: SecretKey = SecretKey::from_bytes([10; 32]);
    let disk = Disk::from_snapshot(&filled(true), 0);
    let mut store = open(&disk, &options(Unlock::Host(&HOST)), 1).unwrap().store;
    let body = "SELECT body FROM document WHERE row = 1";
    let body: Vec<u8> = store.connection.query_row(body, [], |row| row.get(0)).unwrap();
    let old_wrap = wrap::read(&store.connection, wrap::OWN_SLOT).unwrap().pop().unwrap();
    store.batch(|batch| batch.delete(&[message(0).id()], false)).unwrap();
    let unlock = Unlock::Host(&NEXT_HOST);
    let new_wrap = wrap::wrap(store.key_to_seal(), &unlock, PasswordCost::FLOOR, &mut random()).unwrap();
    wrap::put(&store.connection, wrap::OWN_SLOT, &new_wrap).unwrap();
    disk.cut_power();
    drop(store);
    disk.power_on();
    let remains = [body.get(24..64).unwrap(), old_wrap.as_slice()];
    assert!(remains.iter().all(|bytes| !places_of(&disk, bytes).is_empty()), "it must be looked for");
    let store = open(&disk, &options(unlock), 2).unwrap().store;
    for bytes in remains {
        assert_eq!(places_of(&disk, bytes), [""; 0]);
    }
    assert_eq!(places_of(&disk, &new_wrap), ["store"]);
    assert_eq!(store.check(Depth::Full).unwrap().damage, [""; 0]);
}

#[test]
fn a_list_decrypts_what_it_returns() {
    let disk = Disk::new(0);
    let mut store = open(&disk, &options(Unlock::Host(&HOST)), 1).unwrap().store;
    store.connection.pragma_update(None, "synchronous", "OFF").unwrap();
    (0..1_200).try_for_each(|number| put(&mut store, number)).unwrap();
    for number in (0..1_200).step_by(100) {
        store.batch(|batch| batch.note_delivery(&message(number).id(), State::Delivered)).unwrap();
    }
    let opened = |filter: &Filter<'_>, count_max, accept: bool| {
        store.vault.opened.set(0);
        let page = store.list(filter, count_max, |_| accept).unwrap();
        (store.vault.opened.get(), page.documents.len(), page.next.is_some())
    };
    let delivered = Filter { states: &[State::Delivered], ..Filter::default() };
    assert_eq!(opened(&Filter::default(), 7, true), (7, 7, true));
    assert_eq!(opened(&delivered, 5, true), (5, 5, true));
    assert_eq!(opened(&delivered, 50, true), (12, 12, false));
    assert_eq!(opened(&Filter { own: Some(false), ..delivered }, 5, true), (0, 0, false));
    assert_eq!(opened(&Filter::default(), 7, false), (1_000, 0, true), "nobody waits for all of them");
    assert_eq!(opened(&delivered, 5, false), (12, 0, false));
}

#[test]
fn the_list_of_tables_fits_in_the_first_page() {
    let disk = Disk::from_snapshot(&filled(true), 0);
    assert_eq!(disk.read("store").unwrap()[100], 0x0d, "else a lost first page could not be made again");
}

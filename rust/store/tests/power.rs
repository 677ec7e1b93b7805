//! The power goes at every step of every operation. What was acknowledged is there, what was not is there wholly or
//! not at all, and the store opens.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod fixture;
#[path = "fixture/simulated.rs"]
mod simulated;

use fixture::{GROUP, HOST, NOW, chunk, message, options, random, small};
use p2psync_bramble::{SecretKey, WallClock};
use p2psync_disk::{Counters, Disk, PlantedBugs, Step};
use p2psync_model::{Fingerprint, Message, Receipt};
use p2psync_store::{
    Collection, Depth, Error, Filter, NewDocument, Options, PasswordCost, Store, StoreLimits, Unlock,
};
use simulated::open;

static NEXT_HOST: SecretKey = SecretKey::from_bytes([10; 32]);

/// One operation of the script: all of it is acknowledged, or nothing.
type Operation = fn(&mut Store) -> Result<(), Error>;

/// After the opening of a fresh store, which is the first.
const SCRIPT: &[Operation] = &[
    |store| store.put(&small(&message(1)), &mut random(1)).map(drop),
    |store| store.put(&small(&message(2)), &mut random(2)).map(drop),
    |store| store.batch(|batch| batch.set("name", Some(b"Alice"), &mut random(3))),
    |store| store.batch(|batch| batch.put_peer(&[3; 32], b"Bob", &mut random(4))).map(drop),
    |store| store.batch(|batch| batch.put_chunk(&chunk(1), &mut random(5))).map(drop),
    |store| store.batch(|batch| batch.put_chunk(&chunk(2), &mut random(6))).map(drop),
    put_large,
    receive_large,
    |store| store.batch(|batch| batch.receive_chunk(&chunk(3), &mut random(7))).map(drop),
    |store| store.batch(|batch| batch.receive_chunk(&chunk(4), &mut random(8))).map(drop),
    |store| store.buckets(Collection::Documents, &mut random(9)).map(drop),
    confirm,
    |store| store.set_unlock(&Unlock::Host(&NEXT_HOST), PasswordCost::FLOOR, &mut random(10)),
    |store| store.delete(&[message(2).id()], true).map(drop),
    |store| store.batch(|batch| batch.remove_outlived(WallClock(NOW.0 + 9 * 86_400_000))).map(drop),
    |store| store.put(&small(&message(6)), &mut random(11)).map(drop),
    |store| store.batch(|batch| batch.add_meeting(b"met Bob", &mut random(12))),
    |store| store.checkpoint(),
];

fn put_large(store: &mut Store) -> Result<(), Error> {
    let chunks = [chunk(1).id(), chunk(2).id()];
    let new = message(3);
    store
        .put(&NewDocument { chunks: &chunks, content_bytes: 64_000, ..small(&new) }, &mut random(20))
        .map(drop)
}

fn receive_large(store: &mut Store) -> Result<(), Error> {
    let chunks = [chunk(2).id(), chunk(3).id(), chunk(4).id()];
    let new = message(4);
    let new = NewDocument { chunks: &chunks, content_bytes: 96_000, ..small(&new) };
    let peer = store.peers()?[0].row;
    store.batch(|batch| batch.receive(peer, &new, &mut random(21))).map(drop)
}

fn confirm(store: &mut Store) -> Result<(), Error> {
    let mut ids = vec![message(1).id(), message(4).id(), message(5).id()];
    ids.sort();
    let receipt = Receipt::new(Fingerprint::V4([4; 20]), 0, NOW.0 / 1_000, ids).unwrap();
    let carrier = Message::new(GROUP, NOW.0, [&[2], receipt.binary().as_slice()].concat()).unwrap();
    store.batch(|batch| batch.apply_receipt(&receipt, &carrier, NOW, &mut random(22))).map(drop)
}

/// Everything that can be seen from outside.
fn seen(store: &mut Store, seed: u64) -> String {
    let filter = Filter { with_waiting: true, ..Filter::default() };
    let mut seen = vec![format!("{:?}", store.list(&filter, 99, |_| true).unwrap().documents)];
    for number in 1..=6 {
        let id = message(number).id();
        let content = store.document_message(&id).map(|message| message.body().len());
        let chunks = store.chunks(&id);
        let held = chunks.iter().flatten().map(|chunk| store.chunk(chunk).is_ok()).collect::<Vec<_>>();
        let receipt = store.receipt_for(&id).map(|receipt| receipt.is_some());
        seen.push(format!("{number} {content:?} {held:?} {:?} {receipt:?}", store.has_tombstone(&id)));
    }
    for collection in [Collection::Documents, Collection::Statements] {
        seen.push(format!("{:?}", store.buckets(collection, &mut random(seed)).unwrap()));
    }
    let keys = [&HOST, &NEXT_HOST].map(|key| store.verify_unlock(&Unlock::Host(key)).is_ok());
    seen.push(format!("{:?} {:?} {:?}", store.setting("name"), store.peers(), store.partial_documents(9)));
    seen.push(format!("{:?} {keys:?}", store.meetings(None, 9)));
    seen.join("\n")
}

/// What is seen after the opening, and after each operation.
fn without_cuts() -> Vec<String> {
    let disk = Disk::new(0);
    let mut store = open(&disk, &options(), 1).unwrap().store;
    let mut states = vec![seen(&mut store, 1)];
    for operation in SCRIPT {
        operation(&mut store).unwrap();
        states.push(seen(&mut store, 1));
    }
    states
}

/// Runs the script until the power goes; how many operations were acknowledged, the opening among them.
fn run(disk: &Disk) -> usize {
    let Ok(opened) = open(disk, &options(), 1) else { return 0 };
    let mut store = opened.store;
    1 + SCRIPT.iter().take_while(|operation| operation(&mut store).is_ok()).count()
}

/// What is wrong after a cut at `step`, if anything.
fn fault_after(step: Step, seed: u64, bugs: PlantedBugs, states: &[String]) -> Option<String> {
    let disk = Disk::new(seed);
    disk.plant(bugs);
    disk.cut_power_at(step);
    let acknowledged = run(&disk);
    disk.power_on();
    let first = open(&disk, &options(), 2);
    let next = Options { unlock: Unlock::Host(&NEXT_HOST), ..options() };
    let opened = if matches!(first, Err(Error::WrongKey)) { open(&disk, &next, 2) } else { first };
    let mut store = match opened {
        Ok(opened) if opened.rescue.is_some() => return Some(format!("{:?}", opened.rescue)),
        Ok(opened) => opened.store,
        Err(error) => return Some(error.to_string()),
    };
    let damage = store.check(Depth::Full).unwrap().damage;
    let now = seen(&mut store, 2);
    let allowed = &states[acknowledged.saturating_sub(1)..(acknowledged + 1).min(states.len())];
    if !damage.is_empty() {
        Some(damage.join(", "))
    } else if allowed.contains(&now) {
        None
    } else {
        Some(format!("after {acknowledged} acknowledged operations:\n{now}\nnot\n{}", allowed.join("\nor\n")))
    }
}

fn counters() -> Counters {
    let disk = Disk::new(0);
    assert_eq!(run(&disk), SCRIPT.len() + 1);
    disk.counters()
}

/// Every sync and every change of a name: after these, promises are made.
fn syncs_and_names() -> Vec<Step> {
    let Counters { syncs, name_changes, .. } = counters();
    assert!(syncs > 30 && name_changes > 3, "{syncs} {name_changes}");
    (1..=syncs).map(Step::Sync).chain((1..=name_changes).map(Step::NameChange)).collect()
}

fn assert_kept(step: Step, seed: u64, states: &[String]) {
    let fault = fault_after(step, seed, PlantedBugs::default(), states);
    assert_eq!(fault, None, "{step:?}, seed {seed}");
}

#[test]
fn what_was_acknowledged_outlives_every_sync_cut() {
    let (states, steps) = (without_cuts(), syncs_and_names());
    for (seed, step) in (0..4).flat_map(|seed| steps.iter().map(move |step| (seed, *step))) {
        assert_kept(step, seed, &states);
    }
}

#[test]
fn what_was_acknowledged_outlives_cut_writes() {
    let states = without_cuts();
    for write in 1..=counters().writes {
        assert_kept(Step::Write(write), write, &states);
    }
}

#[test]
fn a_disk_that_does_not_sync_is_noticed() {
    let none = PlantedBugs::default();
    let planted = [
        PlantedBugs { sync_does_nothing: true, ..none },
        PlantedBugs { folder_sync_forgotten: true, ..none },
    ];
    let (states, steps) = (without_cuts(), syncs_and_names());
    for bugs in planted {
        let faults = steps.iter().filter(|step| fault_after(**step, 3, bugs, &states).is_some()).count();
        assert!(faults * 4 > steps.len(), "{bugs:?}: {faults} of {}", steps.len());
    }
}

#[test]
fn a_full_disk_loses_nothing_and_can_be_read() {
    let disk = Disk::new(0);
    let limits = StoreLimits::default();
    let mut store = open(&disk, &Options { limits, ..options() }, 1).unwrap().store;
    store.put(&small(&message(0)), &mut random(1)).unwrap();
    let bytes: usize = disk.list().unwrap().iter().map(|name| disk.read(name).unwrap().len()).sum();
    disk.fail_full_after(bytes + 300_000);
    let put = (1..1_000).find(|number| {
        let put = store.put(&small(&message(*number)), &mut random(*number));
        assert!(matches!(put, Ok(_) | Err(Error::Full)), "{put:?}");
        put.is_err()
    });
    let kept = put.unwrap();
    for number in 0..kept {
        assert_eq!(store.document_message(&message(number).id()), Ok(message(number)));
    }
    assert_eq!(store.document(&message(kept).id()), Err(Error::NotFound));
    disk.fail_full_after(None);
    store.put(&small(&message(kept)), &mut random(1)).unwrap();
    store.close().unwrap();
    let store = open(&disk, &options(), 2).unwrap().store;
    assert_eq!(
        store.list(&Filter::default(), usize::MAX, |_| true).unwrap().documents.len() as u64,
        kept + 1
    );
    assert_eq!(store.check(Depth::Full).unwrap().damage, [""; 0]);
}

//! Receipts, tombstones, deletion, quotas, peers, settings, the queue and the history.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod fixture;

use fixture::{Folder, GROUP, NOW, message, options, random, small};
use p2psync_bramble::WallClock;
use p2psync_model::{DocumentId, Fingerprint, Message, Receipt};
use p2psync_store::{
    Collection, Deleted, Depth, Error, NewDocument, OnlyHere, Options, Peer, PeerRow, State, StatementKind,
    Store, StoreLimits,
};

const DAY_MS: u64 = 86_400_000;

fn receipt(ids: &[DocumentId]) -> (Receipt, Message) {
    let mut ids = ids.to_vec();
    ids.sort();
    let receipt = Receipt::new(Fingerprint::V4([4; 20]), 0, NOW.0 / 1_000, ids).unwrap();
    let message = Message::new(GROUP, NOW.0, [&[2], receipt.binary().as_slice()].concat()).unwrap();
    (receipt, message)
}

fn apply(store: &mut Store, ids: &[DocumentId]) -> p2psync_store::ReceiptEffect {
    let (receipt, message) = receipt(ids);
    store.batch(|batch| batch.apply_receipt(&receipt, &message, NOW, &mut random(5))).unwrap()
}

fn bob(store: &mut Store) -> PeerRow {
    store.batch(|batch| batch.put_peer(&[3; 32], b"Bob", &mut random(0))).unwrap()
}

fn receive(store: &mut Store, from: PeerRow, message: &Message) -> Result<bool, Error> {
    let received = store.batch(|batch| batch.receive(from, &small(message), &mut random(1)));
    received.map(|arrival| arrival.created)
}

fn offered(store: &mut Store) -> u32 {
    let buckets = store.buckets(Collection::Documents, &mut random(2)).unwrap();
    buckets.iter().map(|bucket| bucket.count).sum()
}

#[test]
fn a_receipt_confirms_ones_own_and_removes_the_others() {
    let folder = Folder::new("receipt");
    let mut store = folder.open();
    let peer = bob(&mut store);
    let [own, foreign, unknown, other] = [1, 2, 3, 4].map(message);
    for own in [&own, &other] {
        store.put(&small(own), &mut random(1)).unwrap();
    }
    assert_eq!(receive(&mut store, peer, &foreign), Ok(true));
    assert_eq!(offered(&mut store), 3);
    let ids = [own.id(), foreign.id(), unknown.id()];
    let effect = apply(&mut store, &ids);
    assert!(!effect.known);
    assert_eq!((effect.confirmed, effect.removed), (vec![own.id()], vec![foreign.id()]));
    let again = apply(&mut store, &ids);
    assert!(again.known && again.confirmed.is_empty() && again.removed.is_empty());
    assert_eq!(offered(&mut store), 1);
    assert_eq!(store.document(&own.id()).unwrap().state, State::Confirmed);
    assert_eq!(store.document(&other.id()).unwrap().state, State::Stored);
    for late in [&foreign, &unknown] {
        assert_eq!(receive(&mut store, peer, late), Ok(false), "it is with the server");
        assert_eq!(store.receipt_for(&late.id()), Ok(Some(receipt(&ids).1)));
    }
    let (first, _) = receipt(&ids);
    assert_eq!(store.statement(&first.body_hash()), Ok(receipt(&ids).1));
    assert_eq!(store.ids_in_bucket(Collection::Statements, NOW.0 >> 18).unwrap().len(), 1);
    let open = store.batch(|batch| batch.revoke_receipt(&first)).unwrap();
    assert_eq!(open, [own.id()]);
    assert_eq!((offered(&mut store), store.receipt_for(&own.id())), (2, Ok(None)));
    assert_eq!(receive(&mut store, peer, &foreign), Ok(true), "it may come again");
    assert_eq!(store.check(Depth::Full).unwrap().damage, [""; 0]);
}

#[test]
fn one_receipt_with_many_signatures_is_one_row() {
    let folder = Folder::new("variants");
    let mut store = folder.open();
    let (receipt, _) = receipt(&[message(1).id()]);
    for variant in 0..50_u8 {
        let body = [&[2], receipt.binary().as_slice(), &[variant]].concat();
        let message = Message::new(GROUP, NOW.0, body).unwrap();
        let effect =
            store.batch(|batch| batch.apply_receipt(&receipt, &message, NOW, &mut random(1))).unwrap();
        assert_eq!(effect.known, variant > 0);
    }
    assert_eq!(store.ids_in_bucket(Collection::Statements, NOW.0 >> 18).unwrap().len(), 1);
    let certificate = message(7);
    let keep = |store: &mut Store, kind| {
        store.batch(|batch| batch.keep_statement(kind, &[1; 32], &certificate, &mut random(1)))
    };
    assert_eq!(keep(&mut store, StatementKind::Certificate), Ok(true));
    assert_eq!(keep(&mut store, StatementKind::Certificate), Ok(false));
    assert!(matches!(keep(&mut store, StatementKind::Receipt), Err(Error::OutOfBounds(_))));
    assert!(matches!(keep(&mut store, StatementKind::Notice), Err(Error::OutOfBounds(_))));
}

#[test]
fn confirmed_content_goes_after_its_grace() {
    let folder = Folder::new("grace");
    let mut store = folder.open();
    let [confirmed, open] = [1, 2].map(message);
    for own in [&confirmed, &open] {
        store.put(&small(own), &mut random(1)).unwrap();
    }
    apply(&mut store, &[confirmed.id()]);
    let mut outlived = |days| store.batch(|batch| batch.remove_outlived(WallClock(NOW.0 + days * DAY_MS)));
    assert_eq!((outlived(0), outlived(6), outlived(7), outlived(9_999)), (Ok(0), Ok(0), Ok(1), Ok(0)));
    assert_eq!(store.document(&confirmed.id()), Err(Error::NotFound));
    assert!(store.receipt_for(&confirmed.id()).unwrap().is_some(), "the receipt stays");
    assert!(store.document(&open.id()).is_ok());
}

#[test]
fn owners_delete_what_they_like() {
    let folder = Folder::new("delete");
    let mut store = folder.open();
    let peer = bob(&mut store);
    let [one, other] = [1, 2].map(message);
    for own in [&one, &other] {
        store.put(&small(own), &mut random(1)).unwrap();
    }
    apply(&mut store, &[other.id()]);
    assert_eq!(store.delete(&[one.id()], false), Ok(Deleted { deleted: 1, unconfirmed: 1 }));
    assert_eq!(receive(&mut store, peer, &one), Ok(true), "it may come back");
    let both = [one.id(), other.id(), message(3).id()];
    assert_eq!(store.delete(&both, true), Ok(Deleted { deleted: 2, unconfirmed: 1 }));
    assert_eq!(receive(&mut store, peer, &one), Ok(false), "it may not come back");
    assert_eq!(store.receipt_for(&one.id()), Ok(None), "and nothing is said of it");
    assert!(store.has_tombstone(&message(3).id()).unwrap());
    assert_eq!(offered(&mut store), 0);
}

#[test]
fn others_never_push_out_ones_own() {
    let folder = Folder::new("quota");
    let limits = StoreLimits {
        bytes_max: 100_000,
        others_bytes_max: u64::MAX,
        peer_bytes_max: 40_000,
        peer_documents_max: 500,
        ..StoreLimits::default()
    };
    let mut store = folder.open_with(&Options { limits, ..options() }).store;
    let peer = bob(&mut store);
    let other = store.batch(|batch| batch.put_peer(&[4; 32], b"Carol", &mut random(0))).unwrap();
    let mut taken = [0_u64; 2];
    for (place, from) in [peer, other].into_iter().enumerate() {
        for number in 0..1_000 {
            match receive(&mut store, from, &message(1_000 * place as u64 + number)) {
                Ok(created) => taken[place] += u64::from(created),
                Err(error) => assert!(matches!(error, Error::Quota(_)), "{error}"),
            }
        }
    }
    let bytes = 240; // of one: 217 bytes, padded
    let own_most = (100_000 - taken.iter().sum::<u64>() * 224) / 224;
    assert!(taken[0] * bytes > 37_000 && taken[0] * 224 <= 40_000, "{taken:?}");
    assert!((taken[0] + taken[1]) * 224 <= 50_000, "{taken:?}");
    for number in 0..own_most {
        assert!(store.put(&small(&message(10_000 + number)), &mut random(1)).unwrap().created);
    }
    let next = message(20_000);
    assert_eq!(store.put(&small(&next), &mut random(1)), Err(Error::Quota("the size of all documents")));
    apply(&mut store, &[message(10_000).id()]);
    assert!(store.put(&small(&next), &mut random(1)).unwrap().created, "what the server has made room");
    assert_eq!(store.document(&message(10_000).id()), Err(Error::NotFound));
    assert!(store.document(&message(10_001).id()).is_ok() && store.document(&message(0).id()).is_ok());
    store.close().unwrap();
    let mut store = folder.open_with(&Options { limits, ..options() }).store;
    assert!(matches!(receive(&mut store, peer, &message(30_000)), Err(Error::Quota(_))), "counted anew");
}

#[test]
fn it_is_known_what_only_this_device_has() {
    let folder = Folder::new("only-here");
    let mut store = folder.open();
    let peer = bob(&mut store);
    for number in 0..3 {
        store.put(&small(&message(number)), &mut random(1)).unwrap();
    }
    receive(&mut store, peer, &message(10)).unwrap();
    assert_eq!(store.only_here(), Ok(OnlyHere { own: 3, others: 1 }));
    store.batch(|batch| batch.note_holder(&message(0).id(), peer)).unwrap();
    store.batch(|batch| batch.note_holder(&message(10).id(), peer)).unwrap();
    apply(&mut store, &[message(1).id()]);
    assert_eq!(store.only_here(), Ok(OnlyHere { own: 1, others: 0 }));
    let info = store.document(&message(0).id()).unwrap();
    assert_eq!((info.copies, info.state), (1, State::Relayed));
    store.batch(|batch| batch.note_delivery(&message(2).id(), State::Delivered)).unwrap();
    assert_eq!(store.only_here(), Ok(OnlyHere { own: 1, others: 0 }), "only a receipt counts");
    let confirm = store.batch(|batch| batch.note_delivery(&message(2).id(), State::Confirmed));
    assert!(matches!(confirm, Err(Error::OutOfBounds(_))));
    store.batch(|batch| batch.forget_peer(&[3; 32])).unwrap();
    assert_eq!(store.only_here(), Ok(OnlyHere { own: 2, others: 1 }));
}

#[test]
fn peers_settings_queue_and_history_are_kept() {
    let folder = Folder::new("records");
    let mut store = folder.open();
    let (first, second) = (message(1), message(2));
    let peer = bob(&mut store);
    store
        .batch(|batch| {
            batch.set("name", Some(b"value"), &mut random(1))?;
            batch.set("gone", Some(b"value"), &mut random(1))?;
            batch.set("gone", None, &mut random(1))?;
            for (number, new) in [&first, &second].into_iter().enumerate() {
                batch.put(&NewDocument { shared: false, ..small(new) }, &mut random(1))?;
                batch.enqueue(&new.id(), WallClock(100 - number as u64), b"attempt", &mut random(1))?;
            }
            (0..1_005_u32).try_for_each(|number| batch.add_meeting(&number.to_be_bytes(), &mut random(1)))
        })
        .unwrap();
    store.close().unwrap();
    let mut store = folder.open();
    assert_eq!(store.setting("name"), Ok(Some(b"value".to_vec())));
    assert_eq!(store.setting("gone"), Ok(None));
    assert_eq!(store.peers(), Ok(vec![Peer { row: peer, id: [3; 32], record: b"Bob".to_vec() }]));
    assert_eq!(store.due_deliveries(WallClock(99), 9), Ok(vec![(second.id(), b"attempt".to_vec())]));
    assert_eq!(store.due_deliveries(WallClock(100), 9).unwrap().len(), 2);
    store.batch(|batch| batch.dequeue(&second.id())).unwrap();
    store.delete(&[first.id()], false).unwrap();
    assert_eq!(store.due_deliveries(WallClock(100), 9), Ok(vec![]));
    let meetings = store.meetings(None, 5_000).unwrap();
    assert_eq!((meetings.len(), meetings[0].1.as_slice()), (1_000, 1_004_u32.to_be_bytes().as_slice()));
    assert_eq!(store.meetings(Some(meetings[9].0), 1).unwrap()[0], meetings[10]);
    store.batch(|batch| batch.forget_peer(&[3; 32])).unwrap();
    assert_ne!(bob(&mut store), peer, "a number is never given twice");
    let failed = store.batch(|batch| {
        batch.set("name", Some(b"other"), &mut random(1))?;
        batch.forget_peer(&[77; 32])
    });
    assert_eq!(failed, Err(Error::NotFound));
    assert_eq!(store.setting("name"), Ok(Some(b"value".to_vec())), "all of a batch or nothing");
}

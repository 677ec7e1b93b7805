//! What servers do not take: said on the author's screen, overruled by receipts, and no reason to delete.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod fixture;

use fixture::{Folder, GROUP, NOW, attributes, chunk, message, random, small};
use p2psync_bramble::WallClock;
use p2psync_model::{
    Attributes, Body, DocumentId, Fingerprint, Message, Notice, NoticeEntry, Receipt, Rejection, Signed,
};
use p2psync_store::{
    Collection, Depth, Error, NewDocument, NoticeEffect, PeerRow, State, StatementKind, Store,
};

const DAY_MS: u64 = 86_400_000;
const SERVER: Fingerprint = Fingerprint::V4([4; 20]);

fn notice(ids: &[DocumentId], time: u64, reason: &str) -> (Notice, Message) {
    let mut ids = ids.to_vec();
    ids.sort();
    let entry = |id| NoticeEntry::new(id, Rejection::Refused, reason.to_owned()).unwrap();
    let notice = Notice::new(SERVER, 0, time, ids.into_iter().map(entry).collect()).unwrap();
    let signed = Body::Notice(Signed::new(notice.clone(), vec![1; 119]).unwrap());
    (notice, signed.to_message(GROUP).unwrap())
}

fn reject(store: &mut Store, ids: &[DocumentId], time: u64, reason: &str) -> NoticeEffect {
    let (notice, message) = notice(ids, time, reason);
    store.batch(|batch| batch.apply_notice(&notice, &message, &mut random(1))).unwrap()
}

fn confirm(store: &mut Store, id: DocumentId, time: u64) {
    let receipt = Receipt::new(SERVER, 0, time, vec![id]).unwrap();
    let carrier = Message::new(GROUP, time * 1_000, [&[2], receipt.binary().as_slice()].concat()).unwrap();
    store.batch(|batch| batch.apply_receipt(&receipt, &carrier, NOW, &mut random(5))).unwrap();
}

fn reason(store: &Store, id: &DocumentId) -> Option<String> {
    store.rejection(id).unwrap().map(|found| found.entry.reason().to_owned())
}

fn bob(store: &mut Store) -> PeerRow {
    store.batch(|batch| batch.put_peer(&[3; 32], b"Bob", &mut random(0))).unwrap()
}

fn receive(store: &mut Store, from: PeerRow, new: &NewDocument<'_>) {
    store.batch(|batch| batch.receive(from, new, &mut random(1))).unwrap();
}

#[test]
fn a_notice_rejects_and_a_later_receipt_overrules_it() {
    let folder = Folder::new("notice");
    let mut store = folder.open();
    let [own, other] = [1, 2].map(|number| message(number).id());
    store.put(&small(&message(1)), &mut random(1)).unwrap();
    let effect = reject(&mut store, &[own, other], 100, "no such form");
    assert_eq!(effect, NoticeEffect { known: false, rejected: vec![own] });
    assert!(reject(&mut store, &[own, other], 100, "no such form").known);
    store.close().unwrap();
    let mut store = folder.open();
    assert_eq!(store.document(&own).unwrap().state, State::Rejected);
    let found = store.rejection(&own).unwrap().unwrap();
    assert_eq!((found.server, found.time, found.entry.code()), (SERVER, 100, Rejection::Refused));
    assert_eq!(reason(&store, &own).as_deref(), Some("no such form"));
    let buckets = store.buckets(Collection::Documents, &mut random(1)).unwrap();
    assert_eq!(buckets.len(), 1, "peers are offered it as before");
    reject(&mut store, &[own], 50, "older");
    assert_eq!(reason(&store, &own).as_deref(), Some("no such form"), "the latest counts");
    confirm(&mut store, own, 200);
    assert_eq!((store.document(&own).unwrap().state, reason(&store, &own)), (State::Confirmed, None));
    assert_eq!(store.check(Depth::Full).unwrap().damage, [""; 0]);
}

#[test]
fn what_is_confirmed_stays_confirmed_and_says_what_became_of_it() {
    let folder = Folder::new("refused-later");
    let mut store = folder.open();
    let own = message(1).id();
    store.put(&small(&message(1)), &mut random(1)).unwrap();
    confirm(&mut store, own, 100);
    assert_eq!(reject(&mut store, &[own], 200, "the app refuses it").rejected, []);
    assert_eq!(store.document(&own).unwrap().state, State::Confirmed);
    assert_eq!(reason(&store, &own).as_deref(), Some("the app refuses it"));
}

#[test]
fn rejected_documents_stay_until_something_else_takes_them() {
    let folder = Folder::new("rejected-stay");
    let mut store = folder.open();
    let peer = bob(&mut store);
    let expires = Some(WallClock(NOW.0 + DAY_MS));
    let expiring = Attributes { expires, ..attributes().clone() };
    for number in [1, 2] {
        receive(&mut store, peer, &small(&message(number)));
    }
    receive(&mut store, peer, &NewDocument { attributes: &expiring, ..small(&message(3)) });
    store.put(&NewDocument { attributes: &expiring, ..small(&message(4)) }, &mut random(1)).unwrap();
    let ids = [1, 2, 3, 4].map(|number| message(number).id());
    assert_eq!(reject(&mut store, &ids, 100, "no").rejected.len(), 4);
    let outlived = |store: &mut Store, days| {
        store.batch(|batch| batch.remove_outlived(WallClock(NOW.0 + days * DAY_MS))).unwrap()
    };
    assert_eq!((outlived(&mut store, 0), outlived(&mut store, 99)), (0, 1), "the expired one of the peer");
    confirm(&mut store, ids[1], 200);
    let here = ids.map(|id| store.document(&id).is_ok());
    assert_eq!(here, [true, false, false, true], "a receipt removes the peer's, one's own stays");
    assert_eq!(reason(&store, &ids[1]), None);
}

#[test]
fn what_arrives_after_its_notice_is_rejected_at_once() {
    let folder = Folder::new("notice-first");
    let mut store = folder.open();
    let peer = bob(&mut store);
    let chunks = [chunk(1).id()];
    let [small_one, large] = [1, 2].map(message);
    assert_eq!(reject(&mut store, &[small_one.id(), large.id()], 100, "no").rejected, []);
    receive(&mut store, peer, &small(&small_one));
    receive(&mut store, peer, &NewDocument { chunks: &chunks, ..small(&large) });
    store.batch(|batch| batch.receive_chunk(&chunk(1), &mut random(1))).unwrap();
    for id in [small_one.id(), large.id()] {
        assert_eq!(store.document(&id).unwrap().state, State::Rejected);
    }
}

#[test]
fn a_kept_notice_is_applied_if_it_is_one() {
    let folder = Folder::new("keep-notice");
    let mut store = folder.open();
    store.put(&small(&message(1)), &mut random(1)).unwrap();
    let (notice, carrier) = notice(&[message(1).id()], 100, "no");
    let keep = |store: &mut Store, identity, message: &Message| {
        let kind = StatementKind::Notice;
        store.batch(|batch| batch.keep_statement(kind, &identity, message, &mut random(1)))
    };
    let refused = Err(Error::OutOfBounds("a notice's message"));
    assert_eq!(keep(&mut store, [1; 32], &carrier), refused);
    assert_eq!(keep(&mut store, notice.body_hash(), &message(7)), refused);
    assert_eq!(keep(&mut store, notice.body_hash(), &carrier), Ok(true));
    assert_eq!(keep(&mut store, notice.body_hash(), &carrier), Ok(false));
    assert_eq!(store.document(&message(1).id()).unwrap().state, State::Rejected);
    assert_eq!(store.message(&notice.body_hash()), Ok(carrier), "as it was signed");
    assert_eq!(store.message(message(1).id().as_bytes()), Ok(message(1)));
    assert_eq!(store.message(&[9; 32]), Err(Error::NotFound));
}

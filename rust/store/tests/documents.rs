//! Documents put, read, listed, shared, received in pieces, and kept in causal order.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod fixture;

use fixture::{Folder, NOW, child_of, chunk, message, options, random, small};
use p2psync_model::{DocumentId, GroupId, Message};
use p2psync_store::{Collection, Depth, Error, Filter, NewDocument, Options, State, Store, StoreLimits};

fn list(store: &Store) -> Vec<u64> {
    let found = store.list(&Filter::default(), usize::MAX, |_| true).unwrap().documents;
    found.iter().map(|info| (info.timestamp_ms - NOW.0) / 60_000).collect()
}

#[test]
fn what_was_put_is_there_after_reopening() {
    let folder = Folder::new("put");
    let mut store = folder.open();
    for number in 0..20 {
        let arrival = store.put(&small(&message(number)), &mut random(number)).unwrap();
        assert!(arrival.created && arrival.ready == [arrival.id]);
        let again = store.put(&small(&message(number)), &mut random(number)).unwrap();
        assert!(!again.created && again.id == arrival.id && again.ready.is_empty());
    }
    store.close().unwrap();
    let store = folder.open();
    assert_eq!(list(&store), (0..20).rev().collect::<Vec<_>>());
    for number in 0..20 {
        let id = message(number).id();
        assert_eq!(store.document_message(&id), Ok(message(number)));
        let info = store.document(&id).unwrap();
        assert_eq!((info.state, info.brought_by, info.content_bytes), (State::Stored, None, 100));
        assert_eq!((info.info.as_slice(), info.received, info.copies), (b"info".as_slice(), NOW, 0));
    }
    assert_eq!(store.document(&message(99).id()), Err(Error::NotFound));
    assert_eq!(store.check(Depth::Full).unwrap().damage, [""; 0]);
}

#[test]
fn lists_are_paged_and_filtered() {
    let folder = Folder::new("list");
    let mut store = folder.open();
    for number in 0..10 {
        store.put(&small(&message(number)), &mut random(number)).unwrap();
    }
    let first = store.list(&Filter::default(), 4, |_| true).unwrap().documents;
    let filter = Filter { before: Some(first[3].cursor), ..Filter::default() };
    let second =
        store.list(&filter, 100, |info| info.timestamp_ms % 120_000 == NOW.0 % 120_000).unwrap().documents;
    assert_eq!(second.iter().map(|info| info.id).collect::<Vec<_>>(), [4, 2, 0].map(|n| message(n).id()));
    let of_peers = Filter { own: Some(false), ..Filter::default() };
    assert!(store.list(&of_peers, 9, |_| true).unwrap().documents.is_empty());
    let confirmed = Filter { states: &[State::Confirmed], ..Filter::default() };
    assert!(store.list(&confirmed, 9, |_| true).unwrap().documents.is_empty());
}

#[test]
fn the_same_content_is_one_document() {
    let folder = Folder::new("duplicate");
    let mut store = folder.open();
    let (one, other) = (message(1), message(2));
    let of = |message| NewDocument { duplicate_of: Some(&[7; 32]), ..small(message) };
    let first = store.put(&of(&one), &mut random(1)).unwrap();
    let second = store.put(&of(&other), &mut random(2)).unwrap();
    assert!(first.created && !second.created && first.id == second.id);
    store.delete(&[first.id], false).unwrap();
    assert!(store.put(&of(&other), &mut random(3)).unwrap().created);
}

#[test]
fn a_large_document_appears_when_all_of_it_is_there() {
    let folder = Folder::new("large");
    let mut store = folder.open();
    let description = message(1);
    let chunks: Vec<_> = (0..5).map(|number| chunk(number).id()).collect();
    let new = NewDocument { chunks: &chunks, content_bytes: 160_000, ..small(&description) };
    store.begin_draft();
    for number in 0..4 {
        store.batch(|batch| batch.put_chunk(&chunk(number), &mut random(number))).unwrap();
        assert_eq!(store.put(&new, &mut random(9)), Err(Error::NotFound));
    }
    assert!(list(&store).is_empty());
    store.batch(|batch| batch.put_chunk(&chunk(4), &mut random(4))).unwrap();
    assert!(store.put(&new, &mut random(9)).unwrap().created);
    store.end_draft().unwrap();
    assert_eq!(store.chunks(&description.id()), Ok(chunks.clone()));
    for (number, id) in (0..).zip(&chunks) {
        assert_eq!(store.chunk(id), Ok(chunk(number)));
    }
    assert_eq!(store.check(Depth::Full).unwrap().damage, [""; 0]);
}

#[test]
fn chunks_go_with_the_last_document_that_has_them() {
    let folder = Folder::new("shared-chunk");
    let mut store = folder.open();
    let (one, other) = (message(1), message(2));
    let (first, second) = ([chunk(0).id(), chunk(1).id()], [chunk(1).id(), chunk(2).id()]);
    store.begin_draft();
    for number in 0..4 {
        store.batch(|batch| batch.put_chunk(&chunk(number), &mut random(number))).unwrap();
    }
    store.put(&NewDocument { chunks: &first, ..small(&one) }, &mut random(7)).unwrap();
    store.put(&NewDocument { chunks: &second, ..small(&other) }, &mut random(8)).unwrap();
    assert!(store.chunk(&chunk(3).id()).is_ok());
    store.end_draft().unwrap();
    assert_eq!(store.chunk(&chunk(3).id()), Err(Error::NotFound), "no document has it");
    store.delete(&[one.id()], false).unwrap();
    assert_eq!(store.chunk(&chunk(0).id()), Err(Error::NotFound));
    assert!(store.chunk(&chunk(1).id()).is_ok(), "the other document has it too");
    assert_eq!(store.check(Depth::Full).unwrap().damage, [""; 0]);
}

#[test]
fn what_a_put_left_that_never_ended_goes_at_the_next_opening() {
    let folder = Folder::new("draft");
    let mut store = folder.open();
    let named = [chunk(0).id()];
    let one = message(1);
    store.begin_draft();
    for number in 0..3 {
        store.batch(|batch| batch.put_chunk(&chunk(number), &mut random(number))).unwrap();
    }
    store.put(&NewDocument { chunks: &named, ..small(&one) }, &mut random(7)).unwrap();
    store.delete(&[one.id()], false).unwrap();
    assert!(store.chunk(&named[0]).is_ok(), "the draft may count on it");
    store.put(&NewDocument { chunks: &named, ..small(&message(2)) }, &mut random(7)).unwrap();
    drop(store);
    let store = folder.open();
    assert_eq!(store.chunk(&named[0]), Ok(chunk(0)));
    for number in 1..3 {
        assert_eq!(store.chunk(&chunk(number).id()), Err(Error::NotFound));
    }
    assert_eq!(store.check(Depth::Full).unwrap().damage, [""; 0]);
}

#[test]
fn a_peer_brings_a_document_in_pieces() {
    let folder = Folder::new("receive");
    let mut store = folder.open();
    let peer = store.batch(|batch| batch.put_peer(&[3; 32], b"Bob", &mut random(0))).unwrap();
    let description = message(1);
    let chunks: Vec<_> = (0..3).map(|number| chunk(number).id()).collect();
    let new = NewDocument {
        chunks: &chunks[..1],
        chunks_known: false,
        content_bytes: 90_000,
        ..small(&description)
    };
    let arrival = store.batch(|batch| batch.receive(peer, &new, &mut random(1))).unwrap();
    assert!(arrival.created && arrival.ready.is_empty());
    let id = description.id();
    assert_eq!(store.missing_chunks(&id, 9), Ok(chunks[..1].to_vec()));
    let receive = |store: &mut Store, number| {
        store.batch(|batch| batch.receive_chunk(&chunk(number), &mut random(number)))
    };
    assert!(receive(&mut store, 0).unwrap().whole.is_empty());
    store.batch(|batch| batch.add_chunks(&id, &chunks[1..], true, &mut random(5))).unwrap();
    assert_eq!(store.missing_chunks(&id, 9), Ok(chunks[1..].to_vec()));
    assert!(matches!(receive(&mut store, 7), Err(Error::PeerMisbehaved(_))), "nobody asked for it");
    store.close().unwrap();
    let mut store = folder.open();
    assert_eq!(store.partial_documents(9), Ok(vec![id]));
    assert!(receive(&mut store, 2).unwrap().whole.is_empty());
    assert!(list(&store).is_empty());
    let last = receive(&mut store, 1).unwrap();
    assert_eq!((last.whole, last.ready), (vec![id], vec![id]));
    assert_eq!(store.document(&id).unwrap().brought_by, Some(peer));
    assert_eq!(store.partial_documents(9), Ok(vec![]));
    assert_eq!(store.check(Depth::Full).unwrap().damage, [""; 0]);
}

fn put(store: &mut Store, message: &Message, parents: &[DocumentId]) -> Vec<DocumentId> {
    let attributes = child_of(parents);
    store.put(&NewDocument { attributes: &attributes, ..small(message) }, &mut random(1)).unwrap().ready
}

#[test]
fn children_are_shown_after_their_parents() {
    let folder = Folder::new("parents");
    let mut store = folder.open();
    let [parent, other, child, grandchild] = [1, 2, 3, 4].map(message);
    let parents = [parent.id(), other.id()];
    assert!(put(&mut store, &grandchild, &[child.id()]).is_empty());
    assert!(put(&mut store, &child, &parents).is_empty());
    assert!(list(&store).is_empty() && store.document(&child.id()).unwrap().waiting);
    let mut missing = parents.to_vec();
    missing.sort();
    assert_eq!(store.missing_parents(9), Ok(missing));
    assert_eq!(put(&mut store, &parent, &[]), [parent.id()]);
    assert_eq!(put(&mut store, &other, &[]), [other.id(), child.id(), grandchild.id()]);
    assert_eq!(list(&store), [2, 1, 3, 4]);
    let few = StoreLimits { waiting_max: 0, ..StoreLimits::default() };
    store.close().unwrap();
    let mut store = folder.open_with(&Options { limits: few, ..options() }).store;
    let (orphan, stranger) = (message(9), [message(10).id()]);
    let attributes = child_of(&stranger);
    let new = NewDocument { attributes: &attributes, ..small(&orphan) };
    assert!(matches!(store.put(&new, &mut random(1)), Err(Error::Quota(_))));
}

#[test]
fn buckets_say_what_is_offered() {
    let folder = Folder::new("buckets");
    let mut store = folder.open();
    for number in 0..10 {
        store.put(&small(&message(number)), &mut random(number)).unwrap();
    }
    let buckets = store.buckets(Collection::Documents, &mut random(1)).unwrap();
    assert_eq!(buckets.iter().map(|bucket| bucket.count).sum::<u32>(), 10);
    assert!(buckets.len() > 2 && buckets.is_sorted_by_key(|bucket| bucket.number));
    assert_eq!(store.buckets(Collection::Documents, &mut random(2)), Ok(buckets.clone()));
    let ids = store.ids_in_bucket(Collection::Documents, buckets[0].number).unwrap();
    assert_eq!(ids.len(), buckets[0].count as usize);
    store.batch(|batch| batch.set_shared(&[message(0).id()], false)).unwrap();
    let fewer = store.buckets(Collection::Documents, &mut random(3)).unwrap();
    assert_eq!(fewer[0].count + 1, buckets[0].count);
    assert_ne!(fewer[0].digest, buckets[0].digest);
    assert_eq!(fewer[1..], buckets[1..]);
    store.batch(|batch| batch.set_shared(&[message(0).id()], true)).unwrap();
    assert_eq!(store.buckets(Collection::Documents, &mut random(4)), Ok(buckets));
}

#[test]
fn what_is_outside_the_bounds_changes_nothing() {
    let folder = Folder::new("bounds");
    let mut store = folder.open();
    let one = message(1);
    let foreign = Message::new(GroupId::from_bytes([2; 32]), 1, vec![0]).unwrap();
    let many = vec![one.id(); 1_000_000];
    let cases = [
        NewDocument { content_bytes: u64::MAX, ..small(&one) },
        NewDocument { content_bytes: StoreLimits::default().document_bytes_max + 1, ..small(&one) },
        NewDocument { info: &vec![0; 65_537], ..small(&one) },
        NewDocument { chunks: &many, ..small(&one) },
        small(&foreign),
    ];
    for (number, case) in cases.iter().enumerate() {
        assert!(matches!(store.put(case, &mut random(1)), Err(Error::OutOfBounds(_))), "case {number}");
    }
    let peer = store.batch(|batch| batch.put_peer(&[3; 32], b"Bob", &mut random(0))).unwrap();
    let received = store.batch(|batch| batch.receive(peer, &cases[0], &mut random(1)));
    assert!(matches!(received, Err(Error::PeerMisbehaved(_))));
    assert!(list(&store).is_empty() && store.partial_documents(9).unwrap().is_empty());
}

#[test]
fn a_refused_change_leaves_nothing_and_the_batch_goes_on() {
    let folder = Folder::new("refused");
    let limits = StoreLimits { bytes_max: 1_000, ..StoreLimits::default() };
    let mut store = folder.open_with(&Options { limits, ..options() }).store;
    let (lacking, one) = (message(1), message(2));
    let missing = [chunk(1).id()];
    for _ in 0..20 {
        let refused = NewDocument { chunks: &missing, ..small(&lacking) };
        let done = store.batch(|batch| {
            assert_eq!(batch.put(&refused, &mut random(1)), Err(Error::NotFound));
            batch.put(&small(&one), &mut random(2))
        });
        assert_eq!(done.unwrap().id, one.id(), "what was refused takes no room");
    }
    assert_eq!(list(&store), [2]);
    assert!(store.partial_documents(9).unwrap().is_empty());
    assert_eq!(store.check(Depth::Full).unwrap().damage, [""; 0]);
}

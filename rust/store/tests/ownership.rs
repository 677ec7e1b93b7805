//! Documents that others brought and that one puts oneself; whose documents count for whom; what is listed.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod fixture;

use fixture::{Folder, NOW, attributes, child_of, chunk, message, options, random, small};
use p2psync_bramble::WallClock;
use p2psync_model::{Attributes, Fingerprint, Message, Priority, Protection};
use p2psync_store::{
    Counts, Depth, Error, Filter, NewDocument, OnlyHere, Options, PeerRow, State, Store, StoreLimits,
};

const DAY_MS: u64 = 86_400_000;

fn bob(store: &mut Store) -> PeerRow {
    store.batch(|batch| batch.put_peer(&[3; 32], b"Bob", &mut random(0))).unwrap()
}

fn receive(store: &mut Store, from: PeerRow, new: &NewDocument<'_>) -> Result<bool, Error> {
    store.batch(|batch| batch.receive(from, new, &mut random(1))).map(|arrival| arrival.created)
}

fn assert_sound(store: &Store) {
    assert_eq!(store.check(Depth::Full).unwrap().damage, [""; 0]);
}

#[test]
fn what_a_peer_brought_and_one_puts_oneself_is_ones_own() {
    let folder = Folder::new("adopt");
    let limits = StoreLimits { bytes_max: 2_000, peer_bytes_max: 300, ..StoreLimits::default() };
    let mut store = folder.open_with(&Options { limits, ..options() }).store;
    let peer = bob(&mut store);
    let (one, two) = (message(1), message(2));
    let expiring = Attributes { expires: Some(WallClock(NOW.0 + DAY_MS)), ..attributes().clone() };
    let received = NewDocument { attributes: &expiring, ..small(&one) };
    assert_eq!(receive(&mut store, peer, &received), Ok(true));
    assert!(matches!(receive(&mut store, peer, &small(&two)), Err(Error::Quota(_))));
    let own = NewDocument { info: b"mine", shared: false, duplicate_of: Some(&[7; 32]), ..received };
    let arrival = store.put(&own, &mut random(1)).unwrap();
    assert!(!arrival.created && arrival.id == one.id() && arrival.ready.is_empty());
    let info = store.document(&one.id()).unwrap();
    assert_eq!((info.brought_by, info.shared, info.info), (None, false, b"mine".to_vec()));
    assert_eq!(store.only_here(), Ok(OnlyHere { own: 1, others: 0 }));
    assert_eq!(receive(&mut store, peer, &small(&two)), Ok(true), "the peer's quota is free again");
    let later = WallClock(NOW.0 + 99 * DAY_MS);
    assert_eq!(
        store.batch(|batch| batch.remove_outlived(later)),
        Ok(0),
        "one's own stays when it has expired"
    );
    let again = NewDocument { duplicate_of: Some(&[7; 32]), ..small(&two) };
    assert_eq!(store.put(&again, &mut random(2)).unwrap().id, one.id(), "it is found by its content");
    // What fills the store pushes it out no more than anything else of one's own.
    let filled = (10..99).find(|number| {
        store.put(&NewDocument { now: later, ..small(&message(*number)) }, &mut random(1)).is_err()
    });
    assert!(filled.is_some() && store.document(&one.id()).is_ok());
    store.close().unwrap();
    let store = folder.open_with(&Options { limits, ..options() }).store;
    assert_eq!(store.document(&one.id()).unwrap().brought_by, None);
    assert_sound(&store);
}

#[test]
fn a_partial_copy_becomes_whole_by_what_one_puts() {
    let folder = Folder::new("adopt-partial");
    let mut store = folder.open();
    let peer = bob(&mut store);
    let chunks: Vec<_> = (0..4).map(|number| chunk(number).id()).collect();
    let (description, other) = (message(1), message(2));
    let new = NewDocument { chunks: &chunks, content_bytes: 120_000, ..small(&description) };
    let unknown = NewDocument { chunks: &chunks[..2], chunks_known: false, ..new };
    assert_eq!(receive(&mut store, peer, &unknown), Ok(true));
    let sharing = [chunks[3], chunk(9).id()];
    assert_eq!(receive(&mut store, peer, &NewDocument { chunks: &sharing, ..small(&other) }), Ok(true));
    store.batch(|batch| batch.receive_chunk(&chunk(1), &mut random(1))).unwrap();
    store.batch(|batch| batch.receive_chunk(&chunk(9), &mut random(1))).unwrap();
    assert_eq!(store.put(&new, &mut random(2)), Err(Error::NotFound), "its chunks are not here");
    assert_eq!(store.missing_chunks(&description.id(), 9), Ok(vec![chunks[0]]));
    let arrival = store
        .batch(|batch| {
            (0..4).try_for_each(|number| batch.put_chunk(&chunk(number), &mut random(number)).map(drop))?;
            batch.put(&new, &mut random(2))
        })
        .unwrap();
    assert!(!arrival.created);
    assert_eq!(arrival.ready, [other.id(), description.id()], "the other lacked one of them, too");
    assert_eq!(store.document(&description.id()).unwrap().brought_by, None);
    assert_eq!(store.chunks(&description.id()), Ok(chunks.clone()));
    assert_eq!(store.partial_documents(9), Ok(vec![]));
    assert_sound(&store);
    store.delete(&[description.id()], false).unwrap();
    assert!(store.chunk(&chunks[0]).is_err() && store.chunk(&chunks[3]).is_ok());
    store.delete(&[other.id()], false).unwrap();
    assert!(store.chunk(&chunks[3]).is_err());
    assert_sound(&store);
}

#[test]
fn who_puts_again_what_he_blocked_wants_it_again() {
    let folder = Folder::new("unblock");
    let mut store = folder.open();
    let one = message(1);
    store.put(&small(&one), &mut random(1)).unwrap();
    store.delete(&[one.id()], true).unwrap();
    assert!(store.put(&small(&one), &mut random(1)).unwrap().created);
    assert!(!store.has_tombstone(&one.id()).unwrap());
}

#[test]
fn an_author_is_bounded_whoever_brings_the_documents() {
    let folder = Folder::new("author");
    let limits = StoreLimits { author_documents_max: 3, author_bytes_max: 800, ..StoreLimits::default() };
    let mut store = folder.open_with(&Options { limits, ..options() }).store;
    let peers =
        [bob(&mut store), store.batch(|batch| batch.put_peer(&[4; 32], b"C", &mut random(0))).unwrap()];
    let by = |author| move |message| NewDocument { author: Some(author), ..small(message) };
    let messages: Vec<Message> = (0..9).map(message).collect();
    for (number, new) in messages[..3].iter().map(by(&[1; 32])).enumerate() {
        assert_eq!(receive(&mut store, peers[number % 2], &new), Ok(true));
    }
    let refused = Err(Error::Quota("the number of this author's documents"));
    assert_eq!(receive(&mut store, peers[0], &by(&[1; 32])(&messages[3])), refused);
    assert_eq!(receive(&mut store, peers[0], &by(&[2; 32])(&messages[3])), Ok(true));
    assert_eq!(receive(&mut store, peers[0], &small(&messages[4])), Ok(true), "encrypted: nobody can tell");
    let note = |store: &mut Store, author: &[u8; 32]| {
        store.batch(|batch| batch.note_author(&messages[4].id(), author, &mut random(1)))
    };
    assert_eq!(note(&mut store, &[1; 32]), refused.map(drop));
    assert_eq!((note(&mut store, &[2; 32]), note(&mut store, &[2; 32])), (Ok(()), Ok(())));
    assert!(matches!(note(&mut store, &[3; 32]), Err(Error::OutOfBounds(_))));
    assert_sound(&store);
    store.delete(&[messages[0].id()], false).unwrap();
    store.put(&small(&messages[1]), &mut random(1)).unwrap();
    for new in messages[5..7].iter().map(by(&[1; 32])) {
        assert_eq!(receive(&mut store, peers[1], &new), Ok(true), "deleted and own ones do not count");
    }
    store.close().unwrap();
    let mut store = folder.open_with(&Options { limits, ..options() }).store;
    assert!(matches!(receive(&mut store, peers[1], &by(&[1; 32])(&messages[7])), Err(Error::Quota(_))));
    assert_sound(&store);
}

#[test]
fn the_attributes_are_kept() {
    let folder = Folder::new("attributes");
    let mut store = folder.open();
    let peer = bob(&mut store);
    let messages: Vec<Message> = (0..3).map(message).collect();
    for (message, priority) in messages.iter().zip([Priority::Low, Priority::Normal, Priority::High]) {
        let protection = Protection::Sealed { destination: Fingerprint::V4([1; 20]) };
        let attributes = Attributes { priority, protection, ..child_of(&[]) };
        receive(&mut store, peer, &NewDocument { attributes: &attributes, ..small(message) }).unwrap();
        let info = store.document(&message.id()).unwrap();
        assert_eq!((info.priority, info.encrypted), (priority, true));
    }
}

#[test]
fn lists_are_filtered_and_paged() {
    let folder = Folder::new("filters");
    let mut store = folder.open();
    let peer = bob(&mut store);
    let messages: Vec<Message> = (0..40).map(message).collect();
    for (number, message) in messages.iter().enumerate() {
        let new = NewDocument { shared: number % 3 != 0, ..small(message) };
        if number % 2 == 0 {
            store.put(&new, &mut random(1)).unwrap();
        } else {
            receive(&mut store, peer, &new).unwrap();
        }
        if number % 5 == 0 {
            store.batch(|batch| batch.note_delivery(&message.id(), State::Delivered)).unwrap();
        }
    }
    for own in [None, Some(true), Some(false)] {
        for shared in [None, Some(true), Some(false)] {
            for states in
                [&[][..], &[State::Delivered], &[State::Delivered, State::Stored], &[State::Partial]]
            {
                let filter = Filter { own, states, shared, ..Filter::default() };
                let expected: Vec<_> = (0..40_usize)
                    .rev()
                    .filter(|n| own.is_none_or(|own| own == (n % 2 == 0)))
                    .filter(|n| shared.is_none_or(|shared| shared == (n % 3 != 0)))
                    .filter(|n| match states {
                        [State::Partial] => false,
                        [State::Delivered] => n % 5 == 0,
                        _ => true,
                    })
                    .map(|n| messages[n].id())
                    .collect();
                assert_eq!(pages(&store, filter, 7), expected, "{filter:?}");
            }
        }
    }
    let counts = Counts { own: 20, others: 20, bytes: 40 * 224, ..Counts::default() };
    assert_eq!(store.counts(), Ok(counts));
}

/// All documents of a list, page by page.
fn pages(store: &Store, mut filter: Filter<'_>, count_max: usize) -> Vec<p2psync_model::DocumentId> {
    let mut ids = Vec::new();
    loop {
        let page = store.list(&filter, count_max, |_| true).unwrap();
        assert!(page.documents.len() <= count_max);
        ids.extend(page.documents.iter().map(|info| info.id));
        filter.before = page.next;
        if page.next.is_none() {
            return ids;
        }
    }
}

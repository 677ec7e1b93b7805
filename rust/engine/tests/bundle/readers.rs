//! For whom a bundle is, and for whom it is not.

use p2psync_engine::{Code, Error, PeerChange, Which};
use p2psync_sync::bundle::{Event, ReadError, Reader, SERVER_FRONT_BYTES, Veil, sealed_for_server};

use crate::carrying::{DATE, engine, export, fill, held, import, state, world};
use crate::fixture::{options, random, server_key, set_destination};

const NOT_RECOGNISED: Error = Error::Bundle(ReadError::NotRecognised);

#[test]
fn strangers_get_nothing_and_change_nothing() {
    let mut world = world(3);
    fill(engine(&mut world, 0), 3, &[]);
    let (bytes, _) = export(engine(&mut world, 0), 1);
    let stranger = world.add(options().policy);
    let before = state(engine(&mut world, stranger));
    assert_eq!(import(engine(&mut world, stranger), &bytes), Err(NOT_RECOGNISED));
    assert_eq!(NOT_RECOGNISED.code(), Code::AuthenticationFailed);
    assert_eq!(state(engine(&mut world, stranger)), before);
    // Nor does who made it, of itself; nor is a photo a bundle.
    assert_eq!(import(engine(&mut world, 0), &bytes), Err(Error::Bundle(ReadError::Own)));
    assert_eq!(import(engine(&mut world, 1), &vec![7; 100_000]), Err(NOT_RECOGNISED));
    assert_eq!(import(engine(&mut world, 1), &[7; 500]), Err(Error::Bundle(ReadError::TooShort)));
    let for_nobody =
        engine(&mut world, stranger).export_bundle(&mut Vec::new(), Which::Offered, DATE, &mut random(1));
    assert_eq!(for_nobody, Err(Error::BundleForNobody));
}

#[test]
fn who_was_forgotten_or_blocked_can_read_no_new_one() {
    let mut world = world(3);
    let ids = fill(engine(&mut world, 0), 3, &[]);
    let (before, _) = export(engine(&mut world, 0), 1);
    let [one, two] = [world.id(1), world.id(2)];
    world.act(0, |engine, step| engine.forget_peer(step, &one)).unwrap();
    let block = PeerChange { is_blocked: Some(true), ..PeerChange::default() };
    world.act(0, |engine, step| engine.update_peer(step, &two, block)).unwrap();
    set_destination(engine(&mut world, 0), &server_key());
    let (after, made) = export(engine(&mut world, 0), 2);
    assert_eq!((made.peers, made.for_destination), (0, true));
    for reader in [1, 2] {
        assert_eq!(import(engine(&mut world, reader), &after), Err(NOT_RECOGNISED));
        // What was for them when it was made stays so.
        assert_eq!(import(engine(&mut world, reader), &before).unwrap().documents, 3);
        assert_eq!(held(engine(&mut world, reader), &ids), ids);
        // And nothing is taken from them any more.
        let (theirs, _) = export(engine(&mut world, reader), 3);
        assert_eq!(import(engine(&mut world, 0), &theirs), Err(NOT_RECOGNISED));
    }
    world.pair(0, 1);
    let (again, _) = export(engine(&mut world, 0), 4);
    assert_eq!(import(engine(&mut world, 1), &again).unwrap().already, 3);
    assert_eq!(import(engine(&mut world, 1), &before), Err(NOT_RECOGNISED), "another pairing, another key");
}

#[test]
fn peers_that_meet_meanwhile_still_read_it() {
    let mut world = world(2);
    fill(engine(&mut world, 0), 2, &[]);
    let (bytes, _) = export(engine(&mut world, 0), 1);
    world.all_discover();
    assert!(
        world.run_until(30_000, |world| world.linked(0, 1)),
        "they meet, and their link's secret changes"
    );
    world.kill(1);
    world.restart(1);
    let brought = import(engine(&mut world, 1), &bytes).unwrap();
    assert_eq!(brought.documents + brought.already, 2);
    assert_eq!(brought.ended, Ok(()));
}

#[test]
fn the_server_opens_its_place_and_reads_everything() {
    let mut world = world(2);
    let key = server_key();
    set_destination(engine(&mut world, 0), &key);
    let ids = fill(engine(&mut world, 0), 3, &[50_000]);
    let (bytes, made) = export(engine(&mut world, 0), 1);
    assert!(made.for_destination && made.peers == 1);
    let veil = Veil { group: options().group, server: key.fingerprint() };
    let sealed = sealed_for_server(&bytes[..SERVER_FRONT_BYTES], &veil).unwrap();
    let mut secret = Vec::new();
    p2psync_seal::open(sealed.as_slice(), &key, 1_000, &mut secret).unwrap();
    let mut reader = Reader::with_secret(options().group, &secret).unwrap();
    let mut events = Vec::new();
    reader.handle(&bytes, &mut events).unwrap();
    assert_eq!(reader.finish(), Ok(()));
    let documents = events.iter().filter_map(|event| match event {
        Event::Document(message) => Some(message.id()),
        _ => None,
    });
    let mut documents: Vec<_> = documents.collect();
    documents.sort_unstable();
    let mut ids = ids;
    ids.sort_unstable();
    assert_eq!(documents, ids);
    let fingerprint = key.fingerprint();
    let shown = |bytes: &[u8], part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
    assert!(!shown(&bytes, &fingerprint.as_bytes()[14..]), "the recipient's key is not to be seen");
    assert!(!shown(&bytes, &sealed[..8]));
    let other = Veil { server: p2psync_model::Fingerprint::V4([1; 20]), ..veil };
    assert_eq!(sealed_for_server(&bytes, &other), Err(ReadError::NotRecognised));
}

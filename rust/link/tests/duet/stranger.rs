//! A device that nobody paired with, or that repeats what others said. It must learn nothing, not even whether the
//! device it called knows anybody.

use p2psync_bramble::{AgreementPublicKey, Millis, Role, SecretKey};
use p2psync_link::{
    Acquaintance, Effect, Error, Input, Limits, Link, OPENING_BYTES, PairSecrets, PeerBook, Versions,
};
use rand_chacha::rand_core::RngCore as _;

use super::device::{BOB, Device, paired};
use super::wire::{Connection, Script, untouched};

/// What a called device gives away: the bytes it says, and when it hangs up with which error.
#[derive(Debug, PartialEq)]
struct GivenAway {
    said: Vec<u8>,
    hung_up: (u64, Error),
    effects: Vec<Effect>,
}

/// Plays `openings` to a device, and pokes it each millisecond until it hangs up.
fn call_with(device: &mut Device, flights: &[Vec<u8>]) -> GivenAway {
    let (versions, limits) = (Versions::ours(), Limits::default());
    let mut link = Link::accept(Millis(0), device.identity.clone(), versions, limits, &mut device.random);
    let mut source = Script { bytes: b"secret forms".to_vec().into(), ends: false };
    let (mut said, mut effects) = (Vec::new(), Vec::new());
    let mut flights = flights.iter();
    for ms in 0..=limits.handshake_ms {
        let input = flights.next().map_or(Input::Tick, |flight| Input::Received(flight));
        if let Err(error) = link.handle(Millis(ms), input, &mut device.book, &mut effects) {
            return GivenAway { said, hung_up: (ms, error), effects };
        }
        link.fill(Millis(ms), &mut source, 4_096, &mut said);
    }
    panic!("a stranger's connection is closed at the latest when a handshake must be over");
}

fn nothing() -> GivenAway {
    GivenAway { said: vec![], hung_up: (Limits::default().handshake_ms, Error::Stranger), effects: vec![] }
}

/// A device that knows `count` others.
fn acquainted(count: u64) -> Device {
    let mut device = Device::new(77);
    for peer in 0..count {
        let other = Device::new(1_000 + peer);
        let root = SecretKey::random(&mut device.random);
        device.meet(p2psync_link::PeerHandle(peer), Role::Bob, &other.identity, &root);
    }
    device
}

#[test]
fn it_cannot_tell_whom_a_device_knows() {
    let mut random = Device::new(5).random;
    let mut noise = vec![0; 5_000];
    random.fill_bytes(&mut noise);
    let openings: [&[Vec<u8>]; 4] = [
        &[noise[..OPENING_BYTES].to_vec()],
        &[noise.clone()],
        &[noise[..OPENING_BYTES].to_vec(), noise[100..300].to_vec(), noise[300..].to_vec()],
        &[vec![0; OPENING_BYTES], vec![0xff; 70_000]],
    ];
    for flights in openings {
        for known in [0, 1, 100] {
            assert_eq!(call_with(&mut acquainted(known), flights), nothing(), "knows {known}");
        }
    }
}

#[test]
fn a_call_that_stays_incomplete_ends_at_the_same_moment() {
    for length in [0, 1, OPENING_BYTES - 1] {
        for known in [0, 100] {
            let given_away = call_with(&mut acquainted(known), &[vec![9; length]]);
            assert_eq!(given_away.hung_up.0, Limits::default().handshake_ms);
            assert!(given_away.said.is_empty() && given_away.effects.is_empty());
        }
    }
}

#[test]
fn a_device_that_was_forgotten_is_a_stranger() {
    let mut devices = paired(50);
    devices[1].book = PeerBook::new();
    let [alice, bob] = Connection::new(0).run(&mut devices, &mut untouched);
    assert_eq!((alice.error, bob.error), (Some(Error::NotRecognised), Some(Error::Stranger)));
    assert_eq!(bob.sent_bytes, 0);
    assert_eq!((alice.opened, alice.received.len()), (None, 0));
}

#[test]
fn the_wrong_secret_of_a_pair_is_worth_nothing() {
    let mut devices = paired(51);
    let acquaintance = devices[0].book.get(BOB).unwrap().clone();
    let secrets = PairSecrets::new(SecretKey::from_bytes([1; 32]));
    devices[0].book.insert(BOB, Acquaintance { secrets, ..acquaintance });
    let [alice, bob] = Connection::new(0).run(&mut devices, &mut untouched);
    assert_eq!((alice.error, bob.error), (Some(Error::NotRecognised), Some(Error::Stranger)));
    assert_eq!(bob.sent_bytes, 0);
}

#[test]
fn the_secret_without_the_static_key_is_worth_nothing() {
    let mut devices = paired(52);
    devices[0].identity = Device::new(999).identity;
    let [alice, bob] = Connection::new(0).run(&mut devices, &mut untouched);
    assert_eq!((alice.error, bob.error), (Some(Error::NotRecognised), Some(Error::Stranger)));
    assert_eq!(bob.sent_bytes, 0);
}

#[test]
fn another_transport_is_another_call() {
    let mut devices = paired(53);
    devices[0].identity.transport = "bluetooth";
    let [alice, bob] = Connection::new(0).run(&mut devices, &mut untouched);
    assert_eq!((alice.error, bob.error), (Some(Error::NotRecognised), Some(Error::Stranger)));
}

#[test]
fn a_replayed_call_is_a_strangers_whether_the_first_came_to_an_end_or_not() {
    for flights_that_pass in [0, 1, 2, 9] {
        let mut devices = paired(54);
        let mut said = Vec::new();
        let mut wire = |side, number, flight: Vec<u8>| {
            if side == 0 {
                said.push(flight.clone());
            }
            // Alice's opening always arrives; of what follows, only a part.
            if side == 0 && number == 0 || said.len() <= flights_that_pass {
                vec![Some(flight)]
            } else {
                vec![]
            }
        };
        Connection::new(0).run(&mut devices, &mut wire);
        devices[1].restart();
        assert_eq!(call_with(&mut devices[1], &said), nothing(), "after {flights_that_pass} flights");
        assert_eq!(call_with(&mut devices[1], &said[..1]), nothing());
    }
}

#[test]
fn a_call_sent_back_to_its_caller_means_nothing_there() {
    let mut devices = paired(55);
    let mut said = Vec::new();
    let mut wire = |side, _, flight: Vec<u8>| {
        if side == 0 {
            said.push(flight);
        }
        vec![]
    };
    Connection::new(0).run(&mut devices, &mut wire);
    assert_eq!(call_with(&mut devices[0], &said), nothing());
}

#[test]
fn points_of_low_order_are_refused() {
    let low_order = [
        [0; 32],
        AgreementPublicKey::from_bytes({
            let mut one = [0; 32];
            one[0] = 1;
            one
        })
        .as_bytes()
        .to_owned(),
    ];
    for point in low_order {
        // In the opening, in place of the caller's ephemeral key.
        let mut devices = paired(56);
        let mut wire = |side, number, mut flight: Vec<u8>| {
            if (side, number) == (0, 0) {
                flight[OPENING_BYTES - 56..][..32].copy_from_slice(&point);
            }
            vec![Some(flight)]
        };
        let [_, bob] = Connection::new(0).run(&mut devices, &mut wire);
        assert_eq!((bob.error, bob.sent_bytes), (Some(Error::Stranger), 0));

        // In the response, in place of the callee's.
        let mut devices = paired(57);
        let mut wire = |side, number, mut flight: Vec<u8>| {
            if (side, number) == (1, 0) {
                flight[..32].copy_from_slice(&point);
            }
            vec![Some(flight)]
        };
        let [alice, _] = Connection::new(0).run(&mut devices, &mut wire);
        assert!(matches!(alice.error, Some(Error::PeerMisbehaved(_))));

        // As the static key of a peer.
        let mut devices = paired(58);
        let acquaintance = devices[0].book.get(BOB).unwrap().clone();
        let static_key = AgreementPublicKey::from_bytes(point);
        devices[0].book.insert(BOB, Acquaintance { static_key, ..acquaintance });
        let Device { identity, book, random, .. } = &mut devices[0];
        let limits = Limits::default();
        assert!(Link::call(Millis(0), identity, BOB, book, Versions::ours(), limits, random).is_none());
    }
}

#[test]
fn a_thousand_strangers_leave_nothing_behind() {
    let mut device = acquainted(20);
    let before = device.book.clone();
    for number in 0..1_000_u32 {
        let mut flight = vec![0; OPENING_BYTES];
        device.random.fill_bytes(&mut flight);
        flight[..4].copy_from_slice(&number.to_be_bytes());
        let (versions, limits) = (Versions::ours(), Limits::default());
        let mut link = Link::accept(Millis(0), device.identity.clone(), versions, limits, &mut device.random);
        let mut effects = Vec::new();
        link.handle(Millis(0), Input::Received(&flight), &mut device.book, &mut effects).unwrap();
        assert!(effects.is_empty());
    }
    assert_eq!(device.book, before);
}

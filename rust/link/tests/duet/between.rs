//! Somebody between two devices that know each other.

use p2psync_bramble::{Role, SecretKey};
use p2psync_link::{Error, PeerHandle};

use super::device::{ALICE, BOB, Device, paired};
use super::wire::{Connection, Run, Side, assert_next_contact_works, untouched};

#[test]
fn mallory_paired_with_both_cannot_pass_for_either() {
    // Mallory knows Alice and Bob, and both know Mallory; it answers Alice's call to Bob.
    let [mut alice, bob] = paired(60);
    let mut mallory = Device::new(61);
    let root = SecretKey::random(&mut mallory.random);
    let (alice_identity, mallory_identity) = (alice.identity.clone(), mallory.identity.clone());
    alice.meet(PeerHandle(3), Role::Alice, &mallory_identity, &root);
    mallory.meet(ALICE, Role::Bob, &alice_identity, &root);
    let mut devices = [alice, mallory];
    let [alice, mallory] = Connection::new(0).run(&mut devices, &mut untouched);
    assert_eq!((alice.error, mallory.error), (Some(Error::NotRecognised), Some(Error::Stranger)));
    drop(bob);
}

#[test]
fn a_response_to_another_call_does_not_count() {
    let mut devices = paired(62);
    let mut first_response = Vec::new();
    let mut wire = |side: Side, number: usize, flight: Vec<u8>| {
        if (side, number) == (1, 0) {
            first_response = flight;
            return vec![];
        }
        vec![Some(flight)]
    };
    Connection::new(0).run(&mut devices, &mut wire);
    let mut wire = |side: Side, number: usize, flight: Vec<u8>| {
        vec![Some(if (side, number) == (1, 0) { first_response.clone() } else { flight })]
    };
    let [alice, bob] = Connection::new(0).run(&mut devices, &mut wire);
    assert!(matches!(alice.error, Some(Error::PeerMisbehaved(_))));
    assert!(bob.error.is_some() && bob.opened.is_none() && alice.opened.is_none());
    assert_next_contact_works(&mut devices, "a foreign response");
}

#[test]
fn ones_own_flights_sent_back_do_not_count() {
    let mut reflections = 0;
    for number in 0..3 {
        for side in [0, 1] {
            let mut devices = paired(63);
            let mut own: Vec<Vec<u8>> = Vec::new();
            let mut was_reflected = false;
            let mut wire = |from: Side, index: usize, flight: Vec<u8>| {
                if from == side {
                    own.push(flight.clone());
                    return vec![Some(flight)];
                }
                let reflected = if index == number { own.last().cloned() } else { None };
                was_reflected |= reflected.is_some();
                vec![Some(reflected.unwrap_or(flight))]
            };
            let outcomes = Connection::new(0).run(&mut devices, &mut wire);
            let scripts = Connection::new(0).scripts;
            assert_eq!(outcomes[side].error.is_some(), was_reflected, "flight {number} reflected to {side}");
            reflections += usize::from(was_reflected);
            assert!(scripts[1 - side].starts_with(&outcomes[side].received));
            assert_next_contact_works(&mut devices, "reflected");
        }
    }
    assert_eq!(reflections, 3, "two flights to Alice, one to Bob");
}

#[test]
fn a_stale_call_held_back_on_the_wire_changes_nothing() {
    let mut devices = paired(64);
    let mut stale = Vec::new();
    let mut wire = |side: Side, number: usize, flight: Vec<u8>| {
        if (side, number) == (0, 0) {
            stale = flight;
            return vec![];
        }
        vec![Some(flight)]
    };
    Connection::new(0).run(&mut devices, &mut wire);
    assert_next_contact_works(&mut devices, "the call after");
    let mut wire = |side: Side, number: usize, flight: Vec<u8>| {
        vec![Some(if (side, number) == (0, 0) { stale.clone() } else { flight })]
    };
    let [_, bob] = Connection::new(0).run(&mut devices, &mut wire);
    assert_eq!((bob.error, bob.sent_bytes), (Some(Error::Stranger), 0));
    assert_next_contact_works(&mut devices, "the stale call");
}

#[test]
fn a_peer_forgotten_in_the_middle_gets_nothing_more() {
    for steps in 0..3 {
        let mut devices = paired(65);
        let mut run = Run::start(Connection::new(0), &mut devices);
        for _ in 0..steps {
            run.step(&mut devices, &mut untouched);
        }
        devices[1].book.remove(ALICE);
        while run.step(&mut devices, &mut untouched) {}
        let bob = &run.outcomes()[1];
        let expected = if steps == 0 { Error::Stranger } else { Error::PeerChanged };
        assert!(bob.error == Some(expected) || bob.opened.is_some(), "{steps}: {bob:?}");
        assert!(bob.opened.is_some() || bob.received.is_empty());
    }
}

#[test]
fn pairing_again_replaces_the_secrets_under_an_opening_link() {
    let mut devices = paired(66);
    let mut run = Run::start(Connection::new(0), &mut devices);
    run.step(&mut devices, &mut untouched);
    let root = SecretKey::from_bytes([3; 32]);
    let identities = [devices[0].identity.clone(), devices[1].identity.clone()];
    devices[0].meet(BOB, Role::Alice, &identities[1], &root);
    devices[1].meet(ALICE, Role::Bob, &identities[0], &root);
    while run.step(&mut devices, &mut untouched) {}
    assert!(run.outcomes().iter().all(|outcome| outcome.error.is_some()));
    assert_next_contact_works(&mut devices, "paired again");
}

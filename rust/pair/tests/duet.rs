//! Two devices pair, in all three ways.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

#[path = "duet/cast.rs"]
mod cast;
#[path = "duet/stage.rs"]
mod stage;

use cast::{CLOCK, KINDS, Kind, START, device, devices, digits, pairings, scanner, seeds, start};
use std::collections::BTreeMap;

use p2psync_bramble::{Role, SecretKey, SigningKey, WallClock};
use p2psync_pair::{
    Authentication, CLOCK_MIN, Descriptor, Device, DigitAttempts, EXTENSION_ID, Effect, Error, Extension,
    Fault, Input, Offer, Pairing, Verdict, Waits, Way, pair_secret,
};
use stage::{Duet, Person, Tamper};

#[test]
fn all_ways_lead_to_one_secret_and_two_identities() {
    for kind in KINDS {
        for (seed, role) in seeds(kind).into_iter().zip([Role::Alice, Role::Bob]) {
            let duet = Duet::new(kind, seed, Tamper::Nothing).run();
            let [a, b] = duet.both();
            assert_eq!(a.master_key, b.master_key);
            assert_eq!(pair_secret(&a.master_key), pair_secret(&b.master_key));
            assert_ne!(pair_secret(&a.master_key), a.master_key);
            assert_eq!((a.role, b.role), (role, role.other()));
            let [device_a, device_b] = devices(seed);
            assert_eq!((&a.identity, &b.identity), (device_b.identity(), device_a.identity()));
            assert_eq!((a.root_timestamp, b.root_timestamp), (CLOCK, CLOCK));
            let expected = match kind {
                Kind::BothScanned => [Authentication::BothScanned; 2],
                Kind::OneScanned => [Authentication::Scanned, Authentication::Code],
                Kind::Digits => [Authentication::Digits; 2],
            };
            assert_eq!([a.authentication, b.authentication], expected);
            let offer = &a.extension.as_ref().unwrap().offer;
            assert_eq!(offer.advertising_key, SecretKey::from_bytes([seed ^ 2; 32]));
            assert!(a.unread.is_empty() && b.unread.is_empty());
            assert_eq!(duet.sides[1].code_used, kind == Kind::OneScanned);
            let digits = duet.sides.each_ref().map(|side| side.digits.clone());
            assert_eq!(digits[0], digits[1]);
            assert_eq!(digits[0].is_some(), kind == Kind::Digits);
            assert!(duet.sides.iter().all(|side| side.pairing.deadline().is_none()));
        }
    }
}

#[test]
fn with_both_codes_scanned_not_a_byte_is_added_to_bqp() {
    let duet = Duet::new(Kind::BothScanned, seeds(Kind::BothScanned)[0], Tamper::Nothing).run();
    let heads: Vec<_> = duet.log.iter().take(4).map(|(from, message)| (*from, &message[..4])).collect();
    let record = |kind| [4, kind, 0, 32];
    assert_eq!(heads, [(0, &record(0)[..]), (1, &record(0)), (0, &record(1)), (1, &record(1))]);
    // Alice's contact info, Bob's with the end of his stream, the end of Alice's.
    assert_eq!(duet.log[4..].iter().map(|(from, _)| *from).collect::<Vec<_>>(), [0, 1, 0]);
    assert_eq!(duet.log[6].1.len(), 36);
}

#[test]
fn the_next_protocols_first_bytes_are_handed_over() {
    for kind in KINDS {
        let mut duet = Duet::new(kind, seeds(kind)[0], Tamper::Nothing);
        duet.run_until_last_message();
        let (from, mut last) = duet.take_last_message();
        last.extend_from_slice(b"next protocol");
        duet.sides[1 - from].handle(duet.now, Input::Bytes(&last));
        assert_eq!(duet.both()[1 - from].unread, b"next protocol");
        let mut effects = Vec::new();
        let late = duet.sides[1 - from].pairing.handle(duet.now, Input::Bytes(b"x"), &mut effects);
        assert_eq!(late, Err(Error::Complete));
        assert!(duet.sides[1 - from].result.as_ref().unwrap().is_ok());
    }
}

#[test]
fn a_slow_person_keeps_the_other_side_waiting_and_no_longer() {
    for seed in seeds(Kind::Digits) {
        for slow in [0, 1] {
            let mut duet = Duet::new(Kind::Digits, seed, Tamper::Nothing);
            duet.sides[slow].person = Person::Slow;
            assert_eq!(duet.run().has_paired(), [true, true]);
        }
    }
    for seed in seeds(Kind::Digits) {
        let mut duet = Duet::new(Kind::Digits, seed, Tamper::Nothing);
        duet.sides[1].person = Person::Silent;
        let duet = duet.run();
        assert_eq!(duet.errors(), [Some(&Error::PeerAborted), Some(&Error::PersonSilent)]);
        assert_eq!(duet.now.since(START) / 1000, Waits::default().person_ms / 1000);
    }
}

#[test]
fn who_says_the_digits_differ_is_heard_on_both_sides() {
    for seed in seeds(Kind::Digits) {
        for (rejecting, slow) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            let mut duet = Duet::new(Kind::Digits, seed, Tamper::Nothing);
            duet.sides[rejecting].verdict = Verdict::Reject;
            duet.sides[slow].person = Person::Slow;
            let duet = duet.run();
            let errors = duet.errors();
            assert_eq!(errors[rejecting], Some(&Error::DigitsRejected));
            assert_eq!(errors[1 - rejecting], Some(&Error::PeerAborted), "{rejecting} {slow}");
            assert_eq!(errors.map(|error| error.unwrap().fault())[rejecting], Fault::Us);
        }
    }
}

/// Pairs by digits; the first side says `verdict`, the second one that they match.
fn with_policies(seed: u8, verdict: Verdict, allowed: [bool; 2]) -> Duet {
    let [a, b] = devices(seed);
    let [ways_a, ways_b] = allowed.map(|allowed| digits(&DigitAttempts::new(), allowed));
    let mut duet = Duet::of([start(a, ways_a, seed, 10), start(b, ways_b, seed, 11)], Tamper::Nothing);
    duet.sides[0].verdict = verdict;
    duet
}

#[test]
fn a_skipped_peer_is_unauthenticated_on_both_sides_or_refused() {
    for seed in seeds(Kind::Digits) {
        let duet = with_policies(seed, Verdict::Skip, [true, true]).run();
        assert_eq!(duet.both().map(|paired| paired.authentication), [Authentication::Unauthenticated; 2]);

        let duet = with_policies(seed, Verdict::Skip, [true, false]).run();
        assert_eq!(duet.errors()[1], Some(&Error::PeerSkipped));
        assert!(matches!(duet.errors()[0], Some(Error::PeerAborted | Error::Cut)));

        let duet = with_policies(seed, Verdict::Match, [true, true]).run();
        assert_eq!(duet.both().map(|paired| paired.authentication), [Authentication::Digits; 2]);
    }
}

#[test]
fn skipping_against_the_policy_is_refused_and_the_digits_stay() {
    let mut duet = with_policies(1, Verdict::Match, [false, false]);
    duet.sides[0].person = Person::Slow;
    duet.run_until_quiet();
    let mut effects = Vec::new();
    let (now, pairing) = (duet.now, &mut duet.sides[0].pairing);
    let skipped = pairing.handle(now, Input::Verdict(Verdict::Skip), &mut effects);
    assert_eq!(skipped, Err(Error::SkipForbidden));
    assert!(Error::SkipForbidden.leaves_pairing_as_it_was());
    let mut duet = duet.run();
    assert_eq!(duet.has_paired(), [true, true]);
    let again = duet.sides[0].pairing.handle(now, Input::Verdict(Verdict::Match), &mut effects);
    assert_eq!(again, Err(Error::NoDigitsShown));
}

#[test]
fn a_clock_at_1970_pairs_with_ours() {
    for kind in KINDS {
        for seed in seeds(kind) {
            let a = device("Amina", seed ^ 1, WallClock(0));
            let b = device("Bilal", seed ^ 2, CLOCK);
            let duet = Duet::of(pairings(kind, [a, b], seed), Tamper::Nothing).run();
            assert_eq!(duet.both().map(|paired| paired.root_timestamp), [CLOCK_MIN; 2]);
        }
    }
}

#[test]
fn our_own_code_is_refused_at_once() {
    let shown = cast::shown(1);
    let Way::Scanner { ours, .. } = scanner(1, &shown) else { panic!("a scanner") };
    let theirs = ours.payload().clone();
    let way = Way::BothScanned { ours, theirs };
    assert_eq!(begin(devices(1)[0].clone(), way), Error::OwnPayload);
}

#[test]
fn a_device_that_says_too_much_is_told_before_anything_is_sent() {
    let lan = || Descriptor::lan("10.0.0.1:1".parse().unwrap());
    let many: Vec<_> = (0..300).map(|_| lan()).collect();
    let offer = Offer::random(many.clone(), &mut cast::random(1, 1));
    let code = cast::shown(1).code().clone();
    let attempts = DigitAttempts::new();
    let ways = [
        Way::Scanner { ours: offer, code },
        Way::Digits { descriptors: many, skip_allowed: false, attempts },
    ];
    for way in ways {
        let started = begin(devices(1)[0].clone(), way);
        assert_eq!(started, Error::PayloadTooLong);
    }

    let entries: BTreeMap<_, _> = (0..100).map(|i| (format!("p{i}"), "v".repeat(100))).collect();
    let properties = (0..5).map(|transport| (format!("t{transport}"), entries.clone())).collect();
    let offer = Extension::parse(
        &Duet::new(Kind::Digits, 1, Tamper::Nothing).run().both()[0].properties[EXTENSION_ID],
    );
    let key = SigningKey::from_seed([1; 32]);
    let device = Device::new("Amina", key, properties, offer.unwrap().offer, CLOCK).unwrap();
    assert_eq!(begin(device, digits(&DigitAttempts::new(), false)), Error::ContactTooLarge);
}

/// Why a pairing cannot even begin.
fn begin(device: Device, way: Way) -> Error {
    let (mut random, mut effects) = (cast::random(1, 1), Vec::<Effect>::new());
    Pairing::start(device, way, Waits::default(), START, &mut random, &mut effects).unwrap_err()
}

#[test]
fn giving_up_never_cuts_into_a_record() {
    let seed = seeds(Kind::OneScanned)[0];
    let log = Duet::new(Kind::OneScanned, seed, Tamper::Nothing).run().log;
    let [_, mut bob] = pairings(Kind::OneScanned, devices(seed), seed);
    // Alice's opening, her key and her confirmation.
    for (_, message) in log.iter().filter(|(from, _)| *from == 0).take(3) {
        bob.handle(START, Input::Bytes(message));
    }
    let mut said = Vec::new();
    bob.pairing.fill(START, 36 + 10, &mut said);
    bob.handle(START, Input::Bytes(&[0; 100]));
    assert_eq!(bob.result.take().unwrap().unwrap_err().fault(), Fault::Peer);
    said.extend(bob.pull(START));
    let of_bob: Vec<u8> =
        log.iter().filter(|(from, _)| *from == 1).take(2).flat_map(|(_, m)| m.clone()).collect();
    assert_eq!(said, [&of_bob[..], &[4, 2, 0, 0]].concat());
}

//! Somebody on the wire who is neither of the two: replays, mirrors, swaps in another pairing's messages,
//! tries codes.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

#[path = "duet/cast.rs"]
mod cast;
#[path = "duet/stage.rs"]
mod stage;

use cast::{KINDS, Kind, START, devices, pairings, scanner, seeds, shown, start};
use p2psync_bramble::Millis;
use p2psync_pair::{
    Authentication, CODE_LIFETIME_MS, Error, Fault, Input, Misbehaviour, Offer, ShownCode, Way,
};
use stage::{Duet, Side, Tamper};

const ABORT: [u8; 4] = [4, 2, 0, 0];

/// One side of a pairing and what it hears in it, message by message.
struct Scene {
    kind: Kind,
    seed: u8,
    at: usize,
    heard: Vec<Vec<u8>>,
    said: Vec<Vec<u8>>,
}

impl Scene {
    fn all() -> impl Iterator<Item = Self> {
        KINDS.into_iter().flat_map(|kind| {
            seeds(kind).into_iter().flat_map(move |seed| [0, 1].map(|at| Self::new(kind, seed, at)))
        })
    }

    fn new(kind: Kind, seed: u8, at: usize) -> Self {
        let log = Duet::new(kind, seed, Tamper::Nothing).run().log;
        let of =
            |side| log.iter().filter(|(from, _)| *from == side).map(|(_, bytes)| bytes.clone()).collect();
        Self { kind, seed, at, heard: of(1 - at), said: of(at) }
    }

    /// The same side again, after it has heard the first `count` messages.
    fn after(&self, count: usize) -> Side {
        let [first, second] = pairings(self.kind, devices(self.seed), self.seed);
        let mut side = if self.at == 0 { first } else { second };
        for message in &self.heard[..count] {
            hear(&mut side, message);
        }
        side
    }
}

/// Hears a message, and says that the digits match as soon as there are any.
fn hear(side: &mut Side, message: &[u8]) {
    side.handle(START, Input::Bytes(message));
    if side.digits.take().is_some() {
        side.handle(START, Input::Verdict(side.verdict));
    }
}

/// Hears a message that should end the pairing, then the end of the connection.
fn error_after(mut side: Side, message: &[u8]) -> Error {
    hear(&mut side, message);
    side.handle(START, Input::End);
    side.result.unwrap().unwrap_err()
}

#[test]
fn every_own_message_mirrored_at_every_step() {
    for scene in Scene::all() {
        for count in 0..scene.heard.len() {
            for own in &scene.said {
                let error = error_after(scene.after(count), own);
                assert_ne!(error.fault(), Fault::Us, "{:?} {count}: {error}", scene.kind);
            }
        }
    }
}

#[test]
fn mirrored_payload_key_confirmation_and_contact_info_have_their_names() {
    let scene = Scene::new(Kind::BothScanned, seeds(Kind::BothScanned)[0], 0);
    let mirrored = |count: usize| error_after(scene.after(count), &scene.said[count]);
    assert_eq!(mirrored(0), Misbehaviour::WrongKey.into());
    assert_eq!(mirrored(1), Misbehaviour::WrongConfirmation.into());
    assert_eq!(mirrored(2), Misbehaviour::Stream("stream header").into());
    let scene = Scene::new(Kind::Digits, 0, 0);
    assert_eq!(error_after(scene.after(0), &scene.said[0]), Misbehaviour::PayloadReflected.into());
}

#[test]
fn messages_of_another_pairing_at_every_step() {
    for scene in Scene::all() {
        // The same two devices, a little later: everything ephemeral differs.
        let mut other = (1..64).map(|bit| Scene::new(scene.kind, scene.seed ^ bit, scene.at));
        let other = other.find(|other| other.heard.len() == scene.heard.len()).unwrap();
        for (count, message) in other.heard.iter().enumerate() {
            let error = error_after(scene.after(count), message);
            let is_stranger = scene.kind == Kind::Digits && count == 0;
            // In clear any payload is as good as another; then its key, and at last the digits, tell.
            assert_eq!(error == Error::Cut, is_stranger, "{:?} {count}: {error}", scene.kind);
            assert!(is_stranger || error.fault() == Fault::Peer);
        }
    }
}

#[test]
fn substituted_key_confirmation_and_contact_info_have_their_names() {
    let [seed, other] = [seeds(Kind::BothScanned)[0], 77];
    for at in [0, 1] {
        let scene = Scene::new(Kind::BothScanned, seed, at);
        let theirs = Scene::new(Kind::BothScanned, other, at).heard;
        let substituted = |count: usize| {
            let same_kind = theirs.iter().find(|message| message[..2] == scene.heard[count][..2]);
            error_after(scene.after(count), same_kind.unwrap())
        };
        assert_eq!(substituted(0), Misbehaviour::WrongKey.into());
        assert_eq!(substituted(1), Misbehaviour::WrongConfirmation.into());
        let foreign_stream = theirs.iter().find(|message| message.len() > 200).unwrap();
        let error = error_after(scene.after(2), foreign_stream);
        assert_eq!(error, Misbehaviour::Stream("stream header").into());
    }
}

/// A device that shows a code, at `now`, and what it says to `message`.
fn try_code(shown: &ShownCode, now: Millis, message: &[u8]) -> (Side, Vec<u8>) {
    let [_, device] = devices(1);
    let mut side = start(device, Way::Shower { shown: shown.clone(), scanned: None }, 1, 12);
    assert!(side.pull(START).is_empty(), "nothing is said before the secret is proved");
    side.handle(now, Input::Bytes(message));
    let said = side.pull(now);
    (side, said)
}

fn opening_of(way: Way) -> Vec<u8> {
    let [device, _] = devices(1);
    let opening = start(device, way, 1, 13).pull(START);
    let length = 4 + usize::from(opening[3]);
    assert_eq!(opening[1], 16);
    opening[..length].to_vec()
}

#[test]
fn a_code_is_good_once_and_in_time_and_for_who_saw_it() {
    let shown = shown(1);
    let opening = opening_of(scanner(1, &shown));
    let wrong = opening_of(scanner(1, &cast::shown(2)));
    let refused = |message: &[u8], now: Millis| {
        let (side, said) = try_code(&shown, now, message);
        // The scanner learns that it was refused, and not why.
        assert_eq!(said, ABORT);
        assert!(!side.code_used);
        side.result.unwrap().unwrap_err()
    };
    assert_eq!(refused(&wrong, START), Error::WrongSecret);
    for place in 4..opening.len() {
        let mut changed = opening.clone();
        changed[place] ^= 1;
        assert_eq!(refused(&changed, START), Error::WrongSecret);
    }
    assert!(!shown.is_used());

    let (side, said) = try_code(&shown, START.plus(1000), &opening);
    assert!(side.code_used && side.result.is_none() && !said.starts_with(&ABORT));
    assert_eq!(refused(&opening, START.plus(2000)), Error::CodeUsed);
    let another =
        Way::Scanner { ours: Offer::random(vec![], &mut cast::random(9, 9)), code: shown.code().clone() };
    assert_eq!(refused(&opening_of(another), START.plus(3000)), Error::CodeUsed);
}

#[test]
fn a_code_expires_by_a_clock_that_does_not_jump() {
    let shown = shown(1);
    let opening = opening_of(scanner(1, &shown));
    let [_, device] = devices(1);
    let late = START.plus(CODE_LIFETIME_MS);
    for (now, expected) in [(late, Some(Error::CodeExpired)), (Millis(late.0 - 1), None)] {
        // The connection came in time; what counts is when the secret is proved.
        let way = Way::Shower { shown: shown.clone(), scanned: None };
        let waits = p2psync_pair::Waits { silence_ms: 10_000_000, overall_ms: 10_000_000, person_ms: 1 };
        let (mut random, mut effects) = (cast::random(1, 1), Vec::new());
        let pairing =
            p2psync_pair::Pairing::start(device.clone(), way, waits, START, &mut random, &mut effects);
        let mut side = Side::new(pairing.unwrap(), effects);
        side.handle(now, Input::Bytes(&opening));
        assert_eq!(side.result.and_then(Result::err), expected);
    }
}

#[test]
fn a_replayed_opening_spends_the_code_and_wins_nothing() {
    for seed in seeds(Kind::OneScanned) {
        let shown = shown(seed);
        let [a, b] = devices(seed);
        let opening = opening_of(scanner(seed, &shown));
        let shower = || Way::Shower { shown: shown.clone(), scanned: None };
        // Somebody who heard the opening is faster than who sent it, and cannot go on without its key.
        let mut first = start(b.clone(), shower(), seed, 14);
        first.handle(START, Input::Bytes(&opening));
        assert!(first.code_used);
        let mirror = first.pull(START);
        assert_ne!(error_after(first, &mirror).fault(), Fault::Us);
        // The scanner itself comes too late; nobody has paired.
        let duet = Duet::of(
            [start(a, scanner(seed, &shown), seed, 10), start(b, shower(), seed, 11)],
            Tamper::Nothing,
        );
        assert_eq!(duet.run().errors(), [Some(&Error::PeerAborted), Some(&Error::CodeUsed)]);
    }
}

#[test]
fn a_shower_says_nothing_but_abort_before_the_secret_is_proved() {
    let shown = shown(1);
    let [key, confirm, clear, other] = [0, 1, 17, 99].map(|kind| [&[4, kind, 0, 32][..], &[7; 32]].concat());
    for message in [key, confirm, clear, vec![3, 16, 0, 0], vec![4, 16, 0, 0], vec![4, 0, 0xff, 0xff]] {
        let (side, said) = try_code(&shown, START, &message);
        assert_eq!(side.result.unwrap().unwrap_err().fault(), Fault::Peer);
        assert_eq!(said, ABORT);
    }
    let (side, said) = try_code(&shown, START, &other);
    assert!(side.result.is_none() && said.is_empty(), "unknown records are skipped");
    let (side, said) = try_code(&shown, START.plus(60_000), b"\x04");
    assert!(matches!(side.result, Some(Err(Error::Silent { .. }))));
    assert_eq!(said, ABORT);
    assert!(!shown.is_used());
}

#[test]
fn who_scanned_too_pairs_with_what_it_scanned_only() {
    let shown = shown(1);
    let Way::Scanner { ours, code } = scanner(1, &shown) else { panic!("a scanner") };
    let other = Offer::random(vec![], &mut cast::random(5, 5));
    let pair = |scanned: &Offer, shown: &ShownCode| {
        let [a, b] = devices(1);
        let way = Way::Scanner { ours: ours.clone(), code: shown.code().clone() };
        let shower = Way::Shower { shown: shown.clone(), scanned: Some(scanned.payload().clone()) };
        Duet::of([start(a, way, 1, 10), start(b, shower, 1, 11)], Tamper::Nothing).run()
    };
    assert_eq!(code, *shown.code());
    let duet = pair(&ours, &shown);
    let authentication = duet.both().map(|paired| paired.authentication);
    assert_eq!(authentication, [Authentication::Scanned, Authentication::BothScanned]);
    let duet = pair(&other, &cast::shown(2));
    assert_eq!(duet.errors()[1], Some(&Misbehaviour::NotTheScannedPayload.into()));
}

#[test]
fn a_payload_of_another_version_says_who_must_be_updated() {
    let payload = shown(1).code().payload().to_bytes();
    for (version, expected, fault) in
        [(3, Error::PeerTooOld { version: 3 }, Fault::Peer), (5, Error::PeerTooNew { version: 5 }, Fault::Us)]
    {
        let mut message = vec![4, 17, 0, u8::try_from(payload.len()).unwrap(), version];
        message.extend_from_slice(&payload[1..]);
        let [mut side, _] = pairings(Kind::Digits, devices(1), 1);
        side.pull(START);
        side.handle(START, Input::Bytes(&message));
        assert_eq!(side.pull(START), ABORT);
        let error = side.result.unwrap().unwrap_err();
        assert_eq!(error.fault(), fault);
        assert_eq!(error, expected);
    }
}

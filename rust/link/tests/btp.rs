//! BTP 4 between two devices: duplex sessions, tags, clocks, and what can happen to the bytes.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

use std::collections::VecDeque;

use p2psync_bramble::stream::{StreamStart, Tag};
use p2psync_bramble::{Millis, Role, SecretKey, WallClock};
use p2psync_link::btp::{BtpLink, Recognised, RotationKeys, TagBook, Transport};
use p2psync_link::{Effect, Error, Input, Limits, Source};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;

const PAIRED_AT: WallClock = WallClock(1_790_000_000_000);
const HOUR_MS: u64 = 3_600_000;

/// One contact's keys on one device, which answers the streams that it recognises.
struct Contact {
    keys: RotationKeys,
    random: ChaCha20Rng,
    has_called: bool,
}

impl Contact {
    fn new(role: Role, clock: WallClock) -> Self {
        let transport = Transport::LAN;
        let root = SecretKey::from_bytes([6; 32]);
        let mut keys = RotationKeys::new(transport.id, &root, transport.period(PAIRED_AT), role, true);
        keys.advance(transport.period(clock)).unwrap();
        Self { keys, random: ChaCha20Rng::seed_from_u64(role as u64), has_called: false }
    }

    fn start(&mut self) -> StreamStart {
        let stream = self.keys.next_stream().expect("active keys");
        StreamStart::random(Some(stream.tag), stream.header_key, stream.stream_number, &mut self.random)
    }

    fn call(&mut self) -> BtpLink {
        self.has_called = true;
        let start = self.start();
        BtpLink::call(Millis(0), start, Limits::default())
    }
}

impl TagBook for Contact {
    fn recognise(&mut self, tag: &Tag) -> Option<Recognised> {
        let incoming = self.keys.recognise(tag)?;
        let answer = (!self.has_called).then(|| self.start());
        Some(Recognised { incoming, answer })
    }
}

struct Script(VecDeque<u8>);

impl Source for Script {
    fn fill(&mut self, room_bytes: usize, out: &mut Vec<u8>) {
        let count = room_bytes.min(self.0.len());
        out.extend(self.0.drain(..count));
    }

    fn is_ended(&self) -> bool {
        self.0.is_empty()
    }
}

#[derive(Debug, Default, PartialEq)]
struct Outcome {
    received: Vec<u8>,
    ended: bool,
    error: Option<Error>,
    sent: Vec<u8>,
}

/// Alice calls Bob; `wire` changes what is under way, by side.
fn session(
    contacts: &mut [Contact; 2],
    scripts: [&[u8]; 2],
    wire: &mut dyn FnMut(usize, Vec<u8>) -> Vec<u8>,
) -> [Outcome; 2] {
    contacts[0].has_called = false;
    contacts[1].has_called = false;
    let mut links = [contacts[0].call(), BtpLink::accept(Millis(0), Limits::default())];
    let mut sources = scripts.map(|script| Script(script.iter().copied().collect()));
    let mut outcomes: [Outcome; 2] = Default::default();
    for round in 0..200 {
        let now = Millis(round * 500);
        for side in [0, 1] {
            let mut flight = Vec::new();
            links[side].fill(now, &mut sources[side], 1_500, &mut flight);
            outcomes[side].sent.extend_from_slice(&flight);
            if !flight.is_empty() {
                flight = wire(side, flight);
            }
            handle(&mut links[1 - side], now, Input::Received(&flight), contacts, &mut outcomes, 1 - side);
        }
        for side in [0, 1] {
            handle(&mut links[side], now, Input::Tick, contacts, &mut outcomes, side);
        }
    }
    outcomes
}

fn handle(
    link: &mut BtpLink,
    now: Millis,
    input: Input<'_>,
    contacts: &mut [Contact; 2],
    outcomes: &mut [Outcome; 2],
    side: usize,
) {
    if matches!(input, Input::Received([])) || outcomes[side].error.is_some() {
        return;
    }
    let mut effects = Vec::new();
    let result = link.handle(now, input, &mut contacts[side], &mut effects);
    for effect in effects {
        match effect {
            Effect::Received(bytes) => outcomes[side].received.extend(bytes),
            Effect::Ended => outcomes[side].ended = true,
            Effect::Store(_) | Effect::Opened { .. } => panic!("BTP has no handshake"),
        }
    }
    outcomes[side].error = result.err();
}

fn contacts(hours_apart: [u64; 2]) -> [Contact; 2] {
    let clock = |hours| WallClock(PAIRED_AT.0 + 40 * HOUR_MS + hours * HOUR_MS);
    [Contact::new(Role::Alice, clock(hours_apart[0])), Contact::new(Role::Bob, clock(hours_apart[1]))]
}

fn untouched(_: usize, flight: Vec<u8>) -> Vec<u8> {
    flight
}

#[test]
fn both_sides_get_everything_many_times() {
    let mut contacts = contacts([0, 0]);
    let (long, short) = (vec![1; 50_000], b"short".to_vec());
    for _ in 0..40 {
        let [alice, bob] = session(&mut contacts, [&long, &short], &mut untouched);
        assert!(alice.received == short && bob.received == long);
        assert_eq!((alice.ended, bob.ended, alice.error, bob.error), (true, true, None, None));
    }
    assert_eq!((contacts[0].keys.streams_begun(), contacts[1].keys.streams_begun()), (40, 40));
}

#[test]
fn clocks_a_day_apart_are_borne_and_two_days_are_not() {
    for (hours_apart, recognised) in [([0, 23], true), ([23, 0], true), ([0, 49], false), ([49, 0], false)] {
        let [alice, bob] = session(&mut contacts(hours_apart), [b"a", b"b"], &mut untouched);
        assert_eq!(bob.error.is_none(), recognised, "{hours_apart:?}");
        assert_eq!(alice.error.is_none(), recognised, "{hours_apart:?}");
        assert!(recognised || bob.sent.is_empty());
    }
}

#[test]
fn keys_never_go_back_and_never_go_far_ahead() {
    let mut ahead = Contact::new(Role::Alice, WallClock(PAIRED_AT.0 + 72 * HOUR_MS));
    let period = ahead.keys.outgoing().period;
    ahead.keys.advance(Transport::LAN.period(PAIRED_AT)).unwrap();
    assert_eq!(ahead.keys.outgoing().period, period);
    let before = ahead.keys.clone();
    ahead.keys.advance(u64::MAX).unwrap_err();
    assert_eq!(ahead.keys, before);
}

#[test]
fn a_replayed_stream_is_a_strangers() {
    let mut contacts = contacts([0, 0]);
    let [first, _] = session(&mut contacts, [b"once", b""], &mut untouched);
    let replayed = first.sent;
    let mut sent = false;
    let mut wire = |side: usize, flight: Vec<u8>| match (side, sent) {
        (0, false) => {
            sent = true;
            replayed.clone()
        }
        (0, true) => Vec::new(),
        _ => flight,
    };
    let [_, bob] = session(&mut contacts, [b"twice", b""], &mut wire);
    assert_eq!(bob, Outcome { error: Some(Error::Stranger), ..Outcome::default() });
}

#[test]
fn whatever_happens_to_a_byte_is_noticed() {
    let script: [&[u8]; 2] = [b"from alice", b"from bob"];
    let [whole, _] = session(&mut contacts([0, 0]), script, &mut untouched);
    for byte in 0..whole.sent.len() {
        for change in 0..3 {
            let mut at = 0;
            let mut wire = |side: usize, mut flight: Vec<u8>| {
                let place = byte.checked_sub(at).filter(|place| side == 0 && *place < flight.len());
                at += if side == 0 { flight.len() } else { 0 };
                match (place, change) {
                    (Some(place), 0) => flight[place] ^= 1,
                    (Some(place), 1) => flight.truncate(place),
                    (Some(place), 2) => flight.insert(place, 0xee),
                    _ => {}
                }
                flight
            };
            let [_, bob] = session(&mut contacts([0, 0]), script, &mut wire);
            assert!(script[0].starts_with(&bob.received), "{byte} {change}");
            assert!(bob.error.is_some() != bob.ended, "{byte} {change}: {bob:?}");
        }
    }
}

#[test]
fn numbers_run_out_in_a_period_and_inactive_keys_make_none() {
    let root = SecretKey::from_bytes([6; 32]);
    let mut inactive = RotationKeys::new(Transport::LAN.id, &root, 20_000, Role::Bob, false);
    assert_eq!(inactive.next_stream(), None);
    let mut active = RotationKeys::new(Transport::LAN.id, &root, 20_000, Role::Alice, true);
    let stream = active.next_stream().unwrap();
    assert!(inactive.recognise(&stream.tag).is_some());
    assert!(inactive.next_stream().is_some(), "a tag of the other side makes the keys active");
}

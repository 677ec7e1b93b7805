//! Whatever arrives, in whatever state: a typed error, bounded output, no panic.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

#[path = "duet/cast.rs"]
mod cast;
#[path = "duet/stage.rs"]
mod stage;

use cast::{CLOCK, KINDS, Kind, START, devices, pairings};
use p2psync_bramble::Millis;
use p2psync_pair::{
    CODE_LIFETIME_MS, Code, CodeSecret, ContactInfo, Error, Input, Payload, Scanned, Verdict,
};
use proptest::prelude::*;
use stage::{Duet, Side, Tamper};

/// All that one side of a pairing ever says: openings, keys, confirmations, a contact info, an ABORT.
const SAID_BYTES_MAX: usize = 2000;

#[derive(Clone, Debug)]
enum Happening {
    /// What the other side would have said next.
    Next,
    /// The same with some bytes changed.
    Mutated(Vec<(usize, u8)>),
    /// Anything.
    Noise(Vec<u8>),
    Later(u64),
    Verdict(Verdict),
}

fn happening() -> impl Strategy<Value = Happening> {
    let verdict = prop_oneof![Just(Verdict::Match), Just(Verdict::Skip), Just(Verdict::Reject)];
    prop_oneof![
        8 => Just(Happening::Next),
        1 => proptest::collection::vec((0..600_usize, any::<u8>()), 1..3).prop_map(Happening::Mutated),
        1 => proptest::collection::vec(any::<u8>(), 0..200).prop_map(Happening::Noise),
        1 => (0..20_000_u64).prop_map(Happening::Later),
        3 => verdict.prop_map(Happening::Verdict),
    ]
}

fn happen(side: &mut Side, now: &mut Millis, heard: &mut std::vec::IntoIter<Vec<u8>>, what: &Happening) {
    let bytes = match what {
        Happening::Next => heard.next().unwrap_or_default(),
        Happening::Mutated(changes) => {
            let mut message = heard.next().unwrap_or_default();
            for (place, bits) in changes {
                let length = message.len().max(1);
                if let Some(byte) = message.get_mut(place % length) {
                    *byte ^= bits;
                }
            }
            message
        }
        Happening::Noise(bytes) => bytes.clone(),
        Happening::Later(ms) => {
            *now = now.plus(*ms);
            return side.handle(*now, Input::Tick);
        }
        Happening::Verdict(verdict) => {
            side.give(*now, *verdict);
            return;
        }
    };
    side.handle(*now, Input::Bytes(&bytes));
}

fn heard_by(kind: Kind, seed: u8, at: usize) -> Vec<Vec<u8>> {
    let log = Duet::new(kind, seed, Tamper::Nothing).run().log;
    log.into_iter().filter(|(from, _)| *from != at).map(|(_, message)| message).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_happenings_in_any_order(
        kind in proptest::sample::select(KINDS.to_vec()),
        seed in 0..8_u8,
        at in 0..2_usize,
        happenings in proptest::collection::vec(happening(), 0..14),
    ) {
        let mut side = pairings(kind, devices(seed), seed).into_iter().nth(at).unwrap();
        let mut heard = heard_by(kind, seed, at).into_iter();
        let (mut now, mut said) = (START, 0);
        for what in &happenings {
            happen(&mut side, &mut now, &mut heard, what);
            said += side.pull(now).len();
            prop_assert!(said <= SAID_BYTES_MAX, "{said}");
            prop_assert_eq!(side.pairing.deadline().is_none(), side.result.is_some());
        }
        if let Some(Err(error)) = side.result {
            let again = side.pairing.handle(now, Input::Bytes(b"more"), &mut Vec::new());
            prop_assert_eq!(again, Err(error));
            prop_assert!(side.pairing.deadline().is_none());
        }
    }

    #[test]
    fn decoders_have_an_answer_to_everything(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Payload::parse(&bytes);
        let _ = ContactInfo::parse(&bytes);
        let latin: String = bytes.iter().map(|&byte| char::from(byte)).collect();
        let _ = Scanned::parse(&latin);
        let _ = Scanned::parse(&format!("P2PSYNC:{latin}"));
    }

    #[test]
    fn a_code_with_changed_bytes_is_told_from_a_good_one(place in 8..100_usize, letter in "[0-9A-Z]") {
        let payload = pairing_payload();
        let expires = p2psync_bramble::WallClock(CLOCK.0 + CODE_LIFETIME_MS);
        let code = Code::new(payload, CodeSecret::from_bytes([3; 16]), expires).unwrap();
        let text = code.to_text();
        let mut changed = text.clone();
        changed.replace_range(place..=place, &letter);
        let is_same = changed.replace('O', "0").replace(['I', 'L'], "1") == text;
        prop_assert_eq!(Scanned::parse(&changed).is_ok(), is_same);
    }
}

fn pairing_payload() -> Payload {
    cast::shown(1).code().payload().clone()
}

#[test]
fn a_flood_before_the_verdict_is_bounded() {
    let log = Duet::new(Kind::Digits, 1, Tamper::Nothing).run().log;
    let [mut side, _] = pairings(Kind::Digits, devices(1), 1);
    for (from, message) in &log {
        if *from == 1 && side.digits.is_none() {
            side.handle(START, Input::Bytes(message));
        }
    }
    assert!(side.digits.is_some());
    for _ in 0..200 {
        side.handle(START, Input::Bytes(&[0; 1024]));
    }
    let flooded = Error::from(p2psync_pair::Misbehaviour::TooLong);
    assert_eq!(side.result.unwrap().unwrap_err(), flooded);
}

//! A whole pairing: two honest sides, and a script for what happens between them.
#![allow(clippy::indexing_slicing, reason = "there are two sides, 0 and 1")]

use p2psync_bramble::{AgreementPrivateKey, Millis, SecretKey, SigningKey, WallClock};
use p2psync_pair::{
    Descriptor, Device, DigitAttempts, Digits, EXCHANGE_BYTES_MAX, Effect, Error, Input, LinkOffer, Offer,
    Paired, Pairing, ShownCode, TransportProperties, Verdict, Waits, Way,
};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;

use crate::script::Script;
use crate::wire::{Side, Wire};

/// The script: the way that payloads travel, then one decision after another. Then the wire is left alone until
/// nothing moves. Undisturbed, both sides pair. Whatever happens, who pairs knows the true name of the other, two
/// that pair have the same secret, and a failed side stays so.
pub fn pair(data: &[u8]) {
    let mut script = Script::new(data);
    let mut session = Session::start(script.byte());
    while !script.is_over() {
        session.decide(&mut script);
    }
    session.run_out();
    session.judge();
}

struct Session {
    sides: [Half; 2],
    wire: Wire,
    now: Millis,
}

struct Half {
    pairing: Pairing,
    digits: Option<Digits>,
    has_spoken: bool,
    paired: Option<Paired>,
    error: Option<Error>,
    sent_bytes: usize,
}

impl Session {
    fn start(way: u8) -> Self {
        let mut random = ChaCha8Rng::from_seed([way; 32]);
        let ways = ways(way, &mut random);
        let mut side = 0;
        let sides = ways.map(|way| {
            side += 1;
            let mut effects = Vec::new();
            let pairing = Pairing::start(
                device(side - 1, &mut random),
                way,
                Waits::default(),
                Millis(0),
                &mut random,
                &mut effects,
            );
            let pairing = pairing.expect("two honest sides can begin");
            Half { pairing, digits: None, has_spoken: false, paired: None, error: None, sent_bytes: 0 }
        });
        Self { sides, wire: Wire::default(), now: Millis(0) }
    }

    fn decide(&mut self, script: &mut Script<'_>) {
        let decision = script.byte();
        let side = Side::from(decision >> 7);
        match decision % 8 {
            0..=2 => self.exchange(side, usize::MAX),
            3 => self.exchange(side, script.byte().into()),
            4 | 5 => self.wire.disturb(side, script),
            6 => {
                self.wire.note_disturbance();
                self.now = self.now.plus(script.number() as u64);
                self.handle(side, Input::Tick);
            }
            _ => match decision >> 3 & 3 {
                0 => self.meddle(side, Input::End),
                1 => self.meddle(side, Input::Verdict(Verdict::Skip)),
                2 => self.meddle(side, Input::Verdict(Verdict::Reject)),
                _ => self.compare(),
            },
        }
    }

    fn meddle(&mut self, side: Side, input: Input<'_>) {
        self.wire.note_disturbance();
        self.handle(side, input);
    }

    /// Both sides send what they have; `side` gets at most `bytes_max` of what is under way to it.
    fn exchange(&mut self, side: Side, bytes_max: usize) {
        for from in [0, 1] {
            let mut sent = Vec::new();
            self.sides[from].pairing.fill(self.now, usize::MAX, &mut sent);
            self.sides[from].sent_bytes += sent.len();
            self.wire.send(from, &sent);
        }
        // What comes after a pairing belongs to the next protocol.
        if self.sides[side].paired.is_none() {
            let arrived = self.wire.take(side, bytes_max);
            self.handle(side, Input::Bytes(&arrived));
        }
    }

    /// The two people look at both screens.
    fn compare(&mut self) {
        let [Some(ours), Some(theirs)] = [self.sides[0].digits, self.sides[1].digits] else { return };
        let verdict = if ours == theirs { Verdict::Match } else { Verdict::Reject };
        for side in [0, 1] {
            if !self.sides[side].has_spoken {
                self.sides[side].has_spoken = true;
                self.handle(side, Input::Verdict(verdict));
            }
        }
    }

    fn handle(&mut self, side: Side, input: Input<'_>) {
        let half = &mut self.sides[side];
        let mut effects = Vec::new();
        let result = half.pairing.handle(self.now, input, &mut effects);
        if let Some(error) = &half.error {
            assert_eq!(result.as_ref(), Err(error), "a failure was forgotten");
            assert!(effects.is_empty(), "a failed side goes on");
        }
        for effect in effects {
            match effect {
                Effect::CompareDigits(digits) => half.digits = Some(digits),
                Effect::Paired(paired) => {
                    assert!(half.paired.replace(*paired).is_none(), "paired twice");
                }
                Effect::Progress(_) | Effect::CodeUsed => {}
            }
        }
        match result {
            Err(error) if !error.leaves_pairing_as_it_was() => half.error = Some(error),
            Ok(()) | Err(_) => {}
        }
        let is_over = half.paired.is_some() || half.error.is_some();
        assert_eq!(half.pairing.deadline().is_none(), is_over, "a deadline for nothing, or none");
    }

    fn run_out(&mut self) {
        // A pairing has less than ten flights.
        for _ in 0..12 {
            self.exchange(0, usize::MAX);
            self.exchange(1, usize::MAX);
            self.compare();
        }
        for side in [0, 1] {
            if self.sides[side].paired.is_none() {
                self.handle(side, Input::End);
            }
        }
    }

    fn judge(&self) {
        for (side, half) in self.sides.iter().enumerate() {
            assert!(half.sent_bytes <= EXCHANGE_BYTES_MAX, "{} bytes were sent", half.sent_bytes);
            assert!(half.paired.is_some() || half.error.is_some(), "neither paired nor failed");
            if let Some(paired) = &half.paired {
                assert_eq!(paired.identity.name(), NAMES[1 - side], "paired with somebody else");
                assert_eq!(*paired.identity.key(), signing_key(1 - side).verifying_key());
            }
        }
        if let [Some(ours), Some(theirs)] = [&self.sides[0].paired, &self.sides[1].paired] {
            assert_eq!(ours.master_key, theirs.master_key, "two secrets");
            assert_eq!(ours.role, theirs.role.other(), "two sides of one role");
            assert_eq!(ours.root_timestamp, theirs.root_timestamp);
        } else {
            let errors = [&self.sides[0].error, &self.sides[1].error];
            assert!(!self.wire.is_undisturbed(), "honest sides did not pair: {errors:?}");
        }
    }
}

const NAMES: [&str; 2] = ["anna", "bertil"];

fn signing_key(side: Side) -> SigningKey {
    SigningKey::from_seed([if side == 0 { 11 } else { 12 }; 32])
}

fn device(side: Side, random: &mut ChaCha8Rng) -> Device {
    let offer = LinkOffer {
        link_versions: [1].into(),
        static_key: AgreementPrivateKey::random(random).public_key(),
        advertising_key: SecretKey::random(random),
    };
    let clock = WallClock(if side == 0 { 0 } else { 1_790_000_000_000 });
    Device::new(NAMES[side], signing_key(side), TransportProperties::new(), offer, clock)
        .expect("the name is short")
}

/// What each side knows when the connection opens.
fn ways(way: u8, random: &mut ChaCha8Rng) -> [Way; 2] {
    if way.is_multiple_of(4) {
        return [(); 2].map(|()| Way::Digits {
            descriptors: vec![Descriptor::bluetooth(None)],
            skip_allowed: way >= 128,
            attempts: DigitAttempts::new(),
        });
    }
    let [ours, theirs] = [(); 2].map(|()| Offer::random(vec![Descriptor::bluetooth(Some([7; 6]))], random));
    if way % 4 == 1 {
        let (our_payload, their_payload) = (ours.payload().clone(), theirs.payload().clone());
        return [
            Way::BothScanned { ours, theirs: their_payload },
            Way::BothScanned { ours: theirs, theirs: our_payload },
        ];
    }
    let scanned = (way % 4 == 2).then(|| ours.payload().clone());
    let shown = ShownCode::new(theirs, Millis(0), WallClock(0), random).expect("one address fits");
    [Way::Scanner { ours, code: shown.code().clone() }, Way::Shower { shown, scanned }]
}

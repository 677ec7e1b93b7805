//! Somebody disturbs the wire. Both agree, or both fail and say whose move it is; only where nothing but the
//! very last message suffered may its sender stand alone, and the next pairing puts that right.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

#[path = "duet/cast.rs"]
mod cast;
#[path = "duet/stage.rs"]
mod stage;

use cast::{KINDS, Kind, START, devices, pairings, seeds};
use p2psync_pair::{Awaited, Error, Fault, Misbehaviour, Waits};
use stage::{Duet, Tamper};

/// How an undisturbed pairing looks from the wire.
struct Plan {
    kind: Kind,
    seed: u8,
    /// Length of each message of each direction.
    messages: [Vec<usize>; 2],
    /// The direction of the very last message.
    last_from: usize,
}

impl Plan {
    fn all() -> impl Iterator<Item = Self> {
        KINDS.into_iter().flat_map(|kind| seeds(kind).map(|seed| Self::new(kind, seed)))
    }

    fn new(kind: Kind, seed: u8) -> Self {
        let log = Duet::new(kind, seed, Tamper::Nothing).run().log;
        let of = |side| log.iter().filter(|(from, _)| *from == side).map(|(_, bytes)| bytes.len()).collect();
        Self { kind, seed, messages: [of(0), of(1)], last_from: log.last().unwrap().0 }
    }

    fn bytes(&self, from: usize) -> usize {
        self.messages[from].iter().sum()
    }

    /// Where the very last message begins in its direction.
    fn last_start(&self) -> usize {
        self.bytes(self.last_from) - self.messages[self.last_from].last().unwrap()
    }

    fn is_last(&self, from: usize, message: usize) -> bool {
        from == self.last_from && message + 1 == self.messages[from].len()
    }

    fn each_message(&self) -> impl Iterator<Item = (usize, usize)> {
        [0, 1].into_iter().flat_map(|from| (0..self.messages[from].len()).map(move |message| (from, message)))
    }

    fn run(&self, tamper: Tamper) -> Duet {
        Duet::new(self.kind, self.seed, tamper).run()
    }
}

/// Both have failed, and neither blames itself. A version that is too new is our move by what it says.
fn assert_both_failed(duet: &Duet, tamper: Tamper) {
    for error in duet.errors() {
        let error = error.unwrap_or_else(|| panic!("one side stands alone after {tamper:?}"));
        let is_named = matches!(error.fault(), Fault::Peer | Fault::Nobody);
        assert!(is_named || matches!(error, Error::PeerTooNew { .. }), "{tamper:?}: {error}");
    }
}

/// The sender of the last message stands alone; then both pair again, and what one has stored of the other
/// fits what it gets.
fn assert_alone_and_repaired(plan: &Plan, duet: &Duet, tamper: Tamper) {
    let mut expected = [false; 2];
    expected[plan.last_from] = true;
    assert_eq!(duet.has_paired(), expected, "{tamper:?}");
    let alone = duet.results()[plan.last_from].as_ref().unwrap();

    let seed = plan.seed ^ 0x40;
    let again = Duet::of(pairings(plan.kind, devices(plan.seed), seed), Tamper::Nothing).run();
    let repaired = again.both();
    assert_eq!(repaired[0].master_key, repaired[1].master_key);
    assert_ne!(repaired[0].master_key, alone.master_key);
    assert_eq!(repaired[plan.last_from].identity, alone.identity);
}

#[test]
fn every_message_lost() {
    for plan in Plan::all() {
        for (from, message) in plan.each_message() {
            let tamper = Tamper::Lose { from, message };
            let duet = plan.run(tamper);
            if plan.is_last(from, message) {
                assert_alone_and_repaired(&plan, &duet, tamper);
            } else {
                assert_both_failed(&duet, tamper);
            }
            // Who waits gives up by its deadline; unless the next message shows that one is missing.
            let is_seen = |error: &Error| {
                matches!(error, Error::Silent { .. } | Error::PeerMisbehaved(Misbehaviour::OutOfTurn { .. }))
            };
            assert!(duet.errors().into_iter().flatten().any(is_seen), "{tamper:?}");
            let Waits { silence_ms, overall_ms, person_ms } = Waits::default();
            let longest_ms = if plan.kind == Kind::Digits { person_ms + overall_ms } else { silence_ms };
            assert!(duet.now.since(START) <= longest_ms + 1000, "{:?}", duet.now);
        }
    }
}

#[test]
fn silence_says_what_was_awaited() {
    let awaited = |kind, from, message| {
        // The first side is Bob, so that nothing follows its payload.
        let duet = Plan::new(kind, seeds(kind)[1]).run(Tamper::Lose { from, message });
        match duet.errors()[1 - from] {
            Some(Error::Silent { awaited }) => *awaited,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(awaited(Kind::BothScanned, 0, 0), Awaited::KeyAgreement);
    assert_eq!(awaited(Kind::BothScanned, 1, 1), Awaited::KeyAgreement);
    assert_eq!(awaited(Kind::BothScanned, 1, 2), Awaited::ContactInfo);
    assert_eq!(awaited(Kind::BothScanned, 1, 3), Awaited::ContactInfo);
    assert_eq!(awaited(Kind::OneScanned, 0, 0), Awaited::Payload);
    assert_eq!(awaited(Kind::Digits, 0, 0), Awaited::Payload);
    assert_eq!(awaited(Kind::Digits, 1, 3), Awaited::TheirPerson);
}

#[test]
fn every_message_duplicated() {
    for plan in Plan::all() {
        let mut harmless = 0;
        for (from, message) in plan.each_message() {
            let tamper = Tamper::Duplicate { from, message };
            let duet = plan.run(tamper);
            if duet.has_paired() == [true, true] {
                assert_eq!(duet.both()[0].master_key, duet.both()[1].master_key);
                harmless += 1;
            } else if plan.is_last(from, message + 1) && duet.has_paired() != [false, false] {
                // A copy of the message before it stands where the very last one should.
                assert_alone_and_repaired(&plan, &duet, tamper);
            } else {
                assert_both_failed(&duet, tamper);
            }
        }
        // An opening is skipped like any unknown record, and what follows each end is the next protocol's.
        let openings = match plan.kind {
            Kind::BothScanned => 0,
            Kind::OneScanned => 1,
            Kind::Digits => 2,
        };
        assert_eq!(harmless, openings + 2, "{:?}", plan.kind);
    }
}

#[test]
fn every_message_swapped_with_the_next() {
    let mut failed = Vec::new();
    for plan in Plan::all() {
        for (from, message) in plan.each_message() {
            let tamper = Tamper::Swap { from, message };
            let duet = plan.run(tamper);
            if duet.has_paired() == [true, true] {
                assert_eq!(duet.both()[0].master_key, duet.both()[1].master_key);
            } else {
                assert_both_failed(&duet, tamper);
                failed.push((plan.kind, message));
            }
        }
    }
    // Most messages answer one another: the next is never sent before, and the held one is only late. Those
    // that are sent without an answer between are a payload and Alice's key.
    assert_eq!(failed, [(Kind::OneScanned, 0), (Kind::Digits, 0), (Kind::Digits, 0)]);
}

/// Every byte of both directions, so of Alice and of Bob. Only where one side scans do the roles matter more.
fn assert_cuts_are_noticed(kind: Kind, seed: u8) {
    let plan = Plan::new(kind, seed);
    for from in [0, 1] {
        for after_bytes in 0..plan.bytes(from) {
            let tamper = Tamper::Cut { from, after_bytes };
            let duet = plan.run(tamper);
            if from == plan.last_from && after_bytes > plan.last_start() {
                let alone = duet.has_paired();
                assert!(alone[from] && !alone[1 - from], "{tamper:?}");
                assert_eq!(duet.errors()[1 - from], Some(&Error::Cut));
            } else {
                assert_both_failed(&duet, tamper);
            }
        }
    }
}

/// Every bit of every record of ours and of BQP, one bit of every byte of the streams.
fn assert_no_flip_passes(kind: Kind, seed: u8) {
    let plan = Plan::new(kind, seed);
    for from in [0, 1] {
        let records = plan.messages[from].iter().take_while(|length| **length < 200).sum::<usize>();
        for byte in 0..plan.bytes(from) {
            let bits = if byte < records { 0..8 } else { byte % 8..byte % 8 + 1 };
            for bit in bits {
                let tamper = Tamper::Flip { from, byte, bits: 1 << bit };
                let duet = plan.run(tamper);
                if from == plan.last_from && byte >= plan.last_start() {
                    assert!(duet.has_paired()[from]);
                    let error = duet.errors()[1 - from].unwrap();
                    assert!(matches!(error, Error::PeerMisbehaved(Misbehaviour::Stream(_))), "{error}");
                } else {
                    assert_both_failed(&duet, tamper);
                }
            }
        }
    }
}

#[test]
fn cut_at_every_byte_with_both_codes_scanned() {
    assert_cuts_are_noticed(Kind::BothScanned, seeds(Kind::BothScanned)[0]);
}

#[test]
fn cut_at_every_byte_with_alice_scanning() {
    assert_cuts_are_noticed(Kind::OneScanned, seeds(Kind::OneScanned)[0]);
}

#[test]
fn cut_at_every_byte_with_bob_scanning() {
    assert_cuts_are_noticed(Kind::OneScanned, seeds(Kind::OneScanned)[1]);
}

#[test]
fn cut_at_every_byte_with_digits() {
    assert_cuts_are_noticed(Kind::Digits, seeds(Kind::Digits)[0]);
}

#[test]
fn every_bit_flipped_with_both_codes_scanned() {
    assert_no_flip_passes(Kind::BothScanned, seeds(Kind::BothScanned)[0]);
}

#[test]
fn every_bit_flipped_with_alice_scanning() {
    assert_no_flip_passes(Kind::OneScanned, seeds(Kind::OneScanned)[0]);
}

#[test]
fn every_bit_flipped_with_bob_scanning() {
    assert_no_flip_passes(Kind::OneScanned, seeds(Kind::OneScanned)[1]);
}

#[test]
fn every_bit_flipped_with_digits() {
    assert_no_flip_passes(Kind::Digits, seeds(Kind::Digits)[0]);
}

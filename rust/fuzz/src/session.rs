//! Two devices that have paired, and one connection between them in virtual time.
#![allow(clippy::indexing_slicing, reason = "there are two sides, 0 and 1")]

use p2psync_bramble::{AgreementPrivateKey, Millis, Role, SecretKey};
use p2psync_link::{
    Acquaintance, Effect, Error, Identity, Input, Limits, Link, PairSecrets, PeerBook, PeerHandle, Source,
    Versions,
};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;

use crate::script::Script;
use crate::wire::{Side, Wire};

/// What the two devices remember of each other.
pub struct Pair {
    identities: [Identity; 2],
    books: [PeerBook; 2],
    random: ChaCha8Rng,
}

impl Pair {
    /// Two devices that have just paired.
    pub fn new() -> Self {
        let mut random = ChaCha8Rng::from_seed([3; 32]);
        let root = SecretKey::random(&mut random);
        let identities = [(); 2]
            .map(|()| Identity { static_key: AgreementPrivateKey::random(&mut random), transport: "lan" });
        let mut books = [PeerBook::new(), PeerBook::new()];
        for (side, role) in [(0, Role::Alice), (1, Role::Bob)] {
            let static_key = identities[1 - side].static_key.public_key();
            let secrets = PairSecrets::new(root.clone());
            books[side].insert(PEER, Acquaintance { role, static_key, secrets });
        }
        Self { identities, books, random }
    }
}

/// One connection.
pub struct Session {
    sides: [Half; 2],
    wire: Wire,
    now: Millis,
}

struct Half {
    link: Link,
    source: Speech,
    sent: Vec<u8>,
    is_open: bool,
    received: Vec<u8>,
    has_heard_end: bool,
    error: Option<Error>,
}

impl Session {
    /// `caller` calls the other side; each will send its part of `sent` in frames of at most `frame_bytes_max`,
    /// and end.
    pub fn open(pair: &mut Pair, caller: Side, frame_bytes_max: usize, sent: [Vec<u8>; 2]) -> Self {
        let mut side = 0;
        let sides = sent.map(|sent| {
            let (identity, book) = (&pair.identities[side], &pair.books[side]);
            let limits = Limits { frame_bytes_max, ..Limits::default() };
            let (now, versions) = (Millis(0), Versions::ours());
            let link = if side == caller {
                Link::call(now, identity, PEER, book, versions, limits, &mut pair.random)
                    .expect("the peer is in the book")
            } else {
                Link::accept(now, identity.clone(), versions, limits, &mut pair.random)
            };
            side += 1;
            let source = Speech(sent.clone());
            Half { link, source, sent, is_open: false, received: vec![], has_heard_end: false, error: None }
        });
        Self { sides, wire: Wire::default(), now: Millis(0) }
    }

    /// Lets the two talk until both say that the link is open.
    pub fn run_handshake(&mut self, pair: &mut Pair) {
        while !self.sides.iter().all(|half| half.is_open) {
            for side in [0, 1] {
                self.exchange(pair, side, FRAME_ROOM_BYTES, usize::MAX);
            }
            assert!(self.sides.iter().all(|half| half.error.is_none()), "honest sides did not link");
        }
    }

    /// One decision of the script.
    pub fn decide(&mut self, pair: &mut Pair, script: &mut Script<'_>) {
        let decision = script.byte();
        let side = Side::from(decision >> 7);
        match decision % 8 {
            0 | 1 => self.exchange(pair, side, FRAME_ROOM_BYTES, usize::MAX),
            2 => self.exchange(pair, side, script.number(), usize::MAX),
            3 => self.exchange(pair, side, FRAME_ROOM_BYTES, script.byte().into()),
            4 | 5 => self.wire.disturb(side, script),
            6 => {
                self.wire.note_disturbance();
                self.now = self.now.plus(script.number() as u64);
                self.handle(pair, side, Input::Tick);
            }
            _ => {
                self.wire.note_disturbance();
                self.handle(pair, side, Input::Closed);
            }
        }
    }

    /// Lets the two talk until they have nothing more to say, and closes the connection.
    pub fn run_out(&mut self, pair: &mut Pair) {
        // More rounds than the handshake and the longest speech take.
        for _ in 0..16 {
            for side in [0, 1] {
                self.exchange(pair, side, FRAME_ROOM_BYTES, usize::MAX);
            }
        }
        for side in [0, 1] {
            self.handle(pair, side, Input::Closed);
        }
    }

    /// What must hold at the end of every session, however it went.
    pub fn judge(&self) {
        for (side, half) in self.sides.iter().enumerate() {
            let said = &self.sides[1 - side].sent;
            assert!(said.starts_with(&half.received), "something was heard that was not said");
            assert!(half.is_open || half.received.is_empty(), "something was heard before the link was open");
            assert!(!half.has_heard_end || half.received == *said, "the end was heard before it was said");
            if self.wire.is_undisturbed() {
                assert_eq!(half.error, None, "honest sides did not link");
                assert!(half.is_open && half.has_heard_end && half.link.is_over());
            }
        }
    }

    /// Both sides send what fits in `room_bytes`; `side` gets at most `bytes_max` of what is under way to it.
    fn exchange(&mut self, pair: &mut Pair, side: Side, room_bytes: usize, bytes_max: usize) {
        for from in [0, 1] {
            let half = &mut self.sides[from];
            let mut flight = Vec::new();
            half.link.fill(self.now, &mut half.source, room_bytes, &mut flight);
            assert!(flight.len() <= room_bytes, "more was sent than there was room for");
            self.wire.send(from, &flight);
        }
        let arrived = self.wire.take(side, bytes_max);
        if !arrived.is_empty() {
            self.handle(pair, side, Input::Received(&arrived));
        }
    }

    fn handle(&mut self, pair: &mut Pair, side: Side, input: Input<'_>) {
        let half = &mut self.sides[side];
        let mut effects = Vec::new();
        let result = half.link.handle(self.now, input, &mut pair.books[side], &mut effects);
        if half.error.is_some() {
            assert_eq!(result.err(), half.error, "a failure was forgotten");
            assert!(effects.is_empty(), "a failed side goes on");
        }
        half.error = result.err();
        for effect in effects {
            match effect {
                Effect::Store(peer) => assert_eq!(peer, PEER),
                Effect::Opened { peer, version, .. } => {
                    assert_eq!((peer, version, half.is_open), (PEER, 1, false), "opened for somebody else");
                    half.is_open = true;
                }
                Effect::Received(bytes) => {
                    assert!(half.is_open && !half.has_heard_end);
                    half.received.extend_from_slice(&bytes);
                }
                Effect::Ended => half.has_heard_end = true,
            }
        }
    }
}

const PEER: PeerHandle = PeerHandle(1);
const FRAME_ROOM_BYTES: usize = 32_768;

/// Bytes to say, then the end.
struct Speech(Vec<u8>);

impl Source for Speech {
    fn fill(&mut self, room_bytes: usize, out: &mut Vec<u8>) {
        out.extend(self.0.drain(..room_bytes.min(self.0.len())));
    }

    fn is_ended(&self) -> bool {
        self.0.is_empty()
    }
}

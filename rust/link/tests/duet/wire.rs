//! One connection between two devices in virtual time, with somebody on the wire.

use std::collections::VecDeque;

use p2psync_bramble::{Millis, SecretKey};
use p2psync_link::{Effect, Error, Input, Limits, Link, PeerHandle, Source, Versions};

use super::device::{ALICE, BOB, Device};

/// Which of the two: 0 is Alice, 1 is Bob.
pub type Side = usize;

/// What leaves one side in one go: its side, its number among that side's flights, its bytes. What is returned
/// arrives instead, in that order; `None` closes the connection there.
pub type OnTheWire<'a> = dyn FnMut(Side, usize, Vec<u8>) -> Vec<Option<Vec<u8>>> + 'a;

/// Lets everything pass.
pub fn untouched(_: Side, _: usize, flight: Vec<u8>) -> Vec<Option<Vec<u8>>> {
    vec![Some(flight)]
}

/// Bytes to send, then the end.
pub struct Script {
    pub bytes: VecDeque<u8>,
    pub ends: bool,
}

impl Source for Script {
    fn fill(&mut self, room_bytes: usize, out: &mut Vec<u8>) {
        let count = room_bytes.min(self.bytes.len());
        out.extend(self.bytes.drain(..count));
    }

    fn is_ended(&self) -> bool {
        self.ends && self.bytes.is_empty()
    }
}

/// How one side came out of a connection.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    pub opened: Option<(PeerHandle, u8)>,
    pub exported_key: Option<SecretKey>,
    pub received: Vec<u8>,
    pub ended: bool,
    pub error: Option<Error>,
    pub sent_bytes: usize,
    pub closed_at: Option<Millis>,
}

/// One connection, `caller` calling the other side.
pub struct Connection {
    pub caller: Side,
    /// What Alice's and Bob's clocks say when the connection opens.
    pub clocks: [Millis; 2],
    pub versions: [Versions; 2],
    pub limits: Limits,
    pub scripts: [Vec<u8>; 2],
    /// Whether each side ends when its script is through.
    pub ends: bool,
    /// Stops here, as if both phones lost power: after so many handled inputs.
    pub power_cut_after: usize,
}

impl Connection {
    pub fn new(caller: Side) -> Self {
        Self {
            caller,
            clocks: [Millis(5_000), Millis(5_000)],
            versions: [Versions::ours(), Versions::ours()],
            limits: Limits::default(),
            scripts: [b"forms of alice".to_vec(), b"forms and photos of bob".to_vec()],
            ends: true,
            power_cut_after: usize::MAX,
        }
    }

    /// Runs until both sides are done, or nothing can happen any more.
    pub fn run(self, devices: &mut [Device; 2], wire: &mut OnTheWire<'_>) -> [Outcome; 2] {
        Run::start(self, devices).finish(devices, wire)
    }
}

/// A connection under way.
pub struct Run {
    connection: Connection,
    links: [Link; 2],
    scripts: [Script; 2],
    /// What is under way to each side; `None` is the close.
    under_way: [VecDeque<Option<Vec<u8>>>; 2],
    flights: [usize; 2],
    /// Whether each side's end of the transport is closed.
    closed: [bool; 2],
    elapsed_ms: u64,
    handled: usize,
    outcomes: [Outcome; 2],
}

impl Run {
    pub fn start(connection: Connection, devices: &mut [Device; 2]) -> Self {
        let links = [0, 1].map(|side| {
            let Device { identity, book, random, .. } = &mut devices[side];
            let (now, limits) = (connection.clocks[side], connection.limits);
            let versions = connection.versions[side].clone();
            if side == connection.caller {
                let peer = [BOB, ALICE][side];
                Link::call(now, identity, peer, book, versions, limits, random).expect("a known peer")
            } else {
                Link::accept(now, identity.clone(), versions, limits, random)
            }
        });
        let scripts =
            connection.scripts.clone().map(|bytes| Script { bytes: bytes.into(), ends: connection.ends });
        Self {
            connection,
            links,
            scripts,
            under_way: Default::default(),
            flights: [0; 2],
            closed: [false; 2],
            elapsed_ms: 0,
            handled: 0,
            outcomes: Default::default(),
        }
    }

    fn finish(mut self, devices: &mut [Device; 2], wire: &mut OnTheWire<'_>) -> [Outcome; 2] {
        let mut steps = 0;
        while self.step(devices, wire) {
            steps += 1;
            assert!(steps < 10_000, "a connection ends");
        }
        self.outcomes
    }

    /// Puts bytes on the way to `side` that were held back.
    pub fn arrive(&mut self, side: Side, flight: Vec<u8>) {
        self.under_way[side].push_back(Some(flight));
    }

    /// How both sides came out so far.
    pub const fn outcomes(&self) -> &[Outcome; 2] {
        &self.outcomes
    }

    /// One round of sending and handing over. False: the connection is over.
    pub fn step(&mut self, devices: &mut [Device; 2], wire: &mut OnTheWire<'_>) -> bool {
        self.send(wire);
        if !self.deliver(devices) {
            self.advance(devices);
        }
        !self.is_done() && self.handled < self.connection.power_cut_after
    }

    fn is_done(&self) -> bool {
        self.closed == [true, true]
    }

    fn now(&self, side: Side) -> Millis {
        self.connection.clocks[side].plus(self.elapsed_ms)
    }

    fn send(&mut self, wire: &mut OnTheWire<'_>) {
        for side in [0, 1].into_iter().filter(|&side| !self.closed[side]).collect::<Vec<_>>() {
            let mut flight = Vec::new();
            let now = self.now(side);
            self.links[side].fill(now, &mut self.scripts[side], 4_096, &mut flight);
            if !flight.is_empty() {
                self.outcomes[side].sent_bytes += flight.len();
                let arriving = wire(side, self.flights[side], flight);
                self.under_way[1 - side].extend(arriving);
                self.flights[side] += 1;
            }
            if self.outcomes[side].error.is_some() || self.links[side].is_over() {
                self.close(side);
            }
        }
    }

    fn close(&mut self, side: Side) {
        self.closed[side] = true;
        self.outcomes[side].closed_at = Some(self.now(side));
        self.under_way[1 - side].push_back(None);
    }

    /// Hands over one thing that is under way to either side. False: nothing is.
    fn deliver(&mut self, devices: &mut [Device; 2]) -> bool {
        let mut delivered = false;
        for side in [0, 1] {
            if let Some(arrived) = self.under_way[side].pop_front() {
                delivered = true;
                if let Some(bytes) = arrived {
                    self.handle(side, Input::Received(&bytes), devices);
                } else {
                    self.handle(side, Input::Closed, devices);
                    if !self.closed[side] {
                        self.close(side);
                    }
                }
            }
        }
        delivered
    }

    /// Lets time pass until the next deadline.
    fn advance(&mut self, devices: &mut [Device; 2]) {
        let open = [0, 1].into_iter().filter(|&side| !self.closed[side]);
        let deadlines =
            open.filter_map(|side| Some(self.links[side].deadline()?.since(self.connection.clocks[side])));
        let Some(next_ms) = deadlines.min() else {
            self.closed = [true, true];
            return;
        };
        self.elapsed_ms = self.elapsed_ms.max(next_ms);
        for side in [0, 1] {
            self.handle(side, Input::Tick, devices);
        }
    }

    fn handle(&mut self, side: Side, input: Input<'_>, devices: &mut [Device; 2]) {
        if self.closed[side] || self.outcomes[side].error.is_some() {
            return;
        }
        self.handled += 1;
        let (now, device, mut effects) = (self.now(side), &mut devices[side], Vec::new());
        let result = self.links[side].handle(now, input, &mut device.book, &mut effects);
        let outcome = &mut self.outcomes[side];
        for effect in effects {
            match effect {
                Effect::Store(peer) => device.store(peer),
                Effect::Opened { peer, version, exported_key } => {
                    outcome.opened = Some((peer, version));
                    outcome.exported_key = Some(exported_key);
                }
                Effect::Received(bytes) => outcome.received.extend(bytes),
                Effect::Ended => outcome.ended = true,
            }
        }
        outcome.error = result.err();
    }
}

/// Fails unless the two devices can connect, whoever calls, and are in step afterwards.
pub fn assert_next_contact_works(devices: &mut [Device; 2], why: &str) {
    for caller in [0, 1] {
        let outcomes = Connection::new(caller).run(devices, &mut untouched);
        for (side, outcome) in outcomes.iter().enumerate() {
            assert_eq!(outcome.error, None, "{why}: {caller} calls, {side} fails");
            assert_eq!(outcome.received, Connection::new(caller).scripts[1 - side], "{why}");
            assert!(outcome.ended, "{why}");
        }
    }
    assert!(super::device::in_step(devices), "{why}: out of step after both have called");
}

//! One connection between two devices, step by step.

use p2psync_bramble::Millis;
use p2psync_sync::bsp::{Input, Offers, Session, Versions};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;

use crate::device::{Device, LATENCY_MS};

/// Two devices, and the connection between them while there is one.
pub struct Pair {
    pub devices: [Device; 2],
    /// What each remembers of the other's offers from one connection to the next.
    pub offers: [Offers; 2],
    pub now: Millis,
    /// Bytes that one `Received` brings at most.
    pub piece_bytes: usize,
    /// Bytes of messages that were sent in all connections.
    pub sent_bytes: usize,
}

/// How long two devices waited for the clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waited {
    /// Until both had everything.
    pub have_all_ms: u64,
    /// Until both knew it.
    pub know_it_ms: u64,
}

pub struct Meeting {
    pub sessions: [Session; 2],
    /// What is under way to each side.
    wires: [Vec<u8>; 2],
    was_end_heard: [bool; 2],
    step: usize,
}

impl Pair {
    pub fn new(alice_writes: u64, bob_writes: u64, piece_bytes: usize) -> Self {
        let mut devices = [Device::new(1), Device::new(2)];
        devices[0].write(alice_writes);
        devices[1].write(bob_writes);
        let offers = [Offers::new(), Offers::new()];
        Self { devices, offers, now: Millis(0), piece_bytes, sent_bytes: 0 }
    }

    /// Alice dials.
    pub fn meet(&mut self) -> Meeting {
        let [alices, bobs] = self.offers.each_mut().map(std::mem::take);
        let random = &mut ChaCha8Rng::from_seed([5; 32]);
        let dialled = Session::dialled(LATENCY_MS, Versions::bramble(), alices, random);
        let accepted = Session::accepted(LATENCY_MS, Versions::bramble(), bobs);
        Meeting {
            sessions: [dialled, accepted],
            wires: [Vec::new(), Vec::new()],
            was_end_heard: [false; 2],
            step: 0,
        }
    }

    /// The connection is lost, with everything under way. What was received and not committed is lost too if the
    /// power goes; else it is committed, too late for this connection.
    pub fn lose(&mut self, meeting: Meeting, power_goes: bool) {
        for (side, mut session) in meeting.sessions.into_iter().enumerate() {
            if power_goes {
                self.devices[side].uncommitted.clear();
            } else {
                self.devices[side].commit(&mut session);
            }
            self.offers[side] = session.into_offers();
        }
    }

    /// Lets the two talk until nothing moves any more.
    pub fn talk(&mut self, meeting: &mut Meeting) -> usize {
        let mut steps = 0;
        let mut still = 0;
        while still < Meeting::ACTIONS {
            still = if meeting.act(self) { 0 } else { still + 1 };
            steps += 1;
            assert!(steps < 2_000_000, "the two never come to rest");
        }
        steps
    }

    /// Talks, and waits as long as the sessions ask for, until both have everything and know it.
    pub fn converge(&mut self, meeting: &mut Meeting) -> Waited {
        let begun = self.now;
        let mut have_all_ms = None;
        loop {
            self.talk(meeting);
            if self.devices[0].messages == self.devices[1].messages {
                have_all_ms.get_or_insert(self.now.since(begun));
            }
            let deadlines = meeting.sessions.iter().filter_map(Session::deadline);
            let Some(deadline) = deadlines.min().filter(|_| !self.is_converged()) else { break };
            assert!(deadline > self.now, "a deadline that is no later than now");
            self.now = deadline;
        }
        assert!(self.is_converged(), "nothing more would ever happen");
        Waited { have_all_ms: have_all_ms.unwrap(), know_it_ms: self.now.since(begun) }
    }

    pub fn is_converged(&self) -> bool {
        let [alice, bob] = &self.devices;
        alice.messages == bob.messages
            && self.devices.iter().all(|device| !device.has_unseen() && !device.owes_acks())
    }

    /// Both hang up, and agree that nothing was cut off.
    pub fn part(&mut self, mut meeting: Meeting) {
        self.devices[0].hear(&mut meeting.sessions[0], Input::Interrupt).unwrap();
        self.talk(&mut meeting);
        assert!(meeting.sessions.iter().all(Session::is_over));
        self.lose(meeting, false);
    }
}

impl Meeting {
    /// Kinds of steps: each side writes, reads and commits.
    pub const ACTIONS: usize = 6;

    /// One step; false if nothing came of it.
    pub fn act(&mut self, pair: &mut Pair) -> bool {
        let side = self.step / 3 % 2;
        let action = self.step % 3;
        self.step += 1;
        match action {
            0 => self.write(pair, side),
            1 => self.read(pair, side),
            _ => {
                let waits = !pair.devices[side].uncommitted.is_empty();
                pair.devices[side].commit(&mut self.sessions[side]);
                waits
            }
        }
    }

    fn write(&mut self, pair: &mut Pair, side: usize) -> bool {
        let was_ended = self.sessions[side].is_ended();
        let wire = &mut self.wires[1 - side];
        let flight = pair.devices[side].fill(&mut self.sessions[side], pair.now, WIRE_BYTES - wire.len());
        pair.sent_bytes += flight.len();
        wire.extend_from_slice(&flight);
        !flight.is_empty() || self.sessions[side].is_ended() != was_ended
    }

    fn read(&mut self, pair: &mut Pair, side: usize) -> bool {
        let session = &mut self.sessions[side];
        let wire = &mut self.wires[side];
        if !wire.is_empty() && session.wants_input() {
            let piece: Vec<u8> = wire.drain(..pair.piece_bytes.min(wire.len())).collect();
            pair.devices[side].hear(session, Input::Received(&piece)).unwrap();
            return true;
        }
        if wire.is_empty() && self.sessions[1 - side].is_ended() && !self.was_end_heard[side] {
            self.was_end_heard[side] = true;
            pair.devices[side].hear(&mut self.sessions[side], Input::Ended).unwrap();
            return true;
        }
        false
    }
}

/// What a connection holds in each direction.
const WIRE_BYTES: usize = 65_536;

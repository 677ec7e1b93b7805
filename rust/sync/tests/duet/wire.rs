//! Two sessions on a wire with latency, rate and cuts, in virtual time.

use std::collections::VecDeque;

use p2psync_bramble::{Millis, SecretKey};
use p2psync_sync::session::{Error, Input, Outcome, Session, Terms, Versions};

use super::device::{Device, GROUP};

/// A radio.
#[derive(Clone, Copy)]
pub struct Wire {
    pub latency_ms: u64,
    pub bytes_per_ms: u64,
    /// Bytes that the transport takes ahead of the air.
    pub frame_bytes: usize,
    /// Stops when so many bytes have arrived, both ways together.
    pub cut_after_bytes: u64,
    /// Stops when so much time has passed.
    pub cut_after_ms: u64,
}

impl Default for Wire {
    fn default() -> Self {
        Self {
            latency_ms: 1,
            bytes_per_ms: 1_000_000,
            frame_bytes: 16_384,
            cut_after_bytes: u64::MAX,
            cut_after_ms: u64::MAX,
        }
    }
}

/// How a meeting went. Index 0 is the caller.
#[derive(Debug, Default)]
pub struct Meeting {
    pub outcomes: [Option<Outcome>; 2],
    pub errors: [Option<Error>; 2],
    pub bytes: [u64; 2],
    /// Bursts of bytes, either way.
    pub flights: [u32; 2],
    pub ended: [bool; 2],
    pub took_ms: u64,
}

struct Flight {
    at: u64,
    bytes: Vec<u8>,
}

/// What a test does between two steps: the time, the devices, the sessions.
pub type Between<'a> = &'a mut dyn FnMut(u64, &mut [Device; 2], &mut [Session; 2]);

pub fn terms(is_caller: bool) -> Terms {
    Terms {
        is_caller,
        group: GROUP,
        key: SecretKey::from_bytes([9; 32]),
        versions: Versions::ours(),
        stays: false,
        patience_ms: 60_000,
    }
}

impl Wire {
    pub fn meet(&self, devices: &mut [Device; 2]) -> Meeting {
        self.meet_with([terms(true), terms(false)], devices, &mut |_, _, _| {})
    }

    /// Lets the two meet until both have ended, one has failed, or the wire is cut.
    pub fn meet_with(&self, terms: [Terms; 2], devices: &mut [Device; 2], between: Between<'_>) -> Meeting {
        let mut sessions = terms.map(|terms| Session::new(Millis(0), terms));
        for side in [0, 1] {
            if let Some(remainder) = devices[side].remainder.take() {
                sessions[side].resume(remainder);
            }
        }
        let (air, meeting) = (Default::default(), Meeting::default());
        let mut run = Run {
            wire: *self,
            devices,
            sessions,
            air,
            now: 0,
            free_at: [0; 2],
            meeting,
            told_end: [false; 2],
        };
        while run.step(between) {}
        run.meeting
    }
}

/// A meeting as it goes on.
struct Run<'a> {
    wire: Wire,
    devices: &'a mut [Device; 2],
    sessions: [Session; 2],
    /// What each side has sent and the other has not heard.
    air: [VecDeque<Flight>; 2],
    now: u64,
    /// When the air has room for each side.
    free_at: [u64; 2],
    meeting: Meeting,
    told_end: [bool; 2],
}

impl Run<'_> {
    /// Both speak, then whatever arrives next is heard. False when it is over.
    fn step(&mut self, between: Between<'_>) -> bool {
        between(self.now, self.devices, &mut self.sessions);
        for side in [0, 1] {
            self.speak(side);
        }
        self.meeting.took_ms = self.now;
        let bytes: u64 = self.meeting.bytes.iter().sum();
        let is_cut = bytes >= self.wire.cut_after_bytes || self.now >= self.wire.cut_after_ms;
        let has_failed = self.meeting.errors.iter().any(Option::is_some);
        if has_failed {
            // Whoever failed has said why, and the other side hears it.
            self.now = u64::MAX;
            for side in [0, 1] {
                self.hear(side);
            }
        }
        if has_failed || is_cut || self.told_end == [true; 2] {
            for side in [0, 1] {
                self.devices[side].remainder = self.sessions[side].take_remainder();
            }
            return false;
        }
        let arrival = self.air.iter().filter_map(|air| Some(air.front()?.at)).min();
        let is_stuck = arrival.is_none() && !self.hear_ends();
        assert!(!is_stuck, "both wait: {:?}", self.meeting);
        self.now = self.now.max(arrival.unwrap_or(self.now));
        for side in [0, 1] {
            self.hear(side);
        }
        self.hear_ends();
        true
    }

    fn speak(&mut self, side: usize) {
        let Wire { frame_bytes, bytes_per_ms, latency_ms, .. } = self.wire;
        // The transport takes a frame when less than one is ahead of the air.
        while self.free_at[side] <= self.now + frame_bytes as u64 / bytes_per_ms {
            let mut bytes = Vec::new();
            let result = self.sessions[side].fill(&mut self.devices[side], frame_bytes, &mut bytes);
            self.note(side, result);
            if bytes.is_empty() {
                break;
            }
            self.meeting.bytes[side] += bytes.len() as u64;
            self.meeting.flights[side] += 1;
            self.free_at[side] = self.now.max(self.free_at[side]) + bytes.len() as u64 / bytes_per_ms;
            self.air[side].push_back(Flight { at: self.free_at[side] + latency_ms, bytes });
        }
        self.meeting.outcomes[side] = self.sessions[side].outcome();
        self.meeting.ended[side] = self.sessions[side].is_ended();
    }

    /// What `from` sent and has arrived.
    fn hear(&mut self, from: usize) {
        let to = 1 - from;
        while self.air[from].front().is_some_and(|flight| flight.at <= self.now) {
            let Some(flight) = self.air[from].pop_front() else { return };
            let mut effects = Vec::new();
            let (now, device) = (Millis(self.now), &mut self.devices[to]);
            let result = self.sessions[to].handle(now, Input::Received(&flight.bytes), device, &mut effects);
            self.note(to, result);
            if self.meeting.errors[to].is_none() {
                self.devices[to].carry_out(effects, &mut self.sessions[to], now);
            }
        }
        self.meeting.outcomes[to] = self.sessions[to].outcome();
    }

    /// Whether a side was told that the other has ended.
    fn hear_ends(&mut self) -> bool {
        let before = self.told_end;
        for side in [0, 1] {
            let is_heard = self.sessions[1 - side].is_ended() && self.air[1 - side].is_empty();
            if is_heard && !self.told_end[side] {
                self.told_end[side] = true;
                let (now, device) = (Millis(self.now), &mut self.devices[side]);
                let result = self.sessions[side].handle(now, Input::PeerEnded, device, &mut Vec::new());
                self.note(side, result);
            }
        }
        before != self.told_end
    }

    fn note(&mut self, side: usize, result: Result<(), Error>) {
        self.meeting.errors[side] = self.meeting.errors[side].or(result.err());
    }
}

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
            devices[side].remainder.take().into_iter().for_each(|remainder| sessions[side].resume(remainder));
        }
        let mut air: [VecDeque<Flight>; 2] = Default::default();
        let mut free_at = [0; 2];
        let mut meeting = Meeting::default();
        let mut now = 0;
        let mut told_end = [false; 2];
        loop {
            between(now, devices, &mut sessions);
            for side in [0, 1] {
                self.speak(
                    side,
                    now,
                    &mut sessions[side],
                    devices,
                    &mut air[side],
                    &mut free_at[side],
                    &mut meeting,
                );
            }
            meeting.took_ms = now;
            let is_cut =
                meeting.bytes.iter().sum::<u64>() >= self.cut_after_bytes || now >= self.cut_after_ms;
            let has_failed = meeting.errors.iter().any(Option::is_some);
            if has_failed {
                // Whoever failed has said why, and the other side hears it.
                for side in [0, 1] {
                    self.hear(side, u64::MAX, &mut sessions[1 - side], devices, &mut air[side], &mut meeting);
                }
            }
            if has_failed || told_end == [true; 2] || is_cut {
                for side in [0, 1] {
                    devices[side].remainder = sessions[side].take_remainder();
                }
                return meeting;
            }
            let arrival = air.iter().filter_map(|air| Some(air.front()?.at)).min();
            let is_stuck = arrival.is_none()
                && !self.hear_ends(now, &air, &mut sessions, devices, &mut told_end, &mut meeting);
            assert!(!is_stuck, "both wait: {meeting:?}");
            now = now.max(arrival.unwrap_or(now));
            for side in [0, 1] {
                self.hear(side, now, &mut sessions[1 - side], devices, &mut air[side], &mut meeting);
            }
            self.hear_ends(now, &air, &mut sessions, devices, &mut told_end, &mut meeting);
        }
    }

    fn speak(
        &self,
        side: usize,
        now: u64,
        session: &mut Session,
        devices: &mut [Device; 2],
        air: &mut VecDeque<Flight>,
        free_at: &mut u64,
        meeting: &mut Meeting,
    ) {
        // The transport takes a frame when less than one is ahead of the air.
        while *free_at <= now + self.frame_bytes as u64 / self.bytes_per_ms {
            let mut bytes = Vec::new();
            let result = session.fill(&mut devices[side], self.frame_bytes, &mut bytes);
            meeting.errors[side] = meeting.errors[side].or(result.err());
            if bytes.is_empty() {
                break;
            }
            meeting.bytes[side] += bytes.len() as u64;
            meeting.flights[side] += 1;
            *free_at = now.max(*free_at) + bytes.len() as u64 / self.bytes_per_ms;
            air.push_back(Flight { at: *free_at + self.latency_ms, bytes });
        }
        meeting.outcomes[side] = session.outcome();
        meeting.ended[side] = session.is_ended();
    }

    fn hear(
        &self,
        from: usize,
        now: u64,
        session: &mut Session,
        devices: &mut [Device; 2],
        air: &mut VecDeque<Flight>,
        meeting: &mut Meeting,
    ) {
        let to = 1 - from;
        while air.front().is_some_and(|flight| flight.at <= now) {
            let Some(flight) = air.pop_front() else { return };
            let mut effects = Vec::new();
            let result =
                session.handle(Millis(now), Input::Received(&flight.bytes), &mut devices[to], &mut effects);
            meeting.errors[to] = meeting.errors[to].or(result.err());
            if meeting.errors[to].is_none() {
                devices[to].carry_out(effects, session, Millis(now));
            }
        }
        meeting.outcomes[to] = session.outcome();
    }

    fn hear_ends(
        &self,
        now: u64,
        air: &[VecDeque<Flight>; 2],
        sessions: &mut [Session; 2],
        devices: &mut [Device; 2],
        told: &mut [bool; 2],
        meeting: &mut Meeting,
    ) -> bool {
        let before = *told;
        for side in [0, 1] {
            if sessions[1 - side].is_ended() && air[1 - side].is_empty() && !told[side] {
                told[side] = true;
                let result =
                    sessions[side].handle(Millis(now), Input::PeerEnded, &mut devices[side], &mut Vec::new());
                meeting.errors[side] = meeting.errors[side].or(result.err());
            }
        }
        before != *told
    }
}

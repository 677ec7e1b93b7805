//! A session of BSP 0, and a script for what the contact sends and what happens here.
#![allow(clippy::indexing_slicing, reason = "remainders are below the lengths")]

use p2psync_bramble::record::write;
use p2psync_bramble::{Millis, WallClock};
use p2psync_sync::bsp::{Effect, Error, Input, Offers, Record, Session, VERSION, Versions, Visibility};
use rand_chacha::rand_core::SeedableRng as _;

use crate::bsp_shelf::{GROUPS, Held, message};
use crate::script::Script;

/// The script: who dialled, then one decision after another. Whatever comes, only what is durable is acknowledged,
/// only what is shared is offered and only what was asked for is sent; an error stays; and what leaves is records.
pub fn bsp_session(data: &[u8]) {
    let mut script = Script::new(data);
    let mut play = Play::begin(script.byte());
    while !script.is_over() {
        play.decide(&mut script);
    }
    play.fill(usize::MAX >> 1);
    assert!(play.session.into_offers().len() <= Offers::HELD_MAX);
}

struct Play {
    session: Session,
    held: Held,
    now: Millis,
    /// What the wall clock is ahead.
    ahead_ms: u64,
    failure: Option<Error>,
    is_input_over: bool,
}

impl Play {
    fn begin(setting: u8) -> Self {
        let offers: Offers = (0..setting >> 4).map(|number| message(number).id()).collect();
        let random = &mut rand_chacha::ChaCha8Rng::from_seed([setting; 32]);
        let session = if setting & 1 == 0 {
            Session::accepted(LATENCY_MS, Versions::bramble(), offers)
        } else {
            Session::dialled(LATENCY_MS, Versions::bramble(), offers, random)
        };
        let (held, now) = (Held::new(), Millis(0));
        Self { session, held, now, ahead_ms: 1 << 40, failure: None, is_input_over: false }
    }

    fn decide(&mut self, script: &mut Script<'_>) {
        let decision = script.byte();
        let detail = usize::from(decision >> 4);
        match decision % 16 {
            0..3 => self.fill(script.number()),
            kind @ 3..6 => self.receive_ids([0, 2, 3][usize::from(kind) - 3], detail, script),
            6 | 7 => {
                let sent = message(script.byte());
                self.receive(|out| Record::Message(sent).encode(out));
            }
            8 | 9 => {
                for _ in 0..=detail {
                    let Some(stored) = self.held.commit(decision % 16 == 8) else { break };
                    self.hear(if decision % 16 == 8 {
                        Input::Stored(stored)
                    } else {
                        Input::Refused(stored)
                    });
                }
            }
            10 => {
                self.held.write(script.byte());
                self.hear(Input::Shared);
            }
            11 => {
                let visibility = [Visibility::Invisible, Visibility::Visible, Visibility::Shared][detail % 3];
                self.held.ledger.set_visibility(GROUPS[detail % 2], visibility);
                self.hear(Input::Shared);
            }
            12 => self.now = self.now.plus(script.number() as u64 * 100),
            13 => self.ahead_ms = script.number() as u64 * 1_000_000_000,
            14 => {
                let bytes = script.bytes(detail * 3);
                self.receive(|out| out.extend_from_slice(bytes));
            }
            _ if detail == 0 => self.hear(Input::Interrupt),
            _ if detail == 1 => {
                self.hear(Input::Ended);
                self.is_input_over |= self.failure.is_none();
            }
            _ => {}
        }
    }

    fn receive_ids(&mut self, kind: u8, count: usize, script: &mut Script<'_>) {
        let ids: Vec<u8> = (0..count).flat_map(|_| *message(script.byte()).id().as_bytes()).collect();
        self.receive(|out| write(VERSION, kind, &ids, out).expect("15 ids fit"));
    }

    fn receive(&mut self, put: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = Vec::new();
        put(&mut bytes);
        self.hear(Input::Received(&bytes));
    }

    fn hear(&mut self, input: Input<'_>) {
        let mut effects = Vec::new();
        let result = self.session.handle(input, &self.held, &mut effects);
        if matches!(input, Input::Received(_) | Input::Ended) {
            assert!(self.failure.is_none() || result.err() == self.failure, "the error was forgotten");
            self.failure = result.err();
            assert!(!self.is_input_over || effects.is_empty(), "something was heard after the end");
        }
        self.held.carry_out(effects);
        assert!(self.held.uncommitted.len() <= UNSTORED_MAX, "more is to be stored than the bound");
    }

    /// Fills in two steps without carrying out the effects of the first, as a link does.
    fn fill(&mut self, room_bytes: usize) {
        let (mut out, mut effects, was_ended) = (Vec::new(), Vec::<Effect>::new(), self.session.is_ended());
        let date = WallClock(self.now.0.wrapping_add(self.ahead_ms));
        for room_bytes in [room_bytes / 3, room_bytes - room_bytes / 3] {
            let before = out.len();
            self.session.fill(self.now, date, &self.held, room_bytes, &mut out, &mut effects);
            assert!(out.len() - before <= room_bytes, "more was sent than there was room for");
        }
        assert!(!was_ended || out.is_empty(), "something was said after the end");
        assert!(self.session.deadline().is_none_or(|deadline| deadline.0 > 0));
        self.held.check_said(&out, &effects);
        self.held.carry_out(effects);
    }
}

const LATENCY_MS: u64 = 30_000;

/// The session's own bound, and what one piece of this script can bring.
const UNSTORED_MAX: usize = 1_024;

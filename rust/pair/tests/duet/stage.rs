//! Two pairings, a wire between them, and somebody at the wire. Time is virtual and nothing is random but by
//! seed.
#![allow(dead_code, reason = "each test uses what it needs")]

use std::collections::VecDeque;

use p2psync_bramble::Millis;
use p2psync_pair::{Effect, Error, Input, Paired, Pairing, Verdict};

use crate::cast::{Kind, START, devices, pairings};

/// What somebody at the wire does, once. Messages are counted from 0 in each direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tamper {
    Nothing,
    Lose {
        from: usize,
        message: usize,
    },
    Duplicate {
        from: usize,
        message: usize,
    },
    /// Holds a message back until the next one in the same direction, or until nothing else happens.
    Swap {
        from: usize,
        message: usize,
    },
    /// Closes the connection after so many bytes of one direction.
    Cut {
        from: usize,
        after_bytes: usize,
    },
    /// Changes bits of one byte of one direction.
    Flip {
        from: usize,
        byte: usize,
        bits: u8,
    },
}

/// When a person gives the verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Person {
    Prompt,
    /// When nothing else happens.
    Slow,
    /// Never.
    Silent,
}

/// One device at its end of the wire.
pub struct Side {
    pub pairing: Pairing,
    pub result: Option<Result<Box<Paired>, Error>>,
    pub digits: Option<String>,
    pub code_used: bool,
    pub verdict: Verdict,
    pub person: Person,
    /// What came after the pairing was complete.
    pub surplus: Vec<u8>,
    asked: bool,
    ended: bool,
}

impl Side {
    pub fn new(pairing: Pairing, effects: Vec<Effect>) -> Self {
        let mut side = Self {
            pairing,
            result: None,
            digits: None,
            code_used: false,
            verdict: Verdict::Match,
            person: Person::Prompt,
            surplus: Vec::new(),
            asked: false,
            ended: false,
        };
        side.take(effects);
        side
    }

    pub fn handle(&mut self, now: Millis, input: Input<'_>) {
        let mut effects = Vec::new();
        let handled = self.pairing.handle(now, input, &mut effects);
        self.take(effects);
        match (handled, input) {
            (Ok(()), _) => {}
            (Err(Error::Complete), Input::Bytes(bytes)) => self.surplus.extend_from_slice(bytes),
            (Err(error), _) if error.leaves_pairing_as_it_was() => panic!("{error}"),
            (Err(error), _) => {
                let _ = self.result.get_or_insert(Err(error));
            }
        }
    }

    /// Gives a verdict that may come at a wrong time.
    pub fn give(&mut self, now: Millis, verdict: Verdict) {
        let mut effects = Vec::new();
        let handled = self.pairing.handle(now, Input::Verdict(verdict), &mut effects);
        self.take(effects);
        if let Err(error) = handled
            && !error.leaves_pairing_as_it_was()
        {
            let _ = self.result.get_or_insert(Err(error));
        }
    }

    pub fn pull(&mut self, now: Millis) -> Vec<u8> {
        let mut out = Vec::new();
        loop {
            let before = out.len();
            // Small rooms, as a slow radio has them.
            self.pairing.fill(now, 50, &mut out);
            assert!(out.len() - before <= 50);
            if out.len() == before {
                return out;
            }
        }
    }

    pub fn has_failed(&self) -> bool {
        matches!(self.result, Some(Err(_)))
    }

    fn take(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Progress(_) => {}
                Effect::CodeUsed => self.code_used = true,
                Effect::CompareDigits(digits) => {
                    self.digits = Some(digits.to_string());
                    self.asked = true;
                }
                Effect::Paired(paired) => self.result = Some(Ok(paired)),
            }
        }
    }
}

pub struct Duet {
    pub now: Millis,
    pub sides: [Side; 2],
    /// Messages in the order in which they were sent: who, and what.
    pub log: Vec<(usize, Vec<u8>)>,
    tamper: Tamper,
    wire: VecDeque<(usize, Vec<u8>)>,
    held: Option<(usize, Vec<u8>)>,
    sent_messages: [usize; 2],
    sent_bytes: [usize; 2],
    is_cut: bool,
}

impl Duet {
    pub fn new(kind: Kind, seed: u8, tamper: Tamper) -> Self {
        let [a, b] = devices(seed);
        Self::of(pairings(kind, [a, b], seed), tamper)
    }

    pub fn of(sides: [Side; 2], tamper: Tamper) -> Self {
        Self {
            now: START,
            sides,
            log: Vec::new(),
            tamper,
            wire: VecDeque::new(),
            held: None,
            sent_messages: [0; 2],
            sent_bytes: [0; 2],
            is_cut: false,
        }
    }

    /// Runs until both sides have a result. Panics if that takes more than a thousand steps.
    pub fn run(mut self) -> Self {
        for _ in 0..1000 {
            self.pull();
            if self.deliver() || self.close() || self.ask(false) || self.release() || self.ask(true) {
                continue;
            }
            if self.sides.iter().all(|side| side.result.is_some()) {
                return self;
            }
            let deadlines = self.sides.iter().filter_map(|side| side.pairing.deadline());
            self.now = deadlines.min().expect("who has no result promises a deadline");
            for side in &mut self.sides {
                side.handle(self.now, Input::Tick);
            }
        }
        panic!("no end: {:?}", self.tamper);
    }

    /// Runs until nothing happens but that time passes or a slow person speaks.
    pub fn run_until_quiet(&mut self) {
        self.pull();
        while self.deliver() || self.close() || self.ask(false) {
            self.pull();
        }
    }

    /// Runs until the message is on the wire whose sender is complete by then.
    pub fn run_until_last_message(&mut self) {
        loop {
            self.pull();
            if self.sides.iter().any(|side| side.result.is_some()) {
                return;
            }
            assert!(self.deliver() || self.ask(false), "nothing is on the wire");
        }
    }

    pub fn take_last_message(&mut self) -> (usize, Vec<u8>) {
        self.wire.pop_back().expect("a message is on the wire")
    }

    pub fn has_paired(&self) -> [bool; 2] {
        self.results().map(Result::is_ok)
    }

    pub fn errors(&self) -> [Option<&Error>; 2] {
        self.results().map(|result| result.as_ref().err())
    }

    /// What both sides have, if both have paired.
    pub fn both(&self) -> [&Paired; 2] {
        self.results().map(|result| &**result.as_ref().unwrap_or_else(|error| panic!("{error}")))
    }

    pub fn results(&self) -> [&Result<Box<Paired>, Error>; 2] {
        [0, 1].map(|side| self.sides[side].result.as_ref().expect("it has run"))
    }

    fn pull(&mut self) {
        for from in [0, 1] {
            let out = self.sides[from].pull(self.now);
            for message in split(&out) {
                self.send(from, message);
            }
        }
    }

    fn send(&mut self, from: usize, mut message: Vec<u8>) {
        self.log.push((from, message.clone()));
        let (number, start) = (self.sent_messages[from], self.sent_bytes[from]);
        self.sent_messages[from] += 1;
        self.sent_bytes[from] += message.len();
        if self.is_cut {
            return;
        }
        match self.tamper {
            Tamper::Lose { from: f, message: m } if (f, m) == (from, number) => return,
            Tamper::Duplicate { from: f, message: m } if (f, m) == (from, number) => {
                self.wire.push_back((from, message.clone()));
            }
            Tamper::Swap { from: f, message: m } if (f, m) == (from, number) => {
                self.held = Some((from, message));
                return;
            }
            Tamper::Cut { from: f, after_bytes } if f == from && self.sent_bytes[from] >= after_bytes => {
                message.truncate(after_bytes - start);
                self.is_cut = true;
            }
            Tamper::Flip { from: f, byte, bits } if f == from && byte >= start => {
                if let Some(byte) = message.get_mut(byte - start) {
                    *byte ^= bits;
                }
            }
            _ => {}
        }
        self.wire.push_back((from, message));
        if self.held.as_ref().is_some_and(|(held, _)| *held == from) {
            self.wire.extend(self.held.take());
        }
    }

    fn deliver(&mut self) -> bool {
        let Some((from, message)) = self.wire.pop_front() else { return false };
        self.now = self.now.plus(10);
        let side = &mut self.sides[1 - from];
        if !side.ended && !side.has_failed() {
            side.handle(self.now, Input::Bytes(&message));
        }
        true
    }

    /// Who has failed closes; and a cut wire ends for both.
    fn close(&mut self) -> bool {
        let mut has_closed = false;
        for at in [0, 1] {
            let is_over = self.is_cut || self.sides[1 - at].has_failed();
            if is_over && !self.sides[at].ended && self.held.is_none() {
                self.sides[at].ended = true;
                self.sides[at].handle(self.now, Input::End);
                has_closed = true;
            }
        }
        has_closed
    }

    fn ask(&mut self, also_slow: bool) -> bool {
        for side in &mut self.sides {
            if side.asked && (side.person == Person::Prompt || also_slow && side.person == Person::Slow) {
                side.asked = false;
                if !side.has_failed() {
                    side.handle(self.now, Input::Verdict(side.verdict));
                }
                return true;
            }
        }
        false
    }

    fn release(&mut self) -> bool {
        let held = self.held.take();
        let was_held = held.is_some();
        self.wire.extend(held);
        was_held
    }
}

/// Cuts what was sent at once into BQP records; a stream stays in one piece.
fn split(mut out: &[u8]) -> Vec<Vec<u8>> {
    let mut messages = Vec::new();
    while let [4, 0 | 1 | 2 | 16 | 17, 0, length, ..] = *out {
        let Some((message, rest)) = out.split_at_checked(4 + usize::from(length)) else { break };
        messages.push(message.to_vec());
        out = rest;
    }
    if !out.is_empty() {
        messages.push(out.to_vec());
    }
    messages
}

//! The link once its keys are made: frames, proofs of the next secret, keepalive, end.

use p2psync_bramble::{Millis, SecretKey};
use snow::TransportState;

use super::Effect;
use super::opening::{Accepted, Session};
use crate::frame::{FrameReader, FrameWriter};
use crate::secrets::{Attempt, Held};
use crate::{Error, Limits, PeerBook, Source};

pub(super) struct Running {
    session: Session,
    transport: TransportState,
    reader: FrameReader,
    writer: FrameWriter,
    /// What the other side's first frame will prove.
    unproved: Option<Proof>,
    /// A frame must leave even if there is nothing to say: it is our proof.
    owes_frame: bool,
    received_at: Millis,
    sent_at: Millis,
}

enum Proof {
    /// We called: the callee has stored the next secret.
    OfCallee { next: Held },
    /// We were called: the caller is there now, and has stored the next secret.
    OfCaller { next: Held, attempt: Attempt, version: u8, exported_key: SecretKey },
}

impl Running {
    pub(super) fn of_caller(now: Millis, session: Session, transport: TransportState, next: Held) -> Self {
        Self::new(now, session, transport, Proof::OfCallee { next })
    }

    pub(super) fn of_callee(now: Millis, accepted: Accepted) -> Self {
        let Accepted { session, version, transport, attempt, next, exported_key } = accepted;
        Self::new(now, session, transport, Proof::OfCaller { next, attempt, version, exported_key })
    }

    fn new(now: Millis, session: Session, transport: TransportState, unproved: Proof) -> Self {
        Self {
            session,
            transport,
            reader: FrameReader::new(),
            writer: FrameWriter::new(),
            owes_frame: matches!(unproved, Proof::OfCallee { .. }),
            unproved: Some(unproved),
            received_at: now,
            sent_at: now,
        }
    }

    pub(super) fn receive(
        &mut self,
        now: Millis,
        mut bytes: &[u8],
        book: &mut PeerBook,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Error> {
        if !bytes.is_empty() {
            self.received_at = now;
        }
        let had_ended = self.reader.is_ended();
        let mut payload = Vec::new();
        let result = self.receive_frames(&mut bytes, book, &mut payload, effects);
        if !payload.is_empty() {
            effects.push(Effect::Received(payload));
        }
        if self.reader.is_ended() && !had_ended {
            effects.push(Effect::Ended);
        }
        result
    }

    fn receive_frames(
        &mut self,
        bytes: &mut &[u8],
        book: &mut PeerBook,
        payload: &mut Vec<u8>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Error> {
        while self.reader.read(&mut self.transport, bytes, payload)? {
            if let Some(proof) = self.unproved.take() {
                // What came with a proof that does not count is not handed over.
                self.accept(proof, book, effects).inspect_err(|_| payload.clear())?;
            }
        }
        Ok(())
    }

    fn accept(&mut self, proof: Proof, book: &mut PeerBook, effects: &mut Vec<Effect>) -> Result<(), Error> {
        let secrets = &mut self.session.find(book)?.secrets;
        let peer = self.session.peer;
        match proof {
            Proof::OfCallee { next } => {
                secrets.callee_proved(next);
                effects.push(Effect::Store(peer));
            }
            Proof::OfCaller { next, attempt, version, exported_key } => {
                secrets.caller_proved(attempt, next)?;
                self.owes_frame = true;
                effects.push(Effect::Store(peer));
                effects.push(Effect::Opened { peer, version, exported_key });
            }
        }
        Ok(())
    }

    pub(super) fn fill(
        &mut self,
        now: Millis,
        limits: &Limits,
        source: &mut dyn Source,
        room_bytes: usize,
        out: &mut Vec<u8>,
    ) {
        if !self.may_speak() {
            return;
        }
        let end = out.len() + room_bytes;
        loop {
            let even_empty = self.owes_frame || now >= self.keepalive_at(limits);
            let room_bytes = (end - out.len()).min(limits.frame_bytes_max);
            if !self.writer.write(&mut self.transport, source, even_empty, room_bytes, out) {
                return;
            }
            self.owes_frame = false;
            self.sent_at = now;
        }
    }

    pub(super) fn deadline(&self, limits: &Limits, handshake_deadline: Millis) -> Option<Millis> {
        if !self.may_speak() {
            return Some(handshake_deadline);
        }
        let silence = (!self.reader.is_ended()).then(|| self.received_at.plus(limits.silence_ms));
        let keepalive = (!self.writer.is_ended()).then(|| self.keepalive_at(limits));
        [silence, keepalive].into_iter().flatten().min()
    }

    pub(super) fn check_time(
        &self,
        now: Millis,
        limits: &Limits,
        handshake_deadline: Millis,
    ) -> Result<(), Error> {
        if !self.may_speak() && now >= handshake_deadline {
            return Err(Error::Silent { silence_ms: limits.handshake_ms });
        }
        let silence_ms = limits.silence_ms;
        if !self.reader.is_ended() && now >= self.received_at.plus(silence_ms) {
            return Err(Error::Silent { silence_ms });
        }
        Ok(())
    }

    pub(super) const fn closed(&self) -> Result<(), Error> {
        if self.reader.is_ended() { Ok(()) } else { Err(Error::Cut) }
    }

    pub(super) const fn is_over(&self) -> bool {
        self.reader.is_ended() && self.writer.is_ended()
    }

    /// A callee says nothing until the caller has shown that it is there now.
    const fn may_speak(&self) -> bool {
        !matches!(self.unproved, Some(Proof::OfCaller { .. }))
    }

    const fn keepalive_at(&self, limits: &Limits) -> Millis {
        self.sent_at.plus(limits.keepalive_ms)
    }
}

//! The link of version 1: hello, handshake, frames, end.

mod opening;
mod running;

use p2psync_bramble::{Millis, SecretKey};
use rand_core::CryptoRngCore;

use crate::{Error, FRAME_BYTES_MAX, Identity, Limits, PeerBook, PeerHandle, Source, Versions};
use opening::{Calling, Listening};
use running::Running;

/// Most memory that a link takes, whatever the other side sends: one frame arriving, one being opened and handed
/// over, one being sealed, and the state of the ciphers; as long as the caller passes on each
/// [`Effect::Received`] before the next `handle`, and hands in at most one frame's bytes at a time.
pub const MEMORY_BYTES_MAX: usize = 3 * FRAME_BYTES_MAX + 8_192;

/// One connection to one peer.
///
/// After each `handle`: carry out the effects in order, then call `fill` while the transport has room. After an
/// error: send what `fill` still gives, then close the transport.
pub struct Link {
    limits: Limits,
    opened_at: Millis,
    received_bytes: u64,
    /// Bytes of the handshake that have not left yet.
    outgoing: Vec<u8>,
    state: State,
}

enum State {
    Calling(Box<Calling>),
    Listening(Box<Listening>),
    /// Somebody unknown called. Nothing is said, nothing kept, and the connection closes when it would close
    /// for everybody.
    Stranger,
    Running(Box<Running>),
    Failed(Error),
}

/// What happens to a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input<'a> {
    /// Bytes came over the transport.
    Received(&'a [u8]),
    /// The transport closed: no more bytes will come.
    Closed,
    /// Nothing but time passed: [`Link::deadline`] is reached.
    Tick,
}

/// What the caller must do, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Store the peer's secrets as they now stand in the book, durably, before calling `fill` again. If that fails,
    /// close the transport: nothing that depends on it has left.
    Store(PeerHandle),
    /// Both sides are authenticated. Nothing of the protocols above was sent or handed over before.
    Opened {
        /// Who it is.
        peer: PeerHandle,
        /// The version that both agreed on.
        version: u8,
        /// A key that both sides of this connection have and nobody else: for the protocols above.
        exported_key: SecretKey,
    },
    /// Bytes from the other side, authenticated and in order.
    Received(Vec<u8>),
    /// The other side has said everything; nothing was cut off.
    Ended,
}

impl Link {
    /// Calls `peer` over a transport that opened at `now`. `None` if the book does not hold the peer,
    /// or holds a static key of low order, which pairing refuses.
    pub fn call(
        now: Millis,
        identity: &Identity,
        peer: PeerHandle,
        book: &PeerBook,
        versions: Versions,
        limits: Limits,
        random: &mut dyn CryptoRngCore,
    ) -> Option<Self> {
        let (calling, outgoing) = Calling::start(identity, peer, book.get(peer)?, versions, random)?;
        Some(Self::new(now, limits, outgoing, State::Calling(Box::new(calling))))
    }

    /// Answers whoever calls over a transport that opened at `now`.
    pub fn accept(
        now: Millis,
        identity: Identity,
        versions: Versions,
        limits: Limits,
        random: &mut dyn CryptoRngCore,
    ) -> Self {
        let listening = Listening::new(identity, versions, random);
        Self::new(now, limits, Vec::new(), State::Listening(Box::new(listening)))
    }

    /// Something happened.
    ///
    /// # Errors
    /// [`Error`]: the link is over, and says so again each time. Effects pushed before the error still hold.
    pub fn handle(
        &mut self,
        now: Millis,
        input: Input<'_>,
        book: &mut PeerBook,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Error> {
        let result = match input {
            Input::Received(bytes) => self.received(now, bytes, book, effects),
            Input::Closed => self.closed(),
            Input::Tick => Ok(()),
        };
        let result = result.and_then(|()| self.check_time(now));
        if let Err(error) = result
            && !matches!(self.state, State::Failed(_))
        {
            self.state = State::Failed(error);
        }
        result
    }

    /// Appends at most `room_bytes` bytes for the transport. A frame needs [`crate::FRAME_BYTES_MIN`] of room.
    pub fn fill(&mut self, now: Millis, source: &mut dyn Source, room_bytes: usize, out: &mut Vec<u8>) {
        let handshake_bytes = room_bytes.min(self.outgoing.len());
        out.extend(self.outgoing.drain(..handshake_bytes));
        if let State::Running(running) = &mut self.state
            && self.outgoing.is_empty()
        {
            running.fill(now, &self.limits, source, room_bytes - handshake_bytes, out);
        }
    }

    /// When `handle` must be called with [`Input::Tick`], and `fill` after it, at the latest.
    pub fn deadline(&self) -> Option<Millis> {
        match &self.state {
            State::Calling(_) | State::Listening(_) | State::Stranger => Some(self.handshake_deadline()),
            State::Running(running) => running.deadline(&self.limits, self.handshake_deadline()),
            State::Failed(_) => None,
        }
    }

    /// Whether both sides have ended: the transport can be closed, and nothing was lost.
    pub fn is_over(&self) -> bool {
        matches!(&self.state, State::Running(running) if running.is_over())
    }

    const fn new(now: Millis, limits: Limits, outgoing: Vec<u8>, state: State) -> Self {
        Self { limits, opened_at: now, received_bytes: 0, outgoing, state }
    }

    fn received(
        &mut self,
        now: Millis,
        bytes: &[u8],
        book: &mut PeerBook,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Error> {
        self.received_bytes = self.received_bytes.saturating_add(bytes.len() as u64);
        let received_bytes_max = self.limits.received_bytes_max;
        if self.received_bytes > received_bytes_max && !matches!(self.state, State::Stranger) {
            return Err(Error::BudgetSpent { received_bytes_max });
        }
        let mut rest = bytes;
        if let State::Listening(listening) = &mut self.state {
            if let Some(answer) = listening.receive(&mut rest, book)? {
                self.answer(now, answer, effects);
            }
        } else if let State::Calling(calling) = &mut self.state
            && let Some(running) = calling.receive(now, &mut rest, book, effects)?
        {
            self.state = State::Running(Box::new(running));
        }
        match &mut self.state {
            State::Running(running) => running.receive(now, rest, book, effects),
            State::Failed(error) => Err(*error),
            State::Calling(_) | State::Listening(_) | State::Stranger => Ok(()),
        }
    }

    fn answer(&mut self, now: Millis, answer: opening::Answer, effects: &mut Vec<Effect>) {
        self.state = match answer {
            opening::Answer::Silence => State::Stranger,
            opening::Answer::NoVersion { response, peer, error } => {
                effects.push(Effect::Store(peer));
                self.outgoing.extend_from_slice(&response);
                State::Failed(error)
            }
            opening::Answer::Respond { response, accepted } => {
                effects.push(Effect::Store(accepted.session.peer));
                self.outgoing.extend_from_slice(&response);
                State::Running(Box::new(Running::of_callee(now, *accepted)))
            }
        };
    }

    fn closed(&self) -> Result<(), Error> {
        match &self.state {
            State::Calling(_) if self.received_bytes == 0 => Err(Error::NotRecognised),
            State::Calling(_) | State::Listening(_) => Err(Error::Cut),
            State::Stranger => Err(Error::Stranger),
            State::Running(running) => running.closed(),
            State::Failed(error) => Err(*error),
        }
    }

    fn check_time(&self, now: Millis) -> Result<(), Error> {
        let silence_ms = self.limits.handshake_ms;
        let handshake_is_late = now >= self.handshake_deadline();
        match &self.state {
            State::Calling(_) if handshake_is_late && self.received_bytes == 0 => Err(Error::NotRecognised),
            State::Calling(_) | State::Listening(_) if handshake_is_late => Err(Error::Silent { silence_ms }),
            State::Stranger if handshake_is_late => Err(Error::Stranger),
            State::Running(running) => running.check_time(now, &self.limits, self.handshake_deadline()),
            State::Failed(error) => Err(*error),
            State::Calling(_) | State::Listening(_) | State::Stranger => Ok(()),
        }
    }

    const fn handshake_deadline(&self) -> Millis {
        self.opened_at.plus(self.limits.handshake_ms)
    }
}

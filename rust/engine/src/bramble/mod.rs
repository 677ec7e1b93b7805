//! A session of plain Bramble with one device: BSP 0 over BTP 4 in rotation mode, as one connection and from memory.
//!
//! Phones of this kind never meet so; it is for trying this implementation against others.

mod held;

use p2psync_bramble::stream::{StreamStart, Tag};
use p2psync_bramble::{Millis, Role, SecretKey, WallClock};
use p2psync_link::btp::{BtpLink, Recognised, RotationKeys, TagBook, Transport};
use p2psync_link::{Effect as LinkEffect, Input as LinkInput, Limits, Source};
use p2psync_model::{GroupId, Message, MessageId};
use p2psync_sync::bsp::{Input, Offers, Queue, Session, Versions, Visibility};
use rand_core::CryptoRngCore;

use crate::Code;
use crate::meeting::Moment;
use held::Held;

/// What both sides of a session have agreed on before.
#[derive(Clone, Debug)]
pub struct BrambleContact {
    /// The root key.
    pub root_key: SecretKey,
    /// When it was agreed.
    pub agreed: WallClock,
    /// Whether this side is Alice.
    pub is_alice: bool,
    /// The groups that both share. All others are unknown here.
    pub groups: Vec<GroupId>,
}

/// What happens in a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BrambleEvent {
    /// The other side speaks these versions of sync.
    Versions(Vec<u8>),
    /// A message has come; it will be acknowledged.
    Received(MessageId, Message),
    /// A message of ours was offered.
    Offered(MessageId),
    /// The other side has asked for a message of ours.
    Requested(MessageId),
    /// A message of ours was sent.
    Sent(MessageId),
    /// The other side has it.
    Acked(MessageId),
    /// We have told the other side that we have one of its messages.
    AckSent(MessageId),
    /// The other side has ended its stream, whole.
    PeerEnded,
}

/// Why a session came to nothing, or ended before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BrambleError {
    /// The caller's move: an argument is outside its bounds.
    #[error("{0} is outside its bounds")]
    OutOfBounds(&'static str),
    /// Whose move it is depends: the connection ended.
    #[error(transparent)]
    Link(#[from] p2psync_link::Error),
    /// Whose move it is depends: what came is no sync of Bramble's.
    #[error(transparent)]
    Sync(#[from] p2psync_sync::bsp::Error),
}

impl BrambleError {
    /// The stable name of this error.
    pub const fn code(&self) -> Code {
        use p2psync_sync::bsp::Fault;
        match self {
            Self::OutOfBounds(_) => Code::InvalidArgument,
            Self::Link(error) => crate::Error::Link(*error).code(),
            Self::Sync(error) => match error.fault() {
                Fault::Peer => Code::PeerRefused,
                Fault::OursOutdated => Code::PeerTooNew,
                Fault::Connection => Code::PeerLost,
            },
        }
    }
}

/// One connection with a Bramble device. As the other machines: things happen, bytes are asked for, time is promised.
pub struct BrambleSession {
    link: BtpLink,
    contact: Contact,
    sync: Session,
    held: Held,
    /// When something came or left last.
    busy: Millis,
}

impl BrambleSession {
    /// A session on a connection that this side has opened (`is_caller`) or the other one. `silence_ms`: how long the
    /// other side may say nothing.
    ///
    /// # Errors
    /// [`BrambleError::OutOfBounds`] if the date is decades after the agreement.
    pub fn new(
        now: Moment,
        agreed: &BrambleContact,
        is_caller: bool,
        silence_ms: u64,
        random: &mut dyn CryptoRngCore,
    ) -> Result<Self, BrambleError> {
        let limits = Limits { silence_ms, handshake_ms: silence_ms, ..Limits::default() };
        let (latency_ms, versions) = (Transport::LAN.latency_ms_max, Versions::bramble());
        let mut contact = Contact::new(agreed, now.wall)?;
        let (link, sync) = if is_caller {
            let start = contact.start(random).ok_or(BrambleError::OutOfBounds("the streams of one day"))?;
            let sync = Session::dialled(latency_ms, versions, Offers::new(), random);
            (BtpLink::call(now.millis, start, limits), sync)
        } else {
            contact.answers = true;
            let sync = Session::accepted(latency_ms, versions, Offers::new());
            (BtpLink::accept(now.millis, limits), sync)
        };
        let mut held = Held::default();
        for group in &agreed.groups {
            held.ledger.set_visibility(*group, Visibility::Shared);
        }
        Ok(Self { link, contact, sync, held, busy: now.millis })
    }

    /// Adds a message to send, in a group that is shared.
    ///
    /// # Errors
    /// [`BrambleError::OutOfBounds`] if it is too long or has no date.
    pub fn add(
        &mut self,
        group: GroupId,
        timestamp_ms: u64,
        body: Vec<u8>,
    ) -> Result<MessageId, BrambleError> {
        let message =
            Message::new(group, timestamp_ms, body).map_err(|_| BrambleError::OutOfBounds("a message"))?;
        let id = self.held.insert(message);
        let mut effects = Vec::new();
        let told = self.sync.handle(Input::Shared, &self.held, &mut effects);
        told.map_err(|_| BrambleError::OutOfBounds("a session that has ended"))?;
        self.held.carry_out(effects, &mut Vec::new());
        Ok(id)
    }

    /// Bytes came. At most 64 KiB at a time.
    ///
    /// # Errors
    /// [`BrambleError`]: the session is over; what came before counts.
    pub fn received(
        &mut self,
        now: Moment,
        bytes: &[u8],
        random: &mut dyn CryptoRngCore,
        events: &mut Vec<BrambleEvent>,
    ) -> Result<(), BrambleError> {
        self.busy = now.millis;
        self.link_input(now, LinkInput::Received(bytes), random, events)
    }

    /// Nothing but time has passed.
    ///
    /// # Errors
    /// [`BrambleError::Link`]: the other side has been silent for too long.
    pub fn tick(&mut self, now: Moment, random: &mut dyn CryptoRngCore) -> Result<(), BrambleError> {
        self.link_input(now, LinkInput::Tick, random, &mut Vec::new())
    }

    /// The connection is gone.
    ///
    /// # Errors
    /// [`BrambleError::Link`] unless both sides had ended.
    pub fn closed(&mut self, now: Moment, random: &mut dyn CryptoRngCore) -> Result<(), BrambleError> {
        self.link_input(now, LinkInput::Closed, random, &mut Vec::new())?;
        if self.is_over() { Ok(()) } else { Err(p2psync_link::Error::Cut.into()) }
    }

    /// Appends at most `room_bytes` bytes to send.
    pub fn fill(
        &mut self,
        now: Moment,
        room_bytes: usize,
        out: &mut Vec<u8>,
        events: &mut Vec<BrambleEvent>,
    ) {
        let Self { link, sync, held, .. } = self;
        let length_before = out.len();
        let mut words = Words { sync, held, now, events };
        link.fill(now.millis, &mut words, room_bytes, out);
        if out.len() > length_before {
            self.busy = now.millis;
        }
    }

    /// When `tick` and then `fill` must be called at the latest.
    pub fn deadline(&self) -> Option<Millis> {
        [self.link.deadline(), self.sync.deadline()].into_iter().flatten().min()
    }

    /// Since when nothing is under way in either direction, as far as this side knows; `None` while something is.
    pub fn quiet_since(&self) -> Option<Millis> {
        let waits_for_ack = self.held.ledger.next(Queue::Unseen, None).is_some();
        let owes_ack = self.held.ledger.next(Queue::ToAck, None).is_some();
        (self.sync.is_quiet() && !waits_for_ack && !owes_ack).then_some(self.busy)
    }

    /// Ends our own stream, after what must still be said.
    pub fn finish(&mut self) {
        let mut effects = Vec::new();
        // An interruption is taken at any time.
        let _ = self.sync.handle(Input::Interrupt, &self.held, &mut effects);
        self.held.carry_out(effects, &mut Vec::new());
    }

    /// Whether both streams have ended, whole.
    pub fn is_over(&self) -> bool {
        self.link.is_over()
    }

    fn link_input(
        &mut self,
        now: Moment,
        input: LinkInput<'_>,
        random: &mut dyn CryptoRngCore,
        events: &mut Vec<BrambleEvent>,
    ) -> Result<(), BrambleError> {
        let mut effects = Vec::new();
        let mut book = Book { contact: &mut self.contact, random };
        let result = self.link.handle(now.millis, input, &mut book, &mut effects);
        for effect in effects {
            match effect {
                LinkEffect::Received(bytes) => {
                    for piece in bytes.chunks(p2psync_sync::bsp::INPUT_BYTES_MAX) {
                        self.hear(Input::Received(piece), events)?;
                    }
                }
                LinkEffect::Ended => {
                    self.hear(Input::Ended, events)?;
                    events.push(BrambleEvent::PeerEnded);
                }
                // A link of this version has no handshake.
                LinkEffect::Store(_) | LinkEffect::Opened { .. } => {}
            }
        }
        Ok(result?)
    }

    fn hear(&mut self, input: Input<'_>, events: &mut Vec<BrambleEvent>) -> Result<(), BrambleError> {
        let mut effects = Vec::new();
        let result = self.sync.handle(input, &self.held, &mut effects);
        // What is in memory is as durable here as it will ever be.
        for id in self.held.carry_out(effects, events) {
            let mut effects = Vec::new();
            self.sync.handle(Input::Stored(id), &self.held, &mut effects)?;
            self.held.carry_out(effects, events);
        }
        Ok(result?)
    }
}

/// The keys of the contact, as of one date.
struct Contact {
    keys: RotationKeys,
    answers: bool,
}

impl Contact {
    fn new(agreed: &BrambleContact, date: WallClock) -> Result<Self, BrambleError> {
        let transport = Transport::LAN;
        let role = if agreed.is_alice { Role::Alice } else { Role::Bob };
        let root_period = transport.period(agreed.agreed);
        let mut keys = RotationKeys::new(transport.id, &agreed.root_key, root_period, role, true);
        keys.advance(transport.period(date)).map_err(|_| BrambleError::OutOfBounds("the date"))?;
        Ok(Self { keys, answers: false })
    }

    fn start(&mut self, random: &mut dyn CryptoRngCore) -> Option<StreamStart> {
        let stream = self.keys.next_stream()?;
        Some(StreamStart::random(Some(stream.tag), stream.header_key, stream.stream_number, random))
    }
}

struct Book<'a> {
    contact: &'a mut Contact,
    random: &'a mut dyn CryptoRngCore,
}

impl TagBook for Book<'_> {
    fn recognise(&mut self, tag: &Tag) -> Option<Recognised> {
        let incoming = self.contact.keys.recognise(tag)?;
        let answer = if self.contact.answers { Some(self.contact.start(self.random)?) } else { None };
        Some(Recognised { incoming, answer })
    }
}

/// Where the link gets its bytes.
struct Words<'a> {
    sync: &'a mut Session,
    held: &'a mut Held,
    now: Moment,
    events: &'a mut Vec<BrambleEvent>,
}

impl Source for Words<'_> {
    fn fill(&mut self, room_bytes: usize, out: &mut Vec<u8>) {
        let mut effects = Vec::new();
        self.sync.fill(self.now.millis, self.now.wall, self.held, room_bytes, out, &mut effects);
        self.held.carry_out(effects, self.events);
    }

    fn is_ended(&self) -> bool {
        self.sync.is_ended()
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng as _;

    use super::*;

    const GROUP: GroupId = GroupId::from_bytes([8; 32]);

    fn session(is_alice: bool) -> BrambleSession {
        let agreed = BrambleContact {
            root_key: SecretKey::from_bytes([7; 32]),
            agreed: WallClock(1_795_000_000_000),
            is_alice,
            groups: vec![GROUP],
        };
        let now = Moment { millis: Millis(0), wall: WallClock(1_795_000_100_000) };
        let random = &mut ChaCha20Rng::seed_from_u64(u64::from(is_alice));
        BrambleSession::new(now, &agreed, is_alice, 60_000, random).unwrap()
    }

    #[test]
    fn messages_go_both_ways_and_both_streams_end() {
        let mut sides = [session(true), session(false)];
        let mut events = [Vec::new(), Vec::new()];
        let ids = [0_u8, 1].map(|side| sides[usize::from(side)].add(GROUP, 5, vec![side; 9]).unwrap());
        let random = &mut ChaCha20Rng::seed_from_u64(3);
        for round in 0..40 {
            let now = Moment { millis: Millis(round), wall: WallClock(1_795_000_100_000 + round) };
            for side in 0..2 {
                let mut bytes = Vec::new();
                sides[side].fill(now, 65_536, &mut bytes, &mut events[side]);
                let other = 1 - side;
                sides[other].received(now, &bytes, random, &mut events[other]).unwrap();
            }
            if sides[0].quiet_since().is_some() && sides[1].quiet_since().is_some() {
                sides[0].finish();
            }
        }
        assert!(sides.iter().all(BrambleSession::is_over));
        for (side, other) in [(0, 1), (1, 0)] {
            let events = &events[side];
            let came =
                |event: &BrambleEvent| matches!(event, BrambleEvent::Received(id, _) if *id == ids[other]);
            assert!(events.iter().any(came));
            assert!(events.contains(&BrambleEvent::Acked(ids[side])));
            assert!(events.contains(&BrambleEvent::PeerEnded));
        }
    }
}

//! What two devices do on an open link. So far: they keep it open until one of them ends it.
//!
//! Everything that the protocol above a link needs and gives passes here, so it is the one place to change when
//! there is more to say.

use p2psync_bramble::{Millis, SecretKey};
use p2psync_model::PeerId;
use p2psync_store::Store;

use crate::Error;
use crate::meeting::event::Moment;
use crate::meeting::turn::Turn;

/// What is known when a link is open.
#[derive(Debug)]
pub(super) struct Start {
    /// With whom.
    pub(super) peer: PeerId,
    /// A key that both sides of this connection have and nobody else.
    pub(super) exported_key: SecretKey,
    /// Whether this device dialled.
    pub(super) is_caller: bool,
}

/// One conversation, over one link.
#[derive(Debug)]
pub(super) struct Exchange {
    start: Start,
    is_finished: bool,
}

/// What a conversation came to, for the history.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Documents that the other side took.
    pub(super) sent: u64,
    /// Documents that it brought.
    pub(super) received: u64,
}

/// What a link asks of the protocol above it.
pub(super) trait Conversation {
    /// Begins, when the link has opened.
    fn start(start: Start) -> Self;

    /// With whom, over which connection, and who dialled.
    fn with(&self) -> &Start;

    /// Bytes of the other side, authenticated and in order.
    ///
    /// # Errors
    /// What ends the connection.
    fn receive(&mut self, turn: &mut Turn<'_>, bytes: &[u8]) -> Result<(), Error>;

    /// The other side has said everything, and nothing was cut off.
    fn peer_ended(&mut self);

    /// Our side wants to end: what must be said is said, and then nothing more.
    fn finish(&mut self);

    /// Appends at most `room_bytes` bytes to send now.
    fn fill(&mut self, now: Moment, store: &mut Store, room_bytes: usize, out: &mut Vec<u8>);

    /// Whether `fill` will never give another byte.
    fn is_ended(&self) -> bool;

    /// When the turn must come at the latest, if nothing happens before.
    fn deadline(&self) -> Option<Millis>;

    /// What it has come to.
    fn tally(&self) -> Tally;

    /// The word for how it ended, the same on both screens; for ends without an error.
    fn word(&self) -> &'static str;
}

impl Conversation for Exchange {
    fn start(start: Start) -> Self {
        Self { start, is_finished: false }
    }

    fn with(&self) -> &Start {
        &self.start
    }

    /// There is nothing that the other side could say yet.
    fn receive(&mut self, _: &mut Turn<'_>, bytes: &[u8]) -> Result<(), Error> {
        if bytes.is_empty() {
            return Ok(());
        }
        Err(Error::Link(p2psync_link::Error::PeerMisbehaved("words that nobody knows")))
    }

    fn peer_ended(&mut self) {
        self.is_finished = true;
    }

    fn finish(&mut self) {
        self.is_finished = true;
    }

    fn fill(&mut self, _: Moment, _: &mut Store, _: usize, _: &mut Vec<u8>) {}

    fn is_ended(&self) -> bool {
        self.is_finished
    }

    fn deadline(&self) -> Option<Millis> {
        None
    }

    fn tally(&self) -> Tally {
        Tally::default()
    }

    fn word(&self) -> &'static str {
        "ended"
    }
}

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

impl Exchange {
    pub(super) const fn start(start: Start) -> Self {
        Self { start, is_finished: false }
    }

    /// With whom, over which connection, and who dialled.
    pub(super) const fn with(&self) -> &Start {
        &self.start
    }

    /// Bytes of the other side, authenticated and in order. There is nothing that it could say yet.
    ///
    /// # Errors
    /// What ends the connection.
    pub(super) fn receive(&self, _turn: &mut Turn<'_>, bytes: &[u8]) -> Result<(), Error> {
        if bytes.is_empty() {
            return Ok(());
        }
        Err(Error::Link(p2psync_link::Error::PeerMisbehaved("words that nobody knows")))
    }

    /// The other side has said everything, and nothing was cut off.
    pub(super) const fn peer_ended(&mut self) {
        self.is_finished = true;
    }

    /// Our side wants to end: what must be said is said, and then nothing more.
    pub(super) const fn finish(&mut self) {
        self.is_finished = true;
    }

    /// Appends at most `room_bytes` bytes to send now.
    pub(super) const fn fill(&mut self, _: Moment, _: &mut Store, _room_bytes: usize, _out: &mut Vec<u8>) {}

    /// Whether `fill` will never give another byte.
    pub(super) const fn is_ended(&self) -> bool {
        self.is_finished
    }

    /// When the turn must come at the latest, if nothing happens before.
    pub(super) const fn deadline(&self) -> Option<Millis> {
        None
    }

    pub(super) fn tally(&self) -> Tally {
        Tally::default()
    }

    /// The word for how it ended, the same on both screens; for ends without an error.
    pub(super) const fn word(&self) -> &'static str {
        "ended"
    }
}

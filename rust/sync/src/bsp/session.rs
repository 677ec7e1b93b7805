//! One session with one contact: both halves, and when it is over.

use p2psync_bramble::{Millis, WallClock};
use p2psync_model::{Message, MessageId};
use rand_core::CryptoRngCore;

use super::incoming::Incoming;
use super::offering::Moment;
use super::outgoing::Outgoing;
use super::{Change, Error, Offers, Priority, Record, Shelf, Versions};

/// Longest piece of input that a session takes without forgetting anything, if [`Session::wants_input`] is heeded.
/// Longer ones are safe, too.
pub const INPUT_BYTES_MAX: usize = 16_384;

/// Most memory that a session takes, whatever the other side sends and whether or not the caller heeds
/// [`Session::wants_input`], with input in pieces of [`INPUT_BYTES_MAX`]: without what is in the effects, which are
/// the caller's, and without the list of what an eager session sends.
pub const MEMORY_BYTES_MAX: usize = 1 << 20;

/// One connection to a contact, or one file from or for it.
///
/// After each call: carry out the effects, in order, before the next call of [`Self::handle`]. Calls of
/// [`Self::fill`] may follow one another on a shelf that does not show the effects of the first yet.
#[derive(Debug)]
pub struct Session {
    incoming: Incoming,
    outgoing: Outgoing,
    priority: Option<Priority>,
    is_interrupted: bool,
}

/// What happens to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input<'a> {
    /// The contact's stream went on.
    Received(&'a [u8]),
    /// The contact's stream ended as it meant it to. A stream that was cut has no such end; drop the session.
    Ended,
    /// What [`Effect::Store`] asked for is done, and outlives a power cut. Only now is it acknowledged.
    Stored(MessageId),
    /// What [`Effect::Store`] asked for is not done: it is too large, or the disk is full. It is not acknowledged,
    /// nor requested again in this session.
    Refused(MessageId),
    /// There may be more to offer or send: a message was added or delivered, a group became shared.
    Shared,
    /// End our own stream: sync is over here, or another connection has priority. What is durable is acknowledged
    /// before.
    Interrupt,
}

/// What the caller must do, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Keep this message of the contact durably, then give [`Input::Stored`]; or give [`Input::Refused`]. It need not
    /// be validated before.
    Store {
        /// Its id.
        id: MessageId,
        /// The message.
        message: Message,
    },
    /// Keep the status of this message with this contact, after a change; see [`super::Status::after`]. If the
    /// message is not held any more there is nothing to keep. Losing one in a power cut costs a repetition.
    Change {
        /// Which message.
        id: MessageId,
        /// What happened.
        change: Change,
    },
    /// The contact speaks these versions of sync.
    Versions(Versions),
    /// The contact opened this connection with this priority. Of two on one transport the greater one stays:
    /// interrupt the other.
    Priority(Priority),
}

/// Which messages go into a simplex session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selection {
    /// Those whose wait is over.
    Due,
    /// All that were not acknowledged, the least often sent first: for a file that a person carries.
    Eager,
}

impl Session {
    /// A session on a connection that this device opened, over a transport whose greatest latency is `latency_ms`
    /// (30,000 for LAN and Bluetooth). `offers` are those that the last session with this contact left.
    pub fn dialled(
        latency_ms: u64,
        versions: Versions,
        offers: Offers,
        random: &mut dyn CryptoRngCore,
    ) -> Self {
        let priority = Priority::random(random);
        let greeting = [Record::Versions(versions), Record::Priority(priority)];
        let outgoing = Outgoing::duplex(latency_ms, &greeting);
        Self { priority: Some(priority), ..Self::new(Incoming::new(offers, false), outgoing) }
    }

    /// A session on a connection that the contact opened.
    pub fn accepted(latency_ms: u64, versions: Versions, offers: Offers) -> Self {
        let outgoing = Outgoing::duplex(latency_ms, &[Record::Versions(versions)]);
        Self::new(Incoming::new(offers, true), outgoing)
    }

    /// A session that only writes: a file, or a mailbox.
    pub fn simplex_outgoing(latency_ms: u64, versions: Versions, selection: Selection) -> Self {
        let outgoing = Outgoing::simplex(latency_ms, &[Record::Versions(versions)], selection);
        Self::new(Incoming::new(Offers::new(), false), outgoing)
    }

    /// A session that only reads: a file.
    pub fn simplex_incoming(offers: Offers) -> Self {
        Self::new(Incoming::new(offers, false), Outgoing::silent())
    }

    const fn new(incoming: Incoming, outgoing: Outgoing) -> Self {
        Self { incoming, outgoing, priority: None, is_interrupted: false }
    }

    /// Something happened.
    ///
    /// # Errors
    /// [`Error`]: nothing more is read; what was received before still counts, and effects pushed before hold.
    /// Close the connection.
    pub fn handle(
        &mut self,
        input: Input<'_>,
        shelf: &dyn Shelf,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Error> {
        self.outgoing.shelf_changed();
        match input {
            Input::Received(bytes) => {
                let offering = &mut self.outgoing.offering;
                self.incoming.receive(bytes, shelf, offering, effects)?;
            }
            Input::Ended => {
                self.incoming.end()?;
                self.outgoing.finish();
            }
            Input::Stored(id) => self.incoming.stored(id, effects),
            Input::Refused(id) => self.incoming.refused(id),
            Input::Shared => self.outgoing.offering.look_again(),
            Input::Interrupt => {
                self.is_interrupted = true;
                self.outgoing.finish();
            }
        }
        Ok(())
    }

    /// Appends at most `room_bytes` bytes of our stream to `out`. `date` is what the clock on the wall says: waits
    /// outlive a session.
    pub fn fill(
        &mut self,
        now: Millis,
        date: WallClock,
        shelf: &dyn Shelf,
        room_bytes: usize,
        out: &mut Vec<u8>,
        effects: &mut Vec<Effect>,
    ) {
        self.outgoing.hold_open(self.incoming.has_unstored() && !self.is_interrupted);
        let offers = &mut self.incoming.offers;
        self.outgoing.fill(Moment { now, date }, shelf, offers, room_bytes, out, effects);
    }

    /// When to call [`Self::fill`] though nothing happened: the wait of a message ends. Meaningful after a `fill`
    /// that left room.
    pub fn deadline(&self) -> Option<Millis> {
        if self.outgoing.is_finishing() { None } else { self.outgoing.offering.deadline() }
    }

    /// Whether more of the contact's stream can be taken in now. While this is false stop reading from the
    /// connection, and nothing is forgotten; go on calling [`Self::fill`] and giving [`Input::Stored`]. If input
    /// comes all the same, offers and messages over the bound are dropped, as Bramble drops offers; the contact
    /// repeats them later.
    pub fn wants_input(&self) -> bool {
        self.incoming.has_room()
    }

    /// Whether our stream is at its end: no `fill` gives another byte.
    pub const fn is_ended(&self) -> bool {
        self.outgoing.is_ended()
    }

    /// Whether both streams are at their ends.
    pub const fn is_over(&self) -> bool {
        self.is_ended() && self.incoming.is_ended()
    }

    /// Whether, after a `fill` that left room, nothing is under way as far as this side knows: all offers answered,
    /// all that the contact offered has come and is stored. Messages that were sent may still wait for their
    /// acknowledgement: those are in [`super::Queue::Unseen`].
    pub fn is_quiet(&self) -> bool {
        self.outgoing.is_quiet() && !self.incoming.has_unstored() && self.incoming.offers.is_empty()
    }

    /// What decides between this connection and another one with the same contact: of who opened it; `None` until
    /// it is known.
    pub fn priority(&self) -> Option<Priority> {
        self.priority.or(self.incoming.priority())
    }

    /// What the contact offered and has not sent, for the next session with it. If the contact ended its stream,
    /// only what was not asked for.
    pub fn into_offers(self) -> Offers {
        if self.incoming.is_ended() { self.incoming.offers.unasked() } else { self.incoming.offers }
    }
}

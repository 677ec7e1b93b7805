//! Which record leaves next.

use p2psync_bramble::record::HEADER_BYTES;
use p2psync_model::{MESSAGE_BYTES_MAX, MESSAGE_HEADER_BYTES, Message, MessageId};

use super::offering::{Moment, Offering};
use super::{Change, Effect, Ids, Malformed, Offers, Position, Queue, Record, Selection, Shelf};

/// The writing half of a session. Holds one record at a time.
#[derive(Debug)]
pub(super) struct Outgoing {
    manner: Manner,
    latency_ms: u64,
    /// The record that is leaving, and how much of it has left.
    record: Vec<u8>,
    left_bytes: usize,
    acks_after: Option<Position>,
    messages_after: Option<Position>,
    pub offering: Offering,
    is_finishing: bool,
    is_held_open: bool,
    is_ended: bool,
}

#[derive(Debug)]
enum Manner {
    /// All kinds of records in turn; of messages as many as fit in what is left of a batch.
    Duplex { turn: Turn, batch_bytes: usize },
    /// Acknowledgements, then messages that nobody asked for, then the end.
    Due,
    /// The same with messages that were chosen at the beginning.
    Eager { chosen: Option<std::vec::IntoIter<MessageId>> },
    /// Nothing.
    Silent,
}

#[derive(Clone, Copy, Debug)]
enum Turn {
    Acks,
    Requests,
    Messages,
    Offers,
}

impl Outgoing {
    /// Begins with the records `greeting`.
    pub fn duplex(latency_ms: u64, greeting: &[Record<'_>]) -> Self {
        Self::new(Manner::Duplex { turn: Turn::Acks, batch_bytes: BATCH_BYTES_MAX }, latency_ms, greeting)
    }

    pub fn simplex(latency_ms: u64, greeting: &[Record<'_>], selection: Selection) -> Self {
        let manner = match selection {
            Selection::Due => Manner::Due,
            Selection::Eager => Manner::Eager { chosen: None },
        };
        Self { is_finishing: true, ..Self::new(manner, latency_ms, greeting) }
    }

    pub fn silent() -> Self {
        Self { is_finishing: true, is_ended: true, ..Self::new(Manner::Silent, 0, &[]) }
    }

    fn new(manner: Manner, latency_ms: u64, greeting: &[Record<'_>]) -> Self {
        let mut record = Vec::new();
        for part in greeting {
            part.encode(&mut record);
        }
        Self {
            manner,
            latency_ms,
            record,
            left_bytes: 0,
            acks_after: None,
            messages_after: None,
            offering: Offering::new(),
            is_finishing: false,
            is_held_open: false,
            is_ended: false,
        }
    }

    /// The shelf may have changed: what it holds is looked for from the start again.
    pub const fn shelf_changed(&mut self) {
        self.acks_after = None;
        if matches!(self.manner, Manner::Duplex { .. }) {
            self.messages_after = None;
        }
    }

    /// Acknowledges what is owed, and ends.
    pub const fn finish(&mut self) {
        self.is_finishing = true;
    }

    /// Whether more acknowledgements are to come before the end.
    pub const fn hold_open(&mut self, is_held_open: bool) {
        self.is_held_open = is_held_open;
    }

    pub const fn is_finishing(&self) -> bool {
        self.is_finishing
    }

    pub const fn is_ended(&self) -> bool {
        self.is_ended
    }

    pub fn is_quiet(&self) -> bool {
        self.left_bytes == self.record.len() && (self.is_finishing || self.offering.is_quiet())
    }

    /// Appends at most `room_bytes` bytes.
    pub fn fill(
        &mut self,
        moment: Moment,
        shelf: &dyn Shelf,
        offers: &mut Offers,
        room_bytes: usize,
        out: &mut Vec<u8>,
        effects: &mut Vec<Effect>,
    ) {
        let end = out.len() + room_bytes;
        while out.len() < end && !self.is_ended {
            let leaving = self.record.get(self.left_bytes..).unwrap_or_default();
            let (now, later) = leaving.split_at(leaving.len().min(end - out.len()));
            out.extend_from_slice(now);
            self.left_bytes += now.len();
            if later.is_empty() {
                self.record.clear();
                self.left_bytes = 0;
                if out.len() < end && !self.next_record(moment, shelf, offers, effects) {
                    self.is_ended = self.is_finishing && !self.is_held_open;
                    return;
                }
            }
        }
    }

    /// Makes the next record; false if there is none.
    fn next_record(
        &mut self,
        moment: Moment,
        shelf: &dyn Shelf,
        offers: &mut Offers,
        effects: &mut Vec<Effect>,
    ) -> bool {
        let Manner::Duplex { mut turn, mut batch_bytes } = self.manner else {
            return self.acks(shelf, effects) || self.unasked_message(moment, shelf, effects);
        };
        if self.is_finishing {
            return self.acks(shelf, effects);
        }
        let mut is_made = false;
        // Once more than there are turns: that of messages may have ended because its batch was full.
        for _ in 0..=Turn::COUNT {
            is_made = match turn {
                Turn::Acks => self.acks(shelf, effects),
                Turn::Messages => self.requested_message(moment, shelf, &mut batch_bytes, effects),
                Turn::Offers => {
                    let ids =
                        self.offering.next_ids(moment, self.latency_ms, IDS_AT_ONCE_MAX, shelf, effects);
                    self.put(Ids::parse(&joined(&ids)).map(Record::Offer))
                }
                Turn::Requests => self.requests(shelf, offers, effects),
            };
            if !(is_made && matches!(turn, Turn::Messages)) {
                (turn, batch_bytes) = (turn.next(), BATCH_BYTES_MAX);
            }
            if is_made {
                break;
            }
        }
        self.manner = Manner::Duplex { turn, batch_bytes };
        is_made
    }

    fn acks(&mut self, shelf: &dyn Shelf, effects: &mut Vec<Effect>) -> bool {
        let mut ids = Vec::new();
        while ids.len() < IDS_AT_ONCE_MAX
            && let Some(entry) = shelf.next(Queue::ToAck, self.acks_after)
        {
            self.acks_after = Some(entry.position());
            ids.push(entry.id);
            effects.push(Effect::Change { id: entry.id, change: Change::AckSent });
        }
        self.put(Ids::parse(&joined(&ids)).map(Record::Ack))
    }

    /// Asks for what was offered, but for what has come from elsewhere since: that is acknowledged.
    fn requests(&mut self, shelf: &dyn Shelf, offers: &mut Offers, effects: &mut Vec<Effect>) -> bool {
        let mut ids = offers.request(IDS_AT_ONCE_MAX);
        ids.retain(|id| {
            let is_held = shelf.entry(*id).is_some();
            if is_held {
                offers.forget(*id);
                effects.push(Effect::Change { id: *id, change: Change::ToAck });
            }
            !is_held
        });
        self.put(Ids::parse(&joined(&ids)).map(Record::Request))
    }

    fn requested_message(
        &mut self,
        moment: Moment,
        shelf: &dyn Shelf,
        batch_bytes: &mut usize,
        effects: &mut Vec<Effect>,
    ) -> bool {
        while *batch_bytes > 0
            && let Some(entry) = shelf.next(Queue::Requested, self.messages_after)
        {
            self.messages_after = Some(entry.position());
            if let Some(message) = shelf.message(entry.id) {
                *batch_bytes = batch_bytes.saturating_sub(record_bytes(&message));
                let change = self.message(moment, entry.id, message, effects);
                self.offering.wait_until(moment, entry.status.after(change).expiry);
                return true;
            }
        }
        false
    }

    fn unasked_message(&mut self, moment: Moment, shelf: &dyn Shelf, effects: &mut Vec<Effect>) -> bool {
        while let Some(id) = self.next_unasked(moment, shelf) {
            if let Some(message) = shelf.message(id) {
                self.message(moment, id, message, effects);
                return true;
            }
        }
        false
    }

    fn next_unasked(&mut self, moment: Moment, shelf: &dyn Shelf) -> Option<MessageId> {
        match &mut self.manner {
            Manner::Due => {
                while let Some(entry) = shelf.next(Queue::Unseen, self.messages_after) {
                    self.messages_after = Some(entry.position());
                    if entry.status.is_due(moment.date, self.latency_ms) {
                        return Some(entry.id);
                    }
                }
                None
            }
            Manner::Eager { chosen } => chosen.get_or_insert_with(|| fewest_transmissions(shelf)).next(),
            Manner::Duplex { .. } | Manner::Silent => None,
        }
    }

    fn message(
        &mut self,
        moment: Moment,
        id: MessageId,
        message: Message,
        effects: &mut Vec<Effect>,
    ) -> Change {
        let change = Change::Sent { date: moment.date, latency_ms: self.latency_ms };
        Record::Message(message).encode(&mut self.record);
        effects.push(Effect::Change { id, change });
        change
    }

    /// Puts a record on its way; false if it would be one of no ids.
    fn put(&mut self, record: Result<Record<'_>, Malformed>) -> bool {
        record.is_ok_and(|record| {
            record.encode(&mut self.record);
            true
        })
    }
}

impl Turn {
    const COUNT: usize = 4;

    const fn next(self) -> Self {
        match self {
            Self::Acks => Self::Requests,
            Self::Requests => Self::Messages,
            Self::Messages => Self::Offers,
            Self::Offers => Self::Acks,
        }
    }
}

/// Ids in one record of ours. Bramble writes 1536 at once; but then a connection that lasts for 100 kB is over before
/// the first message was even asked for, and so is the next one.
const IDS_AT_ONCE_MAX: usize = 128;

/// Messages leave in batches of two of the longest, as Bramble's do; the last one may be over it.
const BATCH_BYTES_MAX: usize = 2 * (HEADER_BYTES + MESSAGE_BYTES_MAX);

fn record_bytes(message: &Message) -> usize {
    HEADER_BYTES + MESSAGE_HEADER_BYTES + message.body().len()
}

fn joined(ids: &[MessageId]) -> Vec<u8> {
    ids.iter().flat_map(|id| *id.as_bytes()).collect()
}

/// All that the contact has not seen, the least often sent first, and the oldest of those.
fn fewest_transmissions(shelf: &dyn Shelf) -> std::vec::IntoIter<MessageId> {
    let (mut unseen, mut after) = (Vec::new(), None);
    while let Some(entry) = shelf.next(Queue::Unseen, after) {
        after = Some(entry.position());
        unseen.push((entry.status.transmissions, entry.id));
    }
    unseen.sort_by_key(|(transmissions, _)| *transmissions);
    let ids: Vec<MessageId> = unseen.into_iter().map(|(_, id)| id).collect();
    ids.into_iter()
}

//! What a device of the script holds, and what it may say of it.

use p2psync_bramble::record::RecordReader;
use p2psync_model::{GroupId, Message, MessageId};
use p2psync_sync::bsp::{
    Change, Effect, Entry, Ledger, Position, Queue, Record, Shelf, Status, VERSION, Visibility,
};

pub const GROUPS: [GroupId; 2] = [GroupId::from_bytes([1; 32]), GroupId::from_bytes([2; 32])];

/// The messages of the script: half of them in each group.
pub fn message(number: u8) -> Message {
    let [first, second] = GROUPS;
    let group = if number & 1 == 0 { first } else { second };
    Message::new(group, u64::from(number / 4), vec![number; 1 + usize::from(number)])
        .expect("a short message is within bounds")
}

/// Everything that the device holds.
pub struct Held {
    pub ledger: Ledger,
    messages: Vec<Message>,
    pub uncommitted: Vec<Message>,
    said: RecordReader,
}

impl Held {
    pub fn new() -> Self {
        let mut ledger = Ledger::new();
        let [first, _] = GROUPS;
        ledger.set_visibility(first, Visibility::Shared);
        Self { ledger, messages: Vec::new(), uncommitted: Vec::new(), said: RecordReader::new() }
    }

    pub fn is_held(&self, id: MessageId) -> bool {
        self.ledger.entry(id).is_some()
    }

    /// Keeps the next message that was received, or throws it away.
    pub fn commit(&mut self, keep: bool) -> Option<MessageId> {
        let received = self.uncommitted.pop()?;
        let id = received.id();
        if keep {
            self.insert(received, true);
        }
        Some(id)
    }

    /// Makes a message of the script one's own; some are not valid yet.
    pub fn write(&mut self, number: u8) {
        let own = message(number);
        if !self.is_held(own.id()) && !self.uncommitted.contains(&own) {
            self.insert(own, number % 8 < 6);
        }
    }

    pub fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Store { id, message } => {
                    assert_eq!(message.id(), id);
                    assert!(!self.is_held(id), "a message is to be stored that is held");
                    assert!(self.ledger.visibility(message.group()) > Visibility::Invisible);
                    self.uncommitted.push(message);
                }
                Effect::Change { id, change } => {
                    let status = self.ledger.apply(id, change).expect("the message is held");
                    assert_eq!(Status::decode(&status.encode()), Ok(status));
                }
                Effect::Versions(_) | Effect::Priority(_) => {}
            }
        }
    }

    /// Judges what left, by what was known before its effects are carried out.
    pub fn check_said(&mut self, bytes: &[u8], effects: &[Effect]) {
        for effect in effects {
            let Effect::Change { id, change } = effect else { unreachable!("writing has no other effects") };
            let entry = self.ledger.entry(*id).expect("something is said of what is not held");
            let status = entry.status;
            let may_be = match change {
                Change::AckSent => status.is_to_ack,
                Change::Offered { .. } => entry.is_shared && !status.is_seen && !status.is_requested,
                Change::Sent { .. } => entry.is_shared && !status.is_seen && status.is_requested,
                Change::ToAck => true,
                Change::Acked | Change::Requested => false,
            };
            assert!(may_be, "{change:?} of {entry:?}");
        }
        self.said.push(bytes);
        while let Some(raw) = self.said.next(VERSION, |_| true).expect("what leaves is records") {
            let record = Record::decode(raw.kind, raw.payload).expect("what leaves is within bounds");
            assert!(record.is_some(), "what leaves is of known types");
        }
    }

    fn insert(&mut self, message: Message, is_sendable: bool) {
        let (id, group, timestamp_ms) = (message.id(), message.group(), message.timestamp_ms());
        self.ledger.insert(id, group, timestamp_ms, is_sendable, Status::default());
        self.messages.push(message);
    }
}

impl Shelf for Held {
    fn visibility(&self, group: GroupId) -> Visibility {
        self.ledger.visibility(group)
    }

    fn entry(&self, id: MessageId) -> Option<Entry> {
        self.ledger.entry(id)
    }

    fn next(&self, queue: Queue, after: Option<Position>) -> Option<Entry> {
        self.ledger.next(queue, after)
    }

    fn message(&self, id: MessageId) -> Option<Message> {
        self.messages.iter().find(|message| message.id() == id).cloned()
    }
}

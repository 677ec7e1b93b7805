//! The messages of a session of plain Bramble, and how far each has come.

use std::collections::BTreeMap;

use p2psync_model::{GroupId, Message, MessageId};
use p2psync_sync::bsp::{Change, Effect, Entry, Ledger, Position, Queue, Shelf, Status, Visibility};

use super::BrambleEvent;

/// The messages of this session, in memory.
#[derive(Default)]
pub(super) struct Held {
    messages: BTreeMap<MessageId, Message>,
    pub(super) ledger: Ledger,
}

impl Held {
    pub(super) fn insert(&mut self, message: Message) -> MessageId {
        let id = message.id();
        self.ledger.insert(id, message.group(), message.timestamp_ms(), true, Status::default());
        self.messages.insert(id, message);
        id
    }

    /// Keeps what changes; the messages that have come.
    pub(super) fn carry_out(
        &mut self,
        effects: Vec<Effect>,
        events: &mut Vec<BrambleEvent>,
    ) -> Vec<MessageId> {
        let mut stored = Vec::new();
        for effect in effects {
            match effect {
                Effect::Store { id, message } => {
                    events.push(BrambleEvent::Received(id, message.clone()));
                    stored.push(self.insert(message));
                }
                Effect::Change { id, change } => {
                    self.ledger.apply(id, change);
                    events.extend(match change {
                        Change::ToAck => None,
                        Change::AckSent => Some(BrambleEvent::AckSent(id)),
                        Change::Acked => Some(BrambleEvent::Acked(id)),
                        Change::Requested => Some(BrambleEvent::Requested(id)),
                        Change::Offered { .. } => Some(BrambleEvent::Offered(id)),
                        Change::Sent { .. } => Some(BrambleEvent::Sent(id)),
                    });
                }
                Effect::Versions(versions) => {
                    events.push(BrambleEvent::Versions(versions.as_slice().to_vec()));
                }
                Effect::Priority(_) => {}
            }
        }
        stored
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
        self.messages.get(&id).cloned()
    }
}

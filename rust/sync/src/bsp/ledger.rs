//! The statuses of all messages with one contact, in memory, in the order in which a session asks for them.

use std::collections::{BTreeMap, BTreeSet};

use p2psync_model::{GroupId, MessageId};

use super::{Change, Entry, Position, Queue, Status, Visibility};

/// Everything that a [`super::Shelf`] answers but the messages themselves. Load it from the store when a session
/// begins; keep the changed statuses in the store as they change. It takes about 250 bytes a message.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    groups: BTreeMap<GroupId, Visibility>,
    rows: BTreeMap<MessageId, Row>,
    to_ack: BTreeSet<Position>,
    requested: BTreeSet<Position>,
    unseen: BTreeSet<Position>,
}

#[derive(Clone, Copy, Debug)]
struct Row {
    group: GroupId,
    timestamp_ms: u64,
    is_sendable: bool,
    status: Status,
}

impl Ledger {
    /// A ledger without messages, to which all groups are invisible.
    pub const fn new() -> Self {
        Self {
            groups: BTreeMap::new(),
            rows: BTreeMap::new(),
            to_ack: BTreeSet::new(),
            requested: BTreeSet::new(),
            unseen: BTreeSet::new(),
        }
    }

    /// Sets what the contact may do in `group`. Tell a session of more permission by [`super::Input::Shared`].
    pub fn set_visibility(&mut self, group: GroupId, visibility: Visibility) {
        self.groups.insert(group, visibility);
        let in_group = |(id, row): (&MessageId, &Row)| (row.group == group).then_some(*id);
        let ids: Vec<MessageId> = self.rows.iter().filter_map(in_group).collect();
        for id in ids {
            self.place(id);
        }
    }

    /// Adds a message that this device holds durably, or replaces what is known of it. `is_sendable` says that it
    /// is valid, all that it depends on is delivered, it is marked as shared and not deleted.
    pub fn insert(
        &mut self,
        id: MessageId,
        group: GroupId,
        timestamp_ms: u64,
        is_sendable: bool,
        status: Status,
    ) {
        self.remove(id);
        self.rows.insert(id, Row { group, timestamp_ms, is_sendable, status });
        self.place(id);
    }

    /// Forgets a message that this device no longer holds.
    pub fn remove(&mut self, id: MessageId) {
        if let Some(row) = self.rows.remove(&id) {
            let position = Position { timestamp_ms: row.timestamp_ms, id };
            for queue in [&mut self.to_ack, &mut self.requested, &mut self.unseen] {
                queue.remove(&position);
            }
        }
    }

    /// Sets whether a message may be sent, as far as it is the message's own matter.
    pub fn set_sendable(&mut self, id: MessageId, is_sendable: bool) {
        if let Some(row) = self.rows.get_mut(&id) {
            row.is_sendable = is_sendable;
            self.place(id);
        }
    }

    /// Carries out a change, and returns the new status for the store; `None` if the message is not held.
    pub fn apply(&mut self, id: MessageId, change: Change) -> Option<Status> {
        let row = self.rows.get_mut(&id)?;
        row.status = row.status.after(change);
        let status = row.status;
        self.place(id);
        Some(status)
    }

    /// Number of messages.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no message.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// See [`super::Shelf::visibility`].
    pub fn visibility(&self, group: GroupId) -> Visibility {
        self.groups.get(&group).copied().unwrap_or_default()
    }

    /// See [`super::Shelf::entry`].
    pub fn entry(&self, id: MessageId) -> Option<Entry> {
        let row = self.rows.get(&id)?;
        let visibility = self.visibility(row.group);
        (visibility > Visibility::Invisible).then_some(Entry {
            id,
            timestamp_ms: row.timestamp_ms,
            is_shared: row.is_sendable && visibility == Visibility::Shared,
            status: row.status,
        })
    }

    /// See [`super::Shelf::next`].
    pub fn next(&self, queue: Queue, after: Option<Position>) -> Option<Entry> {
        use std::ops::Bound::{Excluded, Unbounded};
        let positions = match queue {
            Queue::ToAck => &self.to_ack,
            Queue::Requested => &self.requested,
            Queue::Unseen => &self.unseen,
        };
        let next = positions.range((after.map_or(Unbounded, Excluded), Unbounded)).next()?;
        self.entry(next.id)
    }

    /// Puts a message into the queues where it belongs, and takes it out of the others.
    fn place(&mut self, id: MessageId) {
        let Some(row) = self.rows.get(&id) else { return };
        let position = Position { timestamp_ms: row.timestamp_ms, id };
        let (is_visible, is_shared) = self.entry(id).map_or((false, false), |entry| (true, entry.is_shared));
        let is_unseen = is_shared && !row.status.is_seen;
        for (queue, belongs) in [
            (&mut self.to_ack, is_visible && row.status.is_to_ack),
            (&mut self.requested, is_unseen && row.status.is_requested),
            (&mut self.unseen, is_unseen),
        ] {
            if belongs {
                queue.insert(position);
            } else {
                queue.remove(&position);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUP: GroupId = GroupId::from_bytes([1; 32]);

    fn id(number: u8) -> MessageId {
        MessageId::from_bytes([number; 32])
    }

    /// The numbers of the messages of `queue`, in order.
    fn numbers(ledger: &Ledger, queue: Queue) -> Vec<u8> {
        let mut after = None;
        let next = || {
            let entry = ledger.next(queue, after)?;
            after = Some(entry.position());
            entry.id.as_bytes().first().copied()
        };
        std::iter::from_fn(next).collect()
    }

    fn ledger() -> Ledger {
        let mut ledger = Ledger::new();
        ledger.set_visibility(GROUP, Visibility::Shared);
        for (number, timestamp_ms) in [(1, 30), (2, 10), (3, 10), (4, 20)] {
            ledger.insert(id(number), GROUP, timestamp_ms, true, Status::default());
        }
        ledger
    }

    #[test]
    fn queues_follow_the_statuses_oldest_message_first() {
        let mut ledger = ledger();
        assert_eq!(numbers(&ledger, Queue::Unseen), [2, 3, 4, 1]);
        ledger.apply(id(1), Change::Requested);
        ledger.apply(id(3), Change::Requested);
        ledger.apply(id(3), Change::Acked);
        ledger.apply(id(4), Change::ToAck);
        assert_eq!(numbers(&ledger, Queue::Unseen), [2, 1]);
        assert_eq!(numbers(&ledger, Queue::Requested), [1]);
        assert_eq!(numbers(&ledger, Queue::ToAck), [4]);
        ledger.apply(id(4), Change::AckSent);
        ledger.set_sendable(id(1), false);
        assert_eq!(numbers(&ledger, Queue::ToAck), [0; 0]);
        assert_eq!(numbers(&ledger, Queue::Requested), [0; 0]);
        ledger.remove(id(2));
        assert_eq!(numbers(&ledger, Queue::Unseen), [0; 0]);
        assert_eq!((ledger.len(), ledger.apply(id(2), Change::Acked)), (3, None));
    }

    #[test]
    fn a_group_that_is_visible_acknowledges_and_sends_nothing() {
        let mut ledger = ledger();
        ledger.apply(id(1), Change::ToAck);
        ledger.set_visibility(GROUP, Visibility::Visible);
        assert_eq!(numbers(&ledger, Queue::ToAck), [1]);
        assert_eq!(numbers(&ledger, Queue::Unseen), [0; 0]);
        assert!(!ledger.entry(id(2)).unwrap().is_shared);
        ledger.set_visibility(GROUP, Visibility::Invisible);
        assert_eq!(numbers(&ledger, Queue::ToAck), [0; 0]);
        assert_eq!(ledger.entry(id(2)), None);
        ledger.set_visibility(GROUP, Visibility::Shared);
        assert_eq!(numbers(&ledger, Queue::Unseen), [2, 3, 4]);
    }
}

//! What this side gives: what was found to be missing over there, in the order in which it leaves, until the other side
//! says that it is on its disk.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use p2psync_model::{MessageId, Priority};

use super::{Effect, Refusal};
use crate::{Entry, Set};

/// Most messages that wait to be sent; what else the comparison found stays in its ranges until there is room.
pub const QUEUE_MAX: usize = 16_384;

/// Most bytes of pushes and announcements that the other side has not acknowledged.
pub const WINDOW_BYTES: u64 = 1 << 20;

/// Most pushes and announcements that the other side has not acknowledged.
pub const WINDOW_COUNT: usize = 1_024;

/// Most announced documents that the other side has not got whole or refused yet.
pub const OFFERED_MAX: usize = 1_024;

/// Content up to this length is pushed; longer documents are announced, and asked for.
pub const PUSH_BYTES_MAX: u64 = 16_384;

/// A place in the queue: statements first, then what is pushed, then what is announced; the urgent before the rest,
/// the old before the new.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    class: Class,
    urgency: core::cmp::Reverse<Priority>,
    timestamp_ms: u64,
    id: MessageId,
}

/// How a message leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    /// Pushed, before all documents.
    Statement,
    /// Pushed.
    Small,
    /// Announced.
    Large,
}

/// What leaves next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Next {
    pub entry: Entry,
    pub class: Class,
}

/// What was sent and not acknowledged.
#[derive(Clone, Copy, Debug)]
struct InFlight {
    id: MessageId,
    class: Class,
    content_bytes: u64,
    wire_bytes: u64,
}

#[derive(Debug, Default)]
pub(super) struct Outgoing {
    queue: BTreeMap<Place, u64>,
    in_flight: VecDeque<InFlight>,
    in_flight_bytes: u64,
    acknowledged: u32,
    /// Announced, acknowledged, and not yet held over there: with the size.
    offered: BTreeMap<MessageId, u64>,
    /// Held or refused while still in flight.
    decided: BTreeSet<MessageId>,
    /// The other side takes no more documents in this session.
    is_refused_all: bool,
    pub tally: Tally,
}

/// How far the giving has come, in documents; statements are not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Documents over all.
    pub documents_total: u32,
    /// Bytes of their content.
    pub bytes_total: u64,
    /// Those that are on the receiver's disk.
    pub documents: u32,
    /// Bytes of their content.
    pub bytes: u64,
    /// Those that the receiver did not take.
    pub refused: u32,
}

impl Outgoing {
    /// Puts a message in the queue, unless it is there, in flight or offered already.
    pub(super) fn add(&mut self, set: Set, entry: Entry) {
        let class = match set {
            Set::Statements => Class::Statement,
            Set::Documents if entry.bytes <= PUSH_BYTES_MAX => Class::Small,
            Set::Documents => Class::Large,
        };
        let is_known = self.offered.contains_key(&entry.id)
            || self.in_flight.iter().any(|in_flight| in_flight.id == entry.id);
        if is_known || (self.is_refused_all && set == Set::Documents) {
            return;
        }
        let (urgency, timestamp_ms, id) = (core::cmp::Reverse(entry.priority), entry.timestamp_ms, entry.id);
        let is_new = self.queue.insert(Place { class, urgency, timestamp_ms, id }, entry.bytes).is_none();
        if is_new && set == Set::Documents {
            self.tally.documents_total = self.tally.documents_total.saturating_add(1);
            self.tally.bytes_total = self.tally.bytes_total.saturating_add(entry.bytes);
        }
    }

    /// How many more the queue takes.
    pub(super) fn room(&self) -> usize {
        QUEUE_MAX.saturating_sub(self.queue.len())
    }

    /// Takes what leaves next, if the window is open for it. It counts as sent when [`Self::sent`] is called.
    pub(super) fn next(&mut self) -> Option<Next> {
        if self.in_flight.len() >= WINDOW_COUNT || self.in_flight_bytes >= WINDOW_BYTES {
            return None;
        }
        let (place, _) = self.queue.first_key_value()?;
        if place.class == Class::Large && self.offered.len() + self.in_flight.len() >= OFFERED_MAX {
            return None;
        }
        let (Place { class, urgency, timestamp_ms, id }, bytes) = self.queue.pop_first()?;
        Some(Next { entry: Entry { id, timestamp_ms, bytes, priority: urgency.0 }, class })
    }

    /// It left, in so many bytes.
    pub(super) fn sent(&mut self, next: Next, wire_bytes: usize) {
        let Next { entry: Entry { id, bytes: content_bytes, .. }, class } = next;
        let wire_bytes = wire_bytes as u64;
        self.in_flight_bytes += wire_bytes;
        self.in_flight.push_back(InFlight { id, class, content_bytes, wire_bytes });
    }

    /// It is not there any more: it was deleted since it was found.
    pub(super) fn vanished(&mut self, next: Next) {
        if next.class != Class::Statement {
            self.tally.documents_total = self.tally.documents_total.saturating_sub(1);
            self.tally.bytes_total = self.tally.bytes_total.saturating_sub(next.entry.bytes);
        }
    }

    /// The other side has dealt with `count` pushes and announcements.
    ///
    /// # Errors
    /// If that is fewer than before, or more than were sent.
    pub(super) fn acknowledge(&mut self, count: u32, effects: &mut Vec<Effect>) -> Result<(), &'static str> {
        let more = count.checked_sub(self.acknowledged).ok_or("it takes back an acknowledgement")?;
        for _ in 0..more {
            let sent = self.in_flight.pop_front().ok_or("it acknowledges what was not sent")?;
            self.in_flight_bytes -= sent.wire_bytes;
            let is_decided = self.decided.remove(&sent.id);
            match sent.class {
                _ if is_decided => {}
                Class::Large => drop(self.offered.insert(sent.id, sent.content_bytes)),
                Class::Small => self.held(sent.id, sent.content_bytes, effects),
                Class::Statement => {}
            }
        }
        self.acknowledged = count;
        Ok(())
    }

    /// The other side holds announced documents.
    ///
    /// # Errors
    /// If one was not announced.
    pub(super) fn have(&mut self, ids: &[MessageId], effects: &mut Vec<Effect>) -> Result<(), &'static str> {
        for id in ids {
            let bytes = self.offered.remove(id).or_else(|| self.settle_in_flight(id));
            self.held(*id, bytes.ok_or("it has what was not announced")?, effects);
        }
        Ok(())
    }

    /// The other side did not take messages.
    ///
    /// # Errors
    /// If one was not sent.
    pub(super) fn refuse(
        &mut self,
        refusal: Refusal,
        ids: &[MessageId],
        effects: &mut Vec<Effect>,
    ) -> Result<(), &'static str> {
        for &id in ids {
            if self.offered.remove(&id).is_none() {
                self.settle_in_flight(&id).ok_or("it refuses what was not sent")?;
            }
            self.tally.refused = self.tally.refused.saturating_add(1);
            effects.push(Effect::Refused { id, refusal });
        }
        if refusal.is_of_all() {
            self.stop();
        }
        Ok(())
    }

    /// Whether everything was sent, and dealt with over there.
    pub(super) fn is_quiet(&self) -> bool {
        self.queue.is_empty() && self.in_flight.is_empty() && self.offered.is_empty()
    }

    /// Whether no statement waits or is in flight.
    pub(super) fn is_through_with_statements(&self) -> bool {
        let waits = self.queue.first_key_value().is_some_and(|(place, _)| place.class == Class::Statement);
        !waits && self.in_flight.iter().all(|sent| sent.class != Class::Statement)
    }

    /// Whether the other side is expected to say something.
    pub(super) fn awaits(&self) -> bool {
        !self.in_flight.is_empty() || !self.offered.is_empty()
    }

    fn held(&mut self, id: MessageId, content_bytes: u64, effects: &mut Vec<Effect>) {
        self.tally.documents = self.tally.documents.saturating_add(1);
        self.tally.bytes = self.tally.bytes.saturating_add(content_bytes);
        effects.push(Effect::Held(id));
    }

    /// A decision came before the acknowledgement of what it is about.
    fn settle_in_flight(&mut self, id: &MessageId) -> Option<u64> {
        let sent = self.in_flight.iter().find(|sent| sent.id == *id)?;
        self.decided.insert(*id).then_some(sent.content_bytes)
    }

    /// Drops the documents that wait: the other side takes none.
    fn stop(&mut self) {
        self.is_refused_all = true;
        let documents = self.queue.split_off(&Place {
            class: Class::Small,
            urgency: core::cmp::Reverse(Priority::High),
            timestamp_ms: 0,
            id: MessageId::from_bytes([0; 32]),
        });
        let count = u32::try_from(documents.len()).unwrap_or(u32::MAX);
        self.tally.refused = self.tally.refused.saturating_add(count);
    }
}

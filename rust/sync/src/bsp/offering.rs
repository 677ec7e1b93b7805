//! Which messages to offer, when, and how many at once.

use std::collections::BTreeMap;

use p2psync_bramble::{Millis, WallClock};
use p2psync_model::MessageId;

use super::{Change, Effect, Entry, Position, Queue, Shelf};

/// A walk over what the contact has not seen, and the offers that it has not answered.
///
/// Bramble remembers 1000 offers of a contact and silently drops the others until their wait is over. So no more
/// than that are under way: each answer makes room for the next. At first there are fewer, and each answer makes room
/// for one more: on a slow connection the first messages need not wait behind a thousand offers.
#[derive(Debug)]
pub(super) struct Offering {
    /// Where the walk stands.
    after: Option<Position>,
    is_done: bool,
    /// Something may have become due where the walk already was.
    is_stale: bool,
    begun_at: Millis,
    /// When the first wait ends, of those that the walk met or began.
    due_at: Option<Millis>,
    /// Offered and neither requested nor acknowledged; and when that is no longer waited for.
    unanswered: BTreeMap<MessageId, Millis>,
    unanswered_max: usize,
}

/// Both clocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub now: Millis,
    pub date: WallClock,
}

impl Offering {
    pub const fn new() -> Self {
        Self {
            after: None,
            is_done: false,
            is_stale: false,
            begun_at: Millis(0),
            due_at: None,
            unanswered: BTreeMap::new(),
            unanswered_max: UNANSWERED_AT_FIRST_MAX,
        }
    }

    /// The contact has shown that it knows of this one.
    pub fn answered(&mut self, id: MessageId) {
        if self.unanswered.remove(&id).is_some() {
            self.unanswered_max = UNANSWERED_MAX.min(self.unanswered_max + 1);
        }
    }

    /// More may be there to offer than before.
    pub const fn look_again(&mut self) {
        self.is_stale = true;
    }

    /// A message must not be offered again before `expiry`: then the walk begins anew.
    pub fn wait_until(&mut self, moment: Moment, expiry: WallClock) {
        let at = moment.now.plus(expiry.0.saturating_sub(moment.date.0));
        self.due_at = Some(self.due_at.map_or(at, |due_at| due_at.min(at)));
    }

    /// The next offers that may leave, up to `count_max`; none if there are none, or too many under way.
    pub fn next_ids(
        &mut self,
        moment: Moment,
        latency_ms: u64,
        count_max: usize,
        shelf: &dyn Shelf,
        effects: &mut Vec<Effect>,
    ) -> Vec<MessageId> {
        if self.is_done && (self.is_stale || self.restart_at().is_some_and(|at| moment.now >= at)) {
            self.restart(moment.now);
        }
        if !self.is_done && self.unanswered.len() >= self.unanswered_max {
            self.forget_unanswered(moment.now);
        }
        let count_max = count_max.min(self.unanswered_max.saturating_sub(self.unanswered.len()));
        let mut ids = Vec::new();
        while !self.is_done && ids.len() < count_max {
            match shelf.next(Queue::Unseen, self.after) {
                None => self.is_done = true,
                Some(entry) => {
                    self.after = Some(entry.position());
                    if let Some(change) = self.offer(moment, latency_ms, &entry) {
                        ids.push(entry.id);
                        effects.push(Effect::Change { id: entry.id, change });
                    }
                }
            }
        }
        if self.is_done && shelf.next(Queue::Unseen, None).is_none() {
            self.due_at = None;
        }
        ids
    }

    /// When there may be something to offer though nothing was received; `None` while there is something to
    /// offer, or only an answer can change anything.
    pub fn deadline(&self) -> Option<Millis> {
        if self.is_done {
            self.restart_at()
        } else if self.unanswered.len() >= self.unanswered_max {
            self.unanswered.values().min().copied()
        } else {
            None
        }
    }

    /// Whether everything was offered, and every offer answered.
    pub fn is_quiet(&self) -> bool {
        self.is_done && !self.is_stale && self.unanswered.is_empty()
    }

    fn offer(&mut self, moment: Moment, latency_ms: u64, entry: &Entry) -> Option<Change> {
        if entry.status.is_requested {
            return None;
        }
        if !entry.status.is_due(moment.date, latency_ms) {
            self.wait_until(moment, entry.status.expiry);
            return None;
        }
        // The shelf may not know yet of an offer that just left.
        if self.unanswered.get(&entry.id).is_some_and(|until| *until > moment.now) {
            return None;
        }
        let change = Change::Offered { date: moment.date, latency_ms };
        self.unanswered.insert(entry.id, moment.now.plus(latency_ms.saturating_mul(2)));
        self.wait_until(moment, entry.status.after(change).expiry);
        Some(change)
    }

    fn restart(&mut self, now: Millis) {
        let unanswered = std::mem::take(&mut self.unanswered);
        let unanswered_max = self.unanswered_max;
        *self = Self { begun_at: now, unanswered, unanswered_max, ..Self::new() };
        self.forget_unanswered(now);
    }

    fn forget_unanswered(&mut self, now: Millis) {
        self.unanswered.retain(|_, until| *until > now);
    }

    /// Waits end at all times; the walk is long and need not begin at each of them.
    fn restart_at(&self) -> Option<Millis> {
        Some(self.due_at?.max(self.begun_at.plus(RESTART_MS_MIN)))
    }
}

/// Most offers that are under way before the first answer.
const UNANSWERED_AT_FIRST_MAX: usize = 128;

/// Most offers that are under way at any time.
const UNANSWERED_MAX: usize = super::Offers::UNREQUESTED_MAX;

/// Shortest time from one walk to the next, if nothing but time has passed.
const RESTART_MS_MIN: u64 = 1_000;

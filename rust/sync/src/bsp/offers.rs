//! What a contact offered and this device does not hold yet: asked for at most once a session, remembered until it
//! has come, within a bound.

use std::collections::BTreeMap;

use p2psync_model::MessageId;

/// Offered messages that have not come. Hand those of one session to the next with the same contact: what was asked
/// for and cut off is asked for again at once, and does not wait until the contact offers it again.
#[derive(Clone, Debug, Default)]
pub struct Offers {
    places: BTreeMap<MessageId, Place>,
    order: BTreeMap<u64, MessageId>,
    /// Places below were requested in this session.
    requested_below: u64,
    next_sequence: u64,
    unrequested: usize,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    sequence: u64,
    is_refused: bool,
}

impl Offers {
    /// Offers that wait to be requested before a session asks its caller for patience. Bramble remembers as many,
    /// and forgets all others.
    pub const UNREQUESTED_MAX: usize = 1_000;

    /// Most offers that are remembered at all: what one last piece of input can bring on top of the above.
    pub const HELD_MAX: usize =
        Self::UNREQUESTED_MAX + super::RECORD_IDS_MAX + super::INPUT_BYTES_MAX / MessageId::BYTES;

    /// None yet.
    pub const fn new() -> Self {
        Self {
            places: BTreeMap::new(),
            order: BTreeMap::new(),
            requested_below: 0,
            next_sequence: 0,
            unrequested: 0,
        }
    }

    /// The offers in the order in which they came, for the store.
    pub fn ids(&self) -> impl Iterator<Item = MessageId> {
        self.order.values().copied()
    }

    /// Number of offers.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// As a new session begins with them: none of them requested, none refused.
    pub(super) fn renewed(self) -> Self {
        let refused = |id: &MessageId| self.places.get(id).is_some_and(|place| place.is_refused);
        self.ids().filter(|id| !refused(id)).collect()
    }

    /// Those that were not requested in this session. The others were, and the contact ended its stream without
    /// sending them: it remembers the request, or has them no more.
    pub(super) fn unasked(self) -> Self {
        self.order.range(self.requested_below..).map(|(_, id)| *id).collect()
    }

    /// Remembers an offer to be requested, also once more. If there is no room, the oldest one that was requested
    /// already makes room; if all wait, nothing is remembered, as in Bramble.
    pub(super) fn remember(&mut self, id: MessageId) {
        if let Some(place) = self.places.get(&id) {
            if place.is_refused || place.sequence >= self.requested_below {
                return;
            }
            self.forget(id);
        }
        if self.places.len() >= Self::HELD_MAX {
            let Some(oldest) = self.order.range(..self.requested_below).next().map(|(_, id)| *id) else {
                return;
            };
            self.forget(oldest);
        }
        self.places.insert(id, Place { sequence: self.next_sequence, is_refused: false });
        self.order.insert(self.next_sequence, id);
        self.next_sequence += 1;
        self.unrequested += 1;
    }

    /// Forgets an offer whose message has come.
    pub(super) fn forget(&mut self, id: MessageId) {
        if let Some(place) = self.places.remove(&id) {
            self.order.remove(&place.sequence);
            self.unrequested -= usize::from(place.sequence >= self.requested_below);
        }
    }

    /// Does not request this one again in this session, however often it is offered.
    pub(super) fn refuse(&mut self, id: MessageId) {
        if let Some(place) = self.places.get_mut(&id) {
            place.is_refused = true;
        }
    }

    /// Up to `count_max` offers that were not requested in this session; from now on they are.
    pub(super) fn request(&mut self, count_max: usize) -> Vec<MessageId> {
        let mut ids = Vec::new();
        for (sequence, id) in self.order.range(self.requested_below..).take(count_max) {
            self.requested_below = *sequence + 1;
            ids.push(*id);
        }
        self.unrequested -= ids.len();
        ids
    }

    /// How many wait to be requested.
    pub(super) const fn unrequested(&self) -> usize {
        self.unrequested
    }
}

impl FromIterator<MessageId> for Offers {
    /// Offers as they were stored; those over [`Self::HELD_MAX`] are left out.
    fn from_iter<T: IntoIterator<Item = MessageId>>(ids: T) -> Self {
        let mut offers = Self::new();
        for id in ids {
            offers.remember(id);
        }
        offers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: usize) -> MessageId {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&(number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
        MessageId::from_bytes(bytes)
    }

    #[test]
    fn each_is_requested_once_in_the_order_of_offers() {
        let mut offers: Offers = (0..5).map(id).collect();
        assert_eq!(offers.request(3), [id(0), id(1), id(2)]);
        offers.remember(id(4));
        offers.forget(id(0));
        assert_eq!((offers.unrequested(), offers.len()), (2, 4));
        assert_eq!(offers.request(9), [id(3), id(4)]);
        assert_eq!(offers.request(9), []);
        offers.remember(id(1));
        assert_eq!(offers.request(9), [id(1)], "offered anew");
        assert_eq!(offers.clone().renewed().request(9), [id(2), id(3), id(4), id(1)]);
        offers.remember(id(7));
        assert_eq!(offers.unasked().request(9), [id(7)]);
    }

    #[test]
    fn what_was_refused_is_not_requested_before_the_next_session() {
        let mut offers: Offers = (0..2).map(id).collect();
        offers.request(9);
        offers.refuse(id(0));
        offers.remember(id(0));
        offers.remember(id(1));
        assert_eq!(offers.request(9), [id(1)]);
        let mut renewed = offers.renewed();
        renewed.remember(id(0));
        assert_eq!(renewed.request(9), [id(1), id(0)]);
    }

    #[test]
    fn there_are_never_more_than_the_bound() {
        let mut offers: Offers = (0..Offers::HELD_MAX + 9).map(id).collect();
        assert_eq!(offers.len(), Offers::HELD_MAX);
        assert_eq!(offers.request(1), [id(0)], "the first ones stay");
        offers.remember(id(1_000_000));
        offers.remember(id(1_000_001));
        assert_eq!(offers.len(), Offers::HELD_MAX, "the one that was requested made room for one");
        assert!(offers.ids().all(|held| held != id(0)));
        assert_eq!(offers.ids().last(), Some(id(1_000_000)));
    }
}

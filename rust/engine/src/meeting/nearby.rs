//! Who is near, for people: what is sighted, dialled, paired with and connected, in one list.

use core::fmt;
use std::collections::BTreeMap;

use p2psync_bramble::Millis;
use p2psync_model::PeerId;

use crate::meeting::transport::Transport;

/// The app is told no more often than this, however many come and go.
const TOLD_EVERY_MS: u64 = 200;

/// How long somebody who is gone stays in the list.
const LOST_SHOWN_MS: u64 = 30_000;

/// Most entries that stay so.
const LOST_MAX: usize = 100;

/// Names somebody near, on this device and for this activity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NearbyId {
    /// A device that this one has paired with.
    Peer(PeerId),
    /// Somebody unknown, by a number that means nothing anywhere else.
    Found(u64),
}

impl NearbyId {
    /// Reads what `Display` writes.
    pub fn parse(text: &str) -> Option<Self> {
        match text.strip_prefix(FOUND_PREFIX) {
            Some(number) => {
                let found = Self::Found(number.parse().ok()?);
                (found.to_string() == text).then_some(found)
            }
            None => PeerId::parse(text).ok().map(Self::Peer),
        }
    }
}

impl fmt::Display for NearbyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Peer(peer) => peer.fmt(formatter),
            Self::Found(number) => write!(formatter, "{FOUND_PREFIX}{number}"),
        }
    }
}

const FOUND_PREFIX: &str = "found-";

/// Somebody near.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nearby {
    /// Names the entry.
    pub id: NearbyId,
    /// A peer's name; for the unknown two words that their own screen shows too, or nothing if they show nothing.
    pub name: String,
    /// The best way to it.
    pub transport: Transport,
    /// Whether this device has paired with it.
    pub is_known: bool,
    /// Whether it no longer knows this device, so that people must pair again.
    pub needs_pairing: bool,
    /// How it stands.
    pub state: NearbyState,
}

/// How somebody near stands. Later ones say more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NearbyState {
    /// It was there a moment ago.
    Lost,
    /// It is there.
    Found,
    /// A connection is being made.
    Connecting,
    /// People are pairing the two.
    Pairing,
    /// A link is open.
    Connected,
}

impl NearbyState {
    /// The word for it, as apps see it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Found => "found",
            Self::Connecting => "connecting",
            Self::Pairing => "pairing",
            Self::Connected => "connected",
        }
    }
}

/// The list as it stands, and who has just left it.
#[derive(Debug, Default)]
pub(super) struct NearbyList {
    told: BTreeMap<NearbyId, Nearby>,
    lost_until: BTreeMap<NearbyId, Millis>,
    not_before: Millis,
}

impl NearbyList {
    /// Takes those who are near now; the list, if it is another one than before. Of those who are not, some are
    /// missed; others are somebody else now, or were never seen.
    pub(super) fn update(
        &mut self,
        now: Millis,
        mut near: BTreeMap<NearbyId, Nearby>,
        is_missed: impl Fn(&NearbyId) -> bool,
    ) -> Option<Vec<Nearby>> {
        self.lost_until.retain(|id, until| now < *until && !near.contains_key(id) && is_missed(id));
        for (id, before) in &self.told {
            if near.contains_key(id) || !is_missed(id) {
                continue;
            }
            if before.state != NearbyState::Lost && self.lost_until.len() < LOST_MAX {
                self.lost_until.insert(*id, now.plus(LOST_SHOWN_MS));
            }
            if self.lost_until.contains_key(id) {
                near.insert(*id, Nearby { state: NearbyState::Lost, ..before.clone() });
            }
        }
        let is_other = near != self.told;
        if is_other {
            self.not_before = now.plus(TOLD_EVERY_MS);
        }
        self.told = near;
        is_other.then(|| self.list())
    }

    /// Sync is at rest: nobody is near. The empty list, if it was not empty.
    pub(super) fn clear(&mut self) -> Option<Vec<Nearby>> {
        self.lost_until.clear();
        self.not_before = Millis(0);
        let was_empty = core::mem::take(&mut self.told).is_empty();
        (!was_empty).then(Vec::new)
    }

    /// When the app may be told again.
    pub(super) const fn not_before(&self) -> Millis {
        self.not_before
    }

    pub(super) fn list(&self) -> Vec<Nearby> {
        self.told.values().cloned().collect()
    }

    /// When somebody leaves the list for good.
    pub(super) fn deadline(&self) -> Option<Millis> {
        self.lost_until.values().min().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(ids: &[u64]) -> BTreeMap<NearbyId, Nearby> {
        let nearby = |number: &u64| Nearby {
            id: NearbyId::Found(*number),
            name: "Ruby Fox".into(),
            transport: Transport::Lan,
            is_known: false,
            needs_pairing: false,
            state: NearbyState::Found,
        };
        ids.iter().map(|number| (NearbyId::Found(*number), nearby(number))).collect()
    }

    #[test]
    fn who_is_gone_is_lost_for_half_a_minute() {
        let mut list = NearbyList::default();
        let states = |list: Option<Vec<Nearby>>| {
            list.map(|list| list.iter().map(|near| near.state).collect::<Vec<_>>())
        };
        assert_eq!(states(list.update(Millis(0), near(&[1, 2]), |_| true)).unwrap(), [NearbyState::Found; 2]);
        assert_eq!(list.update(Millis(1), near(&[1, 2]), |_| true), None);
        let lost = states(list.update(Millis(2), near(&[1]), |_| true)).unwrap();
        assert_eq!(
            (lost, list.deadline()),
            (vec![NearbyState::Found, NearbyState::Lost], Some(Millis(30_002)))
        );
        assert_eq!(list.update(Millis(30_001), near(&[1]), |_| true), None);
        assert_eq!(list.update(Millis(30_002), near(&[1]), |_| true).unwrap().len(), 1);
        assert_eq!(list.deadline(), None);
    }

    #[test]
    fn who_comes_back_is_found_and_rest_empties_the_list() {
        let mut list = NearbyList::default();
        list.update(Millis(0), near(&[1]), |_| true);
        list.update(Millis(1), near(&[]), |_| true);
        assert_eq!(list.update(Millis(2), near(&[1]), |_| true).unwrap()[0].state, NearbyState::Found);
        list.update(Millis(3), near(&[1, 2]), |_| true);
        let rest = list.update(Millis(4), near(&[1]), |id| *id != NearbyId::Found(2)).unwrap();
        assert_eq!((rest.len(), list.deadline()), (1, None), "who is somebody else now is not lost");
        assert_eq!((list.deadline(), list.clear(), list.clear()), (None, Some(vec![]), None));
    }

    #[test]
    fn a_crowd_that_leaves_is_not_kept() {
        let mut list = NearbyList::default();
        list.update(Millis(0), near(&(0..1_000).collect::<Vec<_>>()), |_| true);
        assert_eq!(list.update(Millis(1), near(&[]), |_| true).unwrap().len(), LOST_MAX);
    }

    #[test]
    fn names_of_entries_are_read_back() {
        for id in [NearbyId::Peer(PeerId::from_bytes([1; 32])), NearbyId::Found(12)] {
            assert_eq!(NearbyId::parse(&id.to_string()), Some(id));
        }
        for other in ["", "found-", "found-+1", "found-01", "1"] {
            assert_eq!(NearbyId::parse(other), None, "{other}");
        }
    }
}

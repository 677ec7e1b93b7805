//! Whose tag it is that somebody shows: a table of the tags of all peers for the hours around now.

use std::collections::BTreeMap;

use p2psync_bramble::{SecretKey, WallClock};
use p2psync_model::PeerId;

use crate::meeting::advert::{EPOCHS_OFF_MAX, Tag, epoch_of};

/// The table. Made anew when the epoch or the peers have changed, and not before somebody is seen.
#[derive(Debug, Default)]
pub(super) struct Recognition {
    made_for: Option<u64>,
    owners: BTreeMap<Tag, Owner>,
}

/// Whose tag it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// Our own: an echo, or a copy of this device.
    Ourselves,
    /// A peer's.
    Peer(PeerId),
}

impl Recognition {
    /// The peers, or our own key, have changed.
    pub(super) fn forget(&mut self) {
        self.made_for = None;
        self.owners = BTreeMap::new();
    }

    /// Makes the table if it is not that of `date`. Says whether it did, so that all who are near must be looked
    /// up again.
    pub(super) fn refresh<'a>(
        &mut self,
        date: WallClock,
        own: &SecretKey,
        peers: impl Iterator<Item = (PeerId, &'a SecretKey)>,
    ) -> bool {
        let epoch = epoch_of(date);
        if self.made_for == Some(epoch) {
            return false;
        }
        let epochs = epoch.saturating_sub(EPOCHS_OFF_MAX)..=epoch.saturating_add(EPOCHS_OFF_MAX);
        let keys = peers.map(|(peer, key)| (Owner::Peer(peer), key)).chain([(Owner::Ourselves, own)]);
        self.owners = keys
            .flat_map(|(owner, key)| epochs.clone().map(move |epoch| (Tag::of_device(key, epoch), owner)))
            .collect();
        self.made_for = Some(epoch);
        true
    }

    /// Whose tag it is, if it is known.
    pub(super) fn owner(&self, tag: Tag) -> Option<Owner> {
        self.owners.get(&tag).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meeting::advert::EPOCH_MS;

    const HOUR_MS: u64 = 4 * EPOCH_MS;

    #[test]
    fn clocks_may_be_four_hours_off_and_no_more() {
        let (own, key) = (SecretKey::from_bytes([1; 32]), SecretKey::from_bytes([2; 32]));
        let peer = PeerId::from_bytes([3; 32]);
        let now = WallClock(1_790_000_000_000);
        let mut recognition = Recognition::default();
        assert!(recognition.refresh(now, &own, [(peer, &key)].into_iter()));
        let seen =
            |key: &SecretKey, date: u64| recognition.owner(Tag::of_device(key, epoch_of(WallClock(date))));
        for date in [now.0 - 4 * HOUR_MS, now.0, now.0 + 4 * HOUR_MS] {
            assert_eq!(seen(&key, date), Some(Owner::Peer(peer)));
            assert_eq!(seen(&own, date), Some(Owner::Ourselves));
        }
        assert_eq!([now.0 - 5 * HOUR_MS, now.0 + 5 * HOUR_MS].map(|date| seen(&key, date)), [None, None]);
    }

    #[test]
    fn it_is_made_once_an_epoch_and_again_when_peers_change() {
        let own = SecretKey::from_bytes([1; 32]);
        let mut recognition = Recognition::default();
        assert!(recognition.refresh(WallClock(5), &own, core::iter::empty()));
        assert!(!recognition.refresh(WallClock(EPOCH_MS - 1), &own, core::iter::empty()));
        assert!(recognition.refresh(WallClock(EPOCH_MS), &own, core::iter::empty()));
        recognition.forget();
        assert!(recognition.refresh(WallClock(EPOCH_MS), &own, core::iter::empty()));
        assert!(recognition.refresh(WallClock(u64::MAX), &own, core::iter::empty()), "a clock that is mad");
    }
}

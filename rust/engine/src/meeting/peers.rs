//! The devices that this one has paired with: those in the store, and those that are forgotten at deactivation.

use std::collections::BTreeMap;

use p2psync_link::{Acquaintance, PairSecrets, PeerBook, PeerHandle};
use p2psync_model::PeerId;
use p2psync_store::{Batch, PeerRow, Store};
use rand_core::CryptoRngCore;

use crate::Error;
use crate::meeting::known_peer::KnownPeer;

/// Most peers that a device keeps.
pub const PEERS_MAX: usize = 1_000;

/// In place of the id of a peer that is not stored. No key has this hash.
const UNSTORED: [u8; 32] = [0; 32];

/// All peers, and what links need of them.
#[derive(Debug, Default)]
pub(super) struct Peers {
    entries: BTreeMap<PeerId, Entry>,
    by_handle: BTreeMap<PeerHandle, PeerId>,
    /// What links recognise and change: everybody that is not blocked.
    pub(super) book: PeerBook,
    next_handle: u64,
}

#[derive(Debug)]
struct Entry {
    known: KnownPeer,
    handle: PeerHandle,
    /// Where it is stored, if it is.
    row: Option<PeerRow>,
    /// Set aside while it is blocked, so that the book does not know it.
    blocked: Option<Acquaintance>,
}

impl Peers {
    /// All peers of the store.
    pub(super) fn of(store: &Store) -> Result<Self, Error> {
        let mut peers = Self::default();
        for stored in store.peers()?.into_iter().filter(|stored| stored.id != UNSTORED) {
            let (known, secrets) = KnownPeer::decode(&stored.record).ok_or(Error::Damaged("a peer"))?;
            peers.put(known, secrets, Some(stored.row));
        }
        Ok(peers)
    }

    pub(super) fn get(&self, id: &PeerId) -> Option<&KnownPeer> {
        self.entries.get(id).map(|entry| &entry.known)
    }

    /// Where a peer is stored, if it is.
    pub(super) fn row(&self, id: &PeerId) -> Option<PeerRow> {
        self.entries.get(id).and_then(|entry| entry.row)
    }

    /// The number under which the store keeps what peers bring that it does not know: they share one quota.
    pub(super) fn row_of_unstored(
        store: &mut Store,
        random: &mut dyn CryptoRngCore,
    ) -> Result<PeerRow, Error> {
        Ok(store.batch(|batch| batch.put_peer(&UNSTORED, &[], random))?)
    }

    pub(super) fn handle(&self, id: &PeerId) -> Option<PeerHandle> {
        self.entries.get(id).map(|entry| entry.handle)
    }

    pub(super) fn of_handle(&self, handle: PeerHandle) -> Option<PeerId> {
        self.by_handle.get(&handle).copied()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &KnownPeer> {
        self.entries.values().map(|entry| &entry.known)
    }

    /// Whether another peer fits.
    pub(super) fn check_room(&self, id: &PeerId) -> Result<(), Error> {
        if self.entries.len() < PEERS_MAX || self.entries.contains_key(id) {
            Ok(())
        } else {
            Err(Error::Quota("peers"))
        }
    }

    /// Adds a peer, or replaces it after another pairing. Keeps its place in the store.
    pub(super) fn put(&mut self, known: KnownPeer, secrets: PairSecrets, row: Option<PeerRow>) {
        let id = known.id();
        let old = self.entries.get(&id);
        let row = row.or(old.and_then(|entry| entry.row));
        let handle = old.map_or(PeerHandle(self.next_handle), |entry| entry.handle);
        if old.is_none() {
            self.next_handle += 1;
        }
        let acquaintance = known.acquaintance(secrets);
        let blocked = if known.is_blocked {
            self.book.remove(handle);
            Some(acquaintance)
        } else {
            self.book.insert(handle, acquaintance);
            None
        };
        self.by_handle.insert(handle, id);
        self.entries.insert(id, Entry { known, handle, row, blocked });
    }

    /// Changes what is kept of a peer, but for what links need.
    pub(super) fn change(&mut self, id: &PeerId, change: impl FnOnce(&mut KnownPeer)) {
        if let Some(entry) = self.entries.get_mut(id) {
            change(&mut entry.known);
            if entry.known.is_blocked {
                entry.blocked = self.book.remove(entry.handle).or(entry.blocked.take());
            } else if let Some(acquaintance) = entry.blocked.take() {
                self.book.insert(entry.handle, acquaintance);
            }
        }
    }

    /// A peer is in the store from now on, or, with `None`, no longer.
    pub(super) fn set_row(&mut self, id: &PeerId, row: Option<PeerRow>) {
        if let Some(entry) = self.entries.get_mut(id) {
            entry.row = row;
        }
    }

    pub(super) fn remove(&mut self, id: &PeerId) {
        if let Some(entry) = self.entries.remove(id) {
            self.by_handle.remove(&entry.handle);
            self.book.remove(entry.handle);
        }
    }

    /// Forgets everybody that is not in the store.
    pub(super) fn forget_unstored(&mut self) -> bool {
        let entries = self.entries.iter().filter(|(_, entry)| entry.row.is_none());
        let unstored: Vec<PeerId> = entries.map(|(id, _)| *id).collect();
        for id in &unstored {
            self.remove(id);
        }
        !unstored.is_empty()
    }

    /// The secrets of the pair, as they stand.
    pub(super) fn secrets(&self, id: &PeerId) -> Option<&PairSecrets> {
        let entry = self.entries.get(id)?;
        let acquaintance = entry.blocked.as_ref().or_else(|| self.book.get(entry.handle))?;
        Some(&acquaintance.secrets)
    }

    /// Writes a peer as it stands; does nothing for one that is not known.
    pub(super) fn write(
        &self,
        id: &PeerId,
        batch: &mut Batch<'_>,
        random: &mut dyn CryptoRngCore,
    ) -> Result<Option<PeerRow>, p2psync_store::Error> {
        let Some((known, secrets)) = self.get(id).zip(self.secrets(id)) else { return Ok(None) };
        batch.put_peer(id.as_bytes(), &known.encode(secrets), random).map(Some)
    }

    /// Writes a peer as it stands, if it is a stored one. On disk when this returns.
    pub(super) fn save(
        &self,
        id: &PeerId,
        store: &mut Store,
        random: &mut dyn CryptoRngCore,
    ) -> Result<(), Error> {
        if self.row(id).is_some() {
            store.batch(|batch| self.write(id, batch, random))?;
        }
        Ok(())
    }
}

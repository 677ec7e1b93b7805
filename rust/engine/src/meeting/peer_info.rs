//! What people see of the devices that this one has paired with, and what they may change.

use p2psync_bramble::WallClock;
use p2psync_model::{Authentication, PeerId};

use crate::Error;
use crate::meeting::Meeting;
use crate::meeting::connection::Stage;
use crate::meeting::known_peer::KnownPeer;
use crate::meeting::linking::Ending;
use crate::meeting::turn::Turn;

/// A device that this one has paired with.
#[allow(clippy::struct_excessive_bools, reason = "they are answers to five questions")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerInfo {
    /// Its id. Stable, and known to nobody who has not paired with it.
    pub id: PeerId,
    /// Its name: the one that it gave itself, or that our person gave it. Any UTF-8.
    pub name: String,
    /// How sure people were.
    pub authentication: Authentication,
    /// Whether it is kept beyond this activity.
    pub is_stored: bool,
    /// Whether it synchronises without being asked.
    pub auto_sync: bool,
    /// Whether it is treated as a stranger.
    pub is_blocked: bool,
    /// Whether it no longer knows this device, as far as can be seen while active.
    pub needs_pairing: bool,
    /// Whether a link with it is open.
    pub is_connected: bool,
    /// When it was added, as this device believed.
    pub added: WallClock,
    /// When it was last met.
    pub last_seen: Option<WallClock>,
    /// Documents that it took.
    pub sent: u64,
    /// Documents that it brought.
    pub received: u64,
}

/// What changes of a peer; `None`: stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PeerChange<'a> {
    /// A name for this device's person, which no later one of its own replaces.
    pub name: Option<&'a str>,
    /// Whether it synchronises without being asked.
    pub auto_sync: Option<bool>,
    /// Whether it is treated as a stranger.
    pub is_blocked: Option<bool>,
}

impl Meeting {
    pub(super) fn peer_infos(&self) -> Vec<PeerInfo> {
        self.peers.iter().filter_map(|known| self.peer_info(&known.id())).collect()
    }

    pub(super) fn peer_info(&self, id: &PeerId) -> Option<PeerInfo> {
        let known = self.peers.get(id)?;
        Some(PeerInfo {
            id: *id,
            name: known.peer.name().to_owned(),
            authentication: known.peer.authentication(),
            is_stored: self.peers.row(id).is_some(),
            auto_sync: known.peer.auto_sync(),
            is_blocked: known.is_blocked,
            needs_pairing: self.reach.needs_pairing(id),
            is_connected: self.is_linked(id),
            added: known.peer.added(),
            last_seen: known.last_seen,
            sent: known.sent,
            received: known.received,
        })
    }

    pub(super) fn update_peer(
        &mut self,
        turn: &mut Turn<'_>,
        id: &PeerId,
        change: PeerChange<'_>,
    ) -> Result<PeerInfo, Error> {
        let old = self.peers.get(id).cloned().ok_or(Error::NotFound)?;
        let mut new = old.clone();
        if let Some(name) = change.name {
            new.peer = new.peer.renamed(name).map_err(|_| Error::OutOfBounds("a peer's name"))?;
            new.is_renamed = true;
        }
        if let Some(auto_sync) = change.auto_sync {
            new.peer = new.peer.with_auto_sync(auto_sync);
        }
        new.is_blocked = change.is_blocked.unwrap_or(new.is_blocked);
        let has_new_standing = new.is_blocked != old.is_blocked;
        self.peers.change(id, |known| *known = new);
        if let Err(error) = self.peers.save(id, turn.store, turn.random) {
            self.peers.change(id, |known| *known = old);
            return Err(error);
        }
        if has_new_standing {
            self.recognition.forget();
            self.end_links_of(turn, id, None);
        }
        self.peer_info(id).ok_or(Error::NotFound)
    }

    /// Keeps a peer beyond this activity.
    pub(super) fn remember_peer(&mut self, turn: &mut Turn<'_>, id: &PeerId) -> Result<(), Error> {
        let Turn { store, random, .. } = turn;
        let row = store.batch(|batch| self.peers.write(id, batch, *random))?.ok_or(Error::NotFound)?;
        self.peers.set_row(id, Some(row));
        Ok(())
    }

    /// Makes a peer a stranger. It knows what this device shows of itself, so from now on that is something else,
    /// and the other peers are told.
    pub(super) fn forget_peer(&mut self, turn: &mut Turn<'_>, id: &PeerId) -> Result<(), Error> {
        let is_stored = self.peers.row(id).is_some();
        self.peers.get(id).ok_or(Error::NotFound)?;
        let others: Vec<_> = self.peers.iter().map(KnownPeer::id).filter(|other| other != id).collect();
        // If the disk fails they are told once too often.
        for other in &others {
            self.peers.change(other, |known| known.is_told = false);
        }
        let keys = self.keys.renewed(turn.random);
        let Turn { store, random, .. } = turn;
        store.batch(|batch| {
            if is_stored {
                batch.forget_peer(id.as_bytes())?;
            }
            for other in others.iter().filter(|other| self.peers.row(other).is_some()) {
                self.peers.write(other, batch, *random)?;
            }
            keys.put(batch, *random)
        })?;
        self.end_links_of(turn, id, None);
        self.end_pairings(turn);
        self.peers.remove(id);
        self.reach.remove(id);
        self.keys = keys;
        self.recognition.forget();
        Ok(())
    }

    /// Pairings have told the advertising key of before.
    fn end_pairings(&mut self, turn: &mut Turn<'_>) {
        let pairs = self.connections.iter().filter(|(_, one)| matches!(one.stage, Stage::Pairing(_)));
        let ids: Vec<_> = pairs.map(|(id, _)| *id).collect();
        for id in ids {
            self.end(turn, id, Ending::by_us());
        }
    }
}

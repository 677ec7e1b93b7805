//! The peers that a device would recognise.

use std::collections::BTreeMap;

use p2psync_bramble::{AgreementPublicKey, Role};

use crate::hello::Hello;
use crate::secrets::{Held, PairSecrets};

/// A number by which the engine knows a peer. Never on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerHandle(pub u64);

/// What a link needs of a peer, all of it from pairing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acquaintance {
    /// Our role in the pair.
    pub role: Role,
    /// The peer's static X25519 key.
    pub static_key: AgreementPublicKey,
    /// The secrets of the pair, as they stand.
    pub secrets: PairSecrets,
}

/// The peers known to this device, as they stand in memory while sync is active. Links change the secrets in
/// it; the engine stores what changed when [`crate::Effect::Store`] says so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeerBook(BTreeMap<PeerHandle, Acquaintance>);

impl PeerBook {
    /// A book without peers.
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Adds a peer, or replaces it after pairing anew. Links that are opening under the old state will fail.
    pub fn insert(&mut self, peer: PeerHandle, acquaintance: Acquaintance) {
        self.0.insert(peer, acquaintance);
    }

    /// Forgets a peer: from now on it is a stranger.
    pub fn remove(&mut self, peer: PeerHandle) -> Option<Acquaintance> {
        self.0.remove(&peer)
    }

    /// What is known of a peer.
    pub fn get(&self, peer: PeerHandle) -> Option<&Acquaintance> {
        self.0.get(&peer)
    }

    pub(crate) fn get_mut(&mut self, peer: PeerHandle) -> Option<&mut Acquaintance> {
        self.0.get_mut(&peer)
    }

    /// Whose hello it is and the newest common secret. Tries every peer, so that the time taken does not tell
    /// which one it was.
    pub(crate) fn recognise(&self, hello: &Hello) -> Option<(PeerHandle, Held)> {
        self.0.iter().fold(None, |found, (&peer, acquaintance)| {
            let base = acquaintance.secrets.recognise(acquaintance.role.other(), hello);
            found.or(base.map(|base| (peer, base)))
        })
    }
}

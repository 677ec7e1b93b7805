//! Two devices that have paired, each with what is in memory and what is on disk.

use p2psync_bramble::{AgreementPrivateKey, Role, SecretKey};
use p2psync_link::{Acquaintance, Identity, PairSecrets, PeerBook, PeerHandle};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;

/// What each device calls the other.
pub const ALICE: PeerHandle = PeerHandle(1);
pub const BOB: PeerHandle = PeerHandle(2);

/// One device.
pub struct Device {
    pub identity: Identity,
    pub book: PeerBook,
    /// The secrets as they were last stored.
    disk: Vec<(PeerHandle, Vec<u8>)>,
    pub random: ChaCha20Rng,
}

impl Device {
    pub fn new(seed: u64) -> Self {
        let mut random = ChaCha20Rng::seed_from_u64(seed);
        let static_key = AgreementPrivateKey::random(&mut random);
        let identity = Identity { static_key, transport: "lan" };
        Self { identity, book: PeerBook::new(), disk: Vec::new(), random }
    }

    /// Puts the other device into this one's book, as pairing does.
    pub fn meet(&mut self, peer: PeerHandle, role: Role, other: &Identity, root: &SecretKey) {
        let secrets = PairSecrets::new(root.clone());
        let acquaintance = Acquaintance { role, static_key: other.static_key.public_key(), secrets };
        self.book.insert(peer, acquaintance);
        self.store(peer);
    }

    /// Writes a peer's secrets to disk.
    pub fn store(&mut self, peer: PeerHandle) {
        let encoded = self.secrets(peer).encode().to_vec();
        self.disk.retain(|(stored, _)| *stored != peer);
        self.disk.push((peer, encoded));
    }

    /// Loses the memory and starts again from the disk.
    pub fn restart(&mut self) {
        for (peer, encoded) in &self.disk {
            let secrets = PairSecrets::decode(encoded).unwrap();
            let acquaintance = self.book.get(*peer).unwrap().clone();
            self.book.insert(*peer, Acquaintance { secrets, ..acquaintance });
        }
    }

    pub fn secrets(&self, peer: PeerHandle) -> &PairSecrets {
        &self.book.get(peer).unwrap().secrets
    }
}

/// Alice and Bob, paired.
pub fn paired(seed: u64) -> [Device; 2] {
    let (mut alice, mut bob) = (Device::new(2 * seed), Device::new(2 * seed + 1));
    let root = SecretKey::random(&mut alice.random);
    let identities = [alice.identity.clone(), bob.identity.clone()];
    alice.meet(BOB, Role::Alice, &identities[1], &root);
    bob.meet(ALICE, Role::Bob, &identities[0], &root);
    [alice, bob]
}

/// Whether the pair is in step: both hold one and the same secret.
pub fn in_step(devices: &[Device; 2]) -> bool {
    let held = [devices[0].secrets(BOB), devices[1].secrets(ALICE)].map(PairSecrets::held_count);
    held == [1, 1] && devices[0].secrets(BOB).shares_newest_with(devices[1].secrets(ALICE))
}

//! What makes a slot findable for the two devices of a pair and for nobody else.

use p2psync_bramble::{
    AgreementPrivateKey, AgreementPublicKey, LowOrderPoint, NONCE_BYTES, Nonce, Role, SecretKey, derive_key,
    mac, shared_one,
};

/// Random bytes at the front of each bundle, from which all its keys differ.
pub(super) type Salt = [u8; 32];

/// What finds a slot.
pub(super) type SlotTag = [u8; SLOT_TAG_BYTES];

pub(super) const SLOT_TAG_BYTES: usize = 16;

/// A key is used for one box only, so its nonce need not differ.
pub(super) const ONLY_NONCE: Nonce = [0; NONCE_BYTES];

/// What two paired devices share for their bundles, as long as the pairing lasts. It does not change with their
/// meetings: a bundle may be read long after it was made.
#[derive(Clone, Debug)]
pub struct PairKey {
    key: SecretKey,
    /// This device's.
    role: Role,
}

impl PairKey {
    /// The key of the pair, from this device's static key and the other's, and from what marks the pairing: after
    /// another pairing it is another key. `role` is this device's.
    ///
    /// # Errors
    /// [`LowOrderPoint`]: such a key is nobody's.
    pub fn agree(
        mine: &AgreementPrivateKey,
        theirs: &AgreementPublicKey,
        pairing: &[u8],
        role: Role,
    ) -> Result<Self, LowOrderPoint> {
        Ok(Self { key: shared_one(PAIR_KEY, mine, theirs, &[pairing])?, role })
    }

    /// The tag of this pair's slot in a bundle that `maker` has made.
    fn tag(&self, maker: Role, salt: &Salt) -> SlotTag {
        let label = match maker {
            Role::Alice => ALICE_TAG,
            Role::Bob => BOB_TAG,
        };
        *mac(label, &self.key, &[salt]).first_chunk().expect("a MAC has 32 bytes")
    }

    /// The tag of the slot in which this device puts what the other one finds.
    pub(super) fn tag_to_write(&self, salt: &Salt) -> SlotTag {
        self.tag(self.role, salt)
    }

    /// The tag of the slot in which the other device puts what this one finds.
    pub(super) fn tag_to_read(&self, salt: &Salt) -> SlotTag {
        self.tag(other(self.role), salt)
    }

    /// The key of the slot that this device writes.
    pub(super) fn slot_key_to_write(&self, salt: &Salt) -> SecretKey {
        self.slot_key(self.role, salt)
    }

    /// The key of the slot that the other device writes.
    pub(super) fn slot_key_to_read(&self, salt: &Salt) -> SecretKey {
        self.slot_key(other(self.role), salt)
    }

    fn slot_key(&self, maker: Role, salt: &Salt) -> SecretKey {
        let label = match maker {
            Role::Alice => ALICE_SLOT,
            Role::Bob => BOB_SLOT,
        };
        derive_key(label, &self.key, &[salt])
    }
}

/// Key of the stream's header.
pub(super) fn header_key(bundle_key: &SecretKey, salt: &Salt) -> SecretKey {
    derive_key(STREAM, bundle_key, &[salt])
}

const fn other(role: Role) -> Role {
    match role {
        Role::Alice => Role::Bob,
        Role::Bob => Role::Alice,
    }
}

const PAIR_KEY: &str = "org.sahana.p2psync.bundle/PAIR_KEY";
const ALICE_TAG: &str = "org.sahana.p2psync.bundle/ALICE_TAG";
const BOB_TAG: &str = "org.sahana.p2psync.bundle/BOB_TAG";
const ALICE_SLOT: &str = "org.sahana.p2psync.bundle/ALICE_SLOT";
const BOB_SLOT: &str = "org.sahana.p2psync.bundle/BOB_SLOT";
const STREAM: &str = "org.sahana.p2psync.bundle/STREAM";

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(pairing: u8) -> [PairKey; 2] {
        let [alice, bob] = [1, 2].map(|byte| AgreementPrivateKey::from_bytes([byte; 32]));
        let key = |mine: &AgreementPrivateKey, theirs: &AgreementPrivateKey, role| {
            PairKey::agree(mine, &theirs.public_key(), &[pairing; 8], role).unwrap()
        };
        [key(&alice, &bob, Role::Alice), key(&bob, &alice, Role::Bob)]
    }

    #[test]
    fn one_finds_what_the_other_writes_and_nothing_else() {
        let [alice, bob] = pair(5);
        let salt = [7; 32];
        assert_eq!(alice.tag_to_write(&salt), bob.tag_to_read(&salt));
        assert_eq!(bob.tag_to_write(&salt), alice.tag_to_read(&salt));
        assert_eq!(alice.slot_key_to_write(&salt), bob.slot_key_to_read(&salt));
        assert_eq!(bob.slot_key_to_write(&salt), alice.slot_key_to_read(&salt));
        assert_ne!(alice.tag_to_write(&salt), alice.tag_to_read(&salt));
        assert_ne!(alice.slot_key_to_write(&salt), alice.slot_key_to_read(&salt));
        assert_ne!(alice.tag_to_write(&salt), alice.tag_to_write(&[8; 32]));
    }

    #[test]
    fn another_pairing_is_another_key() {
        let ([old, _], [new, _]) = (pair(5), pair(6));
        assert_ne!(old.tag_to_write(&[7; 32]), new.tag_to_write(&[7; 32]));
        let mine = AgreementPrivateKey::from_bytes([1; 32]);
        let low_order = AgreementPublicKey::from_bytes([0; 32]);
        assert!(PairKey::agree(&mine, &low_order, &[], Role::Bob).is_err());
    }
}

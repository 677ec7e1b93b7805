//! What is kept of a device that this one has paired with.

use p2psync_bramble::bdf::{self, Value};
use p2psync_bramble::{AgreementPublicKey, Role, SecretKey, WallClock, mac};
use p2psync_link::{Acquaintance, PairSecrets};
use p2psync_model::{Authentication, DATE_MS_MAX, Peer, PeerId};
use p2psync_store::PeerRow;
use p2psync_sync::bundle::PairKey;
use zeroize::Zeroizing;

use crate::meeting::{Meeting, Transport};

/// A device that this one has paired with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KnownPeer {
    /// Who it is, for people.
    pub(super) peer: Peer,
    pub(super) role: Role,
    pub(super) static_key: AgreementPublicKey,
    /// What its adverts are made from, as far as this device knows.
    pub(super) advertising_key: SecretKey,
    /// Tells this pairing from another one with the same device.
    pub(super) pairing: PairingMark,
    /// A blocked peer is a stranger that cannot pair by itself.
    pub(super) is_blocked: bool,
    /// Our person gave it a name, so its own no longer counts.
    pub(super) is_renamed: bool,
    /// Whether it has our present advertising key.
    pub(super) is_told: bool,
    pub(super) last_seen: Option<WallClock>,
    /// Documents that it took, and brought.
    pub(super) sent: u64,
    pub(super) received: u64,
}

/// See [`KnownPeer::pairing`].
pub(super) type PairingMark = [u8; 8];

/// The mark of the pairing that made `pair_secret`.
pub(super) fn pairing_mark(pair_secret: &SecretKey) -> PairingMark {
    let digest = mac("org.sahana.p2psync.meeting/PAIRING", pair_secret, &[]);
    *digest.first_chunk().expect("a MAC has 32 bytes")
}

impl KnownPeer {
    pub(super) fn id(&self) -> PeerId {
        self.peer.id()
    }

    /// What a link needs.
    pub(super) fn acquaintance(&self, secrets: PairSecrets) -> Acquaintance {
        Acquaintance { role: self.role, static_key: self.static_key, secrets }
    }

    /// The same device, paired with once more. What our person decided of it stays, and so does it that people
    /// were sure once: its signature in the new pairing is by the key that they were sure of.
    pub(super) fn paired_again(self, old: &Self) -> Self {
        let is_authenticated = self.peer.authentication().is_authenticated();
        let authentication = match (old.peer.authentication(), self.peer.authentication()) {
            (Authentication::Scanned, Authentication::Code)
            | (Authentication::Code, Authentication::Scanned)
                if old.pairing == self.pairing =>
            {
                Authentication::BothScanned
            }
            (_, new) if is_authenticated => new,
            (old, _) => old,
        };
        let name = if old.is_renamed { old.peer.name() } else { self.peer.name() };
        let peer = Peer::new(*self.peer.key(), name, authentication, old.peer.added())
            .expect("the name was one before")
            .with_auto_sync(old.peer.auto_sync());
        Self {
            peer,
            is_renamed: old.is_renamed,
            last_seen: old.last_seen,
            sent: old.sent,
            received: old.received,
            ..self
        }
    }

    /// A BDF list, for the store to seal.
    pub(super) fn encode(&self, secrets: &PairSecrets) -> Zeroizing<Vec<u8>> {
        let raw = |bytes: &[u8]| Value::Raw(bytes.to_vec());
        let count = |number: u64| Value::Integer(i64::try_from(number).unwrap_or(i64::MAX));
        let items = vec![
            Value::Integer(RECORD_VERSION),
            raw(&self.peer.encode()),
            Value::Boolean(self.role == Role::Alice),
            raw(self.static_key.as_bytes()),
            raw(self.advertising_key.as_bytes()),
            raw(&self.pairing),
            raw(&secrets.encode()),
            Value::Boolean(self.is_blocked),
            Value::Boolean(self.is_renamed),
            Value::Boolean(self.is_told),
            self.last_seen.map_or(Value::Null, |date| count(date.0.min(DATE_MS_MAX))),
            count(self.sent),
            count(self.received),
        ];
        let mut encoded = Zeroizing::new(Vec::new());
        bdf::write(&Value::List(items), &mut encoded);
        encoded
    }

    /// Reads what [`Self::encode`] writes; `None` for anything else.
    pub(super) fn decode(encoded: &[u8]) -> Option<(Self, PairSecrets)> {
        let value = bdf::parse(encoded).ok()?;
        let [Value::Integer(RECORD_VERSION), peer, Value::Boolean(is_alice), keys @ ..] = value.as_list()?
        else {
            return None;
        };
        let [static_key, advertising_key, pairing, secrets, facts @ ..] = keys else { return None };
        let [
            Value::Boolean(is_blocked),
            Value::Boolean(is_renamed),
            Value::Boolean(is_told),
            last_seen,
            sent,
            received,
        ] = facts
        else {
            return None;
        };
        let count = |value: &Value| value.as_integer().and_then(|number| u64::try_from(number).ok());
        let known = Self {
            peer: Peer::decode(peer.as_raw()?)?,
            role: if *is_alice { Role::Alice } else { Role::Bob },
            static_key: AgreementPublicKey::parse(static_key.as_raw()?).ok()?,
            advertising_key: SecretKey::from_bytes(advertising_key.as_raw()?.try_into().ok()?),
            pairing: pairing.as_raw()?.try_into().ok()?,
            is_blocked: *is_blocked,
            is_renamed: *is_renamed,
            is_told: *is_told,
            last_seen: match last_seen {
                Value::Null => None,
                value => Some(WallClock(count(value)?)),
            },
            sent: count(sent)?,
            received: count(received)?,
        };
        Some((known, PairSecrets::decode(secrets.as_raw()?).ok()?))
    }
}

const RECORD_VERSION: i64 = 1;

/// A stored peer, as bundles know it.
pub(crate) struct BundlePeer {
    pub(crate) id: PeerId,
    /// Its name for people.
    pub(crate) name: String,
    /// Under which number the store keeps what it brings.
    pub(crate) row: PeerRow,
    /// What finds the slots of the pair.
    pub(crate) key: PairKey,
}

impl Meeting {
    /// The stored peers that are not blocked: those for whom a bundle is, and from whom one is taken.
    pub(crate) fn bundle_peers(&self) -> Vec<BundlePeer> {
        let mine = self.keys.link_identity(Transport::Lan).static_key;
        let known = self.peers.iter().filter(|known| !known.is_blocked);
        let peer = |known: &KnownPeer| {
            let key = PairKey::agree(&mine, &known.static_key, &known.pairing, known.role).ok()?;
            let (id, row) = (known.id(), self.peers.row(&known.id())?);
            Some(BundlePeer { id, name: known.peer.name().to_owned(), row, key })
        };
        known.filter_map(peer).collect()
    }
}

#[cfg(test)]
mod tests {
    use p2psync_bramble::VerifyingKey;

    use super::*;

    fn known(authentication: Authentication, mark: u8) -> KnownPeer {
        let key = VerifyingKey::from_bytes([3; 32]);
        KnownPeer {
            peer: Peer::new(key, "Berta", authentication, WallClock(8)).unwrap(),
            role: Role::Bob,
            static_key: AgreementPublicKey::from_bytes([4; 32]),
            advertising_key: SecretKey::from_bytes([5; 32]),
            pairing: [mark; 8],
            is_blocked: true,
            is_renamed: false,
            is_told: true,
            last_seen: Some(WallClock(9)),
            sent: 1,
            received: 2,
        }
    }

    #[test]
    fn what_is_encoded_is_decoded_and_nothing_else() {
        let secrets = PairSecrets::new(SecretKey::from_bytes([6; 32]));
        for known in [
            known(Authentication::Code, 1),
            KnownPeer { last_seen: None, ..known(Authentication::Digits, 2) },
        ] {
            let encoded = known.encode(&secrets);
            assert_eq!(KnownPeer::decode(&encoded), Some((known, secrets.clone())));
            assert!((0..encoded.len()).all(|length| KnownPeer::decode(&encoded[..length]).is_none()));
        }
    }

    #[test]
    fn who_was_sure_once_stays_sure() {
        use Authentication::{BothScanned, Code, Digits, Scanned, Unauthenticated};
        for (old, new, after) in [
            (Digits, Unauthenticated, Digits),
            (Unauthenticated, Unauthenticated, Unauthenticated),
            (Unauthenticated, Code, Code),
            (BothScanned, Digits, Digits),
            (Scanned, Code, Code),
        ] {
            let again = known(new, 2).paired_again(&known(old, 1));
            assert_eq!(again.peer.authentication(), after, "{old:?} {new:?}");
            assert!(again.is_blocked && again.pairing == [2; 8]);
        }
        let both = known(Code, 1).paired_again(&known(Scanned, 1));
        assert_eq!(both.peer.authentication(), BothScanned, "each scanned the other, over two connections");
    }

    #[test]
    fn what_people_decided_stays() {
        let old = KnownPeer {
            peer: known(Authentication::Code, 1).peer.renamed("My Berta").unwrap().with_auto_sync(false),
            is_renamed: true,
            sent: 70,
            ..known(Authentication::Code, 1)
        };
        let again = known(Authentication::Code, 2).paired_again(&old);
        assert_eq!((again.peer.name(), again.peer.auto_sync(), again.sent), ("My Berta", false, 70));
        let unnamed = KnownPeer { is_renamed: false, ..old };
        assert_eq!(known(Authentication::Code, 2).paired_again(&unnamed).peer.name(), "Berta");
    }
}

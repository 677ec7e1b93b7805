//! What this device's links and adverts are made from: a static key for good, and an advertising key that changes
//! whenever a peer is forgotten.

use p2psync_bramble::bdf::{self, Value};
use p2psync_bramble::{AgreementPrivateKey, SecretKey};
use p2psync_link::Identity as LinkIdentity;
use p2psync_pair::LinkOffer;
use p2psync_store::{Batch, Store};
use rand_core::CryptoRngCore;
use zeroize::Zeroizing;

use crate::Error;
use crate::meeting::transport::Transport;

/// The version of the link protocol that is spoken here.
pub(super) const LINK_VERSION: u8 = 1;

/// The keys. Sealed in the store, wiped on drop.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    static_key: AgreementPrivateKey,
    pub(super) advertising_key: SecretKey,
}

impl Keys {
    /// The keys that the store holds, or new ones that it holds from now on.
    pub(super) fn of(store: &mut Store, random: &mut dyn CryptoRngCore) -> Result<Self, Error> {
        if let Some(held) = store.setting(SETTING)?.map(Zeroizing::new) {
            return Self::decode(&held).ok_or(Error::Damaged("the device's keys"));
        }
        let keys = Self {
            static_key: AgreementPrivateKey::random(random),
            advertising_key: SecretKey::random(random),
        };
        store.batch(|batch| keys.put(batch, random))?;
        Ok(keys)
    }

    /// The same with another advertising key, so that who knew the old one is blind.
    pub(super) fn renewed(&self, random: &mut dyn CryptoRngCore) -> Self {
        Self { static_key: self.static_key.clone(), advertising_key: SecretKey::random(random) }
    }

    pub(super) fn put(
        &self,
        batch: &mut Batch<'_>,
        random: &mut dyn CryptoRngCore,
    ) -> Result<(), p2psync_store::Error> {
        batch.set(SETTING, Some(&self.encode()), random)
    }

    /// What links over `transport` are made with.
    pub(super) fn link_identity(&self, transport: Transport) -> LinkIdentity {
        LinkIdentity { static_key: self.static_key.clone(), transport: transport.as_str() }
    }

    /// What the other side of a pairing is told.
    pub(super) fn offer(&self) -> LinkOffer {
        LinkOffer {
            link_versions: [LINK_VERSION].into(),
            static_key: self.static_key.public_key(),
            advertising_key: self.advertising_key.clone(),
        }
    }

    /// A BDF list: static key, advertising key.
    fn encode(&self) -> Zeroizing<Vec<u8>> {
        let items = vec![
            Value::Raw(self.static_key.as_bytes().to_vec()),
            Value::Raw(self.advertising_key.as_bytes().to_vec()),
        ];
        let mut encoded = Zeroizing::new(Vec::new());
        bdf::write(&Value::List(items), &mut encoded);
        encoded
    }

    fn decode(encoded: &[u8]) -> Option<Self> {
        let value = bdf::parse(encoded).ok()?;
        let [static_key, advertising_key] = value.as_list()? else { return None };
        Some(Self {
            static_key: AgreementPrivateKey::from_bytes(static_key.as_raw()?.try_into().ok()?),
            advertising_key: SecretKey::from_bytes(advertising_key.as_raw()?.try_into().ok()?),
        })
    }
}

/// On disk: never changes.
const SETTING: &str = "meeting keys";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded_and_nothing_else() {
        let keys = Keys {
            static_key: AgreementPrivateKey::from_bytes([3; 32]),
            advertising_key: SecretKey::from_bytes([4; 32]),
        };
        let encoded = keys.encode();
        let decoded = Keys::decode(&encoded).unwrap();
        assert_eq!(decoded.offer(), keys.offer());
        assert!((0..encoded.len()).all(|length| Keys::decode(&encoded[..length]).is_none()));
    }
}

//! The content of a `CONTACT_INFO` record (BRAMBLE 3): who a device is, how it can be reached, since when, and
//! the signature that ties its key to the master key.

use std::collections::BTreeMap;

use p2psync_bramble::bdf::{self, Value};
use p2psync_bramble::{
    BadSignature, Role, SecretKey, Signature, SigningKey, VerifyingKey, WallClock, mac, record,
};

use crate::Identity;
use crate::identity::FORMAT_VERSION;

/// Most properties of one transport.
pub const PROPERTIES_MAX: usize = 100;

/// Longest name of a transport, and longest name and value of a property, in bytes of UTF-8.
pub const PROPERTY_BYTES_MAX: usize = 100;

/// Properties by transport id, then by name.
pub type TransportProperties = BTreeMap<String, BTreeMap<String, String>>;

/// What one side tells the other about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactInfo {
    identity: Identity,
    properties: TransportProperties,
    signature: Signature,
    timestamp: WallClock,
}

impl ContactInfo {
    /// What this device says of itself in `role`, signed for one master key.
    ///
    /// # Errors
    /// [`ContactTooLarge`] if a transport has too many properties, a name or value is empty or too long, or
    /// all of it does not fit in a record.
    pub fn sign(
        identity: Identity,
        key: &SigningKey,
        properties: TransportProperties,
        timestamp: WallClock,
        role: Role,
        master_key: &SecretKey,
    ) -> Result<Self, ContactTooLarge> {
        let signature = key.sign(SIGNATURE_LABEL, &signed_nonce(role, master_key));
        let info = Self { identity, properties, signature, timestamp };
        let all_fit = info.properties.iter().all(|(transport, entries)| {
            is_property_length(transport)
                && entries.len() <= PROPERTIES_MAX
                && entries.iter().all(|(name, value)| is_property_length(name) && is_property_length(value))
        });
        let timestamp_fits = i64::try_from(info.timestamp.0).is_ok();
        if all_fit && timestamp_fits && info.to_bytes().len() <= record::PAYLOAD_BYTES_MAX {
            Ok(info)
        } else {
            Err(ContactTooLarge)
        }
    }

    /// Reads the payload of a `CONTACT_INFO` record. The signature is not judged: see [`Self::verify`].
    ///
    /// # Errors
    /// [`MalformedContact`] for everything that [`Self::sign`] does not make.
    pub fn parse(bytes: &[u8]) -> Result<Self, MalformedContact> {
        if bytes.len() > record::PAYLOAD_BYTES_MAX {
            return Err(MalformedContact("longer than a record"));
        }
        let Ok(Value::List(items)) = bdf::parse(bytes) else {
            return Err(MalformedContact("not one canonical list"));
        };
        let [author, properties, signature, timestamp] = items.as_slice() else {
            return Err(MalformedContact("not four items"));
        };
        let signature = signature
            .as_raw()
            .and_then(|bytes| Some(Signature::from_bytes(bytes.try_into().ok()?)))
            .ok_or(MalformedContact("signature"))?;
        let timestamp = timestamp
            .as_integer()
            .and_then(|timestamp| u64::try_from(timestamp).ok())
            .ok_or(MalformedContact("timestamp"))?;
        Ok(Self {
            identity: parse_author(author)?,
            properties: parse_properties(properties)?,
            signature,
            timestamp: WallClock(timestamp),
        })
    }

    /// The payload of the record.
    pub fn to_bytes(&self) -> Vec<u8> {
        let text = |text: &str| Value::String(text.to_owned());
        let author = vec![
            Value::Integer(FORMAT_VERSION.into()),
            text(self.identity.name()),
            Value::Raw(self.identity.key().as_bytes().to_vec()),
        ];
        let properties = self.properties.iter().map(|(transport, entries)| {
            let entries = entries.iter().map(|(name, value)| (name.as_str(), text(value))).collect();
            (transport.as_str(), Value::Dictionary(entries))
        });
        // Both ends refuse a timestamp beyond the signed range before it could be written.
        let timestamp = i64::try_from(self.timestamp.0).unwrap_or(i64::MAX);
        let list = Value::List(vec![
            Value::List(author),
            Value::Dictionary(properties.collect()),
            Value::Raw(self.signature.as_bytes().to_vec()),
            Value::Integer(timestamp),
        ]);
        let mut bytes = Vec::new();
        bdf::write(&list, &mut bytes);
        bytes
    }

    /// Checks that the owner of the identity's key signed for this master key, in the role of the side that
    /// sent it.
    ///
    /// # Errors
    /// [`BadSignature`] otherwise.
    pub fn verify(&self, role: Role, master_key: &SecretKey) -> Result<(), BadSignature> {
        self.identity.key().verify(SIGNATURE_LABEL, &signed_nonce(role, master_key), &self.signature)
    }

    /// Name and key.
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// How the device can be reached.
    pub const fn properties(&self) -> &TransportProperties {
        &self.properties
    }

    /// The signature over the role's nonce.
    pub const fn signature(&self) -> &Signature {
        &self.signature
    }

    /// When the device made it, by its own clock.
    pub const fn timestamp(&self) -> WallClock {
        self.timestamp
    }
}

/// The nonce that the side in `role` signs: it follows from the master key, so a signature is good for one
/// pairing and one role.
pub fn signed_nonce(role: Role, master_key: &SecretKey) -> [u8; 32] {
    let label = match role {
        Role::Alice => "org.briarproject.bramble.contact/ALICE_NONCE",
        Role::Bob => "org.briarproject.bramble.contact/BOB_NONCE",
    };
    mac(label, master_key, &[&[CONTACT_EXCHANGE_VERSION]])
}

/// The other side's contact info is not what version 1 looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the contact info is malformed: {0}")]
pub struct MalformedContact(pub &'static str);

/// The caller's own properties, name or clock do not fit in a contact info.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("our own contact info is too large")]
pub struct ContactTooLarge;

/// Version of the contact exchange, and of its records.
pub(crate) const CONTACT_EXCHANGE_VERSION: u8 = 1;

/// `briar` and not `bramble`: so it is in Bramble.
const SIGNATURE_LABEL: &str = "org.briarproject.briar.contact/EXCHANGE";

fn parse_author(author: &Value) -> Result<Identity, MalformedContact> {
    let malformed = MalformedContact("author");
    let Some([Value::Integer(version), Value::String(name), Value::Raw(key)]) = author.as_list() else {
        return Err(malformed);
    };
    if *version != i64::from(FORMAT_VERSION) {
        return Err(MalformedContact("version of the author"));
    }
    let key = key.as_slice().try_into().map_err(|_| malformed)?;
    Identity::new(name.as_str(), VerifyingKey::from_bytes(key)).map_err(|_| MalformedContact("name"))
}

fn parse_properties(properties: &Value) -> Result<TransportProperties, MalformedContact> {
    let transports = properties.as_dictionary().ok_or(MalformedContact("properties"))?;
    transports
        .iter()
        .map(|(transport, entries)| {
            let entries = entries.as_dictionary().ok_or(MalformedContact("properties of a transport"))?;
            if entries.len() > PROPERTIES_MAX {
                return Err(MalformedContact("too many properties"));
            }
            let entries = entries
                .iter()
                .map(|(name, value)| Ok((property_text(name)?, property_text(value.as_str().unwrap_or(""))?)))
                .collect::<Result<_, _>>()?;
            Ok((property_text(transport)?, entries))
        })
        .collect()
}

/// Text of an allowed length; a value that is no string comes as the empty one, which is refused.
fn property_text(text: &str) -> Result<String, MalformedContact> {
    if is_property_length(text) { Ok(text.to_owned()) } else { Err(MalformedContact("property")) }
}

fn is_property_length(text: &str) -> bool {
    (1..=PROPERTY_BYTES_MAX).contains(&text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(properties: TransportProperties) -> Result<ContactInfo, ContactTooLarge> {
        let key = SigningKey::from_seed([1; 32]);
        let identity = Identity::new("Amina", key.verifying_key()).unwrap();
        ContactInfo::sign(identity, &key, properties, WallClock(7), Role::Alice, &master())
    }

    fn master() -> SecretKey {
        SecretKey::from_bytes([9; 32])
    }

    fn properties(count: usize, value_bytes: usize) -> TransportProperties {
        let entries = (0..count).map(|i| (format!("p{i}"), "v".repeat(value_bytes))).collect();
        [("lan".to_owned(), entries)].into()
    }

    #[test]
    fn a_signature_is_good_for_one_role_and_one_master_key() {
        let info = info(properties(1, 1)).unwrap();
        assert_eq!(info.verify(Role::Alice, &master()), Ok(()));
        assert_eq!(info.verify(Role::Bob, &master()), Err(BadSignature));
        assert_eq!(info.verify(Role::Alice, &SecretKey::from_bytes([8; 32])), Err(BadSignature));
    }

    #[test]
    fn bounds_hold_both_ways() {
        let largest = info(properties(100, 100)).unwrap();
        assert_eq!(ContactInfo::parse(&largest.to_bytes()), Ok(largest));
        for (count, bytes) in [(101, 1), (1, 0), (1, 101)] {
            assert_eq!(info(properties(count, bytes)), Err(ContactTooLarge));
            let mut unchecked = info(properties(1, 1)).unwrap();
            unchecked.properties = properties(count, bytes);
            assert!(ContactInfo::parse(&unchecked.to_bytes()).is_err(), "{count} of {bytes}");
        }
        let mut many = TransportProperties::new();
        for transport in 0..6 {
            many.insert(format!("t{transport}"), properties(100, 100).remove("lan").unwrap());
        }
        assert_eq!(info(many), Err(ContactTooLarge));
    }

    #[test]
    fn each_item_is_checked() {
        let good = info(TransportProperties::new()).unwrap().to_bytes();
        let Ok(Value::List(items)) = bdf::parse(&good) else { panic!("a list") };
        let mut wrong = vec![(0, Value::Null), (1, Value::Null), (2, Value::Raw(vec![0; 63]))];
        wrong.extend([(3, Value::Integer(-1)), (3, Value::String(String::new()))]);
        let author = |version, name: &str, key: usize| {
            let name = Value::String(name.to_owned());
            (0, Value::List(vec![Value::Integer(version), name, Value::Raw(vec![0; key])]))
        };
        wrong.extend([author(2, "a", 32), author(1, "", 32), author(1, "a", 31)]);
        for (place, value) in wrong {
            let mut changed = items.clone();
            changed[place] = value;
            let mut bytes = Vec::new();
            bdf::write(&Value::List(changed), &mut bytes);
            assert!(ContactInfo::parse(&bytes).is_err(), "{place}");
        }
        let mut bytes = Vec::new();
        bdf::write(&Value::List(items[..3].to_vec()), &mut bytes);
        assert_eq!(ContactInfo::parse(&bytes), Err(MalformedContact("not four items")));
    }
}

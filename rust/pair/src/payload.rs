//! What a BQP code holds: a commitment to a key, and where the device can be reached (BRAMBLE 2.1, 2.2).

use p2psync_bramble::bdf::{self, Value};
use p2psync_bramble::{AgreementPublicKey, Role, hash};

use crate::Descriptor;

/// Version of BQP that is spoken here.
pub const VERSION: u8 = 4;

/// Longest payload: no QR code holds more bytes.
pub const PAYLOAD_BYTES_MAX: usize = 2953;

/// A device's offer to agree on a key: what its QR code says, or a PAYLOAD record.
#[derive(Clone, Debug)]
pub struct Payload {
    /// Fixes the device's key before the key is shown.
    pub commitment: Commitment,
    /// Where the device listens, in order of preference.
    pub descriptors: Vec<Descriptor>,
}

impl Payload {
    /// Reads a payload. Descriptors of unknown transports are dropped, as Bramble does; known ones are kept
    /// whole, also where they cannot be used.
    ///
    /// # Errors
    /// [`PayloadError`]; nothing is judged but the form.
    pub fn parse(bytes: &[u8]) -> Result<Self, PayloadError> {
        let (&first, list) = bytes.split_first().ok_or(PayloadError::OtherKind)?;
        let version = first & VERSION_BITS;
        match (first & !VERSION_BITS, version) {
            (FORMAT_ID, VERSION) => {}
            (FORMAT_ID, 0..VERSION) => return Err(PayloadError::TooOld { version }),
            (FORMAT_ID, _) => return Err(PayloadError::TooNew { version }),
            _ => return Err(PayloadError::OtherKind),
        }
        if bytes.len() > PAYLOAD_BYTES_MAX {
            return Err(PayloadError::Malformed("longer than any QR code"));
        }
        let Ok(Value::List(items)) = bdf::parse(list) else {
            return Err(PayloadError::Malformed("not one canonical list"));
        };
        let (commitment, descriptors) =
            items.split_first().ok_or(PayloadError::Malformed("no commitment"))?;
        let commitment = commitment
            .as_raw()
            .and_then(|bytes| Some(Commitment(bytes.try_into().ok()?)))
            .ok_or(PayloadError::Malformed("commitment"))?;
        let descriptors = descriptors
            .iter()
            .filter_map(|item| Descriptor::from_value(item).transpose())
            .collect::<Result<_, _>>()?;
        Ok(Self { commitment, descriptors })
    }

    /// The payload as it is shown, sent and confirmed.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut items = vec![Value::Raw(self.commitment.0.to_vec())];
        items.extend(self.descriptors.iter().map(Descriptor::to_value));
        let mut bytes = vec![FORMAT_ID | VERSION];
        bdf::write(&Value::List(items), &mut bytes);
        bytes
    }
}

/// Payloads are the same if their bytes are.
impl PartialEq for Payload {
    fn eq(&self, other: &Self) -> bool {
        self.to_bytes() == other.to_bytes()
    }
}

impl Eq for Payload {}

/// The first 16 bytes of a hash of the key: whoever shows it can only show that key afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Commitment([u8; Self::BYTES]);

impl Commitment {
    /// Length of every commitment.
    pub const BYTES: usize = 16;

    /// The commitment to `key`.
    pub fn to_key(key: &AgreementPublicKey) -> Self {
        let digest = hash(COMMITMENT_LABEL, &[key.as_bytes()]);
        Self(*digest.first_chunk().expect("a hash has 32 bytes"))
    }

    /// Takes 16 bytes as they are.
    pub const fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    /// The commitment as it travels.
    pub const fn as_bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }

    /// Our role if this commitment is ours: Alice's is the smaller one. With equal ones both sides are Bob,
    /// so nobody speaks; callers refuse that before.
    pub fn role_towards(&self, theirs: &Self) -> Role {
        if self < theirs { Role::Alice } else { Role::Bob }
    }
}

/// Why bytes are not a payload of this version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PayloadError {
    /// It is empty or a code for something else, such as a mailbox.
    #[error("this is not a key agreement code")]
    OtherKind,
    /// The other device speaks an older version of BQP.
    #[error("version {version} of key agreement is too old")]
    TooOld {
        /// Its version.
        version: u8,
    },
    /// The other device speaks a newer version of BQP.
    #[error("version {version} of key agreement is too new")]
    TooNew {
        /// Its version.
        version: u8,
    },
    /// The right kind and version, and not what that version looks like.
    #[error("the payload is malformed: {0}")]
    Malformed(&'static str),
}

const COMMITMENT_LABEL: &str = "org.briarproject.bramble.keyagreement/COMMIT";
const FORMAT_ID: u8 = 0;
const VERSION_BITS: u8 = 0x1f;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_payload_longer_than_a_qr_code_is_refused_before_it_is_read() {
        let mut bytes = vec![4];
        bytes.extend(vec![0x60; PAYLOAD_BYTES_MAX]);
        assert_eq!(Payload::parse(&bytes), Err(PayloadError::Malformed("longer than any QR code")));
    }

    #[test]
    fn exactly_one_of_two_is_alice() {
        let (low, high) = (Commitment([1; 16]), Commitment([0x81; 16]));
        assert_eq!((low.role_towards(&high), high.role_towards(&low)), (Role::Alice, Role::Bob));
        assert_eq!(low.role_towards(&low), Role::Bob);
    }

    proptest! {
        #[test]
        fn what_parses_has_one_encoding(
            commitment in any::<[u8; 16]>(),
            tail in proptest::collection::vec(any::<u8>(), 0..40),
        ) {
            let mut bytes = vec![4, 0x60, 0x51, 16];
            bytes.extend_from_slice(&commitment);
            bytes.extend_from_slice(&tail);
            for end in [bytes.len(), 20] {
                let mut closed = bytes[..end].to_vec();
                closed.push(0x80);
                if let Ok(payload) = Payload::parse(&closed) {
                    prop_assert_eq!(Payload::parse(&payload.to_bytes()), Ok(payload));
                }
            }
        }
    }
}

//! What stands before the stream: salt, the server's place, and slots that tell the bundle's key to who finds his.

use p2psync_bramble::{SecretKey, open, seal};
use rand_core::CryptoRngCore;
use zeroize::Zeroizing;

use super::keys::{ONLY_NONCE, SLOT_TAG_BYTES, Salt};
use super::{PairKey, ReadError, VERSION, WriteError};

/// Most devices that a bundle can be for.
pub const PAIRS_MAX: usize = SLOTS_MIN << (2 * CLASS_MAX);

/// Length of what a slot says: version, class of the number of slots, the bundle's key.
pub const SECRET_BYTES: usize = 2 + SecretKey::BYTES;

/// Length of a slot: a tag, and a box with the secret.
pub const SLOT_BYTES: usize = SLOT_TAG_BYTES + p2psync_bramble::SECRETBOX_OVERHEAD_BYTES + SECRET_BYTES;

pub(super) const SALT_BYTES: usize = 32;

/// A new bundle's salt and key, and how many slots it has.
#[derive(Debug)]
pub struct Front {
    pub(super) salt: Salt,
    secret: Secret,
}

impl Front {
    /// The front of a bundle for `pairs` devices.
    ///
    /// # Errors
    /// [`WriteError::TooManyPairs`] over [`PAIRS_MAX`].
    pub fn random(pairs: usize, random: &mut dyn CryptoRngCore) -> Result<Self, WriteError> {
        let class = (0..=CLASS_MAX)
            .find(|class| pairs <= slots(*class))
            .ok_or(WriteError::TooManyPairs { count: pairs })?;
        let mut salt = Salt::default();
        random.fill_bytes(&mut salt);
        Ok(Self { salt, secret: Secret { class, key: SecretKey::random(random) } })
    }

    /// What opens the bundle: to be sealed to the server, if it is for the server too.
    pub fn secret(&self) -> Zeroizing<Vec<u8>> {
        self.secret.encode()
    }

    pub(super) const fn key(&self) -> &SecretKey {
        &self.secret.key
    }

    /// Appends the slots: those of `pairs` at places by chance, the others random.
    pub(super) fn write_slots(
        &self,
        pairs: &[PairKey],
        random: &mut dyn CryptoRngCore,
        out: &mut Vec<u8>,
    ) -> Result<(), WriteError> {
        let count = slots(self.secret.class);
        if pairs.len() > count {
            return Err(WriteError::TooManyPairs { count: pairs.len() });
        }
        let mut places: Vec<Option<&PairKey>> = pairs.iter().map(Some).collect();
        places.resize(count, None);
        shuffle(&mut places, random);
        let secret = self.secret.encode();
        for place in places {
            if let Some(pair) = place {
                out.extend_from_slice(&pair.tag_to_write(&self.salt));
                seal(&pair.slot_key_to_write(&self.salt), &ONLY_NONCE, &secret, out);
            } else {
                let mut noise = [0; SLOT_BYTES];
                random.fill_bytes(&mut noise);
                out.extend_from_slice(&noise);
            }
        }
        Ok(())
    }
}

/// What a slot says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Secret {
    class: u8,
    pub(super) key: SecretKey,
}

impl Secret {
    fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut encoded = Zeroizing::new(Vec::with_capacity(SECRET_BYTES));
        encoded.extend_from_slice(&[VERSION, self.class]);
        encoded.extend_from_slice(self.key.as_bytes());
        encoded
    }

    pub(super) fn decode(encoded: &[u8]) -> Result<Self, ReadError> {
        let malformed = ReadError::Damaged("what opens it");
        let (&[version, class], key) = encoded.split_first_chunk().ok_or(malformed)?;
        if version > VERSION {
            return Err(ReadError::TooNew { version });
        }
        let key = key.try_into().map_err(|_| malformed)?;
        let fits = version == VERSION && class <= CLASS_MAX;
        fits.then_some(Self { class, key: SecretKey::from_bytes(key) }).ok_or(malformed)
    }

    /// How many slots the bundle has.
    pub(super) fn slots(&self) -> usize {
        slots(self.class)
    }
}

/// What the slot says that was found by its tag.
pub(super) fn open_slot(key: &SecretKey, sealed: &[u8]) -> Result<Secret, ReadError> {
    let mut plain = Zeroizing::new(Vec::with_capacity(SECRET_BYTES));
    if !open(key, &ONLY_NONCE, sealed, &mut plain) {
        return Err(ReadError::Damaged("what opens it"));
    }
    Secret::decode(&plain)
}

const SLOTS_MIN: usize = 16;
const CLASS_MAX: u8 = 3;

const fn slots(class: u8) -> usize {
    SLOTS_MIN << (2 * class)
}

/// Every order is equally likely, but for one part in 2^54.
fn shuffle<T>(items: &mut [T], random: &mut dyn CryptoRngCore) {
    for last in (1..items.len()).rev() {
        let below = last as u64 + 1;
        let other = usize::try_from(random.next_u64() % below).expect("it is at most an index");
        items.swap(last, other);
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng as _;

    use super::*;

    #[test]
    fn the_number_of_slots_tells_a_class() {
        let mut random = ChaCha20Rng::seed_from_u64(1);
        let mut class = |pairs| Front::random(pairs, &mut random).map(|front| front.secret.slots());
        assert_eq!([0, 1, 16].map(&mut class), [Ok(16); 3]);
        assert_eq!([17, 64, 65, 1_000, 1_024].map(&mut class), [64, 64, 256, 1_024, 1_024].map(Ok));
        assert_eq!(class(1_025), Err(WriteError::TooManyPairs { count: 1_025 }));
    }

    #[test]
    fn what_opens_a_bundle_has_one_encoding() {
        let secret = Secret { class: 2, key: SecretKey::from_bytes([9; 32]) };
        let encoded = secret.encode();
        assert_eq!(Secret::decode(&encoded), Ok(secret));
        let malformed = Err(ReadError::Damaged("what opens it"));
        assert!((0..encoded.len()).all(|length| Secret::decode(&encoded[..length]) == malformed));
        let with = |version, class| [&[version, class], &encoded[2..]].concat();
        assert_eq!(Secret::decode(&with(2, 99)), Err(ReadError::TooNew { version: 2 }));
        assert_eq!(
            [with(1, 4), with(0, 1)].map(|bytes| Secret::decode(&bytes)),
            [malformed.clone(), malformed]
        );
    }

    #[test]
    fn every_place_is_as_likely() {
        let mut random = ChaCha20Rng::seed_from_u64(2);
        let mut hits = [0; 16];
        for _ in 0..1_600 {
            let mut places: Vec<_> = (0..16).collect();
            shuffle(&mut places, &mut random);
            hits[places.iter().position(|item| *item == 0).unwrap()] += 1;
        }
        assert!(hits.iter().all(|count| (60..150).contains(count)), "{hits:?}");
    }
}

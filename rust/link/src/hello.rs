//! The first bytes of a call: random to everyone but the one peer they are for.

use p2psync_bramble::{Role, SecretKey, derive_key, mac};
use rand_core::CryptoRngCore;
use subtle::ConstantTimeEq as _;

/// Length of a hello.
pub const HELLO_BYTES: usize = NONCE_BYTES + OFFERS_MAX * TAG_BYTES;

/// Secrets of the pair that one hello can name.
pub const OFFERS_MAX: usize = 3;

/// A fresh nonce, and for each secret that the caller holds of this pair a tag that only the other holder can
/// recognise. Places without a secret hold random bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hello {
    nonce: HelloNonce,
    tags: [Tag; OFFERS_MAX],
}

/// What makes each hello different.
pub(crate) type HelloNonce = [u8; NONCE_BYTES];

impl Hello {
    /// A hello of the device that has `caller` as its role in the pair, naming the first [`OFFERS_MAX`] of
    /// `secrets`.
    pub fn new<'a>(
        caller: Role,
        secrets: impl IntoIterator<Item = &'a SecretKey>,
        random: &mut dyn CryptoRngCore,
    ) -> Self {
        let mut hello = Self { nonce: [0; NONCE_BYTES], tags: [[0; TAG_BYTES]; OFFERS_MAX] };
        random.fill_bytes(&mut hello.nonce);
        let mut secrets = secrets.into_iter();
        for place in &mut hello.tags {
            match secrets.next() {
                Some(secret) => *place = tag(secret, caller, &hello.nonce),
                None => random.fill_bytes(place),
            }
        }
        hello
    }

    /// Whether the device with role `caller` named `secret` in this hello. Takes the same time for every answer.
    pub fn names(&self, caller: Role, secret: &SecretKey) -> bool {
        let expected = tag(secret, caller, &self.nonce);
        let found = self.tags.iter().fold(subtle::Choice::from(0), |found, tag| found | tag.ct_eq(&expected));
        found.into()
    }

    /// Every 40 bytes are a hello of somebody.
    pub fn decode(bytes: &[u8; HELLO_BYTES]) -> Self {
        let (nonce, rest) = bytes.split_first_chunk().expect("a hello begins with its nonce");
        let (tags, _) = rest.as_chunks::<TAG_BYTES>();
        Self { nonce: *nonce, tags: tags.try_into().expect("three tags follow the nonce") }
    }

    /// The wire form.
    pub fn encode(&self) -> [u8; HELLO_BYTES] {
        let mut bytes = [0; HELLO_BYTES];
        let (nonce, tags) = bytes.split_at_mut(NONCE_BYTES);
        nonce.copy_from_slice(&self.nonce);
        tags.copy_from_slice(self.tags.as_flattened());
        bytes
    }

    pub(crate) const fn nonce(&self) -> &HelloNonce {
        &self.nonce
    }
}

const NONCE_BYTES: usize = 16;
const TAG_BYTES: usize = 8;
type Tag = [u8; TAG_BYTES];

/// The role goes in, so that a hello sent back to its sender means nothing there.
fn tag(secret: &SecretKey, caller: Role, nonce: &HelloNonce) -> Tag {
    let recognition_key = derive_key("org.sahana.p2psync.link/RECOGNITION", secret, &[]);
    let role = match caller {
        Role::Alice => b"A",
        Role::Bob => b"B",
    };
    let full = mac("org.sahana.p2psync.link/HELLO", &recognition_key, &[role, nonce]);
    *full.first_chunk().expect("a MAC has 32 bytes")
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng as _;

    use super::*;

    fn secret(byte: u8) -> SecretKey {
        SecretKey::from_bytes([byte; 32])
    }

    #[test]
    fn each_named_secret_is_recognised_and_no_other() {
        let mut random = ChaCha20Rng::seed_from_u64(1);
        let secrets = [secret(1), secret(2)];
        let hello = Hello::new(Role::Alice, &secrets, &mut random);
        assert!(hello.names(Role::Alice, &secret(1)) && hello.names(Role::Alice, &secret(2)));
        assert!(!hello.names(Role::Alice, &secret(3)));
        assert!(!hello.names(Role::Bob, &secret(1)), "a reflected hello must mean nothing");
        assert_eq!(Hello::decode(&hello.encode()), hello);
    }

    #[test]
    fn two_hellos_share_no_bytes() {
        let mut random = ChaCha20Rng::seed_from_u64(2);
        let [first, second] = [0, 1].map(|_| Hello::new(Role::Bob, [&secret(1)], &mut random).encode());
        for window in first.windows(4) {
            assert!(!second.windows(4).any(|other| other == window));
        }
    }
}

//! Labelled Ed25519 signatures (BRAMBLE 1.2): what is signed is `lp(label) ‖ lp(message)`.

use core::fmt;

use ed25519_dalek::Signer as _;

/// An Ed25519 private key: the 32-byte seed. Wiped on drop.
#[derive(Clone)]
pub struct SigningKey(ed25519_dalek::SigningKey);

impl SigningKey {
    /// The key that a 32-byte seed stands for.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(&seed))
    }

    /// A key from a source of randomness.
    pub fn random(random: &mut dyn rand_core::CryptoRngCore) -> Self {
        let mut seed = [0; 32];
        random.fill_bytes(&mut seed);
        Self::from_seed(seed)
    }

    /// The seed, for the store that seals it.
    pub fn as_seed(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// The public key to this private key.
    pub fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey(self.0.verifying_key().to_bytes())
    }

    /// Signs `message` under `label`.
    pub fn sign(&self, label: &str, message: &[u8]) -> Signature {
        Signature(self.0.sign(&labelled(label, message)).to_bytes())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SigningKey(..)")
    }
}

/// An Ed25519 public key as it travels: 32 bytes, checked when a signature is verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VerifyingKey([u8; 32]);

impl VerifyingKey {
    /// Length of every public key.
    pub const BYTES: usize = 32;

    /// Takes 32 bytes as they are.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The key as it travels.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Checks that the owner of this key signed `message` under `label`. Keys and signatures that do not
    /// bind to one message (small order, non-canonical) are refused (RFC 8032, section 5.1.7, strictly).
    ///
    /// # Errors
    /// [`BadSignature`] in every other case.
    pub fn verify(&self, label: &str, message: &[u8], signature: &Signature) -> Result<(), BadSignature> {
        ed25519_dalek::VerifyingKey::from_bytes(&self.0)
            .and_then(|key| {
                key.verify_strict(
                    &labelled(label, message),
                    &ed25519_dalek::Signature::from_bytes(&signature.0),
                )
            })
            .map_err(|_| BadSignature)
    }
}

/// A 64-byte Ed25519 signature, not yet verified.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature([u8; 64]);

impl Signature {
    /// Length of every signature.
    pub const BYTES: usize = 64;

    /// Takes 64 bytes as they are.
    pub const fn from_bytes(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }

    /// The signature as it travels.
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Signature(..)")
    }
}

/// The signature was not made by this key over this label and message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not verify")]
pub struct BadSignature;

fn labelled(label: &str, message: &[u8]) -> Vec<u8> {
    let mut signed = Vec::with_capacity(8 + label.len() + message.len());
    for part in [label.as_bytes(), message] {
        let length = u32::try_from(part.len()).expect("signed messages are far below 4 GiB");
        signed.extend_from_slice(&length.to_be_bytes());
        signed.extend_from_slice(part);
    }
    signed
}

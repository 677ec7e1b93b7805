//! X25519 key agreement (BRAMBLE 1.2).

use core::fmt;

use crate::{SecretKey, hash::hash};

/// An X25519 private key, clamped. Wiped on drop.
#[derive(Clone)]
pub struct AgreementPrivateKey(x25519_dalek::StaticSecret);

impl AgreementPrivateKey {
    /// Clamps 32 secret bytes into a private key.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(x25519_dalek::StaticSecret::from(curve25519_dalek::scalar::clamp_integer(bytes)))
    }

    /// A private key from a source of randomness.
    pub fn random(random: &mut dyn rand_core::CryptoRngCore) -> Self {
        let mut bytes = [0; 32];
        random.fill_bytes(&mut bytes);
        Self::from_bytes(bytes)
    }

    /// The clamped bytes, for the store that seals them.
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// The public key to this private key.
    pub fn public_key(&self) -> AgreementPublicKey {
        AgreementPublicKey(*x25519_dalek::PublicKey::from(&self.0).as_bytes())
    }

    /// The bare X25519 result, before any hashing.
    ///
    /// # Errors
    /// [`LowOrderPoint`] if the result is all zero: then `theirs` decided it alone.
    pub fn agree(&self, theirs: &AgreementPublicKey) -> Result<SecretKey, LowOrderPoint> {
        let shared = self.0.diffie_hellman(&x25519_dalek::PublicKey::from(theirs.0));
        if shared.was_contributory() {
            Ok(SecretKey::from_bytes(shared.to_bytes()))
        } else {
            Err(LowOrderPoint)
        }
    }
}

impl fmt::Debug for AgreementPrivateKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("AgreementPrivateKey(..)")
    }
}

/// An X25519 public key: any 32 bytes. The top bit is ignored when it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgreementPublicKey([u8; 32]);

impl AgreementPublicKey {
    /// Length of every public key.
    pub const BYTES: usize = 32;

    /// Takes 32 bytes as they are.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Takes bytes of a length that came from outside.
    ///
    /// # Errors
    /// [`WrongKeyLength`] unless there are exactly 32.
    pub fn parse(bytes: &[u8]) -> Result<Self, WrongKeyLength> {
        bytes.try_into().map(Self).map_err(|_| WrongKeyLength { length: bytes.len() })
    }

    /// The key as it travels.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// A public key of another length than 32 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a public key has 32 bytes, not {length}")]
pub struct WrongKeyLength {
    /// The length that came.
    pub length: usize,
}

/// The other side's public key is of low order: the agreement would be zero whatever our key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the public key is a point of low order")]
pub struct LowOrderPoint;

/// `shared1(label, mine, theirs, inputs..)`: one agreement, hashed with the label and inputs.
///
/// # Errors
/// [`LowOrderPoint`] if the agreement is all zero.
pub fn shared_one(
    label: &str,
    mine: &AgreementPrivateKey,
    theirs: &AgreementPublicKey,
    inputs: &[&[u8]],
) -> Result<SecretKey, LowOrderPoint> {
    let agreed = mine.agree(theirs)?;
    Ok(hash_agreements(label, &[&agreed], inputs))
}

/// `shared3(label, ..)`: ephemeral with ephemeral, Alice's static with Bob's ephemeral, Alice's ephemeral with
/// Bob's static, in that order on both sides; hashed with the label and inputs.
///
/// # Errors
/// [`LowOrderPoint`] if any of the three agreements is all zero.
pub fn shared_three(
    label: &str,
    role: crate::Role,
    my_static: &AgreementPrivateKey,
    my_ephemeral: &AgreementPrivateKey,
    their_static: &AgreementPublicKey,
    their_ephemeral: &AgreementPublicKey,
    inputs: &[&[u8]],
) -> Result<SecretKey, LowOrderPoint> {
    let both_ephemeral = my_ephemeral.agree(their_ephemeral)?;
    let my_static_theirs = my_static.agree(their_ephemeral)?;
    let mine_their_static = my_ephemeral.agree(their_static)?;
    Ok(match role {
        crate::Role::Alice => {
            hash_agreements(label, &[&both_ephemeral, &my_static_theirs, &mine_their_static], inputs)
        }
        crate::Role::Bob => {
            hash_agreements(label, &[&both_ephemeral, &mine_their_static, &my_static_theirs], inputs)
        }
    })
}

fn hash_agreements(label: &str, agreed: &[&SecretKey], inputs: &[&[u8]]) -> SecretKey {
    let all: Vec<&[u8]> =
        agreed.iter().map(|key| key.as_bytes().as_slice()).chain(inputs.iter().copied()).collect();
    SecretKey::from_bytes(hash(label, &all))
}

//! The single-use secret in one of our codes: it proves that a device has seen the code.

use core::fmt;

use p2psync_bramble::{SecretKey, hash, mac};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Sixteen random bytes that stand in one shown code and nowhere else. Wiped on drop, compared in constant
/// time, not printed.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct CodeSecret([u8; Self::BYTES]);

impl CodeSecret {
    /// Length of every secret of this kind.
    pub const BYTES: usize = 16;

    /// A secret from a source of randomness.
    pub fn random(random: &mut dyn rand_core::CryptoRngCore) -> Self {
        let mut bytes = [0; Self::BYTES];
        random.fill_bytes(&mut bytes);
        Self(bytes)
    }

    /// Takes over 16 bytes.
    pub const fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    /// The bytes, as the code shows them.
    pub const fn as_bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }

    /// What the showing device advertises by radio, so that a scanner knows which device to dial:
    /// the first 16 bytes of MAC(`VISIBLE`). Whoever has not seen the code learns nothing from it.
    pub fn visible_nonce(&self) -> [u8; 16] {
        *mac(VISIBLE_LABEL, &self.mac_key(), &[]).first_chunk().expect("a MAC has 32 bytes")
    }

    /// The scanner's proof that it saw the code, over its own payload and the one in the code.
    pub(crate) fn scanner_mac(&self, scanner: &[u8], shower: &[u8]) -> [u8; 32] {
        mac(SCANNER_LABEL, &self.mac_key(), &[scanner, shower])
    }

    /// The 32-byte key that MACs under this secret are made with.
    fn mac_key(&self) -> SecretKey {
        SecretKey::from_bytes(hash(KEY_LABEL, &[&self.0]))
    }
}

impl PartialEq for CodeSecret {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for CodeSecret {}

impl fmt::Debug for CodeSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("CodeSecret(..)")
    }
}

const KEY_LABEL: &str = "org.sahana.p2psync.pair/CODE_SECRET";
const SCANNER_LABEL: &str = "org.sahana.p2psync.pair/SCANNER";
const VISIBLE_LABEL: &str = "org.sahana.p2psync.pair/VISIBLE";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_byte_and_the_advert_is_not_the_secret() {
        let secret = CodeSecret::from_bytes([0xab; 16]);
        assert_eq!(format!("{secret:?}"), "CodeSecret(..)");
        assert_ne!(&secret.visible_nonce(), secret.as_bytes());
        assert_ne!(secret.visible_nonce(), CodeSecret::from_bytes([0xac; 16]).visible_nonce());
    }
}

//! Labelled, length-prefixed BLAKE2b-256: hash, MAC and key derivation (BRAMBLE 1.1).
//!
//! The digest length is 32 in BLAKE2b's parameter block; it is not a BLAKE2b-512 cut short.

use blake2::digest::consts::U32;
use blake2::digest::{Digest as _, FixedOutput, Update};
use blake2::{Blake2b, Blake2bMac};

use crate::SecretKey;

/// A 32-byte hash or MAC.
pub type Digest = [u8; 32];

/// `H(label, inputs..)`: unkeyed BLAKE2b-256 over the length-prefixed label and inputs.
pub fn hash(label: &str, inputs: &[&[u8]]) -> Digest {
    let mut state = Blake2b::<U32>::new();
    absorb(&mut state, label, inputs);
    state.finalize_fixed().into()
}

/// `MAC(label, key, inputs..)`: the same input under `key` as BLAKE2b key, no salt, no personalisation.
/// Compare results with [`subtle::ConstantTimeEq`] where the other side chose one of them.
pub fn mac(label: &str, key: &SecretKey, inputs: &[&[u8]]) -> Digest {
    let mut state = keyed(key);
    absorb(&mut state, label, inputs);
    state.finalize_fixed().into()
}

/// `KDF(label, key, inputs..)`: the MAC, used as a new key.
pub fn derive_key(label: &str, key: &SecretKey, inputs: &[&[u8]]) -> SecretKey {
    SecretKey::from_bytes(mac(label, key, inputs))
}

/// Keyed BLAKE2b-256 over `input` alone: BTP's tags are the only place that uses no label and no lengths.
pub(crate) fn bare_mac(key: &SecretKey, input: &[u8]) -> Digest {
    let mut state = keyed(key);
    Update::update(&mut state, input);
    state.finalize_fixed().into()
}

fn keyed(key: &SecretKey) -> Blake2bMac<U32> {
    Blake2bMac::new_with_salt_and_personal(key.as_bytes(), &[], &[])
        .expect("BLAKE2b takes keys of up to 64 bytes and an empty salt")
}

fn absorb(state: &mut impl Update, label: &str, inputs: &[&[u8]]) {
    absorb_one(state, label.as_bytes());
    for input in inputs {
        absorb_one(state, input);
    }
}

fn absorb_one(state: &mut impl Update, input: &[u8]) {
    let length = u32::try_from(input.len()).expect("inputs to labelled hashes are far below 4 GiB");
    state.update(&length.to_be_bytes());
    state.update(input);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_cannot_run_into_each_other() {
        assert_ne!(hash("l", &[b"ab", b"c"]), hash("l", &[b"a", b"bc"]));
        assert_ne!(hash("l", &[b"ab"]), hash("la", &[b"b"]));
        assert_ne!(hash("l", &[]), hash("l", &[b""]));
    }

    #[test]
    fn a_key_makes_a_difference() {
        let key = SecretKey::from_bytes([7; 32]);
        assert_ne!(mac("l", &key, &[b"x"]), hash("l", &[b"x"]));
        assert_ne!(mac("l", &key, &[b"x"]), mac("l", &SecretKey::from_bytes([8; 32]), &[b"x"]));
        assert_ne!(bare_mac(&key, b"x"), mac("l", &key, &[b"x"]));
    }
}

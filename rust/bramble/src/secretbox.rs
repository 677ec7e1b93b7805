//! NaCl's secretbox, XSalsa20-Poly1305: 16 bytes of MAC, then the ciphertext (BRAMBLE 1.2).

use crypto_secretbox::aead::{AeadInPlace as _, KeyInit as _};
use crypto_secretbox::{Tag, XSalsa20Poly1305};

use crate::SecretKey;

/// Bytes that a box is longer than what is in it.
pub const SECRETBOX_OVERHEAD_BYTES: usize = 16;

/// Length of a nonce.
pub const NONCE_BYTES: usize = 24;

/// A nonce: never used twice with one key.
pub type Nonce = [u8; NONCE_BYTES];

/// Appends the box of `plaintext` to `out`.
pub fn seal(key: &SecretKey, nonce: &Nonce, plaintext: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(&[0; SECRETBOX_OVERHEAD_BYTES]);
    out.extend_from_slice(plaintext);
    let (tag_place, body) = out
        .get_mut(start..)
        .and_then(|written| written.split_first_chunk_mut::<SECRETBOX_OVERHEAD_BYTES>())
        .expect("the MAC's place was just written");
    let tag = XSalsa20Poly1305::new(key.as_bytes().into())
        .encrypt_in_place_detached(nonce.into(), &[], body)
        .expect("XSalsa20 takes any length that fits in memory");
    tag_place.copy_from_slice(&tag);
}

/// Appends what is in `sealed` to `out` and says true; or leaves `out` as it was and says false if the box was
/// not made with this key and nonce, was changed, or is shorter than its MAC.
#[must_use]
pub fn open(key: &SecretKey, nonce: &Nonce, sealed: &[u8], out: &mut Vec<u8>) -> bool {
    let Some((tag, ciphertext)) = sealed.split_first_chunk::<SECRETBOX_OVERHEAD_BYTES>() else {
        return false;
    };
    let start = out.len();
    out.extend_from_slice(ciphertext);
    let body = out.get_mut(start..).expect("the ciphertext was just written");
    let opened = XSalsa20Poly1305::new(key.as_bytes().into())
        .decrypt_in_place_detached(nonce.into(), &[], body, Tag::from_slice(tag))
        .is_ok();
    if !opened {
        out.truncate(start);
    }
    opened
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_box_leaves_nothing_behind() {
        let (key, nonce) = (SecretKey::from_bytes([1; 32]), [2; 24]);
        let mut sealed = vec![9];
        seal(&key, &nonce, b"form", &mut sealed);
        assert_eq!(sealed.len(), 1 + 16 + 4);
        for byte in 1..sealed.len() {
            let mut changed = sealed.clone();
            changed[byte] ^= 0x40;
            let mut out = vec![7];
            assert!(!open(&key, &nonce, &changed[1..], &mut out));
            assert_eq!(out, [7]);
        }
        let mut out = vec![7];
        assert!(open(&key, &nonce, &sealed[1..], &mut out));
        assert_eq!(out, b"\x07form");
        assert!(!open(&key, &nonce, &[0; 15], &mut out));
    }
}

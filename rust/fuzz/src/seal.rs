//! Sealed documents: what comes from anybody, what happens to a good one, and what a sealer without manners puts inside.

use std::io::Read;

use aes::Aes256;
use cfb_mode::Encryptor;
use cfb_mode::cipher::{AsyncStreamCipher as _, KeyIvInit as _};
use data_encoding::HEXLOWER;
use p2psync_seal::{Expired, OpenError, SealOptions, open, seal as seal_document};
use sha1collisiondetection::Sha1CD;

use crate::script::Script;
use crate::server::{NOW, SERVER, genuine};
use crate::wire::Wire;

/// The first byte says what the rest is: a sealed document; a script for a document that is sealed and then disturbed;
/// or the packets inside the encryption.
pub fn seal(data: &[u8]) {
    let mut script = Script::new(data);
    match script.byte() % 3 {
        0 => drop(opened(script.rest())),
        1 => disturbed(script),
        _ => drop(opened(&encrypted(script.rest()))),
    }
}

/// Most content that is taken; the fuzzer's inputs are shorter, and bombs are not.
const LIMIT_BYTES: u64 = 100_000;

/// Pieces do not matter, and nothing is handed over of what fails: it all fits the buffer.
fn opened(sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
    let mut out = Vec::new();
    let result = open(sealed, &SERVER, LIMIT_BYTES, &mut out);
    let mut out_of_pieces = Vec::new();
    let of_pieces = open(Pieces(sealed), &SERVER, LIMIT_BYTES, &mut out_of_pieces);
    assert_eq!((&of_pieces, &out_of_pieces), (&result, &out), "pieces change the document");
    assert!(!matches!(result, Err(OpenError::Read | OpenError::Write(_))), "memory failed: {result:?}");
    match result {
        Ok(length) => assert_eq!(length, out.len() as u64),
        Err(_) => assert!(out.is_empty(), "released before it was authenticated"),
    }
    result.map(|_| out)
}

/// Hands over its bytes in pieces of 1 to 7.
struct Pieces<'a>(&'a [u8]);

impl Read for Pieces<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let length = out.len().min(self.0.len() % 7 + 1);
        let (piece, _) = out.split_at_mut(length);
        self.0.read(piece)
    }
}

/// What was sealed is opened, and what was changed on the way is not opened as something else.
fn disturbed(mut script: Script<'_>) {
    let compress = script.byte().is_multiple_of(2);
    let times = script.byte() % 4;
    let mut disturbance = Script::new(script.bytes(12));
    let content = script.rest();
    let options = SealOptions { expired: Expired::Refuse, compress };
    let sealed = seal_document(content, genuine(), options, NOW).expect("the certificate is good");
    let mut wire = Wire::default();
    wire.send(0, &sealed);
    for _ in 0..times {
        wire.disturb(1, &mut disturbance);
    }
    let is_whole = wire.is_undisturbed();
    match opened(&wire.take(1, usize::MAX)) {
        Ok(opened) => assert_eq!(opened, content, "a changed document is opened as another"),
        Err(error) => assert!(!is_whole, "{error}"),
    }
}

/// `packets` as encrypted data of version 1 (RFC 9580, section 5.13.1), under a session key that the server has.
fn encrypted(packets: &[u8]) -> Vec<u8> {
    // Sixteen bytes, of which the last two are there twice; then the packets; then the header of what authenticates.
    let mut inside = [&[0; 18][..], packets, &[0xd3, 0x14]].concat();
    let mut hash = Sha1CD::default();
    hash.update(&inside);
    inside.extend_from_slice(&hash.finalize_cd().expect("nobody makes collisions here"));
    Encryptor::<Aes256>::new(&[SESSION_KEY_BYTE; 32].into(), &[0; 16].into()).encrypt(&mut inside);
    let length = u32::try_from(1 + inside.len()).expect("an input of the fuzzer is short").to_be_bytes();
    let sealed_key = HEXLOWER.decode(SEALED_KEY.as_bytes()).expect("the digits below are hex");
    [sealed_key.as_slice(), &[0xd2, 255], &length, &[1], &inside].concat()
}

const SESSION_KEY_BYTE: u8 = 7;

/// The packet that seals the session key, 32 bytes of [`SESSION_KEY_BYTE`], to the certificate of the vectors.
const SEALED_KEY: &str = "c15e03599b981732d17e3d1201074029bb29d07fecee27113a4bd7c3090201fca86fcf7e1fc9e15c\
    16e989cf48bd5e30077aa3a5da175d4ca7a83c0c5532c4ab1a70ede643d0263157d2a90d9217e0038833ae42f4ca0c3497857e595e26b086";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encrypted_here_reaches_the_inside() {
        let literal = [&[0xcb, 12, b'b', 0, 0, 0, 0, 0][..], b"a form"].concat();
        assert_eq!(opened(&encrypted(&literal)), Ok(b"a form".to_vec()));
        assert_eq!(opened(&encrypted(&literal.repeat(2))), Err(OpenError::Tampered));
    }
}

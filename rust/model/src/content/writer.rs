//! Writes content as its body comes.

use p2psync_bramble::SigningKey;

use super::{ContentHash, PREFIX_BYTES};
use crate::{GroupId, Header};

/// Content on its way out: the header was written, the body passes through, the trailer comes last. Holds no byte of
/// the body.
#[derive(Debug)]
pub struct ContentWriter {
    hash: ContentHash,
}

impl ContentWriter {
    /// Appends the header to `out`.
    pub fn start(group: GroupId, header: &Header, out: &mut Vec<u8>) -> Self {
        let encoded = header.encode();
        let length = u32::try_from(encoded.len()).expect("a header has at most 64 KiB");
        let mut writer = Self { hash: ContentHash::new(group) };
        out.reserve(PREFIX_BYTES + encoded.len());
        writer.body(&length.to_be_bytes(), out);
        writer.body(&encoded, out);
        writer
    }

    /// Appends the next piece of the body to `out`.
    pub fn body(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        self.hash.update(piece);
        out.extend_from_slice(piece);
    }

    /// Appends the trailer to `out`: the public key of `device`, and its signature over all that was written.
    pub fn finish(self, device: &SigningKey, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.hash.sign(device));
    }
}

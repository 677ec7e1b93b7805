//! The content of a document: a header, the body, and the signature of the device that made it. Where a document is
//! sealed, all of this is inside the sealing.

mod reader;
mod stream;
mod writer;

pub use reader::{ContentError, ContentReader, Part};
pub use stream::{ContentStream, ContentStreamError};
pub use writer::ContentWriter;

use p2psync_bramble::{SecretKey, Signature, SigningKey, VerifyingKey, mac};
use sha2::{Digest as _, Sha256};

use crate::{Attributes, GroupId, Header, Protection};

/// Length of what follows the body: the device's key and its signature.
pub const TRAILER_BYTES: usize = VerifyingKey::BYTES + Signature::BYTES;

/// Length of what precedes the header: its length.
pub const PREFIX_BYTES: usize = 4;

/// Recognises content that was put before, whatever it was sealed to look like and whenever it was put. Feed it the
/// body in any pieces.
#[derive(Clone, Debug)]
pub struct Duplicates(Sha256);

impl Duplicates {
    /// Begins with everything that makes a document another one: its header without the date, who it is sealed to,
    /// and its parents. Salt, priority and expiry do not.
    pub fn new(header: &Header, attributes: &Attributes) -> Self {
        let destination = match &attributes.protection {
            Protection::Open { .. } => &[],
            Protection::Sealed { destination } => destination.as_bytes(),
        };
        let parents = crate::chunk::concatenated(attributes.parents.ids());
        let mut state = Sha256::new();
        for part in [&header.without_date().encode(), destination, &parents] {
            absorb_counted(&mut state, part);
        }
        Self(state)
    }

    /// Adds the next piece of the body.
    pub fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// The key to look under: it says nothing of the content to who does not have the store's `secret`.
    pub fn finish(self, secret: &SecretKey) -> [u8; 32] {
        mac(DUPLICATES_LABEL, secret, &[&self.0.finalize()])
    }
}

/// Hashes content, without its trailer, for the device's signature. The group is part of it, so that no document can
/// be moved to another deployment.
#[derive(Clone, Debug)]
struct ContentHash(Sha256);

impl ContentHash {
    fn new(group: GroupId) -> Self {
        let mut state = Sha256::new();
        absorb_counted(&mut state, CONTENT_LABEL.as_bytes());
        state.update(group.as_bytes());
        Self(state)
    }

    fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn sign(self, key: &SigningKey) -> [u8; TRAILER_BYTES] {
        let signature = key.sign(SIGNATURE_LABEL, &self.0.finalize());
        let mut trailer = [0; TRAILER_BYTES];
        let (front, back) = trailer.split_at_mut(VerifyingKey::BYTES);
        front.copy_from_slice(key.verifying_key().as_bytes());
        back.copy_from_slice(signature.as_bytes());
        trailer
    }

    fn verify(self, trailer: &[u8; TRAILER_BYTES]) -> Result<VerifyingKey, p2psync_bramble::BadSignature> {
        let (key, signature) = trailer.split_first_chunk().expect("a trailer begins with a key");
        let signature = signature.try_into().expect("a trailer ends with a signature");
        let key = VerifyingKey::from_bytes(*key);
        key.verify(SIGNATURE_LABEL, &self.0.finalize(), &Signature::from_bytes(signature)).map(|()| key)
    }
}

fn absorb_counted(state: &mut Sha256, part: &[u8]) {
    let length = u32::try_from(part.len()).expect("headers and lists of parents are short");
    state.update(length.to_be_bytes());
    state.update(part);
}

const CONTENT_LABEL: &str = "org.sahana.p2psync.model/CONTENT";
const SIGNATURE_LABEL: &str = "org.sahana.p2psync.model/DEVICE_SIGNATURE";
const DUPLICATES_LABEL: &str = "org.sahana.p2psync.model/DUPLICATES";

#[cfg(test)]
mod tests;

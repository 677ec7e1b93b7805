//! Sealed values: what stands in a row is encrypted, padded and bound to its place.

use chacha20poly1305::aead::AeadInPlace;
use chacha20poly1305::{KeyInit, Tag, XChaCha20Poly1305, XNonce};
use p2psync_bramble::{SecretKey, derive_key, mac};
use p2psync_model::MESSAGE_BODY_BYTES_MAX;
use rand_core::CryptoRngCore;
use zeroize::Zeroizing;

use crate::Error;

/// Length of the keyed hash that stands for an id on disk.
pub(crate) const ROW_KEY_BYTES: usize = 16;

/// Stands for an id on disk. Who lacks the store's key learns from it only that two rows are about the same thing.
pub(crate) type RowKey = [u8; ROW_KEY_BYTES];

/// Bytes that a sealed value has more than its padded content: nonce and tag.
pub(crate) const SEALED_OVERHEAD_BYTES: usize = NONCE_BYTES + TAG_BYTES;

/// The column that a sealed value stands in. The numbers are on disk and never change their meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Column {
    DocumentHeader = 1,
    DocumentBody = 2,
    DocumentChunks = 3,
    ChunkBody = 4,
    StatementBody = 5,
    SummaryDigest = 6,
    PeerBody = 7,
    SettingBody = 8,
    DeliveryBody = 9,
    MeetingBody = 10,
    WaitingParent = 11,
    AuthorUsage = 12,
    RejectionReason = 13,
}

/// The keys that follow from the store's one key, and what is done with them.
#[derive(Debug)]
pub(crate) struct Vault {
    index: SecretKey,
    guard: SecretKey,
    values: SecretKey,
    duplicates: SecretKey,
    /// How many values were opened.
    #[cfg(test)]
    pub(crate) opened: core::cell::Cell<u32>,
}

impl Vault {
    /// Derives all keys from the store's.
    pub(crate) fn new(store_key: &SecretKey) -> Self {
        let derive = |label| derive_key(label, store_key, &[]);
        Self {
            index: derive("org.sahana.p2psync.store/INDEX"),
            guard: derive("org.sahana.p2psync.store/GUARD"),
            values: derive("org.sahana.p2psync.store/VALUES"),
            duplicates: derive("org.sahana.p2psync.store/DUPLICATES"),
            #[cfg(test)]
            opened: core::cell::Cell::default(),
        }
    }

    /// What stands for `id` in the tables of `kind`.
    pub(crate) fn row_key(&self, kind: &str, id: &[u8]) -> RowKey {
        *mac(kind, &self.index, &[id]).first_chunk().expect("a MAC has 32 bytes")
    }

    /// A MAC over the plain columns of a row, so that damage to them does not pass for truth.
    pub(crate) fn guard(&self, columns: &[&[u8]]) -> RowKey {
        *mac("row", &self.guard, columns).first_chunk().expect("a MAC has 32 bytes")
    }

    /// The key under which the content of one's own documents is hashed, to find repetitions.
    pub(crate) const fn duplicates_key(&self) -> &SecretKey {
        &self.duplicates
    }

    /// Nonce, then the content with padding and its length, encrypted, then the tag.
    pub(crate) fn seal(
        &self,
        column: Column,
        row: &[u8],
        plain: &[u8],
        random: &mut dyn CryptoRngCore,
    ) -> Vec<u8> {
        let mut nonce = [0; NONCE_BYTES];
        random.fill_bytes(&mut nonce);
        self.seal_with(&nonce, column, row, plain)
    }

    /// The same with a nonce that follows from place and content: who sees two of them sees whether they are equal.
    pub(crate) fn seal_repeatably(&self, column: Column, row: &[u8], plain: &[u8]) -> Vec<u8> {
        let nonce = mac("nonce", &self.guard, &[&[column as u8], row, plain]);
        let nonce = nonce.first_chunk().expect("a MAC has 32 bytes");
        self.seal_with(nonce, column, row, plain)
    }

    fn seal_with(&self, nonce: &[u8; NONCE_BYTES], column: Column, row: &[u8], plain: &[u8]) -> Vec<u8> {
        let length = u32::try_from(plain.len()).expect("values are bounded far below 4 GiB");
        let padded = stored_bytes(plain.len());
        let mut sealed = Vec::with_capacity(padded + SEALED_OVERHEAD_BYTES);
        sealed.extend_from_slice(nonce);
        sealed.extend_from_slice(plain);
        sealed.resize(NONCE_BYTES + padded - LENGTH_BYTES, 0);
        sealed.extend_from_slice(&length.to_be_bytes());
        let (_, content) = sealed.split_at_mut(NONCE_BYTES);
        let tag = self
            .cipher()
            .encrypt_in_place_detached(XNonce::from_slice(nonce), &associated(column, row), content)
            .expect("values are far below the cipher's 256 GiB");
        sealed.extend_from_slice(&tag);
        sealed
    }

    /// The content of what [`Self::seal`] made for the same column and row.
    ///
    /// # Errors
    /// [`Error::Damaged`] for anything else.
    pub(crate) fn open(
        &self,
        column: Column,
        row: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        const DAMAGED: Error = Error::Damaged("a sealed value");
        #[cfg(test)]
        self.opened.set(self.opened.get() + 1);
        let (nonce, rest) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or(DAMAGED)?;
        let (content, tag) = rest.split_last_chunk::<TAG_BYTES>().ok_or(DAMAGED)?;
        let mut content = Zeroizing::new(content.to_vec());
        self.cipher()
            .decrypt_in_place_detached(
                XNonce::from_slice(nonce),
                &associated(column, row),
                &mut content,
                Tag::from_slice(tag),
            )
            .map_err(|_| DAMAGED)?;
        let length = *content.last_chunk::<LENGTH_BYTES>().ok_or(DAMAGED)?;
        let end = usize::try_from(u32::from_be_bytes(length)).map_err(|_| DAMAGED)?;
        if end > content.len() - LENGTH_BYTES {
            return Err(DAMAGED);
        }
        content.truncate(end);
        Ok(content)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(self.values.as_bytes().into())
    }
}

/// Padmé (Nikitin et al., `PoPETs` 2019): the length is rounded up so that its lowest bits are zero, at most 12 %
/// more, and shows only as many bits as the logarithm of its logarithm.
pub(crate) const fn padded_bytes(length: usize) -> usize {
    if length < 4 {
        return length;
    }
    let exponent = length.ilog2();
    let kept = exponent.ilog2() + 1;
    let mask = (1_usize << (exponent - kept)) - 1;
    (length + mask) & !mask
}

/// Length and padding included. The longest body of a message is not padded further: nearly all chunks have it.
const fn stored_bytes(length: usize) -> usize {
    let padded = padded_bytes(LENGTH_BYTES + length);
    let longest = LENGTH_BYTES + MESSAGE_BODY_BYTES_MAX;
    if LENGTH_BYTES + length <= longest && padded > longest { longest } else { padded }
}

const FORMAT_VERSION: u8 = 1;
const LENGTH_BYTES: usize = 4;
const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;

fn associated(column: Column, row: &[u8]) -> Vec<u8> {
    let mut associated = vec![FORMAT_VERSION, column as u8];
    associated.extend_from_slice(row);
    associated
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    #[test]
    fn a_value_opens_in_its_own_place_only() {
        let mut random = ChaCha20Rng::seed_from_u64(1);
        let vault = Vault::new(&SecretKey::from_bytes([7; 32]));
        let sealed = vault.seal(Column::ChunkBody, b"row", b"content", &mut random);
        assert_eq!(**vault.open(Column::ChunkBody, b"row", &sealed).unwrap(), *b"content");
        assert!(vault.open(Column::ChunkBody, b"other", &sealed).is_err());
        assert!(vault.open(Column::DocumentBody, b"row", &sealed).is_err());
        let other = Vault::new(&SecretKey::from_bytes([8; 32]));
        assert!(other.open(Column::ChunkBody, b"row", &sealed).is_err());
    }

    #[test]
    fn every_bit_and_every_length_counts() {
        let mut random = ChaCha20Rng::seed_from_u64(2);
        let vault = Vault::new(&SecretKey::from_bytes([7; 32]));
        let sealed = vault.seal(Column::PeerBody, b"row", b"", &mut random);
        for bit in 0..sealed.len() * 8 {
            let mut altered = sealed.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            assert!(vault.open(Column::PeerBody, b"row", &altered).is_err(), "bit {bit}");
        }
        for length in 0..sealed.len() {
            assert!(vault.open(Column::PeerBody, b"row", &sealed[..length]).is_err(), "length {length}");
        }
    }

    #[test]
    fn lengths_are_rounded_as_in_the_paper() {
        for (length, padded) in
            [(0, 0), (1, 1), (2, 2), (9, 10), (100, 104), (1_000, 1_024), (32_768, 32_768)]
        {
            assert_eq!(padded_bytes(length), padded, "{length}");
        }
        for length in 1..100_000 {
            let padded = padded_bytes(length);
            assert!(padded >= length && padded * 100 <= length * 112 + 100, "{length} -> {padded}");
        }
    }

    #[test]
    fn a_full_chunk_is_not_padded_and_longer_values_are() {
        assert_eq!(stored_bytes(MESSAGE_BODY_BYTES_MAX), MESSAGE_BODY_BYTES_MAX + 4);
        assert_eq!(stored_bytes(MESSAGE_BODY_BYTES_MAX - 3), MESSAGE_BODY_BYTES_MAX + 4);
        assert_eq!(stored_bytes(MESSAGE_BODY_BYTES_MAX + 1), padded_bytes(MESSAGE_BODY_BYTES_MAX + 5));
    }

    #[test]
    fn what_is_sealed_repeatably_differs_by_place_and_content() {
        let vault = Vault::new(&SecretKey::from_bytes([7; 32]));
        let sealed = vault.seal_repeatably(Column::AuthorUsage, b"row", b"content");
        assert_eq!(sealed, vault.seal_repeatably(Column::AuthorUsage, b"row", b"content"));
        for (row, plain) in [(b"row", b"contend"), (b"raw", b"content")] {
            assert_ne!(sealed[..24], vault.seal_repeatably(Column::AuthorUsage, row, plain)[..24]);
        }
        assert_eq!(**vault.open(Column::AuthorUsage, b"row", &sealed).unwrap(), *b"content");
    }

    #[test]
    fn the_same_id_has_another_key_in_each_kind_of_table() {
        let vault = Vault::new(&SecretKey::from_bytes([7; 32]));
        assert_ne!(vault.row_key("document", b"id"), vault.row_key("chunk", b"id"));
        assert_eq!(vault.row_key("document", b"id"), vault.row_key("document", b"id"));
    }
}

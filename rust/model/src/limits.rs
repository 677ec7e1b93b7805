//! How much a device takes: a deployment's own limits, within those of the formats.

use crate::DOCUMENT_BYTES_MAX;

/// The limits of a deployment on one device. One's own documents always have at least half of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    document_bytes_max: u64,
    store_bytes_max: u64,
    own_share_percent: u8,
    peer_bytes_max: u64,
    peer_documents_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            document_bytes_max: 16 << 20,
            store_bytes_max: 1 << 30,
            own_share_percent: OWN_SHARE_PERCENT_MIN,
            peer_bytes_max: 128 << 20,
            peer_documents_max: 10_000,
        }
    }
}

impl Limits {
    /// Another limit on one document: 1 byte to [`DOCUMENT_BYTES_MAX`], and no more than the store.
    ///
    /// # Errors
    /// [`LimitsError`].
    pub const fn with_document_bytes_max(self, bytes: u64) -> Result<Self, LimitsError> {
        Self { document_bytes_max: bytes, ..self }.checked()
    }

    /// Another limit on the whole store.
    ///
    /// # Errors
    /// [`LimitsError`].
    pub const fn with_store_bytes_max(self, bytes: u64) -> Result<Self, LimitsError> {
        Self { store_bytes_max: bytes, ..self }.checked()
    }

    /// Another share for one's own documents: [`OWN_SHARE_PERCENT_MIN`] to 100.
    ///
    /// # Errors
    /// [`LimitsError`].
    pub const fn with_own_share_percent(self, percent: u8) -> Result<Self, LimitsError> {
        Self { own_share_percent: percent, ..self }.checked()
    }

    /// Other limits on what is kept from one peer.
    ///
    /// # Errors
    /// [`LimitsError`].
    pub const fn with_peer_max(self, bytes: u64, documents: u32) -> Result<Self, LimitsError> {
        Self { peer_bytes_max: bytes, peer_documents_max: documents, ..self }.checked()
    }

    /// Longest content of a document that is made or taken here.
    pub const fn document_bytes_max(&self) -> u64 {
        self.document_bytes_max
    }

    /// Most bytes of documents.
    pub const fn store_bytes_max(&self) -> u64 {
        self.store_bytes_max
    }

    /// Part of the store that only one's own documents may fill, in bytes.
    pub const fn own_bytes_reserved(&self) -> u64 {
        // In this order nothing is over 64 bits, and a store of less than 100 bytes is of no use anyway.
        self.store_bytes_max / 100 * self.own_share_percent as u64
    }

    /// Most bytes that others' documents may fill together.
    pub const fn foreign_bytes_max(&self) -> u64 {
        self.store_bytes_max - self.own_bytes_reserved()
    }

    /// Most bytes from one peer.
    pub const fn peer_bytes_max(&self) -> u64 {
        self.peer_bytes_max
    }

    /// Most documents from one peer.
    pub const fn peer_documents_max(&self) -> u32 {
        self.peer_documents_max
    }

    const fn checked(self) -> Result<Self, LimitsError> {
        if self.document_bytes_max == 0 || self.document_bytes_max > DOCUMENT_BYTES_MAX {
            Err(LimitsError::Document)
        } else if self.store_bytes_max < self.document_bytes_max {
            Err(LimitsError::Store)
        } else if self.own_share_percent < OWN_SHARE_PERCENT_MIN || self.own_share_percent > 100 {
            Err(LimitsError::OwnShare)
        } else {
            Ok(self)
        }
    }
}

/// Smallest share of the store for one's own documents.
pub const OWN_SHARE_PERCENT_MIN: u8 = 50;

/// The caller's limits do not fit together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LimitsError {
    /// No document, or larger ones than there can be.
    #[error("documents may be limited to 1 to {DOCUMENT_BYTES_MAX} bytes")]
    Document,
    /// The store would not hold one document.
    #[error("the store must hold one document of the largest size")]
    Store,
    /// Too little for one's own documents, or more than all.
    #[error("one's own documents have {OWN_SHARE_PERCENT_MIN} to 100 percent of the store")]
    OwnShare,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_fit_together() {
        let limits = Limits::default();
        assert_eq!(limits.checked(), Ok(limits));
        assert_eq!(limits.with_document_bytes_max(0), Err(LimitsError::Document));
        assert_eq!(limits.with_document_bytes_max(DOCUMENT_BYTES_MAX + 1), Err(LimitsError::Document));
        assert!(limits.with_document_bytes_max(DOCUMENT_BYTES_MAX).is_ok());
        assert_eq!(limits.with_store_bytes_max((16 << 20) - 1), Err(LimitsError::Store));
        assert_eq!(limits.with_own_share_percent(49), Err(LimitsError::OwnShare));
        assert_eq!(limits.with_own_share_percent(101), Err(LimitsError::OwnShare));
    }

    #[test]
    fn others_never_have_more_than_half() {
        for (store, percent) in [(16 << 20, 50), (1 << 30, 73), (u64::MAX, 100), (u64::MAX, 50)] {
            let limits = Limits::default().with_store_bytes_max(store).unwrap();
            let limits = limits.with_own_share_percent(percent).unwrap();
            assert!(limits.foreign_bytes_max() <= store / 2 + 100);
            assert_eq!(limits.own_bytes_reserved() + limits.foreign_bytes_max(), store);
        }
        let limits = Limits::default().with_peer_max(5, 6).unwrap();
        assert_eq!((limits.peer_bytes_max(), limits.peer_documents_max()), (5, 6));
    }
}

//! How much is kept, and for whom.

/// Bounds on what the store holds. Documents of others never take more than `others_bytes_max`, so the rest of the
/// disk's share stays free for those of one's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreLimits {
    /// Most bytes of documents in all, padded sizes.
    pub bytes_max: u64,
    /// Most bytes of the documents that peers brought. At most half of `bytes_max` counts, whatever is given.
    pub others_bytes_max: u64,
    /// Most bytes that one peer may have brought.
    pub peer_bytes_max: u64,
    /// Most documents that one peer may have brought.
    pub peer_documents_max: u32,
    /// Most documents of one peer that are not whole yet.
    pub peer_partial_max: u32,
    /// Most bytes of one author's documents that peers brought, of those whose author can be seen.
    pub author_bytes_max: u64,
    /// Most such documents.
    pub author_documents_max: u32,
    /// Longest content of a document.
    pub document_bytes_max: u64,
    /// Most documents that wait for parents.
    pub waiting_max: u32,
    /// Days that the content of a document of one's own is kept after its receipt.
    pub own_grace_days: u32,
}

impl StoreLimits {
    /// What peers' documents may take in all.
    pub(crate) fn others_bytes(&self) -> u64 {
        self.others_bytes_max.min(self.bytes_max / 2)
    }
}

impl Default for StoreLimits {
    fn default() -> Self {
        Self {
            bytes_max: 8 << 30,
            others_bytes_max: 4 << 30,
            peer_bytes_max: 1 << 30,
            peer_documents_max: 100_000,
            peer_partial_max: 1_000,
            author_bytes_max: 1 << 30,
            author_documents_max: 100_000,
            document_bytes_max: 16 << 20,
            waiting_max: 10_000,
            own_grace_days: 7,
        }
    }
}

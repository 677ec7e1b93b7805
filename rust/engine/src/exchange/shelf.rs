//! The store as a session sees it.

use p2psync_bramble::SecretKey;
use p2psync_model::{ChunkId, DocumentId, Message, MessageId};
use p2psync_store::{Collection, Offered, Store};
use p2psync_sync::{Bucket, Catalogue, CatalogueError, Entry, Set, Shelf, Shelved};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;
use rand_core::CryptoRngCore;

use crate::Error;

/// What a session keeps between two looks at the store.
#[derive(Debug)]
pub(crate) struct Reading {
    random: ChaCha20Rng,
    /// The document whose chunks were asked for last, and these.
    chunks_of: Option<(DocumentId, Vec<ChunkId>)>,
}

/// The store, lent for one call.
pub(crate) struct StoreShelf<'a> {
    store: &'a mut Store,
    reading: &'a mut Reading,
    /// Why the store failed, if it did.
    failure: &'a mut Option<Error>,
}

impl Reading {
    /// Randomness of its own: reading may write what was computed, and is asked for where no randomness is at hand.
    pub(crate) fn new(random: &mut dyn CryptoRngCore) -> Self {
        let seed = SecretKey::random(random);
        Self { random: ChaCha20Rng::from_seed(*seed.as_bytes()), chunks_of: None }
    }

    pub(crate) const fn shelf<'a>(
        &'a mut self,
        store: &'a mut Store,
        failure: &'a mut Option<Error>,
    ) -> StoreShelf<'a> {
        StoreShelf { store, reading: self, failure }
    }
}

impl StoreShelf<'_> {
    fn checked<T>(&mut self, result: Result<T, p2psync_store::Error>) -> Result<T, CatalogueError> {
        result.map_err(|error| {
            *self.failure = Some(error.into());
            CatalogueError
        })
    }
}

impl Catalogue for StoreShelf<'_> {
    fn buckets(&mut self, set: Set) -> Result<Vec<Bucket>, CatalogueError> {
        let buckets = self.store.buckets(collection(set), &mut self.reading.random);
        let bucket = |bucket: p2psync_store::Bucket| {
            let p2psync_store::Bucket { number, count, digest } = bucket;
            Bucket { number, count, digest }
        };
        Ok(self.checked(buckets)?.into_iter().map(bucket).collect())
    }

    fn entries(&mut self, set: Set, bucket: u64) -> Result<Vec<Entry>, CatalogueError> {
        let offered = self.store.offered_in_bucket(collection(set), bucket);
        Ok(self.checked(offered)?.into_iter().map(entry).collect())
    }
}

impl Shelf for StoreShelf<'_> {
    fn message(&mut self, id: &MessageId) -> Result<Option<Shelved>, CatalogueError> {
        let message = self.store.offered_message(id.as_bytes());
        Ok(self.checked(message)?.map(shelved))
    }

    fn chunk(&mut self, document: &DocumentId, chunk: &ChunkId) -> Result<Option<Shelved>, CatalogueError> {
        if !matches!(&self.reading.chunks_of, Some((id, _)) if id == document) {
            let mut chunks = self.checked(self.store.offered_chunks(document))?.unwrap_or_default();
            chunks.sort_unstable();
            self.reading.chunks_of = Some((*document, chunks));
        }
        let chunks = self.reading.chunks_of.as_ref().map(|(_, chunks)| chunks.as_slice());
        if chunks.is_none_or(|chunks| chunks.binary_search(chunk).is_err()) {
            return Ok(None);
        }
        match self.store.chunk(chunk) {
            Err(p2psync_store::Error::NotFound) => Ok(None),
            other => self.checked(other).map(|message| Some(shelved(message))),
        }
    }
}

/// An offered message, as the session sees it.
pub(crate) const fn entry(offered: Offered) -> Entry {
    let Offered { id, timestamp_ms, content_bytes, priority } = offered;
    Entry { id: MessageId::from_bytes(id), timestamp_ms, bytes: content_bytes, priority }
}

const fn collection(set: Set) -> Collection {
    match set {
        Set::Documents => Collection::Documents,
        Set::Statements => Collection::Statements,
    }
}

fn shelved(message: Message) -> Shelved {
    Shelved { timestamp_ms: message.timestamp_ms(), body: message.into_body() }
}

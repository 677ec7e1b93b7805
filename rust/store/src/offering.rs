//! What peers are given: the documents and statements of the two sets that they compare, and the chunks of such
//! documents. Nothing else is here for them, whether it is here or not.

use p2psync_bramble::Digest;
use p2psync_model::{Body, ChunkId, DocumentId, Message, Priority};
use rand_core::CryptoRngCore;

use crate::batch::Batch;
use crate::chunk::read_chunks;
use crate::facts::{DOCUMENT, Facts, Header};
use crate::summary::{self, Collection};
use crate::{Error, Store};

/// A message that peers are offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offered {
    /// The document's id, or the hash of what was signed.
    pub id: Digest,
    /// The message's timestamp.
    pub timestamp_ms: u64,
    /// Length of the content; 0 for statements.
    pub content_bytes: u64,
    /// What goes first.
    pub priority: Priority,
}

impl Store {
    /// The messages of a bucket, in no order.
    ///
    /// # Errors
    /// [`Error::OutOfBounds`], [`Error::Damaged`], [`Error::Disk`].
    pub fn offered_in_bucket(&self, collection: Collection, number: u64) -> Result<Vec<Offered>, Error> {
        match collection {
            Collection::Documents => {
                let number = i64::try_from(number).map_err(|_| Error::OutOfBounds("a bucket"))?;
                summary::offered_documents(&self.connection, &self.vault, number)
            }
            Collection::Statements => {
                let statements = self.ids_in_bucket(collection, number)?;
                Ok(statements
                    .into_iter()
                    .map(|(id, timestamp_ms)| Offered::statement(id, timestamp_ms))
                    .collect())
            }
        }
    }

    /// A document as a member of its set; `None` if it is not offered.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Disk`].
    pub fn offered(&self, id: &DocumentId) -> Result<Option<Offered>, Error> {
        let Some(facts) = self.offered_facts(id)? else { return Ok(None) };
        let header = Header::find(&self.connection, &self.vault, &facts)?;
        Ok(Some(Offered::document(&facts, &header)))
    }

    /// A statement as a member of its set, by the hash of what was signed; `None` if it is not here.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Disk`].
    pub fn offered_statement(&self, identity: &Digest) -> Result<Option<Offered>, Error> {
        match self.statement(identity) {
            Err(Error::NotFound) => Ok(None),
            other => other.map(|message| Some(Offered::statement(*identity, message.timestamp_ms()))),
        }
    }

    /// The receipt that confirms a document, as a member of its set; `None` if there is none.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Disk`].
    pub fn receipt_of(&self, id: &DocumentId) -> Result<Option<Offered>, Error> {
        let Some(message) = self.receipt_for(id)? else { return Ok(None) };
        let Ok(Body::Receipt(signed)) = Body::decode(&message) else {
            return Err(Error::Damaged("a receipt"));
        };
        Ok(Some(Offered::statement(signed.body().body_hash(), message.timestamp_ms())))
    }

    /// The message of an offered document, or of a statement by the hash of what was signed.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Disk`].
    pub fn offered_message(&self, id: &Digest) -> Result<Option<Message>, Error> {
        let document = DocumentId::from_bytes(*id);
        if self.offered_facts(&document)?.is_some() {
            return self.document_message(&document).map(Some);
        }
        match self.statement(id) {
            Err(Error::NotFound) => Ok(None),
            other => other.map(Some),
        }
    }

    /// The chunks of an offered document, those of its index among them; `None` if it is not offered.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Disk`].
    pub fn offered_chunks(&self, id: &DocumentId) -> Result<Option<Vec<ChunkId>>, Error> {
        let Some(facts) = self.offered_facts(id)? else { return Ok(None) };
        read_chunks(&self.connection, &self.vault, facts.row).map(Some)
    }

    fn offered_facts(&self, id: &DocumentId) -> Result<Option<Facts>, Error> {
        let key = self.vault.row_key(DOCUMENT, id.as_bytes());
        Ok(Facts::find(&self.connection, &self.vault, &key)?.filter(Facts::is_offered))
    }
}

impl Batch<'_> {
    /// Replaces what the caller keeps with a document ([`crate::NewDocument::info`]): when more of it is known.
    ///
    /// # Errors
    /// [`Error::OutOfBounds`] over [`crate::INFO_BYTES_MAX`], [`Error::NotFound`], [`Error::Full`], [`Error::Disk`].
    pub fn describe(
        &mut self,
        id: &DocumentId,
        info: &[u8],
        random: &mut dyn CryptoRngCore,
    ) -> Result<(), Error> {
        self.usable()?;
        if info.len() > crate::INFO_BYTES_MAX {
            return Err(Error::OutOfBounds("the description of a document"));
        }
        let key = self.vault.row_key(DOCUMENT, id.as_bytes());
        let (facts, mut header) = self.find(&key)?.ok_or(Error::NotFound)?;
        header.info = info.to_vec();
        self.complete(|batch| header.update(batch.connection, batch.vault, &facts, random))
    }
}

impl Offered {
    pub(crate) fn document(facts: &Facts, header: &Header) -> Self {
        Self {
            id: *header.id.as_bytes(),
            timestamp_ms: header.timestamp_ms,
            content_bytes: header.content_bytes,
            priority: facts.priority,
        }
    }

    const fn statement(id: Digest, timestamp_ms: u64) -> Self {
        Self { id, timestamp_ms, content_bytes: 0, priority: Priority::Normal }
    }
}

//! What documents say, going out: to the app, to peers, to the server.

use p2psync_bramble::Digest;
use p2psync_model::{ChunkId, DocumentId, Message};
use rusqlite::params;

use crate::chunk::{CHUNK, read_chunks};
use crate::facts::{DOCUMENT, Facts, Header};
use crate::vault::Column;
use crate::{Error, Store};

impl Store {
    /// The message of a document, partial or not, or of a statement by the hash of what was signed: what a peer is
    /// sent that asks for an id from [`Store::ids_in_bucket`].
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Damaged`], [`Error::Disk`].
    pub fn message(&self, id: &Digest) -> Result<Message, Error> {
        match self.document_message(&DocumentId::from_bytes(*id)) {
            Err(Error::NotFound) => self.statement(id),
            other => other,
        }
    }

    /// The message of a document, partial or not. Its sealing is bound to the id, which was computed when it came.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Damaged`], [`Error::Disk`].
    pub fn document_message(&self, id: &DocumentId) -> Result<Message, Error> {
        let key = self.vault.row_key(DOCUMENT, id.as_bytes());
        let mut query = self.connection.prepare_cached("SELECT header, body FROM document WHERE key = ?1")?;
        let (header, body): (Vec<u8>, Vec<u8>) =
            query.query_row([key], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let header = Header::open(&self.vault, &key, &header)?;
        let mut body = self.vault.open(Column::DocumentBody, &key, &body)?;
        self.restore(header.timestamp_ms, core::mem::take(&mut *body))
    }

    /// The message of a chunk. Its sealing is bound to the id, which was computed when it came.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Damaged`], [`Error::Disk`].
    pub fn chunk(&self, id: &ChunkId) -> Result<Message, Error> {
        let key = self.vault.row_key(CHUNK, id.as_bytes());
        let mut query = self.connection.prepare_cached("SELECT body FROM chunk WHERE key = ?1")?;
        let mut rows = query.query([key])?;
        let row = rows.next()?.ok_or(Error::NotFound)?;
        let sealed = row.get_ref(0)?.as_blob().map_err(|_| Error::Damaged("a column"))?;
        let mut body = self.vault.open(Column::ChunkBody, &key, sealed)?;
        self.restore(0, core::mem::take(&mut *body))
    }

    /// The chunks that are known of a document, in order; none if its content is in the message.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Damaged`], [`Error::Disk`].
    pub fn chunks(&self, id: &DocumentId) -> Result<Vec<ChunkId>, Error> {
        let key = self.vault.row_key(DOCUMENT, id.as_bytes());
        let facts = Facts::find(&self.connection, &self.vault, &key)?.ok_or(Error::NotFound)?;
        read_chunks(&self.connection, &self.vault, facts.row)
    }

    /// Known chunks of a document that are not here, in order, at most `count_max`.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Damaged`], [`Error::Disk`].
    pub fn missing_chunks(&self, id: &DocumentId, count_max: u32) -> Result<Vec<ChunkId>, Error> {
        let key = self.vault.row_key(DOCUMENT, id.as_bytes());
        let facts = Facts::find(&self.connection, &self.vault, &key)?.ok_or(Error::NotFound)?;
        let chunks = read_chunks(&self.connection, &self.vault, facts.row)?;
        let mut query = self
            .connection
            .prepare_cached("SELECT position FROM missing WHERE document = ?1 ORDER BY position LIMIT ?2")?;
        let mut rows = query.query(params![facts.row, count_max])?;
        let mut missing = Vec::new();
        while let Some(row) = rows.next()? {
            let position = usize::try_from(row.get::<_, i64>(0)?).ok();
            let chunk = position.and_then(|position| chunks.get(position));
            missing.push(*chunk.ok_or(Error::Damaged("a list of chunks"))?);
        }
        Ok(missing)
    }

    /// Documents that lack chunks, the first that arrived first, at most `count_max`.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Disk`].
    pub fn partial_documents(&self, count_max: u32) -> Result<Vec<DocumentId>, Error> {
        let mut query = self
            .connection
            .prepare_cached("SELECT key, header FROM document WHERE state = 0 ORDER BY row LIMIT ?1")?;
        let mut rows = query.query([count_max])?;
        let mut ids = Vec::new();
        while let Some(row) = rows.next()? {
            ids.push(Header::open(&self.vault, &row.get(0)?, &row.get::<_, Vec<u8>>(1)?)?.id);
        }
        Ok(ids)
    }
}

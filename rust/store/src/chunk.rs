//! Chunks: put ahead of their document or received for those that lack them, and counted by the documents that
//! have them, so that each goes with the last of these.

use std::collections::BTreeSet;

use p2psync_model::{ChunkId, Message};
use rand_core::CryptoRngCore;
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::batch::Batch;
use crate::vault::{Column, RowKey, Vault};
use crate::{Error, Store};

/// Chunks that are well put in one batch: a photo is on disk after one flush, and memory stays bounded.
pub const CHUNKS_IN_BATCH: usize = 128;

impl Batch<'_> {
    /// Stores a chunk for a document that will be put later, best in the same batch: see [`CHUNKS_IN_BATCH`]. Nobody
    /// sees it until then.
    ///
    /// # Errors
    /// [`Error::OutOfBounds`] for a chunk of another group, [`Error::Full`], [`Error::Disk`].
    pub fn put_chunk(&mut self, chunk: &Message, random: &mut dyn CryptoRngCore) -> Result<ChunkId, Error> {
        self.usable()?;
        let id = chunk.id();
        let key = self.vault.row_key(CHUNK, id.as_bytes());
        self.check_chunk(chunk)?;
        if self.chunk_row(&key)?.is_none() {
            self.insert_unnamed(&key, chunk, random)?;
        }
        Ok(id)
    }

    /// The row of a chunk that is here.
    pub(crate) fn chunk_row(&self, key: &RowKey) -> Result<Option<i64>, Error> {
        if let Some(row) = self.unnamed.get(key) {
            return Ok(Some(*row));
        }
        let mut query = self.connection.prepare_cached("SELECT row FROM chunk WHERE key = ?1")?;
        Ok(query.query_row([key], |row| row.get(0)).optional()?)
    }

    pub(crate) fn check_chunk(&self, chunk: &Message) -> Result<(), Error> {
        if chunk.group() == self.group && chunk.timestamp_ms() == 0 {
            Ok(())
        } else {
            Err(Error::OutOfBounds("a chunk's group or timestamp"))
        }
    }

    /// Writes a chunk that is not here.
    pub(crate) fn insert_unnamed(
        &mut self,
        key: &RowKey,
        chunk: &Message,
        random: &mut dyn CryptoRngCore,
    ) -> Result<i64, Error> {
        let sealed = self.vault.seal(Column::ChunkBody, key, chunk.body(), random);
        let mut insert = self.connection.prepare_cached("INSERT INTO chunk (key, body) VALUES (?1, ?2)")?;
        let row = insert.insert(params![key, sealed])?;
        self.unnamed.insert(*key, row);
        Ok(row)
    }

    /// One document more has the chunk.
    pub(crate) fn name_chunk(&mut self, key: &RowKey, row: i64) -> Result<(), Error> {
        if self.unnamed.remove(key).is_some() {
            return Ok(());
        }
        let documents = self.chunk_uses(row)?;
        self.set_chunk_uses(row, documents + 1)
    }

    /// A document that is about to go has its chunks no more; those that no other has go too.
    pub(crate) fn release_chunks(&mut self, document: i64) -> Result<(), Error> {
        for chunk in distinct(&read_chunks(self.connection, self.vault, document)?) {
            let key = self.vault.row_key(CHUNK, chunk.as_bytes());
            if self.is_missing(document, &key)? {
                continue;
            }
            let Some(row) = self.chunk_row(&key)? else { continue };
            match self.chunk_uses(row)? - 1 {
                ..=0 if self.drafts_open == 0 => {
                    self.connection.prepare_cached("DELETE FROM chunk WHERE row = ?1")?.execute([row])?;
                }
                // A draft may have found it here and count on it.
                documents => self.set_chunk_uses(row, documents.max(0))?,
            }
        }
        Ok(())
    }

    /// Says on disk which chunks of this batch no document has yet, for when the next batch never comes.
    pub(crate) fn note_unnamed(&mut self) -> Result<(), Error> {
        for row in core::mem::take(&mut self.unnamed).into_values() {
            self.set_chunk_uses(row, 0)?;
        }
        Ok(())
    }

    /// Whether a document lacks any chunk that it is known to have.
    pub(crate) fn lacks_chunks(&self, document: i64) -> Result<bool, Error> {
        let mut query = self.connection.prepare_cached("SELECT 1 FROM missing WHERE document = ?1")?;
        Ok(query.exists([document])?)
    }

    /// The documents that lack a chunk.
    pub(crate) fn lacking(&self, chunk: &RowKey) -> Result<Vec<i64>, Error> {
        let mut query =
            self.connection.prepare_cached("SELECT DISTINCT document FROM missing WHERE chunk_key = ?1")?;
        let rows = query.query_map([chunk], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// A chunk is here, so those documents lack it no more.
    pub(crate) fn fill(&mut self, chunk: &RowKey, row: i64, documents: &[i64]) -> Result<(), Error> {
        for _ in documents {
            self.name_chunk(chunk, row)?;
        }
        self.connection.prepare_cached("DELETE FROM missing WHERE chunk_key = ?1")?.execute([chunk])?;
        Ok(())
    }

    /// Whether that document lacks that chunk.
    pub(crate) fn is_missing(&self, document: i64, chunk: &RowKey) -> Result<bool, Error> {
        let mut query =
            self.connection.prepare_cached("SELECT 1 FROM missing WHERE chunk_key = ?1 AND document = ?2")?;
        Ok(query.exists(params![chunk, document])?)
    }

    fn chunk_uses(&self, row: i64) -> Result<i64, Error> {
        read_chunk_uses(self.connection, self.vault, row)
    }

    fn set_chunk_uses(&mut self, row: i64, documents: i64) -> Result<(), Error> {
        set_chunk_uses(self.connection, self.vault, row, documents)
    }
}

impl Store {
    /// Says that chunks will be put one by one before their document. End it by [`Self::end_draft`].
    pub fn begin_draft(&mut self) {
        self.drafts_open = self.drafts_open.saturating_add(1);
    }

    /// The document was put, or is given up: chunks that no document has are removed when no draft is open.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Full`]: the next opening removes them.
    pub fn end_draft(&mut self) -> Result<(), Error> {
        self.drafts_open = self.drafts_open.saturating_sub(1);
        if self.drafts_open == 0 { remove_unnamed(&self.connection) } else { Ok(()) }
    }
}

/// Removes what a cut-off put has left. Not while one is under way.
pub(crate) fn remove_unnamed(connection: &Connection) -> Result<(), Error> {
    let unnamed = "SELECT chunk FROM chunk_uses WHERE documents = 0";
    // Found out first: a deletion of nothing is a transaction all the same.
    if connection.prepare_cached(unnamed)?.exists([])? {
        connection.execute(&format!("DELETE FROM chunk WHERE row IN ({unnamed})"), [])?;
    }
    Ok(())
}

/// Names the table in keyed hashes of chunk ids. On disk: never changes.
pub(crate) const CHUNK: &str = "chunk";

/// The chunks that are known of a document, in order; none if it is in one piece.
pub(crate) fn read_chunks(connection: &Connection, vault: &Vault, row: i64) -> Result<Vec<ChunkId>, Error> {
    let mut query = connection.prepare_cached("SELECT sealed FROM document_chunks WHERE document = ?1")?;
    let mut rows = query.query([row])?;
    let Some(found) = rows.next()? else { return Ok(Vec::new()) };
    let sealed = found.get_ref(0)?.as_blob().map_err(|_| Error::Damaged("a column"))?;
    let plain = vault.open(Column::DocumentChunks, &row.to_be_bytes(), sealed)?;
    let (ids, rest) = plain.as_chunks::<32>();
    if rest.is_empty() {
        Ok(ids.iter().map(|id| ChunkId::from_bytes(*id)).collect())
    } else {
        Err(Error::Damaged("a list of chunks"))
    }
}

/// Writes the list of chunks.
pub(crate) fn write_chunks(
    connection: &Connection,
    vault: &Vault,
    row: i64,
    chunks: &[ChunkId],
    random: &mut dyn CryptoRngCore,
) -> Result<(), Error> {
    if chunks.is_empty() {
        return Ok(());
    }
    let plain: Vec<u8> = chunks.iter().flat_map(|chunk| *chunk.as_bytes()).collect();
    let sealed = vault.seal(Column::DocumentChunks, &row.to_be_bytes(), &plain, random);
    connection
        .prepare_cached("INSERT OR REPLACE INTO document_chunks (document, sealed) VALUES (?1, ?2)")?
        .execute(params![row, sealed])?;
    Ok(())
}

/// Notes that the chunk at `position` of a document is not here.
pub(crate) fn note_missing(
    connection: &Connection,
    document: i64,
    position: usize,
    chunk: &RowKey,
) -> Result<(), Error> {
    let position = i64::try_from(position).map_err(|_| Error::OutOfBounds("the number of chunks"))?;
    connection
        .prepare_cached("INSERT INTO missing (document, position, chunk_key) VALUES (?1, ?2, ?3)")?
        .execute(params![document, position, chunk])?;
    Ok(())
}

/// How many documents have a chunk.
pub(crate) fn read_chunk_uses(connection: &Connection, vault: &Vault, row: i64) -> Result<i64, Error> {
    let mut query = connection.prepare_cached("SELECT documents, guard FROM chunk_uses WHERE chunk = ?1")?;
    let mut rows = query.query([row])?;
    let Some(found) = rows.next()? else { return Ok(1) };
    let (documents, guard): (i64, RowKey) = (found.get(0)?, found.get(1)?);
    if uses_guard(vault, row, documents) == guard {
        Ok(documents)
    } else {
        Err(Error::Damaged("the uses of a chunk"))
    }
}

/// Notes how many documents have a chunk; one is not noted.
pub(crate) fn set_chunk_uses(
    connection: &Connection,
    vault: &Vault,
    row: i64,
    documents: i64,
) -> Result<(), Error> {
    if documents == 1 {
        connection.prepare_cached("DELETE FROM chunk_uses WHERE chunk = ?1")?.execute([row])?;
    } else {
        connection
            .prepare_cached(
                "INSERT OR REPLACE INTO chunk_uses (chunk, documents, guard) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![row, documents, uses_guard(vault, row, documents)])?;
    }
    Ok(())
}

/// Each chunk of a document once: equal content is one chunk.
pub(crate) fn distinct(chunks: &[ChunkId]) -> BTreeSet<ChunkId> {
    chunks.iter().copied().collect()
}

fn uses_guard(vault: &Vault, row: i64, documents: i64) -> RowKey {
    vault.guard(&[b"uses", &row.to_be_bytes(), &documents.to_be_bytes()])
}

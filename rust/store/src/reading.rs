//! Documents going out: to the app, to peers, to the server.

use p2psync_bramble::WallClock;
use p2psync_model::{ChunkId, DocumentId, Message};
use rusqlite::{Row, params};

use crate::batch::Batch;
use crate::facts::{CHUNK, DOCUMENT, FACTS, Facts, Header, OWN, State, read_chunks};
use crate::peer::PeerRow;
use crate::vault::{Column, Vault};
use crate::{Error, Store};

/// What is known of a document without reading its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentInfo {
    /// Its id.
    pub id: DocumentId,
    /// Where a list continues: documents that arrived later have a higher one.
    pub cursor: i64,
    /// The timestamp of its message.
    pub timestamp_ms: u64,
    /// When this device got it, by the device's date.
    pub received: WallClock,
    /// Length of its content.
    pub content_bytes: u64,
    /// The peer that brought it; none for one's own.
    pub brought_by: Option<PeerRow>,
    /// How far it has come.
    pub state: State,
    /// Whether peers are offered it.
    pub shared: bool,
    /// Peers that are known to hold it.
    pub copies: u32,
    /// Whether the app must see its parents first.
    pub waiting: bool,
    /// What the caller said of it.
    pub info: Vec<u8>,
}

/// Which documents to list. Partial ones are never listed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filter<'a> {
    /// Only those of this device (`true`) or of peers (`false`).
    pub own: Option<bool>,
    /// Only those in one of these states; all if empty.
    pub states: &'a [State],
    /// Also those that wait for their parents.
    pub with_waiting: bool,
    /// Only those that arrived before the one with this cursor.
    pub before: Option<i64>,
}

impl Store {
    /// What is known of a document.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for a partial one; [`Error::Damaged`], [`Error::Disk`].
    pub fn document(&self, id: &DocumentId) -> Result<DocumentInfo, Error> {
        let mut query = self
            .connection
            .prepare_cached(&format!("SELECT {DETAILS} FROM document WHERE key = ?1 AND state > 0"))?;
        let mut rows = query.query([self.vault.row_key(DOCUMENT, id.as_bytes())])?;
        info(&self.vault, rows.next()?.ok_or(Error::NotFound)?)
    }

    /// At most `count_max` documents, the last that arrived first, that the filter and `accept` let through.
    /// `accept` sees each before it counts, for questions that only the caller's description answers.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Disk`].
    pub fn list(
        &self,
        filter: &Filter<'_>,
        count_max: usize,
        mut accept: impl FnMut(&DocumentInfo) -> bool,
    ) -> Result<Vec<DocumentInfo>, Error> {
        let query = format!("SELECT {DETAILS} FROM document WHERE row < ?1 AND state > 0 ORDER BY row DESC");
        let mut query = self.connection.prepare_cached(&query)?;
        let mut rows = query.query([filter.before.unwrap_or(i64::MAX)])?;
        let mut found = Vec::new();
        while found.len() < count_max {
            let Some(row) = rows.next()? else { break };
            let info = info(&self.vault, row)?;
            let own = info.brought_by.is_none();
            if filter.own.is_none_or(|wanted| wanted == own)
                && (filter.states.is_empty() || filter.states.contains(&info.state))
                && (filter.with_waiting || !info.waiting)
                && accept(&info)
            {
                found.push(info);
            }
        }
        Ok(found)
    }

    /// The message of a document, partial or not: verified against the id.
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
        let message = self.message(header.timestamp_ms, core::mem::take(&mut *body))?;
        if message.id() == *id { Ok(message) } else { Err(Error::Damaged("a document")) }
    }

    /// The message of a chunk, verified against its id.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Damaged`], [`Error::Disk`].
    pub fn chunk(&self, id: &ChunkId) -> Result<Message, Error> {
        let key = self.vault.row_key(CHUNK, id.as_bytes());
        let mut query = self.connection.prepare_cached("SELECT body FROM chunk WHERE key = ?1")?;
        let sealed: Vec<u8> = query.query_row([key], |row| row.get(0))?;
        let mut body = self.vault.open(Column::ChunkBody, &key, &sealed)?;
        let message = self.message(0, core::mem::take(&mut *body))?;
        if message.id() == *id { Ok(message) } else { Err(Error::Damaged("a chunk")) }
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
        let mut query = self.connection.prepare_cached(
            "SELECT position FROM part WHERE document = ?1 \
             AND NOT EXISTS (SELECT 1 FROM chunk WHERE chunk.key = part.chunk_key) ORDER BY position LIMIT ?2",
        )?;
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

impl Batch<'_> {
    /// Offers documents to peers, or stops to. Unknown ids are passed over.
    ///
    /// # Errors
    /// [`Error::Full`], [`Error::Disk`], [`Error::Damaged`].
    pub fn set_shared(&mut self, ids: &[DocumentId], shared: bool) -> Result<(), Error> {
        self.attempt(|batch| {
            for id in ids {
                let key = batch.vault.row_key(DOCUMENT, id.as_bytes());
                if let Some(facts) = Facts::find(batch.connection, batch.vault, &key)? {
                    batch.change(&facts, &Facts { shared, ..facts.clone() })?;
                }
            }
            Ok(())
        })
    }

    /// Notes that a peer holds a document.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Full`], [`Error::Disk`], [`Error::Damaged`].
    pub fn note_holder(&mut self, id: &DocumentId, peer: PeerRow) -> Result<(), Error> {
        self.attempt(|batch| {
            let key = batch.vault.row_key(DOCUMENT, id.as_bytes());
            let facts = Facts::find(batch.connection, batch.vault, &key)?.ok_or(Error::NotFound)?;
            batch
                .connection
                .prepare_cached("INSERT OR IGNORE INTO holder (document, peer) VALUES (?1, ?2)")?
                .execute(params![facts.row, peer.number()])?;
            if facts.state == State::Stored {
                batch.change(&facts, &Facts { state: State::Relayed, ..facts.clone() })?;
            }
            Ok(())
        })
    }

    /// Notes that the server took a document, or refused it. Only a receipt confirms: see
    /// [`Batch::apply_receipt`].
    ///
    /// # Errors
    /// [`Error::OutOfBounds`] for another state, [`Error::NotFound`], [`Error::Full`], [`Error::Disk`].
    pub fn note_delivery(&mut self, id: &DocumentId, state: State) -> Result<(), Error> {
        self.attempt(|batch| {
            if !matches!(state, State::Delivered | State::Rejected) {
                return Err(Error::OutOfBounds("the state of a delivery"));
            }
            let key = batch.vault.row_key(DOCUMENT, id.as_bytes());
            let facts = Facts::find(batch.connection, batch.vault, &key)?.ok_or(Error::NotFound)?;
            match facts.state {
                State::Confirmed => Ok(()),
                State::Partial => Err(Error::NotFound),
                _ => batch.change(&facts, &Facts { state, ..facts.clone() }),
            }
        })
    }
}

const DETAILS: &str = "row, key, bucket, state, origin, shared, bytes, expires_day, confirmed_day, duplicate_key, \
    guard, header, (SELECT count(*) FROM holder WHERE holder.document = document.row), \
    EXISTS (SELECT 1 FROM waiting WHERE waiting.document = document.row)";

fn info(vault: &Vault, row: &Row<'_>) -> Result<DocumentInfo, Error> {
    debug_assert!(DETAILS.starts_with(FACTS), "facts come first");
    let facts = Facts::read(row, vault)?;
    let header = Header::open(vault, &facts.key, &row.get::<_, Vec<u8>>(11)?)?;
    Ok(DocumentInfo {
        id: header.id,
        cursor: facts.row,
        timestamp_ms: header.timestamp_ms,
        received: header.received,
        content_bytes: header.content_bytes,
        brought_by: (facts.origin != OWN).then(|| PeerRow::from_number(facts.origin)),
        state: facts.state,
        shared: facts.shared,
        copies: row.get(12)?,
        waiting: row.get(13)?,
        info: header.info,
    })
}

//! Documents coming in: put by the app on this device, or received from peers piece by piece.

use p2psync_bramble::WallClock;
use p2psync_model::{ChunkId, DocumentId, Message};
use rand_core::CryptoRngCore;
use rusqlite::params;

use crate::batch::Batch;
use crate::facts::{CHUNK, DOCUMENT, Facts, Header, OWN, State, day, read_chunks, write_chunks};
use crate::peer::PeerRow;
use crate::rebuild::missing_count;
use crate::summary::{self, Collection};
use crate::vault::{Column, RowKey, padded_bytes};
use crate::{Error, Store};

/// Longest description that an app gives of a document: content type, metadata, attachments, author.
pub const INFO_BYTES_MAX: usize = 65_536;

/// Most parents of one document.
pub const PARENTS_MAX: usize = 16;

/// A document on its way into the store. The caller has decoded the message, and says here what it read there.
#[derive(Clone, Copy, Debug)]
pub struct NewDocument<'a> {
    /// The message that is the document.
    pub message: &'a Message,
    /// Length of the content.
    pub content_bytes: u64,
    /// Ids of all chunks, in order, index chunks among them; none if the content is in the message.
    pub chunks: &'a [ChunkId],
    /// Whether `chunks` are all: not if an index chunk must arrive first.
    pub chunks_known: bool,
    /// Documents that the app must see before this one.
    pub parents: &'a [DocumentId],
    /// Whether peers are offered it.
    pub shared: bool,
    /// When it is of no use any more.
    pub expires: Option<WallClock>,
    /// For the caller, returned as it is: sealed on disk.
    pub info: &'a [u8],
    /// Keyed hash of header and content, by which the same content put twice is one document. Own documents only.
    pub duplicate_of: Option<&'a [u8; 32]>,
    /// The device's date.
    pub now: WallClock,
}

/// What became of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Its id, or that of the document with the same content.
    pub id: DocumentId,
    /// Whether it was not here before.
    pub created: bool,
    /// Documents that the app may see now, parents first.
    pub ready: Vec<DocumentId>,
}

/// What became of a chunk from a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChunkArrival {
    /// Documents that are whole now.
    pub whole: Vec<DocumentId>,
    /// Documents that the app may see now, parents first.
    pub ready: Vec<DocumentId>,
}

impl Batch<'_> {
    /// Puts a document of this device. All its chunks are in the store: see [`Batch::put_chunk`].
    ///
    /// # Errors
    /// [`Error::OutOfBounds`], [`Error::NotFound`] if a chunk is not in the store, [`Error::Quota`], [`Error::Full`].
    pub fn put(&mut self, new: &NewDocument<'_>, random: &mut dyn CryptoRngCore) -> Result<Arrival, Error> {
        self.attempt(|batch| {
            if let Some(id) = batch.find_duplicate(new)? {
                return Ok(Arrival { id, created: false, ready: Vec::new() });
            }
            let facts = batch.insert(new, OWN, random)?;
            let Some(facts) = facts else {
                return Ok(Arrival { id: new.message.id(), created: false, ready: Vec::new() });
            };
            if !new.chunks_known || missing_count(batch.connection, facts.row)? > 0 {
                return Err(Error::NotFound);
            }
            let ready = batch.arrived(&facts, State::Stored)?;
            Ok(Arrival { id: new.message.id(), created: true, ready })
        })
    }

    /// Takes a document that a peer sent. With chunks missing it stays partial and unseen.
    ///
    /// # Errors
    /// [`Error::PeerMisbehaved`] if it is outside the bounds, [`Error::Quota`] if this peer or all of them have
    /// reached theirs, [`Error::Full`].
    pub fn receive(
        &mut self,
        from: PeerRow,
        new: &NewDocument<'_>,
        random: &mut dyn CryptoRngCore,
    ) -> Result<Arrival, Error> {
        self.attempt(|batch| {
            let id = new.message.id();
            let own = NewDocument { duplicate_of: None, ..*new };
            if batch.has_tombstone(&id)? {
                return Ok(Arrival { id, created: false, ready: Vec::new() });
            }
            let facts = match batch.insert(&own, from.number(), random) {
                Err(Error::OutOfBounds(what)) => return Err(Error::PeerMisbehaved(what)),
                other => other?,
            };
            let Some(facts) = facts else { return Ok(Arrival { id, created: false, ready: Vec::new() }) };
            let whole = new.chunks_known && missing_count(batch.connection, facts.row)? == 0;
            let ready = if whole { batch.arrived(&facts, State::Stored)? } else { Vec::new() };
            Ok(Arrival { id, created: true, ready })
        })
    }

    /// Stores a chunk for a document that will be put later. Nobody sees it until then.
    ///
    /// # Errors
    /// [`Error::Full`], [`Error::Disk`].
    pub fn put_chunk(&mut self, chunk: &Message, random: &mut dyn CryptoRngCore) -> Result<ChunkId, Error> {
        let id = chunk.id();
        self.attempt(|batch| batch.insert_chunk(&id, chunk, random))?;
        Ok(id)
    }

    /// Takes a chunk that a peer sent, for every document that lacks it.
    ///
    /// # Errors
    /// [`Error::PeerMisbehaved`] if no document lacks it.
    pub fn receive_chunk(
        &mut self,
        chunk: &Message,
        random: &mut dyn CryptoRngCore,
    ) -> Result<ChunkArrival, Error> {
        self.attempt(|batch| {
            let id = chunk.id();
            let key = batch.vault.row_key(CHUNK, id.as_bytes());
            let documents: Vec<RowKey> = self
                .connection
                .prepare_cached(
                    "SELECT DISTINCT document.key FROM part JOIN document ON document.row = part.document \
                     WHERE part.chunk_key = ?1 AND document.state = 0",
                )?
                .query_map([key], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            if documents.is_empty() {
                return Err(Error::PeerMisbehaved("a chunk that nobody asked for"));
            }
            batch.insert_chunk(&id, chunk, random)?;
            let mut arrival = ChunkArrival { whole: Vec::new(), ready: Vec::new() };
            for key in documents {
                let Some((facts, header)) = batch.find(&key)? else { continue };
                if header.chunks_known && missing_count(batch.connection, facts.row)? == 0 {
                    arrival.ready.extend(batch.arrived(&facts, State::Stored)?);
                    arrival.whole.push(header.id);
                }
            }
            Ok(arrival)
        })
    }

    /// Adds ids of chunks that an index chunk of a partial document has named.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::OutOfBounds`] if the document's chunks were known already or are too many.
    pub fn add_chunks(
        &mut self,
        id: &DocumentId,
        more: &[ChunkId],
        now_known: bool,
        random: &mut dyn CryptoRngCore,
    ) -> Result<Arrival, Error> {
        self.attempt(|batch| {
            let key = batch.vault.row_key(DOCUMENT, id.as_bytes());
            let (facts, mut header) = batch.find(&key)?.ok_or(Error::NotFound)?;
            let mut chunks = read_chunks(batch.connection, batch.vault, facts.row)?;
            let written = chunks.len();
            chunks.extend_from_slice(more);
            if header.chunks_known || chunks.len() > batch.chunks_max() {
                return Err(Error::OutOfBounds("the number of chunks"));
            }
            write_chunks(batch.connection, batch.vault, facts.row, &chunks, written, random)?;
            header.chunk_count =
                u32::try_from(chunks.len()).map_err(|_| Error::OutOfBounds("the number of chunks"))?;
            header.chunks_known = now_known;
            let sealed = header.seal(batch.vault, &key, random);
            batch
                .connection
                .execute("UPDATE document SET header = ?2 WHERE row = ?1", params![facts.row, sealed])?;
            let whole = now_known && missing_count(batch.connection, facts.row)? == 0;
            let ready = if whole { batch.arrived(&facts, State::Stored)? } else { Vec::new() };
            Ok(Arrival { id: *id, created: whole, ready })
        })
    }

    /// The row of a document, partial ones too.
    pub(crate) fn find(&self, key: &RowKey) -> Result<Option<(Facts, Header)>, Error> {
        let Some(facts) = Facts::find(self.connection, self.vault, key)? else { return Ok(None) };
        let mut query = self.connection.prepare_cached("SELECT header FROM document WHERE row = ?1")?;
        let sealed: Vec<u8> = query.query_row([facts.row], |row| row.get(0))?;
        Ok(Some((facts, Header::open(self.vault, key, &sealed)?)))
    }

    /// Inserts the row, as partial unless it is in one piece; `None` if it is here already.
    fn insert(
        &mut self,
        new: &NewDocument<'_>,
        origin: i64,
        random: &mut dyn CryptoRngCore,
    ) -> Result<Option<Facts>, Error> {
        let id = new.message.id();
        let key = self.vault.row_key(DOCUMENT, id.as_bytes());
        if Facts::find(self.connection, self.vault, &key)?.is_some() {
            return Ok(None);
        }
        self.check_bounds(new)?;
        let in_one_piece = new.chunks.is_empty() && new.chunks_known;
        let outside = if in_one_piece { 0 } else { new.content_bytes };
        let outside = padded_bytes(usize::try_from(outside).map_err(|_| Error::OutOfBounds("the content"))?);
        let bytes = i64::try_from(padded_bytes(new.message.body().len()) + outside)
            .map_err(|_| Error::OutOfBounds("the content"))?;
        self.make_room(origin, u64::try_from(bytes).unwrap_or(u64::MAX), new.now)?;
        let row = self.connection.query_row(
            "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'document'), 0) + 1",
            [],
            |row| row.get(0),
        )?;
        let facts = Facts {
            row,
            key,
            bucket: summary::bucket(new.message.timestamp_ms()),
            state: if in_one_piece { State::Stored } else { State::Partial },
            origin,
            shared: new.shared,
            bytes,
            expires_day: new.expires.map_or(0, |expires| day(expires).max(1)),
            confirmed_day: 0,
            duplicate_key: new.duplicate_of.map_or_else(Vec::new, |hash| self.duplicate_key(hash)),
        };
        let header = Header {
            id,
            timestamp_ms: new.message.timestamp_ms(),
            content_bytes: new.content_bytes,
            received: new.now,
            chunk_count: u32::try_from(new.chunks.len())
                .map_err(|_| Error::OutOfBounds("the number of chunks"))?,
            chunks_known: new.chunks_known,
            info: new.info.to_vec(),
        };
        self.write_row(&facts, &header, new.message.body(), random)?;
        write_chunks(self.connection, self.vault, row, new.chunks, 0, random)?;
        self.note_missing_parents(&facts, new.parents, random)?;
        self.usage.add(&facts);
        Ok(Some(facts))
    }

    fn write_row(
        &self,
        facts: &Facts,
        header: &Header,
        body: &[u8],
        random: &mut dyn CryptoRngCore,
    ) -> Result<(), Error> {
        self.connection
            .prepare_cached(
                "INSERT INTO document (row, key, bucket, state, origin, shared, bytes, expires_day, confirmed_day, \
                 duplicate_key, guard, header, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
            )?
            .execute(params![
                facts.row,
                facts.key,
                facts.bucket,
                facts.state.number(),
                facts.origin,
                i64::from(facts.shared),
                facts.bytes,
                facts.expires_day,
                facts.confirmed_day,
                facts.duplicate_key,
                facts.guard(self.vault),
                header.seal(self.vault, &facts.key, random),
                self.vault.seal(Column::DocumentBody, &facts.key, body, random),
            ])?;
        Ok(())
    }

    fn insert_chunk(
        &self,
        id: &ChunkId,
        chunk: &Message,
        random: &mut dyn CryptoRngCore,
    ) -> Result<(), Error> {
        let key = self.vault.row_key(CHUNK, id.as_bytes());
        let mut exists = self.connection.prepare_cached("SELECT 1 FROM chunk WHERE key = ?1")?;
        if exists.exists([key])? {
            return Ok(());
        }
        if chunk.group() != self.group || chunk.timestamp_ms() != 0 {
            return Err(Error::OutOfBounds("a chunk's group or timestamp"));
        }
        let sealed = self.vault.seal(Column::ChunkBody, &key, chunk.body(), random);
        self.connection
            .prepare_cached("INSERT INTO chunk (key, body) VALUES (?1, ?2)")?
            .execute(params![key, sealed])?;
        Ok(())
    }

    /// A document is whole: it counts, and those that waited for it may be seen.
    fn arrived(&mut self, partial: &Facts, state: State) -> Result<Vec<DocumentId>, Error> {
        let facts = Facts { state, ..partial.clone() };
        if partial.state != state {
            self.change(partial, &facts)?;
        } else if facts.is_offered() {
            summary::touch(self.connection, Collection::Documents, facts.bucket)?;
        }
        let mut ready = Vec::new();
        if !self.is_waiting(facts.row)? {
            self.release(&facts, &mut ready)?;
        }
        Ok(ready)
    }

    fn check_bounds(&self, new: &NewDocument<'_>) -> Result<(), Error> {
        if new.message.group() != self.group {
            return Err(Error::OutOfBounds("a document's group"));
        }
        if new.content_bytes > self.limits.document_bytes_max {
            return Err(Error::OutOfBounds("a document's length"));
        }
        if new.info.len() > INFO_BYTES_MAX || new.parents.len() > PARENTS_MAX {
            return Err(Error::OutOfBounds("a document's description"));
        }
        if new.chunks.len() > self.chunks_max() {
            return Err(Error::OutOfBounds("the number of chunks"));
        }
        Ok(())
    }

    fn chunks_max(&self) -> usize {
        // Chunks are full but for the last; one in a thousand is an index.
        usize::try_from(self.limits.document_bytes_max / 32_000).unwrap_or(usize::MAX).saturating_add(4)
    }

    fn find_duplicate(&self, new: &NewDocument<'_>) -> Result<Option<DocumentId>, Error> {
        let Some(hash) = new.duplicate_of else { return Ok(None) };
        let key: Option<RowKey> = rusqlite::OptionalExtension::optional(
            self.connection
                .prepare_cached(
                    "SELECT key FROM document WHERE duplicate_key = ?1 AND length(duplicate_key) > 0",
                )?
                .query_row([self.duplicate_key(hash)], |row| row.get(0)),
        )?;
        let Some(key) = key else { return Ok(None) };
        Ok(self.find(&key)?.map(|(_, header)| header.id))
    }

    fn duplicate_key(&self, hash: &[u8; 32]) -> Vec<u8> {
        self.vault.row_key("duplicate", hash).to_vec()
    }
}

impl Store {
    /// [`Batch::put`] in a transaction of its own.
    ///
    /// # Errors
    /// As there.
    pub fn put(&mut self, new: &NewDocument<'_>, random: &mut dyn CryptoRngCore) -> Result<Arrival, Error> {
        self.batch(|batch| batch.put(new, random))
    }

    /// Says that chunks will be put one by one before their document. End it by [`Self::end_draft`].
    pub fn begin_draft(&mut self) {
        self.drafts_open = self.drafts_open.saturating_add(1);
    }

    /// The document was put, or is given up: chunks that no document names are removed when no draft is open.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Full`]: the next opening removes them.
    pub fn end_draft(&mut self) -> Result<(), Error> {
        self.drafts_open = self.drafts_open.saturating_sub(1);
        if self.drafts_open == 0 { self.remove_unused_chunks() } else { Ok(()) }
    }
}

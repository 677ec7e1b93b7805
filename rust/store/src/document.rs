//! Documents coming in: put by the app on this device, or taken from peers, whole or to be completed.

use p2psync_bramble::WallClock;
use p2psync_model::{Attributes, ChunkId, DocumentId, Message, Protection};
use rand_core::CryptoRngCore;
use rusqlite::{OptionalExtension as _, params};

use crate::batch::Batch;
use crate::facts::{DOCUMENT, FACTS, Facts, Header, OWN, State, day};
use crate::peer::PeerRow;
use crate::pieces::Pieces;
use crate::summary::{self, Collection};
use crate::vault::{Column, RowKey, padded_bytes};
use crate::{Error, Store};

/// Longest description that an app gives of a document: content type, metadata, attachments, author.
pub const INFO_BYTES_MAX: usize = 65_536;

/// A document on its way into the store. The caller has decoded the message, and says here what it read there.
#[derive(Clone, Copy, Debug)]
pub struct NewDocument<'a> {
    /// The message that is the document.
    pub message: &'a Message,
    /// What it shows to everybody who carries it: priority, expiry, parents, whether it is encrypted.
    pub attributes: &'a Attributes,
    /// Length of the content.
    pub content_bytes: u64,
    /// Ids of all chunks, in order, index chunks among them; none if the content is in the message.
    pub chunks: &'a [ChunkId],
    /// Whether `chunks` are all: not if an index chunk must arrive first.
    pub chunks_known: bool,
    /// Whether peers are offered it.
    pub shared: bool,
    /// The key of the device that made it, if its content shows that and the caller has verified it. For documents
    /// of others; see also [`Batch::note_author`].
    pub author: Option<&'a [u8; 32]>,
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

impl Batch<'_> {
    /// Puts a document of this device. All its chunks are in the store: see [`Batch::put_chunk`]. One that a peer
    /// brought before, whole or not, is one's own from now on.
    ///
    /// # Errors
    /// [`Error::OutOfBounds`], [`Error::NotFound`] if a chunk is not in the store, [`Error::Quota`], [`Error::Full`].
    pub fn put(&mut self, new: &NewDocument<'_>, random: &mut dyn CryptoRngCore) -> Result<Arrival, Error> {
        self.usable()?;
        let same = self.find_duplicate(new)?;
        if let Some(same) = same.as_ref().filter(|same| same.origin == OWN && same.state != State::Partial) {
            let header = Header::find(self.connection, self.vault, same)?;
            return Ok(Arrival { id: header.id, created: false, ready: Vec::new() });
        }
        let id = new.message.id();
        let key = self.vault.row_key(DOCUMENT, id.as_bytes());
        match Facts::find(self.connection, self.vault, &key)? {
            Some(here) if here.origin == OWN && here.state != State::Partial => {
                Ok(Arrival { id, created: false, ready: Vec::new() })
            }
            Some(here) => self.adopt(new, id, &here, same, random),
            None => {
                let plan = self.plan(new, key, OWN)?;
                if !new.chunks_known || !plan.pieces.missing.is_empty() {
                    return Err(Error::NotFound);
                }
                self.complete(|batch| {
                    batch.give_up_duplicate(same)?;
                    batch.create(new, id, &plan, random)
                })
            }
        }
    }

    /// Takes a document that a peer sent. With chunks missing it stays partial and unseen.
    ///
    /// # Errors
    /// [`Error::PeerMisbehaved`] if it is outside the bounds, [`Error::Quota`] if this peer, the document's author or
    /// all peers together have reached theirs, [`Error::Full`].
    pub fn receive(
        &mut self,
        from: PeerRow,
        new: &NewDocument<'_>,
        random: &mut dyn CryptoRngCore,
    ) -> Result<Arrival, Error> {
        self.usable()?;
        let id = new.message.id();
        let new = NewDocument { duplicate_of: None, ..*new };
        let key = self.vault.row_key(DOCUMENT, id.as_bytes());
        if self.has_tombstone(&id)? || Facts::find(self.connection, self.vault, &key)?.is_some() {
            return Ok(Arrival { id, created: false, ready: Vec::new() });
        }
        let plan = self.plan(&new, key, from.number()).map_err(|error| match error {
            Error::OutOfBounds(what) => Error::PeerMisbehaved(what),
            other => other,
        })?;
        self.complete(|batch| batch.create(&new, id, &plan, random))
    }

    /// A document is whole: it counts, and those that waited for it may be seen.
    pub(crate) fn arrived(
        &mut self,
        partial: &Facts,
        id: DocumentId,
        ready: &mut Vec<DocumentId>,
    ) -> Result<(), Error> {
        let state = self.state_when_whole(partial.row, &partial.key)?;
        self.change(partial, &Facts { state, ..partial.clone() })?;
        if !self.is_waiting(partial.row)? {
            ready.push(id);
            self.release_children(&partial.key, ready)?;
        }
        Ok(())
    }

    /// Everything that can speak against a document, before anything is written.
    fn plan(&self, new: &NewDocument<'_>, key: RowKey, origin: i64) -> Result<Plan, Error> {
        self.check_bounds(new)?;
        let pieces = self.locate(new.chunks, 0)?;
        let in_one_piece = new.chunks.is_empty() && new.chunks_known;
        let outside = if in_one_piece { 0 } else { new.content_bytes };
        let outside = padded_bytes(usize::try_from(outside).map_err(|_| Error::OutOfBounds("the content"))?);
        let bytes = i64::try_from(padded_bytes(new.message.body().len()) + outside)
            .map_err(|_| Error::OutOfBounds("the content"))?;
        let bytes_needed = u64::try_from(bytes).unwrap_or(u64::MAX);
        let evicted = self.plan_room(origin, bytes_needed, new.now)?;
        let author = new.author.filter(|_| origin != OWN).copied();
        if let Some(author) = &author {
            self.check_author_quota(author, bytes_needed)?;
        }
        let unseen_parents = self.unseen_parents(new.attributes.parents.ids())?;
        let expires_day = new.attributes.expires.map_or(0, |expires| day(expires).max(1));
        let duplicate_key = new.duplicate_of.map_or_else(Vec::new, |hash| self.duplicate_key(hash));
        let row = self.usage.next_row();
        let facts = Facts {
            row,
            key,
            bucket: summary::bucket(new.message.timestamp_ms()),
            state: State::Partial,
            origin,
            shared: new.shared,
            priority: new.attributes.priority,
            bytes,
            expires_day,
            confirmed_day: 0,
            duplicate_key,
        };
        Ok(Plan { facts, pieces, evicted, author, unseen_parents })
    }

    /// Carries the plan out.
    fn create(
        &mut self,
        new: &NewDocument<'_>,
        id: DocumentId,
        plan: &Plan,
        random: &mut dyn CryptoRngCore,
    ) -> Result<Arrival, Error> {
        let mut facts = plan.facts.clone();
        let whole = new.chunks_known && plan.pieces.missing.is_empty();
        if whole {
            facts.state = State::Stored;
            self.heed_statements(&mut facts, new.now)?;
        }
        let header = header(new, id, plan.author)?;
        self.insert_document(&facts, &header, new.message.body(), random)?;
        crate::chunk::write_chunks(self.connection, self.vault, facts.row, new.chunks, random)?;
        let mut ready = Vec::new();
        self.usage.add(&facts);
        self.attach(facts.row, &plan.pieces, &mut ready)?;
        self.add_authorship(plan.author.as_ref(), &facts)?;
        self.wait_for(facts.row, &plan.unseen_parents, random)?;
        for outlived in &plan.evicted {
            self.remove(outlived)?;
        }
        if facts.is_offered() {
            self.touch(Collection::Documents, facts.bucket);
        }
        if whole && plan.unseen_parents.is_empty() {
            ready.insert(0, header.id);
            self.release_children(&facts.key, &mut ready)?;
        }
        Ok(Arrival { id: header.id, created: true, ready })
    }

    /// Makes a document that is here one's own, and whole by the chunks that were put.
    fn adopt(
        &mut self,
        new: &NewDocument<'_>,
        id: DocumentId,
        here: &Facts,
        same: Option<Facts>,
        random: &mut dyn CryptoRngCore,
    ) -> Result<Arrival, Error> {
        self.check_bounds(new)?;
        let partial = here.state == State::Partial;
        let pieces = self.locate(new.chunks, 0)?;
        if partial && (!new.chunks_known || !pieces.missing.is_empty()) {
            return Err(Error::NotFound);
        }
        self.complete(|batch| {
            batch.give_up_duplicate(same.filter(|same| same.row != here.row))?;
            batch.forget_authorship(here)?;
            let duplicate_key = new.duplicate_of.map_or_else(Vec::new, |hash| batch.duplicate_key(hash));
            let own = Facts { origin: OWN, shared: new.shared, duplicate_key, ..here.clone() };
            let before = Header::find(batch.connection, batch.vault, here)?;
            let mut after = Header { received: before.received, ..header(new, id, None)? };
            let mut ready = Vec::new();
            batch.change(here, &own)?;
            if partial {
                batch.attach_rest(here.row, &pieces, &mut ready)?;
                crate::chunk::write_chunks(batch.connection, batch.vault, here.row, new.chunks, random)?;
                batch.arrived(&own, after.id, &mut ready)?;
            } else {
                (after.chunk_count, after.chunks_known) = (before.chunk_count, before.chunks_known);
            }
            after.update(batch.connection, batch.vault, here, random)?;
            Ok(Arrival { id: after.id, created: false, ready })
        })
    }

    fn insert_document(
        &self,
        facts: &Facts,
        header: &Header,
        body: &[u8],
        random: &mut dyn CryptoRngCore,
    ) -> Result<(), Error> {
        self.connection
            .prepare_cached(
                "INSERT INTO document (row, key, bucket, state, origin, shared, priority, bytes, expires_day, \
                 confirmed_day, duplicate_key, guard, header, body) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
            )?
            .execute(params![
                facts.row,
                facts.key,
                facts.bucket,
                facts.state.number(),
                facts.origin,
                i64::from(facts.shared),
                facts.priority.number(),
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

    fn check_bounds(&self, new: &NewDocument<'_>) -> Result<(), Error> {
        if new.message.group() != self.group {
            return Err(Error::OutOfBounds("a document's group"));
        }
        if new.content_bytes > self.limits.document_bytes_max {
            return Err(Error::OutOfBounds("a document's length"));
        }
        if new.info.len() > INFO_BYTES_MAX {
            return Err(Error::OutOfBounds("a document's description"));
        }
        if new.chunks.len() > self.chunks_max() {
            return Err(Error::OutOfBounds("the number of chunks"));
        }
        Ok(())
    }

    /// The document with the same content.
    fn find_duplicate(&self, new: &NewDocument<'_>) -> Result<Option<Facts>, Error> {
        let Some(hash) = new.duplicate_of else { return Ok(None) };
        let mut query = self.connection.prepare_cached(&format!(
            "SELECT {FACTS} FROM document WHERE duplicate_key = ?1 AND length(duplicate_key) > 0"
        ))?;
        let read = |row: &rusqlite::Row<'_>| Ok(Facts::read(row, self.vault));
        query.query_row([self.duplicate_key(hash)], read).optional()?.transpose()
    }

    /// A document that lost a part of its content to damage cannot stand for the same content put again.
    fn give_up_duplicate(&mut self, lacking: Option<Facts>) -> Result<(), Error> {
        let Some(lacking) = lacking else { return Ok(()) };
        self.change(&lacking, &Facts { duplicate_key: Vec::new(), ..lacking.clone() })
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
}

/// A document that nothing speaks against, and what goes with it.
struct Plan {
    facts: Facts,
    pieces: Pieces,
    /// What makes room for it.
    evicted: Vec<Facts>,
    author: Option<[u8; 32]>,
    unseen_parents: Vec<DocumentId>,
}

fn header(new: &NewDocument<'_>, id: DocumentId, author: Option<[u8; 32]>) -> Result<Header, Error> {
    Ok(Header {
        id,
        timestamp_ms: new.message.timestamp_ms(),
        content_bytes: new.content_bytes,
        received: new.now,
        chunk_count: u32::try_from(new.chunks.len())
            .map_err(|_| Error::OutOfBounds("the number of chunks"))?,
        chunks_known: new.chunks_known,
        encrypted: matches!(new.attributes.protection, Protection::Sealed { .. }),
        author,
        info: new.info.to_vec(),
    })
}

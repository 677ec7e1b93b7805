//! The chunks of a document: which are here, which are missing, and what happens when one of these arrives.

use std::collections::BTreeSet;

use p2psync_model::{ChunkId, DocumentId, Message};
use rand_core::CryptoRngCore;

use crate::Error;
use crate::batch::Batch;
use crate::chunk::{CHUNK, note_missing, read_chunks, write_chunks};
use crate::document::Arrival;
use crate::facts::{DOCUMENT, FACTS, Facts, Header, State};
use crate::vault::RowKey;

/// What became of a chunk from a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChunkArrival {
    /// Documents that are whole now.
    pub whole: Vec<DocumentId>,
    /// Documents that the app may see now, parents first.
    pub ready: Vec<DocumentId>,
}

/// The chunks of a list, each once.
pub(crate) struct Pieces {
    /// Those in the store, by their rows.
    pub(crate) held: Vec<(RowKey, i64)>,
    /// Those that are not, by their first position in the document.
    pub(crate) missing: Vec<(usize, RowKey)>,
}

impl Batch<'_> {
    /// Takes a chunk that a peer sent, for every document that lacks it.
    ///
    /// # Errors
    /// [`Error::PeerMisbehaved`] if no document lacks it.
    pub fn receive_chunk(
        &mut self,
        chunk: &Message,
        random: &mut dyn CryptoRngCore,
    ) -> Result<ChunkArrival, Error> {
        self.usable()?;
        let key = self.vault.row_key(CHUNK, chunk.id().as_bytes());
        let lacking = self.lacking(&key)?;
        if lacking.is_empty() || self.check_chunk(chunk).is_err() {
            return Err(Error::PeerMisbehaved("a chunk that nobody asked for"));
        }
        self.complete(|batch| {
            let mut arrival = ChunkArrival { whole: Vec::new(), ready: Vec::new() };
            let row = batch.chunk_row(&key)?;
            let row = match row {
                Some(row) => row,
                None => batch.insert_unnamed(&key, chunk, random)?,
            };
            batch.fill(&key, row, &lacking)?;
            batch.settle(lacking, &mut arrival)?;
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
        self.usable()?;
        let key = self.vault.row_key(DOCUMENT, id.as_bytes());
        let (facts, mut header) = self.find(&key)?.ok_or(Error::NotFound)?;
        let mut chunks = read_chunks(self.connection, self.vault, facts.row)?;
        let before = chunks.len();
        chunks.extend_from_slice(more);
        if header.chunks_known || chunks.len() > self.chunks_max() {
            return Err(Error::OutOfBounds("the number of chunks"));
        }
        let pieces = self.locate(&chunks, before)?;
        header.chunk_count =
            u32::try_from(chunks.len()).map_err(|_| Error::OutOfBounds("the number of chunks"))?;
        header.chunks_known = now_known;
        self.complete(|batch| {
            let mut arrival = Arrival { id: *id, created: false, ready: Vec::new() };
            write_chunks(batch.connection, batch.vault, facts.row, &chunks, random)?;
            header.update(batch.connection, batch.vault, &facts, random)?;
            batch.attach(facts.row, &pieces, &mut arrival.ready)?;
            if now_known && !batch.lacks_chunks(facts.row)? {
                arrival.created = true;
                batch.arrived(&facts, *id, &mut arrival.ready)?;
            }
            Ok(arrival)
        })
    }

    /// The row of a document, partial ones too.
    pub(crate) fn find(&self, key: &RowKey) -> Result<Option<(Facts, Header)>, Error> {
        let Some(facts) = Facts::find(self.connection, self.vault, key)? else { return Ok(None) };
        let header = Header::find(self.connection, self.vault, &facts)?;
        Ok(Some((facts, header)))
    }

    /// Where the chunks of a list are, from position `from` on; those before are known.
    pub(crate) fn locate(&self, chunks: &[ChunkId], from: usize) -> Result<Pieces, Error> {
        let mut pieces = Pieces { held: Vec::new(), missing: Vec::new() };
        let mut seen = BTreeSet::new();
        for (position, chunk) in chunks.iter().enumerate() {
            if !seen.insert(*chunk) || position < from {
                continue;
            }
            let key = self.vault.row_key(CHUNK, chunk.as_bytes());
            match self.chunk_row(&key)? {
                Some(row) => pieces.held.push((key, row)),
                None => pieces.missing.push((position, key)),
            }
        }
        Ok(pieces)
    }

    /// The document has these chunks. Others that lacked one of them lack it no more.
    pub(crate) fn attach(
        &mut self,
        document: i64,
        pieces: &Pieces,
        ready: &mut Vec<DocumentId>,
    ) -> Result<(), Error> {
        for (key, row) in &pieces.held {
            self.name_chunk(key, *row)?;
        }
        for (position, key) in &pieces.missing {
            note_missing(self.connection, document, *position, key)?;
        }
        self.share(pieces, ready)
    }

    /// The same for a document of whose chunks some are attached and some missing: now it lacks none.
    pub(crate) fn attach_rest(
        &mut self,
        document: i64,
        pieces: &Pieces,
        ready: &mut Vec<DocumentId>,
    ) -> Result<(), Error> {
        let listed: BTreeSet<RowKey> = read_chunks(self.connection, self.vault, document)?
            .iter()
            .map(|chunk| self.vault.row_key(CHUNK, chunk.as_bytes()))
            .collect();
        for (key, row) in &pieces.held {
            if !listed.contains(key) || self.is_missing(document, key)? {
                self.name_chunk(key, *row)?;
            }
        }
        self.connection.prepare_cached("DELETE FROM missing WHERE document = ?1")?.execute([document])?;
        self.share(pieces, ready)
    }

    /// Most chunks of a document.
    pub(crate) fn chunks_max(&self) -> usize {
        // Chunks are full but for the last; one in a thousand is an index.
        usize::try_from(self.limits.document_bytes_max / 32_000).unwrap_or(usize::MAX).saturating_add(4)
    }

    fn share(&mut self, pieces: &Pieces, ready: &mut Vec<DocumentId>) -> Result<(), Error> {
        if !self.usage.any_partial() {
            return Ok(());
        }
        let mut arrival = ChunkArrival { whole: Vec::new(), ready: Vec::new() };
        for (key, row) in &pieces.held {
            let lacking = self.lacking(key)?;
            if !lacking.is_empty() {
                self.fill(key, *row, &lacking)?;
                self.settle(lacking, &mut arrival)?;
            }
        }
        ready.append(&mut arrival.ready);
        Ok(())
    }

    /// Sees which of the documents are whole now.
    fn settle(&mut self, documents: Vec<i64>, arrival: &mut ChunkArrival) -> Result<(), Error> {
        for document in documents {
            if self.lacks_chunks(document)? {
                continue;
            }
            let facts = self.facts_in(document)?;
            let header = Header::find(self.connection, self.vault, &facts)?;
            if header.chunks_known && facts.state == State::Partial {
                self.arrived(&facts, header.id, &mut arrival.ready)?;
                arrival.whole.push(header.id);
            }
        }
        Ok(())
    }

    fn facts_in(&self, row: i64) -> Result<Facts, Error> {
        let mut query =
            self.connection.prepare_cached(&format!("SELECT {FACTS} FROM document WHERE row = ?1"))?;
        query.query_row([row], |row| Ok(Facts::read(row, self.vault)))?
    }
}

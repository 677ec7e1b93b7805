//! Peers: what the caller keeps of each, sealed, and the number by which rows name one.

use rand_core::CryptoRngCore;
use rusqlite::params;

use crate::batch::Batch;
use crate::vault::{Column, RowKey};
use crate::{Error, Store};

/// Longest record of a peer.
pub const PEER_BYTES_MAX: usize = 65_536;

/// Names a peer in the store. Never given to another one, even after this one was forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PeerRow(i64);

impl PeerRow {
    pub(crate) const fn number(self) -> i64 {
        self.0
    }

    pub(crate) const fn from_number(number: i64) -> Self {
        Self(number)
    }
}

/// A stored peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Names it in the store.
    pub row: PeerRow,
    /// Hash of its identity key.
    pub id: [u8; 32],
    /// What the caller keeps of it.
    pub record: Vec<u8>,
}

impl Batch<'_> {
    /// Keeps what the caller knows of a peer: name, keys, the pair's secrets, as it encodes them.
    ///
    /// # Errors
    /// [`Error::OutOfBounds`] over [`PEER_BYTES_MAX`]; [`Error::Full`], [`Error::Disk`].
    pub fn put_peer(
        &mut self,
        id: &[u8; 32],
        record: &[u8],
        random: &mut dyn CryptoRngCore,
    ) -> Result<PeerRow, Error> {
        self.attempt(|batch| {
            if record.len() > PEER_BYTES_MAX {
                return Err(Error::OutOfBounds("a peer's record"));
            }
            let key = batch.vault.row_key(PEER, id);
            let plain = zeroize::Zeroizing::new([id.as_slice(), record].concat());
            let sealed = batch.vault.seal(Column::PeerBody, &key, &plain, random);
            let row = self
                .connection
                .prepare_cached(
                    "INSERT INTO peer (key, body) VALUES (?1, ?2) \
                     ON CONFLICT (key) DO UPDATE SET body = excluded.body RETURNING row",
                )?
                .query_row(params![key, sealed], |row| row.get(0))?;
            Ok(PeerRow(row))
        })
    }

    /// Forgets a peer, and what it is known to hold. The documents that it brought stay.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Full`], [`Error::Disk`].
    pub fn forget_peer(&mut self, id: &[u8; 32]) -> Result<(), Error> {
        self.attempt(|batch| {
            let key = batch.vault.row_key(PEER, id);
            let row: i64 = self
                .connection
                .prepare_cached("DELETE FROM peer WHERE key = ?1 RETURNING row")?
                .query_row([key], |row| row.get(0))?;
            batch.connection.prepare_cached("DELETE FROM holder WHERE peer = ?1")?.execute([row])?;
            Ok(())
        })
    }
}

impl Store {
    /// All peers in the order of their storing.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Disk`].
    pub fn peers(&self) -> Result<Vec<Peer>, Error> {
        let mut query = self.connection.prepare_cached("SELECT row, key, body FROM peer ORDER BY row")?;
        let mut rows = query.query([])?;
        let mut peers = Vec::new();
        while let Some(row) = rows.next()? {
            let key: RowKey = row.get(1)?;
            let plain = self.vault.open(Column::PeerBody, &key, &row.get::<_, Vec<u8>>(2)?)?;
            let (id, record) = plain.split_first_chunk().ok_or(Error::Damaged("a peer"))?;
            peers.push(Peer { row: PeerRow(row.get(0)?), id: *id, record: record.to_vec() });
        }
        Ok(peers)
    }
}

/// Names the table in keyed hashes of peers' ids. On disk: never changes.
const PEER: &str = "peer";

//! What a comparison with a peer begins with: for each bucket of time, how many ids it has and a digest of them.

use p2psync_bramble::{Digest, hash};
use rand_core::CryptoRngCore;
use rusqlite::{Connection, params};

use crate::facts::{AFTER_FACTS, FACTS, Facts, Header};
use crate::offering::Offered;
use crate::statement;
use crate::vault::{Column, Vault};
use crate::{Error, Store};

/// Milliseconds of message timestamps that share a bucket, as a power of two: 2^18 ms are about 4.4 minutes.
pub const BUCKET_SHIFT: u32 = 18;

/// One of the two sets that peers compare (PROTOCOL, Sync).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Collection {
    /// D: documents that are held whole, offered to peers and not confirmed.
    Documents = 1,
    /// C: receipts, notices and what else servers have signed.
    Statements = 2,
}

/// The ids of one bucket, in short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Timestamps shifted right by [`BUCKET_SHIFT`].
    pub number: u64,
    /// How many ids it has, at least one.
    pub count: u32,
    /// `H(label, ids..)` of the ids in ascending order: the same on every device that holds the same.
    pub digest: Digest,
}

impl Store {
    /// All buckets that are not empty, ascending. Those that changed are computed anew, and kept.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Disk`], [`Error::Full`].
    pub fn buckets(
        &mut self,
        collection: Collection,
        random: &mut dyn CryptoRngCore,
    ) -> Result<Vec<Bucket>, Error> {
        let Self { connection, vault, .. } = self;
        let transaction = connection.transaction()?;
        for number in dirty(&transaction, collection)? {
            refresh(&transaction, vault, collection, number, random)?;
        }
        let mut buckets = Vec::new();
        {
            let mut query = transaction
                .prepare_cached("SELECT bucket, sealed FROM summary WHERE collection = ?1 ORDER BY bucket")?;
            let mut rows = query.query([collection as i64])?;
            while let Some(row) = rows.next()? {
                buckets.push(open(vault, collection, row.get(0)?, &row.get::<_, Vec<u8>>(1)?)?);
            }
        }
        transaction.commit()?;
        Ok(buckets)
    }

    /// The ids in a bucket with their timestamps, ascending by id.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Disk`].
    pub fn ids_in_bucket(&self, collection: Collection, number: u64) -> Result<Vec<(Digest, u64)>, Error> {
        let number = i64::try_from(number).map_err(|_| Error::OutOfBounds("a bucket"))?;
        ids(&self.connection, &self.vault, collection, number)
    }
}

/// Marks a bucket as changed.
pub(crate) fn touch(connection: &Connection, collection: Collection, bucket: i64) -> Result<(), Error> {
    connection
        .prepare_cached(
            "INSERT INTO summary (collection, bucket, dirty, sealed) VALUES (?1, ?2, 1, x'') \
             ON CONFLICT (collection, bucket) DO UPDATE SET dirty = 1 WHERE dirty = 0",
        )?
        .execute(params![collection as i64, bucket])?;
    Ok(())
}

/// The bucket of a timestamp.
pub(crate) fn bucket(timestamp_ms: u64) -> i64 {
    i64::try_from(timestamp_ms >> BUCKET_SHIFT).expect("a shifted timestamp is far below 2^63")
}

fn dirty(connection: &Connection, collection: Collection) -> Result<Vec<i64>, Error> {
    let mut query =
        connection.prepare_cached("SELECT bucket FROM summary WHERE collection = ?1 AND dirty <> 0")?;
    let rows = query.query_map([collection as i64], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn refresh(
    connection: &Connection,
    vault: &Vault,
    collection: Collection,
    number: i64,
    random: &mut dyn CryptoRngCore,
) -> Result<(), Error> {
    let ids = ids(connection, vault, collection, number)?;
    if ids.is_empty() {
        connection
            .prepare_cached("DELETE FROM summary WHERE collection = ?1 AND bucket = ?2")?
            .execute(params![collection as i64, number])?;
        return Ok(());
    }
    let inputs: Vec<&[u8]> = ids.iter().map(|(id, _)| id.as_slice()).collect();
    let count = u32::try_from(ids.len()).map_err(|_| Error::OutOfBounds("a bucket"))?;
    let plain = [count.to_be_bytes().as_slice(), &hash("org.sahana.p2psync.store/BUCKET", &inputs)].concat();
    let sealed = vault.seal(Column::SummaryDigest, &place(collection, number), &plain, random);
    connection
        .prepare_cached("UPDATE summary SET dirty = 0, sealed = ?3 WHERE collection = ?1 AND bucket = ?2")?
        .execute(params![collection as i64, number, sealed])?;
    Ok(())
}

fn open(vault: &Vault, collection: Collection, number: i64, sealed: &[u8]) -> Result<Bucket, Error> {
    const DAMAGED: Error = Error::Damaged("a summary");
    let plain = vault.open(Column::SummaryDigest, &place(collection, number), sealed)?;
    let (count, digest) = plain.split_first_chunk().ok_or(DAMAGED)?;
    Ok(Bucket {
        number: u64::try_from(number).map_err(|_| DAMAGED)?,
        count: u32::from_be_bytes(*count),
        digest: digest.try_into().map_err(|_| DAMAGED)?,
    })
}

fn place(collection: Collection, number: i64) -> Vec<u8> {
    [&[collection as u8], number.to_be_bytes().as_slice()].concat()
}

fn ids(
    connection: &Connection,
    vault: &Vault,
    collection: Collection,
    number: i64,
) -> Result<Vec<(Digest, u64)>, Error> {
    let mut ids = match collection {
        Collection::Documents => document_ids(connection, vault, number)?,
        Collection::Statements => statement::ids_in_bucket(connection, vault, number)?,
    };
    ids.sort_unstable();
    Ok(ids)
}

fn document_ids(connection: &Connection, vault: &Vault, number: i64) -> Result<Vec<(Digest, u64)>, Error> {
    let offered = offered_documents(connection, vault, number)?;
    Ok(offered.into_iter().map(|document| (document.id, document.timestamp_ms)).collect())
}

/// The documents of a bucket that peers are offered.
pub(crate) fn offered_documents(
    connection: &Connection,
    vault: &Vault,
    number: i64,
) -> Result<Vec<Offered>, Error> {
    // Of the states those that are offered, so that the index leads to the rows.
    let query = format!("SELECT {FACTS}, header FROM document WHERE state IN (1, 2, 3, 5) AND bucket = ?1");
    let mut query = connection.prepare_cached(&query)?;
    let mut rows = query.query([number])?;
    let mut offered = Vec::new();
    while let Some(row) = rows.next()? {
        let facts = Facts::read(row, vault)?;
        if facts.is_offered() {
            let header = Header::open(vault, &facts.key, &row.get::<_, Vec<u8>>(AFTER_FACTS)?)?;
            offered.push(Offered::document(&facts, &header));
        }
    }
    Ok(offered)
}

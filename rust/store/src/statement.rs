//! What servers have signed: receipts, notices, certificate updates, statements of theirs. Verified before they
//! come here; a receipt takes its documents out of what peers compare, in the same transaction.

use p2psync_bramble::{Digest, WallClock};
use p2psync_model::{DocumentId, Message, Receipt};
use rand_core::CryptoRngCore;
use rusqlite::{Connection, params};

use crate::batch::Batch;
use crate::facts::{DOCUMENT, Facts, OWN, State, day};
use crate::summary::{self, Collection};
use crate::vault::{Column, RowKey, Vault};
use crate::{Error, Store};

/// The kinds of statement: the first byte of the message's body (PROTOCOL, Messages).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum StatementKind {
    /// A receipt: applied by [`Batch::apply_receipt`].
    Receipt = 2,
    /// A signed rejection.
    Notice = 3,
    /// A newer form of the server's certificate.
    Certificate = 4,
    /// What a server says of itself.
    Statement = 5,
}

/// Longest message of a statement.
pub const STATEMENT_BYTES_MAX: usize = 32_768;

/// What a receipt changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReceiptEffect {
    /// Whether this receipt, or one that says the same, was here already.
    pub known: bool,
    /// Own documents that are confirmed now.
    pub confirmed: Vec<DocumentId>,
    /// Documents of others that were removed.
    pub removed: Vec<DocumentId>,
    /// Documents that the app may see now, because they waited for confirmed ones.
    pub ready: Vec<DocumentId>,
}

impl Batch<'_> {
    /// Acts on a receipt whose signature was verified: its documents are never taken again; own ones are confirmed
    /// and kept for the grace time, others' removed at once. Applied twice, it changes nothing the second time.
    /// `message` is the message that carries it.
    ///
    /// # Errors
    /// [`Error::Full`], [`Error::Disk`], [`Error::Damaged`].
    pub fn apply_receipt(
        &mut self,
        receipt: &Receipt,
        message: &Message,
        now: WallClock,
        random: &mut dyn CryptoRngCore,
    ) -> Result<ReceiptEffect, Error> {
        self.attempt(|batch| {
            let identity = receipt.body_hash();
            let mut effect = ReceiptEffect::default();
            let (row, created) =
                batch.insert_statement(StatementKind::Receipt, &identity, message, random)?;
            effect.known = !created;
            for id in receipt.ids() {
                let key = batch.vault.row_key(DOCUMENT, id.as_bytes());
                batch.bury(&key, row)?;
                let facts = Facts::find(batch.connection, batch.vault, &key)?;
                let own = facts.as_ref().is_some_and(|facts| facts.origin == OWN);
                batch.overrule(&key, receipt.time(), own)?;
                if let Some(facts) = facts {
                    batch.confirm(*id, &facts, now, &mut effect)?;
                }
                batch.release_children(&key, &mut effect.ready)?;
            }
            Ok(effect)
        })
    }

    /// Keeps a certificate update or a statement, or applies a notice as [`Batch::apply_notice`] does. Returns
    /// whether it was new; `identity` is the hash of what was signed.
    ///
    /// # Errors
    /// [`Error::OutOfBounds`] for a receipt, or if the message of a notice is none or has another hash;
    /// [`Error::Full`], [`Error::Disk`].
    pub fn keep_statement(
        &mut self,
        kind: StatementKind,
        identity: &Digest,
        message: &Message,
        random: &mut dyn CryptoRngCore,
    ) -> Result<bool, Error> {
        match kind {
            StatementKind::Receipt => Err(Error::OutOfBounds("a receipt, which must be applied")),
            StatementKind::Notice => self.apply_notice_in(identity, message, random),
            StatementKind::Certificate | StatementKind::Statement => {
                self.attempt(|batch| Ok(batch.insert_statement(kind, identity, message, random)?.1))
            }
        }
    }

    /// Undoes a receipt whose signature turned out to be worth nothing: what is still held is offered again.
    /// Returns the documents that are unconfirmed again.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Full`], [`Error::Disk`].
    pub fn revoke_receipt(&mut self, receipt: &Receipt) -> Result<Vec<DocumentId>, Error> {
        self.attempt(|batch| {
            let key = batch.vault.row_key(STATEMENT, &receipt.body_hash());
            let mut find =
                batch.connection.prepare_cached("SELECT row, bucket FROM statement WHERE key = ?1")?;
            let (row, bucket): (i64, i64) =
                find.query_row([key], |found| Ok((found.get(0)?, found.get(1)?)))?;
            batch.connection.execute("DELETE FROM tombstone WHERE statement = ?1", [row])?;
            batch.connection.execute("DELETE FROM statement WHERE row = ?1", [row])?;
            batch.touch(Collection::Statements, bucket);
            let mut again = Vec::new();
            for id in receipt.ids() {
                let key = batch.vault.row_key(DOCUMENT, id.as_bytes());
                let found = Facts::find(batch.connection, batch.vault, &key)?;
                if let Some(facts) = found.filter(|facts| facts.state == State::Confirmed) {
                    let open = Facts { state: State::Stored, confirmed_day: 0, ..facts.clone() };
                    batch.change(&facts, &open)?;
                    again.push(*id);
                }
            }
            Ok(again)
        })
    }

    /// Whether a document of that id is not to be taken: deleted by the owner for good, or confirmed.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Disk`].
    pub fn has_tombstone(&self, id: &DocumentId) -> Result<bool, Error> {
        let key = self.vault.row_key(DOCUMENT, id.as_bytes());
        Ok(read_tombstone(self.connection, self.vault, &key)?.is_some())
    }

    /// Writes a tombstone: by receipt `statement`, or by the owner (0). One by the owner stays his.
    pub(crate) fn bury(&mut self, key: &RowKey, statement: i64) -> Result<(), Error> {
        let guard = tombstone_guard(self.vault, key, statement);
        self.connection
            .prepare_cached(
                "INSERT INTO tombstone (key, statement, guard) VALUES (?1, ?2, ?3) ON CONFLICT (key) DO NOTHING",
            )?
            .execute(params![key, statement, guard])?;
        Ok(())
    }

    fn confirm(
        &mut self,
        id: DocumentId,
        facts: &Facts,
        now: WallClock,
        effect: &mut ReceiptEffect,
    ) -> Result<(), Error> {
        if facts.origin == OWN {
            if facts.state != State::Confirmed {
                let confirmed =
                    Facts { state: State::Confirmed, confirmed_day: day(now).max(1), ..facts.clone() };
                self.change(facts, &confirmed)?;
                effect.confirmed.push(id);
            }
        } else {
            self.remove(facts)?;
            effect.removed.push(id);
        }
        Ok(())
    }

    pub(crate) fn insert_statement(
        &mut self,
        kind: StatementKind,
        identity: &Digest,
        message: &Message,
        random: &mut dyn CryptoRngCore,
    ) -> Result<(i64, bool), Error> {
        let key = self.vault.row_key(STATEMENT, identity);
        let mut find = self.connection.prepare_cached("SELECT row FROM statement WHERE key = ?1")?;
        let mut found = find.query([key])?;
        if let Some(found) = found.next()? {
            return Ok((found.get(0)?, false));
        }
        let bucket = summary::bucket(message.timestamp_ms());
        let plain = [identity, message.timestamp_ms().to_be_bytes().as_slice(), message.body()].concat();
        let sealed = self.vault.seal(Column::StatementBody, &key, &plain, random);
        let kind = kind as i64;
        let guard = self.vault.guard(&[&key, &kind.to_be_bytes(), &bucket.to_be_bytes()]);
        self.connection
            .prepare_cached(
                "INSERT INTO statement (key, kind, bucket, guard, body) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![key, kind, bucket, guard, sealed])?;
        let row = self.connection.last_insert_rowid();
        self.touch(Collection::Statements, bucket);
        Ok((row, true))
    }
}

impl Store {
    /// The message of the receipt that confirms a document, to be shown, or to answer a peer that offers it.
    /// `None` if there is none: not confirmed, or deleted by the owner.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Disk`].
    pub fn receipt_for(&self, id: &DocumentId) -> Result<Option<Message>, Error> {
        let key = self.vault.row_key(DOCUMENT, id.as_bytes());
        let Some(statement) = read_tombstone(&self.connection, &self.vault, &key)? else { return Ok(None) };
        let mut query = self.connection.prepare_cached("SELECT key, body FROM statement WHERE row = ?1")?;
        let mut rows = query.query([statement])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let opened = open(&self.vault, &row.get(0)?, &row.get::<_, Vec<u8>>(1)?)?;
        Ok(Some(self.restore(opened.1, opened.2)?))
    }

    /// The message of a statement, by the hash of what was signed.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Damaged`], [`Error::Disk`].
    pub fn statement(&self, identity: &Digest) -> Result<Message, Error> {
        let key = self.vault.row_key(STATEMENT, identity);
        let mut query = self.connection.prepare_cached("SELECT body FROM statement WHERE key = ?1")?;
        let sealed: Vec<u8> = query.query_row([key], |row| row.get(0))?;
        let (_, timestamp_ms, body) = open(&self.vault, &key, &sealed)?;
        self.restore(timestamp_ms, body)
    }

    /// Whether a document of that id is not to be taken; see [`Batch::has_tombstone`].
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Disk`].
    pub fn has_tombstone(&self, id: &DocumentId) -> Result<bool, Error> {
        let key = self.vault.row_key(DOCUMENT, id.as_bytes());
        Ok(read_tombstone(&self.connection, &self.vault, &key)?.is_some())
    }

    pub(crate) fn restore(&self, timestamp_ms: u64, body: Vec<u8>) -> Result<Message, Error> {
        Message::new(self.group, timestamp_ms, body).map_err(|_| Error::Damaged("a message"))
    }
}

/// Identities of the statements in a bucket, with their timestamps.
pub(crate) fn ids_in_bucket(
    connection: &Connection,
    vault: &Vault,
    bucket: i64,
) -> Result<Vec<(Digest, u64)>, Error> {
    let mut query = connection.prepare_cached("SELECT key, body FROM statement WHERE bucket = ?1")?;
    let mut rows = query.query([bucket])?;
    let mut ids = Vec::new();
    while let Some(row) = rows.next()? {
        let (identity, timestamp_ms, _) = open(vault, &row.get(0)?, &row.get::<_, Vec<u8>>(1)?)?;
        ids.push((identity, timestamp_ms));
    }
    Ok(ids)
}

/// Names the table in keyed hashes of identities. On disk: never changes.
const STATEMENT: &str = "statement";

/// Identity, timestamp and body of a sealed statement.
fn open(vault: &Vault, key: &RowKey, sealed: &[u8]) -> Result<(Digest, u64, Vec<u8>), Error> {
    let plain = vault.open(Column::StatementBody, key, sealed)?;
    let parts = plain.split_first_chunk().and_then(|(identity, rest)| {
        let (timestamp, body) = rest.split_first_chunk()?;
        Some((*identity, u64::from_be_bytes(*timestamp), body.to_vec()))
    });
    parts.ok_or(Error::Damaged("a statement"))
}

/// The statement that a document's tombstone names, 0 for its owner's wish.
pub(crate) fn read_tombstone(
    connection: &Connection,
    vault: &Vault,
    key: &RowKey,
) -> Result<Option<i64>, Error> {
    let mut query = connection.prepare_cached("SELECT statement, guard FROM tombstone WHERE key = ?1")?;
    let mut rows = query.query([key])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let (statement, guard): (i64, RowKey) = (row.get(0)?, row.get(1)?);
    if tombstone_guard(vault, key, statement) == guard {
        Ok(Some(statement))
    } else {
        Err(Error::Damaged("a tombstone"))
    }
}

fn tombstone_guard(vault: &Vault, key: &RowKey, statement: i64) -> RowKey {
    vault.guard(&[key, &statement.to_be_bytes()])
}

//! One transaction: everything that a batch does is on disk when it returns, or nothing of it is.

use std::collections::BTreeMap;

use rusqlite::{Connection, TransactionBehavior};

use crate::facts::{Facts, OWN, State};
use crate::limits::StoreLimits;
use crate::summary::{self, Collection};
use crate::vault::Vault;
use crate::{Error, Store};
use p2psync_model::GroupId;

/// Changes that take effect together. Many documents in one batch cost one flush of the disk. A change that is
/// refused leaves nothing behind, and the batch can go on without it; after [`Error::Full`] or [`Error::Disk`] it
/// cannot.
#[derive(Debug)]
pub struct Batch<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) vault: &'a Vault,
    pub(crate) group: GroupId,
    pub(crate) limits: StoreLimits,
    pub(crate) usage: &'a mut Usage,
    /// Whether somebody is putting a document chunk by chunk: then no chunk is unused for certain.
    pub(crate) drafts_open: u32,
}

impl Store {
    /// Does `work` in one transaction.
    ///
    /// # Errors
    /// That of `work`, after which nothing has changed; [`Error::Full`], [`Error::Disk`].
    pub fn batch<T>(&mut self, work: impl FnOnce(&mut Batch<'_>) -> Result<T, Error>) -> Result<T, Error> {
        let Self { connection, vault, group, limits, usage, drafts_open, .. } = self;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut changed = usage.clone();
        let mut batch = Batch {
            connection: &transaction,
            vault,
            group: *group,
            limits: *limits,
            usage: &mut changed,
            drafts_open: *drafts_open,
        };
        let done = work(&mut batch)?;
        if transaction.is_autocommit() {
            return Err(Error::Disk("the disk failed during the batch".to_owned()));
        }
        transaction.commit()?;
        *usage = changed;
        Ok(done)
    }
}

impl Batch<'_> {
    /// Does `work` wholly or not at all.
    pub(crate) fn attempt<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        if self.connection.is_autocommit() {
            // SQLite rolls everything back by itself when the disk fails: what came now would be a transaction of
            // its own.
            return Err(Error::Disk("the batch has ended with an earlier failure".to_owned()));
        }
        self.connection.prepare_cached("SAVEPOINT attempt")?.execute([])?;
        let usage = self.usage.clone();
        let done = work(self);
        if self.connection.is_autocommit() {
            return done;
        }
        if done.is_err() {
            self.connection.prepare_cached("ROLLBACK TO attempt")?.execute([])?;
            *self.usage = usage;
        }
        self.connection.prepare_cached("RELEASE attempt")?.execute([])?;
        done
    }

    /// Changes a document's facts, and the sums and summaries that follow from them.
    pub(crate) fn change(&mut self, before: &Facts, after: &Facts) -> Result<(), Error> {
        after.update(self.connection, self.vault)?;
        self.usage.remove(before);
        self.usage.add(after);
        if before.is_offered() != after.is_offered() {
            summary::touch(self.connection, Collection::Documents, after.bucket)?;
        }
        Ok(())
    }

    /// Removes a document with what only it needed.
    pub(crate) fn remove(&mut self, facts: &Facts) -> Result<(), Error> {
        if self.drafts_open == 0 {
            // First, while the parts still say which chunks were its own.
            self.connection
                .prepare_cached(
                    "DELETE FROM chunk WHERE key IN (SELECT chunk_key FROM part WHERE document = ?1) \
                     AND NOT EXISTS (SELECT 1 FROM part AS other \
                     WHERE other.chunk_key = chunk.key AND other.document <> ?1)",
                )?
                .execute([facts.row])?;
        }
        self.connection.prepare_cached("DELETE FROM document WHERE row = ?1")?.execute([facts.row])?;
        self.usage.remove(facts);
        if facts.is_offered() {
            summary::touch(self.connection, Collection::Documents, facts.bucket)?;
        }
        Ok(())
    }
}

/// How much the documents of each origin take.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage(BTreeMap<i64, Share>);

/// What the documents of one origin take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) documents: u64,
    pub(crate) partial: u64,
    pub(crate) bytes: u64,
}

impl Usage {
    /// Counts from an index, without reading a document.
    pub(crate) fn count(connection: &Connection) -> Result<Self, Error> {
        let mut query = connection
            .prepare("SELECT origin, count(*), sum(state = 0), sum(bytes) FROM document GROUP BY origin")?;
        let mut rows = query.query([])?;
        let mut usage = Self::default();
        while let Some(row) = rows.next()? {
            let number = |place| Ok::<u64, Error>(u64::try_from(row.get::<_, i64>(place)?).unwrap_or(0));
            let share = Share { documents: number(1)?, partial: number(2)?, bytes: number(3)? };
            usage.0.insert(row.get(0)?, share);
        }
        Ok(usage)
    }

    /// What documents of `origin` take.
    pub(crate) fn of(&self, origin: i64) -> Share {
        self.0.get(&origin).copied().unwrap_or_default()
    }

    /// Bytes of all documents that peers brought.
    pub(crate) fn others_bytes(&self) -> u64 {
        self.0.iter().filter(|(origin, _)| **origin != OWN).map(|(_, share)| share.bytes).sum()
    }

    /// Bytes of all documents.
    pub(crate) fn bytes(&self) -> u64 {
        self.0.values().map(|share| share.bytes).sum()
    }

    pub(crate) fn add(&mut self, facts: &Facts) {
        let share = self.0.entry(facts.origin).or_default();
        share.documents += 1;
        share.partial += u64::from(facts.state == State::Partial);
        share.bytes += u64::try_from(facts.bytes).unwrap_or(0);
    }

    pub(crate) fn remove(&mut self, facts: &Facts) {
        let share = self.0.entry(facts.origin).or_default();
        share.documents = share.documents.saturating_sub(1);
        share.partial = share.partial.saturating_sub(u64::from(facts.state == State::Partial));
        share.bytes = share.bytes.saturating_sub(u64::try_from(facts.bytes).unwrap_or(0));
    }
}

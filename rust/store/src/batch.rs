//! One transaction: everything that a batch does is on disk when it returns, or nothing of it is.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, TransactionBehavior};

use crate::facts::Facts;
use crate::limits::StoreLimits;
use crate::summary::{self, Collection};
use crate::usage::Usage;
use crate::vault::{RowKey, Vault};
use crate::{Error, Store};
use p2psync_model::GroupId;

/// Changes that take effect together. Many documents in one batch cost one flush of the disk. A change that is
/// refused leaves nothing behind, and the batch can go on without it; after [`Error::Full`], [`Error::Disk`] or
/// [`Error::Damaged`] it cannot.
#[derive(Debug)]
pub struct Batch<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) vault: &'a Vault,
    pub(crate) group: GroupId,
    pub(crate) limits: StoreLimits,
    pub(crate) usage: &'a mut Usage,
    /// Whether somebody is putting a document chunk by chunk: then no chunk is unused for certain.
    pub(crate) drafts_open: u32,
    /// Chunks that were put in this batch and that no document has yet.
    pub(crate) unnamed: BTreeMap<RowKey, i64>,
    touched: BTreeSet<(Collection, i64)>,
    failure: Option<Error>,
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
            unnamed: BTreeMap::new(),
            touched: BTreeSet::new(),
            failure: None,
        };
        let done = work(&mut batch)?;
        batch.finish()?;
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
        self.usable()?;
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

    /// Does `work`, before which everything was looked at that can be refused: if it fails, the batch has. This
    /// spares the savepoint of [`Self::attempt`], which costs a copy of every page that is written to.
    pub(crate) fn complete<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.usable()?;
        let done = work(self);
        if let Err(error) = &done {
            self.failure = Some(error.clone());
        }
        done
    }

    /// Whether the batch can go on.
    pub(crate) fn usable(&self) -> Result<(), Error> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        if self.connection.is_autocommit() {
            // SQLite rolls everything back by itself when the disk fails: what came now would be a transaction of
            // its own.
            return Err(Error::Disk("the batch has ended with an earlier failure".to_owned()));
        }
        Ok(())
    }

    /// Marks a bucket as changed, once for the whole batch.
    pub(crate) fn touch(&mut self, collection: Collection, bucket: i64) {
        self.touched.insert((collection, bucket));
    }

    /// Changes a document's facts, and the sums and summaries that follow from them.
    pub(crate) fn change(&mut self, before: &Facts, after: &Facts) -> Result<(), Error> {
        after.update(self.connection, self.vault)?;
        self.usage.remove(before);
        self.usage.add(after);
        if before.is_offered() != after.is_offered() {
            self.touch(Collection::Documents, after.bucket);
        }
        Ok(())
    }

    /// Removes a document with what only it needed.
    pub(crate) fn remove(&mut self, facts: &Facts) -> Result<(), Error> {
        // First, while the list still says which chunks it has.
        self.release_chunks(facts.row)?;
        self.forget_authorship(facts)?;
        self.stop_waiting(facts.row)?;
        self.connection.prepare_cached("DELETE FROM document WHERE row = ?1")?.execute([facts.row])?;
        self.usage.remove(facts);
        if facts.is_offered() {
            self.touch(Collection::Documents, facts.bucket);
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), Error> {
        self.usable()?;
        self.note_unnamed()?;
        for (collection, bucket) in core::mem::take(&mut self.touched) {
            summary::touch(self.connection, collection, bucket)?;
        }
        Ok(())
    }
}

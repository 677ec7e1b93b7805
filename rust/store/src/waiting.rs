//! Causal order: a document is shown to the app after its parents. One whose parents are missing is held, passed
//! on to peers, and shown when they arrive.

use p2psync_model::DocumentId;
use rand_core::CryptoRngCore;
use rusqlite::{ToSql, params};

use crate::batch::Batch;
use crate::facts::{DOCUMENT, Facts, State};
use crate::vault::{Column, RowKey};
use crate::{Error, Store};

impl Store {
    /// Parents that documents wait for and that are not here, to be asked for. At most `count_max`.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Disk`].
    pub fn missing_parents(&self, count_max: u32) -> Result<Vec<DocumentId>, Error> {
        let mut query = self.connection.prepare_cached(
            "SELECT document, parent_key, sealed FROM waiting WHERE NOT EXISTS \
             (SELECT 1 FROM document WHERE document.key = waiting.parent_key) ORDER BY row LIMIT ?1",
        )?;
        let mut rows = query.query([count_max])?;
        let mut parents = Vec::new();
        while let Some(row) = rows.next()? {
            let (document, key): (i64, RowKey) = (row.get(0)?, row.get(1)?);
            let sealed: Vec<u8> = row.get(2)?;
            let id = self.vault.open(Column::WaitingParent, &bound_to(document, &key), &sealed)?;
            let id = id.as_slice().try_into().map_err(|_| Error::Damaged("a parent's id"))?;
            parents.push(DocumentId::from_bytes(id));
        }
        parents.sort_unstable();
        parents.dedup();
        Ok(parents)
    }
}

impl Batch<'_> {
    /// Those of the parents that the app has not seen.
    ///
    /// # Errors
    /// [`Error::Quota`] if too many documents wait.
    pub(crate) fn unseen_parents(&self, parents: &[DocumentId]) -> Result<Vec<DocumentId>, Error> {
        let mut unseen = Vec::new();
        for parent in parents {
            if !self.was_seen(&self.vault.row_key(DOCUMENT, parent.as_bytes()))? {
                unseen.push(*parent);
            }
        }
        let more = u32::try_from(unseen.len()).unwrap_or(u32::MAX);
        if more > 0 && self.usage.waiting.saturating_add(more) > self.limits.waiting_max {
            return Err(Error::Quota("documents that wait for others"));
        }
        Ok(unseen)
    }

    /// A document is kept from the app until it has seen these.
    pub(crate) fn wait_for(
        &mut self,
        document: i64,
        parents: &[DocumentId],
        random: &mut dyn CryptoRngCore,
    ) -> Result<(), Error> {
        for parent in parents {
            let key = self.vault.row_key(DOCUMENT, parent.as_bytes());
            let bound = bound_to(document, &key);
            let sealed = self.vault.seal(Column::WaitingParent, &bound, parent.as_bytes(), random);
            self.connection
                .prepare_cached("INSERT INTO waiting (document, parent_key, sealed) VALUES (?1, ?2, ?3)")?
                .execute(params![document, key, sealed])?;
            self.usage.waiting = self.usage.waiting.saturating_add(1);
        }
        Ok(())
    }

    /// A document that is about to go waits for nothing more.
    pub(crate) fn stop_waiting(&mut self, document: i64) -> Result<(), Error> {
        self.delete_waiting("DELETE FROM waiting WHERE document = ?1", document)
    }

    pub(crate) fn is_waiting(&self, document: i64) -> Result<bool, Error> {
        if self.usage.waiting == 0 {
            return Ok(false);
        }
        Ok(self.connection.prepare_cached("SELECT 1 FROM waiting WHERE document = ?1")?.exists([document])?)
    }

    /// The app sees the document `parent`, or never will. Adds to `ready` those that waited for it alone, then those
    /// that waited for these, and so on.
    pub(crate) fn release_children(
        &mut self,
        parent: &RowKey,
        ready: &mut Vec<DocumentId>,
    ) -> Result<(), Error> {
        let mut freed = self.children_freed_by(parent)?;
        while let Some(key) = freed.pop() {
            let Some((facts, header)) = self.find(&key)? else { continue };
            if facts.state == State::Partial || self.is_waiting(facts.row)? {
                continue;
            }
            ready.push(header.id);
            freed.extend(self.children_freed_by(&key)?);
        }
        Ok(())
    }

    /// Nothing waits for `key` any more. Returns the documents that waited.
    fn children_freed_by(&mut self, key: &RowKey) -> Result<Vec<RowKey>, Error> {
        if self.usage.waiting == 0 {
            return Ok(Vec::new());
        }
        let children = self
            .connection
            .prepare_cached(
                "SELECT document.key FROM waiting JOIN document ON document.row = waiting.document \
                 WHERE waiting.parent_key = ?1",
            )?
            .query_map([key], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        self.delete_waiting("DELETE FROM waiting WHERE parent_key = ?1", key)?;
        Ok(children)
    }

    fn delete_waiting(&mut self, delete: &str, which: impl ToSql) -> Result<(), Error> {
        if self.usage.waiting > 0 {
            let deleted = self.connection.prepare_cached(delete)?.execute([which])?;
            self.usage.waiting =
                self.usage.waiting.saturating_sub(u32::try_from(deleted).unwrap_or(u32::MAX));
        }
        Ok(())
    }

    /// Whether the app has seen that document, or will never: one that was delivered or deleted keeps nobody.
    fn was_seen(&self, key: &RowKey) -> Result<bool, Error> {
        if self.connection.prepare_cached("SELECT 1 FROM tombstone WHERE key = ?1")?.exists([key])? {
            return Ok(true);
        }
        let Some(facts) = Facts::find(self.connection, self.vault, key)? else { return Ok(false) };
        Ok(facts.state != State::Partial && !self.is_waiting(facts.row)?)
    }
}

fn bound_to(document: i64, parent: &RowKey) -> Vec<u8> {
    [document.to_be_bytes().as_slice(), parent].concat()
}

//! Documents going away: by their owner's wish, by age, or to make room. Nothing that only this device holds goes
//! without its owner's word.

use p2psync_bramble::WallClock;
use p2psync_model::DocumentId;
use rusqlite::Connection;

use crate::batch::Batch;
use crate::facts::{DOCUMENT, FACTS, Facts, OWN, State, day};
use crate::vault::Vault;
use crate::{Error, Store};

/// What a deletion did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deleted {
    /// Documents that are gone.
    pub deleted: u32,
    /// Those among them that no receipt had confirmed.
    pub unconfirmed: u32,
}

/// What would be lost if this device were lost now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OnlyHere {
    /// Own documents without a receipt, that no peer is known to hold.
    pub own: u64,
    /// The same of other people's documents.
    pub others: u64,
}

impl Batch<'_> {
    /// Deletes documents by their owner's wish, whatever their state. With `block`, peers cannot bring them back.
    ///
    /// # Errors
    /// [`Error::Full`], [`Error::Disk`], [`Error::Damaged`]. Unknown ids are passed over, and blocked all the same.
    pub fn delete(&mut self, ids: &[DocumentId], block: bool) -> Result<Deleted, Error> {
        self.attempt(|batch| {
            let mut deleted = Deleted::default();
            for id in ids {
                let key = batch.vault.row_key(DOCUMENT, id.as_bytes());
                if let Some(facts) = Facts::find(batch.connection, batch.vault, &key)? {
                    deleted.deleted += 1;
                    deleted.unconfirmed += u32::from(facts.state != State::Confirmed);
                    batch.remove(&facts)?;
                }
                if block {
                    batch.bury(&key, 0)?;
                }
            }
            Ok(deleted)
        })
    }

    /// Removes what has had its time: confirmed own documents whose grace is over, and other people's expired ones.
    /// Returns how many went.
    ///
    /// # Errors
    /// [`Error::Full`], [`Error::Disk`], [`Error::Damaged`].
    pub fn remove_outlived(&mut self, now: WallClock) -> Result<u32, Error> {
        self.attempt(|batch| {
            let today = day(now);
            let grace = i64::from(batch.limits.own_grace_days);
            let mut removed = 0;
            for facts in confirmed(batch.connection, batch.vault)? {
                if facts.confirmed_day.saturating_add(grace) <= today {
                    batch.remove(&facts)?;
                    removed += 1;
                }
            }
            for facts in expired_of_others(batch.connection, batch.vault, today)? {
                batch.remove(&facts)?;
                removed += 1;
            }
            Ok(removed)
        })
    }

    /// What must go so that a document of `origin` with `bytes` fits: peers have quotas; for one's own, confirmed
    /// content goes first, oldest first, then other people's expired. Unconfirmed documents of anybody stay.
    ///
    /// # Errors
    /// [`Error::Quota`] if that is not enough.
    pub(crate) fn plan_room(&self, origin: i64, bytes: u64, now: WallClock) -> Result<Vec<Facts>, Error> {
        if origin != OWN {
            self.check_peer_quota(origin, bytes)?;
        }
        let mut taken = self.usage.bytes().saturating_add(bytes);
        if taken <= self.limits.bytes_max {
            return Ok(Vec::new());
        }
        let mut candidates = confirmed(self.connection, self.vault)?;
        candidates.extend(expired_of_others(self.connection, self.vault, day(now))?);
        let mut evicted = Vec::new();
        for facts in candidates {
            taken = taken.saturating_sub(u64::try_from(facts.bytes).unwrap_or(0));
            evicted.push(facts);
            if taken <= self.limits.bytes_max {
                return Ok(evicted);
            }
        }
        Err(Error::Quota("the size of all documents"))
    }

    fn check_peer_quota(&self, origin: i64, bytes: u64) -> Result<(), Error> {
        let (limits, share) = (self.limits, self.usage.of(origin));
        if share.documents >= u64::from(limits.peer_documents_max) {
            return Err(Error::Quota("the number of this peer's documents"));
        }
        if share.partial >= u64::from(limits.peer_partial_max) {
            return Err(Error::Quota("this peer's unfinished documents"));
        }
        if share.bytes.saturating_add(bytes) > limits.peer_bytes_max {
            return Err(Error::Quota("the size of this peer's documents"));
        }
        if self.usage.others_bytes().saturating_add(bytes) > limits.others_bytes() {
            return Err(Error::Quota("the size of other people's documents"));
        }
        Ok(())
    }
}

impl Store {
    /// [`Batch::delete`] in a transaction of its own; what was deleted is overwritten in the journal too.
    ///
    /// # Errors
    /// As there.
    pub fn delete(&mut self, ids: &[DocumentId], block: bool) -> Result<Deleted, Error> {
        let deleted = self.batch(|batch| batch.delete(ids, block))?;
        // The deletion holds if this fails; the next checkpoint overwrites what is left.
        let _ = self.checkpoint();
        Ok(deleted)
    }

    /// "Is it safe to wipe this phone?": what neither a receipt nor a peer is known to cover. Partial documents
    /// do not count: somebody else has them whole.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Disk`].
    pub fn only_here(&self) -> Result<OnlyHere, Error> {
        let mut query = self.connection.prepare_cached(&format!(
            "SELECT {FACTS} FROM document WHERE NOT EXISTS \
             (SELECT 1 FROM holder WHERE holder.document = document.row)"
        ))?;
        let mut rows = query.query([])?;
        let mut only_here = OnlyHere::default();
        while let Some(row) = rows.next()? {
            let facts = Facts::read(row, &self.vault)?;
            let covered = matches!(facts.state, State::Partial | State::Confirmed);
            match (covered, facts.origin) {
                (true, _) => {}
                (false, OWN) => only_here.own += 1,
                (false, _) => only_here.others += 1,
            }
        }
        Ok(only_here)
    }
}

/// Own documents with a receipt, oldest first.
fn confirmed(connection: &Connection, vault: &Vault) -> Result<Vec<Facts>, Error> {
    let query = format!("SELECT {FACTS} FROM document WHERE origin = 0 AND state = 4 ORDER BY row");
    let found = select(connection, vault, &query, [])?;
    Ok(found.into_iter().filter(|facts| facts.state == State::Confirmed).collect())
}

fn expired_of_others(connection: &Connection, vault: &Vault, today: i64) -> Result<Vec<Facts>, Error> {
    let query = format!(
        "SELECT {FACTS} FROM document WHERE origin <> 0 AND expires_day > 0 AND expires_day < ?1 ORDER BY row"
    );
    select(connection, vault, &query, [today])
}

fn select(
    connection: &Connection,
    vault: &Vault,
    query: &str,
    params: impl rusqlite::Params,
) -> Result<Vec<Facts>, Error> {
    let mut query = connection.prepare_cached(query)?;
    let mut rows = query.query(params)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(Facts::read(row, vault)?);
    }
    Ok(found)
}

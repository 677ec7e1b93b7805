//! How much there is of what is limited, counted once and then kept up: quotas are judged without reading the disk.

use std::collections::BTreeMap;

use rusqlite::Connection;

use crate::Error;
use crate::facts::{Facts, OWN, State};

/// What the documents take, and the last number that one was given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    shares: BTreeMap<i64, Share>,
    last_row: i64,
    /// Rows in the table of parents waited for.
    pub(crate) waiting: u32,
}

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
        let mut usage = Self::default();
        let mut query = connection.prepare(
            "SELECT origin, state = 0, count(*), sum(bytes) FROM document INDEXED BY document_by_state \
             GROUP BY state, origin",
        )?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            let number = |place| Ok::<u64, Error>(u64::try_from(row.get::<_, i64>(place)?).unwrap_or(0));
            let (partial, documents, bytes) = (number(1)?, number(2)?, number(3)?);
            let share = usage.shares.entry(row.get(0)?).or_default();
            share.documents += documents;
            share.partial += partial * documents;
            share.bytes += bytes;
        }
        usage.last_row =
            connection.query_row("SELECT coalesce(max(row), 0) FROM document", [], |row| row.get(0))?;
        usage.waiting = connection.query_row("SELECT count(*) FROM waiting", [], |row| row.get(0))?;
        Ok(usage)
    }

    /// A number that no document has had since the store was opened.
    pub(crate) fn next_row(&self) -> i64 {
        self.last_row.saturating_add(1)
    }

    /// What documents of `origin` take.
    pub(crate) fn of(&self, origin: i64) -> Share {
        self.shares.get(&origin).copied().unwrap_or_default()
    }

    /// Bytes of all documents that peers brought.
    pub(crate) fn others_bytes(&self) -> u64 {
        self.shares.iter().filter(|(origin, _)| **origin != OWN).map(|(_, share)| share.bytes).sum()
    }

    /// Bytes of all documents.
    pub(crate) fn bytes(&self) -> u64 {
        self.shares.values().map(|share| share.bytes).sum()
    }

    /// Whether any document lacks chunks.
    pub(crate) fn any_partial(&self) -> bool {
        self.shares.values().any(|share| share.partial > 0)
    }

    pub(crate) fn add(&mut self, facts: &Facts) {
        self.last_row = self.last_row.max(facts.row);
        let share = self.shares.entry(facts.origin).or_default();
        share.documents += 1;
        share.partial += u64::from(facts.state == State::Partial);
        share.bytes += u64::try_from(facts.bytes).unwrap_or(0);
    }

    pub(crate) fn remove(&mut self, facts: &Facts) {
        let share = self.shares.entry(facts.origin).or_default();
        share.documents = share.documents.saturating_sub(1);
        share.partial = share.partial.saturating_sub(u64::from(facts.state == State::Partial));
        share.bytes = share.bytes.saturating_sub(u64::try_from(facts.bytes).unwrap_or(0));
    }
}

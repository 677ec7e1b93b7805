//! Which documents there are: one, or pages of those that a filter lets through. What stands in clear is filtered by
//! the database; only documents that pass are decrypted.

use std::fmt::Write as _;

use p2psync_bramble::WallClock;
use p2psync_model::{DocumentId, Priority};
use rusqlite::{Row, params};

use crate::facts::{AFTER_FACTS, DOCUMENT, FACTS, Facts, Header, OWN, State};
use crate::peer::PeerRow;
use crate::vault::Vault;
use crate::{Error, Store};

/// Most documents that one call of [`Store::list`] decrypts, however few of them its caller accepts.
pub const LISTED_MAX: usize = 1_000;

/// What is known of a document without reading its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentInfo {
    /// Its id.
    pub id: DocumentId,
    /// Where a list continues: documents that arrived later have a higher one.
    pub cursor: i64,
    /// The timestamp of its message.
    pub timestamp_ms: u64,
    /// When this device got it, by the device's date.
    pub received: WallClock,
    /// Length of its content.
    pub content_bytes: u64,
    /// What goes first when time is short.
    pub priority: Priority,
    /// Whether only its destination can read it.
    pub encrypted: bool,
    /// The peer that brought it; none for one's own.
    pub brought_by: Option<PeerRow>,
    /// How far it has come.
    pub state: State,
    /// Whether peers are offered it.
    pub shared: bool,
    /// Peers that are known to hold it.
    pub copies: u32,
    /// Whether the app must see its parents first.
    pub waiting: bool,
    /// What the caller said of it.
    pub info: Vec<u8>,
}

/// Which documents to list. Partial ones are never listed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filter<'a> {
    /// Only those of this device (`true`) or of peers (`false`).
    pub own: Option<bool>,
    /// Only those in one of these states; all if empty.
    pub states: &'a [State],
    /// Only those that peers are offered, or that they are not.
    pub shared: Option<bool>,
    /// Also those that wait for their parents.
    pub with_waiting: bool,
    /// Only those that arrived before the one with this cursor.
    pub before: Option<i64>,
}

/// A page of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// The documents, the last that arrived first.
    pub documents: Vec<DocumentInfo>,
    /// Where the list goes on, for [`Filter::before`]; `None` at its end.
    pub next: Option<i64>,
}

/// How many documents there are, as the index says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Those of this device.
    pub own: u64,
    /// Those that peers brought, without partial ones.
    pub others: u64,
    /// Those of peers that are not whole yet.
    pub partial: u64,
    /// Own ones with a receipt.
    pub confirmed: u64,
    /// Those that a server did not take.
    pub rejected: u64,
    /// Padded size of all, partial ones too.
    pub bytes: u64,
}

impl Store {
    /// What is known of a document.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for a partial one; [`Error::Damaged`], [`Error::Disk`].
    pub fn document(&self, id: &DocumentId) -> Result<DocumentInfo, Error> {
        let mut query = self
            .connection
            .prepare_cached(&format!("SELECT {DETAILS} FROM document WHERE key = ?1 AND state > 0"))?;
        let mut rows = query.query([self.vault.row_key(DOCUMENT, id.as_bytes())])?;
        let row = rows.next()?.ok_or(Error::NotFound)?;
        info(&self.vault, &Facts::read(row, &self.vault)?, row)
    }

    /// At most `count_max` documents, the last that arrived first, that the filter and `accept` let through.
    /// `accept` sees each before it counts, for questions that only the caller's description answers; a page of
    /// which it refused much may be short and have a next one.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Disk`].
    pub fn list(
        &self,
        filter: &Filter<'_>,
        count_max: usize,
        mut accept: impl FnMut(&DocumentInfo) -> bool,
    ) -> Result<Listed, Error> {
        let Some(query) = filter.query(self.usage.waiting > 0) else { return Ok(Listed::default()) };
        let mut query = self.connection.prepare_cached(&query)?;
        let mut listed = Listed { documents: Vec::new(), next: Some(filter.before.unwrap_or(i64::MAX)) };
        let mut decrypted = 0;
        while let Some(before) = listed.next {
            let wanted = count_max.saturating_sub(listed.documents.len()).min(LISTED_MAX - decrypted);
            if wanted == 0 {
                break;
            }
            let mut rows = query.query(params![before, i64::try_from(wanted).unwrap_or(i64::MAX)])?;
            let mut found = 0;
            while let Some(row) = rows.next()? {
                let facts = Facts::read(row, &self.vault)?;
                listed.next = Some(facts.row);
                found += 1;
                // The index is not guarded, the row is.
                if filter.fits(&facts) {
                    let info = info(&self.vault, &facts, row)?;
                    if accept(&info) {
                        listed.documents.push(info);
                    }
                }
            }
            decrypted += found;
            if found < wanted {
                listed.next = None;
            }
        }
        Ok(listed)
    }

    /// How many documents there are, without reading them.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Disk`].
    pub fn counts(&self) -> Result<Counts, Error> {
        let mut query = self.connection.prepare_cached(
            "SELECT state, origin, count(*), sum(bytes) FROM document INDEXED BY document_by_state \
             GROUP BY state, origin",
        )?;
        let mut rows = query.query([])?;
        let mut counts = Counts::default();
        while let Some(row) = rows.next()? {
            let (state, own) = (State::read(row.get(0)?)?, row.get::<_, i64>(1)? == OWN);
            let documents = u64::try_from(row.get::<_, i64>(2)?).unwrap_or(0);
            counts.bytes += u64::try_from(row.get::<_, i64>(3)?).unwrap_or(0);
            match (own, state) {
                (true, _) => counts.own += documents,
                (false, State::Partial) => counts.partial += documents,
                (false, _) => counts.others += documents,
            }
            match state {
                State::Confirmed => counts.confirmed += documents,
                State::Rejected => counts.rejected += documents,
                _ => {}
            }
        }
        Ok(counts)
    }
}

impl Filter<'_> {
    /// The rows below ?1 that pass, at most ?2; `None` if none can.
    fn query(&self, any_waiting: bool) -> Option<String> {
        let seen = if any_waiting && !self.with_waiting {
            " AND NOT EXISTS (SELECT 1 FROM waiting WHERE waiting.document = document.row)"
        } else {
            ""
        };
        if self.own.is_none() && self.shared.is_none() && self.states.is_empty() {
            return Some(format!(
                "SELECT {DETAILS} FROM document NOT INDEXED WHERE row < ?1 AND state > 0{seen} \
                 ORDER BY row DESC LIMIT ?2"
            ));
        }
        let mut states = String::new();
        for state in State::ALL.iter().filter(|state| self.fits_state(**state)) {
            let separator = if states.is_empty() { "" } else { ", " };
            write!(states, "{separator}{}", state.number()).expect("a string takes all that is written");
        }
        if states.is_empty() {
            return None;
        }
        let own = self.own.map_or("", |own| if own { " AND origin = 0" } else { " AND origin <> 0" });
        let shared =
            self.shared.map_or("", |shared| if shared { " AND shared = 1" } else { " AND shared = 0" });
        // The inner query reads the index alone.
        Some(format!(
            "SELECT {DETAILS} FROM document WHERE row IN \
             (SELECT row FROM document INDEXED BY document_by_state \
             WHERE state IN ({states}) AND row < ?1{own}{shared}{seen} ORDER BY row DESC LIMIT ?2) \
             ORDER BY row DESC"
        ))
    }

    fn fits(&self, facts: &Facts) -> bool {
        self.fits_state(facts.state)
            && self.own.is_none_or(|own| own == (facts.origin == OWN))
            && self.shared.is_none_or(|shared| shared == facts.shared)
    }

    fn fits_state(&self, state: State) -> bool {
        state != State::Partial && (self.states.is_empty() || self.states.contains(&state))
    }
}

const DETAILS: &str = "row, key, bucket, state, origin, shared, priority, bytes, expires_day, confirmed_day, \
    duplicate_key, guard, header, (SELECT count(*) FROM holder WHERE holder.document = document.row), \
    EXISTS (SELECT 1 FROM waiting WHERE waiting.document = document.row)";

fn info(vault: &Vault, facts: &Facts, row: &Row<'_>) -> Result<DocumentInfo, Error> {
    debug_assert!(DETAILS.starts_with(FACTS), "facts come first");
    let sealed = row.get_ref(AFTER_FACTS)?.as_blob().map_err(|_| Error::Damaged("a column"))?;
    let header = Header::open(vault, &facts.key, sealed)?;
    Ok(DocumentInfo {
        id: header.id,
        cursor: facts.row,
        timestamp_ms: header.timestamp_ms,
        received: header.received,
        content_bytes: header.content_bytes,
        priority: facts.priority,
        encrypted: header.encrypted,
        brought_by: (facts.origin != OWN).then(|| PeerRow::from_number(facts.origin)),
        state: facts.state,
        shared: facts.shared,
        copies: row.get(AFTER_FACTS + 1)?,
        waiting: row.get(AFTER_FACTS + 2)?,
        info: header.info,
    })
}

//! Settings, the queue of deliveries, and the history of meetings: sealed records that the caller encodes.

use p2psync_bramble::WallClock;
use p2psync_model::DocumentId;
use rand_core::CryptoRngCore;
use rusqlite::params;

use crate::batch::Batch;
use crate::facts::{DOCUMENT, Facts, Header};
use crate::vault::Column;
use crate::{Error, Store};

/// Longest record of these kinds.
pub const RECORD_BYTES_MAX: usize = 262_144;

/// Meetings that are kept; the oldest go first.
pub const MEETINGS_MAX: i64 = 1_000;

impl Batch<'_> {
    /// Sets a setting, or with `None` removes it.
    ///
    /// # Errors
    /// [`Error::OutOfBounds`] over [`RECORD_BYTES_MAX`]; [`Error::Full`], [`Error::Disk`].
    pub fn set(
        &mut self,
        name: &str,
        value: Option<&[u8]>,
        random: &mut dyn CryptoRngCore,
    ) -> Result<(), Error> {
        self.attempt(|batch| {
            let key = batch.vault.row_key(SETTING, name.as_bytes());
            let Some(value) = value else {
                batch.connection.prepare_cached("DELETE FROM setting WHERE key = ?1")?.execute([key])?;
                return Ok(());
            };
            let sealed = batch.vault.seal(Column::SettingBody, &key, bounded(value)?, random);
            batch.connection
                .prepare_cached(
                    "INSERT INTO setting (key, body) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET body = excluded.body",
                )?
                .execute(params![key, sealed])?;
            Ok(())
        })
    }

    /// Queues a document for the server, or puts off its next attempt. It leaves the queue with the document, or by
    /// [`Batch::dequeue`].
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::OutOfBounds`], [`Error::Full`], [`Error::Disk`].
    pub fn enqueue(
        &mut self,
        id: &DocumentId,
        due: WallClock,
        record: &[u8],
        random: &mut dyn CryptoRngCore,
    ) -> Result<(), Error> {
        self.attempt(|batch| {
            let row = batch.row_of(id)?;
            let due = i64::try_from(due.0).map_err(|_| Error::OutOfBounds("a date"))?;
            let sealed = batch.vault.seal(Column::DeliveryBody, &row.to_be_bytes(), bounded(record)?, random);
            batch
                .connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO delivery (document, due_ms, body) VALUES (?1, ?2, ?3)",
                )?
                .execute(params![row, due, sealed])?;
            Ok(())
        })
    }

    /// Takes a document out of the queue for the server.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such document; [`Error::Full`], [`Error::Disk`].
    pub fn dequeue(&mut self, id: &DocumentId) -> Result<(), Error> {
        self.attempt(|batch| {
            let row = batch.row_of(id)?;
            batch.connection.prepare_cached("DELETE FROM delivery WHERE document = ?1")?.execute([row])?;
            Ok(())
        })
    }

    /// Adds to the history; beyond [`MEETINGS_MAX`] the oldest entry goes.
    ///
    /// # Errors
    /// [`Error::OutOfBounds`], [`Error::Full`], [`Error::Disk`].
    pub fn add_meeting(&mut self, record: &[u8], random: &mut dyn CryptoRngCore) -> Result<(), Error> {
        self.attempt(|batch| {
            let row: i64 = batch.connection.query_row(
                "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'meeting'), 0) + 1",
                [],
                |row| row.get(0),
            )?;
            let sealed = batch.vault.seal(Column::MeetingBody, &row.to_be_bytes(), bounded(record)?, random);
            batch
                .connection
                .prepare_cached("INSERT INTO meeting (row, body) VALUES (?1, ?2)")?
                .execute(params![row, sealed])?;
            batch
                .connection
                .prepare_cached("DELETE FROM meeting WHERE row <= ?1")?
                .execute([row.saturating_sub(MEETINGS_MAX)])?;
            Ok(())
        })
    }

    fn row_of(&self, id: &DocumentId) -> Result<i64, Error> {
        let key = self.vault.row_key(DOCUMENT, id.as_bytes());
        Ok(Facts::find(self.connection, self.vault, &key)?.ok_or(Error::NotFound)?.row)
    }
}

impl Store {
    /// The value of a setting.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Disk`].
    pub fn setting(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let key = self.vault.row_key(SETTING, name.as_bytes());
        let mut query = self.connection.prepare_cached("SELECT body FROM setting WHERE key = ?1")?;
        let mut rows = query.query([key])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let plain = self.vault.open(Column::SettingBody, &key, &row.get::<_, Vec<u8>>(0)?)?;
        Ok(Some(plain.to_vec()))
    }

    /// Documents whose next attempt at the server is due at `now`, the most overdue first: at most `count_max`,
    /// each with its record.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Disk`].
    pub fn due_deliveries(
        &self,
        now: WallClock,
        count_max: u32,
    ) -> Result<Vec<(DocumentId, Vec<u8>)>, Error> {
        let mut query = self.connection.prepare_cached(
            "SELECT delivery.document, delivery.body, document.key, document.header FROM delivery \
             JOIN document ON document.row = delivery.document WHERE due_ms <= ?1 ORDER BY due_ms LIMIT ?2",
        )?;
        let mut rows = query.query(params![i64::try_from(now.0).unwrap_or(i64::MAX), count_max])?;
        let mut due = Vec::new();
        while let Some(row) = rows.next()? {
            let document: i64 = row.get(0)?;
            let sealed: Vec<u8> = row.get(1)?;
            let record = self.vault.open(Column::DeliveryBody, &document.to_be_bytes(), &sealed)?;
            let header = Header::open(&self.vault, &row.get(2)?, &row.get::<_, Vec<u8>>(3)?)?;
            due.push((header.id, record.to_vec()));
        }
        Ok(due)
    }

    /// The last entries of the history, the newest first, from before the one of number `before`.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Disk`].
    pub fn meetings(&self, before: Option<i64>, count_max: u32) -> Result<Vec<(i64, Vec<u8>)>, Error> {
        let mut query = self
            .connection
            .prepare_cached("SELECT row, body FROM meeting WHERE row < ?1 ORDER BY row DESC LIMIT ?2")?;
        let mut rows = query.query(params![before.unwrap_or(i64::MAX), count_max])?;
        let mut meetings = Vec::new();
        while let Some(row) = rows.next()? {
            let number: i64 = row.get(0)?;
            let sealed: Vec<u8> = row.get(1)?;
            let plain = self.vault.open(Column::MeetingBody, &number.to_be_bytes(), &sealed)?;
            meetings.push((number, plain.to_vec()));
        }
        Ok(meetings)
    }
}

/// Names the table in keyed hashes of settings' names. On disk: never changes.
const SETTING: &str = "setting";

fn bounded(record: &[u8]) -> Result<&[u8], Error> {
    if record.len() <= RECORD_BYTES_MAX { Ok(record) } else { Err(Error::OutOfBounds("a record")) }
}

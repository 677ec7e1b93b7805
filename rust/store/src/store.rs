//! The store as a whole: opened, given another password, closed, erased.

use p2psync_bramble::SecretKey;
use p2psync_model::GroupId;
use rand_core::CryptoRngCore;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use crate::batch::Usage;
use crate::cost::PasswordCost;
use crate::limits::StoreLimits;
use crate::rescue::{self, RescueReport};
use crate::schema::{self, Age};
use crate::vault::Vault;
use crate::wrap::{self, Unlock};
use crate::{Error, Place};

/// How to open a store.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// What opens it. A fresh store will be opened by this from now on.
    pub unlock: Unlock<'a>,
    /// What trying one password is to cost; see [`PasswordCost::calibrate`]. For a fresh store only.
    pub cost: PasswordCost,
    /// The deployment: messages of other groups have other ids.
    pub group: GroupId,
    /// How much is kept.
    pub limits: StoreLimits,
}

/// A store that was opened.
#[derive(Debug)]
pub struct Opened {
    /// The store.
    pub store: Store,
    /// Whether it was made just now.
    pub created: bool,
    /// What was saved, if the file was damaged and set aside.
    pub rescue: Option<RescueReport>,
}

/// Documents, receipts, peers, settings and the queue of one device, in one file. What a method has returned is on
/// disk; what it has refused is not, wholly.
#[derive(Debug)]
pub struct Store {
    pub(crate) connection: Connection,
    pub(crate) vault: Vault,
    pub(crate) group: GroupId,
    pub(crate) limits: StoreLimits,
    pub(crate) usage: Usage,
    pub(crate) drafts_open: u32,
    key: SecretKey,
    place: Place,
}

impl Store {
    /// Opens the store at `place`, or makes it. A file found damaged is set aside under another name, never
    /// deleted, and what still opens is copied into a new one.
    ///
    /// # Errors
    /// [`Error::WrongKey`] or [`Error::OtherKeyNeeded`], [`Error::InUse`], [`Error::OtherProgram`],
    /// [`Error::TooNew`], [`Error::Full`], [`Error::Disk`]. The file is then as it was.
    pub fn open(
        place: Place,
        options: &Options<'_>,
        random: &mut dyn CryptoRngCore,
    ) -> Result<Opened, Error> {
        rescue::finish_interrupted(&place)?;
        match Self::open_whole(&place, options, random) {
            Ok((connection, key, created)) => {
                let store = Self::assemble(connection, key, place, options)?;
                Ok(Opened { store, created, rescue: None })
            }
            Err(Error::Damaged(_)) => Self::rescue(place, options, random),
            Err(error) => Err(error),
        }
    }

    /// Sets the file at `place` aside and makes a new one of what still opens: for when an operation or
    /// [`Self::check`] has found damage. The store must be closed.
    ///
    /// # Errors
    /// As [`Self::open`]; also [`Error::Damaged`] if not even the new file can be read.
    pub fn rescue(
        place: Place,
        options: &Options<'_>,
        random: &mut dyn CryptoRngCore,
    ) -> Result<Opened, Error> {
        let report = rescue::set_aside(&place, options, random)?;
        let (connection, key, created) = Self::open_whole(&place, options, random)?;
        let store = Self::assemble(connection, key, place, options)?;
        Ok(Opened { store, created, rescue: Some(report) })
    }

    /// From now on, `unlock` opens the store and nothing else does, except a rescue wrap. Cut off at any point,
    /// either the old or the new one does.
    ///
    /// # Errors
    /// [`Error::Full`], [`Error::Disk`]: the old one still opens the store.
    pub fn set_unlock(
        &mut self,
        unlock: &Unlock<'_>,
        cost: PasswordCost,
        random: &mut dyn CryptoRngCore,
    ) -> Result<(), Error> {
        let wrap = wrap::wrap(&self.key, unlock, cost, random);
        self.write_wrap(OWN_SLOT, &wrap)
    }

    /// Whether `unlock` opens the store: asked before something is shown that only its owner may see.
    ///
    /// # Errors
    /// [`Error::WrongKey`], [`Error::OtherKeyNeeded`], [`Error::Damaged`].
    pub fn verify_unlock(&self, unlock: &Unlock<'_>) -> Result<(), Error> {
        unwrap_stored(&self.connection, unlock).map(drop)
    }

    /// Keeps the store's key as the server sealed it to itself, to be opened there when a phone has lost its own
    /// key. `None` removes it.
    ///
    /// # Errors
    /// [`Error::OutOfBounds`] if it has more than 8 KiB; [`Error::Full`], [`Error::Disk`].
    pub fn set_rescue_wrap(&mut self, sealed: Option<&[u8]>) -> Result<(), Error> {
        match sealed {
            Some(sealed) if sealed.len() > RESCUE_WRAP_BYTES_MAX => Err(Error::OutOfBounds("a rescue wrap")),
            Some(sealed) => self.write_wrap(RESCUE_SLOT, sealed),
            None => self.write_wrap(RESCUE_SLOT, &[]),
        }
    }

    /// The wrap for the server, if there is one.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Damaged`].
    pub fn rescue_wrap(&self) -> Result<Option<Vec<u8>>, Error> {
        Ok(read_wraps(&self.connection, RESCUE_SLOT)?.into_iter().find(|wrap| !wrap.is_empty()))
    }

    /// The store's key, to be sealed to the server; see [`Self::set_rescue_wrap`].
    pub const fn key_to_seal(&self) -> &SecretKey {
        &self.key
    }

    /// Ends the work with the file; the journal is merged into it.
    ///
    /// # Errors
    /// [`Error::Disk`]: everything that was acknowledged is on disk all the same.
    pub fn close(self) -> Result<Place, Error> {
        self.connection.close().map_err(|(_, error)| Error::from(error))?;
        Ok(self.place)
    }

    /// Destroys the keys, so that nothing in the file can ever be read, then the file and those set aside.
    ///
    /// # Errors
    /// [`Error::Disk`] if a file could not be removed; what is left is unreadable if the keys were overwritten.
    pub fn wipe(mut self) -> Result<(), Error> {
        for slot in [OWN_SLOT, RESCUE_SLOT] {
            // A full disk may refuse; the files go all the same.
            let _ = self.write_wrap(slot, &[0; wrap::WRAP_BYTES]);
        }
        let place = self.close()?;
        rescue::remove_all(&place)
    }

    /// Writes the journal's content to the main file and empties the journal, so that what was deleted is
    /// overwritten in both.
    ///
    /// # Errors
    /// [`Error::Full`], [`Error::Disk`].
    pub fn checkpoint(&mut self) -> Result<(), Error> {
        let busy: i64 = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        if busy == 0 { Ok(()) } else { Err(Error::InUse) }
    }

    fn open_whole(
        place: &Place,
        options: &Options<'_>,
        random: &mut dyn CryptoRngCore,
    ) -> Result<(Connection, SecretKey, bool), Error> {
        let mut connection = connect(place, place.path())?;
        let age = schema::judge(&connection)?;
        configure(&connection)?;
        if age == Age::Fresh {
            let key = SecretKey::random(random);
            let wrap = wrap::wrap(&key, &options.unlock, options.cost, random);
            schema::create(&mut connection, |connection| put_wrap(connection, OWN_SLOT, &wrap))?;
            return Ok((connection, key, true));
        }
        let key = unwrap_stored(&connection, &options.unlock)?;
        schema::migrate(&mut connection)?;
        Ok((connection, key, false))
    }

    /// The key under which the caller hashes header and content of own documents, for
    /// [`crate::NewDocument::duplicate_of`].
    pub const fn duplicates_key(&self) -> &SecretKey {
        self.vault.duplicates_key()
    }

    fn assemble(
        connection: Connection,
        key: SecretKey,
        place: Place,
        options: &Options<'_>,
    ) -> Result<Self, Error> {
        let Options { group, limits, .. } = *options;
        let vault = Vault::new(&key);
        connection.set_prepared_statement_cache_capacity(STATEMENTS_CACHED);
        let usage = Usage::count(&connection)?;
        let mut store = Self { connection, vault, group, limits, usage, drafts_open: 0, key, place };
        store.remove_unused_chunks()?;
        Ok(store)
    }

    fn write_wrap(&mut self, slot: i64, wrap: &[u8]) -> Result<(), Error> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        put_wrap(&transaction, slot, wrap)?;
        transaction.commit()?;
        // The old wrap must not stay readable in the journal. If this fails the new one holds all the same, and the
        // next checkpoint overwrites the old.
        let _ = self.checkpoint();
        Ok(())
    }
}

/// A connection that locks out others, and has not read or written anything yet.
pub(crate) fn connect(place: &Place, path: &std::path::Path) -> Result<Connection, Error> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = match place.vfs() {
        Some(vfs) => Connection::open_with_flags_and_vfs(path, flags, vfs)?,
        None => Connection::open_with_flags(path, flags)?,
    };
    connection.busy_timeout(core::time::Duration::ZERO)?;
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    Ok(connection)
}

/// What makes the promise true: every commit is on disk before it returns.
pub(crate) fn configure(connection: &Connection) -> Result<(), Error> {
    connection.pragma_update(None, "page_size", PAGE_BYTES)?;
    connection.pragma_update(None, "temp_store", 2)?;
    connection.pragma_update(None, "secure_delete", "ON")?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    connection.pragma_update(None, "trusted_schema", "OFF")?;
    connection.pragma_update(None, "cell_size_check", "ON")?;
    let journal: String =
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if journal != "wal" {
        return Err(Error::Disk(format!("the journal is of mode {journal}")));
    }
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(())
}

/// Writes a wrap into both tables.
pub(crate) fn put_wrap(connection: &Connection, slot: i64, wrap: &[u8]) -> Result<(), Error> {
    for table in ["key_wrap", "key_wrap_copy"] {
        connection.execute(
            &format!("INSERT OR REPLACE INTO {table} (slot, wrap) VALUES (?1, ?2)"),
            rusqlite::params![slot, wrap],
        )?;
    }
    Ok(())
}

/// The wraps of a slot in both tables, as far as they can be read.
///
/// # Errors
/// If neither can be read.
pub(crate) fn read_wraps(connection: &Connection, slot: i64) -> Result<Vec<Vec<u8>>, Error> {
    let mut wraps = Vec::new();
    let mut failed = None;
    for table in ["key_wrap", "key_wrap_copy"] {
        let query = format!("SELECT wrap FROM {table} WHERE slot = ?1");
        match connection.query_row(&query, [slot], |row| row.get(0)).map_err(Error::from) {
            Ok(wrap) => wraps.push(wrap),
            Err(Error::NotFound) => {}
            Err(error) => failed = Some(error),
        }
    }
    match failed {
        Some(error) if wraps.is_empty() => Err(error),
        _ => Ok(wraps),
    }
}

fn unwrap_stored(connection: &Connection, unlock: &Unlock<'_>) -> Result<SecretKey, Error> {
    let wraps = read_wraps(connection, OWN_SLOT)?;
    let whole =
        wraps.iter().find(|wrap| wrap::is_whole(wrap)).ok_or(Error::Damaged("both wraps of the key"))?;
    wrap::unwrap(whole, unlock)
}

/// Where the wrap for the device itself stands.
pub(crate) const OWN_SLOT: i64 = 1;

/// Where the wrap for the server stands.
pub(crate) const RESCUE_SLOT: i64 = 2;

const PAGE_BYTES: i64 = 16_384;
const RESCUE_WRAP_BYTES_MAX: usize = 8_192;
const STATEMENTS_CACHED: usize = 64;

//! Whose a file is, before anything is written to it: fresh, ours, damaged, of a newer version, of another program.
//! Then how SQLite is to keep it.

use std::path::Path;

use p2psync_bramble::SecretKey;
use rand_core::CryptoRngCore;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::schema::{self, APPLICATION_ID, VERSION};
use crate::stamp::Stamp;
use crate::store::Options;
use crate::usage::Usage;
use crate::vault::Vault;
use crate::wrap::{self, OWN_SLOT, Unlock};
use crate::{Error, Place, chunk, first_page, rescue};

/// A file that is ready for use.
pub(crate) struct Ready {
    pub(crate) connection: Connection,
    pub(crate) key: SecretKey,
    pub(crate) vault: Vault,
    pub(crate) usage: Usage,
    /// Whether it was made just now.
    pub(crate) created: bool,
}

/// Opens the file, or makes it.
///
/// # Errors
/// As [`crate::Store::open`], and [`Error::Damaged`].
pub(crate) fn open(
    place: &Place,
    options: &Options<'_>,
    random: &mut dyn CryptoRngCore,
) -> Result<Ready, Error> {
    let looking = connect_to_look(place)?;
    let is_fresh = is_fresh(place, &looking, &options.unlock)?;
    // POSIX takes a process's locks on a file away when it closes any descriptor of it, as the look at the file's head
    // has done. So the file is locked anew, and nothing is believed that another process may have changed in between.
    drop(looking);
    let mut connection = connect_to_look(place)?;
    if is_fresh != Head::read(&connection)?.is_fresh() {
        return Err(Error::InUse);
    }
    if is_fresh {
        let key = SecretKey::random(random);
        let wrap = wrap::wrap(&key, &options.unlock, options.cost, random)?;
        let vault = Vault::new(&key);
        configure(&connection)?;
        schema::create(&mut connection, &vault, |connection| wrap::put(connection, OWN_SLOT, &wrap))?;
        let usage = Usage::default();
        return Ok(Ready { connection, key, vault, usage, created: true });
    }
    let key = unwrap_stored(&connection, &options.unlock)?;
    let vault = Vault::new(&key);
    match Stamp::read(&connection, &vault)? {
        Some(stamp) if stamp == Stamp::of(&connection)? => {}
        None if matches!(options.unlock, Unlock::StoreKey(_)) => return Err(Error::WrongKey),
        _ => return Err(Error::Damaged("the tables")),
    }
    configure(&connection)?;
    schema::migrate(&mut connection, &vault)?;
    chunk::remove_unnamed(&connection)?;
    let usage = Usage::count(&connection)?;
    Ok(Ready { connection, key, vault, usage, created: false })
}

/// Whether the file was not closed: what was committed last is in its journal.
///
/// # Errors
/// What the system says.
pub(crate) fn has_journal(place: &Place) -> Result<bool, Error> {
    let journal = place.beside(rescue::JOURNAL);
    Ok(place.files().exists(&journal)? && place.files().length(&journal)? > 0)
}

/// A connection that locks out others, and has not read or written anything yet.
pub(crate) fn connect(place: &Place, path: &Path) -> Result<Connection, Error> {
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

/// A connection that changes nothing: of a file that turns out not to be ours not even the journal is touched.
pub(crate) fn connect_to_look(place: &Place) -> Result<Connection, Error> {
    let has_journal = has_journal(place)?;
    let connection = connect(place, place.path())?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, has_journal)?;
    Ok(connection)
}

/// What makes the promise true: every commit is on disk before it returns.
pub(crate) fn configure(connection: &Connection) -> Result<(), Error> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    connection.pragma_update(None, "page_size", PAGE_BYTES)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
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
    connection.pragma_update_and_check(None, "wal_autocheckpoint", JOURNAL_PAGES, |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(())
}

/// The store's key, by the wraps in the tables.
///
/// # Errors
/// [`Error::WrongKey`], [`Error::OtherKeyNeeded`], [`Error::Damaged`].
pub(crate) fn unwrap_stored(connection: &Connection, unlock: &Unlock<'_>) -> Result<SecretKey, Error> {
    if let Unlock::StoreKey(key) = unlock {
        return Ok((*key).clone());
    }
    let wraps = wrap::read(connection, OWN_SLOT)?;
    let whole =
        wraps.iter().find(|wrap| wrap::is_whole(wrap)).ok_or(Error::Damaged("both wraps of the key"))?;
    wrap::unwrap(whole, unlock)
}

/// Whether nothing is in the file yet, or its making was cut off; else it is ours and of a version that is known.
fn is_fresh(place: &Place, connection: &Connection, unlock: &Unlock<'_>) -> Result<bool, Error> {
    // Reading locks others out. Whoever has the file open may be changing what is judged next.
    let head = Head::read(connection);
    if let Err(error) = &head
        && !matches!(error, Error::Damaged(_) | Error::Disk(_))
    {
        return Err(error.clone());
    }
    // With a journal the head in the file may be older than what it describes.
    let sound = has_journal(place)? || first_page::is_sound(place)?;
    let head = match head {
        Ok(head) if sound || !is_surely_ours(place)? => head,
        Ok(_) => return Err(Error::Damaged("the file's head")),
        Err(Error::Damaged(what)) if is_surely_ours(place)? => return Err(Error::Damaged(what)),
        Err(Error::Damaged(_)) => return Err(Error::OtherProgram),
        Err(_) if !sound && is_surely_ours(place)? => return Err(Error::Damaged("the file's head")),
        Err(other) => return Err(other),
    };
    match head {
        head if head.is_fresh() => Ok(true),
        Head { application: APPLICATION_ID, version: 1..=VERSION, .. } => Ok(false),
        _ => Err(verdict(place, connection, unlock, &head)?),
    }
}

/// What the file says of itself.
struct Head {
    application: i64,
    version: i64,
    tables: i64,
    pages: i64,
}

impl Head {
    fn read(connection: &Connection) -> Result<Self, Error> {
        Ok(Self {
            version: schema::pragma(connection, "user_version")?,
            application: schema::pragma(connection, "application_id")?,
            tables: connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?,
            pages: schema::pragma(connection, "page_count")?,
        })
    }

    fn is_fresh(&self) -> bool {
        matches!(self, Self { application: 0, version: 0, tables: 0, pages: ..=1 })
    }

    fn claims_to_be_newer(&self) -> bool {
        self.application == APPLICATION_ID && self.version > VERSION
    }
}

/// What to say of a file whose head is not one of ours: a bit may have turned over in it, or it is true.
fn verdict(place: &Place, connection: &Connection, unlock: &Unlock<'_>, head: &Head) -> Result<Error, Error> {
    let newer = Error::TooNew { found: head.version, known: VERSION };
    let stored = wrap::read(connection, OWN_SLOT).unwrap_or_default();
    let mut wraps: Vec<_> = stored.into_iter().filter(|wrap| wrap::is_whole(wrap)).collect();
    if wraps.is_empty() {
        wraps = rescue::scan_for_wraps(place)?;
    }
    let Some(wrap) = wraps.first() else {
        return Ok(match head {
            head if head.claims_to_be_newer() => newer,
            Head { application: APPLICATION_ID, .. } => Error::Damaged("the file's head"),
            _ => Error::OtherProgram,
        });
    };
    let vault = match wrap::unwrap(wrap, unlock) {
        Ok(key) => Vault::new(&key),
        Err(_) if head.claims_to_be_newer() => return Ok(newer),
        Err(refused) => return Ok(refused),
    };
    Ok(match Stamp::read(connection, &vault) {
        Ok(Some(Stamp { version, .. })) if version > VERSION => {
            Error::TooNew { found: version, known: VERSION }
        }
        Ok(None) | Err(_) if head.claims_to_be_newer() => newer,
        _ => Error::Damaged("the file's head"),
    })
}

/// Whether a file that SQLite cannot read is one of ours: it says so, holds a wrap, or was cut off within its first
/// words.
fn is_surely_ours(place: &Place) -> Result<bool, Error> {
    if !place.files().exists(place.path())? {
        return Ok(false);
    }
    let start = place.files().read(place.path(), 0, HEAD_BYTES)?;
    let mark = start.get(APPLICATION_ID_AT..APPLICATION_ID_AT + 4);
    let cut_short = start.len() < HEAD_BYTES && start.iter().zip(SQLITE_MAGIC).all(|(byte, is)| byte == is);
    Ok(cut_short
        || mark.is_some_and(|mark| {
            mark.iter().zip(APPLICATION_ID.to_be_bytes().iter().skip(4)).all(|(a, b)| a == b)
        })
        || !rescue::scan_for_wraps(place)?.is_empty())
}

/// Of every page of a store.
pub(crate) const PAGE_BYTES: i64 = 16_384;

/// Enough for the pages of a hundred forms or of a photo, so that they are written once.
const CACHE_KIB: i64 = 6_144;

/// Pages in the journal after which it is merged into the file.
const JOURNAL_PAGES: i64 = 2_000;

const SQLITE_MAGIC: &[u8; 16] = b"SQLite format 3\0";
const HEAD_BYTES: usize = 100;
const APPLICATION_ID_AT: usize = 68;

//! Damage: the file is set aside under another name, never deleted, and a new one is made of every row that still
//! opens.

use std::path::{Path, PathBuf};

use p2psync_bramble::SecretKey;
use rand_core::CryptoRngCore;
use rusqlite::config::DbConfig;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use crate::opening::{configure, connect, has_journal};
use crate::stamp::{STAMP_BYTES_MAX, Stamp};
use crate::store::Options;
use crate::table::{TABLES, Table};
use crate::vault::Vault;
use crate::wrap::{OWN_SLOT, RESCUE_SLOT, Unlock};
use crate::{Error, Place, first_page, rebuild, schema, wrap};

/// What was saved of a damaged file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RescueReport {
    /// The name that the damaged file has now.
    pub set_aside_as: PathBuf,
    /// Whether no wrap of the key was left: then nothing could be saved on this device.
    pub key_lost: bool,
    /// What was saved and lost, for each table.
    pub tables: Vec<TableReport>,
    /// Documents that are whole no longer; peers that hold them are asked for the rest.
    pub documents_incomplete: u64,
}

/// What was saved of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableReport {
    /// The table's name.
    pub table: &'static str,
    /// Rows in the new file.
    pub saved: u64,
    /// Rows that did not open. Rows on pages that cannot be read are not counted.
    pub lost: u64,
}

/// Ends a rescue that was cut off between its renamings, or forgets one that was cut off before.
pub(crate) fn finish_interrupted(place: &Place) -> Result<(), Error> {
    let files = place.files();
    let fresh = place.beside(FRESH);
    first_page::remove_traces(place)?;
    if !files.exists(&fresh)? {
        return Ok(());
    }
    if files.exists(place.path())? {
        return remove_fresh(place);
    }
    // The damaged file has its new name, so the fresh one is complete.
    if files.exists(&place.beside(JOURNAL))? {
        let number = free_number(place)?.saturating_sub(1).max(1);
        files.rename(&place.beside(JOURNAL), &place.beside(&format!("{DAMAGED}{number}{JOURNAL}")))?;
    }
    Ok(files.rename(&fresh, place.path())?)
}

/// Copies what opens into a new file and exchanges the two.
pub(crate) fn set_aside(
    place: &Place,
    options: &Options<'_>,
    random: &mut dyn CryptoRngCore,
) -> Result<RescueReport, Error> {
    remove_fresh(place)?;
    first_page::remove_traces(place)?;
    let damaged = connect_damaged(place, place.path()).ok();
    let found = find_key(place, damaged.as_ref(), options)?;
    let key_lost = found.is_none();
    let key = found.unwrap_or_else(|| SecretKey::random(random));
    let vault = Vault::new(&key);
    let damaged = if key_lost { None } else { readable(place, damaged, &vault)? };

    let mut fresh = connect(place, &place.beside(FRESH))?;
    configure(&fresh)?;
    let wraps = wraps_to_keep(place, damaged.as_ref(), &key, options, random)?;
    schema::create(&mut fresh, &vault, |fresh| {
        wraps.iter().try_for_each(|(slot, kept)| wrap::put(fresh, *slot, kept))
    })?;
    let mut tables = Vec::new();
    if let Some(damaged) = &damaged {
        let rows_max = rows_max(place)?;
        for table in TABLES {
            tables.push(copy(table, damaged, &mut fresh, &vault, rows_max)?);
        }
    }
    let documents_incomplete = rebuild::all(&mut fresh, &vault)?;
    // Leaves one file without a journal, so that one renaming takes all of it.
    fresh.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(()))?;
    fresh.close().map_err(|(_, error)| Error::from(error))?;
    drop(damaged);
    first_page::remove_traces(place)?;
    let set_aside_as = exchange(place)?;
    Ok(RescueReport { set_aside_as, key_lost, tables, documents_incomplete })
}

/// The damaged file, or if its list of tables is not what it was, a copy of it with that list made again.
fn readable(place: &Place, damaged: Option<Connection>, vault: &Vault) -> Result<Option<Connection>, Error> {
    let stamp = find_stamp(place, damaged.as_ref(), vault)?;
    let is_listed = |damaged: &Connection| match &stamp {
        Some(stamp) => Stamp::of(damaged).is_ok_and(|found| found.lists_the_same_as(stamp)),
        None => schema::statements(damaged).is_ok_and(|found| schema::expected() == Ok(found)),
    };
    if first_page::is_sound(place)? && damaged.as_ref().is_some_and(is_listed) {
        return Ok(damaged);
    }
    drop(damaged);
    match first_page::salvage(place, stamp.as_ref()) {
        Ok(copy) => Ok(connect_damaged(place, &copy).ok()),
        Err(Error::Damaged(_)) => Ok(connect_damaged(place, place.path()).ok()),
        Err(other) => Err(other),
    }
}

/// The stamp in the tables, or anywhere in the files.
fn find_stamp(place: &Place, damaged: Option<&Connection>, vault: &Vault) -> Result<Option<Stamp>, Error> {
    match damaged.and_then(|damaged| Stamp::read(damaged, vault).ok().flatten()) {
        Some(stamp) => Ok(Some(stamp)),
        None => Ok(scan(place, STAMP_BYTES_MAX, &mut |piece| Stamp::find_all(piece, vault))?.pop()),
    }
}

/// The wraps of the new file, each with its slot.
fn wraps_to_keep(
    place: &Place,
    damaged: Option<&Connection>,
    key: &SecretKey,
    options: &Options<'_>,
    random: &mut dyn CryptoRngCore,
) -> Result<Vec<(i64, Vec<u8>)>, Error> {
    let own = match options.unlock {
        // What opened the store before still does.
        Unlock::StoreKey(_) => scan_for_wraps(place)?.pop(),
        unlock => Some(wrap::wrap(key, &unlock, options.cost, random)?),
    };
    let for_server = damaged.and_then(|damaged| wrap::read(damaged, RESCUE_SLOT).ok()?.pop());
    let slots = [(OWN_SLOT, own), (RESCUE_SLOT, for_server)];
    Ok(slots.into_iter().filter_map(|(slot, kept)| Some((slot, kept?))).collect())
}

/// Overwrites the wraps in the store's file, its journals and the files set aside, then removes all of them.
pub(crate) fn remove_all(place: &Place) -> Result<(), Error> {
    let files = place.files();
    first_page::remove_traces(place)?;
    let mut names = vec![String::new(), FRESH.to_owned()];
    names.extend((1..free_number(place)?).map(|number| format!("{DAMAGED}{number}")));
    let mut found = Vec::new();
    for name in names {
        for suffix in ["", JOURNAL, ROLLBACK_JOURNAL] {
            let path = place.beside(&format!("{name}{suffix}"));
            if files.exists(&path)? {
                let length = usize::try_from(files.length(&path)?).unwrap_or(usize::MAX);
                files.write(&path, 0, &vec![0; length.min(WRAPS_BYTES_MAX)])?;
                found.push(path);
            }
        }
    }
    Ok(found.iter().try_for_each(|path| files.remove(path))?)
}

/// Opens the file to be read as far as that goes, and leaves its journal alone.
fn connect_damaged(place: &Place, path: &Path) -> Result<Connection, Error> {
    let has_journal = has_journal(place)?;
    let connection = connect(place, path)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, has_journal)?;
    // Without this, SQLite refuses a file that is shorter than its head says.
    connection.pragma_update(None, "writable_schema", "ON")?;
    connection.pragma_update(None, "cell_size_check", "ON")?;
    connection.pragma_update(None, "trusted_schema", "OFF")?;
    Ok(connection)
}

/// The store's key, by the first whole wrap that `unlock` opens, in the tables or anywhere in the files; `None` if
/// no whole wrap is left.
fn find_key(
    place: &Place,
    damaged: Option<&Connection>,
    options: &Options<'_>,
) -> Result<Option<SecretKey>, Error> {
    if let Unlock::StoreKey(key) = options.unlock {
        // There is no wrap to judge the key by, but what was stamped under it.
        let stamp = find_stamp(place, damaged, &Vault::new(key))?;
        return stamp.map(|_| Some(key.clone())).ok_or(Error::WrongKey);
    }
    let stored = damaged.and_then(|damaged| wrap::read(damaged, OWN_SLOT).ok()).unwrap_or_default();
    let mut wraps: Vec<_> = stored.into_iter().filter(|stored| wrap::is_whole(stored)).collect();
    if wraps.is_empty() {
        wraps = scan_for_wraps(place)?;
    }
    let mut refused = None;
    for wrap in &wraps {
        match wrap::unwrap(wrap, &options.unlock) {
            Ok(key) => return Ok(Some(key)),
            Err(error) => refused = Some(error),
        }
    }
    // A mistyped password must not cost a file that can still be read.
    refused.map_or(Ok(None), Err)
}

/// Every whole wrap in the bytes of the file and of its journal.
pub(crate) fn scan_for_wraps(place: &Place) -> Result<Vec<Vec<u8>>, Error> {
    let mut wraps = scan(place, wrap::WRAP_BYTES, &mut wrap::find_all)?;
    wraps.sort_unstable();
    wraps.dedup();
    Ok(wraps)
}

/// Searches the file and its journal piece by piece.
fn scan<T>(place: &Place, overlap: usize, search: &mut dyn FnMut(&[u8]) -> Vec<T>) -> Result<Vec<T>, Error> {
    let mut found = Vec::new();
    for path in [place.path().to_owned(), place.beside(JOURNAL)] {
        let mut offset = 0;
        while place.files().exists(&path)? {
            let piece = place.files().read(&path, offset, SCAN_BYTES)?;
            found.extend(search(&piece));
            // What is searched for is found across the border of two pieces.
            let step = piece.len().saturating_sub(overlap);
            if step == 0 || piece.len() < SCAN_BYTES {
                break;
            }
            offset += u64::try_from(step).expect("a piece has less than 2^64 bytes");
        }
    }
    Ok(found)
}

fn copy(
    table: &'static Table,
    damaged: &Connection,
    fresh: &mut Connection,
    vault: &Vault,
    rows_max: i64,
) -> Result<TableReport, Error> {
    let mut report = TableReport { table: table.name, saved: 0, lost: 0 };
    fresh.pragma_update(None, "foreign_keys", "OFF")?;
    let marks: Vec<String> = (1..=table.columns.len()).map(|number| format!("?{number}")).collect();
    let (columns, marks) = (table.columns.join(", "), marks.join(", "));
    let transaction = fresh.transaction()?;
    {
        let mut insert =
            transaction.prepare(&format!("INSERT INTO {} ({columns}) VALUES ({marks})", table.name))?;
        let mut keep = |row: &[Value]| -> Result<(), Error> {
            let kept = table.is_whole(vault, row) && insert_one(&mut insert, row)?;
            if kept {
                report.saved += 1;
            } else {
                report.lost += 1;
            }
            Ok(())
        };
        for_each_row(table, damaged, rows_max, &mut keep)?;
    }
    transaction.commit()?;
    Ok(report)
}

/// Whether the row is in the new file now; not if it contradicts one that is.
fn insert_one(insert: &mut rusqlite::Statement<'_>, row: &[Value]) -> Result<bool, Error> {
    match insert.execute(params_from_iter(row)) {
        Ok(_) => Ok(true),
        Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation) => {
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}

/// Reads in order while that goes, then looks for every number by itself: a damaged page hides only its own rows.
fn for_each_row(
    table: &Table,
    damaged: &Connection,
    rows_max: i64,
    keep: &mut dyn FnMut(&[Value]) -> Result<(), Error>,
) -> Result<(), Error> {
    let first = table.columns.first().expect("every table has columns");
    let next = format!("SELECT min({first}) FROM {} WHERE {first} > ?1", table.name);
    let last = last_row(table, damaged, rows_max);
    let mut row = 0;
    let mut in_order = true;
    loop {
        let following =
            damaged.prepare_cached(&next).and_then(|mut next| next.query_row([row], |row| row.get(0)));
        row = match following {
            Ok(None) if in_order => return Ok(()),
            Ok(Some(following)) if in_order && following > row => following,
            _ => {
                in_order = false;
                row + 1
            }
        };
        if !in_order && row > last {
            return Ok(());
        }
        match table.read(damaged, row) {
            Ok(Some(values)) => keep(&values)?,
            Ok(None) => {}
            Err(_) => in_order = false,
        }
    }
}

/// The highest number to look for.
fn last_row(table: &Table, damaged: &Connection, rows_max: i64) -> i64 {
    let first = table.columns.first().expect("every table has columns");
    let found = |query: &str| damaged.query_row(query, [], |row| row.get::<_, Option<i64>>(0)).ok().flatten();
    let highest = found(&format!("SELECT max({first}) FROM {}", table.name));
    let given = found(&format!("SELECT max(seq) FROM sqlite_sequence WHERE name = '{}'", table.name));
    // The highest that is read need not be the highest that there was.
    match highest.max(given) {
        Some(last) => last.clamp(0, ROWS_MAX).saturating_add(ROWS_BEYOND),
        None => rows_max,
    }
}

/// More rows than fit into the file are not looked for.
fn rows_max(place: &Place) -> Result<i64, Error> {
    let mut bytes: u64 = 0;
    for path in [place.path().to_owned(), place.beside(JOURNAL)] {
        if place.files().exists(&path)? {
            bytes = bytes.saturating_add(place.files().length(&path)?);
        }
    }
    Ok(i64::try_from(bytes / ROW_BYTES_MIN).unwrap_or(ROWS_MAX).min(ROWS_MAX))
}

fn exchange(place: &Place) -> Result<PathBuf, Error> {
    let files = place.files();
    let aside = format!("{DAMAGED}{}", free_number(place)?);
    if files.exists(place.path())? {
        files.rename(place.path(), &place.beside(&aside))?;
    }
    if files.exists(&place.beside(JOURNAL))? {
        files.rename(&place.beside(JOURNAL), &place.beside(&format!("{aside}{JOURNAL}")))?;
    }
    files.rename(&place.beside(FRESH), place.path())?;
    Ok(place.beside(&aside))
}

/// The lowest number that no file set aside has.
fn free_number(place: &Place) -> Result<u32, Error> {
    let mut number = 1;
    while place.files().exists(&place.beside(&format!("{DAMAGED}{number}")))? {
        number += 1;
    }
    Ok(number)
}

fn remove_fresh(place: &Place) -> Result<(), Error> {
    for suffix in [JOURNAL, ROLLBACK_JOURNAL, ""] {
        let path = place.beside(&format!("{FRESH}{suffix}"));
        if place.files().exists(&path)? {
            place.files().remove(&path)?;
        }
    }
    Ok(())
}

const DAMAGED: &str = ".damaged-";
const FRESH: &str = ".rescue";
pub(crate) const JOURNAL: &str = "-wal";
pub(crate) const ROLLBACK_JOURNAL: &str = "-journal";
/// Wraps stand on pages that were made when the file was.
const WRAPS_BYTES_MAX: usize = 1 << 20;
const SCAN_BYTES: usize = 1 << 20;
const ROW_BYTES_MIN: u64 = 64;
const ROWS_BEYOND: i64 = 500;
const ROWS_MAX: i64 = 20_000_000;

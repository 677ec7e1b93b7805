//! A file whose first page is lost: a copy of it gets the first page of a fresh file of the same version, with the
//! places of the tables from the stamp. The damaged file itself stays as it is.

use std::path::PathBuf;

use rusqlite::{Connection, params};

use crate::opening::{PAGE_BYTES, connect};
use crate::rescue::{JOURNAL, ROLLBACK_JOURNAL};
use crate::stamp::Stamp;
use crate::{Error, Place, schema};

/// The name of the copy. Its journal is a copy, too.
pub(crate) const SALVAGE: &str = ".salvage";

/// Makes the copy beside the damaged file, which it takes as much room as.
///
/// # Errors
/// [`Error::Full`], [`Error::Disk`]; [`Error::Damaged`] if the stamp fits no version that is known.
pub(crate) fn salvage(place: &Place, stamp: Option<&Stamp>) -> Result<PathBuf, Error> {
    let copy = place.beside(SALVAGE);
    let page = template(place, stamp)?;
    let files = place.files();
    files.copy(place.path(), &copy)?;
    let journal = place.beside(JOURNAL);
    if files.exists(&journal)? {
        files.copy(&journal, &place.beside(&format!("{SALVAGE}{JOURNAL}")))?;
    }
    let length = files.length(&copy)?;
    files.write(&copy, 0, &with_length(page, length))?;
    Ok(copy)
}

/// Whether the head of the file describes its pages as those of a store: else rows are looked for in wrong places. A
/// file that is all in its journal has no head.
///
/// # Errors
/// What the system says.
pub(crate) fn is_sound(place: &Place) -> Result<bool, Error> {
    if !place.files().exists(place.path())? {
        return Ok(true);
    }
    let head = place.files().read(place.path(), 0, HEAD_BYTES)?;
    let fits = |(start, bytes): &(usize, &[u8])| head.get(*start..*start + bytes.len()) == Some(*bytes);
    let journal = head.get(READ_AND_WRITE_VERSION_AT..READ_AND_WRITE_VERSION_AT + 2);
    let journal_fits = matches!(journal, Some([1, 1] | [2, 2]));
    Ok(head.is_empty() || journal_fits && PAGES_DESCRIBED.iter().all(fits))
}

/// Removes what a rescue leaves beside the two files.
pub(crate) fn remove_traces(place: &Place) -> Result<(), Error> {
    for name in [SALVAGE, TEMPLATE] {
        for suffix in [JOURNAL, ROLLBACK_JOURNAL, ""] {
            let path = place.beside(&format!("{name}{suffix}"));
            if place.files().exists(&path)? {
                place.files().remove(&path)?;
            }
        }
    }
    Ok(())
}

/// The first page of a file with the tables of the stamp's version, in the stamp's places.
fn template(place: &Place, stamp: Option<&Stamp>) -> Result<Vec<u8>, Error> {
    let path = place.beside(TEMPLATE);
    let template = connect(place, &path)?;
    template.pragma_update(None, "page_size", PAGE_BYTES)?;
    schema::create_tables(&template, stamp.map_or(schema::VERSION, |stamp| stamp.version))?;
    if let Some(stamp) = stamp {
        put_in_place(&template, stamp)?;
    }
    template.close().map_err(|(_, error)| Error::from(error))?;
    let page_bytes = usize::try_from(PAGE_BYTES).expect("a page is small");
    let page = place.files().read(&path, 0, page_bytes)?;
    // If the tables' list were longer than the page, the rest of it would be lost on pages unknown.
    if page.len() == page_bytes && page.get(LIST_KIND_AT) == Some(&LIST_IN_ONE_PAGE) {
        Ok(page)
    } else {
        Err(Error::Damaged("the list of tables"))
    }
}

fn put_in_place(template: &Connection, stamp: &Stamp) -> Result<(), Error> {
    let fresh = Stamp::of(template)?;
    if fresh.first_pages.len() != stamp.first_pages.len() {
        return Err(Error::Damaged("the stamp"));
    }
    let mut names = template.prepare("SELECT name FROM sqlite_schema ORDER BY name")?;
    let names = names.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
    template.pragma_update(None, "writable_schema", "ON")?;
    for (name, first_page) in names.iter().zip(&stamp.first_pages) {
        template
            .execute("UPDATE sqlite_schema SET rootpage = ?2 WHERE name = ?1", params![name, first_page])?;
    }
    Ok(())
}

/// The page with the length of the damaged file in it, no list of free pages, and the mark of a write-ahead journal.
fn with_length(mut page: Vec<u8>, file_bytes: u64) -> Vec<u8> {
    let pages = u32::try_from(file_bytes / PAGE_BYTES.unsigned_abs()).unwrap_or(u32::MAX);
    let changes = [
        (READ_AND_WRITE_VERSION_AT, [2, 2].as_slice()),
        (PAGES_AT, &pages.to_be_bytes()),
        (FREE_PAGES_AT, &[0; 8]),
    ];
    for (start, bytes) in changes {
        if let Some(place) = page.get_mut(start..start + bytes.len()) {
            place.copy_from_slice(bytes);
        }
    }
    page
}

const TEMPLATE: &str = ".template";
/// Offsets in the first page: the file format of SQLite, 1.3 and 1.6.
const READ_AND_WRITE_VERSION_AT: usize = 18;
const PAGES_AT: usize = 28;
const FREE_PAGES_AT: usize = 32;
const HEAD_BYTES: usize = 100;
/// Size of pages, nothing reserved in them, payload fractions; schema format; no vacuum; UTF-8.
const PAGES_DESCRIBED: [(usize, &[u8]); 6] = [
    (0, b"SQLite format 3\0\x40\0"),
    (20, &[0, 64, 32, 32]),
    (44, &[0, 0, 0, 4]),
    (52, &[0; 4]),
    (56, &[0, 0, 0, 1]),
    (64, &[0; 4]),
];
const LIST_KIND_AT: usize = 100;
const LIST_IN_ONE_PAGE: u8 = 0x0d;

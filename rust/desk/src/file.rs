//! Files that the user names: read within bounds, written without overwriting anything.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use crate::fault::Fault;

/// Whether the path stands for standard input.
pub fn is_standard_input(path: &Path) -> bool {
    path == Path::new("-")
}

/// Opens a file, or standard input for `-`.
///
/// # Errors
/// [`Fault`].
pub fn open(path: &Path) -> Result<Box<dyn Read>, Fault> {
    if is_standard_input(path) {
        return Ok(Box::new(std::io::stdin().lock()));
    }
    let file = File::open(path).map_err(|error| Fault::reading(path, &error))?;
    let metadata = file.metadata().map_err(|error| Fault::reading(path, &error))?;
    if metadata.is_dir() {
        return Err(Fault::reading(path, &"it is a folder"));
    }
    Ok(Box::new(file))
}

/// Reads a small file, or standard input for `-`: at most `bytes_max` bytes and one, so that whoever judges it sees
/// that it is too long.
///
/// # Errors
/// [`Fault`].
pub fn read_small(path: &Path, bytes_max: usize) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    open(path)?.take(limit).read_to_end(&mut bytes).map_err(|error| Fault::reading(path, &error))?;
    Ok(bytes)
}

/// Writes a new file: `fill` does it. If that fails nothing is left.
///
/// # Errors
/// [`Fault`], if there is such a file, or it cannot be written; that of `fill`.
pub fn write_new<T>(path: &Path, fill: impl FnOnce(&mut dyn Write) -> Result<T, Fault>) -> Result<T, Fault> {
    let created = File::options().write(true).create_new(true).open(path);
    let mut file = created.map_err(|error| Fault::writing(path, &error))?;
    let filled = fill(&mut file)
        .and_then(|done| file.sync_all().map(|()| done).map_err(|error| Fault::writing(path, &error)));
    if filled.is_err() {
        // Half a document must not pass for a whole one. The failure is told, whether this works or not.
        let _ = std::fs::remove_file(path);
    }
    filled
}

//! Which numbers SQLite has for errors, locks and ways to open a file.

use std::ffi::c_int;

use rusqlite::ffi;

use crate::error::DiskError;
use crate::lock::Lock;
use crate::machine::OpenMode;

const JOURNALS: c_int = ffi::SQLITE_OPEN_MAIN_JOURNAL | ffi::SQLITE_OPEN_SUPER_JOURNAL | ffi::SQLITE_OPEN_WAL;

pub const fn code(error: &DiskError) -> c_int {
    match error {
        DiskError::NoSuchFile { .. } | DiskError::AlreadyThere { .. } => ffi::SQLITE_CANTOPEN,
        DiskError::Full => ffi::SQLITE_FULL,
        DiskError::OtherFolder { .. } | DiskError::PowerOff => ffi::SQLITE_IOERR,
    }
}

pub fn done(result: Result<(), DiskError>) -> c_int {
    result.map_or_else(|error| code(&error), |()| ffi::SQLITE_OK)
}

pub const fn lock_level(level: c_int) -> Lock {
    match level {
        ffi::SQLITE_LOCK_NONE => Lock::None,
        ffi::SQLITE_LOCK_SHARED => Lock::Shared,
        ffi::SQLITE_LOCK_RESERVED => Lock::Reserved,
        ffi::SQLITE_LOCK_PENDING => Lock::Pending,
        _ => Lock::Exclusive,
    }
}

pub const fn open_mode(flags: c_int) -> OpenMode {
    let may_create = flags & ffi::SQLITE_OPEN_CREATE != 0;
    OpenMode {
        may_create,
        must_create: may_create && flags & ffi::SQLITE_OPEN_EXCLUSIVE != 0,
        delete_on_close: flags & ffi::SQLITE_OPEN_DELETEONCLOSE != 0,
        sync_folder: may_create && flags & JOURNALS != 0,
    }
}

//! SQLite's interface to file systems (<https://sqlite.org/vfs.html>), which is in C. The only unsafe code.
//!
//! Behaves as SQLite's own code for Unix where that matters to what survives: which sync also syncs the folder,
//! an empty file counts as none, a write changes nothing beside the bytes written (`POWERSAFE_OVERWRITE`).
//! There is no shared memory, so WAL needs `locking_mode=EXCLUSIVE` before the first access.
#![allow(unsafe_code, reason = "SQLite calls through C function pointers")]

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::fmt;
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use rusqlite::ffi;

use crate::codes::{code, done, lock_level, open_mode};
use crate::error::DiskError;
use crate::machine::{HandleId, Machine};

const NAME_BYTES_MAX: c_int = 512;
const SECTOR_BYTES: c_int = 4096;

/// Milliseconds from SQLite's beginning of time (Julian day 0) to 1970.
const JULIAN_MS_OF_1970: i64 = 210_866_760_000_000;

/// A disk's name with SQLite, until it is dropped.
///
/// SQLite's connections keep a pointer to the file system even when they have no file open, and nothing tells when
/// the last is closed. So the few hundred bytes that they point to are never freed; the files are.
pub struct Registration {
    vfs: *mut ffi::sqlite3_vfs,
    name: String,
    machine: Weak<Mutex<Machine>>,
}

// SAFETY: the pointer is only handed to `sqlite3_vfs_unregister`, which takes SQLite's own lock.
unsafe impl Send for Registration {}
// SAFETY: as above; by reference nothing is done with the pointer at all.
unsafe impl Sync for Registration {}

impl Registration {
    /// Registers the disk under a name of its own.
    pub fn new(machine: &Arc<Mutex<Machine>>) -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        let name = format!("p2psync-disk-{}", LAST.fetch_add(1, Ordering::Relaxed) + 1);
        let c_name = CString::new(name.clone()).expect("the name has no zero byte");
        let machine = Arc::downgrade(machine);
        let vfs = Box::into_raw(Box::new(file_system(c_name, machine.clone())));
        // SAFETY: the struct is complete and never freed or moved.
        let code = unsafe { ffi::sqlite3_vfs_register(vfs, 0) };
        assert_eq!(code, ffi::SQLITE_OK, "registering fails only where SQLite cannot be initialised");
        Self { vfs, name, machine }
    }

    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        // SAFETY: the struct was registered and is still there.
        unsafe { ffi::sqlite3_vfs_unregister(self.vfs) };
        if let Some(machine) = self.machine.upgrade() {
            lock(&machine).power.cut();
        }
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name)
    }
}

/// Makes the random numbers inside SQLite (salts of the WAL, `random()`) repeat from `seed`, or with 0 come from
/// the operating system again. They are the whole process's: in a test, only where it is alone in its process.
pub fn seed_sqlite_randomness(seed: i32) {
    let no_connection: *mut ffi::sqlite3 = ptr::null_mut();
    // SAFETY: this operation takes an int and a connection or NULL.
    unsafe { ffi::sqlite3_test_control(ffi::SQLITE_TESTCTRL_PRNG_SEED, seed, no_connection) };
}

fn file_system(name: CString, machine: Weak<Mutex<Machine>>) -> ffi::sqlite3_vfs {
    ffi::sqlite3_vfs {
        iVersion: 2,
        szOsFile: c_int::try_from(size_of::<OpenFile>()).expect("a few words"),
        mxPathname: NAME_BYTES_MAX,
        pNext: ptr::null_mut(),
        zName: name.into_raw(),
        pAppData: Box::into_raw(Box::new(machine)).cast(),
        xOpen: Some(open),
        xDelete: Some(delete),
        xAccess: Some(access),
        xFullPathname: Some(full_name),
        xDlOpen: Some(load_nothing),
        xDlError: Some(say_nothing_loads),
        xDlSym: None,
        xDlClose: None,
        xRandomness: Some(randomness),
        xSleep: Some(sleep_not),
        xCurrentTime: Some(days_now),
        xGetLastError: None,
        xCurrentTimeInt64: Some(milliseconds_now),
        xSetSystemCall: None,
        xGetSystemCall: None,
        xNextSystemCall: None,
    }
}

static FILE_METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 1,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(set_length),
    xSync: Some(sync),
    xFileSize: Some(length),
    xLock: Some(lock_file),
    xUnlock: Some(unlock_file),
    xCheckReservedLock: Some(is_reserved),
    xFileControl: Some(control),
    xSectorSize: Some(sector_bytes),
    xDeviceCharacteristics: Some(characteristics),
    xShmMap: None,
    xShmLock: None,
    xShmBarrier: None,
    xShmUnmap: None,
    xFetch: None,
    xUnfetch: None,
};

/// What SQLite allots for an open file. `open` fills it, `close` empties it.
#[repr(C)]
struct OpenFile {
    base: ffi::sqlite3_file,
    machine: *const Mutex<Machine>,
    handle: HandleId,
}

fn lock(machine: &Mutex<Machine>) -> MutexGuard<'_, Machine> {
    machine.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The disk of a file system, or `None` if it was dropped.
///
/// # Safety
/// `vfs` was made by `file_system`.
unsafe fn disk(vfs: *mut ffi::sqlite3_vfs) -> Option<Arc<Mutex<Machine>>> {
    // SAFETY: `file_system` points `pAppData` at a `Weak` that is never freed or changed.
    unsafe { (*(*vfs).pAppData.cast::<Weak<Mutex<Machine>>>()).upgrade() }
}

/// The disk of an open file, and the file's handle on it.
///
/// # Safety
/// `file` was filled by `open` and not closed since.
unsafe fn opened<'a>(file: *mut ffi::sqlite3_file) -> (MutexGuard<'a, Machine>, HandleId) {
    // SAFETY: `open` left an `OpenFile` there, whose machine lives until `close`.
    let (machine, handle) = unsafe {
        let file = file.cast::<OpenFile>();
        (&*(*file).machine, (*file).handle)
    };
    (lock(machine), handle)
}

/// # Safety
/// `out` is a place to write to.
unsafe fn answer<T>(result: Result<T, DiskError>, out: *mut T) -> c_int {
    // SAFETY: as promised by the caller.
    done(result.map(|value| unsafe { *out = value }))
}

/// # Safety
/// `name` is NULL or ends in a zero byte.
unsafe fn text<'a>(name: *const c_char) -> Option<&'a str> {
    // SAFETY: as promised by the caller.
    (!name.is_null()).then(|| unsafe { CStr::from_ptr(name) }).and_then(|name| name.to_str().ok())
}

unsafe extern "C" fn open(
    vfs: *mut ffi::sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: `file` has room for an `OpenFile`; SQLite asks for NULL here if opening fails.
    unsafe { (*file).pMethods = ptr::null() };
    // SAFETY: SQLite passes our own file system and a name or NULL.
    let (disk, text) = unsafe { (disk(vfs), text(name)) };
    let Some(disk) = disk.filter(|_| name.is_null() || text.is_some()) else { return ffi::SQLITE_CANTOPEN };
    let opened = lock(&disk).open(text, open_mode(flags));
    match opened {
        Err(error) => code(&error),
        Ok(handle) => {
            let base = ffi::sqlite3_file { pMethods: &raw const FILE_METHODS };
            let machine = Arc::into_raw(disk);
            // SAFETY: `file` has room for an `OpenFile`, and nothing in it needs dropping.
            unsafe { file.cast::<OpenFile>().write(OpenFile { base, machine, handle }) };
            if !out_flags.is_null() {
                // SAFETY: it is NULL or a place to write to.
                unsafe { *out_flags = flags };
            }
            ffi::SQLITE_OK
        }
    }
}

unsafe extern "C" fn delete(vfs: *mut ffi::sqlite3_vfs, name: *const c_char, sync_folder: c_int) -> c_int {
    // SAFETY: SQLite passes our own file system and a name.
    let (Some(disk), Some(name)) = (unsafe { (disk(vfs), text(name)) }) else { return ffi::SQLITE_IOERR };
    let deleted = lock(&disk).delete(name, sync_folder & 1 != 0);
    match deleted {
        Err(DiskError::NoSuchFile { .. }) => ffi::SQLITE_IOERR_DELETE_NOENT,
        other => done(other),
    }
}

unsafe extern "C" fn access(
    vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    // SAFETY: SQLite passes our own file system and a name.
    let (Some(disk), Some(name)) = (unsafe { (disk(vfs), text(name)) }) else { return ffi::SQLITE_IOERR };
    let found = lock(&disk).file_named(name).map(|file| file.content().length());
    let is_there = match found {
        Ok(length) => Ok(flags != ffi::SQLITE_ACCESS_EXISTS || length > 0),
        Err(DiskError::NoSuchFile { .. }) => Ok(false),
        Err(error) => Err(error),
    };
    // SAFETY: SQLite wants the answer there.
    unsafe { answer(is_there.map(c_int::from), out) }
}

/// Every name is whole already.
unsafe extern "C" fn full_name(
    _vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    room: c_int,
    out: *mut c_char,
) -> c_int {
    // SAFETY: SQLite passes a name that ends in a zero byte.
    let bytes = unsafe { CStr::from_ptr(name) }.to_bytes_with_nul();
    if usize::try_from(room).unwrap_or_default() < bytes.len() {
        return ffi::SQLITE_CANTOPEN;
    }
    // SAFETY: there is room for it, in another place.
    unsafe { ptr::copy_nonoverlapping(bytes.as_ptr().cast(), out, bytes.len()) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn load_nothing(_vfs: *mut ffi::sqlite3_vfs, _name: *const c_char) -> *mut c_void {
    ptr::null_mut()
}

unsafe extern "C" fn say_nothing_loads(_vfs: *mut ffi::sqlite3_vfs, room: c_int, out: *mut c_char) {
    if room > 0 {
        // SAFETY: there is room for at least one byte.
        unsafe { *out = 0 };
    }
}

unsafe extern "C" fn randomness(vfs: *mut ffi::sqlite3_vfs, count: c_int, out: *mut c_char) -> c_int {
    // SAFETY: SQLite passes our own file system.
    let Some(disk) = (unsafe { disk(vfs) }) else { return 0 };
    let mut bytes = vec![0; usize::try_from(count).unwrap_or_default()];
    lock(&disk).randomness(&mut bytes);
    // SAFETY: SQLite has room for `count` bytes.
    unsafe { ptr::copy_nonoverlapping(bytes.as_ptr().cast(), out, bytes.len()) };
    count
}

/// Nobody waits on this disk: what SQLite would wait for is done by the same thread or never.
unsafe extern "C" fn sleep_not(_vfs: *mut ffi::sqlite3_vfs, microseconds: c_int) -> c_int {
    microseconds
}

unsafe extern "C" fn milliseconds_now(vfs: *mut ffi::sqlite3_vfs, out: *mut ffi::sqlite3_int64) -> c_int {
    // SAFETY: SQLite passes our own file system.
    let Some(disk) = (unsafe { disk(vfs) }) else { return ffi::SQLITE_ERROR };
    let now = lock(&disk).unix_ms.saturating_add(JULIAN_MS_OF_1970);
    // SAFETY: SQLite wants the answer there.
    unsafe { *out = now };
    ffi::SQLITE_OK
}

#[allow(clippy::cast_precision_loss, reason = "SQLite's old interface wants days as f64")]
unsafe extern "C" fn days_now(vfs: *mut ffi::sqlite3_vfs, out: *mut f64) -> c_int {
    let mut milliseconds = 0;
    // SAFETY: passed on as SQLite passed it.
    let code = unsafe { milliseconds_now(vfs, &raw mut milliseconds) };
    // SAFETY: SQLite wants the answer there.
    unsafe { *out = milliseconds as f64 / 86_400_000.0 };
    code
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: SQLite closes a file once.
    let (machine, handle) =
        unsafe { ((*file.cast::<OpenFile>()).machine, (*file.cast::<OpenFile>()).handle) };
    // SAFETY: `open` gave this reference away; it is taken back once.
    let machine = unsafe { Arc::from_raw(machine) };
    lock(&machine).close(handle);
    ffi::SQLITE_OK
}

unsafe extern "C" fn read(file: *mut ffi::sqlite3_file, out: *mut c_void, count: c_int, at: i64) -> c_int {
    let (Ok(count), Ok(at)) = (usize::try_from(count), usize::try_from(at)) else { return ffi::SQLITE_IOERR };
    // SAFETY: SQLite has room for `count` bytes. They may not be initialised yet, so they are made zeros first,
    // which is also what it wants to see after the end of the file.
    let bytes = unsafe {
        ptr::write_bytes(out.cast::<u8>(), 0, count);
        std::slice::from_raw_parts_mut(out.cast::<u8>(), count)
    };
    // SAFETY: SQLite uses only open files.
    let (machine, handle) = unsafe { opened(file) };
    match machine.file(handle).map(|file| file.content().read(at, bytes)) {
        Err(error) => code(&error),
        Ok(read) if read < count => ffi::SQLITE_IOERR_SHORT_READ,
        Ok(_) => ffi::SQLITE_OK,
    }
}

unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    from: *const c_void,
    count: c_int,
    at: i64,
) -> c_int {
    let (Ok(count), Ok(at)) = (usize::try_from(count), usize::try_from(at)) else { return ffi::SQLITE_IOERR };
    // SAFETY: SQLite passes `count` bytes.
    let bytes = unsafe { std::slice::from_raw_parts(from.cast::<u8>(), count) };
    // SAFETY: SQLite uses only open files.
    let (mut machine, handle) = unsafe { opened(file) };
    done(machine.write(handle, at, bytes))
}

unsafe extern "C" fn set_length(file: *mut ffi::sqlite3_file, length: i64) -> c_int {
    let Ok(length) = usize::try_from(length) else { return ffi::SQLITE_IOERR };
    // SAFETY: SQLite uses only open files.
    let (mut machine, handle) = unsafe { opened(file) };
    done(machine.set_length(handle, length))
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, _flags: c_int) -> c_int {
    // SAFETY: SQLite uses only open files.
    let (mut machine, handle) = unsafe { opened(file) };
    done(machine.sync(handle))
}

unsafe extern "C" fn length(file: *mut ffi::sqlite3_file, out: *mut ffi::sqlite3_int64) -> c_int {
    // SAFETY: SQLite uses only open files.
    let (machine, handle) = unsafe { opened(file) };
    let length = machine.file(handle).map(|file| i64::try_from(file.content().length()).unwrap_or(i64::MAX));
    // SAFETY: SQLite wants the answer there.
    unsafe { answer(length, out) }
}

unsafe extern "C" fn lock_file(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    // SAFETY: SQLite uses only open files.
    let (mut machine, handle) = unsafe { opened(file) };
    match machine.lock(handle, lock_level(level)) {
        Err(error) => code(&error),
        Ok(true) => ffi::SQLITE_OK,
        Ok(false) => ffi::SQLITE_BUSY,
    }
}

unsafe extern "C" fn unlock_file(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    // SAFETY: SQLite uses only open files.
    let (mut machine, handle) = unsafe { opened(file) };
    done(machine.unlock(handle, lock_level(level)))
}

unsafe extern "C" fn is_reserved(file: *mut ffi::sqlite3_file, out: *mut c_int) -> c_int {
    // SAFETY: SQLite uses only open files.
    let (machine, handle) = unsafe { opened(file) };
    // SAFETY: SQLite wants the answer there.
    unsafe { answer(machine.is_reserved(handle).map(c_int::from), out) }
}

/// No wish beyond the interface is known here; SQLite does without.
unsafe extern "C" fn control(_file: *mut ffi::sqlite3_file, _wish: c_int, _argument: *mut c_void) -> c_int {
    ffi::SQLITE_NOTFOUND
}

unsafe extern "C" fn sector_bytes(_file: *mut ffi::sqlite3_file) -> c_int {
    SECTOR_BYTES
}

unsafe extern "C" fn characteristics(_file: *mut ffi::sqlite3_file) -> c_int {
    ffi::SQLITE_IOCAP_POWERSAFE_OVERWRITE
}

//! Where a store is: a file, and the few things done with files that SQLite does not do.

use std::fs;
use std::path::{Path, PathBuf};

/// Whole files: to set a damaged one aside, and to erase all. The simulated disk has its own.
pub trait Files {
    /// Whether the file exists.
    ///
    /// # Errors
    /// What the system says.
    fn exists(&self, path: &Path) -> std::io::Result<bool>;

    /// Gives the file another name in the same folder; on disk when this returns.
    ///
    /// # Errors
    /// What the system says.
    fn rename(&self, from: &Path, to: &Path) -> std::io::Result<()>;

    /// Removes the file if there is one; on disk when this returns.
    ///
    /// # Errors
    /// What the system says.
    fn remove(&self, path: &Path) -> std::io::Result<()>;

    /// Writes into a file that exists, from `offset` on; on disk when this returns.
    ///
    /// # Errors
    /// What the system says.
    fn write(&self, path: &Path, offset: u64, bytes: &[u8]) -> std::io::Result<()>;

    /// Copies the file in the same folder. What goes lost when the power does is copied again.
    ///
    /// # Errors
    /// What the system says.
    fn copy(&self, from: &Path, to: &Path) -> std::io::Result<()>;

    /// Length of the file in bytes.
    ///
    /// # Errors
    /// What the system says.
    fn length(&self, path: &Path) -> std::io::Result<u64>;

    /// Up to `bytes_max` bytes from `offset`; fewer at the end, none beyond it.
    ///
    /// # Errors
    /// What the system says.
    fn read(&self, path: &Path, offset: u64, bytes_max: usize) -> std::io::Result<Vec<u8>>;
}

/// The files of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemFiles;

impl Files for SystemFiles {
    fn exists(&self, path: &Path) -> std::io::Result<bool> {
        path.try_exists()
    }

    fn rename(&self, from: &Path, to: &Path) -> std::io::Result<()> {
        fs::rename(from, to)?;
        sync_folder(to)
    }

    fn remove(&self, path: &Path) -> std::io::Result<()> {
        match fs::remove_file(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
            Ok(()) => sync_folder(path),
        }
    }

    fn write(&self, path: &Path, offset: u64, bytes: &[u8]) -> std::io::Result<()> {
        use std::io::{Seek as _, Write as _};
        let mut file = fs::File::options().write(true).open(path)?;
        file.seek(std::io::SeekFrom::Start(offset))?;
        file.write_all(bytes)?;
        file.sync_all()
    }

    fn copy(&self, from: &Path, to: &Path) -> std::io::Result<()> {
        fs::copy(from, to).map(drop)
    }

    fn length(&self, path: &Path) -> std::io::Result<u64> {
        Ok(fs::metadata(path)?.len())
    }

    fn read(&self, path: &Path, offset: u64, bytes_max: usize) -> std::io::Result<Vec<u8>> {
        use std::io::{Read as _, Seek as _};
        let mut file = fs::File::open(path)?;
        file.seek(std::io::SeekFrom::Start(offset))?;
        let mut bytes = Vec::new();
        file.take(u64::try_from(bytes_max).unwrap_or(u64::MAX)).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

/// The file of a store.
pub struct Place {
    path: PathBuf,
    vfs: Option<String>,
    files: Box<dyn Files + Send>,
}

impl core::fmt::Debug for Place {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter
            .debug_struct("Place")
            .field("path", &self.path)
            .field("vfs", &self.vfs)
            .finish_non_exhaustive()
    }
}

impl Place {
    /// A file of the operating system. Its folder exists, and nobody else writes into it.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), vfs: None, files: Box::new(SystemFiles) }
    }

    /// A file of the SQLite VFS of that name, and of the same disk reached by `files`.
    pub fn on(path: impl Into<PathBuf>, vfs: impl Into<String>, files: Box<dyn Files + Send>) -> Self {
        Self { path: path.into(), vfs: Some(vfs.into()), files }
    }

    /// The path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn vfs(&self) -> Option<&str> {
        self.vfs.as_deref()
    }

    pub(crate) fn files(&self) -> &dyn Files {
        &*self.files
    }

    /// The same path with `suffix` after its name.
    pub(crate) fn beside(&self, suffix: &str) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(suffix);
        PathBuf::from(name)
    }
}

#[cfg(unix)]
fn sync_folder(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> std::io::Result<()> {
    Ok(())
}

//! Why a disk did not do what it was asked.

/// Why a disk did not do what it was asked. SQLite is told the same with its own codes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DiskError {
    /// The caller named a file that does not exist. SQLite: `SQLITE_CANTOPEN`, or `SQLITE_IOERR_DELETE_NOENT`.
    #[error("there is no file {name}")]
    NoSuchFile {
        /// The name.
        name: String,
    },
    /// The caller asked for a new file where there is one. SQLite: `SQLITE_CANTOPEN`.
    #[error("there is a file {name} already")]
    AlreadyThere {
        /// The name.
        name: String,
    },
    /// The caller asked to move a file into another folder.
    #[error("{from} cannot become {to}: that is another folder")]
    OtherFolder {
        /// The name that the file has.
        from: String,
        /// The name that it was to have.
        to: String,
    },
    /// The files would take more than the disk holds; nothing was written. SQLite: `SQLITE_FULL`.
    #[error("the disk is full")]
    Full,
    /// Nobody's fault: the power is off, or was since the file was opened. SQLite: `SQLITE_IOERR`.
    #[error("the power is off, or was off since the file was opened")]
    PowerOff,
}

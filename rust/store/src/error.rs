//! What can go wrong with the store, sorted by whose move it is.

/// An operation of the store did not take place. Nothing of it is on disk.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The person's move: the password, or the key that the host keeps, is not that of this store.
    #[error("this password or key does not open the store")]
    WrongKey,
    /// The person's move: the store is opened by something else than what was given.
    #[error("the store is opened by {0}")]
    OtherKeyNeeded(&'static str),
    /// The person's move: no space is left on the disk. Reading goes on.
    #[error("the disk is full")]
    Full,
    /// The person's move: what this device keeps for its owner or for others has reached its limit.
    #[error("the limit for {0} is reached")]
    Quota(&'static str),
    /// The host's move: another process has the file open.
    #[error("another process has the store open")]
    InUse,
    /// The host's move: the file is of a newer version of this program.
    #[error("the store has version {found}, this program knows {known}")]
    TooNew {
        /// The version of the file.
        found: i64,
        /// The newest version that this program reads.
        known: i64,
    },
    /// The host's move: the file is a database of another program.
    #[error("the file belongs to another program")]
    OtherProgram,
    /// The caller's move: nothing has that id.
    #[error("nothing has that id")]
    NotFound,
    /// The caller's move: an argument is outside its bounds.
    #[error("{0} is outside its bounds")]
    OutOfBounds(&'static str),
    /// A peer's fault: bytes that are not what their id says, or that nobody asked for.
    #[error("a peer sent {0}")]
    PeerMisbehaved(&'static str),
    /// Nobody's move but the store's own: what is on disk was altered. [`crate::Store::rescue`] saves the rest.
    #[error("the store is damaged: {0}")]
    Damaged(&'static str),
    /// The disk or the system failed. The text is for the log.
    #[error("the disk failed: {0}")]
    Disk(String),
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        match &error {
            rusqlite::Error::QueryReturnedNoRows => Self::NotFound,
            // A column of another type than the schema states can only be the work of damage.
            rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..) => Self::Damaged("a column"),
            rusqlite::Error::SqliteFailure(failure, _) => match failure.code {
                Code::DiskFull => Self::Full,
                Code::DatabaseBusy | Code::DatabaseLocked => Self::InUse,
                Code::DatabaseCorrupt => Self::Damaged("a page"),
                Code::NotADatabase => Self::Damaged("the file's head"),
                _ => Self::Disk(error.to_string()),
            },
            _ => Self::Disk(error.to_string()),
        }
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::Full,
            _ => Self::Disk(error.to_string()),
        }
    }
}

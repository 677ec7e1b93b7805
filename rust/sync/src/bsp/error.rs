//! What ends a session, sorted by whose move it is.

use p2psync_bramble::record;

use super::Malformed;

/// Why a session ended other than by its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The other side sent a record that its software never sends. Hang up.
    #[error("the other device broke the protocol: {0}")]
    PeerMisbehaved(#[from] Malformed),
    /// The other side announced a record over the limit of all records. Hang up.
    #[error("the other device broke the protocol: a record of {length} bytes")]
    RecordTooLong {
        /// The length in its header.
        length: usize,
    },
    /// The other side speaks a later version of sync without asking. This device should be updated.
    #[error("the other device sends records of version {version}")]
    PeerTooNew {
        /// The version in the record's header.
        version: u8,
    },
    /// The stream ended inside a record. What came before counts. Dial again.
    #[error("the stream ended inside a record")]
    Cut,
}

impl Error {
    /// Whose doing it was.
    pub const fn fault(self) -> Fault {
        match self {
            Self::PeerMisbehaved(_) | Self::RecordTooLong { .. } => Fault::Peer,
            Self::PeerTooNew { .. } => Fault::OursOutdated,
            Self::Cut => Fault::Connection,
        }
    }
}

impl From<record::Malformed> for Error {
    fn from(malformed: record::Malformed) -> Self {
        match malformed {
            record::Malformed::TooLong { length } => Self::RecordTooLong { length },
            record::Malformed::OtherVersion { version } => Self::PeerTooNew { version },
        }
    }
}

/// Whose doing an error was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The device at the other end.
    Peer,
    /// This device is behind.
    OursOutdated,
    /// The transport.
    Connection,
}

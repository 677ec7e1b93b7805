//! What ends a link, sorted by whose move it is.

/// Why a link ended other than by both sides' wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The other side sent what its software never sends, or someone changed it on the way. Hang up.
    #[error("the other device broke the protocol: {0}")]
    PeerMisbehaved(&'static str),
    /// The other side sent more than the budget. Hang up.
    #[error("the other device sent more than {received_bytes_max} bytes")]
    BudgetSpent {
        /// The budget.
        received_bytes_max: u64,
    },
    /// The caller is nobody that this device knows, or repeats what somebody else once said. It was told nothing.
    #[error("a device that is not known here tried to connect")]
    Stranger,
    /// The called device did not answer: it has forgotten this one, has lost or restored its data, or is
    /// somebody else. Pair again if this stays so.
    #[error("the other device does not recognise this one")]
    NotRecognised,
    /// The other device's software is older than any version spoken here. It should be updated.
    #[error("the other device speaks only older versions of the link, up to {newest_of_theirs}")]
    PeerTooOld {
        /// Newest version it offers.
        newest_of_theirs: u8,
    },
    /// The other device's software is newer than any version spoken here. This one should be updated.
    #[error("the other device speaks only newer versions of the link, from {oldest_of_theirs}")]
    PeerTooNew {
        /// Oldest version it offers.
        oldest_of_theirs: u8,
    },
    /// The transport closed before the other side marked its end. Dial again.
    #[error("the connection was cut")]
    Cut,
    /// Nothing came for too long. Dial again.
    #[error("nothing was received for {silence_ms} ms")]
    Silent {
        /// How long was waited.
        silence_ms: u64,
    },
    /// The peer was forgotten, or paired again, while the link was opening. Dial again if it is still wanted.
    #[error("the peer was forgotten or paired again while the link was opening")]
    PeerChanged,
    /// A newer call from the same peer took the place of this one.
    #[error("a newer call from the same device took over")]
    Superseded,
}

impl Error {
    /// Whose doing it was.
    pub const fn fault(self) -> Fault {
        match self {
            Self::PeerMisbehaved(_) | Self::BudgetSpent { .. } | Self::Stranger => Fault::Peer,
            Self::NotRecognised | Self::PeerTooOld { .. } => Fault::PeerOutdated,
            Self::PeerTooNew { .. } => Fault::OursOutdated,
            Self::Cut | Self::Silent { .. } => Fault::Connection,
            Self::PeerChanged | Self::Superseded => Fault::Nobody,
        }
    }
}

/// Whose doing an error was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The device at the other end, or whoever stands between.
    Peer,
    /// The other device is behind: its software or its memory of this pair.
    PeerOutdated,
    /// This device is behind.
    OursOutdated,
    /// The transport.
    Connection,
    /// Nobody: circumstances changed.
    Nobody,
}

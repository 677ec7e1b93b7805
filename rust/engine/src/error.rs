//! What can go wrong with the engine, sorted by whose move it is, and the code that apps see for each.

use p2psync_model::{
    ContentError, DestinationError, MalformedDocument, MalformedHeader, MalformedSigned, ParentsError,
    PolicyError, UrlError,
};
use p2psync_seal::{CertificateError, SignatureError, VerifyError};

use crate::Code;

/// An operation did not take place. Nothing of it is on disk.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// The person's move: the password, or the device's key, is not that of this store.
    #[error("this password or key does not open the store")]
    WrongKey,
    /// The person's move: the store has a password and none was given.
    #[error("the store is opened by a password, and none was given")]
    PasswordRequired,
    /// The person's move: no space is left on the disk. Reading goes on.
    #[error("the disk is full")]
    DiskFull,
    /// The person's move: what this device keeps has reached its limit.
    #[error("the limit for {0} is reached")]
    Quota(&'static str),

    /// The admin's move: the destination's key cannot be used.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The admin's move: the destination's address cannot be used.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// The admin's move: the destination's token or TLS keys cannot be used.
    #[error(transparent)]
    Destination(#[from] DestinationError),
    /// The admin's move: no destination is set.
    #[error("no destination is set")]
    NoDestination,
    /// The admin's move, or that of whoever passed it on: this receipt is not believed.
    #[error(transparent)]
    Receipt(#[from] VerifyError),
    /// Whoever passed it on should not have: these bytes are no receipt.
    #[error("this is not a receipt: {0}")]
    MalformedReceipt(#[from] MalformedSigned),

    /// The caller's move: nothing has that id.
    #[error("nothing has that id")]
    NotFound,
    /// The caller's move: the document is longer than the deployment allows.
    #[error("a document may have at most {bytes_max} bytes")]
    TooLarge {
        /// The limit, for the content with its header.
        bytes_max: u64,
    },
    /// The caller's move: the document is sealed, and only the destination can read it.
    #[error("the document is sealed: only the destination can read it")]
    Sealed,
    /// The caller's move: the policy does not allow what was asked for.
    #[error(transparent)]
    Policy(PolicyError),
    /// The caller's move: the document cannot be described so.
    #[error(transparent)]
    Header(#[from] MalformedHeader),
    /// The caller's move: these cannot be a document's parents.
    #[error(transparent)]
    Parents(#[from] ParentsError),
    /// The caller's move: a date or a size that no document can have.
    #[error(transparent)]
    Document(#[from] MalformedDocument),
    /// The caller's move: an argument is outside its bounds.
    #[error("{0} is outside its bounds")]
    OutOfBounds(&'static str),
    /// The caller's move: the content that it gave could not be read to its end.
    #[error("the content could not be read: {0}")]
    Input(String),
    /// The caller's move: what was read could not be written where it was to go.
    #[error("the content could not be written: {0}")]
    Output(String),

    /// The host's move: another process has the store open.
    #[error("another process has the store open")]
    InUse,
    /// The host's move: a newer version of the program wrote the store.
    #[error("the store has version {found}, this program knows {known}")]
    TooNew {
        /// The version of the store.
        found: i64,
        /// The newest that this program reads.
        known: i64,
    },
    /// The host's move: the file belongs to another program.
    #[error("the file belongs to another program")]
    OtherProgram,
    /// The host's move: the store is opened by something else than what was given.
    #[error("the store is opened by {0}")]
    OtherKeyNeeded(&'static str),
    /// The host's move: the store holds documents of another deployment.
    #[error("the store belongs to another deployment")]
    OtherDeployment,

    /// Both persons' move: pairing came to nothing.
    #[error(transparent)]
    Pair(#[from] p2psync_pair::Error),
    /// Our person's move: the scanned text is no code that can be used.
    #[error(transparent)]
    PairingCode(#[from] p2psync_pair::CodeError),
    /// Our person's move: the code is one of plain Bramble, which this engine does not speak.
    #[error("the code is that of a device that speaks plain Bramble only")]
    BrambleCode,
    /// Our person's move: the last comparisons of digits came to nothing. A scanned code helps at once.
    #[error("too many comparisons of digits came to nothing: wait ten minutes, or scan a code")]
    TooManyComparisons,
    /// Our person's move: only so many devices pair at once.
    #[error("another device is being paired with")]
    PairingGoesOn,
    /// The other device's move: its links are of versions before ours.
    #[error("the other device speaks only older versions of the link")]
    LinkTooOld,
    /// Our move: its links are of versions after ours.
    #[error("the other device speaks only newer versions of the link")]
    LinkTooNew,
    /// Whose move it is depends: a connection with a peer ended.
    #[error(transparent)]
    Link(#[from] p2psync_link::Error),
    /// Whose move it is depends: the exchange with a peer ended.
    #[error(transparent)]
    Sync(#[from] p2psync_sync::session::Error),
    /// Nobody's move: a peer cannot be seen.
    #[error("the device cannot be seen")]
    OutOfSight,
    /// Nobody's move: the device was seen, and no connection came about.
    #[error("no connection could be made")]
    ConnectFailed,
    /// Nobody's move: the device whose code was scanned did not appear.
    #[error("the device did not appear in time")]
    NobodyCame,

    /// Whose move it is depends: a bundle cannot be read, or not further.
    #[error(transparent)]
    Bundle(#[from] p2psync_sync::bundle::ReadError),
    /// Our person's move: no peer is stored, and no destination can be sealed to, so nobody could read the bundle.
    #[error("no device is stored that could read the bundle, and no destination is set")]
    BundleForNobody,

    /// Whoever made it is at fault: the content is not what its device signed.
    #[error(transparent)]
    Content(#[from] ContentError),

    /// Nobody's move: what is on disk was altered. [`crate::Engine::rescue`] saves the rest.
    #[error("the store is damaged: {0}")]
    Damaged(&'static str),
    /// Nobody's move: OpenPGP failed. The text is for the log.
    #[error("sealing failed: {0}")]
    Sealing(String),
    /// Nobody's move: the disk or the system failed. The text is for the log.
    #[error("the disk failed: {0}")]
    Disk(String),
}

impl Error {
    /// The stable name of this error.
    pub const fn code(&self) -> Code {
        match self {
            Self::WrongKey => Code::WrongPassword,
            Self::PasswordRequired => Code::PasswordRequired,
            Self::DiskFull => Code::NoSpace,
            Self::Quota(_) => Code::QuotaExceeded,
            Self::Certificate(error) => certificate_code(error),
            Self::Url(_) => Code::InvalidUrl,
            Self::NoDestination | Self::Policy(PolicyError::NoDestination) => Code::NoDestination,
            Self::Receipt(VerifyError::Signature(SignatureError::Future { .. })) => Code::ClockWrong,
            Self::Receipt(_) | Self::MalformedReceipt(_) => Code::ConfirmationInvalid,
            Self::NotFound | Self::BundleForNobody => Code::NotFound,
            Self::TooLarge { .. } => Code::DocumentTooLarge,
            Self::Sealed => Code::Encrypted,
            Self::Destination(_)
            | Self::Policy(PolicyError::MustSeal | PolicyError::MustNotSeal)
            | Self::Header(_)
            | Self::Parents(_)
            | Self::Document(_)
            | Self::OutOfBounds(_)
            | Self::Input(_)
            | Self::OtherProgram
            | Self::OtherKeyNeeded(_)
            | Self::OtherDeployment => Code::InvalidArgument,
            Self::InUse | Self::TooManyComparisons | Self::PairingGoesOn => Code::Busy,
            Self::Pair(error) => pairing_code(error),
            Self::PairingCode(error) => scanned_code(*error),
            Self::BrambleCode => Code::CodeOtherApp,
            Self::LinkTooOld => Code::PeerTooOld,
            Self::LinkTooNew => Code::PeerTooNew,
            Self::Link(error) => link_code(*error),
            Self::Sync(error) => sync_code(*error),
            Self::Bundle(error) => bundle_code(*error),
            Self::OutOfSight => Code::PeerLost,
            Self::ConnectFailed => Code::ConnectFailed,
            Self::NobodyCame => Code::Timeout,
            Self::TooNew { .. } => Code::StoreTooNew,
            Self::Content(_) => Code::HashMismatch,
            Self::Damaged(_) => Code::StoreCorrupt,
            Self::Output(_) | Self::Sealing(_) | Self::Disk(_) => Code::Internal,
        }
    }

    /// What went wrong while content was written somewhere.
    pub(crate) fn of_output(error: &std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::DiskFull,
            _ => Self::Output(error.to_string()),
        }
    }
}

const fn sync_code(error: p2psync_sync::session::Error) -> Code {
    use p2psync_sync::session::Error as Sync;
    match error {
        Sync::PeerMisbehaved(_) => Code::PeerRefused,
        Sync::Stalled { .. } => Code::Timeout,
        Sync::PeerTooOld => Code::PeerTooOld,
        Sync::PeerTooNew => Code::PeerTooNew,
        Sync::Catalogue(_) | Sync::CallerErred(_) => Code::Internal,
    }
}

const fn bundle_code(error: p2psync_sync::bundle::ReadError) -> Code {
    use p2psync_sync::bundle::ReadError as Bundle;
    match error {
        Bundle::TooShort | Bundle::Own | Bundle::OtherDeployment => Code::InvalidArgument,
        Bundle::NotRecognised => Code::AuthenticationFailed,
        Bundle::TooNew { .. } => Code::PeerTooNew,
        Bundle::Damaged(_) | Bundle::Cut => Code::HashMismatch,
    }
}

const fn pairing_code(error: &p2psync_pair::Error) -> Code {
    use p2psync_pair::Error as Pair;
    match error {
        Pair::PeerMisbehaved(_) | Pair::WrongSecret | Pair::CodeUsed | Pair::DigitsRejected => {
            Code::AuthenticationFailed
        }
        Pair::PeerAborted => Code::PeerRefused,
        Pair::PeerTooOld { .. } => Code::PeerTooOld,
        Pair::PeerTooNew { .. } => Code::PeerTooNew,
        Pair::PeerSkipped | Pair::SkipForbidden => Code::UnauthenticatedPeerForbidden,
        Pair::Cut => Code::PeerLost,
        Pair::Silent { .. } | Pair::PersonSilent => Code::Timeout,
        Pair::CodeExpired => Code::CodeExpired,
        Pair::OwnPayload => Code::CodeOwn,
        Pair::TooManyDigitAttempts => Code::Busy,
        Pair::NoDigitsShown => Code::NotFound,
        Pair::ContactTooLarge | Pair::PayloadTooLong | Pair::Complete => Code::Internal,
    }
}

const fn scanned_code(error: p2psync_pair::CodeError) -> Code {
    use p2psync_pair::CodeError as Scanned;
    match error {
        Scanned::OtherApp => Code::CodeOtherApp,
        Scanned::TooOld => Code::PeerTooOld,
        Scanned::TooNew => Code::PeerTooNew,
        Scanned::Expired => Code::CodeExpired,
        Scanned::Own => Code::CodeOwn,
        Scanned::Invalid => Code::CodeInvalid,
    }
}

const fn link_code(error: p2psync_link::Error) -> Code {
    use p2psync_link::Error as Link;
    match error {
        Link::PeerMisbehaved(_) | Link::BudgetSpent { .. } | Link::Stranger | Link::NotRecognised => {
            Code::AuthenticationFailed
        }
        Link::PeerTooOld { .. } => Code::PeerTooOld,
        Link::PeerTooNew { .. } => Code::PeerTooNew,
        Link::Cut => Code::PeerLost,
        Link::Silent { .. } => Code::Timeout,
        Link::PeerChanged | Link::Superseded => Code::Cancelled,
    }
}

const fn certificate_code(error: &CertificateError) -> Code {
    match error {
        CertificateError::Expired { .. } => Code::KeyExpired,
        CertificateError::NotYetValid { .. } => Code::ClockWrong,
        CertificateError::NoEncryptionKey => Code::KeyCannotEncrypt,
        CertificateError::TooLong { .. }
        | CertificateError::TooManyPackets
        | CertificateError::NotACertificate
        | CertificateError::Cut
        | CertificateError::Several
        | CertificateError::SecretKey
        | CertificateError::Revoked { .. }
        | CertificateError::NoSigningKey
        | CertificateError::Weak(_)
        | CertificateError::Unsupported(_) => Code::InvalidKey,
    }
}

impl From<p2psync_store::Error> for Error {
    fn from(error: p2psync_store::Error) -> Self {
        use p2psync_store::Error as Store;
        match error {
            Store::WrongKey => Self::WrongKey,
            Store::OtherKeyNeeded(what) => Self::OtherKeyNeeded(what),
            Store::Full => Self::DiskFull,
            Store::Quota(what) => Self::Quota(what),
            Store::InUse => Self::InUse,
            Store::TooNew { found, known } => Self::TooNew { found, known },
            Store::OtherProgram => Self::OtherProgram,
            Store::NotFound => Self::NotFound,
            Store::OutOfBounds(what) => Self::OutOfBounds(what),
            Store::Damaged(what) => Self::Damaged(what),
            other => Self::Disk(other.to_string()),
        }
    }
}

impl From<PolicyError> for Error {
    fn from(error: PolicyError) -> Self {
        match error {
            PolicyError::NoDestination => Self::NoDestination,
            other => Self::Policy(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use p2psync_seal::{BUILD_DATE_SECONDS, Date};

    use super::*;

    #[test]
    fn each_move_has_its_code() {
        let date = Date(BUILD_DATE_SECONDS);
        for (error, code) in [
            (Error::from(p2psync_store::Error::Full), Code::NoSpace),
            (Error::from(p2psync_store::Error::WrongKey), Code::WrongPassword),
            (Error::from(p2psync_store::Error::PeerMisbehaved("a joke")), Code::Internal),
            (Error::from(PolicyError::NoDestination), Code::NoDestination),
            (Error::from(PolicyError::MustSeal), Code::InvalidArgument),
            (CertificateError::Expired { date }.into(), Code::KeyExpired),
            (CertificateError::NotYetValid { date }.into(), Code::ClockWrong),
            (CertificateError::SecretKey.into(), Code::InvalidKey),
            (VerifyError::Signature(SignatureError::Future { date }).into(), Code::ClockWrong),
            (VerifyError::OtherServer.into(), Code::ConfirmationInvalid),
            (ContentError::Signature.into(), Code::HashMismatch),
            (p2psync_link::Error::NotRecognised.into(), Code::AuthenticationFailed),
            (p2psync_pair::Error::PeerAborted.into(), Code::PeerRefused),
            (p2psync_pair::CodeError::Own.into(), Code::CodeOwn),
            (p2psync_sync::bundle::ReadError::NotRecognised.into(), Code::AuthenticationFailed),
            (p2psync_sync::bundle::ReadError::Cut.into(), Code::HashMismatch),
        ] {
            assert_eq!(error.code(), code, "{error}");
        }
    }
}

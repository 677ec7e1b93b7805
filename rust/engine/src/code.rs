//! The stable names of errors, as apps see them, and what a person can do about each.

/// Names an error for programs. The texts are stable: once released, a code keeps its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// The caller gave something outside its bounds, or against the deployment's policy.
    InvalidArgument,
    /// Nothing has that id.
    NotFound,
    /// Something else has to end first: another process that has the store open, a limit on attempts.
    Busy,
    /// Our person, or something newer, stopped it.
    Cancelled,
    /// A password is needed and none was given.
    PasswordRequired,
    /// The password, or the device's key, does not open the store.
    WrongPassword,
    /// The store is damaged.
    StoreCorrupt,
    /// A newer version of the program wrote the store.
    StoreTooNew,
    /// The disk is full.
    NoSpace,
    /// What may be kept has reached its limit.
    QuotaExceeded,
    /// A document is longer than the deployment allows.
    DocumentTooLarge,
    /// The content is sealed: only the destination can read it.
    Encrypted,
    /// Content is not what its device signed.
    HashMismatch,
    /// A date is in the future, by this device's clock.
    ClockWrong,
    /// No destination is set.
    NoDestination,
    /// The destination's address is not a plain https URL.
    InvalidUrl,
    /// The destination's key cannot be used.
    InvalidKey,
    /// The destination's key has expired.
    KeyExpired,
    /// Nothing can be sealed to the destination's key.
    KeyCannotEncrypt,
    /// A receipt is not the destination's word.
    ConfirmationInvalid,
    /// The other device is out of reach.
    PeerLost,
    /// No connection could be made.
    ConnectFailed,
    /// Nothing happened for too long.
    Timeout,
    /// A scanned code is damaged or mistyped.
    CodeInvalid,
    /// A code is no longer good.
    CodeExpired,
    /// The scanned code is this device's own.
    CodeOwn,
    /// The scanned code belongs to another app.
    CodeOtherApp,
    /// The other device's software is too old.
    PeerTooOld,
    /// The other device's software is too new for ours.
    PeerTooNew,
    /// The other device could not prove, or would not believe, who is there.
    AuthenticationFailed,
    /// The other device, or its person, gave up.
    PeerRefused,
    /// The deployment does not allow peers that nobody compared.
    UnauthenticatedPeerForbidden,
    /// The system failed, or the program is at fault. The message is for a bug report.
    Internal,
}

impl Code {
    /// All codes.
    pub const ALL: [Self; 33] = [
        Self::InvalidArgument,
        Self::NotFound,
        Self::Busy,
        Self::Cancelled,
        Self::PasswordRequired,
        Self::WrongPassword,
        Self::StoreCorrupt,
        Self::StoreTooNew,
        Self::NoSpace,
        Self::QuotaExceeded,
        Self::DocumentTooLarge,
        Self::Encrypted,
        Self::HashMismatch,
        Self::ClockWrong,
        Self::NoDestination,
        Self::InvalidUrl,
        Self::InvalidKey,
        Self::KeyExpired,
        Self::KeyCannotEncrypt,
        Self::ConfirmationInvalid,
        Self::PeerLost,
        Self::ConnectFailed,
        Self::Timeout,
        Self::CodeInvalid,
        Self::CodeExpired,
        Self::CodeOwn,
        Self::CodeOtherApp,
        Self::PeerTooOld,
        Self::PeerTooNew,
        Self::AuthenticationFailed,
        Self::PeerRefused,
        Self::UnauthenticatedPeerForbidden,
        Self::Internal,
    ];

    /// The name, in upper case with underscores.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidArgument => "INVALID_ARGUMENT",
            Self::NotFound => "NOT_FOUND",
            Self::Busy => "BUSY",
            Self::Cancelled => "CANCELLED",
            Self::PasswordRequired => "PASSWORD_REQUIRED",
            Self::WrongPassword => "WRONG_PASSWORD",
            Self::StoreCorrupt => "STORE_CORRUPT",
            Self::StoreTooNew => "STORE_TOO_NEW",
            Self::NoSpace => "NO_SPACE",
            Self::QuotaExceeded => "QUOTA_EXCEEDED",
            Self::DocumentTooLarge => "DOCUMENT_TOO_LARGE",
            Self::Encrypted => "ENCRYPTED",
            Self::HashMismatch => "HASH_MISMATCH",
            Self::ClockWrong => "CLOCK_WRONG",
            Self::NoDestination => "NO_DESTINATION",
            Self::InvalidUrl => "INVALID_URL",
            Self::InvalidKey => "INVALID_KEY",
            Self::KeyExpired => "KEY_EXPIRED",
            Self::KeyCannotEncrypt => "KEY_CANNOT_ENCRYPT",
            Self::ConfirmationInvalid => "CONFIRMATION_INVALID",
            Self::PeerLost => "PEER_LOST",
            Self::ConnectFailed => "CONNECT_FAILED",
            Self::Timeout => "TIMEOUT",
            Self::CodeInvalid => "CODE_INVALID",
            Self::CodeExpired => "CODE_EXPIRED",
            Self::CodeOwn => "CODE_OWN",
            Self::CodeOtherApp => "CODE_OTHER_APP",
            Self::PeerTooOld => "PEER_TOO_OLD",
            Self::PeerTooNew => "PEER_TOO_NEW",
            Self::AuthenticationFailed => "AUTHENTICATION_FAILED",
            Self::PeerRefused => "PEER_REFUSED",
            Self::UnauthenticatedPeerForbidden => "UNAUTHENTICATED_PEER_FORBIDDEN",
            Self::Internal => "INTERNAL",
        }
    }

    /// What the app can offer its user; `None` where only another call, or nothing, helps.
    pub const fn action(self) -> Option<Action> {
        match self {
            Self::NoSpace | Self::QuotaExceeded => Some(Action::FreeSpace),
            Self::StoreTooNew | Self::PeerTooNew => Some(Action::UpdateApp),
            Self::ClockWrong => Some(Action::FixClock),
            Self::NoDestination
            | Self::InvalidUrl
            | Self::InvalidKey
            | Self::KeyExpired
            | Self::KeyCannotEncrypt
            | Self::ConfirmationInvalid => Some(Action::AskAdmin),
            Self::AuthenticationFailed => Some(Action::PairAgain),
            Self::InvalidArgument
            | Self::NotFound
            | Self::Busy
            | Self::Cancelled
            | Self::PasswordRequired
            | Self::WrongPassword
            | Self::StoreCorrupt
            | Self::DocumentTooLarge
            | Self::Encrypted
            | Self::HashMismatch
            | Self::PeerLost
            | Self::ConnectFailed
            | Self::Timeout
            | Self::CodeInvalid
            | Self::CodeExpired
            | Self::CodeOwn
            | Self::CodeOtherApp
            | Self::PeerTooOld
            | Self::PeerRefused
            | Self::UnauthenticatedPeerForbidden
            | Self::Internal => None,
        }
    }
}

/// What a person can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Delete something.
    FreeSpace,
    /// Install a newer version.
    UpdateApp,
    /// Set the device's date.
    FixClock,
    /// Tell who runs the server.
    AskAdmin,
    /// Pair with the other device again.
    PairAgain,
}

impl Action {
    /// The name, as apps see it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FreeSpace => "freeSpace",
            Self::UpdateApp => "updateApp",
            Self::FixClock => "fixClock",
            Self::AskAdmin => "askAdmin",
            Self::PairAgain => "pairAgain",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_of_one_form() {
        let names: std::collections::BTreeSet<_> = Code::ALL.into_iter().map(Code::as_str).collect();
        assert_eq!(names.len(), Code::ALL.len());
        let is_plain = |name: &&str| name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
        assert!(names.iter().all(is_plain));
    }
}

//! What can end a pairing, sorted by whose move it is.

use p2psync_bramble::record;

use crate::{MalformedContact, MalformedExtension, PayloadError};

/// Why a pairing failed, or why a call was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The other side broke the protocol, or somebody changed its bytes on the way. Hang up.
    #[error("the other device broke the protocol: {0}")]
    PeerMisbehaved(Misbehaviour),
    /// The other side gave up; its screen says why.
    #[error("the other device gave up")]
    PeerAborted,
    /// The other side must be updated.
    #[error("the other device's version {version} of key agreement is too old")]
    PeerTooOld {
        /// Its version of BQP.
        version: u8,
    },
    /// This side must be updated.
    #[error("the other device's version {version} of key agreement is newer than ours")]
    PeerTooNew {
        /// Its version of BQP.
        version: u8,
    },
    /// A device connected that has not seen the code on our screen.
    #[error("the other device does not know the code on this screen")]
    WrongSecret,
    /// A device knew our code after another one had used it: somebody else saw the screen too.
    #[error("the code on this screen was used before")]
    CodeUsed,
    /// The other side's person skipped the comparison, and our policy asks for it.
    #[error("the other person skipped the comparison of the digits")]
    PeerSkipped,

    /// The connection was cut.
    #[error("the connection was cut")]
    Cut,
    /// Nothing came for too long.
    #[error("nothing came while waiting for {awaited}")]
    Silent {
        /// What should have come.
        awaited: Awaited,
    },

    /// A device knew our code after its ten minutes. Show a new one.
    #[error("the code on this screen has expired")]
    CodeExpired,
    /// Our person said that the digits differ.
    #[error("the digits on the two screens differ")]
    DigitsRejected,
    /// Our person said nothing for too long.
    #[error("nobody compared the digits")]
    PersonSilent,
    /// Our key was shown in too many comparisons that came to nothing. Start a new visible session.
    #[error("too many comparisons failed")]
    TooManyDigitAttempts,
    /// The payload to pair with is our own: our own code was scanned.
    #[error("this is our own code")]
    OwnPayload,
    /// Our own properties do not fit in a contact info.
    #[error("our own contact info is too large")]
    ContactTooLarge,
    /// Our own payload names more addresses than another device would read.
    #[error("our own payload is too long")]
    PayloadTooLong,

    /// The caller skipped the comparison against the policy. Nothing has changed; the digits are still shown.
    #[error("the comparison of the digits must not be skipped")]
    SkipForbidden,
    /// The caller gave a verdict while no digits were shown. Nothing has changed.
    #[error("no digits are shown")]
    NoDigitsShown,
    /// The caller brought bytes for a pairing that is complete; they belong to the next protocol.
    #[error("the pairing is complete")]
    Complete,
}

impl Error {
    /// Whose move it is.
    pub const fn fault(&self) -> Fault {
        match self {
            Self::PeerMisbehaved(_)
            | Self::PeerAborted
            | Self::PeerTooOld { .. }
            | Self::WrongSecret
            | Self::CodeUsed
            | Self::PeerSkipped => Fault::Peer,
            Self::Cut | Self::Silent { .. } => Fault::Nobody,
            Self::PeerTooNew { .. }
            | Self::CodeExpired
            | Self::DigitsRejected
            | Self::PersonSilent
            | Self::TooManyDigitAttempts
            | Self::OwnPayload
            | Self::ContactTooLarge
            | Self::PayloadTooLong
            | Self::SkipForbidden
            | Self::NoDigitsShown
            | Self::Complete => Fault::Us,
        }
    }

    /// Whether the call was refused and the pairing goes on as if it had not been made.
    pub const fn leaves_pairing_as_it_was(&self) -> bool {
        matches!(self, Self::SkipForbidden | Self::NoDigitsShown | Self::Complete)
    }
}

/// Whose move it is after an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The other device, its person, or somebody between: do not go on with it as it is.
    Peer,
    /// Nobody: it was cut. Try again.
    Nobody,
    /// This device, its person or its policy.
    Us,
}

/// How the other side broke the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misbehaviour {
    /// Bytes that are no record of this protocol.
    #[error(transparent)]
    Record(#[from] record::Malformed),
    /// A record that does not belong at this place.
    #[error("record {kind} came out of turn")]
    OutOfTurn {
        /// Its type.
        kind: u8,
    },
    /// A PAYLOAD record without a payload that can be read.
    #[error("payload: {0}")]
    Payload(PayloadError),
    /// Our own payload came back.
    #[error("our own payload came back")]
    PayloadReflected,
    /// A payload other than the one in the code that we scanned.
    #[error("the payload is not the one in the scanned code")]
    NotTheScannedPayload,
    /// A key that does not match the commitment.
    #[error("the key is not the one committed to")]
    WrongKey,
    /// A key that makes every agreement zero.
    #[error("the key is a point of low order")]
    LowOrderPoint,
    /// A confirmation over another key or payload.
    #[error("the confirmation is wrong")]
    WrongConfirmation,
    /// A contact exchange stream that does not decrypt.
    #[error("contact exchange: {0}")]
    Stream(&'static str),
    /// More bytes than a contact exchange can have.
    #[error("the contact exchange is too long")]
    TooLong,
    /// A contact exchange that ends before there is a contact info, or inside a record.
    #[error("the contact exchange ends early")]
    EndsEarly,
    /// A contact info that is none.
    #[error(transparent)]
    Contact(#[from] MalformedContact),
    /// The signature in the contact info does not verify.
    #[error("the contact info is not signed by its owner")]
    BadSignature,
    /// The other side has our own identity key: a copy of this device, or a mirror.
    #[error("the other device has our own identity")]
    OwnIdentity,
    /// A device that speaks our extension did not send it.
    #[error("our extension is missing")]
    ExtensionMissing,
    /// Our extension holds nonsense.
    #[error(transparent)]
    Extension(#[from] MalformedExtension),
    /// The other side claims another kind of authentication than the one that happened.
    #[error("the other device claims another way of pairing")]
    OtherWay,
    /// A clock before 2021, with which Bramble's rotation keys do not work.
    #[error("the other device's clock is before 2021")]
    ClockBefore2021,
}

/// What a side was waiting for when nothing came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Awaited {
    /// The other side's payload.
    #[error("the payload")]
    Payload,
    /// The other side's key or its confirmation.
    #[error("the key agreement")]
    KeyAgreement,
    /// The other side's person.
    #[error("the other person")]
    TheirPerson,
    /// The other side's contact info or the end of it.
    #[error("the contact info")]
    ContactInfo,
}

impl From<Misbehaviour> for Error {
    fn from(misbehaviour: Misbehaviour) -> Self {
        Self::PeerMisbehaved(misbehaviour)
    }
}

impl From<record::Malformed> for Error {
    fn from(malformed: record::Malformed) -> Self {
        Misbehaviour::Record(malformed).into()
    }
}

impl From<PayloadError> for Error {
    fn from(error: PayloadError) -> Self {
        match error {
            PayloadError::TooOld { version } => Self::PeerTooOld { version },
            PayloadError::TooNew { version } => Self::PeerTooNew { version },
            PayloadError::OtherKind | PayloadError::Malformed(_) => Misbehaviour::Payload(error).into(),
        }
    }
}

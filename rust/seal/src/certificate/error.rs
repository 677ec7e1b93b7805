//! What can be wrong with a certificate: one sentence each, for the admin who gave it.

use p2psync_model::CERTIFICATE_BYTES_MAX;

use super::PACKETS_MAX;
use crate::Date;

/// Why a certificate cannot be used. Each is the admin's move, and the sentence says which.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// More bytes than [`CERTIFICATE_BYTES_MAX`]. They were not looked at.
    #[error(
        "This is too long for a key: {length} bytes, at most {CERTIFICATE_BYTES_MAX}. Export it without \
         other people's signatures and without photographs."
    )]
    TooLong {
        /// How many bytes were given.
        length: usize,
    },
    /// More packets than [`PACKETS_MAX`].
    #[error("This key has more than {PACKETS_MAX} parts. Export it without other people's signatures.")]
    TooManyPackets,
    /// Neither armour nor binary packets of a key.
    #[error("This is not an OpenPGP key. Paste the whole block that begins with BEGIN PGP PUBLIC KEY BLOCK.")]
    NotACertificate,
    /// The block ends too early, or nothing in it confirms the key.
    #[error("This key is cut off or damaged. Export it again, and paste it from its first line to its last.")]
    Cut,
    /// More than one key.
    #[error("There is more than one key here. Give only the server's.")]
    Several,
    /// A secret key. It must not be kept, shown or sent on.
    #[error(
        "This is a SECRET key. It must never leave the server: delete it here, regard it as known to others if \
         it was sent, and give the public key instead."
    )]
    SecretKey,
    /// The key, or every subkey for one of the two purposes, has expired.
    #[error("This key expired on {date}. Extend it on the server and give it again.")]
    Expired {
        /// When.
        date: Date,
    },
    /// The key was made later than the device believes today to be.
    #[error("This key is not valid before {date}. Check this device's date, and the server's.")]
    NotYetValid {
        /// When the key was made.
        date: Date,
    },
    /// Revoked: by its owner's word, no longer to be used.
    #[error("This key was revoked ({kind}: {reason}). Give the server's new key.")]
    Revoked {
        /// Whether what it signed before still counts.
        kind: Revocation,
        /// The owner's words, or the name of the reason's code.
        reason: String,
    },
    /// No subkey may encrypt.
    #[error("This key cannot encrypt. Add an encryption subkey on the server and export it again.")]
    NoEncryptionKey,
    /// No key may sign data.
    #[error("This key cannot sign. Add a signing subkey on the server and export it again.")]
    NoSigningKey,
    /// Too weak by the library's policy.
    #[error("This key is too weak: {0}. Make a new one on the server.")]
    Weak(String),
    /// An algorithm or key version that this program does not have.
    #[error(
        "This key needs {0}, which this program does not support. Make one with Curve25519 on the server."
    )]
    Unsupported(String),
}

/// What a revocation does to what was signed before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revocation {
    /// The key may be in other hands, or no reason is given: nothing it ever signed counts.
    Hard,
    /// The key was retired or replaced: what it signed before counts.
    Soft,
}

impl core::fmt::Display for Revocation {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.write_str(match self {
            Self::Hard => "no longer trusted",
            Self::Soft => "retired",
        })
    }
}

/// Why an update was not merged. The certificate is as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// It is no readable certificate.
    #[error(transparent)]
    Unreadable(CertificateError),
    /// It is of another primary key.
    #[error("This is the key of somebody else: its fingerprint is another one.")]
    AnotherKey,
    /// Together they would be longer than [`CERTIFICATE_BYTES_MAX`].
    #[error("With this update the key would be too long.")]
    TooLong,
}

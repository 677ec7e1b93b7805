//! Whether one detached signature makes a text the server's own word.

use p2psync_bramble::WallClock;
use sequoia_openpgp::cert::amalgamation::key::ErasedKeyAmalgamation;
use sequoia_openpgp::cert::amalgamation::{ValidAmalgamation as _, ValidateAmalgamation as _};
use sequoia_openpgp::packet::key::PublicParts;
use sequoia_openpgp::packet::{Packet, Signature};
use sequoia_openpgp::parse::Parse as _;
use sequoia_openpgp::policy::{HashAlgoSecurity, Policy as _, StandardPolicy};
use sequoia_openpgp::types::{HashAlgorithm, SignatureType};

use crate::certificate::{Certificate, Revocation, policy, revocation};
use crate::date::Date;
use crate::packets::{self, Malformed, tag};

/// Verifies that `signature` is exactly one signature over `text`, by a signing key of `certificate` that was good
/// when it signed.
pub(crate) fn verify(
    text: &[u8],
    signature: &[u8],
    certificate: &Certificate,
    clock: WallClock,
) -> Result<(), SignatureError> {
    let signature = read(signature)?;
    let hash = signature.hash_algo();
    if !HASHES.contains(&hash) {
        return Err(SignatureError::WeakHash(hash.to_string()));
    }
    let made = signature.signature_creation_time().map(Date::from).ok_or(SignatureError::NotASignature)?;
    let issuers = signature.get_issuers();
    let mut claimed = certificate
        .cert()
        .keys()
        .filter(|key| issuers.iter().any(|issuer| issuer.aliases(key.key().key_handle())))
        .peekable();
    if claimed.peek().is_none() {
        return Err(SignatureError::WrongKey);
    }
    let signer = claimed.find(|key| signature.verify_message(key.key(), text).is_ok());
    let signer = signer.ok_or(SignatureError::Tampered)?;
    if made.is_future(clock) {
        return Err(SignatureError::Future { date: made });
    }
    if signature.signature_validity_period().is_some_and(|period| !period.is_zero()) {
        return Err(SignatureError::Expires);
    }
    let policy = policy(clock);
    policy
        .signature(&signature, HashAlgoSecurity::CollisionResistance)
        .map_err(|error| SignatureError::Unacceptable(error.to_string()))?;
    judge_signer(certificate, &signer, made, &policy)
}

/// SHA-256 and stronger.
const HASHES: [HashAlgorithm; 5] = [
    HashAlgorithm::SHA256,
    HashAlgorithm::SHA384,
    HashAlgorithm::SHA512,
    HashAlgorithm::SHA3_256,
    HashAlgorithm::SHA3_512,
];

/// Why a signature does not count. Unless another reason is given, whoever passed the text on should not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Not one binary signature packet over binary data, of version 4 or 6.
    #[error("this is not a detached OpenPGP signature")]
    NotASignature,
    /// More than one signature. The server must give one.
    #[error("there is more than one signature")]
    Several,
    /// Made with a hash for which collisions can be made.
    #[error("the signature uses {0}, which is too weak")]
    WeakHash(String),
    /// Made by a key that this certificate does not have, or that must not sign data.
    #[error("the signature is by another key")]
    WrongKey,
    /// The text or the signature was changed.
    #[error("the signature does not fit the text")]
    Tampered,
    /// The key had expired when it signed. The server's admin has to extend it.
    #[error("the key expired on {date}, before it signed")]
    Expired {
        /// When.
        date: Date,
    },
    /// The key was revoked: softly before it signed, or hard at any time.
    #[error("the key was revoked ({kind}: {reason})")]
    Revoked {
        /// Whether anything that it signed counts.
        kind: Revocation,
        /// The owner's words, or the name of the reason's code.
        reason: String,
    },
    /// From the future by more than the tolerance. Check the device's date; it may count later.
    #[error("the signature is from {date}, which is in the future")]
    Future {
        /// When it says it was made.
        date: Date,
    },
    /// The signature states an end of its own. What a server signs is true for ever.
    #[error("the signature is valid for a time only")]
    Expires,
    /// The library's policy refuses it, in its own words: an unknown critical part, a weak key.
    #[error("the signature is not acceptable: {0}")]
    Unacceptable(String),
}

fn read(bytes: &[u8]) -> Result<Signature, SignatureError> {
    let packets = packets::split(bytes, 1).map_err(|malformed| match malformed {
        Malformed::TooMany => SignatureError::Several,
        Malformed::Cut | Malformed::NotPackets => SignatureError::NotASignature,
    })?;
    if packets.first().is_none_or(|packet| packet.tag != tag::SIGNATURE) {
        return Err(SignatureError::NotASignature);
    }
    match Packet::from_bytes(bytes) {
        Ok(Packet::Signature(signature))
            if signature.typ() == SignatureType::Binary && matches!(signature.version(), 4 | 6) =>
        {
            Ok(signature)
        }
        _ => Err(SignatureError::NotASignature),
    }
}

/// Whether the key was good at `made`. Revocations are looked at first: they count most.
fn judge_signer(
    certificate: &Certificate,
    key: &ErasedKeyAmalgamation<'_, PublicParts>,
    made: Date,
    policy: &StandardPolicy<'_>,
) -> Result<(), SignatureError> {
    let cert = certificate.cert();
    // Programs that export a key in its shortest form leave out older bindings. Then the oldest that is left says
    // what the key was before.
    let date = made.max(bound_since(key)).max(bound_since(&cert.primary_key().into()));
    if let Some((kind, reason)) = revocation(&cert.revocation_status(policy, made.to_system())) {
        return Err(SignatureError::Revoked { kind, reason });
    }
    let unacceptable = |error: &dyn ToString| SignatureError::Unacceptable(error.to_string());
    let signer =
        key.with_policy(policy, date.to_system()).map_err(|error| unacceptable(&error.root_cause()))?;
    if let Some((kind, reason)) = revocation(&signer.revocation_status()) {
        return Err(SignatureError::Revoked { kind, reason });
    }
    if !signer.for_signing() {
        return Err(SignatureError::WrongKey);
    }
    let primary = signer.valid_cert().primary_key().key_expiration_time();
    let expiry = [primary, signer.key_expiration_time()].into_iter().flatten().map(Date::from).min();
    match expiry {
        Some(date) if date <= made => Err(SignatureError::Expired { date }),
        _ => Ok(()),
    }
}

/// The date of the oldest signature that binds a key.
fn bound_since(key: &ErasedKeyAmalgamation<'_, PublicParts>) -> Date {
    let dates = key.self_signatures().filter_map(|signature| signature.signature_creation_time());
    dates.map(Date::from).min().unwrap_or_default()
}

//! Texts that a server signs. Each kind has a first line of its own, so that none passes for another.

use p2psync_bramble::WallClock;
use p2psync_model::{Answer, AnswerEntry, Fingerprint, MalformedText, SIGNATURE_BYTES_MAX};
use sequoia_openpgp::Packet;
use sequoia_openpgp::packet::signature::SignatureBuilder;
use sequoia_openpgp::serialize::MarshalInto as _;
use sequoia_openpgp::types::{HashAlgorithm, SignatureType};

use crate::certificate::{Certificate, CertificateError};
use crate::date::Date;
use crate::server_key::{ServerKey, SignerMissing};
use crate::signature::{self, SignatureError};

/// A kind of text that a server signs.
pub trait SignedText: Sized {
    /// What the first line begins with, before the version.
    const MAGIC: &'static str;
    /// Longest text of this kind.
    const TEXT_BYTES_MAX: usize;

    /// The certificate whose key must have signed.
    fn server(&self) -> Fingerprint;

    /// When the server says that it made this; the date of the signature.
    fn made(&self) -> Date;

    /// The bytes that are signed.
    fn text(&self) -> Vec<u8>;

    /// Reads what [`Self::text`] writes, and nothing else.
    ///
    /// # Errors
    /// [`MalformedText`].
    fn parse_text(text: &[u8]) -> Result<Self, MalformedText>;
}

impl<E: AnswerEntry> SignedText for Answer<E> {
    const MAGIC: &'static str = E::MAGIC;
    const TEXT_BYTES_MAX: usize = E::TEXT_BYTES_MAX;

    fn server(&self) -> Fingerprint {
        self.server()
    }

    fn made(&self) -> Date {
        Date(self.time())
    }

    fn text(&self) -> Vec<u8> {
        self.text()
    }

    fn parse_text(text: &[u8]) -> Result<Self, MalformedText> {
        Self::parse_text(text)
    }
}

/// Believes a text if `certificate`'s key signed it and it is of kind `T`. In this order: size, signature, kind,
/// server, form. Nothing that was not signed is parsed.
///
/// # Errors
/// [`VerifyError`]; the text must then be neither acted upon nor passed on.
pub fn verify<T: SignedText>(
    text: &[u8],
    signature: &[u8],
    certificate: &Certificate,
    clock: WallClock,
) -> Result<T, VerifyError> {
    if text.len() > T::TEXT_BYTES_MAX || signature.len() > SIGNATURE_BYTES_MAX {
        return Err(VerifyError::TooLong);
    }
    signature::verify(text, signature, certificate, clock).map_err(VerifyError::Signature)?;
    if !text.starts_with(T::MAGIC.as_bytes()) {
        return Err(VerifyError::OtherKind);
    }
    let server = certificate.fingerprint();
    let named = text.split(|byte| *byte == b'\n').nth(1).and_then(|line| line.strip_prefix(b"server "));
    if named.is_some_and(|named| named != server.to_string().as_bytes()) {
        return Err(VerifyError::OtherServer);
    }
    T::parse_text(text).map_err(VerifyError::Malformed)
}

/// Signs a text with the server's key, dated as the text is: a detached binary signature with SHA-256, or with
/// SHA-512 if the key asks for more.
///
/// # Errors
/// [`SignError`].
pub fn sign<T: SignedText>(text: &T, key: &ServerKey) -> Result<Vec<u8>, SignError> {
    if text.server() != key.fingerprint() {
        return Err(SignError::OtherServer);
    }
    let mut signer = key.signer(text.made()).map_err(|missing| match missing {
        SignerMissing::Certificate(error) => SignError::Certificate(error),
        SignerMissing::Secret => SignError::NoSecret,
    })?;
    let builder = SignatureBuilder::new(SignatureType::Binary)
        .set_hash_algo(HashAlgorithm::SHA256)
        .set_signature_creation_time(text.made().to_system());
    builder
        .and_then(|builder| builder.sign_message(&mut signer, text.text()))
        .and_then(|signature| Packet::from(signature).to_vec())
        .map_err(|error| SignError::Library(error.to_string()))
}

/// Why a signed text is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// Longer than any text of this kind, or any signature. Neither was looked at.
    #[error("the text or its signature is too long")]
    TooLong,
    /// The signature does not count.
    #[error(transparent)]
    Signature(SignatureError),
    /// Signed by the server, but as something else.
    #[error("the server signed this as something else")]
    OtherKind,
    /// The text names another server than the one whose key signed.
    #[error("the text is for another server")]
    OtherServer,
    /// Signed by the server, but not in the form that it must have. The server's software is at fault, or newer.
    #[error(transparent)]
    Malformed(MalformedText),
}

/// Why a server did not sign.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The caller's mistake: the text names another server.
    #[error("the text names another server than this key")]
    OtherServer,
    /// The certificate has no key that may sign at this date.
    #[error(transparent)]
    Certificate(CertificateError),
    /// The secret part of the signing key is not here.
    #[error("the secret key for signing is not here")]
    NoSecret,
    /// The library's own error.
    #[error("OpenPGP: {0}")]
    Library(String),
}

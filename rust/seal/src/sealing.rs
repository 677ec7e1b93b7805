//! Sealing: from a stream of content to a stream that only the server can read.

use std::io::{self, Write};

use p2psync_bramble::WallClock;
use sequoia_openpgp::serialize::stream::{Compressor, Encryptor, LiteralWriter, Message, Recipient};
use sequoia_openpgp::types::{AEADAlgorithm, CompressionAlgorithm, Features, SymmetricAlgorithm};

use crate::certificate::{Certificate, CertificateError, Expired, Purpose, fit_key};

/// How to seal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealOptions {
    /// Whether to seal to a certificate that has expired.
    pub expired: Expired,
    /// Whether to deflate. Photographs are compressed already: there it costs time and gains nothing.
    pub compress: bool,
}

impl Default for SealOptions {
    /// Not to expired certificates; compressed.
    fn default() -> Self {
        Self { expired: Expired::Refuse, compress: true }
    }
}

/// Seals what is written to it. Nothing but ciphertext ever reaches the output, and nothing is sealed if the
/// certificate is not fit: there is no way to plain text from here (THREATS T13). Memory does not grow with the
/// content: at most 4 MiB for each of three layers.
pub struct Sealer<'a> {
    message: Message<'a>,
    to_expired: bool,
}

impl<'a> Sealer<'a> {
    /// Begins to seal to `certificate`: its newest encryption subkey, AES-256 with the integrity protection of
    /// version 1 for keys of version 4 (whatever they advertise, because GnuPG 2.2 and 2.4 cannot read more) and
    /// of version 2 with OCB for keys of version 6.
    ///
    /// # Errors
    /// [`SealError`]. Nothing usable was written then.
    pub fn new<W: Write + Send + Sync>(
        out: &'a mut W,
        certificate: &'a Certificate,
        options: SealOptions,
        clock: WallClock,
    ) -> Result<Self, SealError> {
        let fit = fit_key(certificate, Purpose::Encryption, clock, Expired::Refuse);
        let to_expired = matches!(fit, Err(CertificateError::Expired { .. }));
        let key = match fit {
            Err(CertificateError::Expired { .. }) => {
                fit_key(certificate, Purpose::Encryption, clock, options.expired)
            }
            fit => fit,
        }
        .map_err(SealError::Certificate)?;

        let version_6 = key.version() == 6;
        let features = Features::empty();
        let features = if version_6 { features.set_seipdv2() } else { features.set_seipdv1() };
        let recipient = Recipient::new(features, key.key_handle(), key);
        let encryptor = Encryptor::for_recipients(Message::new(out), [recipient])
            .symmetric_algo(SymmetricAlgorithm::AES256);
        let encryptor = if version_6 { encryptor.aead_algo(AEADAlgorithm::OCB) } else { encryptor };
        let mut message = encryptor.build().map_err(|error| SealError::of(&error))?;
        if options.compress {
            let compressor = Compressor::new(message).algo(CompressionAlgorithm::Zip);
            message = compressor.build().map_err(|error| SealError::of(&error))?;
        }
        let message = LiteralWriter::new(message).build().map_err(|error| SealError::of(&error))?;
        Ok(Self { message, to_expired })
    }

    /// Whether the certificate had expired, so that the document has to be marked.
    pub const fn to_expired(&self) -> bool {
        self.to_expired
    }

    /// Writes what is still held back and the end. Without this, what was written cannot be opened.
    ///
    /// # Errors
    /// [`SealError::Failed`] if the output fails.
    pub fn finish(self) -> Result<(), SealError> {
        self.message.finalize().map_err(|error| SealError::of(&error))
    }
}

impl Write for Sealer<'_> {
    fn write(&mut self, content: &[u8]) -> io::Result<usize> {
        self.message.write(content)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.message.flush()
    }
}

/// Seals content that is in memory: a form, or the key that opens the store (the rescue wrap).
///
/// # Errors
/// [`SealError`].
pub fn seal(
    content: &[u8],
    certificate: &Certificate,
    options: SealOptions,
    clock: WallClock,
) -> Result<Vec<u8>, SealError> {
    let mut sealed = Vec::new();
    let mut sealer = Sealer::new(&mut sealed, certificate, options, clock)?;
    sealer.write_all(content).map_err(|error| SealError::Failed(error.to_string()))?;
    sealer.finish()?;
    Ok(sealed)
}

/// Why nothing was sealed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The certificate is not fit. The admin's move; until then the document stays here, sealed by the store.
    #[error(transparent)]
    Certificate(CertificateError),
    /// The output failed, or the library did.
    #[error("sealing failed: {0}")]
    Failed(String),
}

impl SealError {
    fn of(error: &impl ToString) -> Self {
        Self::Failed(error.to_string())
    }
}

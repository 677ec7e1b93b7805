//! Sealing: from a stream of content to a stream that only the server can read.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::DeflateEncoder;
use p2psync_bramble::WallClock;
use sequoia_openpgp::serialize::stream::{Encryptor, Message, Recipient};
use sequoia_openpgp::types::{AEADAlgorithm, Features, SymmetricAlgorithm};

use crate::certificate::{Certificate, CertificateError, Expired, Purpose, fit_key};
use crate::packets::tag;
use crate::parts::PartsWriter;

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
/// certificate is not fit: there is no way to plain text from here (THREATS T13). At most
/// [`SEALING_BYTES_MAX`] of memory are taken, however long the content is.
pub struct Sealer<'a> {
    layers: Layers<'a>,
    to_expired: bool,
}

/// Most memory that sealing one document takes; most of it is the library's buffer of 4 MiB.
pub const SEALING_BYTES_MAX: usize = 6 << 20;

/// The packets inside the encryption, from the outside to the inside.
enum Layers<'a> {
    Plain(PartsWriter<Message<'a>>),
    Deflated(PartsWriter<DeflateEncoder<PartsWriter<Message<'a>>>>),
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
        let message = encryptor.build().map_err(|error| SealError::of(&error))?;
        let layers = Layers::begin(message, options.compress).map_err(|error| SealError::of(&error))?;
        Ok(Self { layers, to_expired })
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
        let message = self.layers.finish().map_err(|error| SealError::of(&error))?;
        message.finalize().map_err(|error| SealError::of(&error))
    }
}

impl<'a> Layers<'a> {
    fn begin(message: Message<'a>, compress: bool) -> io::Result<Self> {
        if !compress {
            return Ok(Self::Plain(begin_literal(message)?));
        }
        let mut compressed = PartsWriter::begin(message, tag::COMPRESSED_DATA)?;
        compressed.write_all(&[RAW_DEFLATE])?;
        Ok(Self::Deflated(begin_literal(DeflateEncoder::new(compressed, Compression::default()))?))
    }

    fn finish(self) -> io::Result<Message<'a>> {
        match self {
            Self::Plain(literal) => literal.finish(),
            Self::Deflated(literal) => literal.finish()?.finish()?.finish(),
        }
    }
}

/// RFC 9580, section 9.4.
const RAW_DEFLATE: u8 = 1;

/// A literal packet of binary data, without a name and a date (RFC 9580, section 5.9).
fn begin_literal<W: Write>(inner: W) -> io::Result<PartsWriter<W>> {
    let mut literal = PartsWriter::begin(inner, tag::LITERAL)?;
    literal.write_all(b"b\0\0\0\0\0")?;
    Ok(literal)
}

impl Write for Sealer<'_> {
    fn write(&mut self, content: &[u8]) -> io::Result<usize> {
        match &mut self.layers {
            Layers::Plain(literal) => literal.write(content),
            Layers::Deflated(literal) => literal.write(content),
        }
    }

    /// Does nothing: how the content is divided is not to be seen outside.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
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

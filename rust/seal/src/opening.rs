//! Opening, on the server: what came from anybody, within limits, and nothing handed over that was not authenticated
//! as long as it fits a buffer.

use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use sequoia_openpgp::KeyHandle;
use sequoia_openpgp::cert::Cert;
use sequoia_openpgp::crypto::SessionKey;
use sequoia_openpgp::packet::{PKESK, Packet, SKESK};
use sequoia_openpgp::parse::stream::{
    DecryptionHelper, DecryptorBuilder, MessageStructure, VerificationHelper,
};
use sequoia_openpgp::parse::{PacketParser, Parse as _};
use sequoia_openpgp::policy::StandardPolicy;
use sequoia_openpgp::types::SymmetricAlgorithm;
use zeroize::Zeroizing;

use crate::date::{BUILD_DATE_SECONDS, Date};
use crate::envelope;
use crate::server_key::ServerKey;

/// Most plaintext that is held back until it is authenticated. Longer content is handed over as it is decrypted,
/// and is void if [`open`] fails in the end.
pub const HELD_BACK_BYTES_MAX: usize = 4 << 20;

/// Most memory that opening one document takes, however long its content is.
pub const OPENING_BYTES_MAX: usize = HELD_BACK_BYTES_MAX + (2 << 20);

/// Most packets in one layer of a sealed document. There are two outside, and two inside.
pub const SEALED_PACKETS_MAX: usize = 64;

/// Opens a sealed document and writes its content to `out`: at most `limit_bytes`. Returns how many. Content of up
/// to [`HELD_BACK_BYTES_MAX`] bytes is written only after all of it was authenticated; of longer content, drop what
/// was written if this fails. Reads `sealed` to its end, and no faster than it decrypts.
///
/// Taken: one encryption layer, at most one compression layer in it, one literal in that. What OpenPGP allows beyond,
/// signatures too, a sealer of ours does not write, and it is where bombs are hidden (THREATS T18).
///
/// # Errors
/// [`OpenError`].
pub fn open<R: Read + Send + Sync, W: Write>(
    sealed: R,
    key: &ServerKey,
    limit_bytes: u64,
    out: &mut W,
) -> Result<u64, OpenError> {
    let read_failed = AtomicBool::new(false);
    let progress = Progress::default();
    let mut source = Source { inner: sealed, failed: &read_failed };
    let front = envelope::read(&mut source).map_err(|_| OpenError::Read)?;
    envelope::check(&front).map_err(|fault| match fault {
        envelope::Fault::NotSealed => OpenError::NotSealed,
        envelope::Fault::Convoluted => OpenError::Convoluted,
        envelope::Fault::Cut => OpenError::Tampered,
    })?;
    let whole = front.as_slice().chain(source);
    let policy = StandardPolicy::at(Date(BUILD_DATE_SECONDS).to_system());
    let why = |progress: &Progress| {
        if read_failed.load(Ordering::Relaxed) { OpenError::Read } else { progress.why() }
    };
    let mut decryptor = DecryptorBuilder::from_reader(whole)
        .map(|builder| builder.buffer_size(PIECE_BYTES))
        .and_then(|builder| {
            let date = Date(BUILD_DATE_SECONDS).to_system();
            builder.with_policy(&policy, date, Opener { key, progress: &progress })
        })
        .map_err(|_| why(&progress))?;
    let mut opened_bytes = 0;
    let mut release = Release { out, held: Zeroizing::new(Vec::new()), is_held: true };
    let mut piece = Zeroizing::new(vec![0; PIECE_BYTES]);
    loop {
        let length = decryptor.read(&mut piece).map_err(|_| why(&progress))?;
        if length == 0 {
            return release.finish().map(|()| opened_bytes);
        }
        opened_bytes += length as u64;
        if opened_bytes > limit_bytes {
            return Err(OpenError::TooLarge { limit_bytes });
        }
        release.take(piece.get(..length).unwrap_or_default())?;
    }
}

/// How much is decrypted at once.
const PIECE_BYTES: usize = 64 << 10;

/// What was decrypted on its way out. Held here and not in the library, which takes six times the memory for it.
struct Release<'a, W> {
    out: &'a mut W,
    held: Zeroizing<Vec<u8>>,
    is_held: bool,
}

impl<W: Write> Release<'_, W> {
    fn take(&mut self, piece: &[u8]) -> Result<(), OpenError> {
        if self.is_held && self.held.len() + piece.len() > HELD_BACK_BYTES_MAX {
            self.write_held()?;
            self.is_held = false;
        }
        if self.is_held {
            self.held.extend_from_slice(piece);
            return Ok(());
        }
        self.write(piece)
    }

    /// To be called only once all of it is authenticated.
    fn finish(mut self) -> Result<(), OpenError> {
        self.write_held()
    }

    fn write_held(&mut self) -> Result<(), OpenError> {
        let held = core::mem::take(&mut self.held);
        // In pieces, because whoever takes it may need as much memory again.
        held.chunks(PIECE_BYTES).try_for_each(|piece| self.write(piece))
    }

    fn write(&mut self, piece: &[u8]) -> Result<(), OpenError> {
        self.out.write_all(piece).map_err(|error| OpenError::Write(error.to_string()))
    }
}

/// Why a sealed document was not opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The sender's mistake: no OpenPGP message, or one that is not encrypted.
    #[error("this is not a sealed document")]
    NotSealed,
    /// Sealed for somebody else, or for a key that this server no longer has.
    #[error("this document is not sealed to this server's key")]
    OtherKey,
    /// For this server, but changed or cut on the way, or built inside in a way that no sealer uses. Which of them is
    /// not said, so that nobody learns from the answer what a changed document decrypts to.
    #[error("this document was changed or cut after it was sealed, or holds no document")]
    Tampered,
    /// More content than allowed. What was written already is void.
    #[error("this document holds more than {limit_bytes} bytes")]
    TooLarge {
        /// The limit that was given.
        limit_bytes: u64,
    },
    /// More packets, or other ones, around the encrypted part than a sealed document has.
    #[error("this document is built in a way that no sealer uses")]
    Convoluted,
    /// The input failed: nothing is known of the document. Try again.
    #[error("the sealed document could not be read")]
    Read,
    /// The output failed. Try again.
    #[error("the opened document could not be written: {0}")]
    Write(String),
}

/// What is known when something fails. The library's own errors are not told apart further, so that nobody learns
/// from the answer how far decryption came.
#[derive(Default)]
struct Progress {
    addressed: AtomicBool,
    convoluted: AtomicBool,
}

impl Progress {
    fn why(&self) -> OpenError {
        if self.convoluted.load(Ordering::Relaxed) {
            OpenError::Convoluted
        } else if self.addressed.load(Ordering::Relaxed) {
            OpenError::Tampered
        } else {
            OpenError::OtherKey
        }
    }
}

/// Remembers that the input itself failed, which the library would report like damage.
struct Source<'a, R> {
    inner: R,
    failed: &'a AtomicBool,
}

impl<R: Read> Read for Source<'_, R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let result = self.inner.read(bytes);
        if result.as_ref().is_err_and(|error| error.kind() != io::ErrorKind::Interrupted) {
            self.failed.store(true, Ordering::Relaxed);
        }
        result
    }
}

struct Opener<'a> {
    key: &'a ServerKey,
    progress: &'a Progress,
}

impl Opener<'_> {
    fn try_session_key(
        &self,
        sealed_key: &PKESK,
        algorithm: Option<SymmetricAlgorithm>,
        decrypt: &mut dyn FnMut(Option<SymmetricAlgorithm>, &SessionKey) -> bool,
    ) -> bool {
        let recipient = sealed_key.recipient();
        self.key.decryption_keys().any(|key| {
            if recipient.as_ref().is_some_and(|recipient| !recipient.aliases(key.key_handle())) {
                return false;
            }
            if recipient.is_some() {
                self.progress.addressed.store(true, Ordering::Relaxed);
            }
            let Ok(mut pair) = key.clone().into_keypair() else { return false };
            sealed_key
                .decrypt(&mut pair, algorithm)
                .is_some_and(|(algorithm, session_key)| decrypt(algorithm, &session_key))
        })
    }
}

impl VerificationHelper for Opener<'_> {
    fn inspect(&mut self, parser: &PacketParser<'_>) -> sequoia_openpgp::Result<()> {
        let depth = parser.recursion_depth();
        let fits = match &parser.packet {
            Packet::PKESK(_) | Packet::SKESK(_) | Packet::SEIP(_) => depth == 0,
            #[allow(deprecated, reason = "the packet that ends encrypted data of version 1")]
            Packet::CompressedData(_) | Packet::MDC(_) => depth == 1,
            Packet::Literal(_) => (1..=2).contains(&depth),
            Packet::Marker(_) | Packet::Padding(_) => true,
            _ => false,
        };
        if fits && parser.path().iter().all(|position| *position < SEALED_PACKETS_MAX) {
            return Ok(());
        }
        // What is inside is not authenticated yet: to say more of it would help whoever changed it.
        self.progress.convoluted.store(depth == 0, Ordering::Relaxed);
        Err(io::Error::other("convoluted").into())
    }

    fn get_certs(&mut self, _: &[KeyHandle]) -> sequoia_openpgp::Result<Vec<Cert>> {
        Ok(Vec::new())
    }

    fn check(&mut self, _: MessageStructure<'_>) -> sequoia_openpgp::Result<()> {
        Ok(())
    }
}

impl DecryptionHelper for Opener<'_> {
    fn decrypt(
        &mut self,
        sealed_keys: &[PKESK],
        _: &[SKESK],
        algorithm: Option<SymmetricAlgorithm>,
        decrypt: &mut dyn FnMut(Option<SymmetricAlgorithm>, &SessionKey) -> bool,
    ) -> sequoia_openpgp::Result<Option<Cert>> {
        sealed_keys.iter().any(|sealed_key| self.try_session_key(sealed_key, algorithm, decrypt));
        Ok(None)
    }
}

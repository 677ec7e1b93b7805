//! The server's secret keys: made, read, and taken apart so that the primary key can stay offline.

use core::fmt;
use std::time::Duration;

use p2psync_bramble::WallClock;
use p2psync_model::{CERTIFICATE_BYTES_MAX, Fingerprint};
use sequoia_openpgp::Packet;
use sequoia_openpgp::cert::{Cert, CertBuilder, CipherSuite};
use sequoia_openpgp::crypto::mpi::PublicKey;
use sequoia_openpgp::crypto::{KeyPair, S2K};
use sequoia_openpgp::packet::key::{Key, SecretKeyMaterial, SecretParts, UnspecifiedRole};
use sequoia_openpgp::parse::Parse as _;
use sequoia_openpgp::serialize::SerializeInto as _;
use sequoia_openpgp::types::{Features, KeyFlags};
use zeroize::Zeroizing;

use crate::Date;
use crate::certificate::{Certificate, CertificateError, Expired, Purpose, dearmour, fit_key};

/// The secret keys of a server, without passwords: whoever runs the server protects the file. Wiped on drop by the
/// library.
#[derive(Clone)]
pub struct ServerKey {
    secret: Cert,
    certificate: Certificate,
}

impl ServerKey {
    /// A new key of version 4: Ed25519 to certify alone, with a subkey to sign (Ed25519) and one to decrypt
    /// (X25519). `made` is its date, `valid_seconds` its lifetime from then on; `None`: no end.
    ///
    /// # Errors
    /// [`ServerKeyError::Library`] if the library cannot make one.
    pub fn generate(
        user_id: &str,
        made: WallClock,
        valid_seconds: Option<u64>,
    ) -> Result<Self, ServerKeyError> {
        let encryption = KeyFlags::empty().set_transport_encryption().set_storage_encryption();
        let built = CertBuilder::new()
            .set_cipher_suite(CipherSuite::Cv25519)
            .set_creation_time(Date::of_clock(made).to_system())
            .set_validity_period(valid_seconds.map(Duration::from_secs))
            // What GnuPG can read, and what is sealed to version 4 keys anyway.
            .set_features(Features::empty().set_seipdv1())
            .map(|builder| builder.add_userid(user_id).add_signing_subkey())
            .and_then(|builder| builder.add_subkey(encryption, None, None).generate());
        let (secret, _) = built.map_err(|error| ServerKeyError::Library(error.to_string()))?;
        Self::of(secret)
    }

    /// Reads secret keys without a password, in armour or binary, at most [`CERTIFICATE_BYTES_MAX`] bytes, with the
    /// primary secret key or without (`gpg --export-secret-subkeys`). They may have expired.
    ///
    /// # Errors
    /// [`ServerKeyError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ServerKeyError> {
        if bytes.len() > CERTIFICATE_BYTES_MAX {
            return Err(ServerKeyError::Unreadable(CertificateError::TooLong { length: bytes.len() }));
        }
        let binary = dearmour(bytes).map_err(ServerKeyError::Unreadable)?;
        let secret = Cert::from_bytes(binary.as_ref())
            .map_err(|_| ServerKeyError::Unreadable(CertificateError::NotACertificate))?;
        Self::of(secret)
    }

    /// The secret keys in binary, for the file that [`Self::parse`] reads. Wiped on drop.
    ///
    /// # Errors
    /// [`ServerKeyError::Library`] if the library cannot write them.
    pub fn to_bytes(&self) -> Result<Zeroizing<Vec<u8>>, ServerKeyError> {
        let stubs = self.secret.as_tsk().emit_secret_key_stubs(true);
        stubs.to_vec().map(Zeroizing::new).map_err(|error| ServerKeyError::Library(error.to_string()))
    }

    /// The same without the primary secret key, as a server should have it: whoever steals this can be locked out
    /// by a revocation of its subkeys.
    ///
    /// # Errors
    /// [`ServerKeyError::Library`] if the library cannot take it apart.
    pub fn without_primary(&self) -> Result<Self, ServerKeyError> {
        let primary = self.secret.primary_key().key().clone().take_secret().0;
        let subkeys = self.secret.clone().into_tsk().into_packets().skip(1);
        let packets = core::iter::once(Packet::from(primary)).chain(subkeys);
        let secret =
            Cert::from_packets(packets).map_err(|error| ServerKeyError::Library(error.to_string()))?;
        Self::of(secret)
    }

    /// Whether the primary secret key is here too, which a server does not need.
    pub fn has_primary(&self) -> bool {
        self.secret.primary_key().key().has_unencrypted_secret()
    }

    /// The certificate to hand out.
    pub const fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The server's name everywhere.
    pub fn fingerprint(&self) -> Fingerprint {
        self.certificate.fingerprint()
    }

    /// Every secret key here that can decrypt. Documents may have been sealed long ago, so neither expiry nor
    /// revocation counts.
    pub(crate) fn decryption_keys(&self) -> impl Iterator<Item = &Key<SecretParts, UnspecifiedRole>> {
        self.secret
            .keys()
            .unencrypted_secret()
            .map(|key| key.key())
            .filter(|key| key.pk_algo().for_encryption())
    }

    /// The secret key to sign with at `date`.
    pub(crate) fn signer(&self, date: Date) -> Result<KeyPair, SignerMissing> {
        let clock = WallClock(date.0.saturating_mul(1_000));
        let fit = fit_key(&self.certificate, Purpose::Signing, clock, Expired::Refuse)
            .map_err(SignerMissing::Certificate)?;
        let mut secrets = self.secret.keys().unencrypted_secret();
        let secret = secrets.find(|key| key.key().fingerprint() == fit.fingerprint());
        let key = secret.ok_or(SignerMissing::Secret)?.key().clone();
        key.into_keypair().map_err(|_| SignerMissing::Secret)
    }

    fn of(secret: Cert) -> Result<Self, ServerKeyError> {
        let mut unlocked = 0;
        for key in secret.keys() {
            match key.key().optional_secret() {
                Some(SecretKeyMaterial::Unencrypted(_)) => {
                    // RustCrypto's RSA tells its secrets by its timing (RUSTSEC-2023-0071, THREATS T24).
                    if matches!(key.key().mpis(), PublicKey::RSA { .. }) && is_rust_crypto() {
                        return Err(ServerKeyError::RsaUnsafeHere);
                    }
                    unlocked += 1;
                }
                // A stub in the place of a secret that is kept elsewhere.
                Some(SecretKeyMaterial::Encrypted(locked)) if matches!(locked.s2k(), S2K::Private { .. }) => {
                }
                Some(SecretKeyMaterial::Encrypted(_)) => return Err(ServerKeyError::PasswordProtected),
                None => {}
            }
        }
        if unlocked == 0 {
            return Err(ServerKeyError::NoSecret);
        }
        let public = secret.clone().strip_secret_key_material();
        let bytes = public.to_vec().map_err(|error| ServerKeyError::Library(error.to_string()))?;
        let certificate = Certificate::restore(&bytes).map_err(ServerKeyError::Unreadable)?;
        Ok(Self { secret, certificate })
    }
}

fn is_rust_crypto() -> bool {
    sequoia_openpgp::crypto::backend().contains("RustCrypto")
}

impl fmt::Debug for ServerKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ServerKey({})", self.fingerprint())
    }
}

/// Why secret keys cannot be used. The server's admin repairs it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServerKeyError {
    /// It is no whole key.
    #[error(transparent)]
    Unreadable(CertificateError),
    /// Only public keys.
    #[error("This is a public key. The server needs the secret subkeys.")]
    NoSecret,
    /// A server cannot type passwords.
    #[error("These secret keys are protected by a password. Export them without one.")]
    PasswordProtected,
    /// A backend whose RSA is not safe against measuring was built in.
    #[error("This server was built without safe RSA decryption. Use a Curve25519 key.")]
    RsaUnsafeHere,
    /// The library's own error.
    #[error("OpenPGP: {0}")]
    Library(String),
}

/// Why there is no key to sign with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SignerMissing {
    Certificate(CertificateError),
    Secret,
}

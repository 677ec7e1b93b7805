//! From bytes that somebody pasted to one certificate, or the fault that a person can repair.

use std::borrow::Cow;
use std::io::Read as _;

use sequoia_openpgp::Fingerprint;
use sequoia_openpgp::armor::{Reader, ReaderMode};
use sequoia_openpgp::cert::Cert;
use sequoia_openpgp::crypto::mpi::PublicKey;
use sequoia_openpgp::packet::Packet;
use sequoia_openpgp::packet::key::{Key, PublicParts, UnspecifiedRole};
use sequoia_openpgp::parse::Parse as _;

use p2psync_model::CERTIFICATE_BYTES_MAX;

use super::{CertificateError, PACKETS_MAX};
use crate::packets::{self, Malformed, tag};

/// Longest modulus of RSA or DSA: the time of a check grows with it.
const MODULUS_BITS_MAX: usize = 4_096;

/// A certificate as it was read, before anything in it is verified.
pub(super) struct Raw {
    pub cert: Cert,
    /// The first algorithm in it that is not supported.
    pub unsupported: Option<String>,
}

/// The packets of one certificate, in armour or binary, of which nothing is verified.
pub(super) struct Packets<'a>(Cow<'a, [u8]>);

impl<'a> Packets<'a> {
    pub fn read(bytes: &'a [u8]) -> Result<Self, CertificateError> {
        if bytes.len() > CERTIFICATE_BYTES_MAX {
            return Err(CertificateError::TooLong { length: bytes.len() });
        }
        if bytes.windows(PRIVATE_BLOCK.len()).any(|window| window == PRIVATE_BLOCK) {
            return Err(CertificateError::SecretKey);
        }
        let binary = dearmour(bytes)?;
        check_packets(&binary)?;
        Ok(Self(binary))
    }

    /// Of the primary key, as long as it can be read at all.
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        let (_, rest) = packets::first(&self.0).ok()?;
        let primary = self.0.get(..self.0.len() - rest.len())?;
        match Packet::from_bytes(primary) {
            Ok(Packet::PublicKey(key)) => Some(key.fingerprint()),
            _ => None,
        }
    }

    pub fn parse(&self) -> Result<Raw, CertificateError> {
        let cert = Cert::from_bytes(self.0.as_ref()).map_err(|_| CertificateError::NotACertificate)?;
        if cert.is_tsk() {
            return Err(CertificateError::SecretKey);
        }
        if let Some(name) = unsupported(cert.primary_key().key().role_as_unspecified()) {
            return Err(CertificateError::Unsupported(name));
        }
        let unsupported = cert.keys().find_map(|key| unsupported(key.key()));
        Ok(Raw { cert, unsupported })
    }
}

/// The packets of a key, whether they came in armour or not. The checksum of armour is not looked at (RFC 9580,
/// section 6.1): signatures show damage.
pub(crate) fn dearmour(bytes: &[u8]) -> Result<Cow<'_, [u8]>, CertificateError> {
    if bytes.first().is_some_and(|byte| byte & 0x80 != 0) {
        return Ok(Cow::Borrowed(bytes));
    }
    let text = String::from_utf8_lossy(bytes);
    let (begun, ended) = (text.matches(BEGIN).count(), text.matches(END).count());
    match (begun, ended) {
        (0, 0) => return Err(CertificateError::NotACertificate),
        (1, 1) => {}
        (0 | 1, 0 | 1) => return Err(CertificateError::Cut),
        _ => return Err(CertificateError::Several),
    }
    let mut binary = Vec::new();
    let mode = ReaderMode::Tolerant(None);
    Reader::from_bytes(bytes, mode).read_to_end(&mut binary).map_err(|_| CertificateError::Cut)?;
    if binary.is_empty() { Err(CertificateError::Cut) } else { Ok(Cow::Owned(binary)) }
}

const PRIVATE_BLOCK: &[u8] = b"BEGIN PGP PRIVATE KEY";
const BEGIN: &str = "-----BEGIN PGP";
const END: &str = "-----END PGP";

/// Tells the faults that only the order and kind of packets show.
fn check_packets(binary: &[u8]) -> Result<(), CertificateError> {
    let packets = packets::split(binary, PACKETS_MAX).map_err(|malformed| match malformed {
        Malformed::Cut if starts_like_a_key(binary) => CertificateError::Cut,
        Malformed::Cut | Malformed::NotPackets => CertificateError::NotACertificate,
        Malformed::TooMany => CertificateError::TooManyPackets,
    })?;
    let is_secret = |kind: u8| kind == tag::SECRET_KEY || kind == tag::SECRET_SUBKEY;
    if packets.iter().any(|packet| is_secret(packet.tag)) {
        return Err(CertificateError::SecretKey);
    }
    let first = packets.first().filter(|packet| packet.tag == tag::PUBLIC_KEY);
    let Some(first) = first else { return Err(CertificateError::NotACertificate) };
    if packets.iter().filter(|packet| packet.tag == tag::PUBLIC_KEY).count() > 1 {
        return Err(CertificateError::Several);
    }
    if packets.iter().any(|packet| !PARTS.contains(&packet.tag)) {
        return Err(CertificateError::NotACertificate);
    }
    match first.body.first() {
        Some(4 | 6) => Ok(()),
        Some(version) => Err(CertificateError::Unsupported(format!("OpenPGP keys of version {version}"))),
        None => Err(CertificateError::Cut),
    }
}

/// The kinds of packets that a certificate may have.
const PARTS: [u8; 8] = [
    tag::SIGNATURE,
    tag::PUBLIC_KEY,
    tag::MARKER,
    tag::TRUST,
    tag::USER_ID,
    tag::PUBLIC_SUBKEY,
    tag::USER_ATTRIBUTE,
    tag::PADDING,
];

fn starts_like_a_key(binary: &[u8]) -> bool {
    let kind = match binary.first() {
        Some(header @ 0xc0..) => header & 0x3f,
        Some(header) => header >> 2 & 0x0f,
        None => return false,
    };
    [tag::PUBLIC_KEY, tag::SECRET_KEY].contains(&kind)
}

/// What this program lacks to use a key.
pub(super) fn unsupported(key: &Key<PublicParts, UnspecifiedRole>) -> Option<String> {
    let curve = match key.mpis() {
        PublicKey::RSA { n: modulus, .. } | PublicKey::DSA { p: modulus, .. }
            if modulus.bits() > MODULUS_BITS_MAX =>
        {
            return Some(format!("a modulus of {} bits", modulus.bits()));
        }
        PublicKey::EdDSA { curve, .. } | PublicKey::ECDSA { curve, .. } | PublicKey::ECDH { curve, .. } => {
            Some(curve)
        }
        _ => None,
    };
    match curve {
        Some(curve) if !curve.is_supported() => Some(format!("the curve {curve}")),
        // What the policy refuses for good, it refuses with better words than these.
        None if !key.pk_algo().is_supported() && !is_given_up(key) => Some(key.pk_algo().to_string()),
        _ => None,
    }
}

fn is_given_up(key: &Key<PublicParts, UnspecifiedRole>) -> bool {
    matches!(key.mpis(), PublicKey::ElGamal { .. } | PublicKey::DSA { .. })
}

//! The server's certificate on a device: whether it can be used, and how it changes.

mod canonical;
mod error;
mod fitness;
mod reading;

use p2psync_bramble::WallClock;
use p2psync_model::Fingerprint;
use sequoia_openpgp::cert::Cert;

pub use error::{CertificateError, MergeError, Revocation};
pub use fitness::Expired;
pub(crate) use fitness::{Purpose, fit_key, policy, revocation};
use reading::Packets;
pub(crate) use reading::dearmour;

use crate::Date;

/// Most packets of a certificate that is looked at.
pub const PACKETS_MAX: usize = 512;

/// Longest user id that is shown, in characters.
pub const USER_ID_CHARACTERS_MAX: usize = 100;

/// The certificate of a server: its public keys, what they may do, until when, and what was revoked. Held in one
/// canonical form, without the signatures of others.
#[derive(Clone, Debug)]
pub struct Certificate {
    cert: Cert,
    canonical: Vec<u8>,
    unsupported: Option<String>,
}

impl Certificate {
    /// Takes a certificate that the admin gave, in armour or binary, at most [`CERTIFICATE_BYTES_MAX`](p2psync_model::CERTIFICATE_BYTES_MAX) bytes, and
    /// checks that it can be used now.
    ///
    /// # Errors
    /// [`CertificateError`], the first that applies.
    pub fn parse(bytes: &[u8], clock: WallClock) -> Result<Self, CertificateError> {
        let certificate = Self::restore(bytes)?;
        certificate.check(clock)?;
        Ok(certificate)
    }

    /// Takes a certificate that was accepted before, as [`Self::as_bytes`] gave it or as a peer passes it on. It
    /// may have expired or been revoked since; [`Self::check`] says.
    ///
    /// # Errors
    /// [`CertificateError`] if it is not one whole certificate of a supported kind.
    pub fn restore(bytes: &[u8]) -> Result<Self, CertificateError> {
        Self::of(&Packets::read(bytes)?)
    }

    /// Whether documents can be sealed to it and its signatures be accepted, as far as `clock` can tell.
    ///
    /// # Errors
    /// [`CertificateError`], the first that applies.
    pub fn check(&self, clock: WallClock) -> Result<(), CertificateError> {
        fitness::check(self, clock)
    }

    /// The fingerprint of the primary key. It is the server's name everywhere.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::from_bytes(self.cert.fingerprint().as_bytes())
            .expect("reading lets only versions 4 and 6 pass, whose fingerprints have 20 and 32 bytes")
    }

    /// A user id, for display alone: whoever made the key chose it. Control and direction characters are replaced,
    /// at most [`USER_ID_CHARACTERS_MAX`] characters are kept; empty if there is none.
    pub fn user_id(&self) -> String {
        let text =
            self.cert.userids().next().map(|id| String::from_utf8_lossy(id.userid().value()).into_owned());
        text.unwrap_or_default().chars().map(shown).take(USER_ID_CHARACTERS_MAX).collect()
    }

    /// When it can no longer be sealed to: the earlier of the primary key's and the encryption subkey's expiry.
    /// `None`: never, or it cannot be now.
    pub fn expiry(&self, clock: WallClock) -> Option<Date> {
        fitness::expiry(self, clock)
    }

    /// Whether it expires within `seconds`, or has. For warnings 60, 30 and 7 days before (THREATS T13).
    pub fn expires_within(&self, seconds: u64, clock: WallClock) -> bool {
        self.expiry(clock).is_some_and(|date| date.0 <= self.effective_date(clock).0.saturating_add(seconds))
    }

    /// Whether a document can be sealed to it now.
    pub fn can_encrypt(&self, clock: WallClock) -> bool {
        fit_key(self, Purpose::Encryption, clock, Expired::Refuse).is_ok()
    }

    /// The canonical form: binary, without other people's signatures and without what nothing confirms. The same
    /// for every order of the same parts. At most [`CERTIFICATE_BYTES_MAX`](p2psync_model::CERTIFICATE_BYTES_MAX) bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.canonical
    }

    /// Adds what another copy of the same certificate knows: new subkeys, later expiry, revocations. Nothing is
    /// ever taken away, so a revocation stays (THREATS T16). Returns whether anything changed.
    ///
    /// # Errors
    /// [`MergeError`]; the certificate is unchanged then.
    pub fn merge(&mut self, update: &[u8]) -> Result<bool, MergeError> {
        let update = Packets::read(update).map_err(MergeError::Unreadable)?;
        // Before anything is verified: the library remembers for good what it verified, and strangers' keys cost them
        // nothing.
        if update.fingerprint().is_some_and(|fingerprint| fingerprint != self.cert.fingerprint()) {
            return Err(MergeError::AnotherKey);
        }
        let update = Self::of(&update).map_err(MergeError::Unreadable)?;
        let merged = self.cert.clone().merge_public(update.cert).map_err(|_| MergeError::AnotherKey)?;
        let (cert, canonical) = canonical::of(&merged).ok_or(MergeError::TooLong)?;
        let changed = canonical != self.canonical;
        if changed {
            let unsupported = self.unsupported.take().or(update.unsupported);
            *self = Self { cert, canonical, unsupported };
        }
        Ok(changed)
    }

    fn of(packets: &Packets<'_>) -> Result<Self, CertificateError> {
        let raw = packets.parse()?;
        let (cert, canonical) = canonical::of(&raw.cert).ok_or(CertificateError::Cut)?;
        Ok(Self { cert, canonical, unsupported: raw.unsupported })
    }

    pub(crate) const fn cert(&self) -> &Cert {
        &self.cert
    }

    /// The date to judge by: the latest of the device's, the release's and the certificate's newest own signature.
    pub(crate) fn effective_date(&self, clock: WallClock) -> Date {
        Date::at_least_build(clock).max(canonical::newest_signature(&self.cert))
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.canonical == other.canonical
    }
}

impl Eq for Certificate {}

/// Characters that change how the text around them is shown are not let through.
fn shown(letter: char) -> char {
    let directs = matches!(letter, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}');
    if letter.is_control() || directs { '\u{fffd}' } else { letter }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_id_cannot_play_with_the_screen() {
        let tricky = "a\u{202e}b\nc\u{2066}d\u{200b}é";
        let text: String = tricky.chars().map(shown).collect();
        assert_eq!(text, "a\u{fffd}b\u{fffd}c\u{fffd}d\u{fffd}é");
    }
}

//! Whether a certificate can be used at a date, and if not, why not.

use p2psync_bramble::WallClock;
use sequoia_openpgp::cert::amalgamation::key::{ErasedKeyAmalgamation, ValidErasedKeyAmalgamation};
use sequoia_openpgp::cert::amalgamation::{ValidAmalgamation as _, ValidateAmalgamation as _};
use sequoia_openpgp::packet::Signature;
use sequoia_openpgp::packet::key::{Key, PublicParts, UnspecifiedRole};
use sequoia_openpgp::policy::StandardPolicy;
use sequoia_openpgp::types::{KeyFlags, ReasonForRevocation, RevocationStatus, RevocationType};

use super::reading::unsupported;
use super::{Certificate, CertificateError, Revocation};
use crate::Date;

type PublicKey = Key<PublicParts, UnspecifiedRole>;

/// What a key is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Encryption,
    Signing,
}

impl Purpose {
    fn flags(self) -> KeyFlags {
        match self {
            Self::Encryption => KeyFlags::empty().set_transport_encryption().set_storage_encryption(),
            Self::Signing => KeyFlags::empty().set_signing(),
        }
    }

    fn is_of(self, binding: &Signature) -> bool {
        let flags = binding.key_flags().unwrap_or_else(KeyFlags::empty);
        match self {
            Self::Encryption => flags.for_transport_encryption() || flags.for_storage_encryption(),
            Self::Signing => flags.for_signing(),
        }
    }

    const fn missing(self) -> CertificateError {
        match self {
            Self::Encryption => CertificateError::NoEncryptionKey,
            Self::Signing => CertificateError::NoSigningKey,
        }
    }
}

/// Whether a key whose time is over may still be sealed to. Nothing else about it is forgiven.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Expired {
    /// No: the caller is told, and can wait for an extended certificate.
    #[default]
    Refuse,
    /// Yes. The caller marks the document, so that the server's people see it.
    SealAnyway,
}

/// What algorithms are good for at `clock`, and never less than at the release (THREATS T14).
pub(crate) fn policy(clock: WallClock) -> StandardPolicy<'static> {
    StandardPolicy::at(Date::at_least_build(clock).to_system())
}

/// Checks everything, in the order in which an admin would want to hear of it.
pub(super) fn check(certificate: &Certificate, clock: WallClock) -> Result<(), CertificateError> {
    let created = Date::from(certificate.cert().primary_key().key().creation_time());
    if created.is_future(clock) {
        return Err(CertificateError::NotYetValid { date: created });
    }
    fit_key(certificate, Purpose::Encryption, clock, Expired::Refuse)?;
    fit_key(certificate, Purpose::Signing, clock, Expired::Refuse)?;
    Ok(())
}

/// The newest key that may be used for `purpose` at `date`.
///
/// # Errors
/// The fault of the certificate; else that of the key for this purpose that came closest; else that there is none.
pub(crate) fn fit_key(
    certificate: &Certificate,
    purpose: Purpose,
    clock: WallClock,
    expired: Expired,
) -> Result<&PublicKey, CertificateError> {
    let (policy, date) = (policy(clock), certificate.effective_date(clock));
    check_primary(certificate, &policy, date, expired)?;
    let mut fault = None;
    let mut best: Option<&PublicKey> = None;
    for key in certificate.cert().keys() {
        match judge(&key, purpose, &policy, date, expired) {
            Verdict::Fit => {
                let newer = best.as_ref().is_none_or(|best| best.creation_time() < key.key().creation_time());
                if newer {
                    best = Some(key.key());
                }
            }
            Verdict::Unfit(error) => fault = fault.or(Some(error)),
            Verdict::OtherPurpose => {}
        }
    }
    let unsupported = || certificate.unsupported.clone().map(CertificateError::Unsupported);
    best.ok_or_else(|| fault.or_else(unsupported).unwrap_or_else(|| purpose.missing()))
}

/// When the certificate can no longer be sealed to.
pub(super) fn expiry(certificate: &Certificate, clock: WallClock) -> Option<Date> {
    let policy = policy(clock);
    let date = certificate.effective_date(clock).to_system();
    let valid = certificate.cert().with_policy(&policy, date).ok()?;
    let primary = valid.primary_key().key_expiration_time().map(Date::from);
    // A certificate whose keys differ is good as long as one of them is.
    let mut latest = None;
    for key in valid.keys().key_flags(Purpose::Encryption.flags()).revoked(false) {
        match key.key_expiration_time() {
            None => return primary,
            Some(time) => latest = latest.max(Some(Date::from(time))),
        }
    }
    [primary, latest].into_iter().flatten().min()
}

/// Whether and how a component is revoked at `date`. A hard revocation counts whatever its date.
pub(crate) fn revocation(status: &RevocationStatus<'_>) -> Option<(Revocation, String)> {
    let RevocationStatus::Revoked(signatures) = status else { return None };
    let hard = signatures.iter().find(|signature| is_hard(signature));
    let kind = if hard.is_some() { Revocation::Hard } else { Revocation::Soft };
    let reason =
        hard.or_else(|| signatures.first()).map_or_else(String::new, |signature| reason_of(signature));
    Some((kind, reason))
}

fn check_primary(
    certificate: &Certificate,
    policy: &StandardPolicy<'_>,
    date: Date,
    expired: Expired,
) -> Result<(), CertificateError> {
    let cert = certificate.cert();
    if let Some((kind, reason)) = revocation(&cert.revocation_status(policy, date.to_system())) {
        return Err(CertificateError::Revoked { kind, reason });
    }
    let primary = cert.primary_key().with_policy(policy, date.to_system());
    let primary = primary.map_err(|error| CertificateError::Weak(words(error.chain())))?;
    alive(&primary.into(), expired)
}

enum Verdict {
    Fit,
    Unfit(CertificateError),
    OtherPurpose,
}

fn judge(
    key: &ErasedKeyAmalgamation<'_, PublicParts>,
    purpose: Purpose,
    policy: &StandardPolicy<'_>,
    date: Date,
    expired: Expired,
) -> Verdict {
    let valid = match key.with_policy(policy, date.to_system()) {
        Ok(valid) => valid,
        // The subkey's own signature does not count, but says what it was meant for.
        Err(error) if key.self_signatures().any(|signature| purpose.is_of(signature)) => {
            return Verdict::Unfit(CertificateError::Weak(words(error.chain())));
        }
        Err(_) => return Verdict::OtherPurpose,
    };
    if !valid.has_any_key_flag(purpose.flags()) {
        return Verdict::OtherPurpose;
    }
    if let Some((kind, reason)) = revocation(&valid.revocation_status()) {
        return Verdict::Unfit(CertificateError::Revoked { kind, reason });
    }
    if let Some(name) = unsupported(key.key()) {
        return Verdict::Unfit(CertificateError::Unsupported(name));
    }
    match alive(&valid, expired) {
        Ok(()) => Verdict::Fit,
        Err(error) => Verdict::Unfit(error),
    }
}

fn alive(
    key: &ValidErasedKeyAmalgamation<'_, PublicParts>,
    expired: Expired,
) -> Result<(), CertificateError> {
    match key.key_expiration_time().map(Date::from) {
        Some(date) if expired == Expired::Refuse && date <= Date::from(key.time()) => {
            Err(CertificateError::Expired { date })
        }
        _ => Ok(()),
    }
}

fn is_hard(signature: &Signature) -> bool {
    signature.reason_for_revocation().is_none_or(|(code, _)| code.revocation_type() == RevocationType::Hard)
}

fn reason_of(signature: &Signature) -> String {
    let (code, words) = signature.reason_for_revocation().unwrap_or((ReasonForRevocation::Unspecified, &[]));
    let words: String =
        String::from_utf8_lossy(words).chars().map(super::shown).take(REASON_CHARACTERS_MAX).collect();
    if words.trim().is_empty() { code.to_string().to_lowercase() } else { words }
}

/// Longest reason that is shown.
const REASON_CHARACTERS_MAX: usize = 200;

/// The innermost cause says which algorithm.
fn words<'e>(chain: impl Iterator<Item = &'e (dyn core::error::Error + 'static)>) -> String {
    chain.last().map(ToString::to_string).unwrap_or_default()
}

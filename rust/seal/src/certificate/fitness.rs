//! Whether a certificate can be used at a date, and if not, why not.

use p2psync_bramble::WallClock;
use sequoia_openpgp::cert::amalgamation::ValidAmalgamation as _;
use sequoia_openpgp::cert::amalgamation::ValidateAmalgamation as _;
use sequoia_openpgp::cert::amalgamation::key::{
    ErasedKeyAmalgamation, PrimaryKey as _, ValidErasedKeyAmalgamation,
};
use sequoia_openpgp::packet::Signature;
use sequoia_openpgp::packet::key::{Key, PublicParts, UnspecifiedRole};
use sequoia_openpgp::policy::{NullPolicy, StandardPolicy};
use sequoia_openpgp::types::{KeyFlags, ReasonForRevocation, RevocationStatus, RevocationType};

use super::{Certificate, CertificateError, Revocation};
use crate::Date;

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

    const fn missing(self) -> CertificateError {
        match self {
            Self::Encryption => CertificateError::NoEncryptionKey,
            Self::Signing => CertificateError::NoSigningKey,
        }
    }
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
    let date = certificate.effective_date(clock);
    fit_key(certificate, Purpose::Encryption, date, clock)?;
    fit_key(certificate, Purpose::Signing, date, clock)?;
    Ok(())
}

/// The newest key that may be used for `purpose` at `date`.
///
/// # Errors
/// The fault of the certificate; else that of the key for this purpose that came closest; else that there is none.
pub(crate) fn fit_key(
    certificate: &Certificate,
    purpose: Purpose,
    date: Date,
    clock: WallClock,
) -> Result<Key<PublicParts, UnspecifiedRole>, CertificateError> {
    let policy = policy(clock);
    check_primary(certificate, &policy, date)?;
    let mut fault = None;
    let mut best: Option<Key<PublicParts, UnspecifiedRole>> = None;
    for key in certificate.cert().keys() {
        match judge(&key, purpose, &policy, date) {
            Verdict::Fit => {
                let newer = best.as_ref().is_none_or(|best| best.creation_time() < key.key().creation_time());
                if newer {
                    best = Some(key.key().clone());
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
) -> Result<(), CertificateError> {
    let cert = certificate.cert();
    if let Some((kind, reason)) = revocation(&cert.revocation_status(policy, date.to_system())) {
        return Err(CertificateError::Revoked { kind, reason });
    }
    let primary = cert.primary_key().with_policy(policy, date.to_system());
    let primary = primary.map_err(|error| CertificateError::Weak(words(error.chain())))?;
    alive(&primary.into())
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
) -> Verdict {
    let lenient = NullPolicy::new();
    match key.with_policy(&lenient, date.to_system()) {
        Ok(valid) if valid.has_any_key_flag(purpose.flags()) => {}
        _ => return Verdict::OtherPurpose,
    }
    let valid = match key.with_policy(policy, date.to_system()) {
        Ok(valid) => valid,
        Err(error) => return Verdict::Unfit(CertificateError::Weak(words(error.chain()))),
    };
    if !valid.has_any_key_flag(purpose.flags()) {
        return Verdict::OtherPurpose;
    }
    if let Some((kind, reason)) = revocation(&valid.revocation_status()) {
        return Verdict::Unfit(CertificateError::Revoked { kind, reason });
    }
    match alive(&valid) {
        Ok(()) => Verdict::Fit,
        Err(error) => Verdict::Unfit(error),
    }
}

fn alive(key: &ValidErasedKeyAmalgamation<'_, PublicParts>) -> Result<(), CertificateError> {
    match key.key_expiration_time().map(Date::from) {
        Some(date) if date <= Date::from(key.time()) => Err(CertificateError::Expired { date }),
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

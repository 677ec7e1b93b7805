//! The destination: where documents are to go in the end, and whose key they are sealed to.

use std::sync::Arc;

use p2psync_bramble::WallClock;
use p2psync_model::{Destination, Fingerprint, HttpsUrl, TlsPin, Token};
use p2psync_seal::{Certificate, Date};
use p2psync_store::Store;
use rand_core::CryptoRngCore;

use crate::{Engine, Error};

/// What an admin gives.
#[derive(Clone, Copy, Debug)]
pub struct NewDestination<'a> {
    /// An https URL.
    pub url: &'a str,
    /// Its OpenPGP certificate, in armour or binary.
    pub certificate: &'a [u8],
    /// The bearer token that it asks for.
    pub token: Option<&'a str>,
    /// Its only TLS keys, ascending; empty if any that the device trusts will do.
    pub tls_pins: &'a [TlsPin],
}

/// What people need to see of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateSummary {
    /// What names it.
    pub fingerprint: Fingerprint,
    /// What its maker wrote; for display alone, and empty if there is nothing.
    pub user_id: String,
    /// When it can no longer be sealed to; `None`: never, or it cannot be now.
    pub expires: Option<Date>,
    /// Whether a document can be sealed to it now.
    pub can_encrypt: bool,
}

/// Judges a certificate, in armour or binary, as [`Engine::set_destination`] would.
///
/// # Errors
/// [`Error::Certificate`] with the fault.
pub fn inspect_certificate(bytes: &[u8], now: WallClock) -> Result<CertificateSummary, Error> {
    Ok(summary(&Certificate::parse(bytes, now)?, now))
}

impl Engine {
    /// Sets the destination: documents made from now on are for it. Nothing changes if a part of it is refused.
    ///
    /// # Errors
    /// [`Error::Url`], [`Error::Certificate`], [`Error::Destination`]; [`Error::DiskFull`], [`Error::Disk`].
    pub fn set_destination(
        &mut self,
        new: &NewDestination<'_>,
        now: WallClock,
        random: &mut dyn CryptoRngCore,
    ) -> Result<CertificateSummary, Error> {
        let url = HttpsUrl::parse(new.url)?;
        let certificate = Certificate::parse(new.certificate, now)?;
        let destination = Destination::new(url, certificate.fingerprint(), certificate.as_bytes().to_vec())?
            .with_tls_pins(new.tls_pins.to_vec())?;
        let destination = match new.token {
            Some(token) => destination.with_token(Token::new(token)?),
            None => destination,
        };
        let encoded = destination.encode();
        self.store.batch(|batch| batch.set(SETTING, Some(&encoded), random))?;
        let summary = summary(&certificate, now);
        self.destination = Some(destination);
        self.certificate = Some(Arc::new(certificate));
        Ok(summary)
    }

    /// Forgets the destination. Documents that are sealed for it stay so.
    ///
    /// # Errors
    /// [`Error::DiskFull`], [`Error::Disk`].
    pub fn clear_destination(&mut self, random: &mut dyn CryptoRngCore) -> Result<(), Error> {
        self.store.batch(|batch| batch.set(SETTING, None, random))?;
        self.destination = None;
        self.certificate = None;
        Ok(())
    }

    /// The destination, with what its certificate says now.
    pub fn destination(&self, now: WallClock) -> Option<(&HttpsUrl, CertificateSummary)> {
        let certificate = self.certificate.as_deref()?;
        Some((self.destination.as_ref()?.url(), summary(certificate, now)))
    }

    /// The destination's certificate, in binary.
    ///
    /// # Errors
    /// [`Error::NoDestination`].
    pub fn destination_certificate(&self) -> Result<&[u8], Error> {
        self.certificate.as_deref().map(Certificate::as_bytes).ok_or(Error::NoDestination)
    }
}

/// The destination that the store holds.
pub(crate) fn restored(store: &Store) -> Result<(Option<Destination>, Option<Arc<Certificate>>), Error> {
    let Some(encoded) = store.setting(SETTING)?.map(zeroize::Zeroizing::new) else { return Ok((None, None)) };
    let destination = Destination::decode(&encoded).ok_or(Error::Damaged("the destination"))?;
    // It was whole when it was set, and may have expired since: sealing says.
    let certificate = Certificate::restore(destination.certificate())
        .map_err(|_| Error::Damaged("the destination's key"))?;
    Ok((Some(destination), Some(Arc::new(certificate))))
}

/// On disk: never changes.
const SETTING: &str = "destination";

fn summary(certificate: &Certificate, now: WallClock) -> CertificateSummary {
    CertificateSummary {
        fingerprint: certificate.fingerprint(),
        user_id: certificate.user_id(),
        expires: certificate.expiry(now),
        can_encrypt: certificate.can_encrypt(now),
    }
}

//! Receipts that somebody holds in his hands: whether they are a server's word.

use p2psync_bramble::WallClock;
use p2psync_model::{Receipt, SignedReceipt};
use p2psync_seal::{Certificate, verify};

use crate::{Engine, Error};

/// Verifies that `signature`, one detached binary OpenPGP signature, is over the text of a receipt, by the server with
/// `certificate` (armour or binary). The certificate may have expired or been revoked since, as far as that does not
/// touch what it signed before.
///
/// # Errors
/// [`Error::Certificate`], [`Error::Receipt`].
pub fn verify_receipt(
    text: &[u8],
    signature: &[u8],
    certificate: &[u8],
    now: WallClock,
) -> Result<Receipt, Error> {
    Ok(verify(text, signature, &Certificate::restore(certificate)?, now)?)
}

/// The same for text and signature in one, in the form that peers pass on.
///
/// # Errors
/// [`Error::MalformedReceipt`]; as [`verify_receipt`].
pub fn verify_signed_receipt(encoded: &[u8], certificate: &[u8], now: WallClock) -> Result<Receipt, Error> {
    let signed = SignedReceipt::decode(encoded)?;
    verify_receipt(&signed.body().text(), signed.signature(), certificate, now)
}

impl Engine {
    /// Verifies a receipt by the destination's certificate; see [`verify_receipt`]. Nothing is done because of it.
    ///
    /// # Errors
    /// [`Error::NoDestination`], [`Error::Receipt`].
    pub fn verify_receipt(&self, text: &[u8], signature: &[u8], now: WallClock) -> Result<Receipt, Error> {
        let certificate = self.certificate.as_deref().ok_or(Error::NoDestination)?;
        Ok(verify(text, signature, certificate, now)?)
    }
}

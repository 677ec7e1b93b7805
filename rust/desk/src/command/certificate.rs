//! `seal-check` and `verify-receipt`: what OpenPGP says.

use std::path::{Path, PathBuf};

use p2psync_api::{iso, to_json};
use p2psync_bramble::WallClock;
use p2psync_engine::{inspect_certificate, verify_receipt as verify, verify_signed_receipt};
use p2psync_model::{CERTIFICATE_BYTES_MAX, RECEIPT_TEXT_BYTES_MAX, Receipt, SIGNATURE_BYTES_MAX};

use super::{Session, destination};
use crate::arguments::VerifyReceipt;
use crate::fault::Fault;
use crate::output::Output;
use crate::{file, machine, table};

/// Judges a certificate.
pub fn check(path: &Path, output: &mut Output) -> Result<(), Fault> {
    let summary = inspect_certificate(&file::read_small(path, CERTIFICATE_BYTES_MAX)?, machine::now())?;
    output.say(
        || to_json(&p2psync_api::Certificate::from(&summary)),
        || format!("{}\ncan sign     yes", destination::text(&summary)),
    )
}

/// Verifies a receipt, by the certificate that was given or the destination's.
pub fn verify_receipt(
    session: &Session<'_>,
    asked: &VerifyReceipt,
    output: &mut Output,
) -> Result<(), Fault> {
    let now = machine::now();
    let signed = file::read_small(&asked.receipt, RECEIPT_TEXT_BYTES_MAX + SIGNATURE_BYTES_MAX)?;
    let certificate = match &asked.cert {
        Some(path) => file::read_small(path, CERTIFICATE_BYTES_MAX)?,
        None => session.open()?.destination_certificate()?.to_vec(),
    };
    let receipt = if signed.starts_with(RECEIPT_BEGINS) {
        let path = asked.signature.clone().unwrap_or_else(|| beside(&asked.receipt));
        let signature = file::read_small(&path, SIGNATURE_BYTES_MAX)?;
        verify(&signed, &signature, &certificate, now)?
    } else {
        verify_signed_receipt(&signed, &certificate, now)?
    };
    output.say(|| to_json(&p2psync_api::Receipt::from(&receipt)), || text(&receipt))
}

/// What the text of every receipt begins with; the form that devices pass on begins otherwise.
const RECEIPT_BEGINS: &[u8] = b"p2psync-";

fn beside(receipt: &Path) -> PathBuf {
    let mut name = receipt.as_os_str().to_owned();
    name.push(".sig");
    PathBuf::from(name)
}

fn text(receipt: &Receipt) -> String {
    let count = u64::try_from(receipt.ids().len()).unwrap_or(u64::MAX);
    let mut lines = vec![format!(
        "The server {} confirmed {} on {}:",
        receipt.server(),
        table::counted(count, "document"),
        iso(WallClock(receipt.time().saturating_mul(1_000)))
    )];
    lines.extend(receipt.ids().iter().map(ToString::to_string));
    lines.join("\n")
}

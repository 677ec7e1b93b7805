//! Receipts that were verified.

use p2psync_bramble::WallClock;
use serde::Serialize;

use crate::iso;

/// "The server has these documents."
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// Fingerprint of the server's certificate, upper-case hex.
    pub server: String,
    /// How often the server was restored from a backup.
    pub epoch: u32,
    /// When it signed.
    pub signed_at: String,
    /// The documents, ascending.
    pub ids: Vec<String>,
}

impl From<&p2psync_model::Receipt> for Receipt {
    fn from(receipt: &p2psync_model::Receipt) -> Self {
        Self {
            server: receipt.server().to_string(),
            epoch: receipt.epoch(),
            signed_at: iso(WallClock(receipt.time().saturating_mul(1_000))),
            ids: receipt.ids().iter().map(ToString::to_string).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use p2psync_model::{DocumentId, Fingerprint};

    use super::*;
    use crate::to_json;

    #[test]
    fn a_receipt_names_server_date_and_documents() {
        let ids = vec![DocumentId::from_bytes([1; 32])];
        let receipt = p2psync_model::Receipt::new(Fingerprint::V4([2; 20]), 3, 1_795_219_200, ids).unwrap();
        let expected = format!(
            r#"{{"server":"{}","epoch":3,"signedAt":"2026-11-21T00:00:00.000Z","ids":["{}"]}}"#,
            "02".repeat(20),
            "01".repeat(32)
        );
        assert_eq!(to_json(&Receipt::from(&receipt)), expected);
    }
}

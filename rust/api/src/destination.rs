//! The destination and its OpenPGP certificate.

use p2psync_bramble::WallClock;
use p2psync_engine::CertificateSummary;
use p2psync_model::HttpsUrl;
use serde::Serialize;

use crate::iso;

/// A certificate that can be a destination's.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Certificate {
    /// Fingerprint of the primary key, upper-case hex.
    pub fingerprint: String,
    /// What its maker wrote, for display alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// When it can no longer be sealed to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_expires_at: Option<String>,
    /// Whether documents can be sealed to it now.
    pub can_encrypt: bool,
}

impl From<&CertificateSummary> for Certificate {
    fn from(summary: &CertificateSummary) -> Self {
        Self {
            fingerprint: summary.fingerprint.to_string(),
            user_id: Some(summary.user_id.clone()).filter(|id| !id.is_empty()),
            key_expires_at: summary.expires.map(|date| iso(WallClock(date.0.saturating_mul(1_000)))),
            can_encrypt: summary.can_encrypt,
        }
    }
}

/// Where documents go.
#[derive(Clone, Debug, Serialize)]
pub struct Destination {
    /// Its address.
    pub url: String,
    /// Its certificate.
    #[serde(flatten)]
    pub certificate: Certificate,
}

impl Destination {
    /// What to say of a destination.
    pub fn of(url: &HttpsUrl, summary: &CertificateSummary) -> Self {
        Self { url: url.to_string(), certificate: summary.into() }
    }
}

#[cfg(test)]
mod tests {
    use p2psync_engine::Date;
    use p2psync_model::Fingerprint;

    use super::*;
    use crate::to_json;

    #[test]
    fn a_destination_is_its_address_and_its_key() {
        let summary = CertificateSummary {
            fingerprint: Fingerprint::V4([0xab; 20]),
            user_id: String::new(),
            expires: Some(Date(1_795_219_200)),
            can_encrypt: true,
        };
        let url = HttpsUrl::parse("https://a.org").unwrap();
        let expected = format!(
            r#"{{"url":"https://a.org","fingerprint":"{}","keyExpiresAt":"2026-11-21T00:00:00.000Z","canEncrypt":true}}"#,
            "AB".repeat(20)
        );
        assert_eq!(to_json(&Destination::of(&url, &summary)), expected);
    }
}

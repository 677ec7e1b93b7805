//! The destination: the server that all documents are for, as the device was told of it.

use core::fmt;

use p2psync_bramble::bdf::{self, Value};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::{Fingerprint, HttpsUrl};

/// Longest OpenPGP certificate that is taken.
pub const CERTIFICATE_BYTES_MAX: usize = 65_536;

/// Longest bearer token.
pub const TOKEN_BYTES_MAX: usize = 4096;

/// Most pinned TLS keys.
pub const TLS_PINS_MAX: usize = 16;

/// A destination. The certificate is bytes here: whether it is good, and has this fingerprint, only the crate that
/// knows OpenPGP can say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    url: HttpsUrl,
    fingerprint: Fingerprint,
    certificate: Vec<u8>,
    token: Option<Token>,
    tls_pins: Vec<TlsPin>,
}

/// SHA-256 of the public key of a TLS certificate (`SubjectPublicKeyInfo`, DER).
pub type TlsPin = [u8; 32];

impl Destination {
    /// A destination without token and pins. The certificate has 1 to [`CERTIFICATE_BYTES_MAX`] bytes.
    ///
    /// # Errors
    /// [`DestinationError::Certificate`].
    pub fn new(
        url: HttpsUrl,
        fingerprint: Fingerprint,
        certificate: Vec<u8>,
    ) -> Result<Self, DestinationError> {
        if (1..=CERTIFICATE_BYTES_MAX).contains(&certificate.len()) {
            Ok(Self { url, fingerprint, certificate, token: None, tls_pins: Vec::new() })
        } else {
            Err(DestinationError::Certificate { bytes: certificate.len() })
        }
    }

    /// With the bearer token that the server asks for.
    #[must_use]
    pub fn with_token(self, token: Token) -> Self {
        Self { token: Some(token), ..self }
    }

    /// With the only TLS keys that the server may have: strictly ascending, at most [`TLS_PINS_MAX`].
    ///
    /// # Errors
    /// [`DestinationError::TlsPins`].
    pub fn with_tls_pins(self, tls_pins: Vec<TlsPin>) -> Result<Self, DestinationError> {
        if tls_pins.is_sorted_by(|pin, next| pin < next) && tls_pins.len() <= TLS_PINS_MAX {
            Ok(Self { tls_pins, ..self })
        } else {
            Err(DestinationError::TlsPins)
        }
    }

    /// Where it is.
    pub const fn url(&self) -> &HttpsUrl {
        &self.url
    }

    /// What names it in documents and receipts.
    pub const fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// Its OpenPGP certificate.
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// What a request shows to be let in.
    pub const fn token(&self) -> Option<&Token> {
        self.token.as_ref()
    }

    /// Its TLS keys, ascending; empty if any that the device trusts will do.
    pub fn tls_pins(&self) -> &[TlsPin] {
        &self.tls_pins
    }

    /// A BDF list, for the store: URL, fingerprint, certificate, token or null, pins one after another. Wiped on drop,
    /// since the token is a secret.
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let token = self.token.as_ref().map_or(Value::Null, |token| Value::String(token.reveal().to_owned()));
        let items = vec![
            Value::String(self.url.as_str().to_owned()),
            Value::Raw(self.fingerprint.as_bytes().to_vec()),
            Value::Raw(self.certificate.clone()),
            token,
            Value::Raw(self.tls_pins.as_flattened().to_vec()),
        ];
        let mut encoded = Zeroizing::new(Vec::new());
        bdf::write(&Value::List(items), &mut encoded);
        encoded
    }

    /// Reads what [`Self::encode`] writes; `None` for anything else.
    pub fn decode(encoded: &[u8]) -> Option<Self> {
        let value = bdf::parse(encoded).ok()?;
        let [url, fingerprint, certificate, token, tls_pins] = value.as_list()? else { return None };
        let url = HttpsUrl::parse_exact(url.as_str()?).ok()?;
        let fingerprint = Fingerprint::from_bytes(fingerprint.as_raw()?).ok()?;
        let destination = Self::new(url, fingerprint, certificate.as_raw()?.to_vec()).ok()?;
        let (tls_pins, []) = tls_pins.as_raw()?.as_chunks() else { return None };
        let destination = destination.with_tls_pins(tls_pins.to_vec()).ok()?;
        match token {
            Value::Null => Some(destination),
            Value::String(token) => Some(destination.with_token(Token::new(token).ok()?)),
            _ => None,
        }
    }
}

/// A bearer token: wiped on drop, compared in constant time, never shown.
#[derive(Clone)]
pub struct Token(Zeroizing<String>);

impl Token {
    /// Takes 1 to [`TOKEN_BYTES_MAX`] visible ASCII characters, so that it cannot break out of a request's header.
    ///
    /// # Errors
    /// [`DestinationError::Token`].
    pub fn new(token: &str) -> Result<Self, DestinationError> {
        let is_visible = token.bytes().all(|byte| byte.is_ascii_graphic());
        if is_visible && (1..=TOKEN_BYTES_MAX).contains(&token.len()) {
            Ok(Self(Zeroizing::new(token.to_owned())))
        } else {
            Err(DestinationError::Token)
        }
    }

    /// The token, for the request that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl PartialEq for Token {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for Token {}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token(..)")
    }
}

/// What the caller was given is no destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DestinationError {
    /// A certificate that is empty or too long.
    #[error("a certificate has 1 to {CERTIFICATE_BYTES_MAX} bytes, not {bytes}")]
    Certificate {
        /// Its length.
        bytes: usize,
    },
    /// A token that is empty, too long, or not visible ASCII.
    #[error("a token is 1 to {TOKEN_BYTES_MAX} visible characters")]
    Token,
    /// Pins that do not ascend, or too many.
    #[error("pinned TLS keys ascend, and are at most {TLS_PINS_MAX}")]
    TlsPins,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn destination() -> Destination {
        let url = HttpsUrl::parse("https://eden.example.org/p2p").unwrap();
        Destination::new(url, Fingerprint::V4([1; 20]), vec![7; 9]).unwrap()
    }

    fn full() -> Destination {
        let token = Token::new("secret").unwrap();
        destination().with_token(token).with_tls_pins(vec![[1; 32], [2; 32]]).unwrap()
    }

    #[test]
    fn a_destination_is_read_back() {
        for destination in [destination(), full()] {
            assert_eq!(Destination::decode(&destination.encode()), Some(destination));
        }
        assert_eq!(Destination::decode(&[]), None);
        assert!(!format!("{:?}", full()).contains("secret"));
    }

    #[test]
    fn bounds_are_kept() {
        let with = |bytes| Destination::new(full().url, Fingerprint::V4([1; 20]), vec![7; bytes]);
        assert_eq!(with(0), Err(DestinationError::Certificate { bytes: 0 }));
        assert_eq!(with(10_000_000), Err(DestinationError::Certificate { bytes: 10_000_000 }));
        let largest = with(CERTIFICATE_BYTES_MAX).unwrap();
        assert_eq!(Destination::decode(&largest.encode()), Some(largest));
        for token in ["", "a b", "a\r\nb", "é", &"x".repeat(TOKEN_BYTES_MAX + 1)] {
            assert_eq!(Token::new(token), Err(DestinationError::Token));
        }
        for tls_pins in [vec![[1; 32]; 2], vec![[2; 32], [1; 32]], (0..17).map(|byte| [byte; 32]).collect()] {
            assert_eq!(full().with_tls_pins(tls_pins), Err(DestinationError::TlsPins));
        }
        assert_ne!(Token::new("a"), Token::new("b"));
    }

    #[test]
    fn no_other_entries_are_a_destination() {
        let Value::List(good) = bdf::parse(&full().encode()).unwrap() else { panic!("a list") };
        let text = |text: &str| Value::String(text.to_owned());
        for (place, value) in [
            (0, text("")),
            (0, text("HTTPS://eden.example.org/p2p")),
            (0, text(&format!("https://a/{}", "x".repeat(2_048)))),
            (1, Value::Raw(vec![1; 21])),
            (2, Value::Raw(vec![])),
            (2, Value::Raw(vec![1; CERTIFICATE_BYTES_MAX + 1])),
            (2, Value::List(vec![Value::Raw(vec![7])])),
            (3, text("")),
            (3, text("a b")),
            (3, Value::Integer(-1)),
            (4, Value::Raw(vec![1; 33])),
            (4, Value::Raw(vec![1; 64])),
        ] {
            let mut items = good.clone();
            items[place] = value.clone();
            let mut encoded = Vec::new();
            bdf::write(&Value::List(items), &mut encoded);
            assert_eq!(Destination::decode(&encoded), None, "item {place} as {value:?}");
        }
    }

    proptest! {
        #[test]
        fn a_changed_byte_is_another_destination_or_none(place in 0usize..200, byte: u8) {
            let mut encoded = full().encode().to_vec();
            let place = place % encoded.len();
            encoded[place] = byte;
            if let Some(destination) = Destination::decode(&encoded) {
                prop_assert_eq!(destination.encode().to_vec(), encoded);
            }
        }
    }
}

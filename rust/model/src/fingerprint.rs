//! What names a server: the fingerprint of its OpenPGP certificate.

use core::fmt;

use data_encoding::HEXUPPER;

/// The fingerprint of an OpenPGP certificate, shown as upper-case hex (RFC 9580, section 5.5.4).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fingerprint {
    /// Of a version 4 key: SHA-1, 40 digits.
    V4([u8; 20]),
    /// Of a version 6 key: SHA-256, 64 digits.
    V6([u8; 32]),
}

impl Fingerprint {
    /// The fingerprint's bytes: 20 or 32.
    pub const fn as_bytes(&self) -> &[u8] {
        match self {
            Self::V4(bytes) => bytes,
            Self::V6(bytes) => bytes,
        }
    }

    /// Takes 20 bytes as a version 4 fingerprint and 32 as one of version 6.
    ///
    /// # Errors
    /// [`MalformedFingerprint`] for any other number of bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, MalformedFingerprint> {
        if let Ok(bytes) = bytes.try_into() {
            Ok(Self::V4(bytes))
        } else {
            bytes.try_into().map(Self::V6).map_err(|_| MalformedFingerprint)
        }
    }

    /// Reads exactly 40 or 64 upper-case hex digits, without blanks.
    ///
    /// # Errors
    /// [`MalformedFingerprint`] for anything else.
    pub fn parse(text: &str) -> Result<Self, MalformedFingerprint> {
        let bytes = HEXUPPER.decode(text.as_bytes()).map_err(|_| MalformedFingerprint)?;
        Self::from_bytes(&bytes)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        HEXUPPER.encode_display(self.as_bytes()).fmt(formatter)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Fingerprint({self})")
    }
}

/// A text is not 40 or 64 upper-case hex digits, or bytes are not 20 or 32.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a fingerprint is 40 or 64 upper-case hex digits")]
pub struct MalformedFingerprint;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_shown_and_read_in_one_way_only() {
        for (fingerprint, text) in
            [(Fingerprint::V4([0xab; 20]), "AB".repeat(20)), (Fingerprint::V6([0xcd; 32]), "CD".repeat(32))]
        {
            assert_eq!(fingerprint.to_string(), text);
            assert_eq!(Fingerprint::parse(&text), Ok(fingerprint));
            assert_eq!(Fingerprint::from_bytes(fingerprint.as_bytes()), Ok(fingerprint));
            let (odd, short) = (format!("{text}A"), text.replacen("ABAB", "AB", 1).replacen("CDCD", "CD", 1));
            for other in ["", &odd, &short, &text.to_lowercase(), &format!("0x{short}")] {
                assert_eq!(Fingerprint::parse(other), Err(MalformedFingerprint), "{other}");
            }
        }
    }
}

//! Our entry in the contact exchange's property dictionary: what two of our devices must know of each other
//! and Bramble has no place for. Bramble devices keep it as the properties of a transport they do not know.

use std::collections::{BTreeMap, BTreeSet};

use data_encoding::HEXLOWER;
use p2psync_bramble::{AgreementPrivateKey, AgreementPublicKey, SecretKey};

/// The transport id that our properties stand under.
pub const EXTENSION_ID: &str = "org.sahana.p2psync";

/// Most versions of the link protocol that a device may name.
pub const LINK_VERSIONS_MAX: usize = 16;

/// What one of our devices tells another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// The link and the radio.
    pub offer: LinkOffer,
    /// How the sending side authenticated the receiving one.
    pub authenticated: Authenticated,
}

/// What a device's links are made from; the same for every peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkOffer {
    /// Versions of the link protocol that the device speaks: 1 to [`LINK_VERSIONS_MAX`] of them.
    pub link_versions: BTreeSet<u8>,
    /// The device's long-term X25519 key.
    pub static_key: AgreementPublicKey,
    /// The key that its radio adverts are derived from, known to its peers alone.
    pub advertising_key: SecretKey,
}

/// How a side knows that the device at the other end is the one its person means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authenticated {
    /// By a code, whichever side scanned it.
    Code,
    /// Its person said that the digits on both screens are the same.
    Digits,
    /// Not at all: its person skipped the comparison.
    Skipped,
}

impl Extension {
    /// Reads the properties under [`EXTENSION_ID`]. Names that are not known are left to later versions.
    ///
    /// # Errors
    /// [`MalformedExtension`] if a property is missing, not written as [`Self::to_properties`] writes it, or
    /// the static key is of low order (then every agreement with it is zero, whoever makes it).
    pub fn parse(properties: &BTreeMap<String, String>) -> Result<Self, MalformedExtension> {
        let property = |name| properties.get(name).ok_or(MalformedExtension(name));
        let static_key = AgreementPublicKey::from_bytes(parse_key(property(STATIC_KEY)?, STATIC_KEY)?);
        // Whether the result is zero does not depend on our key, so any will do.
        if AgreementPrivateKey::from_bytes([1; 32]).agree(&static_key).is_err() {
            return Err(MalformedExtension(STATIC_KEY));
        }
        let advertising_key = SecretKey::from_bytes(parse_key(property(ADVERTISING_KEY)?, ADVERTISING_KEY)?);
        let authenticated = match property(AUTHENTICATED)?.as_str() {
            "code" => Authenticated::Code,
            "digits" => Authenticated::Digits,
            "skipped" => Authenticated::Skipped,
            _ => return Err(MalformedExtension(AUTHENTICATED)),
        };
        let link_versions = parse_versions(property(VERSIONS)?)?;
        Ok(Self { offer: LinkOffer { link_versions, static_key, advertising_key }, authenticated })
    }

    /// The properties, all text: decimal versions in ascending order with commas between, keys in lower-case
    /// hexadecimal, and `code`, `digits` or `skipped`.
    pub fn to_properties(&self) -> BTreeMap<String, String> {
        let versions: Vec<_> = self.offer.link_versions.iter().map(u8::to_string).collect();
        let authenticated = match self.authenticated {
            Authenticated::Code => "code",
            Authenticated::Digits => "digits",
            Authenticated::Skipped => "skipped",
        };
        [
            (VERSIONS, versions.join(",")),
            (STATIC_KEY, HEXLOWER.encode(self.offer.static_key.as_bytes())),
            (ADVERTISING_KEY, HEXLOWER.encode(self.offer.advertising_key.as_bytes())),
            (AUTHENTICATED, authenticated.to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }
}

/// The other side's extension misses this property or holds nonsense there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the property {0} of the extension is missing or malformed")]
pub struct MalformedExtension(pub &'static str);

const VERSIONS: &str = "versions";
const STATIC_KEY: &str = "static_key";
const ADVERTISING_KEY: &str = "advertising_key";
const AUTHENTICATED: &str = "authenticated";

fn parse_key(text: &str, name: &'static str) -> Result<[u8; 32], MalformedExtension> {
    HEXLOWER
        .decode(text.as_bytes())
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or(MalformedExtension(name))
}

fn parse_versions(text: &str) -> Result<BTreeSet<u8>, MalformedExtension> {
    let malformed = MalformedExtension(VERSIONS);
    let mut versions = BTreeSet::new();
    for word in text.split(',') {
        let version: u8 = word.parse().map_err(|_| malformed)?;
        let is_canonical = version.to_string() == word;
        let is_ascending = versions.last().is_none_or(|last| *last < version);
        if !is_canonical || !is_ascending || versions.len() == LINK_VERSIONS_MAX {
            return Err(malformed);
        }
        versions.insert(version);
    }
    Ok(versions)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extension() -> Extension {
        let static_key = AgreementPrivateKey::from_bytes([3; 32]).public_key();
        let advertising_key = SecretKey::from_bytes([4; 32]);
        Extension {
            offer: LinkOffer { link_versions: [0, 1, 17].into(), static_key, advertising_key },
            authenticated: Authenticated::Digits,
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let properties = extension().to_properties();
        assert_eq!(properties["versions"], "0,1,17");
        assert_eq!(Extension::parse(&properties), Ok(extension()));
    }

    #[test]
    fn each_property_is_needed_and_checked() {
        let cases = [
            (VERSIONS, &["", "1,", "01", "+1", "1,0", "1,1", "256", "a", " 1"][..]),
            (STATIC_KEY, &["", "00", "zz"]),
            (ADVERTISING_KEY, &["", "00"]),
            (AUTHENTICATED, &["", "Code", "qr"]),
        ];
        for (name, values) in cases {
            let mut properties = extension().to_properties();
            properties.remove(name);
            assert_eq!(Extension::parse(&properties), Err(MalformedExtension(name)));
            for value in values {
                properties.insert(name.to_owned(), (*value).to_owned());
                assert_eq!(Extension::parse(&properties), Err(MalformedExtension(name)), "{value}");
            }
        }
        let mut properties = extension().to_properties();
        let seventeen: Vec<_> = (0..17).map(|version: u8| version.to_string()).collect();
        properties.insert(VERSIONS.to_owned(), seventeen.join(","));
        assert_eq!(Extension::parse(&properties), Err(MalformedExtension(VERSIONS)));
        properties.insert(VERSIONS.to_owned(), seventeen[..16].join(","));
        assert!(Extension::parse(&properties).is_ok());
    }

    #[test]
    fn a_static_key_of_low_order_is_refused() {
        let one = std::iter::once(1).chain([0; 31]).collect::<Vec<u8>>();
        for key in [vec![0; 32], one] {
            let mut properties = extension().to_properties();
            properties.insert(STATIC_KEY.to_owned(), HEXLOWER.encode(&key));
            assert_eq!(Extension::parse(&properties), Err(MalformedExtension(STATIC_KEY)));
        }
    }
}

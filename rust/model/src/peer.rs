//! Peers: devices that this one has paired with and keeps.

use core::fmt;

use data_encoding::HEXLOWER;
use p2psync_bramble::bdf::{self, Value};
use p2psync_bramble::{Digest, VerifyingKey, WallClock, hash};

use crate::date::{date_of, value_of};
use crate::{DATE_MS_MAX, MalformedId};

/// Longest name of a peer, in bytes of UTF-8 (BRAMBLE 1.2).
pub const PEER_NAME_BYTES_MAX: usize = 50;

/// A device's name for good: a hash of the key that it signs with, whatever it is called.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerId(Digest);

impl PeerId {
    /// The id of the device with this identity key.
    pub fn of_key(key: &VerifyingKey) -> Self {
        Self(hash(PEER_ID_LABEL, &[key.as_bytes()]))
    }

    /// Takes 32 bytes as they are.
    pub const fn from_bytes(bytes: Digest) -> Self {
        Self(bytes)
    }

    /// The id as it is kept.
    pub const fn as_bytes(&self) -> &Digest {
        &self.0
    }

    /// Reads exactly 64 lower-case hex digits.
    ///
    /// # Errors
    /// [`MalformedId`] for anything else.
    pub fn parse(text: &str) -> Result<Self, MalformedId> {
        crate::id::parse_digest(text).map(Self)
    }
}

impl fmt::Display for PeerId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        HEXLOWER.encode_display(&self.0).fmt(formatter)
    }
}

impl fmt::Debug for PeerId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PeerId({self})")
    }
}

/// How sure it was, when the two paired, that the peer is the device in front of the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Authentication {
    /// One of the persons skipped the comparison. It stays so for good.
    Unauthenticated,
    /// It knew the secret in the code that our screen showed.
    Code,
    /// We scanned its code.
    Scanned,
    /// Each side scanned the other's code.
    BothScanned,
    /// Both persons said that the digits are the same.
    Digits,
}

impl Authentication {
    const ALL: [Self; 5] =
        [Self::Unauthenticated, Self::Code, Self::Scanned, Self::BothScanned, Self::Digits];

    /// Whether people did anything at all to be sure.
    pub const fn is_authenticated(self) -> bool {
        !matches!(self, Self::Unauthenticated)
    }

    const fn number(self) -> i64 {
        match self {
            Self::Unauthenticated => 0,
            Self::Code => 1,
            Self::Scanned => 2,
            Self::BothScanned => 3,
            Self::Digits => 4,
        }
    }

    fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.number() == number)
    }
}

/// A device that this one keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    key: VerifyingKey,
    name: String,
    authentication: Authentication,
    added: WallClock,
    auto_sync: bool,
}

impl Peer {
    /// A peer by its identity key and the name it gave itself: 1 to [`PEER_NAME_BYTES_MAX`] bytes of any UTF-8.
    /// It synchronises by itself. A date after the year 9999 becomes the end of that.
    ///
    /// # Errors
    /// [`PeerNameLength`].
    pub fn new(
        key: VerifyingKey,
        name: &str,
        authentication: Authentication,
        added: WallClock,
    ) -> Result<Self, PeerNameLength> {
        let added = WallClock(added.0.min(DATE_MS_MAX));
        let peer = Self { key, name: String::new(), authentication, added, auto_sync: true };
        peer.renamed(name)
    }

    /// The same under another name.
    ///
    /// # Errors
    /// [`PeerNameLength`].
    pub fn renamed(self, name: &str) -> Result<Self, PeerNameLength> {
        if (1..=PEER_NAME_BYTES_MAX).contains(&name.len()) {
            Ok(Self { name: name.to_owned(), ..self })
        } else {
            Err(PeerNameLength { bytes: name.len() })
        }
    }

    /// The same, synchronising by itself or only when asked.
    #[must_use]
    pub fn with_auto_sync(self, auto_sync: bool) -> Self {
        Self { auto_sync, ..self }
    }

    /// Its id.
    pub fn id(&self) -> PeerId {
        PeerId::of_key(&self.key)
    }

    /// The key that it signs with.
    pub const fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// The name that people see. Any UTF-8: whoever shows it decides how to show what is not printable.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How it was authenticated.
    pub const fn authentication(&self) -> Authentication {
        self.authentication
    }

    /// When it was added, as this device believed.
    pub const fn added(&self) -> WallClock {
        self.added
    }

    /// Whether it synchronises without being asked.
    pub const fn auto_sync(&self) -> bool {
        self.auto_sync
    }

    /// A BDF list, for the store: key, name, authentication, date, whether it synchronises by itself.
    pub fn encode(&self) -> Vec<u8> {
        let items = vec![
            Value::Raw(self.key.as_bytes().to_vec()),
            Value::String(self.name.clone()),
            Value::Integer(self.authentication.number()),
            value_of(self.added),
            Value::Boolean(self.auto_sync),
        ];
        let mut encoded = Vec::new();
        bdf::write(&Value::List(items), &mut encoded);
        encoded
    }

    /// Reads what [`Self::encode`] writes; `None` for anything else.
    pub fn decode(encoded: &[u8]) -> Option<Self> {
        let value = bdf::parse(encoded).ok()?;
        let [key, name, authentication, added, Value::Boolean(auto_sync)] = value.as_list()? else {
            return None;
        };
        let key = VerifyingKey::from_bytes(key.as_raw()?.try_into().ok()?);
        let authentication = Authentication::from_number(authentication.as_integer()?)?;
        let peer = Self::new(key, name.as_str()?, authentication, date_of(added)?).ok()?;
        Some(peer.with_auto_sync(*auto_sync))
    }
}

/// A name that is empty or too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a peer's name has 1 to {PEER_NAME_BYTES_MAX} bytes, not {bytes}")]
pub struct PeerNameLength {
    /// Its length in bytes of UTF-8.
    pub bytes: usize,
}

const PEER_ID_LABEL: &str = "org.sahana.p2psync.model/PEER_ID";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn peer(name: &str) -> Result<Peer, PeerNameLength> {
        Peer::new(VerifyingKey::from_bytes([3; 32]), name, Authentication::Scanned, WallClock(8))
    }

    #[test]
    fn a_peer_is_read_back() {
        for authentication in Authentication::ALL {
            let peer = Peer { authentication, ..peer("anna").unwrap().with_auto_sync(false) };
            assert_eq!(Peer::decode(&peer.encode()), Some(peer));
        }
        let late =
            Peer::new(VerifyingKey::from_bytes([3; 32]), "x", Authentication::Code, WallClock(u64::MAX));
        let late = late.unwrap();
        assert_eq!(Peer::decode(&late.encode()), Some(late));
        assert_eq!(Peer::decode(&[]), None);
        assert!(
            !Authentication::Unauthenticated.is_authenticated() && Authentication::Code.is_authenticated()
        );
    }

    #[test]
    fn names_have_bounds() {
        assert_eq!(peer(""), Err(PeerNameLength { bytes: 0 }));
        assert_eq!(peer(&"é".repeat(26)), Err(PeerNameLength { bytes: 52 }));
        assert!(peer(&"é".repeat(25)).is_ok());
    }

    #[test]
    fn no_other_entries_are_a_peer() {
        let Value::List(good) = bdf::parse(&peer("anna").unwrap().encode()).unwrap() else {
            panic!("a list")
        };
        let text = |text: &str| Value::String(text.to_owned());
        for (place, value) in [
            (0, Value::Raw(vec![3; 31])),
            (0, Value::List(vec![Value::Raw(vec![3; 32])])),
            (1, text("")),
            (1, text(&"x".repeat(PEER_NAME_BYTES_MAX + 1))),
            (1, Value::Raw(b"\xff".to_vec())),
            (2, Value::Integer(-1)),
            (2, Value::Integer(5)),
            (3, Value::Integer(-1)),
            (3, Value::Integer(i64::MAX)),
            (4, Value::Integer(1)),
        ] {
            let mut items = good.clone();
            items[place] = value.clone();
            let mut encoded = Vec::new();
            bdf::write(&Value::List(items), &mut encoded);
            assert_eq!(Peer::decode(&encoded), None, "item {place} as {value:?}");
        }
    }

    #[test]
    fn the_id_is_the_keys_and_not_the_names() {
        let anna = peer("anna").unwrap();
        assert_eq!(anna.id(), anna.clone().renamed("berta").unwrap().id());
        assert_ne!(anna.id(), PeerId::of_key(&VerifyingKey::from_bytes([4; 32])));
        assert_eq!(PeerId::parse(&anna.id().to_string()), Ok(anna.id()));
        assert_eq!(PeerId::parse("00"), Err(MalformedId));
    }

    proptest! {
        #[test]
        fn a_changed_byte_is_another_peer_or_none(place in 0usize..60, byte: u8) {
            let mut encoded = peer("anna").unwrap().encode();
            let place = place % encoded.len();
            encoded[place] = byte;
            if let Some(peer) = Peer::decode(&encoded) {
                prop_assert_eq!(peer.encode(), encoded);
            }
        }
    }
}

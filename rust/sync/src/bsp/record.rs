//! The six records of BSP 0: what may stand in each, and their one encoding (BRAMBLE 6.2).

use p2psync_bramble::record::{self, PAYLOAD_BYTES_MAX};
use p2psync_model::{Message, MessageError, MessageId};
use rand_core::CryptoRngCore;

/// The version that stands in the header of every record.
pub const VERSION: u8 = 0;

/// Most ids in one record.
pub const RECORD_IDS_MAX: usize = PAYLOAD_BYTES_MAX / MessageId::BYTES;

/// Most versions in one record.
pub const VERSIONS_MAX: usize = 10;

/// A record within its bounds. Ids stay where they were read; a message is its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record<'a> {
    /// The sender holds these messages.
    Ack(Ids<'a>),
    /// A message.
    Message(Message),
    /// The sender has these messages to give.
    Offer(Ids<'a>),
    /// The sender wants these messages.
    Request(Ids<'a>),
    /// The versions of BSP that the sender speaks.
    Versions(Versions),
    /// What decides between two connections of one contact.
    Priority(Priority),
}

impl<'a> Record<'a> {
    /// Whether records of type `kind` mean anything. Others are skipped.
    pub const fn is_known(kind: u8) -> bool {
        kind <= PRIORITY
    }

    /// What `payload` says in a record of type `kind`; `None` for unknown types.
    ///
    /// # Errors
    /// [`Malformed`] if the payload is outside the bounds of its type.
    pub fn decode(kind: u8, payload: &'a [u8]) -> Result<Option<Self>, Malformed> {
        Ok(Some(match kind {
            ACK => Self::Ack(Ids::parse(payload)?),
            MESSAGE => Self::Message(Message::decode(payload)?),
            OFFER => Self::Offer(Ids::parse(payload)?),
            REQUEST => Self::Request(Ids::parse(payload)?),
            VERSIONS => Self::Versions(Versions::parse(payload)?),
            PRIORITY => Self::Priority(Priority::parse(payload)?),
            _ => return Ok(None),
        }))
    }

    /// Appends the whole record, header and payload.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let (kind, payload) = match self {
            Self::Ack(ids) => (ACK, ids.0.as_flattened()),
            Self::Message(message) => return write(MESSAGE, &message.encode(), out),
            Self::Offer(ids) => (OFFER, ids.0.as_flattened()),
            Self::Request(ids) => (REQUEST, ids.0.as_flattened()),
            Self::Versions(versions) => (VERSIONS, versions.0.as_slice()),
            Self::Priority(priority) => (PRIORITY, priority.0.as_slice()),
        };
        write(kind, payload, out);
    }
}

/// 1 to [`RECORD_IDS_MAX`] message ids, as they travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ids<'a>(&'a [[u8; MessageId::BYTES]]);

impl<'a> Ids<'a> {
    /// Takes ids that stand one after another.
    ///
    /// # Errors
    /// [`Malformed::Ids`] unless there are 1 to [`RECORD_IDS_MAX`] whole ones.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let (ids, rest) = bytes.as_chunks();
        if (1..=RECORD_IDS_MAX).contains(&ids.len()) && rest.is_empty() {
            Ok(Self(ids))
        } else {
            Err(Malformed::Ids { length: bytes.len() })
        }
    }

    /// The ids in their order.
    pub fn iter(self) -> impl Iterator<Item = MessageId> + use<'a> {
        self.0.iter().map(|bytes| MessageId::from_bytes(*bytes))
    }
}

/// 1 to [`VERSIONS_MAX`] versions of BSP that a side speaks, in any order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versions(Vec<u8>);

impl Versions {
    /// Bramble's own: version 0 alone.
    pub fn bramble() -> Self {
        Self(vec![VERSION])
    }

    /// Takes versions as they travel, a byte each.
    ///
    /// # Errors
    /// [`Malformed::Versions`] unless there are 1 to [`VERSIONS_MAX`].
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        if (1..=VERSIONS_MAX).contains(&bytes.len()) {
            Ok(Self(bytes.to_vec()))
        } else {
            Err(Malformed::Versions { length: bytes.len() })
        }
    }

    /// The versions as they travel.
    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }
}

/// Sixteen random bytes of who opened a connection. Of two connections between the same two devices on one
/// transport, the one with the greater bytes stays (BRAMBLE 6.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Priority([u8; Self::BYTES]);

impl Priority {
    /// Length of every priority.
    pub const BYTES: usize = 16;

    /// A fresh one.
    pub fn random(random: &mut dyn CryptoRngCore) -> Self {
        let mut bytes = [0; Self::BYTES];
        random.fill_bytes(&mut bytes);
        Self(bytes)
    }

    /// Takes bytes as they travel.
    ///
    /// # Errors
    /// [`Malformed::Priority`] unless there are [`Self::BYTES`].
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        bytes.try_into().map(Self).map_err(|_| Malformed::Priority { length: bytes.len() })
    }

    /// The bytes as they travel.
    pub const fn as_bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }
}

/// The other side sent a record outside the bounds of its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Not 1 to [`RECORD_IDS_MAX`] whole ids.
    #[error("{length} bytes are not 1 to {RECORD_IDS_MAX} message ids")]
    Ids {
        /// Length of the payload.
        length: usize,
    },
    /// Not a message.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// Not 1 to [`VERSIONS_MAX`] versions.
    #[error("{length} bytes are not 1 to {VERSIONS_MAX} versions")]
    Versions {
        /// Length of the payload.
        length: usize,
    },
    /// Not a priority.
    #[error("a priority has {} bytes, not {length}", Priority::BYTES)]
    Priority {
        /// Length of the payload.
        length: usize,
    },
}

const ACK: u8 = 0;
const MESSAGE: u8 = 1;
const OFFER: u8 = 2;
const REQUEST: u8 = 3;
const VERSIONS: u8 = 4;
const PRIORITY: u8 = 5;

fn write(kind: u8, payload: &[u8], out: &mut Vec<u8>) {
    record::write(VERSION, kind, payload, out).expect("every type's bound is below the record's");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_bounds_of_each_type() {
        let decodes = |kind, length| Record::decode(kind, &vec![0; length]).is_ok();
        for kind in [ACK, OFFER, REQUEST] {
            for (length, is_good) in
                [(0, false), (31, false), (32, true), (33, false), (49_152, true), (49_184, false)]
            {
                assert_eq!(decodes(kind, length), is_good, "{kind} {length}");
            }
        }
        for (length, is_good) in [(0, false), (40, false), (41, true), (32_808, true), (32_809, false)] {
            assert_eq!(decodes(MESSAGE, length), is_good, "{length}");
        }
        assert_eq!([0, 1, 10, 11].map(|length| decodes(VERSIONS, length)), [false, true, true, false]);
        assert_eq!([15, 16, 17].map(|length| decodes(PRIORITY, length)), [false, true, false]);
        assert_eq!(Record::decode(6, &[]), Ok(None));
    }

    #[test]
    fn priorities_compare_as_unsigned_bytes() {
        let priority = |first| Priority::parse(&[&[first][..], &[0; 15]].concat()).unwrap();
        assert!(priority(0x80) > priority(0x7f));
    }

    proptest! {
        #[test]
        fn what_decodes_has_one_encoding(kind in 0..7_u8, payload in proptest::collection::vec(any::<u8>(), 0..100)) {
            if let Ok(Some(record)) = Record::decode(kind, &payload) {
                let mut encoded = Vec::new();
                record.encode(&mut encoded);
                let (read, taken) = record::read(&encoded).unwrap().unwrap();
                prop_assert_eq!((read.version, read.kind, read.payload, taken), (0, kind, &payload[..], encoded.len()));
            }
        }
    }
}

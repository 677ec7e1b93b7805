//! Messages as Bramble synchronises them: a group, a timestamp, a body, and the id that all three give
//! (BRAMBLE 6.1).

use p2psync_bramble::{Digest, hash};

use crate::id::FORMAT_VERSION;
use crate::{GroupId, MessageId};

/// Longest body of a message.
pub const MESSAGE_BODY_BYTES_MAX: usize = 32_768;

/// Length of what stands before the body: group id and timestamp.
pub const MESSAGE_HEADER_BYTES: usize = GroupId::BYTES + 8;

/// Longest message.
pub const MESSAGE_BYTES_MAX: usize = MESSAGE_HEADER_BYTES + MESSAGE_BODY_BYTES_MAX;

/// A message within Bramble's bounds. What the body means, [`crate::Body`] says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    group: GroupId,
    timestamp_ms: u64,
    body: Vec<u8>,
}

impl Message {
    /// A message of `group`, with a timestamp in milliseconds since 1970.
    ///
    /// # Errors
    /// [`MessageError`] unless the body has 1 to [`MESSAGE_BODY_BYTES_MAX`] bytes and the timestamp is at most
    /// `i64::MAX`.
    pub fn new(group: GroupId, timestamp_ms: u64, body: Vec<u8>) -> Result<Self, MessageError> {
        if !(1..=MESSAGE_BODY_BYTES_MAX).contains(&body.len()) {
            return Err(MessageError::Body { length: body.len() });
        }
        if i64::try_from(timestamp_ms).is_err() {
            return Err(MessageError::Timestamp);
        }
        Ok(Self { group, timestamp_ms, body })
    }

    /// The group it belongs to.
    pub const fn group(&self) -> GroupId {
        self.group
    }

    /// Milliseconds since 1970, at most `i64::MAX`; as its author believed, or 0 where time has no meaning.
    pub const fn timestamp_ms(&self) -> u64 {
        self.timestamp_ms
    }

    /// The body, 1 to [`MESSAGE_BODY_BYTES_MAX`] bytes.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The body, without a copy.
    pub fn into_body(self) -> Vec<u8> {
        self.body
    }

    /// The hash of the body alone, which the id is made of.
    pub fn root_hash(&self) -> Digest {
        hash(BLOCK_LABEL, &[&[FORMAT_VERSION], &self.body])
    }

    /// The id: a hash of group, timestamp and [`Self::root_hash`].
    pub fn id(&self) -> MessageId {
        let timestamp = self.timestamp_ms.to_be_bytes();
        let inputs: [&[u8]; 4] = [&[FORMAT_VERSION], self.group.as_bytes(), &timestamp, &self.root_hash()];
        MessageId::from_bytes(hash(MESSAGE_LABEL, &inputs))
    }

    /// Group id, u64 timestamp, body.
    pub fn encode(&self) -> Vec<u8> {
        let mut encoded = Vec::with_capacity(MESSAGE_HEADER_BYTES + self.body.len());
        encoded.extend_from_slice(self.group.as_bytes());
        encoded.extend_from_slice(&self.timestamp_ms.to_be_bytes());
        encoded.extend_from_slice(&self.body);
        encoded
    }

    /// Reads what [`Self::encode`] writes.
    ///
    /// # Errors
    /// [`MessageError`] for anything else.
    pub fn decode(encoded: &[u8]) -> Result<Self, MessageError> {
        let parts = encoded.split_first_chunk().and_then(|(group, rest)| {
            let (timestamp, body) = rest.split_first_chunk()?;
            Some((GroupId::from_bytes(*group), u64::from_be_bytes(*timestamp), body))
        });
        let (group, timestamp_ms, body) = parts.ok_or(MessageError::EndsEarly { length: encoded.len() })?;
        if body.len() > MESSAGE_BODY_BYTES_MAX {
            return Err(MessageError::Body { length: body.len() });
        }
        Self::new(group, timestamp_ms, body.to_vec())
    }
}

/// A message outside Bramble's bounds: by the peer that sent it, or by the caller that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// Shorter than group id and timestamp.
    #[error("a message has more than {MESSAGE_HEADER_BYTES} bytes, not {length}")]
    EndsEarly {
        /// Its length.
        length: usize,
    },
    /// An empty body, or one over the limit.
    #[error("a message body has 1 to {MESSAGE_BODY_BYTES_MAX} bytes, not {length}")]
    Body {
        /// Its length.
        length: usize,
    },
    /// A timestamp that is negative when read as Java reads it.
    #[error("the timestamp of a message is negative")]
    Timestamp,
}

const MESSAGE_LABEL: &str = "org.briarproject.bramble/MESSAGE_ID";
const BLOCK_LABEL: &str = "org.briarproject.bramble/MESSAGE_BLOCK";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bounds_are_kept() {
        let new = |timestamp, length| Message::new(GroupId::from_bytes([1; 32]), timestamp, vec![0; length]);
        assert_eq!(new(0, 0), Err(MessageError::Body { length: 0 }));
        assert_eq!(new(0, 32_769), Err(MessageError::Body { length: 32_769 }));
        assert_eq!(new(1 << 63, 1), Err(MessageError::Timestamp));
        assert_eq!(new((1 << 63) - 1, 32_768).unwrap().encode().len(), MESSAGE_BYTES_MAX);
    }

    #[test]
    fn the_id_depends_on_every_part() {
        let message = |group, timestamp, body: &[u8]| {
            Message::new(GroupId::from_bytes([group; 32]), timestamp, body.to_vec()).unwrap().id()
        };
        let ids = [message(1, 1, b"1"), message(2, 1, b"1"), message(1, 2, b"1"), message(1, 1, b"2")];
        assert_eq!(ids.into_iter().collect::<std::collections::BTreeSet<_>>().len(), 4);
    }

    proptest! {
        #[test]
        fn what_decodes_has_one_encoding(encoded in proptest::collection::vec(any::<u8>(), 30..60)) {
            if let Ok(message) = Message::decode(&encoded) {
                prop_assert_eq!(message.encode(), encoded);
            }
        }
    }
}

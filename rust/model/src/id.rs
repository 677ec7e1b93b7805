//! Identifiers: 32-byte hashes that people see as 64 lower-case hex digits (BRAMBLE 6.1).

use core::fmt;

use data_encoding::HEXLOWER;
use p2psync_bramble::{Digest, hash};

/// Longest client id, in bytes of UTF-8.
pub const CLIENT_ID_BYTES_MAX: usize = 100;

/// Longest group descriptor.
pub const DESCRIPTOR_BYTES_MAX: usize = 16_384;

/// The client id of all groups of ours; see [`GroupId::of_deployment`].
pub const CLIENT_ID: &str = "org.sahana.p2psync";

/// The major version of our groups.
pub const MAJOR_VERSION: u32 = 0;

/// The group that a message belongs to. A deployment is one group: messages of another are not taken.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupId(Digest);

impl GroupId {
    /// Length of every group id.
    pub const BYTES: usize = 32;

    /// The group of the deployment that calls itself `deployment`, by any bytes.
    ///
    /// # Errors
    /// [`GroupError::Descriptor`] if `deployment` is over [`DESCRIPTOR_BYTES_MAX`].
    pub fn of_deployment(deployment: &[u8]) -> Result<Self, GroupError> {
        group_id(CLIENT_ID, MAJOR_VERSION, deployment)
    }

    /// Takes 32 bytes as they are.
    pub const fn from_bytes(bytes: Digest) -> Self {
        Self(bytes)
    }

    /// The id as it travels.
    pub const fn as_bytes(&self) -> &Digest {
        &self.0
    }

    /// Reads exactly 64 lower-case hex digits.
    ///
    /// # Errors
    /// [`MalformedId`] for anything else.
    pub fn parse(text: &str) -> Result<Self, MalformedId> {
        parse_digest(text).map(Self)
    }
}

/// The id of a message. Who has the id can check every byte of the message.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(Digest);

/// The id of a document is that of the message that describes it: one id everywhere, from the app to the server.
pub type DocumentId = MessageId;

/// The id of a chunk is that of the message that carries it.
pub type ChunkId = MessageId;

impl MessageId {
    /// Length of every message id.
    pub const BYTES: usize = 32;

    /// Takes 32 bytes as they are.
    pub const fn from_bytes(bytes: Digest) -> Self {
        Self(bytes)
    }

    /// The id as it travels.
    pub const fn as_bytes(&self) -> &Digest {
        &self.0
    }

    /// Reads exactly 64 lower-case hex digits.
    ///
    /// # Errors
    /// [`MalformedId`] for anything else.
    pub fn parse(text: &str) -> Result<Self, MalformedId> {
        parse_digest(text).map(Self)
    }
}

impl fmt::Display for GroupId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        HEXLOWER.encode_display(&self.0).fmt(formatter)
    }
}

impl fmt::Debug for GroupId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "GroupId({self})")
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        HEXLOWER.encode_display(&self.0).fmt(formatter)
    }
}

impl fmt::Debug for MessageId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "MessageId({self})")
    }
}

/// The id of a group: of the client that defines its messages, that client's major version, and the descriptor
/// that tells this group from its others (BRAMBLE 6.1).
///
/// # Errors
/// [`GroupError`] if a part is outside Bramble's bounds.
pub fn group_id(client_id: &str, major_version: u32, descriptor: &[u8]) -> Result<GroupId, GroupError> {
    if !(1..=CLIENT_ID_BYTES_MAX).contains(&client_id.len()) {
        return Err(GroupError::ClientId { length: client_id.len() });
    }
    if i32::try_from(major_version).is_err() {
        return Err(GroupError::MajorVersion { major_version });
    }
    if descriptor.len() > DESCRIPTOR_BYTES_MAX {
        return Err(GroupError::Descriptor { length: descriptor.len() });
    }
    let version = major_version.to_be_bytes();
    Ok(GroupId(hash(GROUP_LABEL, &[&[FORMAT_VERSION], client_id.as_bytes(), &version, descriptor])))
}

/// The caller named no group of Bramble's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GroupError {
    /// The client id is empty or too long.
    #[error("a client id has 1 to {CLIENT_ID_BYTES_MAX} bytes, not {length}")]
    ClientId {
        /// Its length in bytes.
        length: usize,
    },
    /// The major version is not a positive 32-bit number.
    #[error("{major_version} is no major version")]
    MajorVersion {
        /// What was given.
        major_version: u32,
    },
    /// The descriptor is too long.
    #[error("a group descriptor has at most {DESCRIPTOR_BYTES_MAX} bytes, not {length}")]
    Descriptor {
        /// Its length in bytes.
        length: usize,
    },
}

/// A text is not 64 lower-case hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an id is 64 lower-case hex digits")]
pub struct MalformedId;

/// The first byte of every hash of BSP.
pub(crate) const FORMAT_VERSION: u8 = 1;

const GROUP_LABEL: &str = "org.briarproject.bramble/GROUP_ID";

pub(crate) fn parse_digest(text: &str) -> Result<Digest, MalformedId> {
    let bytes = HEXLOWER.decode(text.as_bytes()).map_err(|_| MalformedId)?;
    bytes.try_into().map_err(|_| MalformedId)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_shown_and_read_in_one_way_only() {
        let id = MessageId::from_bytes([0xab; 32]);
        let text = "ab".repeat(32);
        assert_eq!(id.to_string(), text);
        assert_eq!(MessageId::parse(&text), Ok(id));
        assert_eq!(GroupId::parse(&text), Ok(GroupId::from_bytes([0xab; 32])));
        let longer = format!("{text}ab");
        let (odd, short) = ("a".repeat(63), "ab".repeat(31));
        let (capital, blank) = (text.to_uppercase(), format!(" {odd}"));
        for other in ["", &odd, &short, &longer, &capital, &blank, &"g".repeat(64), &"é".repeat(32)] {
            assert_eq!(MessageId::parse(other), Err(MalformedId), "{other}");
        }
    }

    #[test]
    fn deployments_are_different_groups() {
        let ours = GroupId::of_deployment(b"one").unwrap();
        assert_ne!(ours, GroupId::of_deployment(b"two").unwrap());
        assert_eq!(ours, group_id("org.sahana.p2psync", 0, b"one").unwrap());
        assert_eq!(
            GroupId::of_deployment(&vec![0; DESCRIPTOR_BYTES_MAX + 1]),
            Err(GroupError::Descriptor { length: 16_385 })
        );
    }
}

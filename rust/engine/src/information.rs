//! What apps are told of a document without its content.

use p2psync_bramble::WallClock;
use p2psync_model::{Attachment, DocumentId, Header, Metadata};
use p2psync_store::State;

use crate::Error;
use crate::description::{Description, Sealing};

/// Where a document is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It was made on this device.
    Own,
    /// A peer brought it.
    Peer,
}

/// A document, as far as this device knows it.
#[derive(Clone, Debug, PartialEq)]
pub struct DocumentInfo {
    /// Its id.
    pub id: DocumentId,
    /// Where it is from.
    pub origin: Origin,
    /// Length of its body; of its content where the body's is not known.
    pub size_bytes: u64,
    /// When it was made, as its device believed.
    pub created: WallClock,
    /// When this device got it, as it believed.
    pub received: WallClock,
    /// Whether only the destination can read it.
    pub sealed: bool,
    /// Whether it was sealed to a key that had expired.
    pub sealed_to_expired: bool,
    /// Whether peers are offered it.
    pub shared: bool,
    /// How far it has come.
    pub state: State,
    /// Peers that are known to hold it.
    pub copies: u32,
    /// What it says of itself. `None` for others' sealed documents; of its own sealed ones, a device remembers it.
    pub header: Option<Header>,
}

impl DocumentInfo {
    pub(crate) fn of(stored: &p2psync_store::DocumentInfo) -> Result<Self, Error> {
        let described =
            Description::decode(&stored.info).ok_or(Error::Damaged("a document's description"))?;
        let Description { sealing, header, body_bytes } = described;
        let made = WallClock(stored.timestamp_ms);
        Ok(Self {
            id: stored.id,
            origin: if stored.brought_by.is_none() { Origin::Own } else { Origin::Peer },
            size_bytes: body_bytes.unwrap_or(stored.content_bytes),
            created: header.as_ref().map_or(made, Header::created),
            received: stored.received,
            sealed: sealing != Sealing::Open,
            sealed_to_expired: sealing == Sealing::SealedToExpired,
            shared: stored.shared,
            state: stored.state,
            copies: stored.copies,
            header,
        })
    }

    /// Media type of the body; of the content, which is OpenPGP's, where the body's is not known.
    pub fn content_type(&self) -> &str {
        self.header.as_ref().map_or("application/pgp-encrypted", Header::content_type)
    }

    /// The person it is from, if the app said so.
    pub fn author(&self) -> Option<&str> {
        self.header.as_ref().and_then(Header::author)
    }

    /// The app's own values, if they can be read.
    pub fn metadata(&self) -> Option<&Metadata> {
        self.header.as_ref().map(Header::metadata)
    }

    /// Other documents that belong to it, if they can be read.
    pub fn attachments(&self) -> Option<&[Attachment]> {
        self.header.as_ref().map(Header::attachments)
    }
}

//! The kinds of message in a deployment's group: the first byte of a body says which, the rest is that kind's.

use crate::{
    Chunk, ChunkLength, Document, GroupId, MalformedDocument, MalformedSigned, Message, SignedNotice,
    SignedReceipt,
};

/// Longest certificate update or statement: they travel in one message. A certificate that is larger when stripped
/// of other people's signatures reaches devices by their configuration only.
pub const OPAQUE_BYTES_MAX: usize = crate::CHUNK_BYTES_MAX;

/// What a message is; the number is the first byte of its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// A document: what it is like, and its content or where that is.
    Document = 0,
    /// A piece of a document. Asked for by id, never offered.
    Chunk = 1,
    /// A signed receipt.
    Receipt = 2,
    /// A signed notice: documents that the server did not take.
    Notice = 3,
    /// A newer state of the destination's OpenPGP certificate.
    CertificateUpdate = 4,
    /// A statement of the destination about itself.
    Statement = 5,
}

impl Kind {
    /// The kind of a message, without reading further.
    ///
    /// # Errors
    /// [`MalformedBody::UnknownKind`] if the first byte is none of the six.
    pub fn of(message: &Message) -> Result<Self, MalformedBody> {
        match message.body().first() {
            Some(0) => Ok(Self::Document),
            Some(1) => Ok(Self::Chunk),
            Some(2) => Ok(Self::Receipt),
            Some(3) => Ok(Self::Notice),
            Some(4) => Ok(Self::CertificateUpdate),
            Some(5) => Ok(Self::Statement),
            kind => Err(MalformedBody::UnknownKind { kind: kind.copied().unwrap_or(u8::MAX) }),
        }
    }
}

/// What a message says. Nothing signed in it has been verified.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// See [`Kind::Document`]. The message's timestamp is when it was made.
    Document(Document),
    /// See [`Kind::Chunk`].
    Chunk(Chunk),
    /// See [`Kind::Receipt`].
    Receipt(SignedReceipt),
    /// See [`Kind::Notice`].
    Notice(SignedNotice),
    /// See [`Kind::CertificateUpdate`].
    CertificateUpdate(Opaque),
    /// See [`Kind::Statement`].
    Statement(Opaque),
}

impl Body {
    /// Reads the body of a message and checks its timestamp: free (up to the year 9999) for a document, the time
    /// signed for receipts and notices, 0 for all others. So the same body is the same message.
    ///
    /// # Errors
    /// [`MalformedBody`].
    pub fn decode(message: &Message) -> Result<Self, MalformedBody> {
        let kind = Kind::of(message)?;
        let (_, rest) = message.body().split_first().expect("a message body has at least one byte");
        let body = match kind {
            Kind::Document => {
                let document = Document::decode(rest)?;
                return if message.timestamp_ms() <= crate::DATE_MS_MAX {
                    Ok(Self::Document(document))
                } else {
                    Err(MalformedBody::Timestamp)
                };
            }
            Kind::Chunk => Self::Chunk(Chunk::new(rest.to_vec())?),
            Kind::Receipt => Self::Receipt(SignedReceipt::decode(rest)?),
            Kind::Notice => Self::Notice(SignedNotice::decode(rest)?),
            Kind::CertificateUpdate => Self::CertificateUpdate(Opaque::new(rest.to_vec())?),
            Kind::Statement => Self::Statement(Opaque::new(rest.to_vec())?),
        };
        if body.fixed_timestamp_ms() == Some(message.timestamp_ms()) {
            Ok(body)
        } else {
            Err(MalformedBody::Timestamp)
        }
    }

    /// The message in `group` that says this; `None` for a document, whose time [`Document::to_message`] must be
    /// told.
    pub fn to_message(&self, group: GroupId) -> Option<Message> {
        let (kind, rest) = match self {
            Self::Document(_) => return None,
            Self::Chunk(chunk) => return Some(chunk.to_message(group)),
            Self::Receipt(receipt) => (Kind::Receipt, receipt.encode()),
            Self::Notice(notice) => (Kind::Notice, notice.encode()),
            Self::CertificateUpdate(opaque) => (Kind::CertificateUpdate, opaque.0.clone()),
            Self::Statement(opaque) => (Kind::Statement, opaque.0.clone()),
        };
        let body = [&[kind as u8], rest.as_slice()].concat();
        let message = Message::new(group, self.fixed_timestamp_ms()?, body);
        Some(message.expect("the longest body of every kind fits in a message"))
    }

    fn fixed_timestamp_ms(&self) -> Option<u64> {
        match self {
            Self::Document(_) => None,
            Self::Receipt(receipt) => Some(receipt.body().time() * 1000),
            Self::Notice(notice) => Some(notice.body().time() * 1000),
            Self::Chunk(_) | Self::CertificateUpdate(_) | Self::Statement(_) => Some(0),
        }
    }
}

/// Bytes that are for OpenPGP to judge: 1 to [`OPAQUE_BYTES_MAX`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opaque(Vec<u8>);

impl Opaque {
    /// Takes the bytes.
    ///
    /// # Errors
    /// [`OpaqueLength`] unless there are 1 to [`OPAQUE_BYTES_MAX`].
    pub fn new(bytes: Vec<u8>) -> Result<Self, OpaqueLength> {
        if (1..=OPAQUE_BYTES_MAX).contains(&bytes.len()) {
            Ok(Self(bytes))
        } else {
            Err(OpaqueLength { length: bytes.len() })
        }
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Bytes for OpenPGP that are none, or too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a certificate update or statement has 1 to {OPAQUE_BYTES_MAX} bytes, not {length}")]
pub struct OpaqueLength {
    /// Their number.
    pub length: usize,
}

/// Why a message says nothing that this device understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedBody {
    /// A kind that this device does not know; who made it is newer.
    #[error("message kind {kind} is unknown to this device")]
    UnknownKind {
        /// The first byte.
        kind: u8,
    },
    /// A malformed document.
    #[error(transparent)]
    Document(#[from] MalformedDocument),
    /// A malformed receipt or notice.
    #[error(transparent)]
    Signed(#[from] MalformedSigned),
    /// An empty chunk.
    #[error(transparent)]
    Chunk(#[from] ChunkLength),
    /// An empty update or statement.
    #[error(transparent)]
    Opaque(#[from] OpaqueLength),
    /// A timestamp that this kind or this body does not have.
    #[error("the message's timestamp is not that of its body")]
    Timestamp,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        DocumentId, Fingerprint, NOTICE_ENTRIES_MAX, Notice, NoticeEntry, REASON_BYTES_MAX, Receipt,
        Rejection, SIGNATURE_BYTES_MAX, SIGNED_TIME_SECONDS_MAX, Signed,
    };

    const GROUP: GroupId = GroupId::from_bytes([3; 32]);

    fn ids(count: usize) -> impl Iterator<Item = DocumentId> {
        (0..count).map(|number| DocumentId::from_bytes([u8::try_from(number).unwrap(); 32]))
    }

    fn largest() -> Vec<Body> {
        let server = Fingerprint::V6([1; 32]);
        let entry = |id| NoticeEntry::new(id, Rejection::Refused, "x".repeat(REASON_BYTES_MAX)).unwrap();
        let entries = ids(NOTICE_ENTRIES_MAX).map(entry).collect();
        let time = SIGNED_TIME_SECONDS_MAX;
        let signature = vec![9; SIGNATURE_BYTES_MAX];
        let receipt = Receipt::new(server, u32::MAX, time, ids(256).collect()).unwrap();
        let notice = Notice::new(server, u32::MAX, time, entries).unwrap();
        let opaque = Opaque::new(vec![1; OPAQUE_BYTES_MAX]).unwrap();
        vec![
            Body::Chunk(Chunk::new(vec![1; OPAQUE_BYTES_MAX]).unwrap()),
            Body::Receipt(Signed::new(receipt, signature.clone()).unwrap()),
            Body::Notice(Signed::new(notice, signature).unwrap()),
            Body::CertificateUpdate(opaque.clone()),
            Body::Statement(opaque),
        ]
    }

    #[test]
    fn the_longest_of_each_kind_fits_and_is_read_back() {
        for (kind, body) in (1..).zip(largest()) {
            let message = body.to_message(GROUP).unwrap();
            assert_eq!(message.body()[0], kind);
            assert_eq!(Body::decode(&message), Ok(body));
        }
    }

    #[test]
    fn another_timestamp_is_refused() {
        for body in largest() {
            let message = body.to_message(GROUP).unwrap();
            let later = Message::new(GROUP, message.timestamp_ms() + 1, message.body().to_vec()).unwrap();
            assert_eq!(Body::decode(&later), Err(MalformedBody::Timestamp));
        }
    }

    #[test]
    fn empty_and_unknown_bodies_are_refused() {
        let decode = |body: &[u8]| Body::decode(&Message::new(GROUP, 0, body.to_vec()).unwrap());
        assert_eq!(decode(&[1]), Err(MalformedBody::Chunk(ChunkLength { length: 0 })));
        for kind in [4, 5] {
            assert_eq!(decode(&[kind]), Err(MalformedBody::Opaque(OpaqueLength { length: 0 })));
        }
        let length = OPAQUE_BYTES_MAX + 1;
        assert_eq!(Opaque::new(vec![0; length]), Err(OpaqueLength { length }));
        for kind in [0, 2, 3] {
            assert!(decode(&[kind]).is_err());
        }
        for kind in 6..=255 {
            assert_eq!(decode(&[kind, 1]), Err(MalformedBody::UnknownKind { kind }));
        }
    }

    proptest! {
        #[test]
        fn what_decodes_has_one_message(body in proptest::collection::vec(any::<u8>(), 1..80), kind in 0u8..6) {
            let message = Message::new(GROUP, 0, [vec![kind], body].concat()).unwrap();
            if let Ok(body) = Body::decode(&message)
                && let Some(again) = body.to_message(GROUP)
            {
                prop_assert_eq!(again, message);
            }
        }
    }
}

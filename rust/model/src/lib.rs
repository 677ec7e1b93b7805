//! The nouns: what devices hold, pass on and confirm.
//!
//! Pure data with one encoding each: a value of these types is within its bounds, and what a decoder takes it would
//! have written itself. No input or output, no clock, no randomness of its own: they are arguments.
//! `docs/protocol/document.md` is the specification.
//!
//! Everything that travels is a [`Message`]; its [`Body`] is of one of six kinds. A [`Document`] is its attributes
//! and its content; [`ContentWriter`], [`ContentReader`] and [`ContentStream`] know what is in the content, [`Chunker`]
//! and [`Assembly`] how it is cut into [`Chunk`]s and put together. A server answers with a [`Receipt`] or a
//! [`Notice`].

mod answer;
mod assembly;
mod attributes;
mod body;
mod chunk;
mod chunker;
mod content;
mod date;
mod destination;
mod document;
mod fingerprint;
mod header;
mod heading;
mod id;
mod limits;
mod lines;
mod message;
mod metadata;
mod notice;
mod peer;
mod policy;
mod printable;
mod receipt;
mod signed;
mod url;

pub use answer::{Answer, AnswerEntry, AnswerError};
pub use assembly::{ASSEMBLY_BYTES_MAX, Accepted, Assembly, AssemblyError, is_chunk};
pub use attributes::{Attributes, PARENTS_MAX, Parents, ParentsError, Priority, Protection, SALT_BYTES};
pub use body::{Body, Kind, MalformedBody, OPAQUE_BYTES_MAX, Opaque, OpaqueLength};
pub use chunk::{CHUNK_BYTES_MAX, Chunk, ChunkLength, INDEX_IDS_MAX};
pub use chunker::{CHUNKER_BYTES_MAX, Chunker, ContentTooLong, Finished};
pub use content::{
    ContentError, ContentReader, ContentStream, ContentStreamError, ContentWriter, Duplicates, PREFIX_BYTES,
    Part, TRAILER_BYTES,
};
pub use date::DATE_MS_MAX;
pub use destination::{
    CERTIFICATE_BYTES_MAX, Destination, DestinationError, TLS_PINS_MAX, TOKEN_BYTES_MAX, TlsPin, Token,
};
pub use document::{
    DOCUMENT_BYTES_MAX, Document, INDEX_CHUNKS_MAX, INLINE_BYTES_MAX, LISTED_CHUNKS_MAX, MalformedDocument,
    Place, chunks_of,
};
pub use fingerprint::{Fingerprint, MalformedFingerprint};
pub use header::{ATTACHMENTS_MAX, AUTHOR_BYTES_MAX, Attachment, HEADER_BYTES_MAX, Header, MalformedHeader};
pub use heading::SIGNED_TIME_SECONDS_MAX;
pub use id::{
    CLIENT_ID, CLIENT_ID_BYTES_MAX, ChunkId, DESCRIPTOR_BYTES_MAX, DocumentId, GroupError, GroupId,
    MAJOR_VERSION, MalformedId, MessageId, group_id,
};
pub use limits::{Limits, LimitsError, OWN_SHARE_PERCENT_MIN};
pub use lines::{MalformedText, SignedLines};
pub use message::{MESSAGE_BODY_BYTES_MAX, MESSAGE_BYTES_MAX, MESSAGE_HEADER_BYTES, Message, MessageError};
pub use metadata::{METADATA_BYTES_MAX, Metadata, MetadataError};
pub use notice::{
    NOTICE_BINARY_BYTES_MAX, NOTICE_ENTRIES_MAX, NOTICE_TEXT_BYTES_MAX, Notice, NoticeEntry,
    REASON_BYTES_MAX, ReasonError, Rejection, SignedNotice,
};
pub use peer::{Authentication, PEER_NAME_BYTES_MAX, Peer, PeerId, PeerNameLength};
pub use policy::{MeteredDelivery, Policy, PolicyError, Sealing};
pub use printable::{CONTENT_TYPE_BYTES_MAX, FILE_NAME_BYTES_MAX};
pub use receipt::{
    RECEIPT_BINARY_BYTES_MAX, RECEIPT_IDS_MAX, RECEIPT_TEXT_BYTES_MAX, Receipt, SignedReceipt,
};
pub use signed::{MalformedSigned, SIGNATURE_BYTES_MAX, SignatureLength, Signed, SignedBody};
pub use url::{HttpsUrl, URL_BYTES_MAX, UrlError};

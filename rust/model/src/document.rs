//! Documents as they travel: what relays may know of them, and the content or the ids of the chunks that hold it.

use p2psync_bramble::WallClock;
use p2psync_bramble::bdf::{self, Value};

use crate::chunk::{concatenated, separated};
use crate::date::{date_of, value_of};
use crate::{
    Attributes, CHUNK_BYTES_MAX, ChunkId, DATE_MS_MAX, Fingerprint, GroupId, INDEX_IDS_MAX, Kind, Message,
    Parents, Priority, Protection,
};

/// Largest content of a document, and the reason for every bound on chunks: 1 GiB. A deployment's own limit is
/// lower ([`crate::Limits`]).
pub const DOCUMENT_BYTES_MAX: u64 = 1 << 30;

/// Content up to this length stands in the document itself; more never does.
pub const INLINE_BYTES_MAX: usize = 32_000;

/// Up to this many chunks are listed in the document itself; more are listed in index chunks.
pub const LISTED_CHUNKS_MAX: usize = 1000;

/// Most index chunks of a document.
pub const INDEX_CHUNKS_MAX: usize = chunks_of(DOCUMENT_BYTES_MAX).div_ceil(INDEX_IDS_MAX);

/// Number of chunks that content of `size_bytes` is cut into; meaningless for content that stands inline.
pub const fn chunks_of(size_bytes: u64) -> usize {
    // At most 32,770 for every size that a document may have, so nothing is cut off on any machine.
    #[allow(clippy::cast_possible_truncation, reason = "see above; sizes are checked before")]
    let chunks = size_bytes.div_ceil(CHUNK_BYTES_MAX as u64) as usize;
    chunks
}

/// Where the content is. Its size decides which of the three it is, so each document has one form only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Here; 1 to [`INLINE_BYTES_MAX`] bytes.
    Inline(Vec<u8>),
    /// In these chunks, in order; at most [`LISTED_CHUNKS_MAX`].
    Listed(Vec<ChunkId>),
    /// In the chunks that these index chunks list, in order; each lists [`INDEX_IDS_MAX`], the last the rest.
    Indexed(Vec<ChunkId>),
}

/// An immutable document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    attributes: Attributes,
    size_bytes: u64,
    place: Place,
}

impl Document {
    /// A document of content that is `size_bytes` long and stands at `place`.
    ///
    /// # Errors
    /// [`MalformedDocument::Size`] for no content or more than [`DOCUMENT_BYTES_MAX`];
    /// [`MalformedDocument::Expiry`] for one after the year 9999;
    /// [`MalformedDocument::Place`] if the size asks for another form or another number of chunks, or makes one chunk
    /// both full and the rest.
    pub fn new(attributes: Attributes, size_bytes: u64, place: Place) -> Result<Self, MalformedDocument> {
        if !(1..=DOCUMENT_BYTES_MAX).contains(&size_bytes) {
            return Err(MalformedDocument::Size);
        }
        if attributes.expires.is_some_and(|date| date.0 > DATE_MS_MAX) {
            return Err(MalformedDocument::Expiry);
        }
        let chunks = chunks_of(size_bytes);
        let is_inline = size_bytes <= INLINE_BYTES_MAX as u64;
        let fits = match &place {
            Place::Inline(content) => is_inline && content.len() as u64 == size_bytes,
            Place::Listed(ids) => {
                !is_inline
                    && chunks <= LISTED_CHUNKS_MAX
                    && ids.len() == chunks
                    && last_may_differ(ids, size_bytes.is_multiple_of(CHUNK_BYTES_MAX as u64))
            }
            Place::Indexed(ids) => {
                chunks > LISTED_CHUNKS_MAX
                    && ids.len() == chunks.div_ceil(INDEX_IDS_MAX)
                    && last_may_differ(ids, chunks.is_multiple_of(INDEX_IDS_MAX))
            }
        };
        if fits { Ok(Self { attributes, size_bytes, place }) } else { Err(MalformedDocument::Place) }
    }

    /// What relays may know.
    pub const fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    /// Length of the content: of the sealed form, if it is sealed.
    pub const fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Where the content is.
    pub const fn place(&self) -> &Place {
        &self.place
    }

    /// The message in `group` that carries the document; its id is the document's.
    ///
    /// # Errors
    /// [`MalformedDocument::Made`] if `made` is after the year 9999.
    pub fn to_message(&self, group: GroupId, made: WallClock) -> Result<Message, MalformedDocument> {
        if made.0 > DATE_MS_MAX {
            return Err(MalformedDocument::Made);
        }
        let body = [&[Kind::Document as u8], self.encode().as_slice()].concat();
        Ok(Message::new(group, made.0, body).expect("every document fits in a message"))
    }

    /// The body after the byte for the kind: a BDF list, defined in `docs/protocol/document.md`.
    pub fn encode(&self) -> Vec<u8> {
        let Attributes { protection, priority, expires, parents } = &self.attributes;
        let (protection, of_protection) = match protection {
            Protection::Open { salt } => (OPEN, salt.as_slice()),
            Protection::Sealed { destination } => (SEALED, destination.as_bytes()),
        };
        let (place, at_place) = match &self.place {
            Place::Inline(content) => (INLINE, content.clone()),
            Place::Listed(ids) => (LISTED, concatenated(ids)),
            Place::Indexed(ids) => (INDEXED, concatenated(ids)),
        };
        let size_bytes = i64::try_from(self.size_bytes).expect("a document has at most 1 GiB");
        let items = vec![
            Value::Integer(VERSION),
            Value::Integer(protection),
            Value::Raw(of_protection.to_vec()),
            Value::Integer(priority.number()),
            expires.map_or(Value::Null, value_of),
            Value::Raw(concatenated(parents.ids())),
            Value::Integer(size_bytes),
            Value::Integer(place),
            Value::Raw(at_place),
        ];
        let mut encoded = Vec::new();
        bdf::write(&Value::List(items), &mut encoded);
        encoded
    }

    /// Reads what [`Self::encode`] writes.
    ///
    /// # Errors
    /// [`MalformedDocument`] for anything else.
    pub fn decode(encoded: &[u8]) -> Result<Self, MalformedDocument> {
        let value = bdf::parse(encoded)?;
        let items = value.as_list().ok_or(MalformedDocument::Form)?;
        match items.first().and_then(Value::as_integer).ok_or(MalformedDocument::Form)? {
            VERSION => {}
            version if version > VERSION => return Err(MalformedDocument::TooNew { version }),
            _ => return Err(MalformedDocument::Form),
        }
        let [_, protection, of_protection, priority, expires, parents, size_bytes, place, at_place] = items
        else {
            return Err(MalformedDocument::Form);
        };
        let attributes = Attributes {
            protection: decode_protection(protection, of_protection).ok_or(MalformedDocument::Protection)?,
            priority: priority
                .as_integer()
                .and_then(Priority::from_number)
                .ok_or(MalformedDocument::Priority)?,
            expires: decode_expiry(expires)?,
            parents: parents
                .as_raw()
                .and_then(separated)
                .and_then(|ids| Parents::new(ids).ok())
                .ok_or(MalformedDocument::Parents)?,
        };
        let size_bytes = size_bytes.as_integer().and_then(|size| u64::try_from(size).ok());
        let place = decode_place(place, at_place).ok_or(MalformedDocument::Place)?;
        Self::new(attributes, size_bytes.ok_or(MalformedDocument::Size)?, place)
    }
}

/// Chunks with one id have one length, so the last one may be one of the others only if it is as long as they are.
fn last_may_differ(ids: &[ChunkId], last_is_full: bool) -> bool {
    last_is_full || ids.split_last().is_none_or(|(last, others)| !others.contains(last))
}

fn decode_protection(kind: &Value, parameter: &Value) -> Option<Protection> {
    let parameter = parameter.as_raw()?;
    match kind.as_integer()? {
        OPEN => Some(Protection::Open { salt: parameter.try_into().ok()? }),
        SEALED => Some(Protection::Sealed { destination: Fingerprint::from_bytes(parameter).ok()? }),
        _ => None,
    }
}

fn decode_expiry(value: &Value) -> Result<Option<WallClock>, MalformedDocument> {
    if *value == Value::Null {
        return Ok(None);
    }
    date_of(value).map(Some).ok_or(MalformedDocument::Expiry)
}

fn decode_place(kind: &Value, content: &Value) -> Option<Place> {
    let content = content.as_raw()?;
    match kind.as_integer()? {
        INLINE => Some(Place::Inline(content.to_vec())),
        LISTED => separated(content).map(Place::Listed),
        INDEXED => separated(content).map(Place::Indexed),
        _ => None,
    }
}

/// Why bytes are not a document, or parts do not make one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedDocument {
    /// A later form of documents; who made it is newer.
    #[error("document version {version} is newer than this device knows")]
    TooNew {
        /// The version it says.
        version: i64,
    },
    /// Not canonical BDF.
    #[error(transparent)]
    Bdf(#[from] bdf::Malformed),
    /// Not a list of nine items that begins with a version.
    #[error("not a list of a document's nine items")]
    Form,
    /// Neither open with a salt of 16 bytes, nor sealed with a fingerprint of 20 or 32.
    #[error("neither open with a salt nor sealed to a fingerprint")]
    Protection,
    /// A priority that does not exist.
    #[error("no such priority")]
    Priority,
    /// An expiry that is negative or after the year 9999.
    #[error("the expiry is no date")]
    Expiry,
    /// Parents that do not ascend, are named twice or are too many.
    #[error("the parents are not in order, or too many")]
    Parents,
    /// No content, or more than may be.
    #[error("content has 1 to {DOCUMENT_BYTES_MAX} bytes")]
    Size,
    /// The size asks for another form, or another number of chunks.
    #[error("the content's place does not fit its size")]
    Place,
    /// The caller's date is after the year 9999.
    #[error("a document cannot be made after the year 9999")]
    Made,
}

const VERSION: i64 = 1;
const OPEN: i64 = 0;
const SEALED: i64 = 1;
const INLINE: i64 = 0;
const LISTED: i64 = 1;
const INDEXED: i64 = 2;

#[cfg(test)]
mod tests;

//! What a document says of itself to those who can read it. It is part of the content, so relays of a sealed document
//! see none of it.

use p2psync_bramble::WallClock;
use p2psync_bramble::bdf::{self, Dictionary, Value};

use crate::date::{date_of, value_of};
use crate::printable::{is_content_type, is_file_name, is_printable};
use crate::{DATE_MS_MAX, DOCUMENT_BYTES_MAX, DocumentId, Metadata};

/// Longest header, encoded. The bounds of its parts allow a little less.
pub const HEADER_BYTES_MAX: usize = 65_536;

/// Most attachments of a document.
pub const ATTACHMENTS_MAX: usize = 64;

/// Longest author, in bytes of UTF-8.
pub const AUTHOR_BYTES_MAX: usize = 255;

/// A document's own description.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    content_type: String,
    created: WallClock,
    author: Option<String>,
    metadata: Metadata,
    attachments: Vec<Attachment>,
}

impl Header {
    /// A header without author, metadata and attachments. `content_type` is a media type of 1 to 255 printable ASCII
    /// characters; `created` is at most [`DATE_MS_MAX`].
    ///
    /// # Errors
    /// [`MalformedHeader::ContentType`] or [`MalformedHeader::Created`].
    pub fn new(content_type: &str, created: WallClock) -> Result<Self, MalformedHeader> {
        if !is_content_type(content_type) {
            return Err(MalformedHeader::ContentType);
        }
        if created.0 > DATE_MS_MAX {
            return Err(MalformedHeader::Created);
        }
        Ok(Self {
            content_type: content_type.to_owned(),
            created,
            author: None,
            metadata: Metadata::default(),
            attachments: Vec::new(),
        })
    }

    /// With the person it is from, as the destination knows them: one printable line of 1 to [`AUTHOR_BYTES_MAX`]
    /// bytes.
    ///
    /// # Errors
    /// [`MalformedHeader::Author`].
    pub fn with_author(self, author: &str) -> Result<Self, MalformedHeader> {
        if !is_printable(author, AUTHOR_BYTES_MAX) {
            return Err(MalformedHeader::Author);
        }
        Ok(Self { author: Some(author.to_owned()), ..self })
    }

    /// With the app's own metadata.
    #[must_use]
    pub fn with_metadata(self, metadata: Metadata) -> Self {
        Self { metadata, ..self }
    }

    /// With attachments, in the app's order: at most [`ATTACHMENTS_MAX`].
    ///
    /// # Errors
    /// [`MalformedHeader::Attachments`].
    pub fn with_attachments(self, attachments: Vec<Attachment>) -> Result<Self, MalformedHeader> {
        if attachments.len() > ATTACHMENTS_MAX {
            return Err(MalformedHeader::Attachments);
        }
        Ok(Self { attachments, ..self })
    }

    /// The media type of the body.
    pub fn content_type(&self) -> &str {
        &self.content_type
    }

    /// When the app made it, as the device believed.
    pub const fn created(&self) -> WallClock {
        self.created
    }

    /// The person it is from, if the app says so. Claimed, not proved.
    pub fn author(&self) -> Option<&str> {
        self.author.as_deref()
    }

    /// The app's own metadata.
    pub const fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Other documents that belong to it.
    pub fn attachments(&self) -> &[Attachment] {
        &self.attachments
    }

    /// A BDF dictionary of at most [`HEADER_BYTES_MAX`] bytes, defined in `docs/protocol/document.md`.
    pub fn encode(&self) -> Vec<u8> {
        let text = |text: &str| Value::String(text.to_owned());
        let attachments = self.attachments.iter().map(Attachment::to_value).collect();
        let entries: Dictionary = [
            ("version", Value::Integer(VERSION)),
            ("contentType", text(&self.content_type)),
            ("createdAt", value_of(self.created)),
            ("author", self.author.as_deref().map_or(Value::Null, text)),
            ("metadata", Value::Dictionary(self.metadata.as_dictionary().clone())),
            ("attachments", Value::List(attachments)),
        ]
        .into_iter()
        .collect();
        let mut encoded = Vec::new();
        bdf::write(&Value::Dictionary(entries), &mut encoded);
        encoded
    }

    /// Reads what [`Self::encode`] writes.
    ///
    /// # Errors
    /// [`MalformedHeader`] for anything else.
    pub fn decode(encoded: &[u8]) -> Result<Self, MalformedHeader> {
        if encoded.len() > HEADER_BYTES_MAX {
            return Err(MalformedHeader::TooLong);
        }
        let value = bdf::parse(encoded)?;
        let entries = value.as_dictionary().ok_or(MalformedHeader::Form)?;
        let entry = |name| entries.get(name).ok_or(MalformedHeader::Form);
        match entry("version")?.as_integer().ok_or(MalformedHeader::Form)? {
            VERSION => {}
            version if version > VERSION => return Err(MalformedHeader::TooNew { version }),
            _ => return Err(MalformedHeader::Form),
        }
        let content_type = entry("contentType")?.as_str().ok_or(MalformedHeader::ContentType)?;
        let created = date_of(entry("createdAt")?).ok_or(MalformedHeader::Created)?;
        let metadata = entry("metadata")?.as_dictionary().ok_or(MalformedHeader::Metadata)?;
        let metadata = Metadata::new(metadata.clone()).map_err(|_| MalformedHeader::Metadata)?;
        let attachments = entry("attachments")?.as_list().ok_or(MalformedHeader::Attachments)?;
        let attachments = attachments.iter().map(Attachment::from_value).collect::<Option<Vec<_>>>();
        let header = Self::new(content_type, created)?
            .with_metadata(metadata)
            .with_attachments(attachments.ok_or(MalformedHeader::Attachments)?)?;
        let author = entry("author")?;
        if entries.len() != ENTRIES {
            return Err(MalformedHeader::Form);
        }
        match author {
            Value::Null => Ok(header),
            Value::String(author) => header.with_author(author),
            _ => Err(MalformedHeader::Author),
        }
    }

    /// The same, as of another time: what is put twice is the same document whenever it was put.
    pub(crate) fn without_date(&self) -> Self {
        Self { created: WallClock(0), ..self.clone() }
    }
}

/// Another document that belongs to this one, such as a photo of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    id: DocumentId,
    name: String,
    content_type: String,
    size_bytes: u64,
}

impl Attachment {
    /// A document by its id; the file name and media type that the app knows it by; and the length of its body, at
    /// most [`DOCUMENT_BYTES_MAX`].
    ///
    /// # Errors
    /// [`MalformedHeader::Attachments`] if the name is a path or over 255 bytes, the type is none, or the size is over
    /// the limit.
    pub fn new(
        id: DocumentId,
        name: &str,
        content_type: &str,
        size_bytes: u64,
    ) -> Result<Self, MalformedHeader> {
        if is_file_name(name) && is_content_type(content_type) && size_bytes <= DOCUMENT_BYTES_MAX {
            Ok(Self { id, name: name.to_owned(), content_type: content_type.to_owned(), size_bytes })
        } else {
            Err(MalformedHeader::Attachments)
        }
    }

    /// The document.
    pub const fn id(&self) -> DocumentId {
        self.id
    }

    /// Its file name: no path, one printable line.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its media type.
    pub fn content_type(&self) -> &str {
        &self.content_type
    }

    /// Length of its body in bytes, as the app says.
    pub const fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    fn to_value(&self) -> Value {
        let size_bytes = i64::try_from(self.size_bytes).expect("a document has at most 1 GiB");
        Value::List(vec![
            Value::Raw(self.id.as_bytes().to_vec()),
            Value::String(self.name.clone()),
            Value::String(self.content_type.clone()),
            Value::Integer(size_bytes),
        ])
    }

    fn from_value(value: &Value) -> Option<Self> {
        let [id, name, content_type, size_bytes] = value.as_list()? else { return None };
        let id = DocumentId::from_bytes(id.as_raw()?.try_into().ok()?);
        let size_bytes = u64::try_from(size_bytes.as_integer()?).ok()?;
        Self::new(id, name.as_str()?, content_type.as_str()?, size_bytes).ok()
    }
}

/// Why bytes are not a header, or parts do not make one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedHeader {
    /// A later form of headers; who made it is newer.
    #[error("header version {version} is newer than this device knows")]
    TooNew {
        /// The version it says.
        version: i64,
    },
    /// Over [`HEADER_BYTES_MAX`].
    #[error("a header has at most {HEADER_BYTES_MAX} bytes")]
    TooLong,
    /// Not canonical BDF.
    #[error(transparent)]
    Bdf(#[from] bdf::Malformed),
    /// Not a dictionary of the six entries.
    #[error("not a dictionary of a header's entries")]
    Form,
    /// A content type that is empty, too long or no media type.
    #[error("the content type is no media type of 1 to 255 characters")]
    ContentType,
    /// A date that is negative or after the year 9999.
    #[error("the date of creation is no date")]
    Created,
    /// An author that is empty, too long or not printable.
    #[error("the author is not one line of 1 to {AUTHOR_BYTES_MAX} bytes")]
    Author,
    /// See [`crate::MetadataError`].
    #[error("the metadata are too long or not plain values")]
    Metadata,
    /// Too many attachments, or one that is malformed.
    #[error("an attachment is malformed, or there are more than {ATTACHMENTS_MAX}")]
    Attachments,
}

const VERSION: i64 = 1;
const ENTRIES: usize = 6;

#[cfg(test)]
mod tests;

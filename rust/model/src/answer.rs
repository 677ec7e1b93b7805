//! What a server answers when documents came to it: a heading, and one entry for each document. What an entry is makes
//! the difference between a receipt and a notice.

use sha2::{Digest as _, Sha256};

use crate::heading::{Heading, SIGNED_TIME_SECONDS_MAX};
use crate::lines::MalformedText;
use crate::signed::SignedBody;
use crate::{DocumentId, Fingerprint};

/// An answer about the documents of its entries, of which there are 1 to [`AnswerEntry::ENTRIES_MAX`], strictly ascending
/// by id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer<E> {
    heading: Heading,
    entries: Vec<E>,
}

/// What a server says of one document.
pub trait AnswerEntry: Sized {
    /// What the text of an answer begins with, before the version.
    const MAGIC: &'static str;
    /// Most entries of an answer.
    const ENTRIES_MAX: usize;
    /// Longest text of an answer.
    const TEXT_BYTES_MAX: usize;
    /// Longest binary form of an answer.
    const BINARY_BYTES_MAX: usize;

    /// The document.
    fn document(&self) -> DocumentId;

    /// Appends its line, without the end of the line.
    fn write_line(&self, text: &mut String);

    /// Reads what [`Self::write_line`] writes.
    ///
    /// # Errors
    /// [`MalformedText`] for anything else.
    fn parse_line(line: &str) -> Result<Self, MalformedText>;

    /// Appends the form between peers.
    fn write_binary(&self, binary: &mut Vec<u8>);

    /// Reads what [`Self::write_binary`] writes from the front of `input` and returns what follows.
    ///
    /// # Errors
    /// [`MalformedText`] for anything else.
    fn parse_binary(input: &[u8]) -> Result<(Self, &[u8]), MalformedText>;
}

impl<E: AnswerEntry> Answer<E> {
    /// An answer by the server with the certificate `server`, at `time` (Unix seconds).
    ///
    /// # Errors
    /// [`AnswerError`] unless there are 1 to [`AnswerEntry::ENTRIES_MAX`] entries, strictly ascending by id, and the
    /// time is at most [`SIGNED_TIME_SECONDS_MAX`].
    pub fn new(server: Fingerprint, epoch: u32, time: u64, entries: Vec<E>) -> Result<Self, AnswerError> {
        if !(1..=E::ENTRIES_MAX).contains(&entries.len()) {
            return Err(AnswerError::Count { count: entries.len(), count_max: E::ENTRIES_MAX });
        }
        if !entries.is_sorted_by(|entry, next| entry.document() < next.document()) {
            return Err(AnswerError::Order);
        }
        if time > SIGNED_TIME_SECONDS_MAX {
            return Err(AnswerError::Time { time });
        }
        Ok(Self { heading: Heading { server, epoch, time }, entries })
    }

    /// The certificate whose key must have signed.
    pub const fn server(&self) -> Fingerprint {
        self.heading.server
    }

    /// How often the server was restored from a backup.
    pub const fn epoch(&self) -> u32 {
        self.heading.epoch
    }

    /// When the server says it made the answer, in Unix seconds.
    pub const fn time(&self) -> u64 {
        self.heading.time
    }

    /// What it says of each document, ascending by id, at least one.
    pub fn entries(&self) -> &[E] {
        &self.entries
    }

    /// The text that is signed: UTF-8, at most [`AnswerEntry::TEXT_BYTES_MAX`] bytes.
    pub fn text(&self) -> Vec<u8> {
        let mut text = self.heading.write(E::MAGIC, self.entries.len());
        for entry in &self.entries {
            entry.write_line(&mut text);
            text.push('\n');
        }
        text.into_bytes()
    }

    /// Reads the text. There is exactly one text for each answer.
    ///
    /// # Errors
    /// [`MalformedText`] for anything that [`Self::text`] would not write.
    pub fn parse_text(text: &[u8]) -> Result<Self, MalformedText> {
        if text.len() > E::TEXT_BYTES_MAX {
            return Err(MalformedText::TooLong);
        }
        let (heading, lines) = Heading::parse(E::MAGIC, E::ENTRIES_MAX, text)?;
        Self::checked(heading, lines.into_iter().map(E::parse_line).collect::<Result<_, _>>()?)
    }

    /// The form between peers: fingerprint version (4 or 6), fingerprint, u32 epoch, u64 time, entries.
    pub fn binary(&self) -> Vec<u8> {
        let mut binary = Vec::new();
        self.heading.write_binary(&mut binary);
        for entry in &self.entries {
            entry.write_binary(&mut binary);
        }
        binary
    }

    /// Reads the form between peers. There is exactly one for each answer.
    ///
    /// # Errors
    /// [`MalformedText`] for anything that [`Self::binary`] would not write.
    pub fn parse_binary(binary: &[u8]) -> Result<Self, MalformedText> {
        if binary.len() > E::BINARY_BYTES_MAX {
            return Err(MalformedText::TooLong);
        }
        let (heading, mut rest) = Heading::parse_binary(binary)?;
        let mut entries = Vec::new();
        while !rest.is_empty() {
            let (entry, after) = E::parse_binary(rest)?;
            entries.push(entry);
            rest = after;
        }
        Self::checked(heading, entries)
    }

    /// What makes two answers the same: SHA-256 of the text. Signatures can be altered and still verify, so they do
    /// not count.
    pub fn body_hash(&self) -> [u8; 32] {
        Sha256::digest(self.text()).into()
    }

    fn checked(heading: Heading, entries: Vec<E>) -> Result<Self, MalformedText> {
        let Heading { server, epoch, time } = heading;
        Self::new(server, epoch, time, entries).map_err(|error| match error {
            AnswerError::Count { .. } => MalformedText::Count,
            AnswerError::Order => MalformedText::Order,
            AnswerError::Time { .. } => MalformedText::Line("time"),
        })
    }
}

impl<E: AnswerEntry> SignedBody for Answer<E> {
    fn binary(&self) -> Vec<u8> {
        self.binary()
    }

    fn parse_binary(binary: &[u8]) -> Result<Self, MalformedText> {
        Self::parse_binary(binary)
    }
}

/// The caller's documents make no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// None, or too many.
    #[error("1 to {count_max} documents may be named, not {count}")]
    Count {
        /// How many were given.
        count: usize,
        /// How many may be.
        count_max: usize,
    },
    /// They do not ascend, or one is there twice.
    #[error("the documents are not strictly ascending")]
    Order,
    /// The time is beyond [`SIGNED_TIME_SECONDS_MAX`].
    #[error("no server answers at {time} s after 1970")]
    Time {
        /// What was given.
        time: u64,
    },
}

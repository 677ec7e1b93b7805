//! Reads content as it comes, and judges it at the end.

use p2psync_bramble::{BadSignature, VerifyingKey};

use super::{ContentHash, PREFIX_BYTES, TRAILER_BYTES};
use crate::{GroupId, HEADER_BYTES_MAX, Header, MalformedHeader};

/// What was read. Nothing of it may be acted upon before [`ContentReader::finish`] has said that it is whole.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// The header: comes first, once.
    Header(Box<Header>),
    /// The next piece of the body, not empty.
    Body(Vec<u8>),
}

/// Content on its way in. Holds at most the longest header and a trailer beyond the piece it was given.
#[derive(Debug)]
pub struct ContentReader {
    hash: ContentHash,
    state: State,
    pending: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Prefix,
    Header { length: usize },
    Body,
    Failed(ContentError),
}

impl ContentReader {
    /// A reader for content of a document of `group`.
    pub fn new(group: GroupId) -> Self {
        Self { hash: ContentHash::new(group), state: State::Prefix, pending: Vec::new() }
    }

    /// Takes the next piece, of any length, and appends what is known of it now to `parts`.
    ///
    /// # Errors
    /// [`ContentError::HeaderLength`] or [`ContentError::Header`], now and at every later call.
    pub fn handle(&mut self, piece: &[u8], parts: &mut Vec<Part>) -> Result<(), ContentError> {
        let result = self.advance(piece, parts);
        if let Err(error) = result {
            self.state = State::Failed(error);
            self.pending = Vec::new();
        }
        result
    }

    /// Ends the content: the device that signed it. The key proves nothing by itself; whether it is a known device,
    /// its reader must know.
    ///
    /// # Errors
    /// [`ContentError::EndsEarly`] without a whole header and trailer, [`ContentError::Signature`] if the content is
    /// not what the device signed, in this group; or what [`Self::handle`] said.
    pub fn finish(self) -> Result<VerifyingKey, ContentError> {
        match self.state {
            State::Failed(error) => Err(error),
            State::Prefix | State::Header { .. } => Err(ContentError::EndsEarly),
            State::Body => {
                let trailer = self.pending.as_slice().try_into().map_err(|_| ContentError::EndsEarly)?;
                Ok(self.hash.verify(trailer)?)
            }
        }
    }

    fn advance(&mut self, mut piece: &[u8], parts: &mut Vec<Part>) -> Result<(), ContentError> {
        loop {
            match self.state {
                State::Failed(error) => return Err(error),
                State::Prefix => {
                    let Some(prefix) = self.collect(&mut piece, PREFIX_BYTES) else { return Ok(()) };
                    let bytes = prefix.as_slice().try_into().expect("as many bytes as were asked for");
                    let length = usize::try_from(u32::from_be_bytes(bytes)).unwrap_or(usize::MAX);
                    if !(1..=HEADER_BYTES_MAX).contains(&length) {
                        return Err(ContentError::HeaderLength);
                    }
                    self.state = State::Header { length };
                }
                State::Header { length } => {
                    let Some(encoded) = self.collect(&mut piece, length) else { return Ok(()) };
                    parts.push(Part::Header(Box::new(Header::decode(&encoded)?)));
                    self.state = State::Body;
                }
                State::Body => {
                    self.pass(piece, parts);
                    return Ok(());
                }
            }
        }
    }

    /// Moves bytes from the piece until there are `length` of them; they are hashed then.
    fn collect(&mut self, piece: &mut &[u8], length: usize) -> Option<Vec<u8>> {
        let (taken, rest) = piece.split_at(piece.len().min(length - self.pending.len()));
        self.pending.extend_from_slice(taken);
        *piece = rest;
        if self.pending.len() < length {
            return None;
        }
        self.hash.update(&self.pending);
        Some(core::mem::take(&mut self.pending))
    }

    /// All but the last bytes, which may be the trailer, belong to the body.
    fn pass(&mut self, piece: &[u8], parts: &mut Vec<Part>) {
        let excess = (self.pending.len() + piece.len()).saturating_sub(TRAILER_BYTES);
        let from_pending = excess.min(self.pending.len());
        let mut body: Vec<u8> = self.pending.drain(..from_pending).collect();
        let (from_piece, kept) = piece.split_at(excess - from_pending);
        body.extend_from_slice(from_piece);
        self.pending.extend_from_slice(kept);
        if !body.is_empty() {
            self.hash.update(&body);
            parts.push(Part::Body(body));
        }
    }
}

/// Why content is not what a device of this deployment wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContentError {
    /// It says that its header is empty or over [`HEADER_BYTES_MAX`].
    #[error("a header has 1 to {HEADER_BYTES_MAX} bytes")]
    HeaderLength,
    /// The header is malformed, or newer than this device.
    #[error(transparent)]
    Header(#[from] MalformedHeader),
    /// It ends before the trailer.
    #[error("the content ends early")]
    EndsEarly,
    /// The signature is not by the key in the trailer over this content in this group.
    #[error("the content is not what its device signed")]
    Signature,
}

impl From<BadSignature> for ContentError {
    fn from(_: BadSignature) -> Self {
        Self::Signature
    }
}

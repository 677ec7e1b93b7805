//! What the other side asked for: read when the transport has room, and sent in pieces, so that whatever is urgent goes
//! in between.

use std::collections::VecDeque;

use p2psync_model::{DocumentId, MessageId};

use super::incoming::ASKED_MAX;
use super::record::Record;
use crate::{CatalogueError, Shelf, Shelved};

/// Requests of the other side, and the message that is being sent.
#[derive(Debug, Default)]
pub(super) struct Answers {
    asked: VecDeque<Request>,
    /// Timestamp and body of the one under way, and how much of it has left.
    current: Vec<u8>,
    sent_bytes: usize,
    /// Bytes that left in pieces.
    pub piece_bytes: u64,
}

/// What the other side wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub id: MessageId,
    /// The document that it is a chunk of; `None` for a document.
    pub of: Option<DocumentId>,
    /// The first byte that is wanted.
    pub from_byte: usize,
}

impl Answers {
    /// The other side asks.
    ///
    /// # Errors
    /// If it has asked for more than is allowed at a time.
    pub(super) fn asked(
        &mut self,
        requests: impl ExactSizeIterator<Item = Request>,
    ) -> Result<(), &'static str> {
        if self.asked.len() + requests.len() > ASKED_MAX {
            return Err("it asks for more than is allowed");
        }
        self.asked.extend(requests);
        Ok(())
    }

    /// What is said next, in the order in which it was asked: a piece of at most `room_bytes`, or that something is not
    /// here. `None` if there is nothing to answer.
    ///
    /// # Errors
    /// [`CatalogueError`]: the device's own disk failed.
    pub(super) fn next(
        &mut self,
        shelf: &mut dyn Shelf,
        room_bytes: usize,
    ) -> Result<Option<Record<'_>>, CatalogueError> {
        if self.sent_bytes == self.current.len() {
            let Some(Request { id, of, from_byte }) = self.asked.pop_front() else { return Ok(None) };
            let found = match of {
                Some(document) => shelf.chunk(&document, &id)?,
                None => shelf.message(&id)?,
            };
            let Some(Shelved { timestamp_ms, body }) = found else {
                return Ok(Some(Record::Gone(vec![id])));
            };
            self.current = [timestamp_ms.to_be_bytes().as_slice(), &body].concat();
            // Who asks for more than there is gets the last byte, and finds out.
            self.sent_bytes = from_byte.min(self.current.len() - 1);
        }
        let rest = self.current.get(self.sent_bytes..).unwrap_or_default();
        let bytes = rest.get(..room_bytes).unwrap_or(rest);
        self.sent_bytes += bytes.len();
        self.piece_bytes = self.piece_bytes.saturating_add(bytes.len() as u64);
        Ok(Some(Record::Piece { is_last: bytes.len() == rest.len(), bytes }))
    }

    /// Whether there is nothing to answer.
    pub(super) fn is_quiet(&self) -> bool {
        self.asked.is_empty() && self.sent_bytes == self.current.len()
    }
}

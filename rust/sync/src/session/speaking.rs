//! What leaves next, asked at the moment when the link has room: so that what is urgent waits for nothing but the record
//! that is already leaving.

use super::outgoing::Class;
use super::phase::Phase;
use super::record::Record;
use super::{Error, Session};
use crate::Shelf;
use crate::comparison::ROOM_BYTES_MIN;

impl Session {
    /// Appends at most `room_bytes` bytes that should leave now; nothing if there is nothing to say. After an error of
    /// `handle`, what the other side must still hear.
    ///
    /// # Errors
    /// [`Error::Catalogue`]: this device's own disk failed, and the session is over.
    pub fn fill(&mut self, shelf: &mut dyn Shelf, room_bytes: usize, out: &mut Vec<u8>) -> Result<(), Error> {
        let end = out.len() + room_bytes;
        loop {
            let unsent = self.outbox.get(self.outbox_sent..).unwrap_or_default();
            let bytes = unsent.get(..end - out.len()).unwrap_or(unsent);
            out.extend_from_slice(bytes);
            self.outbox_sent += bytes.len();
            if self.outbox_sent < self.outbox.len() {
                return Ok(());
            }
            self.outbox.clear();
            self.outbox_sent = 0;
            if out.len() >= end {
                return Ok(());
            }
            let has_more = self.write_next(end - out.len(), shelf);
            if let Err(error) = has_more {
                self.failed = Some(error);
            }
            if !has_more? {
                return Ok(());
            }
        }
    }

    /// Puts the next record in the outbox. `false` if there is none.
    fn write_next(&mut self, room_bytes: usize, shelf: &mut dyn Shelf) -> Result<bool, Error> {
        if self.terms.is_caller && !self.said.hello {
            self.greet(shelf)?;
        }
        if let Some(record) = self.urgent.pop_front() {
            record.encode(&mut self.outbox);
            return Ok(true);
        }
        if self.failed.is_some() || self.phase.is_greeting() {
            return Ok(false);
        }
        if self.write_ranges(room_bytes, shelf)? {
            return Ok(true);
        }
        if let Some(record) = self.next_of_control() {
            record.encode(&mut self.outbox);
            return Ok(true);
        }
        if let Some(bytes) = self.ephemeral.pop_front() {
            Record::Ephemeral(&bytes).encode(&mut self.outbox);
            return Ok(true);
        }
        if self.write_push(shelf)? || self.write_piece(room_bytes, shelf)? {
            return Ok(true);
        }
        Ok(self.write_done())
    }

    fn write_ranges(&mut self, room_bytes: usize, shelf: &mut dyn Shelf) -> Result<bool, Error> {
        self.advance(shelf)?;
        let Phase::Comparing { set, comparison } = &mut self.phase else { return Ok(false) };
        let (set, mut payload) = (*set, Vec::new());
        if !comparison.write(room_bytes.max(ROOM_BYTES_MIN), shelf, &mut payload)? {
            return Ok(false);
        }
        Record::Ranges { set, payload: &payload }.encode(&mut self.outbox);
        self.advance(shelf)?;
        Ok(true)
    }

    fn next_of_control(&mut self) -> Option<Record<'static>> {
        if let Some(record) = self.incoming.next() {
            return Some(record);
        }
        let total = (self.outgoing.tally.documents_total, self.outgoing.tally.bytes_total);
        if matches!(self.phase, Phase::Compared) && total != self.said.total {
            self.said.total = total;
            return Some(Record::Total { documents: total.0, bytes: total.1 });
        }
        None
    }

    fn write_push(&mut self, shelf: &mut dyn Shelf) -> Result<bool, Error> {
        while let Some(next) = self.outgoing.next() {
            let entry = next.entry;
            if next.class == Class::Large {
                let (id, bytes, priority) = (entry.id, entry.bytes, entry.priority);
                Record::Announce { id, bytes, priority }.encode(&mut self.outbox);
            } else if let Some(message) = shelf.message(&entry.id)? {
                let (timestamp_ms, body) = (message.timestamp_ms, message.body.as_slice());
                Record::Push { timestamp_ms, body }.encode(&mut self.outbox);
            } else {
                self.outgoing.vanished(next);
                continue;
            }
            self.outgoing.sent(next, self.outbox.len());
            return Ok(true);
        }
        Ok(false)
    }

    fn write_piece(&mut self, room_bytes: usize, shelf: &mut dyn Shelf) -> Result<bool, Error> {
        let Some(piece_bytes) = room_bytes.checked_sub(p2psync_bramble::record::HEADER_BYTES) else {
            return Ok(false);
        };
        if piece_bytes < PIECE_BYTES_MIN && !self.answers.is_quiet() {
            return Ok(false);
        }
        let Some(answer) = self.answers.next(shelf, piece_bytes)? else { return Ok(false) };
        answer.encode(&mut self.outbox);
        Ok(true)
    }

    fn write_done(&mut self) -> bool {
        let is_quiet = matches!(self.phase, Phase::Compared)
            && self.outgoing.is_quiet()
            && self.incoming.is_quiet()
            && self.answers.is_quiet();
        if !is_quiet || self.said.done {
            return false;
        }
        self.said.done = true;
        let sent = self.outgoing.tally.documents;
        let (received, refused) = (self.incoming.documents, self.incoming.documents_refused);
        Record::Done { sent, received, refused }.encode(&mut self.outbox);
        true
    }
}

/// Shorter pieces wait for the next frame.
const PIECE_BYTES_MIN: usize = 64;

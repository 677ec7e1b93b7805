//! What this side takes: what arrived and is not settled, what was asked for, what the other side must still be told.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use p2psync_model::{ChunkId, DocumentId, GroupId, MESSAGE_BODY_BYTES_MAX, Message, MessageId};

use super::outgoing::{OFFERED_MAX, WINDOW_BYTES, WINDOW_COUNT};
use super::record::{RECORD_IDS_MAX, Record, TIMESTAMP_BYTES};
use super::{Refusal, Verdict};

/// Most messages that may be asked for and not answered.
pub const ASKED_MAX: usize = 512;

/// Messages that arrived and wait for the engine's word, and the words that wait to leave.
#[derive(Debug, Default)]
pub(super) struct Incoming {
    unsettled: VecDeque<Arrival>,
    unsettled_bytes: u64,
    settled: u32,
    acknowledged: u32,
    /// Announced, noted, and neither held nor refused yet.
    announced: BTreeSet<MessageId>,
    have: Vec<MessageId>,
    refused: BTreeMap<Refusal, Vec<MessageId>>,
    /// Asked for in this order and not answered; so many of them have left.
    asked: VecDeque<Wanted>,
    asked_sent: usize,
    /// What has come of the first of them.
    piece: Vec<u8>,
    /// What came of a message before the connection was cut.
    remainder: Option<Remainder>,
    pub documents: u32,
    pub documents_refused: u32,
}

/// What was asked for: a document, or a chunk of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Wanted {
    id: MessageId,
    of: Option<DocumentId>,
}

/// The beginning of a chunk that a cut left behind. Only the same peer can go on with it: nobody else can be blamed if
/// the whole turns out wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remainder {
    document: DocumentId,
    chunk: ChunkId,
    bytes: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
struct Arrival {
    id: MessageId,
    what: What,
    bytes: u64,
}

/// What kind of thing arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// A receipt or another word of a server. Its sender is not told if it is refused: it would send it again all the
    /// same, to whoever trusts that server.
    Statement,
    /// A document.
    Document,
    /// Word of a document.
    Announcement,
}

impl Incoming {
    /// A push or an announcement of so many bytes arrived.
    ///
    /// # Errors
    /// If that is more than any honest sender has under way.
    pub(super) fn arrived(&mut self, id: MessageId, what: What, bytes: usize) -> Result<(), &'static str> {
        let is_over = self.unsettled.len() + self.unacknowledged() >= WINDOW_COUNT;
        if is_over || self.unsettled_bytes >= WINDOW_BYTES {
            return Err("it sends more than the window allows");
        }
        if what == What::Announcement && self.announced.len() >= OFFERED_MAX + WINDOW_COUNT {
            return Err("it announces more than is allowed");
        }
        let bytes = bytes as u64;
        self.unsettled_bytes += bytes;
        self.unsettled.push_back(Arrival { id, what, bytes });
        Ok(())
    }

    /// The engine's word on the oldest arrival. `None` if there is none.
    pub(super) fn settle(&mut self, verdict: Verdict) -> Option<()> {
        let Arrival { id, what, bytes } = self.unsettled.pop_front()?;
        self.unsettled_bytes -= bytes;
        self.settled = self.settled.wrapping_add(1);
        match (what, verdict) {
            (What::Statement, _) => {}
            (What::Document, Verdict::Kept) => self.documents = self.documents.saturating_add(1),
            (What::Announcement, Verdict::Kept) => self.have.push(id),
            (_, Verdict::Noted) => drop(self.announced.insert(id)),
            (_, Verdict::Refused(refusal)) => self.refuse(id, refusal),
        }
        Some(())
    }

    /// An announced document is here whole, or will not be taken.
    pub(super) fn resolve(&mut self, id: MessageId, refusal: Option<Refusal>) {
        if !self.announced.remove(&id) {
            return;
        }
        if let Some(refusal) = refusal {
            self.refuse(id, refusal);
        } else {
            self.documents = self.documents.saturating_add(1);
            self.have.push(id);
        }
    }

    /// Asks for documents, or for chunks of one, as far as there is room.
    pub(super) fn ask(&mut self, of: Option<DocumentId>, ids: &[MessageId]) {
        let room = self.ask_room();
        self.asked.extend(ids.iter().take(room).map(|&id| Wanted { id, of }));
    }

    /// How many more may be asked for.
    pub(super) fn ask_room(&self) -> usize {
        ASKED_MAX.saturating_sub(self.asked.len())
    }

    /// Takes up what an earlier session with the same peer left.
    pub(super) fn resume(&mut self, remainder: Remainder) {
        self.remainder = Some(remainder);
    }

    /// What has come of a message that is not whole.
    pub(super) fn take_remainder(&mut self) -> Option<Remainder> {
        let bytes = core::mem::take(&mut self.piece);
        let begun = self
            .asked
            .front()
            .filter(|_| !bytes.is_empty())
            .and_then(|wanted| Some(Remainder { document: wanted.of?, chunk: wanted.id, bytes }));
        begun.or(self.remainder.take())
    }

    /// The other side does not have what was asked for.
    ///
    /// # Errors
    /// If it is not what is to be answered next.
    pub(super) fn gone(&mut self, id: &MessageId) -> Result<(), &'static str> {
        let is_next = self.asked_sent > 0
            && self.piece.is_empty()
            && self.asked.front().is_some_and(|wanted| wanted.id == *id);
        if !is_next {
            return Err("it lacks what was not asked for");
        }
        self.answered();
        Ok(())
    }

    /// A piece of what was asked for; the message once it is whole.
    ///
    /// # Errors
    /// If nothing was asked for, if it is too long, or if it is another message.
    pub(super) fn piece(
        &mut self,
        group: GroupId,
        is_last: bool,
        bytes: &[u8],
    ) -> Result<Option<Message>, &'static str> {
        let wanted = self.asked.front().filter(|_| self.asked_sent > 0);
        let wanted = *wanted.ok_or("it sends pieces that nobody asked for")?;
        if self.piece.is_empty()
            && let Some(remainder) = self.remainder.take_if(|remainder| remainder.chunk == wanted.id)
        {
            self.piece = remainder.bytes;
        }
        if self.piece.len() + bytes.len() > TIMESTAMP_BYTES + MESSAGE_BODY_BYTES_MAX {
            return Err("it sends more pieces than a message has");
        }
        self.piece.extend_from_slice(bytes);
        if !is_last {
            return Ok(None);
        }
        let whole = core::mem::take(&mut self.piece);
        let (timestamp, body) = whole.split_first_chunk().ok_or("a message in pieces without a timestamp")?;
        let message = Message::new(group, u64::from_be_bytes(*timestamp), body.to_vec())
            .map_err(|_| "a malformed message in pieces")?;
        if message.id() != wanted.id {
            return Err("it sends another message than was asked for");
        }
        self.answered();
        Ok(Some(message))
    }

    /// The next thing to say about what arrived: requests, refusals, what is held, acknowledgements.
    pub(super) fn next(&mut self) -> Option<Record<'static>> {
        if let Some(request) = self.next_request() {
            return Some(request);
        }
        if let Some(mut entry) = self.refused.first_entry() {
            let refusal = *entry.key();
            let ids = take_front(entry.get_mut());
            if entry.get().is_empty() {
                entry.remove();
            }
            return Some(Record::Refuse { refusal, ids });
        }
        if !self.have.is_empty() {
            return Some(Record::Have(take_front(&mut self.have)));
        }
        if self.settled != self.acknowledged {
            self.acknowledged = self.settled;
            return Some(Record::Acknowledge { count: self.settled });
        }
        None
    }

    /// Whether everything that arrived is settled and said, and nothing is expected.
    pub(super) fn is_quiet(&self) -> bool {
        self.unsettled.is_empty()
            && self.settled == self.acknowledged
            && self.announced.is_empty()
            && self.have.is_empty()
            && self.refused.is_empty()
            && self.asked.is_empty()
    }

    /// Whether the other side owes answers.
    pub(super) fn awaits(&self) -> bool {
        self.asked_sent > 0
    }

    const fn unacknowledged(&self) -> usize {
        self.settled.wrapping_sub(self.acknowledged) as usize
    }

    fn refuse(&mut self, id: MessageId, refusal: Refusal) {
        self.documents_refused = self.documents_refused.saturating_add(1);
        self.refused.entry(refusal).or_default().push(id);
    }

    /// What is asked for next: a chunk of which there is a beginning, or as many others of one kind as fit.
    fn next_request(&mut self) -> Option<Record<'static>> {
        let unsent = self.asked.iter().skip(self.asked_sent);
        let first = *unsent.clone().next()?;
        if let Some(Remainder { document, chunk, bytes }) = &self.remainder
            && first.id == *chunk
        {
            self.asked_sent += 1;
            let from_byte = u16::try_from(bytes.len()).expect("a remainder is shorter than a message");
            return Some(Record::AskFrom { document: *document, chunk: *chunk, from_byte });
        }
        let begun = self.remainder.as_ref().map(|remainder| remainder.chunk);
        let alike = unsent.take_while(|wanted| wanted.of == first.of && Some(wanted.id) != begun);
        let ids: Vec<_> = alike.map(|wanted| wanted.id).take(RECORD_IDS_MAX).collect();
        self.asked_sent += ids.len();
        Some(match first.of {
            Some(document) => Record::AskChunks { document, chunks: ids },
            None => Record::Ask(ids),
        })
    }

    fn answered(&mut self) {
        self.asked.pop_front();
        self.asked_sent -= 1;
    }
}

fn take_front(ids: &mut Vec<MessageId>) -> Vec<MessageId> {
    let rest = ids.split_off(ids.len().min(RECORD_IDS_MAX));
    core::mem::replace(ids, rest)
}

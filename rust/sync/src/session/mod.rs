//! A session of version 1: greeting, comparison of both sets, transfer, the word at the end.

mod answers;
mod effect;
mod error;
mod greeting;
mod incoming;
mod outgoing;
mod phase;
mod record;
mod refusal;
mod speaking;
mod terms;
mod versions;

use std::collections::{BTreeMap, VecDeque};

use p2psync_bramble::Millis;
use p2psync_bramble::record::RecordReader;
use p2psync_model::{Kind, Message};

use crate::comparison::Start;
use crate::{Entry, Set, Shelf};
use answers::{Answers, Request};
use incoming::{Incoming, What};
use outgoing::Outgoing;
use phase::Phase;
use record::{RECORD_VERSION, Record};

pub use effect::{Effect, Input, Verdict};
pub use error::Error;
pub use incoming::{ASKED_MAX, Remainder};
pub use outgoing::{OFFERED_MAX, PUSH_BYTES_MAX, QUEUE_MAX, Tally, WINDOW_BYTES, WINDOW_COUNT};
pub use record::{EPHEMERAL_BYTES_MAX, RECORD_IDS_MAX};
pub use refusal::Refusal;
pub use terms::{Outcome, Progress, Terms};
pub use versions::{Versions, VersionsError};

/// One session with one peer, over an authenticated link.
///
/// After each `handle`: carry out the effects in order, then call `fill` while the link has room.
pub struct Session {
    terms: Terms,
    reader: RecordReader,
    phase: Phase,
    /// Where this side said that it stands.
    starts: BTreeMap<Set, Start>,
    said: Said,
    heard: Heard,
    outgoing: Outgoing,
    incoming: Incoming,
    answers: Answers,
    /// Records that leave before all others, in this order.
    urgent: VecDeque<Record<'static>>,
    ephemeral: VecDeque<Vec<u8>>,
    /// The rest of a record that the link had no room for.
    outbox: Vec<u8>,
    outbox_sent: usize,
    stays: bool,
    has_concluded_once: bool,
    heard_at: Millis,
    failed: Option<Error>,
}

/// What this side has said, as far as that matters later.
#[derive(Clone, Copy, Debug, Default)]
struct Said {
    hello: bool,
    total: (u32, u64),
    done: bool,
}

/// What the other side has said.
#[derive(Clone, Copy, Debug, Default)]
struct Heard {
    /// The caller's guess that the statements do not differ; it was wrong.
    guess: bool,
    statements_done: bool,
    total: (u32, u64),
    done: Option<Done>,
    end: bool,
}

/// The other side's last word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Done {
    sent: u32,
    received: u32,
    refused: u32,
}

impl Session {
    /// A session over a link that opened at `now`.
    pub fn new(now: Millis, terms: Terms) -> Self {
        Self {
            stays: terms.stays,
            terms,
            reader: RecordReader::new(),
            phase: Phase::Greeting,
            starts: BTreeMap::new(),
            said: Said::default(),
            heard: Heard::default(),
            outgoing: Outgoing::default(),
            incoming: Incoming::default(),
            answers: Answers::default(),
            urgent: VecDeque::new(),
            ephemeral: VecDeque::new(),
            outbox: Vec::new(),
            outbox_sent: 0,
            has_concluded_once: false,
            heard_at: now,
            failed: None,
        }
    }

    /// Something happened.
    ///
    /// # Errors
    /// [`Error`]: the session is over, and says so again each time. Effects pushed before the error still hold.
    pub fn handle(
        &mut self,
        now: Millis,
        input: Input<'_>,
        shelf: &mut dyn Shelf,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Error> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let result = self.happen(now, input, shelf, effects).and_then(|()| self.advance(shelf));
        self.failed = result.err();
        result
    }

    /// When `handle` must be called with [`Input::Tick`] at the latest.
    pub fn deadline(&self) -> Option<Millis> {
        let awaits = self.phase.awaits()
            || self.outgoing.awaits()
            || self.incoming.awaits()
            || (self.said.done && self.heard.done.is_none());
        let is_over = self.failed.is_some() || self.is_ended();
        (awaits && !is_over).then(|| self.heard_at.plus(self.terms.patience_ms))
    }

    /// How far it has come.
    pub fn progress(&self) -> Progress {
        Progress {
            sending: self.outgoing.tally,
            answered_bytes: self.answers.piece_bytes,
            received_documents: self.incoming.documents,
            to_receive: self.heard.total,
        }
    }

    /// Does not stay when both have everything.
    pub const fn finish(&mut self) {
        self.stays = false;
    }

    /// Takes up what an earlier session with the same peer left: before anything is asked for.
    pub fn resume(&mut self, remainder: Remainder) {
        self.incoming.resume(remainder);
    }

    /// What has come of a message that is not whole, for the next session with this peer. The session is over.
    pub fn take_remainder(&mut self) -> Option<Remainder> {
        self.incoming.take_remainder()
    }

    /// How many more messages may be asked for now.
    pub fn ask_room(&self) -> usize {
        self.incoming.ask_room()
    }

    /// How the session came out, once both sides have said their last word; `None` again when something new comes
    /// after that.
    pub fn outcome(&self) -> Option<Outcome> {
        let theirs = self.heard.done.filter(|_| self.said.done)?;
        Some(Outcome {
            sent: theirs.received,
            received: self.incoming.documents,
            refused_there: theirs.refused,
            refused_here: self.incoming.documents_refused,
        })
    }

    /// Whether this side will not say anything any more: the link marks its end.
    pub fn is_ended(&self) -> bool {
        let has_left = self.outbox_sent == self.outbox.len();
        has_left && (self.heard.end || (!self.stays && self.outcome().is_some()))
    }

    fn happen(
        &mut self,
        now: Millis,
        input: Input<'_>,
        shelf: &mut dyn Shelf,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Error> {
        match input {
            Input::Received(bytes) => {
                self.heard_at = now;
                self.receive(bytes, shelf, effects)
            }
            Input::PeerEnded => self.peer_ended(),
            Input::Settled(verdicts) => {
                let all = verdicts.iter().try_for_each(|verdict| self.incoming.settle(*verdict));
                all.ok_or(Error::CallerErred("more verdicts than arrivals"))
            }
            Input::Resolved { id, refusal } => {
                self.incoming.resolve(id, refusal);
                Ok(())
            }
            Input::Ask { of, ids } => {
                self.incoming.ask(of, ids);
                Ok(())
            }
            Input::Added { set, entry } => {
                self.added(set, entry);
                Ok(())
            }
            Input::Ephemeral(bytes) => {
                if bytes.len() <= EPHEMERAL_BYTES_MAX && self.ephemeral.len() < EPHEMERAL_WAITING_MAX {
                    self.ephemeral.push_back(bytes.to_vec());
                }
                Ok(())
            }
            Input::Tick => match self.deadline() {
                Some(deadline) if now >= deadline => {
                    Err(Error::Stalled { patience_ms: self.terms.patience_ms })
                }
                _ => Ok(()),
            },
        }
    }

    fn receive(
        &mut self,
        bytes: &[u8],
        shelf: &mut dyn Shelf,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Error> {
        let mut reader = core::mem::take(&mut self.reader);
        reader.push(bytes);
        let result = loop {
            match reader.next(RECORD_VERSION, Record::is_known) {
                Ok(None) => break Ok(()),
                Err(_) => break Err(Error::PeerMisbehaved("a malformed record")),
                Ok(Some(record)) => {
                    let taken = Record::decode(record.kind, record.payload).map_err(Error::PeerMisbehaved);
                    let taken = taken.and_then(|record| self.take(record, shelf, effects));
                    if taken.is_err() {
                        break taken;
                    }
                }
            }
        };
        self.reader = reader;
        result
    }

    fn take(
        &mut self,
        record: Record<'_>,
        shelf: &mut dyn Shelf,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Error> {
        let misbehaved = Error::PeerMisbehaved;
        if self.phase.is_greeting() && !matches!(record, Record::Hello { .. }) {
            return Err(misbehaved("a record before the greeting"));
        }
        match record {
            Record::Hello { stays, versions } => return self.greeted(stays, &versions),
            Record::Start { set, start } => return self.take_start(set, start, shelf),
            Record::Ranges { set, payload } => return self.take_ranges(set, payload, shelf),
            Record::StatementsDone => return self.they_finished_statements(),
            Record::Push { timestamp_ms, body } => {
                effects.push(Effect::Pushed(self.pushed(timestamp_ms, body)?));
            }
            Record::Announce { id, bytes, priority } => {
                self.incoming.arrived(id, What::Announcement, 0).map_err(misbehaved)?;
                self.reopen();
                effects.push(Effect::Announced { id, bytes, priority });
            }
            Record::Ask(ids) => {
                self.asked(ids.iter().map(|&id| Request { id, of: None, from_byte: 0 }))?;
            }
            Record::AskChunks { document, chunks } => {
                let of = Some(document);
                self.asked(chunks.iter().map(|&id| Request { id, of, from_byte: 0 }))?;
            }
            Record::AskFrom { document, chunk, from_byte } => {
                let (of, from_byte) = (Some(document), from_byte.into());
                self.asked([Request { id: chunk, of, from_byte }].into_iter())?;
            }
            Record::Piece { is_last, bytes } => {
                let message = self.incoming.piece(self.terms.group, is_last, bytes).map_err(misbehaved)?;
                effects.extend(message.map(Effect::Answered));
            }
            Record::Gone(ids) => {
                for id in ids {
                    self.incoming.gone(&id).map_err(misbehaved)?;
                    effects.push(Effect::Gone(id));
                }
            }
            Record::Acknowledge { count } => {
                self.outgoing.acknowledge(count, effects).map_err(misbehaved)?;
            }
            Record::Refuse { refusal, ids } => {
                self.outgoing.refuse(refusal, &ids, effects).map_err(misbehaved)?;
            }
            Record::Have(ids) => self.outgoing.have(&ids, effects).map_err(misbehaved)?,
            Record::Total { documents, bytes } => self.heard.total = (documents, bytes),
            Record::Done { sent, received, refused } => {
                self.heard.done = Some(Done { sent, received, refused });
            }
            Record::Ephemeral(bytes) => effects.push(Effect::Ephemeral(bytes.to_vec())),
        }
        Ok(())
    }

    fn pushed(&mut self, timestamp_ms: u64, body: &[u8]) -> Result<Message, Error> {
        let message = Message::new(self.terms.group, timestamp_ms, body.to_vec());
        let message = message.map_err(|_| Error::PeerMisbehaved("a malformed message"))?;
        let is_document = Kind::of(&message) == Ok(Kind::Document);
        let what = if is_document { What::Document } else { What::Statement };
        self.incoming.arrived(message.id(), what, body.len()).map_err(Error::PeerMisbehaved)?;
        self.reopen();
        Ok(message)
    }

    fn asked(&mut self, requests: impl ExactSizeIterator<Item = Request>) -> Result<(), Error> {
        self.reopen();
        self.answers.asked(requests).map_err(Error::PeerMisbehaved)
    }

    fn added(&mut self, set: Set, entry: Entry) {
        // What comes after the last word waits for the next meeting, unless both stay.
        if self.said.done && !self.stays {
            return;
        }
        self.reopen();
        self.outgoing.add(set, entry);
    }

    /// There is something new: what was said to be the last word was not.
    fn reopen(&mut self) {
        self.has_concluded_once |= self.outcome().is_some();
        self.said.done = false;
        self.heard.done = None;
    }

    fn peer_ended(&mut self) -> Result<(), Error> {
        if self.has_concluded_once || self.outcome().is_some() {
            self.heard.end = true;
            Ok(())
        } else {
            Err(Error::PeerMisbehaved("it ended before its last word"))
        }
    }
}

const EPHEMERAL_WAITING_MAX: usize = 16;

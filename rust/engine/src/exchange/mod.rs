//! What two devices do on an open link: a session of sync, between the store and the link.
//!
//! What arrives waits a moment, so that many documents share one flush of the disk; then it is judged and stored in
//! one transaction ([`judgement`]), and only then is the peer told. Large documents are asked for chunk by chunk, from
//! all peers that have them ([`quests`]).

mod asking;
mod commit;
pub(crate) mod judgement;
pub(crate) mod quests;
pub(crate) mod shelf;

use p2psync_bramble::{Millis, SecretKey};
use p2psync_model::{DocumentId, GroupId, Message, PeerId, Priority};
use p2psync_seal::Certificate;
use p2psync_store::{PeerRow, Store};
use p2psync_sync::session::{Effect, Input, Outcome, Progress, Refusal, Remainder, Session, Terms, Versions};
use p2psync_sync::{Entry, Set};
use rand_core::CryptoRngCore;

use crate::Error;
use crate::meeting::{ConnectionId, Moment};
use asking::Asking;
pub(crate) use quests::Quests;
use shelf::Reading;
pub(crate) use shelf::entry;

/// What is known when a link is open.
#[derive(Debug)]
pub(crate) struct Start {
    /// With whom.
    pub(crate) peer: PeerId,
    /// Under which number the store keeps what it brings.
    pub(crate) row: PeerRow,
    pub(crate) connection: ConnectionId,
    /// A key that both sides of this connection have and nobody else.
    pub(crate) exported_key: SecretKey,
    /// Whether this device dialled.
    pub(crate) is_caller: bool,
    /// What an earlier exchange with this peer left.
    pub(crate) remainder: Option<Remainder>,
}

/// What an exchange needs of the rest of the engine, for one call.
pub(crate) struct Around<'a> {
    pub(crate) now: Moment,
    pub(crate) random: &'a mut dyn CryptoRngCore,
    pub(crate) store: &'a mut Store,
    pub(crate) group: GroupId,
    /// Longest content that is taken.
    pub(crate) document_bytes_max: u64,
    /// The destination's, by which receipts are believed.
    pub(crate) certificate: Option<&'a Certificate>,
    pub(crate) quests: &'a mut Quests,
    /// What others must know: the app, and the exchanges with other peers.
    pub(crate) news: &'a mut Vec<News>,
}

/// What an exchange has to tell.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum News {
    /// The app may see these documents, parents first.
    Received(Vec<DocumentId>),
    /// The destination has these own documents.
    Confirmed(Vec<DocumentId>),
    /// These documents of others are with the destination, and went.
    Removed(Vec<DocumentId>),
    /// The destination does not take these.
    Rejected(Vec<DocumentId>),
    /// A message that other peers are offered, who brought it excepted.
    Offered {
        /// Who brought it; `None` for this device.
        from: Option<ConnectionId>,
        /// The set that it belongs to.
        set: Set,
        /// The message.
        entry: Entry,
    },
    /// A document that peers announced is here whole, or will not be taken.
    Resolved(DocumentId, Option<Refusal>),
    /// A peer did not take a document.
    Refused(PeerId, DocumentId, Refusal),
    /// Something for whoever is here.
    Ephemeral(PeerId, Vec<u8>),
    /// Chunks that were asked of one peer may be asked of others.
    Freed,
}

/// How an exchange ended: the same word on both screens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// Both have everything, and something moved.
    UpToDate,
    /// Both had everything.
    NothingNew,
    /// Both have everything that the other takes.
    Refused,
    /// The connection ended before.
    CutOff,
}

impl Word {
    /// The word for it, as apps see it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UpToDate => "upToDate",
            Self::NothingNew => "nothingNew",
            Self::Refused => "refused",
            Self::CutOff => "cutOff",
        }
    }
}

/// One conversation, over one link.
pub(crate) struct Exchange {
    start: Start,
    session: Session,
    reading: Reading,
    waiting: Waiting,
    asking: Asking,
    failure: Option<Error>,
}

/// What arrived and is not stored.
#[derive(Debug, Default)]
struct Waiting {
    arrivals: Vec<Arrival>,
    answers: Vec<Answer>,
    /// Documents that the peer is known to hold.
    held: Vec<DocumentId>,
    bytes: usize,
    since: Option<Millis>,
}

#[derive(Debug)]
enum Arrival {
    Pushed(Message),
    Announced { id: DocumentId, content_bytes: u64, priority: Priority },
}

#[derive(Debug)]
struct Answer {
    /// The document that the chunk is of; `None` for a document.
    of: Option<DocumentId>,
    message: Message,
}

impl Exchange {
    /// Begins on a link that opened at `now`.
    pub(crate) fn new(now: Moment, mut start: Start, group: GroupId, random: &mut dyn CryptoRngCore) -> Self {
        let terms = Terms {
            is_caller: start.is_caller,
            group,
            key: start.exported_key.clone(),
            versions: Versions::ours(),
            stays: true,
            patience_ms: PATIENCE_MS,
        };
        let mut session = Session::new(now.millis, terms);
        if let Some(remainder) = start.remainder.take() {
            session.resume(remainder);
        }
        Self {
            start,
            session,
            reading: Reading::new(random),
            waiting: Waiting::default(),
            asking: Asking::default(),
            failure: None,
        }
    }

    /// With whom, over which connection, and who dialled.
    pub(crate) const fn with(&self) -> &Start {
        &self.start
    }

    /// Bytes of the other side, authenticated and in order.
    ///
    /// # Errors
    /// What ends the connection.
    pub(crate) fn receive(&mut self, around: &mut Around<'_>, bytes: &[u8]) -> Result<(), Error> {
        self.tell(around, Input::Received(bytes))?;
        if self.waiting.is_full() { self.commit(around) } else { Ok(()) }
    }

    /// The other side has said everything, and nothing was cut off.
    ///
    /// # Errors
    /// What ends the connection.
    pub(crate) fn peer_ended(&mut self, around: &mut Around<'_>) -> Result<(), Error> {
        self.commit(around)?;
        self.tell(around, Input::PeerEnded)
    }

    /// [`Self::deadline`] is reached.
    ///
    /// # Errors
    /// What ends the connection.
    pub(crate) fn tick(&mut self, around: &mut Around<'_>) -> Result<(), Error> {
        if self.waiting.due().is_some_and(|due| around.now.millis >= due) {
            self.commit(around)?;
        }
        self.tell(around, Input::Tick)
    }

    /// What another exchange, or the app, has to tell.
    ///
    /// # Errors
    /// What ends the connection.
    pub(crate) fn hear(&mut self, around: &mut Around<'_>, news: &News) -> Result<(), Error> {
        match news {
            News::Offered { from, set, entry } if *from != Some(self.start.connection) => {
                self.tell(around, Input::Added { set: *set, entry: *entry })
            }
            News::Resolved(id, refusal) if self.asking.is_announced(id) => {
                self.asking.resolve(id);
                self.tell(around, Input::Resolved { id: *id, refusal: *refusal })?;
                self.ask(around)
            }
            News::Freed | News::Resolved(..) => self.ask(around),
            _ => Ok(()),
        }
    }

    /// Says something to the peer that is not kept.
    ///
    /// # Errors
    /// What ends the connection.
    pub(crate) fn say(&mut self, around: &mut Around<'_>, bytes: &[u8]) -> Result<(), Error> {
        self.tell(around, Input::Ephemeral(bytes))
    }

    /// Our side wants to end when both have everything.
    pub(crate) const fn finish(&mut self) {
        self.session.finish();
    }

    /// The connection is over, however: what arrived whole is stored, and what this peer was asked for is free for others.
    /// Returns what it left unfinished, for the next exchange with this peer.
    ///
    /// # Errors
    /// That of the store.
    pub(crate) fn end(&mut self, around: &mut Around<'_>) -> Result<Option<Remainder>, Error> {
        let committed = self.commit(around);
        around.quests.release(self.start.connection);
        around.news.push(News::Freed);
        // The peer's fault is known already; what it brought before that counts.
        match committed {
            Err(Error::Sync(_)) | Ok(()) => Ok(self.session.take_remainder()),
            Err(error) => Err(error),
        }
    }

    /// Appends at most `room_bytes` bytes to send now.
    ///
    /// # Errors
    /// That of the store: the connection ends.
    pub(crate) fn fill(
        &mut self,
        store: &mut Store,
        room_bytes: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let Self { session, reading, failure, .. } = self;
        let result = session.fill(&mut reading.shelf(store, failure), room_bytes, out);
        result.map_err(|error| self.failure.take().unwrap_or(Error::Sync(error)))
    }

    /// Whether `fill` will never give another byte.
    pub(crate) fn is_ended(&self) -> bool {
        self.session.is_ended()
    }

    /// When [`Self::tick`] must be called at the latest, if nothing happens before.
    pub(crate) fn deadline(&self) -> Option<Millis> {
        [self.waiting.due(), self.session.deadline()].into_iter().flatten().min()
    }

    /// Documents that the peer took, and that it brought.
    pub(crate) fn documents(&self) -> (u64, u64) {
        let Progress { sending, received_documents, .. } = self.session.progress();
        (sending.documents.into(), received_documents.into())
    }

    /// How far it has come.
    pub(crate) fn progress(&self) -> Progress {
        self.session.progress()
    }

    /// How it came out, once both sides have said so.
    pub(crate) fn outcome(&self) -> Option<Outcome> {
        self.session.outcome()
    }

    /// The word for how it ended, or stands.
    pub(crate) fn word(&self) -> Word {
        match self.session.outcome() {
            None => Word::CutOff,
            Some(outcome) if outcome.refused_here + outcome.refused_there > 0 => Word::Refused,
            Some(outcome) if outcome.sent + outcome.received > 0 => Word::UpToDate,
            Some(_) => Word::NothingNew,
        }
    }

    /// Tells the session something and notes what it wants.
    fn tell(&mut self, around: &mut Around<'_>, input: Input<'_>) -> Result<(), Error> {
        let mut effects = Vec::new();
        let Self { session, reading, failure, .. } = self;
        let shelf = &mut reading.shelf(around.store, failure);
        let result = session.handle(around.now.millis, input, shelf, &mut effects);
        for effect in effects {
            self.note(around, effect);
        }
        result.map_err(|error| self.failure.take().unwrap_or(Error::Sync(error)))
    }

    fn note(&mut self, around: &mut Around<'_>, effect: Effect) {
        let peer = self.start.peer;
        match effect {
            Effect::Pushed(message) => {
                self.waiting.bytes += message.body().len();
                self.waiting.arrivals.push(Arrival::Pushed(message));
            }
            Effect::Announced { id, bytes, priority } => {
                self.waiting.arrivals.push(Arrival::Announced { id, content_bytes: bytes, priority });
            }
            Effect::Answered(message) => {
                self.waiting.bytes += message.body().len();
                let of = self.asking.answered(around.now.millis, &message.id());
                self.waiting.answers.push(Answer { of, message });
            }
            Effect::Gone(id) => {
                // It had the document when it announced it: it went since.
                let document = self.asking.answered(around.now.millis, &id).unwrap_or(id);
                around.quests.gone(&document, self.start.connection);
                self.asking.resolve(&document);
                around.news.push(News::Freed);
            }
            Effect::Held(id) => self.waiting.held.push(id),
            Effect::Refused { id, refusal } => around.news.push(News::Refused(peer, id, refusal)),
            Effect::Ephemeral(bytes) => around.news.push(News::Ephemeral(peer, bytes)),
        }
        self.waiting.since.get_or_insert(around.now.millis);
    }
}

impl Waiting {
    const fn is_full(&self) -> bool {
        self.arrivals.len() + self.answers.len() >= WAITING_COUNT_MAX || self.bytes >= WAITING_BYTES_MAX
    }

    fn due(&self) -> Option<Millis> {
        let is_empty = self.arrivals.is_empty() && self.answers.is_empty() && self.held.is_empty();
        self.since.filter(|_| !is_empty).map(|since| since.plus(WAITING_MS_MAX))
    }
}

/// How long a peer may owe an answer.
const PATIENCE_MS: u64 = 120_000;

/// Most messages that wait to be stored together.
const WAITING_COUNT_MAX: usize = 256;

/// Most bytes of them.
const WAITING_BYTES_MAX: usize = 512 << 10;

/// How long a message waits for others to share the flush of the disk.
const WAITING_MS_MAX: u64 = 20;

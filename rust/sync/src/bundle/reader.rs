//! Reads a bundle in whatever pieces it comes.

use std::collections::BTreeMap;

use p2psync_bramble::WallClock;
use p2psync_bramble::record::RecordReader;
use p2psync_bramble::stream::{STREAM_HEADER_BYTES, StreamDecoder, StreamError};
use p2psync_model::{DocumentId, GroupId, Kind, Message};

use super::front::{PAIRS_MAX, SLOT_BYTES, Secret, open_slot};
use super::keys::{SlotTag, header_key};
use super::record::{RECORD_VERSION, Record};
use super::server::SERVER_FRONT_BYTES;
use super::{PairKey, ReadError};

/// Most memory that a reader takes beside 88 bytes for each pair key that it is given, and what it hands over.
pub const READER_BYTES_MAX: usize = 128 << 10;

/// What was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Who has made it: the pair key of that number opens it. Not said where a secret was given.
    Recognised {
        /// Its number among those given.
        pair: usize,
    },
    /// It is of this deployment.
    About {
        /// When it was made, as its maker believed.
        made: WallClock,
    },
    /// What a server has signed, or a message of a kind that is not known.
    Statement(Message),
    /// A document. Its chunks follow, if it has any.
    Document(Message),
    /// A chunk of a document, or of what claims to be one: judge it.
    Chunk {
        /// The document before it.
        of: DocumentId,
        /// The chunk.
        message: Message,
    },
    /// It is whole, and nothing more will come.
    End {
        /// Statements in it.
        statements: u32,
        /// Documents in it.
        documents: u32,
    },
}

/// Reads one bundle.
#[derive(Debug)]
pub struct Reader {
    group: GroupId,
    state: State,
    /// The beginning of a part of the front that has not come whole.
    pending: Vec<u8>,
    /// Whether anything came.
    read_bytes: u64,
}

#[derive(Debug)]
enum State {
    /// Salt and the server's place.
    Front(Opener),
    /// Slots, one after another, up to the one whose tag is known.
    Slots {
        slots: Slots,
        number: usize,
    },
    /// The slots that are left, which are for others.
    Rest {
        decoder: Box<StreamDecoder>,
        left_bytes: usize,
    },
    Stream(Box<Stream>),
    Ended,
    Failed(ReadError),
}

/// What opens a bundle.
#[derive(Debug)]
enum Opener {
    Pairs(Vec<PairKey>),
    Secret(Secret),
}

/// The tags to look for.
#[derive(Debug)]
struct Slots {
    salt: [u8; 32],
    pairs: Vec<PairKey>,
    /// By tag: number of the pair, and whether this device wrote it.
    tags: BTreeMap<SlotTag, (usize, bool)>,
}

#[derive(Debug)]
struct Stream {
    decoder: StreamDecoder,
    records: RecordReader,
    has_begun: bool,
    document: Option<DocumentId>,
}

impl Reader {
    /// For a device that has these pairs.
    pub fn new(group: GroupId, pairs: Vec<PairKey>) -> Self {
        Self::with(group, Opener::Pairs(pairs))
    }

    /// For who knows what opens the bundle: a server, which has opened [`super::sealed_for_server`]. Reads from the
    /// bundle's first byte on.
    ///
    /// # Errors
    /// [`ReadError::Damaged`] if it is no such secret, [`ReadError::TooNew`].
    pub fn with_secret(group: GroupId, secret: &[u8]) -> Result<Self, ReadError> {
        Ok(Self::with(group, Opener::Secret(Secret::decode(secret)?)))
    }

    fn with(group: GroupId, opener: Opener) -> Self {
        Self { group, state: State::Front(opener), pending: Vec::new(), read_bytes: 0 }
    }

    /// Takes more of the file, and appends what it says to `events`. What comes after the end is not looked at.
    ///
    /// # Errors
    /// [`ReadError`], which is also what every later call says. Events before it hold.
    pub fn handle(&mut self, mut bytes: &[u8], events: &mut Vec<Event>) -> Result<(), ReadError> {
        self.read_bytes = self.read_bytes.saturating_add(bytes.len() as u64);
        while !bytes.is_empty() && !self.is_ended() {
            let state = core::mem::replace(&mut self.state, State::Ended);
            match self.advance(state, &mut bytes, events) {
                Ok(state) => self.state = state,
                Err(error) => {
                    self.state = State::Failed(error);
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// Whether the whole bundle was read.
    pub const fn is_ended(&self) -> bool {
        matches!(self.state, State::Ended)
    }

    /// Says that the file is over.
    ///
    /// # Errors
    /// [`ReadError::Cut`] if the bundle is not, or an earlier error; [`ReadError::TooShort`] or
    /// [`ReadError::NotRecognised`] if nothing in it was known.
    pub const fn finish(&self) -> Result<(), ReadError> {
        match &self.state {
            State::Ended => Ok(()),
            State::Failed(error) => Err(*error),
            State::Rest { .. } | State::Stream(_) => Err(ReadError::Cut),
            State::Front(_) | State::Slots { .. } if self.read_bytes < SHORTEST_BYTES => {
                Err(ReadError::TooShort)
            }
            State::Front(_) | State::Slots { .. } => Err(ReadError::NotRecognised),
        }
    }

    fn advance(
        &mut self,
        state: State,
        bytes: &mut &[u8],
        events: &mut Vec<Event>,
    ) -> Result<State, ReadError> {
        match state {
            State::Front(opener) => Ok(match self.collect(bytes, SERVER_FRONT_BYTES) {
                Some(front) => opener.begin(&front)?,
                None => State::Front(opener),
            }),
            State::Slots { slots, number } => match self.collect(bytes, SLOT_BYTES) {
                Some(slot) => slots.look_at(number, &slot, events),
                None => Ok(State::Slots { slots, number }),
            },
            State::Rest { decoder, left_bytes } => Ok(skip(decoder, left_bytes, bytes)),
            State::Stream(mut stream) => {
                let is_ended = stream.read(self.group, bytes, events)?;
                Ok(if is_ended { State::Ended } else { State::Stream(stream) })
            }
            State::Failed(error) => Err(error),
            State::Ended => Ok(State::Ended),
        }
    }

    /// A part of the front, once it is whole.
    fn collect(&mut self, bytes: &mut &[u8], length: usize) -> Option<Vec<u8>> {
        let (now, rest) = bytes.split_at(bytes.len().min(length - self.pending.len()));
        self.pending.extend_from_slice(now);
        *bytes = rest;
        (self.pending.len() == length).then(|| core::mem::take(&mut self.pending))
    }
}

impl Opener {
    fn begin(self, front: &[u8]) -> Result<State, ReadError> {
        let salt = *front.first_chunk().ok_or(ReadError::TooShort)?;
        Ok(match self {
            Self::Secret(secret) => {
                let decoder = Box::new(StreamDecoder::new(header_key(&secret.key, &salt), 0));
                State::Rest { decoder, left_bytes: secret.slots() * SLOT_BYTES }
            }
            Self::Pairs(pairs) => {
                let mut tags = BTreeMap::new();
                for (number, pair) in pairs.iter().enumerate() {
                    tags.insert(pair.tag_to_read(&salt), (number, false));
                    tags.insert(pair.tag_to_write(&salt), (number, true));
                }
                State::Slots { slots: Slots { salt, pairs, tags }, number: 0 }
            }
        })
    }
}

impl Slots {
    fn look_at(self, number: usize, slot: &[u8], events: &mut Vec<Event>) -> Result<State, ReadError> {
        let (tag, sealed) = slot.split_first_chunk().ok_or(ReadError::TooShort)?;
        let Some(&(pair, is_own)) = self.tags.get(tag) else {
            let is_over = number + 1 == PAIRS_MAX;
            return if is_over {
                Err(ReadError::NotRecognised)
            } else {
                Ok(State::Slots { slots: self, number: number + 1 })
            };
        };
        if is_own {
            return Err(ReadError::Own);
        }
        let key = self.pairs.get(pair).ok_or(ReadError::NotRecognised)?.slot_key_to_read(&self.salt);
        let secret = open_slot(&key, sealed)?;
        let left = secret.slots().checked_sub(number + 1).ok_or(ReadError::Damaged("what opens it"))?;
        events.push(Event::Recognised { pair });
        let decoder = StreamDecoder::new(header_key(&secret.key, &self.salt), 0);
        Ok(rest(Box::new(decoder), left * SLOT_BYTES))
    }
}

impl Stream {
    /// Reads up to the end of one frame. Says whether the bundle is whole.
    fn read(
        &mut self,
        group: GroupId,
        bytes: &mut &[u8],
        events: &mut Vec<Event>,
    ) -> Result<bool, ReadError> {
        let mut payload = Vec::new();
        let frame = self.decoder.next_frame(bytes, &mut payload).map_err(|error| match error {
            StreamError::Malformed(what) => ReadError::Damaged(what),
            StreamError::Cut => ReadError::Cut,
        })?;
        self.records.push(&payload);
        loop {
            let mut records = core::mem::take(&mut self.records);
            let next = records.next(RECORD_VERSION, Record::is_known);
            let record = next.map_err(|_| ReadError::Damaged("a record"))?;
            let Some(record) = record else {
                self.records = records;
                // A maker says that it is the end before the stream ends.
                let is_over = frame.is_some_and(|frame| frame.is_final);
                return if is_over { Err(ReadError::Damaged("it has no end")) } else { Ok(false) };
            };
            let record = Record::decode(record.kind, record.payload);
            let is_ended = self.take(group, record.ok_or(ReadError::Damaged("a record"))?, events)?;
            if is_ended {
                return Ok(true);
            }
            self.records = records;
        }
    }

    fn take(
        &mut self,
        group: GroupId,
        record: Record<'_>,
        events: &mut Vec<Event>,
    ) -> Result<bool, ReadError> {
        match record {
            Record::About { group: theirs, .. } if theirs != group => return Err(ReadError::OtherDeployment),
            Record::About { made_ms, .. } if !self.has_begun => {
                self.has_begun = true;
                events.push(Event::About { made: WallClock(made_ms) });
            }
            Record::Message { timestamp_ms, body } if self.has_begun => {
                let message = Message::new(group, timestamp_ms, body.to_vec());
                let message = message.map_err(|_| ReadError::Damaged("a message"))?;
                events.push(self.classify(message)?);
            }
            Record::End { statements, documents } if self.has_begun => {
                events.push(Event::End { statements, documents });
                return Ok(true);
            }
            _ => return Err(ReadError::Damaged("the order of its records")),
        }
        Ok(false)
    }

    fn classify(&mut self, message: Message) -> Result<Event, ReadError> {
        match Kind::of(&message) {
            Ok(Kind::Document) => {
                self.document = Some(message.id());
                Ok(Event::Document(message))
            }
            Ok(Kind::Chunk) => {
                let of = self.document.ok_or(ReadError::Damaged("a chunk of no document"))?;
                Ok(Event::Chunk { of, message })
            }
            _ => Ok(Event::Statement(message)),
        }
    }
}

/// Shortest that a bundle can be: with the fewest slots and not even a frame.
const SHORTEST_BYTES: u64 = (SERVER_FRONT_BYTES + 16 * SLOT_BYTES + STREAM_HEADER_BYTES) as u64;

fn skip(decoder: Box<StreamDecoder>, left_bytes: usize, bytes: &mut &[u8]) -> State {
    let (skipped, after) = bytes.split_at(bytes.len().min(left_bytes));
    *bytes = after;
    rest(decoder, left_bytes - skipped.len())
}

fn rest(decoder: Box<StreamDecoder>, left_bytes: usize) -> State {
    if left_bytes > 0 {
        return State::Rest { decoder, left_bytes };
    }
    let records = RecordReader::new();
    State::Stream(Box::new(Stream { decoder: *decoder, records, has_begun: false, document: None }))
}

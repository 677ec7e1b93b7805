//! What the two sides of a session say to each other, and its bytes (`docs/protocol/sync.md`, version 1).

use p2psync_bramble::record;
use p2psync_model::{ChunkId, DocumentId, MESSAGE_BODY_BYTES_MAX, MessageId, Priority};

use super::{Refusal, Versions};
use crate::Set;
use crate::comparison::Start;

/// The version in the header of each record.
pub(crate) const RECORD_VERSION: u8 = 1;

/// Most ids in one record.
pub const RECORD_IDS_MAX: usize = 256;

/// Longest ephemeral message.
pub const EPHEMERAL_BYTES_MAX: usize = 1_024;

/// Length of what stands before a message's body: its timestamp.
pub(crate) const TIMESTAMP_BYTES: usize = 8;

/// One record. Borrowed from where it arrived, or from what is about to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Record<'a> {
    /// First of all: the versions of sync that one speaks, and whether one wants to stay connected.
    Hello { stays: bool, versions: Versions },
    /// Where one stands with a set.
    Start { set: Set, start: Start },
    /// A step of the comparison.
    Ranges { set: Set, payload: &'a [u8] },
    /// Everything that was found in the comparison of statements has reached the other side.
    StatementsDone,
    /// A message that the other side does not have.
    Push { timestamp_ms: u64, body: &'a [u8] },
    /// A document that the other side does not have and may ask for.
    Announce { id: MessageId, bytes: u64, priority: Priority },
    /// Documents that one wants.
    Ask(Vec<DocumentId>),
    /// Chunks of a document that one wants.
    AskChunks { document: DocumentId, chunks: Vec<ChunkId> },
    /// A chunk that one wants from some byte of its timestamp and body on: what came before a cut is still there.
    AskFrom { document: DocumentId, chunk: ChunkId, from_byte: u16 },
    /// A part of the message that was asked for first and not answered yet: timestamp and body.
    Piece { is_last: bool, bytes: &'a [u8] },
    /// Asked for, and not here.
    Gone(Vec<MessageId>),
    /// How many pushes and announcements were dealt with since the session began.
    Acknowledge { count: u32 },
    /// Not taken.
    Refuse { refusal: Refusal, ids: Vec<MessageId> },
    /// Announced, and now held whole.
    Have(Vec<MessageId>),
    /// How much one will send in this session, all told.
    Total { documents: u32, bytes: u64 },
    /// Nothing more to say, unless asked.
    Done { sent: u32, received: u32, refused: u32 },
    /// For whoever is there now; never stored.
    Ephemeral(&'a [u8]),
}

impl<'a> Record<'a> {
    /// Whether a record of this kind is known. Others are skipped.
    pub(crate) const fn is_known(kind: u8) -> bool {
        kind <= ASK_FROM
    }

    /// Reads the payload of a record.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn decode(kind: u8, payload: &'a [u8]) -> Result<Self, &'static str> {
        let decoded = match kind {
            HELLO => decode_hello(payload),
            START => decode_start(payload),
            RANGES => payload
                .split_first()
                .and_then(|(&set, payload)| Some(Self::Ranges { set: Set::from_number(set)?, payload })),
            STATEMENTS_DONE => payload.is_empty().then_some(Self::StatementsDone),
            PUSH => decode_push(payload),
            ANNOUNCE => decode_announce(payload),
            ASK => ids(payload).map(Self::Ask),
            PIECE | LAST_PIECE => (!payload.is_empty() && payload.len() <= PIECE_BYTES_MAX)
                .then_some(Self::Piece { is_last: kind == LAST_PIECE, bytes: payload }),
            ASK_CHUNKS => payload.split_first_chunk().and_then(|(document, chunks)| {
                let (document, chunks) = (MessageId::from_bytes(*document), ids(chunks)?);
                Some(Self::AskChunks { document, chunks })
            }),
            ASK_FROM => decode_ask_from(payload),
            GONE => ids(payload).map(Self::Gone),
            ACKNOWLEDGE => payload
                .try_into()
                .ok()
                .map(|count: [u8; 4]| Self::Acknowledge { count: u32::from_be_bytes(count) }),
            REFUSE => payload.split_first().and_then(|(&refusal, rest)| {
                Some(Self::Refuse { refusal: Refusal::from_number(refusal)?, ids: ids(rest)? })
            }),
            HAVE => ids(payload).map(Self::Have),
            TOTAL => decode_total(payload),
            DONE => decode_done(payload),
            EPHEMERAL => {
                (1..=EPHEMERAL_BYTES_MAX).contains(&payload.len()).then_some(Self::Ephemeral(payload))
            }
            _ => None,
        };
        decoded.ok_or_else(|| name(kind))
    }

    /// Appends the record with its header.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Hello { stays, versions } => {
                write(HELLO, &[&[u8::from(*stays)], versions.as_slice()], out);
            }
            Self::Start { set, start } => {
                let count = u32::try_from(start.count).unwrap_or(u32::MAX).to_be_bytes();
                write(START, &[&[set.number()], &start.root, &count], out);
            }
            Self::Ranges { set, payload } => write(RANGES, &[&[set.number()], payload], out),
            Self::StatementsDone => write(STATEMENTS_DONE, &[], out),
            Self::Push { timestamp_ms, body } => write(PUSH, &[&timestamp_ms.to_be_bytes(), body], out),
            Self::Announce { id, bytes, priority } => {
                let priority = u8::try_from(priority.number()).expect("priorities are 0 to 2");
                write(ANNOUNCE, &[id.as_bytes(), &bytes.to_be_bytes(), &[priority]], out);
            }
            Self::Ask(ids) => write_ids(ASK, &[], ids, out),
            Self::AskChunks { document, chunks } => write_ids(ASK_CHUNKS, document.as_bytes(), chunks, out),
            Self::AskFrom { document, chunk, from_byte } => {
                write(ASK_FROM, &[document.as_bytes(), chunk.as_bytes(), &from_byte.to_be_bytes()], out);
            }
            Self::Piece { is_last, bytes } => {
                write(if *is_last { LAST_PIECE } else { PIECE }, &[bytes], out);
            }
            Self::Gone(ids) => write_ids(GONE, &[], ids, out),
            Self::Acknowledge { count } => write(ACKNOWLEDGE, &[&count.to_be_bytes()], out),
            Self::Refuse { refusal, ids } => write_ids(REFUSE, &[refusal.number()], ids, out),
            Self::Have(ids) => write_ids(HAVE, &[], ids, out),
            Self::Total { documents, bytes } => {
                write(TOTAL, &[&documents.to_be_bytes(), &bytes.to_be_bytes()], out);
            }
            Self::Done { sent, received, refused } => {
                let numbers = [sent, received, refused].map(|number| number.to_be_bytes());
                write(DONE, &numbers.each_ref().map(<[u8; 4]>::as_slice), out);
            }
            Self::Ephemeral(bytes) => write(EPHEMERAL, &[bytes], out),
        }
    }
}

fn decode_hello(payload: &[u8]) -> Option<Record<'_>> {
    let (&stays, versions) = payload.split_first()?;
    let stays = match stays {
        0 => false,
        1 => true,
        _ => return None,
    };
    Some(Record::Hello { stays, versions: Versions::new(versions.to_vec()).ok()? })
}

fn decode_start(payload: &[u8]) -> Option<Record<'_>> {
    let (&set, rest) = payload.split_first()?;
    let (root, count) = rest.split_first_chunk()?;
    let count = u32::from_be_bytes(count.try_into().ok()?).into();
    let start = Start { root: *root, count };
    Some(Record::Start { set: Set::from_number(set)?, start })
}

fn decode_push(payload: &[u8]) -> Option<Record<'_>> {
    let (timestamp, body) = payload.split_first_chunk()?;
    let fits = (1..=MESSAGE_BODY_BYTES_MAX).contains(&body.len());
    fits.then_some(Record::Push { timestamp_ms: u64::from_be_bytes(*timestamp), body })
}

fn decode_announce(payload: &[u8]) -> Option<Record<'_>> {
    let (id, rest) = payload.split_first_chunk()?;
    let (bytes, rest) = rest.split_first_chunk()?;
    let &[priority] = rest else { return None };
    let (id, bytes) = (MessageId::from_bytes(*id), u64::from_be_bytes(*bytes));
    Some(Record::Announce { id, bytes, priority: Priority::from_number(priority.into())? })
}

fn decode_ask_from(payload: &[u8]) -> Option<Record<'_>> {
    let (document, rest) = payload.split_first_chunk()?;
    let (chunk, from_byte) = rest.split_first_chunk()?;
    let from_byte = u16::from_be_bytes(from_byte.try_into().ok()?);
    let fits = (1..PIECE_BYTES_MAX).contains(&usize::from(from_byte));
    let (document, chunk) = (MessageId::from_bytes(*document), MessageId::from_bytes(*chunk));
    fits.then_some(Record::AskFrom { document, chunk, from_byte })
}

fn decode_total(payload: &[u8]) -> Option<Record<'_>> {
    let (documents, bytes) = payload.split_first_chunk()?;
    let bytes = u64::from_be_bytes(bytes.try_into().ok()?);
    Some(Record::Total { documents: u32::from_be_bytes(*documents), bytes })
}

fn decode_done(payload: &[u8]) -> Option<Record<'_>> {
    let (numbers, rest) = payload.as_chunks::<4>();
    let ([sent, received, refused], []) = (numbers, rest) else { return None };
    let [sent, received, refused] = [sent, received, refused].map(|bytes| u32::from_be_bytes(*bytes));
    Some(Record::Done { sent, received, refused })
}

fn ids(payload: &[u8]) -> Option<Vec<MessageId>> {
    let (ids, rest) = payload.as_chunks();
    let fits = rest.is_empty() && (1..=RECORD_IDS_MAX).contains(&ids.len());
    fits.then(|| ids.iter().map(|id| MessageId::from_bytes(*id)).collect())
}

fn write_ids(kind: u8, before: &[u8], ids: &[MessageId], out: &mut Vec<u8>) {
    let parts: Vec<&[u8]> =
        core::iter::once(before).chain(ids.iter().map(|id| id.as_bytes().as_slice())).collect();
    write(kind, &parts, out);
}

fn write(kind: u8, parts: &[&[u8]], out: &mut Vec<u8>) {
    record::write(RECORD_VERSION, kind, &parts.concat(), out)
        .expect("the longest record of every kind fits in one");
}

/// What a malformed record is called, to whom it is reported.
const fn name(kind: u8) -> &'static str {
    match kind {
        HELLO => "a malformed hello",
        START => "a malformed start of a comparison",
        RANGES => "malformed ranges",
        STATEMENTS_DONE => "a malformed end of the statements",
        PUSH => "a malformed message",
        ANNOUNCE => "a malformed announcement",
        ASK | ASK_CHUNKS | ASK_FROM => "a malformed request",
        PIECE | LAST_PIECE => "a malformed piece",
        GONE => "a malformed list of what is gone",
        ACKNOWLEDGE => "a malformed acknowledgement",
        REFUSE => "a malformed refusal",
        HAVE => "a malformed list of what is held",
        TOTAL => "a malformed total",
        DONE => "a malformed end",
        EPHEMERAL => "a malformed ephemeral message",
        _ => "a record of an unknown type",
    }
}

const HELLO: u8 = 0;
const START: u8 = 1;
const RANGES: u8 = 2;
const STATEMENTS_DONE: u8 = 3;
const PUSH: u8 = 4;
const ANNOUNCE: u8 = 5;
const ASK: u8 = 6;
const PIECE: u8 = 7;
const LAST_PIECE: u8 = 8;
const GONE: u8 = 9;
const ACKNOWLEDGE: u8 = 10;
const REFUSE: u8 = 11;
const HAVE: u8 = 12;
const TOTAL: u8 = 13;
const DONE: u8 = 14;
const EPHEMERAL: u8 = 15;
const ASK_CHUNKS: u8 = 16;
const ASK_FROM: u8 = 17;

/// Longest piece: a whole message.
const PIECE_BYTES_MAX: usize = TIMESTAMP_BYTES + MESSAGE_BODY_BYTES_MAX;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ID: MessageId = MessageId::from_bytes([7; 32]);

    fn samples() -> Vec<Record<'static>> {
        let start = Start { root: [5; 8], count: 99 };
        vec![
            Record::Hello { stays: true, versions: Versions::new(vec![1, 7]).unwrap() },
            Record::Start { set: Set::Documents, start },
            Record::Ranges { set: Set::Statements, payload: b"ranges" },
            Record::StatementsDone,
            Record::Push { timestamp_ms: 5, body: b"body" },
            Record::Announce { id: ID, bytes: 3 << 20, priority: Priority::Low },
            Record::Ask(vec![ID; RECORD_IDS_MAX]),
            Record::Piece { is_last: false, bytes: b"piece" },
            Record::Piece { is_last: true, bytes: b"p" },
            Record::Gone(vec![ID]),
            Record::Acknowledge { count: 70_000 },
            Record::Refuse { refusal: Refusal::Quota, ids: vec![ID, ID] },
            Record::Have(vec![ID]),
            Record::Total { documents: 3, bytes: 1 << 33 },
            Record::Done { sent: 1, received: 2, refused: 3 },
            Record::Ephemeral(b"here"),
            Record::AskChunks { document: ID, chunks: vec![ID, ID] },
            Record::AskFrom { document: ID, chunk: ID, from_byte: 32_775 },
        ]
    }

    #[test]
    fn every_kind_is_read_as_it_was_written() {
        for (sample, kind) in samples().iter().zip(0..) {
            let mut encoded = Vec::new();
            sample.encode(&mut encoded);
            let (record, taken) = record::read(&encoded).unwrap().unwrap();
            assert_eq!((record.version, record.kind, taken), (RECORD_VERSION, kind, encoded.len()));
            assert_eq!(Record::decode(record.kind, record.payload).as_ref(), Ok(sample));
        }
        assert_eq!(samples().len(), usize::from(ASK_FROM) + 1);
    }

    #[test]
    fn no_kind_has_another_length() {
        for sample in samples() {
            let mut encoded = Vec::new();
            sample.encode(&mut encoded);
            let kind = encoded[1];
            let is_free = matches!(kind, HELLO | RANGES | PUSH | PIECE | LAST_PIECE | EPHEMERAL);
            for length in 0..encoded.len() - 4 {
                let payload = &encoded[4..4 + length];
                let is_list =
                    matches!(kind, ASK | GONE | HAVE | ASK_CHUNKS) && length > 0 && length.is_multiple_of(32);
                let is_refusal = kind == REFUSE && length == 33;
                let is_list = is_list && (kind != ASK_CHUNKS || length > 32);
                if !is_free && !is_list && !is_refusal {
                    assert_eq!(Record::decode(kind, payload), Err(name(kind)), "{sample:?} cut to {length}");
                }
            }
        }
    }

    #[test]
    fn bounds_are_kept() {
        let long = vec![0; 40_000];
        for (kind, length) in [
            (PUSH, 8),
            (PUSH, 8 + MESSAGE_BODY_BYTES_MAX + 1),
            (PIECE, 0),
            (LAST_PIECE, PIECE_BYTES_MAX + 1),
            (ASK, 32 * (RECORD_IDS_MAX + 1)),
            (EPHEMERAL, 0),
            (EPHEMERAL, EPHEMERAL_BYTES_MAX + 1),
            (ASK_FROM, 66),
            (ASK_CHUNKS, 32),
            (HELLO, 1),
            (77, 1),
        ] {
            assert!(Record::decode(kind, &long[..length]).is_err(), "{kind} {length}");
        }
        assert_eq!(Record::decode(START, &[9; 13]), Err("a malformed start of a comparison"));
        assert_eq!(Record::decode(HELLO, &[2, 1]), Err("a malformed hello"));
        assert_eq!(Record::decode(REFUSE, &[[99; 1].as_slice(), &[0; 32]].concat()), Err(name(REFUSE)));
    }

    proptest! {
        #[test]
        fn what_decodes_has_one_encoding(kind in 0..=ASK_FROM, payload in proptest::collection::vec(any::<u8>(), 0..80)) {
            if let Ok(decoded) = Record::decode(kind, &payload) {
                let mut encoded = Vec::new();
                decoded.encode(&mut encoded);
                prop_assert_eq!(&encoded[4..], &payload[..]);
            }
        }
    }
}

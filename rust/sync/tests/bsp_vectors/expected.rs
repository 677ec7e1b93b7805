//! Records as the vectors write them, and reading them from a stream as a session does.

use p2psync_bramble::record::RecordReader;
use p2psync_model::{Message, MessageId};
use p2psync_sync::bsp::{Error, Ids, Record, VERSION};
use p2psync_vector_reader::Hex;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(untagged)]
pub enum Expected {
    Record(Fields),
    End(EndOfStream),
}

#[derive(Deserialize)]
pub enum EndOfStream {
    #[serde(rename = "end of stream")]
    EndOfStream,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
pub enum Fields {
    Ack {
        ids: Vec<Hex>,
    },
    Message {
        id: Hex,
        group_id: Hex,
        timestamp: u64,
        body_length: usize,
        body_sha256: Option<Hex>,
    },
    Offer {
        ids: Vec<Hex>,
    },
    Request {
        ids: Vec<Hex>,
    },
    /// Java's bytes are signed.
    Versions {
        versions: Vec<i16>,
    },
    Priority {
        nonce: Hex,
    },
}

impl Fields {
    pub fn check(&self, record: &Record<'_>) {
        match (self, record) {
            (Self::Ack { ids }, Record::Ack(read))
            | (Self::Offer { ids }, Record::Offer(read))
            | (Self::Request { ids }, Record::Request(read)) => {
                assert_eq!(listed(*read), ids.iter().map(message_id).collect::<Vec<_>>());
            }
            (Self::Message { id, group_id, timestamp, body_length, body_sha256 }, Record::Message(read)) => {
                assert_eq!((read.id(), read.group().as_bytes()), (message_id(id), &group_id.array()));
                assert_eq!((read.timestamp_ms(), read.body().len()), (*timestamp, *body_length));
                if let Some(hash) = body_sha256 {
                    assert_eq!(sha256(read.body()), hash[..]);
                }
            }
            (Self::Versions { versions }, Record::Versions(read)) => {
                let unsigned: Vec<u8> = versions.iter().map(|version| version.to_be_bytes()[1]).collect();
                assert_eq!(read.as_slice(), unsigned);
            }
            (Self::Priority { nonce }, Record::Priority(read)) => {
                assert_eq!(read.as_bytes(), &nonce.array());
            }
            (_, read) => panic!("read {read:?} instead"),
        }
    }
}

pub fn message_id(hex: &Hex) -> MessageId {
    MessageId::from_bytes(hex.array())
}

pub fn listed(ids: Ids<'_>) -> Vec<MessageId> {
    ids.iter().collect()
}

pub fn sha256(bytes: &[u8]) -> Vec<u8> {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes).to_vec()
}

/// Hands each record of a stream to `take`, in order, and says how the stream ended.
pub fn read_all(stream: &[u8], mut take: impl FnMut(&Record<'_>)) -> Result<(), Error> {
    let mut reader = RecordReader::new();
    for piece in stream.chunks(997) {
        reader.push(piece);
        while let Some(raw) = reader.next(VERSION, Record::is_known)? {
            take(&Record::decode(raw.kind, raw.payload)?.expect("unknown types are skipped"));
        }
    }
    if reader.is_between_records() { Ok(()) } else { Err(Error::Cut) }
}

/// The messages of a stream, in order.
pub fn messages(stream: &[u8]) -> Vec<Message> {
    let mut messages = Vec::new();
    let take = |record: &Record<'_>| {
        if let Record::Message(message) = record {
            messages.push(message.clone());
        }
    };
    read_all(stream, take).unwrap();
    messages
}

/// Compares a whole stream with what is expected of it.
pub fn check_stream(stream: &[u8], expected: &[Expected]) {
    let mut rest = expected.iter();
    let ended = read_all(stream, |record| match rest.next() {
        Some(Expected::Record(fields)) => fields.check(record),
        _ => panic!("read {record:?} after the end"),
    });
    assert_eq!(ended, Ok(()));
    assert!(matches!(rest.next(), None | Some(Expected::End(EndOfStream::EndOfStream))));
    assert!(rest.next().is_none());
}

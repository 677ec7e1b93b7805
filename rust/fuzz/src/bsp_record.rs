//! Records of BSP 0, and how much a session that only reads makes of a stream.

use p2psync_bramble::record::{RecordReader, write};
use p2psync_model::{GroupId, Message, MessageId};
use p2psync_sync::bsp::{Effect, Entry, Error, Input, Offers, Position, Queue, Record, Session, Shelf};
use p2psync_sync::bsp::{VERSION, Visibility};

use crate::script::Script;

/// One byte for the size of the pieces, the rest is a stream. Each record is encoded to the same bytes, and pieces
/// make no difference to what a session makes of the stream.
pub fn bsp_record(data: &[u8]) {
    let mut script = Script::new(data);
    let piece_bytes = usize::from(script.byte()) + 1;
    let stream = script.rest();
    let end = check_records(stream);
    let whole = hear(stream, stream.len().max(1));
    assert_eq!(hear(stream, piece_bytes), whole, "pieces change what is heard");
    assert_eq!(whole.1, end, "a session ends otherwise than its records");
}

fn check_records(stream: &[u8]) -> Result<(), Error> {
    let mut reader = RecordReader::new();
    reader.push(stream);
    while let Some(raw) = reader.next(VERSION, Record::is_known)? {
        let (mut expected, mut encoded) = (Vec::new(), Vec::new());
        write(VERSION, raw.kind, raw.payload, &mut expected).expect("what was read is within the bound");
        let record = Record::decode(raw.kind, raw.payload)?.expect("unknown types are skipped");
        record.encode(&mut encoded);
        assert_eq!(encoded, expected, "a record has two encodings");
    }
    if reader.is_between_records() { Ok(()) } else { Err(Error::Cut) }
}

fn hear(stream: &[u8], piece_bytes: usize) -> (Vec<Effect>, Result<(), Error>) {
    let mut session = Session::simplex_incoming(Offers::new());
    let mut effects = Vec::new();
    for piece in stream.chunks(piece_bytes) {
        if let Err(error) = session.handle(Input::Received(piece), &Nothing, &mut effects) {
            let end = session.handle(Input::Ended, &Nothing, &mut effects);
            assert_eq!(end, Err(error), "the error was forgotten");
            return (effects, Err(error));
        }
    }
    let end = session.handle(Input::Ended, &Nothing, &mut effects);
    assert_eq!(session.is_over(), end.is_ok());
    assert!(session.into_offers().len() <= Offers::HELD_MAX);
    (effects, end)
}

/// A device that holds nothing, and takes everything.
struct Nothing;

impl Shelf for Nothing {
    fn visibility(&self, _: GroupId) -> Visibility {
        Visibility::Visible
    }

    fn entry(&self, _: MessageId) -> Option<Entry> {
        None
    }

    fn next(&self, _: Queue, _: Option<Position>) -> Option<Entry> {
        None
    }

    fn message(&self, _: MessageId) -> Option<Message> {
        None
    }
}

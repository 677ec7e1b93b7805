//! Records: the reader that takes pieces against the one that takes the whole.

use p2psync_bramble::record::{HEADER_BYTES, Malformed, PAYLOAD_BYTES_MAX, RecordReader, read, write};

use crate::script::Script;

/// One byte for the version, one for the size of the pieces, the rest is the stream. Both readers give the same
/// records and the same end, and the records are encoded to the same bytes.
pub fn record(data: &[u8]) {
    let mut script = Script::new(data);
    let version = script.byte();
    let piece_bytes = usize::from(script.byte()) + 1;
    let (in_pieces, end_in_pieces) = read_pieces(version, piece_bytes, script.rest());
    let (whole, end_of_whole) = read_whole(version, script.rest());
    assert_eq!(in_pieces, whole, "pieces change the records");
    assert_eq!(end_in_pieces, end_of_whole, "pieces change the end");
}

type Records = Vec<(u8, Vec<u8>)>;
/// What went wrong, or the bytes after the last record.
type End = Result<Vec<u8>, Malformed>;

const fn is_known(kind: u8) -> bool {
    kind & 1 == 0
}

fn read_pieces(version: u8, piece_bytes: usize, stream: &[u8]) -> (Records, End) {
    let mut reader = RecordReader::new();
    let mut records = Records::new();
    for piece in stream.chunks(piece_bytes) {
        reader.push(piece);
        loop {
            match reader.next(version, is_known) {
                Ok(Some(record)) => records.push((record.kind, record.payload.to_vec())),
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(reader.next(version, is_known).err(), Some(error), "the error was forgotten");
                    return (records, Err(error));
                }
            }
        }
    }
    let is_between_records = reader.is_between_records();
    let unread = reader.take_unread();
    assert_eq!(is_between_records, unread.is_empty());
    assert!(unread.len() < HEADER_BYTES + PAYLOAD_BYTES_MAX, "more than a record was waited for");
    (records, Ok(unread))
}

fn read_whole(version: u8, mut stream: &[u8]) -> (Records, End) {
    let mut records = Records::new();
    loop {
        match read(stream) {
            Ok(Some((record, taken))) => {
                let (front, rest) = stream.split_at(taken);
                let mut encoded = Vec::new();
                write(record.version, record.kind, record.payload, &mut encoded)
                    .expect("a payload that was read is within the bound");
                assert_eq!(encoded, front, "a record has two encodings");
                if record.version != version {
                    return (records, Err(Malformed::OtherVersion { version: record.version }));
                }
                if is_known(record.kind) {
                    records.push((record.kind, record.payload.to_vec()));
                }
                stream = rest;
            }
            Ok(None) => return (records, Ok(stream.to_vec())),
            Err(error) => return (records, Err(error)),
        }
    }
}

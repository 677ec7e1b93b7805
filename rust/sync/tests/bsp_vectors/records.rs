use p2psync_bramble::record::HEADER_BYTES;
use p2psync_model::{GroupId, Message};
use p2psync_sync::bsp::{Error, Ids, Priority, Record, Versions};
use p2psync_vector_reader::{Hex, check};
use serde::Deserialize;

use crate::device::Device;
use crate::expected::{EndOfStream, Expected, read_all, sha256};
use crate::file::take_file;

#[test]
fn vectors_bsp_records() {
    check("bramble", "bsp_records.json", |file: File| {
        file.encode.iter().for_each(check_encode);
        file.decode_edge.iter().for_each(check_decode);
        file.encode.len() + file.decode_edge.len()
    });
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    encode: Vec<Encode>,
    decode_edge: Vec<Decode>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
enum Encode {
    Ack(IdsCase),
    Offer(IdsCase),
    Request(IdsCase),
    Message(MessageCase),
    Versions { versions: Vec<u8>, record: Hex },
    Priority { nonce: Hex, record: Hex },
}

/// Of long records the ids are not in the file, only that there are as many; the hash of theirs says nothing about
/// others.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IdsCase {
    count: usize,
    ids: Option<Vec<Hex>>,
    record: Option<Hex>,
    #[serde(rename = "ids_sha256_of_concatenation")]
    _ids_sha256_of_concatenation: Option<Hex>,
    record_header: Option<Hex>,
    bytes_written: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MessageCase {
    message_id: Hex,
    group_id: Hex,
    timestamp: u64,
    body: Option<Hex>,
    body_sha256: Hex,
    record_length: usize,
    record_sha256: Hex,
    record: Option<Hex>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Decode {
    note: String,
    input: Option<Hex>,
    input_prefix: Option<Hex>,
    then_zero_bytes: Option<usize>,
    result: Outcome,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Outcome {
    read: Vec<Expected>,
    error: Option<String>,
}

fn encoded(record: &Record<'_>) -> Hex {
    let mut out = Vec::new();
    record.encode(&mut out);
    Hex(out)
}

fn check_encode(case: &Encode) {
    match case {
        Encode::Ack(case) => check_ids(case, |ids| encoded(&Record::Ack(ids))),
        Encode::Offer(case) => check_ids(case, |ids| encoded(&Record::Offer(ids))),
        Encode::Request(case) => check_ids(case, |ids| encoded(&Record::Request(ids))),
        Encode::Message(case) => check_message(case),
        Encode::Versions { versions, record } => {
            assert_eq!(encoded(&Record::Versions(Versions::parse(versions).unwrap())), *record);
        }
        Encode::Priority { nonce, record } => {
            assert_eq!(encoded(&Record::Priority(Priority::parse(nonce).unwrap())), *record);
        }
    }
}

fn check_ids(case: &IdsCase, encode: impl Fn(Ids<'_>) -> Hex) {
    if let (Some(ids), Some(record)) = (&case.ids, &case.record) {
        let bytes: Vec<u8> = ids.iter().flat_map(|id| id.0.clone()).collect();
        assert_eq!((ids.len(), encode(Ids::parse(&bytes).unwrap())), (case.count, record.clone()));
    } else {
        let record = encode(Ids::parse(&vec![0x5a; case.count * 32]).unwrap());
        assert_eq!(record.len(), case.bytes_written.unwrap());
        assert_eq!(record[..HEADER_BYTES], case.record_header.as_ref().unwrap()[..]);
    }
}

/// Of the longest message the body is not in the file; any body of that length makes a record of that length.
fn check_message(case: &MessageCase) {
    let length = case.record_length - HEADER_BYTES - 40;
    let body = case.body.as_ref().map_or_else(|| vec![0; length], |body| body.0.clone());
    let group = GroupId::from_bytes(case.group_id.array());
    let message = Message::new(group, case.timestamp, body).unwrap();
    let record = encoded(&Record::Message(message.clone()));
    assert_eq!(record.len(), case.record_length);
    if let Some(expected) = &case.record {
        assert_eq!(message.id().as_bytes(), &case.message_id.array());
        assert_eq!(sha256(message.body()), case.body_sha256[..]);
        assert_eq!((&record, sha256(&record)), (expected, case.record_sha256.0.clone()));
    }
}

fn check_decode(case: &Decode) {
    let stream = match (&case.input, &case.input_prefix, case.then_zero_bytes) {
        (Some(input), None, None) => input.0.clone(),
        (None, Some(prefix), Some(zeros)) => [&prefix[..], &vec![0; zeros]].concat(),
        _ => panic!("{}: another form of input", case.note),
    };
    let mut expected = case.result.read.iter();
    let ended = read_all(&stream, |record| match expected.next() {
        Some(Expected::Record(fields)) => fields.check(record),
        _ => panic!("{}: read {record:?}", case.note),
    });
    let error = match ended {
        Ok(()) => None,
        Err(Error::Cut) => Some("EOFException"),
        Err(_) => Some("FormatException"),
    };
    assert_eq!(error, case.result.error.as_deref(), "{}", case.note);
    let is_whole = matches!(expected.next(), Some(Expected::End(EndOfStream::EndOfStream)));
    assert_eq!(is_whole, error.is_none(), "{}", case.note);
    assert!(expected.next().is_none(), "{}", case.note);
    // A session comes to the same end.
    let mut device = Device::new(1);
    assert_eq!(take_file(&mut device, &stream), ended, "{}", case.note);
}

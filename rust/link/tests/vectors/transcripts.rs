use p2psync_bramble::record::{self, RecordReader};
use p2psync_bramble::stream::{StreamDecoder, StreamEncoder, StreamStart, TAG_BYTES, Tag};
use p2psync_bramble::{Role, SecretKey, WallClock, hash};
use p2psync_link::btp::{IncomingStream, RotationKeys, Transport};
use p2psync_vector_reader::{Hex, check};
use serde::Deserialize;
use serde_json::Value;

#[test]
fn vectors_transcripts() {
    check("bramble", "transcripts.json", |file: File| {
        file.cases.iter().for_each(check_case);
        file.cases.len()
    });
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    cases: Vec<Case>,
}

/// One captured session. What stands before its streams, key agreement and contact exchange, is read by the tests
/// of `pair`.
#[derive(Deserialize)]
#[serde(tag = "kind", deny_unknown_fields)]
enum Case {
    #[serde(rename = "duplex")]
    Duplex(Duplex),
    #[serde(rename = "bqp+exchange+duplex")]
    Whole(Whole),
    #[serde(rename = "simplex file")]
    Simplex(Simplex),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Duplex {
    note: String,
    transport: String,
    root_key: Hex,
    root_timestamp_ms: u64,
    max_latency_ms: u64,
    a_listens_b_connects: bool,
    a_is_alice: bool,
    clock_ms_at_end: u64,
    a_to_b: Decoded,
    b_to_a: Decoded,
    bytes_a_to_b: Hex,
    bytes_b_to_a: Hex,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Whole {
    note: String,
    transport: String,
    max_latency_ms: u64,
    a_listens_b_connects: bool,
    a_is_alice: bool,
    clock_ms_at_end: u64,
    master_key: Hex,
    #[serde(rename = "root_timestamp_ms (the smaller of the two timestamps)")]
    root_timestamp_ms: u64,
    a_to_b: Decoded,
    b_to_a: Decoded,
    bytes_a_to_b: Hex,
    bytes_b_to_a: Hex,
    #[serde(rename = "a_private")]
    _a_private: Hex,
    #[serde(rename = "b_private")]
    _b_private: Hex,
    #[serde(rename = "a_qr")]
    _a_qr: Hex,
    #[serde(rename = "b_qr")]
    _b_qr: Hex,
    #[serde(rename = "a_bqp")]
    _a_bqp: Value,
    #[serde(rename = "b_bqp")]
    _b_bqp: Value,
    #[serde(rename = "a_contact_info")]
    _a_contact_info: Value,
    #[serde(rename = "b_contact_info")]
    _b_contact_info: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Simplex {
    note: String,
    transport: String,
    root_key: Hex,
    root_timestamp_ms: u64,
    max_latency_ms: u64,
    sender_is_alice: bool,
    read_at_ms: u64,
    decoded: Decoded,
    bytes: Hex,
}

/// What Briar's own classes read from the bytes of one direction.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Decoded {
    tag: Hex,
    root_period: u64,
    period: u64,
    stream_number: u32,
    tag_key: Hex,
    header_key: Hex,
    frame_key: Hex,
    frame_payload_lengths: Vec<usize>,
    stream_error: Option<String>,
    records: Vec<RecordCase>,
    records_error: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RecordCase {
    Record(RecordFields),
    End(EndOfStream),
}

#[derive(Deserialize)]
enum EndOfStream {
    #[serde(rename = "end of stream")]
    EndOfStream,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
enum RecordFields {
    Ack { ids: Vec<Hex> },
    Message { id: Hex, group_id: Hex, timestamp: u64, body_length: usize },
    Offer { ids: Vec<Hex> },
    Request { ids: Vec<Hex> },
    Versions { versions: Vec<u8> },
    Priority { nonce: Hex },
}

fn check_case(case: &Case) {
    match case {
        Case::Duplex(case) => {
            assert!(case.a_listens_b_connects, "{}", case.note);
            let root = SecretKey::from_bytes(case.root_key.array());
            let keys = |role, at| {
                rotation_keys(&case.transport, case.max_latency_ms, &root, case.root_timestamp_ms, role, at)
            };
            for (sender_is_alice, decoded, bytes) in [
                (case.a_is_alice, &case.a_to_b, &case.bytes_a_to_b),
                (!case.a_is_alice, &case.b_to_a, &case.bytes_b_to_a),
            ] {
                let (receiver, root_period) = keys(role(!sender_is_alice), case.clock_ms_at_end);
                check_stream(receiver, root_period, decoded, bytes);
            }
        }
        Case::Whole(case) => check_whole(case),
        Case::Simplex(case) => {
            let root = SecretKey::from_bytes(case.root_key.array());
            let receiver = role(!case.sender_is_alice);
            let (keys, root_period) = rotation_keys(
                &case.transport,
                case.max_latency_ms,
                &root,
                case.root_timestamp_ms,
                receiver,
                case.read_at_ms,
            );
            assert!(!case.note.is_empty());
            check_stream(keys, root_period, &case.decoded, &case.bytes);
        }
    }
}

/// The streams begin where the contact exchange ended: at the tag.
fn check_whole(case: &Whole) {
    assert!(case.a_listens_b_connects, "{}", case.note);
    let root = SecretKey::from_bytes(case.master_key.array());
    for (sender_is_alice, decoded, bytes) in [
        (case.a_is_alice, &case.a_to_b, &case.bytes_a_to_b),
        (!case.a_is_alice, &case.b_to_a, &case.bytes_b_to_a),
    ] {
        let (keys, root_period) = rotation_keys(
            &case.transport,
            case.max_latency_ms,
            &root,
            case.root_timestamp_ms,
            role(!sender_is_alice),
            case.clock_ms_at_end,
        );
        let start = bytes.windows(TAG_BYTES).position(|window| *window == decoded.tag[..]).expect("the tag");
        check_stream(keys, root_period, decoded, &bytes[start..]);
    }
}

fn check_stream(mut keys: RotationKeys, root_period: u64, decoded: &Decoded, bytes: &[u8]) {
    assert_eq!(root_period, decoded.root_period);
    let period_keys =
        keys.incoming().into_iter().find(|keys| keys.period == decoded.period).expect("the period");
    assert_eq!(period_keys.tag_key.as_bytes()[..], decoded.tag_key[..]);
    assert_eq!(period_keys.header_key.as_bytes()[..], decoded.header_key[..]);

    let (tag, stream) = bytes.split_first_chunk().expect("a tag");
    let IncomingStream { header_key, stream_number } = keys.recognise(tag).expect("the tag is expected");
    assert_eq!((&tag[..], stream_number), (&decoded.tag[..], decoded.stream_number));
    assert_eq!(keys.recognise(tag), None, "a tag is good once");
    assert_eq!(header_key.as_bytes()[..], decoded.header_key[..]);

    let mut decoder = StreamDecoder::new(header_key, stream_number);
    let (mut input, mut payload, mut lengths) = (stream, Vec::new(), Vec::new());
    while let Some(frame) = decoder.next_frame(&mut input, &mut payload).unwrap() {
        lengths.push(frame.payload_bytes);
    }
    assert_eq!((decoder.finish(), &decoded.stream_error), (Ok(()), &None));
    assert_eq!(lengths, decoded.frame_payload_lengths);
    check_records(&payload, decoded);
    encode_again(*tag, decoded, stream, &payload);
}

fn check_records(payload: &[u8], decoded: &Decoded) {
    assert_eq!(decoded.records_error, None);
    let mut reader = RecordReader::new();
    reader.push(payload);
    for expected in &decoded.records {
        match (expected, reader.next(0, |kind| kind <= 5).unwrap()) {
            (RecordCase::Record(fields), Some(record)) => check_record(fields, record),
            (RecordCase::End(EndOfStream::EndOfStream), None) => {}
            (_, got) => panic!("read {got:?} instead of a record"),
        }
    }
    assert!(reader.is_between_records());
}

fn check_record(expected: &RecordFields, record: record::Record<'_>) {
    let ids = |ids: &[Hex]| ids.iter().flat_map(|id| id.0.clone()).collect::<Vec<u8>>();
    let (kind, payload) = match expected {
        RecordFields::Ack { ids: list } => (0, ids(list)),
        RecordFields::Message { id, group_id, timestamp, body_length } => {
            check_message(record.payload, id, group_id, *timestamp, *body_length);
            (1, record.payload.to_vec())
        }
        RecordFields::Offer { ids: list } => (2, ids(list)),
        RecordFields::Request { ids: list } => (3, ids(list)),
        RecordFields::Versions { versions } => (4, versions.clone()),
        RecordFields::Priority { nonce } => (5, nonce.0.clone()),
    };
    assert_eq!((record.version, record.kind, record.payload), (0, kind, &payload[..]));
}

fn check_message(payload: &[u8], id: &Hex, group_id: &Hex, timestamp: u64, body_length: usize) {
    let (group, rest) = payload.split_first_chunk::<32>().expect("a group id");
    let (time, body) = rest.split_first_chunk::<8>().expect("a timestamp");
    assert_eq!((&group[..], u64::from_be_bytes(*time), body.len()), (&group_id[..], timestamp, body_length));
    let block = hash("org.briarproject.bramble/MESSAGE_BLOCK", &[&[1], body]);
    let computed = hash("org.briarproject.bramble/MESSAGE_ID", &[&[1], group, time, &block]);
    assert_eq!(computed[..], id[..]);
}

/// With the captured nonce and frame key, our encoder makes the captured bytes.
fn encode_again(tag: Tag, decoded: &Decoded, stream: &[u8], payload: &[u8]) {
    let mut encoder = StreamEncoder::new(StreamStart {
        tag: Some(tag),
        header_key: SecretKey::from_bytes(decoded.header_key.array()),
        stream_number: decoded.stream_number,
        header_nonce: *stream.first_chunk().expect("a nonce"),
        frame_key: SecretKey::from_bytes(decoded.frame_key.array()),
    });
    let (mut out, mut rest) = (Vec::new(), payload);
    for (index, length) in decoded.frame_payload_lengths.iter().enumerate() {
        let (now, later) = rest.split_at(*length);
        encoder.frame(now, 0, index + 1 == decoded.frame_payload_lengths.len(), &mut out).unwrap();
        rest = later;
    }
    assert_eq!(Hex(out[TAG_BYTES..].to_vec()), Hex(stream.to_vec()));
}

/// Keys of `role` at the date `at_ms`, and the period of the root key.
fn rotation_keys(
    transport_id: &str,
    latency_ms_max: u64,
    root: &SecretKey,
    root_timestamp_ms: u64,
    role: Role,
    at_ms: u64,
) -> (RotationKeys, u64) {
    let transport = [Transport::BLUETOOTH, Transport::LAN, Transport::DRIVE, Transport::MAILBOX]
        .into_iter()
        .find(|transport| transport.id == transport_id)
        .unwrap_or_else(|| panic!("unknown transport {transport_id}"));
    assert_eq!(transport.latency_ms_max, latency_ms_max);
    let root_period = transport.period(WallClock(root_timestamp_ms));
    let mut keys = RotationKeys::new(transport_id, root, root_period, role, true);
    keys.advance(transport.period(WallClock(at_ms))).unwrap();
    (keys, root_period)
}

fn role(is_alice: bool) -> Role {
    if is_alice { Role::Alice } else { Role::Bob }
}

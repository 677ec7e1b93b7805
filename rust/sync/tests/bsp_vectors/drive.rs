//! Files for a removable drive: read, and written again byte for byte.

use p2psync_bramble::stream::{StreamDecoder, StreamEncoder, StreamStart, StreamWriter, TAG_BYTES, tag};
use p2psync_bramble::{Millis, SecretKey, WallClock, derive_key};
use p2psync_model::{GroupId, MessageId};
use p2psync_sync::bsp::{Change, Selection, Session, Status, Versions};
use p2psync_vector_reader::{Hex, check};
use serde::Deserialize;

use crate::device::Device;
use crate::expected::{Expected, Fields, check_stream, message_id, messages};
use crate::file::{owe_ack, take_file};

#[test]
fn vectors_drive_file() {
    check("bramble", "drive_file.json", |file: File| {
        file.cases.iter().for_each(check_case);
        file.cases.len()
    });
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    note: String,
    transport: String,
    root_key: Hex,
    time_period: u64,
    sender_is_alice: bool,
    stream_number: u32,
    stream_header_nonce: Hex,
    frame_key: Hex,
    records: Vec<Expected>,
    file: Hex,
}

fn check_case(case: &Case) {
    let stream = read_file(case);
    check_stream(&stream, &case.records);

    let mut reader = Device::new(1);
    assert_eq!(take_file(&mut reader, &stream), Ok(()), "{}", case.note);
    assert_eq!(reader.messages.len(), messages(&stream).len());

    // The sender: the acknowledgements that it owes, oldest message first, and what it has to send.
    let mut sender = Device::new(2);
    for record in &case.records {
        if let Expected::Record(Fields::Ack { ids }) = record {
            for (place, id) in (0..).zip(ids) {
                owe_ack(&mut sender, message_id(id), place);
            }
        }
    }
    sender.add_all(messages(&stream));
    assert_eq!(Hex(write_file(case, &mut sender)), case.file, "{}", case.note);
}

/// Keys of a stream, as `docs/protocol/link.md` derives them.
fn keys(case: &Case) -> (SecretKey, SecretKey) {
    let owner = if case.sender_is_alice { "ALICE" } else { "BOB" };
    let key = |kind: &str| {
        let label = format!("org.briarproject.bramble.transport/{owner}_{kind}_KEY");
        let first =
            derive_key(&label, &SecretKey::from_bytes(case.root_key.array()), &[case.transport.as_bytes()]);
        let period = case.time_period.to_be_bytes();
        derive_key("org.briarproject.bramble.transport/ROTATE", &first, &[&period])
    };
    (key("TAG"), key("HEADER"))
}

fn read_file(case: &Case) -> Vec<u8> {
    let (tag_key, header_key) = keys(case);
    let (file_tag, mut rest) = case.file.split_at(TAG_BYTES);
    assert_eq!(file_tag, tag(&tag_key, case.stream_number));
    let mut decoder = StreamDecoder::new(header_key, case.stream_number);
    let mut stream = Vec::new();
    while decoder.next_frame(&mut rest, &mut stream).unwrap().is_some() {}
    decoder.finish().unwrap();
    stream
}

fn write_file(case: &Case, sender: &mut Device) -> Vec<u8> {
    let (tag_key, header_key) = keys(case);
    let mut writer = StreamWriter::new(StreamEncoder::new(StreamStart {
        tag: Some(tag(&tag_key, case.stream_number)),
        header_key,
        stream_number: case.stream_number,
        header_nonce: case.stream_header_nonce.array(),
        frame_key: SecretKey::from_bytes(case.frame_key.array()),
    }));
    let mut session = Session::simplex_outgoing(DRIVE_LATENCY_MS, Versions::bramble(), Selection::Eager);
    let mut file = Vec::new();
    while !session.is_ended() {
        let (mut bytes, mut effects) = (Vec::new(), Vec::new());
        session.fill(Millis(0), WallClock(7), sender, 300, &mut bytes, &mut effects);
        sender.carry_out(effects);
        writer.write(&bytes, &mut file);
    }
    writer.end(&mut file);
    assert!(!sender.owes_acks());
    let sent = |status: Status| status.transmissions == 1 && status.latency_ms == DRIVE_LATENCY_MS;
    assert!(sender.messages.keys().all(|id| sent(sender.status(*id))));
    file
}

const DRIVE_LATENCY_MS: u64 = 28 * 86_400_000;

#[test]
fn eager_files_hold_everything_that_was_not_acknowledged_the_least_sent_first() {
    let mut sender = Device::new(3);
    sender.write(6);
    let ids: Vec<MessageId> = sender.messages.keys().copied().collect();
    assert_eq!(file_of(&mut sender, Selection::Due).len(), 6);
    sender.write(7);
    // All wait now but the last seven.
    assert_eq!(file_of(&mut sender, Selection::Due).len(), 7);
    sender.ledger.apply(ids[2], Change::Acked);
    sender.write(2);
    let file = file_of(&mut sender, Selection::Eager);
    let (new, old) = file.split_at(2);
    assert_eq!(file.len(), 14);
    assert!(old.iter().all(|id| sender.status(*id).transmissions == 2));
    assert!(new.iter().all(|id| sender.status(*id).transmissions == 1));
    assert!(!file.contains(&ids[2]));
}

fn file_of(sender: &mut Device, selection: Selection) -> Vec<MessageId> {
    let mut session = Session::simplex_outgoing(DRIVE_LATENCY_MS, Versions::bramble(), selection);
    let stream = sender.fill(&mut session, Millis(0), usize::MAX >> 1);
    assert!(session.is_ended());
    let group = GroupId::from_bytes([8; 32]);
    let all = messages(&stream);
    assert!(all.iter().all(|message| message.group() == group));
    all.iter().map(p2psync_model::Message::id).collect()
}

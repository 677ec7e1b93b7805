//! Sessions captured between two Briar nodes: understood record by record, and played again with this
//! implementation in the place of either node.

use std::collections::BTreeSet;

use p2psync_bramble::stream::{StreamDecoder, TAG_BYTES};
use p2psync_bramble::{Millis, SecretKey};
use p2psync_model::{Message, MessageId};
use p2psync_sync::bsp::{Effect, Input, Offers, Record, Selection, Session, Versions};
use p2psync_vector_reader::{Hex, check};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;
use serde::Deserialize;
use serde_json::Value;

use crate::device::{Device, LATENCY_MS};
use crate::expected::{Expected, check_stream, listed, messages, read_all};
use crate::file::take_file;

#[test]
fn vectors_transcripts_of_sync() {
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

/// One captured session. What stands before its streams is read by the tests of `pair` and `link`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    note: String,
    kind: Kind,
    max_latency_ms: u64,
    a_to_b: Option<Decoded>,
    b_to_a: Option<Decoded>,
    bytes_a_to_b: Option<Hex>,
    bytes_b_to_a: Option<Hex>,
    decoded: Option<Decoded>,
    bytes: Option<Hex>,
    #[serde(rename = "transport")]
    _transport: String,
    #[serde(rename = "a_listens_b_connects")]
    _a_listens_b_connects: Option<bool>,
    #[serde(rename = "a_is_alice")]
    _a_is_alice: Option<bool>,
    #[serde(rename = "sender_is_alice")]
    _sender_is_alice: Option<bool>,
    #[serde(rename = "clock_ms_at_end")]
    _clock_ms_at_end: Option<u64>,
    #[serde(rename = "read_at_ms")]
    _read_at_ms: Option<u64>,
    #[serde(rename = "root_key")]
    _root_key: Option<Hex>,
    #[serde(rename = "root_timestamp_ms")]
    _root_timestamp_ms: Option<u64>,
    #[serde(rename = "root_timestamp_ms (the smaller of the two timestamps)")]
    _smaller_timestamp_ms: Option<u64>,
    #[serde(rename = "master_key")]
    _master_key: Option<Hex>,
    #[serde(rename = "a_private")]
    _a_private: Option<Hex>,
    #[serde(rename = "b_private")]
    _b_private: Option<Hex>,
    #[serde(rename = "a_qr")]
    _a_qr: Option<Hex>,
    #[serde(rename = "b_qr")]
    _b_qr: Option<Hex>,
    #[serde(rename = "a_bqp")]
    _a_bqp: Option<Value>,
    #[serde(rename = "b_bqp")]
    _b_bqp: Option<Value>,
    #[serde(rename = "a_contact_info")]
    _a_contact_info: Option<Value>,
    #[serde(rename = "b_contact_info")]
    _b_contact_info: Option<Value>,
}

#[derive(Deserialize)]
enum Kind {
    #[serde(rename = "duplex", alias = "bqp+exchange+duplex")]
    Duplex,
    #[serde(rename = "simplex file")]
    Simplex,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Decoded {
    tag: Hex,
    stream_number: u32,
    header_key: Hex,
    records: Vec<Expected>,
    records_error: Option<String>,
    #[serde(rename = "frame_payload_lengths")]
    _frame_payload_lengths: Vec<usize>,
    #[serde(rename = "root_period")]
    _root_period: u64,
    #[serde(rename = "period")]
    _period: u64,
    #[serde(rename = "tag_key")]
    _tag_key: Hex,
    #[serde(rename = "frame_key")]
    _frame_key: Hex,
    #[serde(rename = "stream_error")]
    _stream_error: Option<String>,
}

fn check_case(case: &Case) {
    match case.kind {
        Kind::Duplex => {
            let directions = [(&case.a_to_b, &case.bytes_a_to_b), (&case.b_to_a, &case.bytes_b_to_a)];
            let [a_to_b, b_to_a] =
                directions.map(|(decoded, bytes)| frames(decoded.as_ref().unwrap(), bytes.as_ref().unwrap()));
            assert_eq!(case.max_latency_ms, LATENCY_MS);
            play(&case.note, &a_to_b, &b_to_a);
            play(&case.note, &b_to_a, &a_to_b);
        }
        Kind::Simplex => {
            let stream = frames(case.decoded.as_ref().unwrap(), case.bytes.as_ref().unwrap()).concat();
            let mut reader = Device::new(1);
            assert_eq!(take_file(&mut reader, &stream), Ok(()));
            let mut sender = Device::new(2);
            sender.add_all(messages(&stream));
            let mut session =
                Session::simplex_outgoing(case.max_latency_ms, Versions::bramble(), Selection::Eager);
            let ours = sender.fill(&mut session, Millis(0), 1 << 20);
            assert_eq!(Hex(ours), Hex(stream), "{}", case.note);
            assert!(session.is_ended());
        }
    }
}

/// The payload of each frame of one direction, compared with what Briar's own classes read there.
fn frames(decoded: &Decoded, bytes: &[u8]) -> Vec<Vec<u8>> {
    let start = bytes.windows(TAG_BYTES).position(|window| *window == decoded.tag[..]).expect("the tag");
    let mut rest = &bytes[start + TAG_BYTES..];
    let header_key = SecretKey::from_bytes(decoded.header_key.array());
    let mut decoder = StreamDecoder::new(header_key, decoded.stream_number);
    let (mut frames, mut payload) = (Vec::new(), Vec::new());
    while decoder.next_frame(&mut rest, &mut payload).unwrap().is_some() {
        frames.push(std::mem::take(&mut payload));
    }
    decoder.finish().unwrap();
    check_stream(&frames.concat(), &decoded.records);
    assert_eq!(decoded.records_error, None);
    frames
}

/// Puts this implementation in the place of the node that sent `ours`, and plays what the other one sent, frame by
/// frame. It must say what that node said.
fn play(note: &str, ours: &[Vec<u8>], theirs: &[Vec<u8>]) {
    let said = Said::of(&ours.concat());
    let mut device = Device::new(1);
    device.add_all(messages(&ours.concat()));
    let mut session = if said.has_priority {
        let random = &mut ChaCha8Rng::from_seed([1; 32]);
        Session::dialled(LATENCY_MS, Versions::bramble(), Offers::new(), random)
    } else {
        Session::accepted(LATENCY_MS, Versions::bramble(), Offers::new())
    };
    let mut stream = device.fill(&mut session, Millis(0), 1 << 20);
    let mut heard = Vec::new();
    for (number, frame) in (1..).zip(theirs) {
        heard.extend(device.hear(&mut session, Input::Received(frame)).unwrap());
        device.commit(&mut session);
        stream.extend(device.fill(&mut session, Millis(number * 10), 1 << 20));
    }
    assert!(session.is_quiet() && !session.is_ended(), "{note}");
    heard.extend(device.hear(&mut session, Input::Ended).unwrap());
    stream.extend(device.fill(&mut session, Millis(1_000), 1 << 20));
    assert!(session.is_over(), "{note}");

    assert_eq!(Said::of(&stream), said, "{note}");
    let they_said = Said::of(&theirs.concat());
    let heard_priority = heard.iter().any(|effect| matches!(effect, Effect::Priority(_)));
    assert_eq!(heard_priority, they_said.has_priority && !said.has_priority, "{note}");
    assert!(heard.contains(&Effect::Versions(Versions::bramble())));
    for message in messages(&theirs.concat()) {
        assert_eq!(device.messages.get(&message.id()), Some(&message));
    }
    assert!(messages(&ours.concat()).iter().all(|message| device.status(message.id()).is_seen));
}

/// What a side said, whatever the order: that depends on who was quicker.
#[derive(Debug, PartialEq, Eq)]
struct Said {
    versions: Vec<Versions>,
    has_priority: bool,
    acks: BTreeSet<MessageId>,
    offers: BTreeSet<MessageId>,
    requests: BTreeSet<MessageId>,
    messages: Vec<Message>,
}

impl Said {
    fn of(stream: &[u8]) -> Self {
        let mut said = Self {
            versions: Vec::new(),
            has_priority: false,
            acks: BTreeSet::new(),
            offers: BTreeSet::new(),
            requests: BTreeSet::new(),
            messages: messages(stream),
        };
        let take = |record: &Record<'_>| match record {
            Record::Versions(versions) => said.versions.push(versions.clone()),
            Record::Priority(_) => said.has_priority = true,
            Record::Ack(ids) => said.acks.extend(listed(*ids)),
            Record::Offer(ids) => said.offers.extend(listed(*ids)),
            Record::Request(ids) => said.requests.extend(listed(*ids)),
            Record::Message(_) => {}
        };
        read_all(stream, take).unwrap();
        said
    }
}

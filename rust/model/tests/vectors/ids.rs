use p2psync_model::{GroupId, Message, MessageId, group_id};
use p2psync_vector_reader::{Hex, check};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

#[test]
fn vectors_bsp_ids() {
    check("bramble", "bsp_ids.json", |file: File| {
        file.groups.iter().for_each(check_group);
        file.messages.iter().for_each(check_message);
        file.errors.iter().for_each(check_error);
        file.groups.len() + file.messages.len() + file.errors.len()
    });
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    groups: Vec<Group>,
    messages: Vec<Case>,
    errors: Vec<Refused>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    client_id_utf8: Hex,
    major_version: u32,
    descriptor: Hex,
    group_id: Hex,
}

fn check_group(case: &Group) {
    let client_id = str::from_utf8(&case.client_id_utf8).unwrap();
    let id = group_id(client_id, case.major_version, &case.descriptor).unwrap();
    assert_eq!(id, GroupId::from_bytes(case.group_id.array()));
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    group_id: Hex,
    timestamp: u64,
    body: Hex,
    root_hash: Hex,
    message_id: Hex,
    raw_length: usize,
    raw_sha256: Hex,
    raw: Option<Hex>,
}

fn check_message(case: &Case) {
    let group = GroupId::from_bytes(case.group_id.array());
    let message = Message::new(group, case.timestamp, case.body.0.clone()).unwrap();
    assert_eq!(message.root_hash(), case.root_hash.array());
    assert_eq!(message.id(), MessageId::from_bytes(case.message_id.array()));
    let raw = message.encode();
    assert_eq!(raw.len(), case.raw_length);
    assert_eq!(Sha256::digest(&raw)[..], case.raw_sha256[..]);
    if let Some(expected) = &case.raw {
        assert_eq!(raw, expected.0);
    }
    let read = Message::decode(&raw).unwrap();
    assert_eq!((read.group(), read.timestamp_ms(), read.body()), (group, case.timestamp, &case.body[..]));
    assert_eq!(read, message);
}

/// What Briar refuses; no error means that it takes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refused {
    note: String,
    length: Option<usize>,
    error: Option<String>,
}

fn check_error(case: &Refused) {
    let group = GroupId::from_bytes([0; 32]);
    let length = || case.length.expect("this case has a length");
    let is_taken = match case.note.as_str() {
        "empty body" => Message::new(group, 0, vec![]).is_ok(),
        "body one over the limit" => Message::new(group, 0, vec![0; 32_769]).is_ok(),
        "raw message of this length" => Message::decode(&vec![0; length()]).is_ok(),
        "timestamp -1" => {
            let raw = [&[0; 32][..], &[0xff; 8], &[1]].concat();
            Message::new(group, u64::MAX, vec![1]).is_ok() || Message::decode(&raw).is_ok()
        }
        "descriptor of 16385 bytes" => group_id("x", 0, &vec![0; 16_385]).is_ok(),
        "major version -1" => group_id("x", u32::MAX, &[]).is_ok(),
        "client id of this many bytes" => group_id(&"x".repeat(length()), 0, &[]).is_ok(),
        other => panic!("unknown case {other}"),
    };
    match case.error.as_deref() {
        None => assert!(is_taken, "{}", case.note),
        Some("IllegalArgumentException") => assert!(!is_taken, "{}", case.note),
        Some(other) => panic!("{}: unknown error {other}", case.note),
    }
}

use md5::{Digest as _, Md5};
use p2psync_bramble::{AgreementPublicKey, Role};
use p2psync_pair::{Commitment, Payload, PayloadError, Scanned};
use p2psync_vector_reader::{Hex, check};
use serde::Deserialize;

use crate::tree::Tree;

#[test]
fn vectors_bqp_payload() {
    check("bramble", "bqp_payload.json", |file: File| {
        file.encode.iter().for_each(check_encode);
        file.parse_edge.iter().for_each(|case| check_parsed(&case.note, &case.encoded, &case.result));
        file.roles.iter().for_each(check_role);
        file.encode.len() + file.parse_edge.len() + file.roles.len()
    });
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    encode: Vec<Encode>,
    parse_edge: Vec<ParseEdge>,
    roles: Vec<Roles>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Encode {
    public_key: Hex,
    commitment: Hex,
    bluetooth_uuid: String,
    encoded: Hex,
    parsed: Parsed,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ParseEdge {
    note: String,
    encoded: Hex,
    result: Parsed,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Parsed {
    error: Option<String>,
    too_old: Option<bool>,
    commitment: Option<Hex>,
    descriptors: Option<Vec<NamedDescriptor>>,
    reencoded: Option<Hex>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NamedDescriptor {
    transport: String,
    descriptor: Tree,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Roles {
    ours: Hex,
    theirs: Hex,
    we_are_alice: bool,
}

fn check_encode(case: &Encode) {
    let key = AgreementPublicKey::from_bytes(case.public_key.array());
    let commitment = Commitment::to_key(&key);
    assert_eq!(commitment.as_bytes()[..], case.commitment[..]);
    assert_eq!(name_uuid(&case.commitment), case.bluetooth_uuid);

    let parsed = Payload::parse(&case.encoded).unwrap();
    let made = Payload { commitment, descriptors: parsed.descriptors };
    assert_eq!(Hex(made.to_bytes()), case.encoded);
    check_parsed("encode", &case.encoded, &case.parsed);

    let text: String = case.encoded.iter().map(|&byte| char::from(byte)).collect();
    assert_eq!(Scanned::parse(&text), Ok(Scanned::Bramble(made)));
}

fn check_parsed(note: &str, encoded: &[u8], expected: &Parsed) {
    let (error, too_old) = match Payload::parse(encoded) {
        Ok(payload) => {
            assert_eq!(expected.error, None, "{note}");
            assert_eq!(payload.commitment.as_bytes()[..], expected.commitment.as_ref().unwrap()[..]);
            let descriptors: Vec<_> = payload
                .descriptors
                .iter()
                .map(|descriptor| (descriptor.transport().id(), descriptor.to_value()))
                .collect();
            let expected_descriptors: Vec<_> = expected
                .descriptors
                .iter()
                .flatten()
                .map(|named| (named.transport.as_str(), named.descriptor.value()))
                .collect();
            assert_eq!(descriptors, expected_descriptors, "{note}");
            assert_eq!(Some(Hex(payload.to_bytes())), expected.reencoded, "{note}");
            return;
        }
        Err(PayloadError::OtherKind) => ("WrongQrCodeTypeException", None),
        Err(PayloadError::TooOld { .. }) => ("UnsupportedVersionException", Some(true)),
        Err(PayloadError::TooNew { .. }) => ("UnsupportedVersionException", Some(false)),
        Err(PayloadError::Malformed(_)) => ("FormatException", None),
    };
    assert_eq!((Some(error), too_old), (expected.error.as_deref(), expected.too_old), "{note}");
    let has_content =
        expected.commitment.is_some() || expected.descriptors.is_some() || expected.reencoded.is_some();
    assert!(!has_content, "{note}");
}

fn check_role(case: &Roles) {
    let ours = Commitment::from_bytes(case.ours.array());
    let role = ours.role_towards(&Commitment::from_bytes(case.theirs.array()));
    assert_eq!(role == Role::Alice, case.we_are_alice);
}

/// Java's `nameUUIDFromBytes`: what a Bramble device listens under by Bluetooth (BRAMBLE 7).
fn name_uuid(name: &[u8]) -> String {
    let mut bytes: [u8; 16] = Md5::digest(name).into();
    bytes[6] = bytes[6] & 0x0f | 0x30;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    [&bytes[..4], &bytes[4..6], &bytes[6..8], &bytes[8..10], &bytes[10..]].map(hex::encode).join("-")
}

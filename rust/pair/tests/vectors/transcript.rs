//! Live sessions between two Briar nodes, as far as pairing goes; the rest of each connection is the link's.

use p2psync_bramble::{AgreementPrivateKey, Role, SecretKey, SigningKey, WallClock, bdf, record};
use p2psync_pair::{
    ContactExchange, ContactInfo, Identity, KeyAgreement, Offer, Payload, StreamSeed, TransportProperties,
    header_key,
};
use p2psync_vector_reader::{Hex, check};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::tree::Tree;

#[test]
fn vectors_transcripts() {
    check("bramble", "transcripts.json", |file: File| {
        let pairings = file.cases.iter().filter_map(|case| match case {
            Case::Pairing(pairing) => Some(&**pairing),
            Case::Duplex(_) | Case::SimplexFile(_) => None,
        });
        pairings.map(check_pairing).count()
    });
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(tag = "kind")]
enum Case {
    #[serde(rename = "bqp+exchange+duplex")]
    Pairing(Box<Pairing>),
    #[serde(rename = "duplex")]
    Duplex(IgnoredAny),
    #[serde(rename = "simplex file")]
    SimplexFile(IgnoredAny),
}

#[derive(Deserialize)]
struct Pairing {
    note: String,
    a_is_alice: bool,
    a_private: Hex,
    a_qr: Hex,
    b_private: Hex,
    b_qr: Hex,
    a_bqp: Records,
    b_bqp: Records,
    master_key: Hex,
    a_contact_info: Info,
    b_contact_info: Info,
    #[serde(rename = "root_timestamp_ms (the smaller of the two timestamps)")]
    root_timestamp_ms: u64,
    a_to_b: Synced,
    b_to_a: Synced,
    bytes_a_to_b: Hex,
    bytes_b_to_a: Hex,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Records {
    records: Vec<Record>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    version: u8,
    #[serde(rename = "type")]
    kind: u8,
    payload: Hex,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Info {
    header_key: Hex,
    bdf: Hex,
    decoded: Tree,
}

/// What follows the contact exchange; its tag shows that we stopped reading at the right byte.
#[derive(Deserialize)]
struct Synced {
    tag: Hex,
}

fn check_pairing(case: &Pairing) {
    let role = if case.a_is_alice { Role::Alice } else { Role::Bob };
    let a = side(case, role, [&case.a_private, &case.a_qr, &case.b_qr], &case.bytes_b_to_a, &case.a_bqp);
    let b =
        side(case, role.other(), [&case.b_private, &case.b_qr, &case.a_qr], &case.bytes_a_to_b, &case.b_bqp);
    for (read, expected, synced) in
        [(&a, &case.b_contact_info, &case.b_to_a), (&b, &case.a_contact_info, &case.a_to_b)]
    {
        assert_eq!(Hex(read.theirs.to_bytes()), expected.bdf);
        assert_eq!(bdf::parse(&expected.bdf), Ok(expected.decoded.value()));
        assert!(read.unread.starts_with(&synced.tag), "{}", case.note);
    }
    assert_eq!(a.theirs.timestamp().min(b.theirs.timestamp()), WallClock(case.root_timestamp_ms));
    let master_key = SecretKey::from_bytes(case.master_key.array());
    assert_eq!(header_key(role, &master_key).as_bytes()[..], case.a_contact_info.header_key[..]);
    assert_eq!(header_key(role.other(), &master_key).as_bytes()[..], case.b_contact_info.header_key[..]);
}

/// Plays one side again: it must send what the node sent until keys are agreed, and read what it received.
fn side(
    case: &Pairing,
    role: Role,
    [private, ours, theirs]: [&Hex; 3],
    incoming: &[u8],
    bqp: &Records,
) -> p2psync_pair::Exchanged {
    let descriptors = Payload::parse(ours).unwrap().descriptors;
    let offer = Offer::of_key(AgreementPrivateKey::from_bytes(private.array()), descriptors);
    assert_eq!(Hex(offer.payload().to_bytes()), *ours);
    let theirs = Payload::parse(theirs).unwrap();
    assert_eq!(offer.role_towards(&theirs), role, "{}", case.note);
    let mut agreement = KeyAgreement::new(offer, &theirs, role);
    let (mut sent, mut expected) = (Vec::new(), Vec::new());
    agreement.start(&mut sent, &mut Vec::new()).unwrap();
    let agreed = agreement.receive(incoming, &mut sent, &mut Vec::new()).unwrap().unwrap();
    for Record { version, kind, payload } in &bqp.records {
        record::write(*version, *kind, payload, &mut expected).unwrap();
    }
    assert_eq!(Hex(sent), Hex(expected), "{}", case.note);
    assert_eq!(agreed.master_key.as_bytes()[..], case.master_key[..]);

    // What we would say of ourselves does not matter here.
    let key = SigningKey::from_seed([1; 32]);
    let identity = Identity::new("reader", key.verifying_key()).unwrap();
    let properties = TransportProperties::new();
    let info = ContactInfo::sign(identity, &key, properties, WallClock(0), role, &agreed.master_key).unwrap();
    let seed = StreamSeed { header_nonce: [0; 24], frame_key: SecretKey::from_bytes([0; 32]) };
    let mut exchange = ContactExchange::new(role, agreed.master_key, &info, seed);
    exchange.receive(&agreed.unread, &|_| Ok(()), &mut Vec::new()).unwrap().unwrap()
}

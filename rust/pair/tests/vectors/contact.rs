use p2psync_bramble::{Role, SecretKey, SigningKey};
use p2psync_pair::{ContactExchange, ContactInfo, Exchanged, Identity, StreamSeed, header_key, signed_nonce};
use p2psync_vector_reader::{Hex, check};
use serde::Deserialize;

#[test]
fn vectors_contact_exchange() {
    check("bramble", "contact_exchange.json", |file: File| {
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
    master_key: Hex,
    alice: Side,
    bob: Side,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Side {
    ed25519_seed: Hex,
    ed25519_public: Hex,
    name_utf8: Hex,
    author_id: Hex,
    header_key: Hex,
    nonce: Hex,
    signature: Hex,
    verifies: bool,
    verifies_in_the_other_role: bool,
    timestamp: u64,
    contact_info_bdf: Hex,
    contact_info_record: Hex,
    stream_header_nonce: Hex,
    frame_key: Hex,
    stream_no_tag_number_0: Hex,
}

fn check_case(case: &Case) {
    let master_key = SecretKey::from_bytes(case.master_key.array());
    let alice = check_side(&case.alice, Role::Alice, &master_key);
    let bob = check_side(&case.bob, Role::Bob, &master_key);

    for piece in [1, 100, 10_000] {
        let start = |role, info: &ContactInfo, side: &Side| {
            let frame_key = SecretKey::from_bytes(side.frame_key.array());
            let seed = StreamSeed { header_nonce: side.stream_header_nonce.array(), frame_key };
            let mut exchange = ContactExchange::new(role, master_key.clone(), info, seed);
            let mut sent = Vec::new();
            exchange.start(&mut sent);
            (exchange, sent)
        };
        let (mut alice_side, mut alice_sent) = start(Role::Alice, &alice, &case.alice);
        let (mut bob_side, mut bob_sent) = start(Role::Bob, &bob, &case.bob);
        assert!(bob_sent.is_empty());
        assert!(feed(&mut bob_side, &alice_sent, piece, &mut bob_sent).is_none());
        let flushed = alice_sent.len();
        let at_alice = feed(&mut alice_side, &bob_sent, piece, &mut alice_sent).unwrap();
        let at_bob = feed(&mut bob_side, &alice_sent[flushed..], piece, &mut bob_sent).unwrap();

        assert_eq!((Hex(alice_sent), Hex(bob_sent)), streams(case));
        assert_eq!((&at_alice.theirs, &at_bob.theirs), (&bob, &alice));
        assert!(at_alice.unread.is_empty() && at_bob.unread.is_empty());
    }
}

fn streams(case: &Case) -> (Hex, Hex) {
    (case.alice.stream_no_tag_number_0.clone(), case.bob.stream_no_tag_number_0.clone())
}

fn feed(side: &mut ContactExchange, bytes: &[u8], piece: usize, out: &mut Vec<u8>) -> Option<Exchanged> {
    bytes.chunks(piece).find_map(|bytes| side.receive(bytes, &|_| Ok(()), out).unwrap())
}

fn check_side(side: &Side, role: Role, master_key: &SecretKey) -> ContactInfo {
    assert_eq!(header_key(role, master_key).as_bytes()[..], side.header_key[..]);
    assert_eq!(signed_nonce(role, master_key)[..], side.nonce[..]);

    let parsed = ContactInfo::parse(&side.contact_info_bdf).unwrap();
    let key = SigningKey::from_seed(side.ed25519_seed.array());
    assert_eq!(key.verifying_key().as_bytes()[..], side.ed25519_public[..]);
    let name = String::from_utf8(side.name_utf8.0.clone()).unwrap();
    let identity = Identity::new(name, key.verifying_key()).unwrap();
    assert_eq!(parsed.identity(), &identity);
    assert_eq!(identity.author_id()[..], side.author_id[..]);
    assert_eq!(parsed.timestamp().0, side.timestamp);
    assert_eq!(parsed.signature().as_bytes()[..], side.signature[..]);
    assert_eq!(parsed.verify(role, master_key).is_ok(), side.verifies);
    assert_eq!(parsed.verify(role.other(), master_key).is_ok(), side.verifies_in_the_other_role);

    let properties = parsed.properties().clone();
    let made = ContactInfo::sign(identity, &key, properties, parsed.timestamp(), role, master_key).unwrap();
    assert_eq!(made, parsed);
    assert_eq!(Hex(made.to_bytes()), side.contact_info_bdf);
    let mut record = Vec::new();
    p2psync_bramble::record::write(1, 0, &made.to_bytes(), &mut record).unwrap();
    assert_eq!(Hex(record), side.contact_info_record);
    made
}

//! The vectors of our own extensions, from the reader's side: what one device wrote, another understands, and
//! each derived value follows from the specification by hash and MAC alone.

use std::collections::BTreeMap;

use p2psync_bramble::{
    AgreementPrivateKey, AgreementPublicKey, Role, SecretKey, SigningKey, WallClock, derive_key, hash, mac,
    record,
};
use p2psync_pair::{
    Authenticated, ContactExchange, ContactInfo, EXTENSION_ID, Extension, Identity, KeyAgreement, Offer,
    Payload, Scanned, StreamSeed, TransportProperties,
};
use p2psync_vector_reader::{Hex, check};
use serde::Deserialize;

#[test]
fn vectors_own_extensions() {
    check("pair", "pairing.json", |file: File| {
        file.codes.iter().for_each(check_code);
        file.openings.iter().for_each(check_opening);
        file.digits.iter().for_each(check_digits);
        file.extensions.iter().for_each(check_extension);
        file.link_secrets.iter().for_each(check_link_secret);
        file.sessions.iter().for_each(check_session);
        file.codes.len()
            + file.openings.len()
            + file.digits.len()
            + file.extensions.len()
            + file.link_secrets.len()
            + file.sessions.len()
    });
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    codes: Vec<CodeCase>,
    openings: Vec<Opening>,
    digits: Vec<DigitsCase>,
    extensions: Vec<ExtensionCase>,
    link_secrets: Vec<LinkSecret>,
    sessions: Vec<Session>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CodeCase {
    payload: Hex,
    secret: Hex,
    expires_ms: u64,
    text: String,
    visible_nonce: Hex,
}

fn secret_key(secret: &[u8]) -> SecretKey {
    SecretKey::from_bytes(hash("org.sahana.p2psync.pair/CODE_SECRET", &[secret]))
}

fn check_code(case: &CodeCase) {
    let Ok(Scanned::Ours(code)) = Scanned::parse(&case.text) else { panic!("{} is ours", case.text) };
    assert_eq!(Hex(code.payload().to_bytes()), case.payload);
    assert_eq!(code.secret().as_bytes()[..], case.secret[..]);
    assert_eq!(code.expires(), WallClock(case.expires_ms));
    let visible = mac("org.sahana.p2psync.pair/VISIBLE", &secret_key(&case.secret), &[]);
    assert_eq!(visible[..16], case.visible_nonce[..]);

    let mut bytes = vec![1];
    bytes.extend(u32::try_from(case.expires_ms / 1000).unwrap().to_be_bytes());
    bytes.extend_from_slice(&case.secret);
    bytes.extend_from_slice(&case.payload);
    let digest = hash("org.sahana.p2psync.pair/CODE_CHECK", &[&bytes]);
    bytes.extend_from_slice(&digest[..4]);
    assert_eq!(case.text, format!("P2PSYNC:{}", base32(&bytes)));
}

/// Five bits a character, zeros at the end.
fn base32(bytes: &[u8]) -> String {
    let bit = |place: usize| bytes.get(place / 8).map_or(0, |byte| byte >> (7 - place % 8) & 1);
    let characters = (0..(bytes.len() * 8).div_ceil(5)).map(|character| {
        let value = (0..5).fold(0, |value, place| value << 1 | bit(character * 5 + place));
        char::from(b"0123456789ABCDEFGHJKMNPQRSTVWXYZ"[usize::from(value)])
    });
    characters.collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Opening {
    code: String,
    scanner_payload: Hex,
    record: Hex,
}

fn check_opening(case: &Opening) {
    let Ok(Scanned::Ours(code)) = Scanned::parse(&case.code) else { panic!("{} is ours", case.code) };
    let shower = code.payload().to_bytes();
    let key = secret_key(code.secret().as_bytes());
    let proof = mac("org.sahana.p2psync.pair/SCANNER", &key, &[&case.scanner_payload, &shower]);
    let mut expected = Vec::new();
    record::write(4, 16, &[&case.scanner_payload[..], &proof].concat(), &mut expected).unwrap();
    assert_eq!(Hex(expected), case.record);
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DigitsCase {
    master_key: Hex,
    payload_alice: Hex,
    payload_bob: Hex,
    digits: String,
}

fn check_digits(case: &DigitsCase) {
    let master_key = SecretKey::from_bytes(case.master_key.array());
    assert_eq!(digits(&master_key, &case.payload_alice, &case.payload_bob), case.digits);
}

fn digits(master_key: &SecretKey, alice: &[u8], bob: &[u8]) -> String {
    let key = derive_key("org.sahana.p2psync.pair/DIGITS_KEY", master_key, &[]);
    let digest = mac("org.sahana.p2psync.pair/DIGITS", &key, &[alice, bob]);
    format!("{:06}", u64::from_be_bytes(digest[..8].try_into().unwrap()) % 1_000_000)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExtensionCase {
    link_versions: Vec<u8>,
    static_key: Hex,
    advertising_key: Hex,
    authenticated: String,
    properties: BTreeMap<String, String>,
}

fn check_extension(case: &ExtensionCase) {
    let extension = Extension::parse(&case.properties).unwrap();
    assert_eq!(extension.offer.link_versions.iter().copied().collect::<Vec<_>>(), case.link_versions);
    assert_eq!(extension.offer.static_key, AgreementPublicKey::from_bytes(case.static_key.array()));
    assert_eq!(extension.offer.advertising_key, SecretKey::from_bytes(case.advertising_key.array()));
    let word = match extension.authenticated {
        Authenticated::Code => "code",
        Authenticated::Digits => "digits",
        Authenticated::Skipped => "skipped",
    };
    assert_eq!(word, case.authenticated);
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LinkSecret {
    master_key: Hex,
    link_secret: Hex,
}

fn check_link_secret(case: &LinkSecret) {
    let master_key = SecretKey::from_bytes(case.master_key.array());
    let secret = derive_key("org.sahana.p2psync.pair/LINK_SECRET", &master_key, &[]);
    assert_eq!(secret.as_bytes()[..], case.link_secret[..]);
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Session {
    way: String,
    code: Option<String>,
    digits: Option<String>,
    master_key: Hex,
    root_timestamp_ms: u64,
    a_is_alice: bool,
    a: Side,
    b: Side,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Side {
    private_key: Hex,
    payload: Hex,
    name: String,
    signing_seed: Hex,
    author_id: Hex,
    static_private_key: Hex,
    advertising_key: Hex,
    link_versions: Vec<u8>,
    timestamp_ms: u64,
    stream_header_nonce: Hex,
    frame_key: Hex,
    said: Hex,
}

fn check_session(case: &Session) {
    let role = if case.a_is_alice { Role::Alice } else { Role::Bob };
    // The opening records of each side; BQP and contact exchange follow.
    let clear = |side: &Side| record_bytes(17, &side.payload);
    let (openings, word) = match (case.way.as_str(), &case.code, &case.digits) {
        ("one scanned", Some(code), None) => {
            let Ok(Scanned::Ours(code)) = Scanned::parse(code) else { panic!("{code} is ours") };
            assert_eq!(Hex(code.payload().to_bytes()), case.b.payload);
            let key = secret_key(code.secret().as_bytes());
            let payloads: [&[u8]; 2] = [&case.a.payload, &case.b.payload];
            let proof = mac("org.sahana.p2psync.pair/SCANNER", &key, &payloads);
            let opening = record_bytes(16, &[&case.a.payload[..], &proof].concat());
            ([opening, Vec::new()], Authenticated::Code)
        }
        ("digits", None, Some(shown)) => {
            let (alice, bob) = if case.a_is_alice { (&case.a, &case.b) } else { (&case.b, &case.a) };
            let master_key = SecretKey::from_bytes(case.master_key.array());
            assert_eq!(digits(&master_key, &alice.payload, &bob.payload), *shown);
            ([clear(&case.a), clear(&case.b)], Authenticated::Digits)
        }
        other => panic!("{other:?} is no way that we know"),
    };
    let [from_a, from_b] = [(&case.a, &openings[0]), (&case.b, &openings[1])]
        .map(|(side, opening)| side.said.strip_prefix(&opening[..]).expect("the opening comes first"));
    let at_a = play(case, &case.a, &case.b, role, word, [from_a, from_b]);
    let at_b = play(case, &case.b, &case.a, role.other(), word, [from_b, from_a]);
    assert_eq!(at_a.timestamp().min(at_b.timestamp()), WallClock(case.root_timestamp_ms));
}

fn record_bytes(kind: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    record::write(4, kind, payload, &mut bytes).unwrap();
    bytes
}

/// Plays one side again from its secrets: it must say what is written, and understand the other side.
fn play(
    case: &Session,
    ours: &Side,
    theirs: &Side,
    role: Role,
    authenticated: Authenticated,
    [said, heard]: [&[u8]; 2],
) -> ContactInfo {
    let their_payload = Payload::parse(&theirs.payload).unwrap();
    let descriptors = Payload::parse(&ours.payload).unwrap().descriptors;
    let offer = Offer::of_key(AgreementPrivateKey::from_bytes(ours.private_key.array()), descriptors);
    let mut agreement = KeyAgreement::new(offer, &their_payload, role);
    let mut out = Vec::new();
    agreement.start(&mut out, &mut Vec::new()).unwrap();
    let agreed = agreement.receive(heard, &mut out, &mut Vec::new()).unwrap().unwrap();
    assert_eq!(agreed.master_key.as_bytes()[..], case.master_key[..]);

    let info = ours.contact_info(role, authenticated, &agreed.master_key);
    let frame_key = SecretKey::from_bytes(ours.frame_key.array());
    let seed = StreamSeed { header_nonce: ours.stream_header_nonce.array(), frame_key };
    let mut exchange = ContactExchange::new(role, agreed.master_key.clone(), &info, seed);
    exchange.start(&mut out);
    let exchanged = exchange.receive(&agreed.unread, &|_| Ok(()), &mut out).unwrap().unwrap();
    assert_eq!(Hex(out), Hex(said.to_vec()), "{}", case.way);
    assert!(exchanged.unread.is_empty());
    let expected = theirs.contact_info(role.other(), authenticated, &agreed.master_key);
    assert_eq!(exchanged.theirs, expected);
    exchanged.theirs
}

impl Side {
    fn contact_info(&self, role: Role, authenticated: Authenticated, master_key: &SecretKey) -> ContactInfo {
        let key = SigningKey::from_seed(self.signing_seed.array());
        let identity = Identity::new(self.name.as_str(), key.verifying_key()).unwrap();
        assert_eq!(identity.author_id()[..], self.author_id[..]);
        let static_key = AgreementPrivateKey::from_bytes(self.static_private_key.array()).public_key();
        let word = if authenticated == Authenticated::Code { "code" } else { "digits" };
        let versions: Vec<_> = self.link_versions.iter().map(u8::to_string).collect();
        let properties = [
            ("versions", versions.join(",")),
            ("static_key", hex::encode(static_key.as_bytes())),
            ("advertising_key", hex::encode(&self.advertising_key[..])),
            ("authenticated", word.to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value));
        let properties = TransportProperties::from([(EXTENSION_ID.to_owned(), properties.into())]);
        let timestamp = WallClock(self.timestamp_ms);
        ContactInfo::sign(identity, &key, properties, timestamp, role, master_key).unwrap()
    }
}

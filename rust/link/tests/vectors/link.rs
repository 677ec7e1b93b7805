//! Vectors of our own link, version 1. One test writes them by running the machines (with `BLESS=1`; else it compares);
//! the other reads them by the formulas of `docs/protocol/link.md` alone.

use p2psync_bramble::{AgreementPrivateKey, Millis, Role, SecretKey, derive_key, mac};
use p2psync_link::{
    Acquaintance, Effect, Hello, Identity, Input, Limits, Link, PairSecrets, PeerBook, PeerHandle, Source,
    Versions, size_class,
};
use p2psync_vector_reader::{Hex, check, keep};
use rand_chacha::rand_core::{CryptoRng, Error, RngCore};
use serde::Deserialize;
use serde_json::{Value, json};

#[test]
fn vectors_link_as_the_machines_make_them() {
    let size_classes =
        [1, 48, 49, 1_000, 2_048, 2_049, 16_384, 32_000, 32_768].map(|bytes| [bytes, size_class(bytes)]);
    let made = json!({
        "hellos": [hello(Role::Alice, 1), hello(Role::Bob, 2), hello(Role::Alice, 3)],
        "sessions": [session(Role::Alice, b"", b""), session(Role::Bob, b"forms of bob", &[0x5a; 700])],
        "size_classes": size_classes,
    });
    keep("link", "link.json", &made);
}

/// Gives the listed bytes, and no others.
struct Listed(Vec<u8>);

impl Listed {
    /// Different bytes for each name.
    fn named(name: &str, count: usize) -> Self {
        let block = |number: usize| p2psync_bramble::hash(name, &[&number.to_be_bytes()]);
        Self((0..count.div_ceil(32)).flat_map(block).take(count).collect())
    }
}

impl RngCore for Listed {
    fn next_u32(&mut self) -> u32 {
        panic!("only bytes are drawn")
    }

    fn next_u64(&mut self) -> u64 {
        panic!("only bytes are drawn")
    }

    fn fill_bytes(&mut self, place: &mut [u8]) {
        let taken: Vec<u8> = self.0.drain(..place.len()).collect();
        place.copy_from_slice(&taken);
    }

    fn try_fill_bytes(&mut self, place: &mut [u8]) -> Result<(), Error> {
        self.fill_bytes(place);
        Ok(())
    }
}

impl CryptoRng for Listed {}

fn role_name(role: Role) -> &'static str {
    if role == Role::Alice { "alice" } else { "bob" }
}

fn hello(caller: Role, secret_count: usize) -> Value {
    let secrets: Vec<SecretKey> =
        (1..=secret_count).map(|byte| SecretKey::from_bytes([u8::try_from(byte).unwrap(); 32])).collect();
    let mut random = Listed::named("hello", 16 + (3 - secret_count) * 8);
    let hello = Hello::new(caller, &secrets, &mut random).encode();
    let secrets: Vec<String> = secrets.iter().map(|secret| hex::encode(secret.as_bytes())).collect();
    json!({"caller": role_name(caller), "secrets": secrets, "hello": hex::encode(hello)})
}

struct Script(Vec<u8>);

impl Source for Script {
    fn fill(&mut self, room_bytes: usize, out: &mut Vec<u8>) {
        out.extend(self.0.drain(..room_bytes.min(self.0.len())));
    }

    fn is_ended(&self) -> bool {
        self.0.is_empty()
    }
}

/// A whole session in which the device with role `caller` calls.
fn session(caller: Role, says: &[u8], hears: &[u8]) -> Value {
    let keys = ["caller static", "callee static"]
        .map(|name| AgreementPrivateKey::from_bytes(p2psync_bramble::hash(name, &[])));
    let root = SecretKey::from_bytes(p2psync_bramble::hash("root", &[role_name(caller).as_bytes()]));
    let mut books = [PeerBook::new(), PeerBook::new()];
    for (side, role) in [(0, caller), (1, caller.other())] {
        let (secrets, static_key) = (PairSecrets::new(root.clone()), keys[1 - side].public_key());
        books[side].insert(PeerHandle(0), Acquaintance { role, static_key, secrets });
    }
    let identities = keys.clone().map(|static_key| Identity { static_key, transport: "lan" });
    let randoms = [Listed::named("caller random", 64), Listed::named("callee random", 48)];
    let drawn = randoms.each_ref().map(|random| hex::encode(&random.0));
    let [mut caller_random, mut callee_random] = randoms;
    let (now, limits) = (Millis(0), Limits::default());
    let mut links = [
        Link::call(
            now,
            &identities[0],
            PeerHandle(0),
            &books[0],
            Versions::ours(),
            limits,
            &mut caller_random,
        )
        .unwrap(),
        Link::accept(now, identities[1].clone(), Versions::ours(), limits, &mut callee_random),
    ];
    let (flights, exported_keys) = converse(&mut links, &mut books, [says, hears]);
    assert!(exported_keys.len() == 2 && exported_keys[0] == exported_keys[1]);
    let secrets =
        books.each_ref().map(|book| hex::encode(&*book.get(PeerHandle(0)).unwrap().secrets.encode()));
    json!({
        "caller_role": role_name(caller),
        "transport": "lan",
        "caller_static_private": hex::encode(keys[0].as_bytes()),
        "callee_static_private": hex::encode(keys[1].as_bytes()),
        "root_secret": hex::encode(root.as_bytes()),
        "caller_random": drawn[0],
        "callee_random": drawn[1],
        "caller_says": hex::encode(says),
        "callee_says": hex::encode(hears),
        "flights": flights,
        "exported_key": hex::encode(exported_keys[0].as_bytes()),
        "caller_secrets_after": secrets[0],
        "callee_secrets_after": secrets[1],
    })
}

/// Runs two links to their end: who sent what, and the keys they exported.
fn converse(
    links: &mut [Link; 2],
    books: &mut [PeerBook; 2],
    says: [&[u8]; 2],
) -> (Vec<Value>, Vec<SecretKey>) {
    let now = Millis(0);
    let mut sources = says.map(|bytes| Script(bytes.to_vec()));
    let mut flights = Vec::new();
    let mut exported_keys = Vec::new();
    while !(links[0].is_over() && links[1].is_over()) {
        for side in [0, 1] {
            let (mut flight, mut effects) = (Vec::new(), Vec::<Effect>::new());
            links[side].fill(now, &mut sources[side], 4_096, &mut flight);
            links[1 - side]
                .handle(now, Input::Received(&flight), &mut books[1 - side], &mut effects)
                .unwrap();
            if !flight.is_empty() {
                let from = ["caller", "callee"][side];
                flights.push(json!({"from": from, "bytes": hex::encode(flight)}));
            }
            exported_keys.extend(effects.into_iter().filter_map(|effect| match effect {
                Effect::Opened { exported_key, .. } => Some(exported_key),
                _ => None,
            }));
        }
    }
    (flights, exported_keys)
}

#[test]
fn vectors_link_by_the_specification() {
    check("link", "link.json", |file: File| {
        file.hellos.iter().for_each(check_hello);
        file.sessions.iter().for_each(check_session);
        file.size_classes.iter().for_each(|[bytes, class]| assert_eq!(padme(*bytes), *class));
        file.hellos.len() + file.sessions.len() + file.size_classes.len()
    });
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    hellos: Vec<HelloCase>,
    sessions: Vec<Session>,
    size_classes: Vec<[usize; 2]>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HelloCase {
    caller: String,
    secrets: Vec<Hex>,
    hello: Hex,
}

fn check_hello(case: &HelloCase) {
    let (nonce, tags) = case.hello.split_at(16);
    assert_eq!(tags.len(), 24);
    for (secret, tag) in case.secrets.iter().zip(tags.chunks(8)) {
        assert_eq!(tag_of(&SecretKey::from_bytes(secret.array()), &case.caller, nonce), tag);
    }
}

fn tag_of(secret: &SecretKey, caller: &str, nonce: &[u8]) -> Vec<u8> {
    let recognition = derive_key("org.sahana.p2psync.link/RECOGNITION", secret, &[]);
    let role: &[u8] = if caller == "alice" { b"A" } else { b"B" };
    mac("org.sahana.p2psync.link/HELLO", &recognition, &[role, nonce])[..8].to_vec()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Session {
    caller_role: String,
    transport: String,
    caller_static_private: Hex,
    callee_static_private: Hex,
    root_secret: Hex,
    caller_random: Hex,
    callee_random: Hex,
    caller_says: Hex,
    callee_says: Hex,
    flights: Vec<Flight>,
    exported_key: Hex,
    caller_secrets_after: Hex,
    callee_secrets_after: Hex,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Flight {
    from: String,
    bytes: Hex,
}

fn check_session(case: &Session) {
    let root = SecretKey::from_bytes(case.root_secret.array());
    let joined = |side: &str| -> Vec<u8> {
        case.flights
            .iter()
            .filter(|flight| flight.from == side)
            .flat_map(|flight| flight.bytes.0.clone())
            .collect()
    };
    let (from_caller, from_callee) = (joined("caller"), joined("callee"));
    let (opening, caller_frames) = from_caller.split_at(96);
    let (response, callee_frames) = from_callee.split_at(72);
    let (hello, first_message) = opening.split_at(40);
    assert_eq!(&hello[..16], &case.caller_random[..16]);
    assert_eq!(&hello[16..24], tag_of(&root, &case.caller_role, &hello[..16]));
    assert_eq!(&hello[24..], &case.caller_random[16..32]);

    let (mut transport, hash, contribution) = respond_by_hand(case, hello, first_message, response);
    assert_eq!(contribution, &case.callee_random[32..48]);
    let next = derive_key("org.sahana.p2psync.link/NEXT_SECRET", &root, &[&hash, &contribution]);
    let exported = derive_key("org.sahana.p2psync.link/EXPORTED_KEY", &root, &[&hash, &contribution]);
    assert_eq!(exported.as_bytes()[..], case.exported_key[..]);
    let lineage = &mac("org.sahana.p2psync.link/LINEAGE", &root, &[])[..8];
    let held = |answered: &[u8]| {
        let count = u8::try_from(answered.len() / 16).unwrap();
        [&[1][..], lineage, &[1], &1_u64.to_be_bytes(), next.as_bytes(), &[count], answered].concat()
    };
    assert_eq!(held(&[]), case.caller_secrets_after.0);
    assert_eq!(held(&hello[..16]), case.callee_secrets_after.0);

    assert_eq!(read_frames(&mut transport, caller_frames), case.caller_says.0);
    assert!(callee_frames.len() >= 48 && !case.transport.is_empty());
    write_frame(&mut transport, &case.callee_says, callee_frames);
}

/// The callee's half with snow alone: the transport state, the handshake's hash, the contribution.
fn respond_by_hand(
    case: &Session,
    hello: &[u8],
    first: &[u8],
    response: &[u8],
) -> (snow::TransportState, Vec<u8>, Vec<u8>) {
    let transport_length = u8::try_from(case.transport.len()).unwrap();
    let prologue =
        [b"org.sahana.p2psync.link/1", &[transport_length][..], case.transport.as_bytes(), hello].concat();
    let caller_static = AgreementPrivateKey::from_bytes(case.caller_static_private.array()).public_key();
    let psk = case.root_secret.array();
    let parameters = "Noise_KKpsk2_25519_ChaChaPoly_BLAKE2b".parse().unwrap();
    let resolver = WithRandom(case.callee_random[..32].to_vec());
    let mut state = snow::Builder::with_resolver(parameters, Box::new(resolver))
        .prologue(&prologue)
        .and_then(|builder| builder.local_private_key(&case.callee_static_private))
        .and_then(|builder| builder.remote_public_key(caller_static.as_bytes()))
        .and_then(|builder| builder.psk(2, &psk))
        .and_then(snow::Builder::build_responder)
        .unwrap();
    let mut payload = [0; 64];
    assert_eq!(state.read_message(first, &mut payload), Ok(8));
    assert_eq!(payload[..8], [1, 1, 0, 0, 0, 0, 0, 0], "one version is offered, 1");
    let contribution = case.callee_random[32..48].to_vec();
    let answer = [&[1, 1, 1, 0, 0, 0, 0, 0][..], &contribution].concat();
    let mut message = [0; 96];
    let length = state.write_message(&answer, &mut message).unwrap();
    assert_eq!(&message[..length], response);
    let hash = state.get_handshake_hash().to_vec();
    (state.into_transport_mode().unwrap(), hash, contribution)
}

struct WithRandom(Vec<u8>);

impl snow::types::Random for WithRandom {
    fn try_fill_bytes(&mut self, place: &mut [u8]) -> Result<(), snow::Error> {
        place.copy_from_slice(&self.0);
        Ok(())
    }
}

impl snow::resolvers::CryptoResolver for WithRandom {
    fn resolve_rng(&self) -> Option<Box<dyn snow::types::Random>> {
        Some(Box::new(Self(self.0.clone())))
    }

    fn resolve_dh(&self, choice: &snow::params::DHChoice) -> Option<Box<dyn snow::types::Dh>> {
        snow::resolvers::DefaultResolver.resolve_dh(choice)
    }

    fn resolve_hash(&self, choice: &snow::params::HashChoice) -> Option<Box<dyn snow::types::Hash>> {
        snow::resolvers::DefaultResolver.resolve_hash(choice)
    }

    fn resolve_cipher(&self, choice: &snow::params::CipherChoice) -> Option<Box<dyn snow::types::Cipher>> {
        snow::resolvers::DefaultResolver.resolve_cipher(choice)
    }
}

/// All payloads; the last frame must be marked final.
fn read_frames(transport: &mut snow::TransportState, mut frames: &[u8]) -> Vec<u8> {
    let mut payloads = Vec::new();
    while !frames.is_empty() {
        let length = usize::from(u16::from_be_bytes([frames[0], frames[1]]));
        let mut plain = vec![0; length];
        let plain_length = transport.read_message(&frames[2..2 + length], &mut plain).unwrap();
        let field = u16::from_be_bytes([plain[0], plain[1]]);
        let payload_bytes = usize::from(field & 0x7fff);
        payloads.extend_from_slice(&plain[2..2 + payload_bytes]);
        assert!(plain[2 + payload_bytes..plain_length].iter().all(|&byte| byte == 0));
        assert_eq!(2 + length, padme(2 + 16 + 2 + payload_bytes));
        frames = &frames[2 + length..];
        assert_eq!(field & 0x8000 != 0, frames.is_empty());
    }
    payloads
}

/// One final frame around `payload` must be `expected`.
fn write_frame(transport: &mut snow::TransportState, payload: &[u8], expected: &[u8]) {
    let field = u16::try_from(payload.len()).unwrap() | 0x8000;
    let mut plain = [&field.to_be_bytes()[..], payload].concat();
    plain.resize(padme(20 + payload.len()) - 18, 0);
    let mut sealed = vec![0; plain.len() + 16];
    transport.write_message(&plain, &mut sealed).unwrap();
    let length = u16::try_from(sealed.len()).unwrap().to_be_bytes();
    assert_eq!(Hex([&length[..], &sealed].concat()), Hex(expected.to_vec()));
}

/// Padmé with a floor of 48, as the paper writes it.
fn padme(bytes: usize) -> usize {
    let bytes = bytes.max(48);
    let e = bytes.ilog2();
    let s = e.ilog2() + 1;
    let last_bits = e - s;
    let mask = (1 << last_bits) - 1;
    (bytes + mask) & !mask
}

//! Vectors of bundles. One test writes them by making bundles (with `BLESS=1`; else it compares); the other reads them by
//! the formulas of `docs/protocol/bundle.md` alone.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

#[allow(dead_code, reason = "shared with the tests of sessions")]
#[path = "duet/device.rs"]
mod device;
#[allow(dead_code, reason = "shared with the other tests of bundles")]
#[path = "bundle/specified.rs"]
mod specified;

use data_encoding::HEXLOWER;
use device::{Device, GROUP};
use p2psync_bramble::{AgreementPrivateKey, AgreementPublicKey, Role, WallClock, hash};
use p2psync_model::{Fingerprint, Message, Priority};
use p2psync_sync::bundle::{About, Front, PairKey, Selection, ServerSlot, Veil, Writer};
use p2psync_vector_reader::{Hex, check, keep};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;
use serde::Deserialize;
use serde_json::{Value, json};

const MAKER: [u8; 32] = [0x11; 32];
const READER: [u8; 32] = [0x22; 32];
const PAIRING: [u8; 8] = [0x33; 8];
const SERVER: Fingerprint = Fingerprint::V4([0x44; 20]);
const MADE: WallClock = WallClock(1_790_000_000_000);

#[test]
fn vectors_bundles_as_they_are_made() {
    let form = |device: &mut Device| {
        device.write(MADE.0 - 5_000, Priority::Normal, b"The well at the eastern camp is dry.");
    };
    let receipt = |device: &mut Device| {
        let gone = device.write(MADE.0 - 9_000, Priority::Normal, b"gone");
        device.confirm(MADE.0 / 1_000, &[gone]);
    };
    let photo = |device: &mut Device| {
        device.write(MADE.0 - 1_000, Priority::Low, &hash("photo", &[]).repeat(1_100));
    };
    let made = json!({ "bundles": [
        bundle("a form, made by Alice", Role::Alice, false, &[&form]),
        bundle("a receipt and a form, made by Bob, for the server too", Role::Bob, true, &[&receipt, &form]),
        bundle("a photo of two chunks", Role::Alice, false, &[&photo]),
        bundle("nothing", Role::Bob, false, &[]),
    ]});
    keep("bundle", "bundle.json", &made);
}

fn bundle(name: &str, role: Role, for_server: bool, fill: &[&dyn Fn(&mut Device)]) -> Value {
    let mut device = Device::default();
    for fill in fill {
        fill(&mut device);
    }
    let seed = hash("seed", &[name.as_bytes()]);
    let mut random = ChaCha20Rng::from_seed(seed);
    let [maker, reader] = [MAKER, READER].map(AgreementPrivateKey::from_bytes);
    let pair = PairKey::agree(&maker, &reader.public_key(), &PAIRING, role).unwrap();
    let front = Front::random(1, &mut random).unwrap();
    let secret = front.secret();
    // Here the secret stands for itself, because OpenPGP takes no randomness from outside.
    let slot = ServerSlot { veil: Veil { group: GROUP, server: SERVER }, sealed: &secret };
    let about = About { group: GROUP, made: MADE };
    let slot = for_server.then_some(&slot);
    let mut writer = Writer::new(&front, &[pair], slot, about, Selection::All, &mut random).unwrap();
    let mut bytes = Vec::new();
    while writer.fill(&mut device, &mut bytes).unwrap() {}
    let mut ids: Vec<String> = device.documents.keys().map(ToString::to_string).collect();
    ids.extend(device.statements.keys().chain(device.chunks.keys()).map(ToString::to_string));
    ids.sort_unstable();
    let hex = |bytes: &[u8]| HEXLOWER.encode(bytes);
    json!({
        "name": name,
        "maker_is_alice": role == Role::Alice,
        "maker_static_public_key": hex(maker.public_key().as_bytes()),
        "reader_static_private_key": hex(&READER),
        "pairing": hex(&PAIRING),
        "group": hex(GROUP.as_bytes()),
        "server": for_server.then(|| hex(SERVER.as_bytes())),
        "made_ms": MADE.0,
        "statements": device.statements.len(),
        "documents": device.documents.len(),
        "message_ids": ids,
        "file": hex(&bytes),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vectors {
    bundles: Vec<Bundle>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bundle {
    name: String,
    maker_is_alice: bool,
    maker_static_public_key: Hex,
    reader_static_private_key: Hex,
    pairing: Hex,
    group: Hex,
    server: Option<Hex>,
    made_ms: u64,
    statements: u32,
    documents: u32,
    message_ids: Vec<String>,
    file: Hex,
}

#[test]
fn vectors_are_read_by_the_formulas() {
    check("bundle", "bundle.json", |vectors: Vectors| {
        for bundle in &vectors.bundles {
            read(bundle);
        }
        vectors.bundles.len()
    });
}

fn read(bundle: &Bundle) {
    let name = &bundle.name;
    let mine = AgreementPrivateKey::from_bytes(bundle.reader_static_private_key.array());
    let agreed = mine.agree(&AgreementPublicKey::from_bytes(bundle.maker_static_public_key.array())).unwrap();
    let key = specified::pair_key(agreed.as_bytes(), &bundle.pairing);
    let maker = if bundle.maker_is_alice { "ALICE" } else { "BOB" };
    let records = specified::records(&key, maker, &bundle.file).unwrap();
    let [(0, about), messages @ .., (2, end)] = records.as_slice() else { panic!("{name}: {records:?}") };
    assert_eq!(*about, [&*bundle.group, &bundle.made_ms.to_be_bytes()].concat(), "{name}");
    let counts = [bundle.statements.to_be_bytes(), bundle.documents.to_be_bytes()].concat();
    assert_eq!(*end, counts, "{name}");
    let id = |(kind, payload): &(u8, Vec<u8>)| {
        assert_eq!(*kind, 1);
        Message::decode(&[&*bundle.group, payload].concat()).unwrap().id().to_string()
    };
    let mut ids: Vec<String> = messages.iter().map(id).collect();
    ids.sort_unstable();
    assert_eq!(ids, bundle.message_ids, "{name}");
    let length = bundle.file.len() as u64;
    let magnitude = length.ilog2();
    let unit = 1 << (magnitude - magnitude.ilog2() - 1);
    assert_eq!(length % unit, 0, "{name}: {length} is no length of a bundle");
    if let Some(server) = &bundle.server {
        let secret = specified::sealed_to_server(&bundle.group, server, &bundle.file).unwrap();
        assert_eq!(specified::records_with(&secret, &bundle.file), records, "{name}");
    }
}

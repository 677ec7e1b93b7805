//! Writes the vectors of our own extensions: `BLESS=1 cargo test -p p2psync-pair --test bless`. Without BLESS
//! it compares. `tests/vectors/own.rs` reads them from the other side.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

#[path = "duet/cast.rs"]
mod cast;
#[path = "duet/stage.rs"]
mod stage;

use cast::{CLOCK, Kind, START, device, devices, random, seeds};
use p2psync_bramble::{AgreementPrivateKey, SecretKey, WallClock};
use p2psync_pair::{
    Authenticated, Code, CodeSecret, Descriptor, Digits, Extension, LinkOffer, Offer, Payload, StreamSeed,
    Way, pair_secret,
};
use p2psync_vector_reader::keep;
use serde_json::{Value, json};
use stage::{Duet, Tamper};

#[test]
fn the_stored_file_is_what_we_make() {
    let made = json!({
        "file": "pairing.json",
        "set": "pair",
        "source": "p2psync's own extensions, written by rust/pair/tests/bless.rs",
        "codes": codes(),
        "openings": openings(),
        "digits": digits(),
        "extensions": extensions(),
        "link_secrets": link_secrets(),
        "sessions": sessions(),
    });
    keep("pair", "pairing.json", &made);
}

fn payloads() -> Vec<Payload> {
    let offer = |number, descriptors| Offer::random(descriptors, &mut random(1, number)).payload().clone();
    let bluetooth = || Descriptor::bluetooth(Some([0xb6, 0xc4, 0x38, 0x2d, 0x17, 0xd9]));
    let lan = |address: &str| Descriptor::lan(address.parse().unwrap());
    vec![
        offer(1, vec![]),
        offer(2, vec![bluetooth(), lan("192.168.43.1:61234")]),
        offer(3, vec![Descriptor::bluetooth(None), lan("10.0.0.7:4000"), lan("[fe80::1]:65535")]),
    ]
}

fn codes() -> Vec<Value> {
    let expiries = [WallClock(0), WallClock(CLOCK.0 + 1), WallClock(u64::MAX)];
    let codes = payloads().into_iter().zip(expiries).enumerate().map(|(number, (payload, expires))| {
        let secret = CodeSecret::from_bytes([u8::try_from(number).unwrap() * 0x55; 16]);
        let code = Code::new(payload, secret, expires).unwrap();
        json!({
            "payload": hex::encode(code.payload().to_bytes()),
            "secret": hex::encode(code.secret().as_bytes()),
            "expires_ms": code.expires().0,
            "text": code.to_text(),
            "visible_nonce": hex::encode(code.secret().visible_nonce()),
        })
    });
    codes.collect()
}

fn openings() -> Vec<Value> {
    let [ways, seeds] = [[1, 2, 3], [4, 5, 6]];
    let openings = ways.into_iter().zip(seeds).map(|(number, seed)| {
        let shown = cast::shown(number);
        let Way::Scanner { ours, code } = cast::scanner(seed, &shown) else { panic!("a scanner") };
        let (payload, code_text) = (ours.payload().to_bytes(), code.to_text());
        let said = cast::start(devices(seed)[0].clone(), Way::Scanner { ours, code }, seed, 1).pull(START);
        json!({
            "code": code_text,
            "scanner_payload": hex::encode(&payload),
            "record": hex::encode(&said[..4 + payload.len() + 32]),
        })
    });
    openings.collect()
}

fn digits() -> Vec<Value> {
    let payloads = payloads();
    let digits = (0..4_u8).map(|number| {
        let master_key = SecretKey::from_bytes([number * 0x11; 32]);
        let alice = payloads[usize::from(number) % 3].to_bytes();
        let bob = payloads[(usize::from(number) + 1) % 3].to_bytes();
        json!({
            "master_key": hex::encode(master_key.as_bytes()),
            "payload_alice": hex::encode(&alice),
            "payload_bob": hex::encode(&bob),
            "digits": Digits::new(&master_key, &alice, &bob).to_string(),
        })
    });
    digits.collect()
}

fn extensions() -> Vec<Value> {
    let words = [
        (Authenticated::Code, "code", vec![0, 1]),
        (Authenticated::Digits, "digits", vec![1]),
        (Authenticated::Skipped, "skipped", vec![0, 9, 10, 255]),
    ];
    let extensions = words.into_iter().map(|(authenticated, word, versions)| {
        let static_key = AgreementPrivateKey::from_bytes([versions[0] + 7; 32]).public_key();
        let advertising_key = SecretKey::from_bytes([versions[0] + 8; 32]);
        let link_versions = versions.iter().copied().collect();
        let offer = LinkOffer { link_versions, static_key, advertising_key };
        json!({
            "link_versions": versions,
            "static_key": hex::encode(offer.static_key.as_bytes()),
            "advertising_key": hex::encode(offer.advertising_key.as_bytes()),
            "authenticated": word,
            "properties": Extension { offer, authenticated }.to_properties(),
        })
    });
    extensions.collect()
}

fn link_secrets() -> Vec<Value> {
    let secrets = (0..3_u8).map(|number| {
        let master_key = SecretKey::from_bytes([number; 32]);
        json!({
            "master_key": hex::encode(master_key.as_bytes()),
            "link_secret": hex::encode(pair_secret(&master_key).as_bytes()),
        })
    });
    secrets.collect()
}

fn sessions() -> Vec<Value> {
    let ways = [("one scanned", Kind::OneScanned), ("digits", Kind::Digits)];
    let sessions = ways
        .into_iter()
        .flat_map(|(name, kind)| seeds(kind).into_iter().map(move |seed| session(name, kind, seed)));
    sessions.collect()
}

fn session(name: &str, kind: Kind, seed: u8) -> Value {
    let duet = Duet::new(kind, seed, Tamper::Nothing).run();
    let paired = duet.both();
    let code = (kind == Kind::OneScanned).then(|| cast::shown(seed).code().to_text());
    let sides = [0, 1].map(|at| side(kind, seed, at, &duet));
    json!({
        "way": name,
        "code": code,
        "digits": duet.sides[0].digits,
        "master_key": hex::encode(paired[0].master_key.as_bytes()),
        "root_timestamp_ms": paired[0].root_timestamp.0,
        "a_is_alice": paired[0].role == p2psync_bramble::Role::Alice,
        "a": sides[0],
        "b": sides[1],
    })
}

/// One side's secrets, drawn again from its seed in the order in which it drew them, and all that it said.
fn side(kind: Kind, seed: u8, at: usize, duet: &Duet) -> Value {
    let mut drawn = random(seed, [10, 11][at]);
    let stream = StreamSeed::random(&mut drawn);
    let private_key = match kind {
        Kind::Digits => AgreementPrivateKey::random(&mut drawn),
        _ => AgreementPrivateKey::random(&mut random(seed, [21, 20][at])),
    };
    let offer = Offer::of_key(private_key.clone(), cast::descriptors());
    let number = seed ^ [1, 2][at];
    let said: Vec<u8> =
        duet.log.iter().filter(|(from, _)| *from == at).flat_map(|(_, message)| message.clone()).collect();
    let identity = device(["Amina", "Bilal"][at], number, CLOCK).identity().clone();
    json!({
        "private_key": hex::encode(private_key.as_bytes()),
        "payload": hex::encode(offer.payload().to_bytes()),
        "name": identity.name(),
        "signing_seed": hex::encode([number; 32]),
        "author_id": hex::encode(identity.author_id()),
        "static_private_key": hex::encode(AgreementPrivateKey::from_bytes([number; 32]).as_bytes()),
        "advertising_key": hex::encode([number; 32]),
        "link_versions": [0, 1],
        "timestamp_ms": CLOCK.0,
        "stream_header_nonce": hex::encode(stream.header_nonce),
        "frame_key": hex::encode(stream.frame_key.as_bytes()),
        "said": hex::encode(said),
    })
}

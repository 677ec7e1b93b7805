//! Makes the test keys that are ours, and the vectors of `seal`, in the folders of the repository. They are made once:
//! keys and signatures are random, so a second run makes others.
//!
//!     cargo run -p p2psync-seal --example fixtures
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a tool for developers")]

use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use p2psync_bramble::WallClock;
use p2psync_model::{DocumentId, HttpsUrl, Receipt};
use p2psync_seal::{
    BUILD_DATE_SECONDS, Expired, SealOptions, ServerKey, SignedText, Statement, Tls, seal, sign,
};
use sequoia_openpgp::cert::{CertBuilder, CipherSuite};
use sequoia_openpgp::serialize::SerializeInto as _;
use sequoia_openpgp::types::KeyFlags;
use serde_json::{Value, json};

const DAY: u64 = 86_400;
const MADE: u64 = BUILD_DATE_SECONDS + DAY;
const NOW: u64 = MADE + 10 * DAY;

fn main() {
    let test = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../test");
    let encryption = KeyFlags::empty().set_transport_encryption().set_storage_encryption();
    let (rsa, _) = CertBuilder::new()
        .set_cipher_suite(CipherSuite::RSA3k)
        .set_creation_time(UNIX_EPOCH + Duration::from_secs(MADE))
        .add_userid("Test rsa3072 <rsa3072@example.org>")
        .add_signing_subkey()
        .add_subkey(encryption, None, None)
        .generate()
        .unwrap();
    std::fs::write(test.join("fixtures/openpgp/ours-rsa3072.asc"), rsa.as_tsk().armored().to_vec().unwrap())
        .unwrap();
    let key =
        ServerKey::generate("Test <test@example.org>", WallClock(MADE * 1_000), Some(365 * DAY)).unwrap();
    let vectors = json!({ "key": hex::encode(&*key.to_bytes().unwrap()),
        "certificate": hex::encode(key.certificate().as_bytes()),
        "fingerprint": key.fingerprint().to_string(),
        "now_ms": NOW * 1_000,
        "receipts": receipts(&key), "statements": statements(&key), "documents": documents(&key) });
    std::fs::create_dir_all(test.join("vectors/seal")).unwrap();
    std::fs::write(test.join("vectors/seal/seal.json"), format!("{vectors:#}\n")).unwrap();
}

fn receipts(key: &ServerKey) -> Value {
    let ids = |count: u8| (0..count).map(|number| DocumentId::from_bytes([number; 32])).collect();
    let of = |name: &str, text: &[u8], signature: &[u8], verdict: &str| json!({ "name": name, "text": hex::encode(text), "signature": hex::encode(signature), "verdict": verdict });
    let make = |key: &ServerKey, time, count| {
        let receipt = Receipt::new(key.fingerprint(), 3, time, ids(count)).unwrap();
        (receipt.text(), sign(&receipt, key).unwrap())
    };
    let other = ServerKey::generate("Other", WallClock(MADE * 1_000), None).unwrap();
    let (text, signature) = make(key, NOW, 3);
    let (long_text, long_signature) = make(key, NOW - DAY, 255);
    let (late_text, late_signature) = make(key, NOW + 2 * DAY, 1);
    let (other_text, other_signature) = make(&other, NOW, 1);
    let changed = String::from_utf8(text.clone()).unwrap().replace("epoch 3", "epoch 4").into_bytes();
    json!([
        of("three documents", &text, &signature, "good"),
        of("255 documents", &long_text, &long_signature, "good"),
        of("changed text", &changed, &signature, "tampered"),
        of("signature of another receipt", &text, &long_signature, "tampered"),
        of("two signatures", &text, &signature.repeat(2), "several"),
        of("no signature", &text, b"", "not a signature"),
        of("another server's", &other_text, &other_signature, "wrong key"),
        of("two days in the future", &late_text, &late_signature, "future"),
    ])
}

fn statements(key: &ServerKey) -> Value {
    let pins = Tls::Pins(vec![[0x11; 32], [0x22; 32]]);
    [Tls::WebPki, pins]
        .into_iter()
        .map(|tls| {
            let statement = Statement::new(
                key.fingerprint(),
                HttpsUrl::parse("https://eden.example.org/p2p").unwrap(),
                NOW,
                NOW + 90 * DAY,
                tls,
            );
            let statement = statement.unwrap();
            json!({ "text": hex::encode(statement.text()),
                "signature": hex::encode(sign(&statement, key).unwrap()), "url": statement.url().as_str() })
        })
        .collect()
}

fn documents(key: &ServerKey) -> Value {
    [(&b""[..], true), (b"A form.", false), (&[b'x'; 2_000], true)]
        .into_iter()
        .map(|(content, compress)| {
            let options = SealOptions { expired: Expired::Refuse, compress };
            let sealed = seal(content, key.certificate(), options, WallClock(NOW * 1_000)).unwrap();
            json!({ "content": hex::encode(content), "sealed": hex::encode(sealed) })
        })
        .collect()
}

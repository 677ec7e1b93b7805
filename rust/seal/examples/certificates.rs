//! Makes the vectors of certificates in `test/vectors/seal`: what becomes of the one in `seal.json`, and what passes for
//! one. They are made once: signatures are random, so a second run makes others.
//!
//!     cargo run -p p2psync-seal --example certificates
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a tool for developers")]

#[path = "../tests/keys/mod.rs"]
mod keys;

use std::path::Path;

use keys::{DAY, NOW, clock, encryption, extended, public_bytes, revoked, signing_subkey_revoked, system};
use p2psync_seal::{Certificate, SealOptions, seal};
use sequoia_openpgp::cert::{Cert, KeyBuilder};
use sequoia_openpgp::packet::Packet;
use sequoia_openpgp::packet::signature::SignatureBuilder;
use sequoia_openpgp::packet::signature::subpacket::{Subpacket, SubpacketValue};
use sequoia_openpgp::parse::Parse as _;
use sequoia_openpgp::policy::StandardPolicy;
use sequoia_openpgp::serialize::SerializeInto as _;
use sequoia_openpgp::types::{ReasonForRevocation, SignatureType};
use serde_json::{Value, json};

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../test/vectors/seal");
    let known: Value = serde_json::from_slice(&std::fs::read(folder.join("seal.json")).unwrap()).unwrap();
    let cert =
        Cert::from_bytes(&hex::decode(known.get("key").and_then(Value::as_str).unwrap()).unwrap()).unwrap();
    let cases = [states(&cert), dressed(&cert), lacking(&cert), others(&cert)].concat();
    let vectors = json!({ "now_ms": NOW * 1_000, "certificates": cases });
    std::fs::write(folder.join("certificates.json"), format!("{vectors:#}\n")).unwrap();
}

/// The canonical form is there whenever the certificate can be read, whether it can be used or not.
fn case(name: &str, input: &[u8], verdict: &str) -> Value {
    let canonical = Certificate::restore(input).ok().map(|certificate| hex::encode(certificate.as_bytes()));
    json!({ "name": name, "input": hex::encode(input), "canonical": canonical, "verdict": verdict })
}

/// The same key in the course of time.
fn states(cert: &Cert) -> Vec<Value> {
    let (compromised, retired) = (ReasonForRevocation::KeyCompromised, ReasonForRevocation::KeyRetired);
    let policy = StandardPolicy::at(system(NOW));
    let newer = KeyBuilder::new(encryption())
        .set_creation_time(system(NOW))
        .subkey(cert.with_policy(&policy, system(NOW)).unwrap())
        .unwrap()
        .attach_cert()
        .unwrap();
    vec![
        case("as it was made", &public_bytes(cert), "good"),
        case("extended", &extended(cert, NOW, NOW + 900 * DAY), "good"),
        case("with a newer encryption subkey", &public_bytes(&newer), "good"),
        case("expired", &extended(cert, NOW - 5 * DAY, NOW - DAY), "expired"),
        case("revoked softly", &revoked(cert, NOW - DAY, retired), "revoked softly"),
        case("revoked hard", &revoked(cert, NOW - DAY, compromised), "revoked hard"),
        case("signing subkey revoked", &signing_subkey_revoked(cert, NOW, compromised), "revoked hard"),
    ]
}

/// The same key with what others add to it, or in another order.
fn dressed(cert: &Cert) -> Vec<Value> {
    let packets = || cert.clone().strip_secret_key_material().into_packets();
    let joined = |packets: Vec<Packet>| -> Vec<u8> {
        packets.iter().flat_map(|packet| packet.to_vec().unwrap()).collect()
    };
    let stuffed = packets().map(|packet| match packet {
        Packet::Signature(mut signature) => {
            let junk = SubpacketValue::Unknown { tag: 101.into(), body: vec![7; 90] };
            signature.unhashed_area_mut().add(Subpacket::new(junk, false).unwrap()).unwrap();
            signature.into()
        }
        other => other,
    });
    let id = cert.userids().next().unwrap().userid().clone();
    let mallory = keys::builder().generate().unwrap().0;
    let certification = SignatureBuilder::new(SignatureType::GenericCertification)
        .set_signature_creation_time(system(NOW))
        .unwrap()
        .sign_userid_binding(&mut signer_of(&mallory), Some(cert.primary_key().key()), &id)
        .unwrap();
    let certified = cert.clone().insert_packets(vec![Packet::from(id), certification.into()]).unwrap().0;
    let mut parts: Vec<Vec<Packet>> = Vec::new();
    for packet in packets() {
        match packet {
            Packet::Signature(_) => parts.last_mut().unwrap().push(packet),
            _ => parts.push(vec![packet]),
        }
    }
    parts.get_mut(1..).unwrap().reverse();
    vec![
        case("with junk that nobody signed", &joined(stuffed.collect()), "good"),
        case("with somebody else's signature", &public_bytes(&certified), "good"),
        case("in another order", &joined(parts.concat()), "good"),
    ]
}

fn signer_of(cert: &Cert) -> sequoia_openpgp::crypto::KeyPair {
    cert.primary_key().key().clone().parts_into_secret().unwrap().into_keypair().unwrap()
}

/// The same key without one of its purposes.
fn lacking(cert: &Cert) -> Vec<Value> {
    let without = |purpose: fn(&sequoia_openpgp::packet::Signature) -> bool| {
        let is_kept = |signature: &sequoia_openpgp::packet::Signature| !purpose(signature);
        let kept = cert
            .clone()
            .strip_secret_key_material()
            .retain_subkeys(|subkey| subkey.bundle().self_signatures().all(is_kept));
        kept.to_vec().unwrap()
    };
    let encrypts = |signature: &sequoia_openpgp::packet::Signature| {
        signature.key_flags().is_some_and(|flags| flags.for_transport_encryption())
    };
    let signs = |signature: &sequoia_openpgp::packet::Signature| {
        signature.key_flags().is_some_and(|flags| flags.for_signing())
    };
    vec![
        case("without the encryption subkey", &without(encrypts), "no encryption key"),
        case("without the signing subkey", &without(signs), "no signing key"),
    ]
}

/// What is another certificate, or none.
fn others(cert: &Cert) -> Vec<Value> {
    let bytes = public_bytes(cert);
    let (version_6, _) = keys::builder()
        .set_profile(sequoia_openpgp::Profile::RFC9580)
        .unwrap()
        .add_signing_subkey()
        .add_subkey(encryption(), None, None)
        .generate()
        .unwrap();
    let certificate = Certificate::restore(&bytes).unwrap();
    let document = seal(b"a form", &certificate, SealOptions::default(), clock(NOW)).unwrap();
    let (front, _) = bytes.split_at(bytes.len() - 1);
    let crowd = [bytes.as_slice(), [0xca, 3, b'P', b'G', b'P'].repeat(512).as_slice()].concat();
    vec![
        case("of version 6", &public_bytes(&version_6), "good"),
        case("the secret key", &cert.as_tsk().to_vec().unwrap(), "secret key"),
        case("twice", &bytes.repeat(2), "several"),
        case("cut by a byte", front, "cut"),
        case("with 512 more packets", &crowd, "too many packets"),
        case("a sealed document", &document, "not a certificate"),
        case("a text", b"https://eden.example.org", "not a certificate"),
        case("of version 5", &[0xc6, 6, 5, 0, 0, 0, 0, 22], "unsupported"),
    ]
}

//! Receipts signed and verified. The library remembers signatures that it has verified, so each is verified once: a fresh
//! receipt for every measurement.

use std::cell::Cell;
use std::time::Duration;

use p2psync_bramble::{Signature, SigningKey};
use p2psync_model::{DocumentId, Fingerprint, RECEIPT_IDS_MAX, Receipt};
use p2psync_seal::{Certificate, ServerKey, sign, verify};
use sequoia_openpgp::Cert;
use sequoia_openpgp::packet::Packet;
use sequoia_openpgp::packet::signature::SignatureBuilder;
use sequoia_openpgp::policy::StandardPolicy;
use sequoia_openpgp::serialize::SerializeInto as _;
use sequoia_openpgp::types::{HashAlgorithm, SignatureType};
use sha2::{Digest as _, Sha256};

use crate::Servers;
use crate::keys::{NOW, clock, system};
use crate::table::{Effort, Line, print, time};

/// The batch of the requirement, which two receipts confirm.
const BATCH_IDS: usize = 500;

/// Receipts that differ.
struct Fresh(Cell<u64>);

impl Fresh {
    fn receipt(&self, server: Fingerprint, count: usize) -> Receipt {
        self.0.set(self.0.get() + 1);
        let ids = (0..count as u64).map(|number| {
            let mut id = [0; 32];
            id[..8].copy_from_slice(&number.to_be_bytes());
            id[8..16].copy_from_slice(&self.0.get().to_be_bytes());
            DocumentId::from_bytes(id)
        });
        Receipt::new(server, 0, NOW, ids.collect()).unwrap()
    }
}

/// A signature as a server with RSA makes it; ours does not.
fn sign_rsa(text: &[u8], cert: &Cert) -> Vec<u8> {
    let policy = StandardPolicy::at(system(NOW));
    let key = cert.keys().with_policy(&policy, system(NOW)).for_signing().secret().next().unwrap();
    let mut signer = key.key().clone().into_keypair().unwrap();
    let builder = SignatureBuilder::new(SignatureType::Binary)
        .set_hash_algo(HashAlgorithm::SHA256)
        .set_signature_creation_time(system(NOW))
        .unwrap();
    Packet::from(builder.sign_message(&mut signer, text).unwrap()).to_vec().unwrap()
}

fn verified(text: &[u8], signature: &[u8], certificate: &Certificate) -> Duration {
    time(|| verify::<Receipt>(text, signature, certificate, clock(NOW)).unwrap())
}

pub fn verifying(servers: &Servers, effort: Effort) {
    let fresh = Fresh(Cell::new(0));
    let fresh = &fresh;
    let key: &ServerKey = &servers.curve25519;
    let device = SigningKey::from_seed([1; 32]);
    // One Ed25519 signature over the SHA-256 of the same text: no verifier does with less.
    let bare = |count: usize| {
        let device = device.clone();
        move || {
            let text = fresh.receipt(key.fingerprint(), count).text();
            let signature = device.sign("", &Sha256::digest(&text)).as_bytes().to_owned();
            let check = || {
                device.verifying_key().verify("", &Sha256::digest(&text), &Signature::from_bytes(signature))
            };
            time(|| check().unwrap())
        }
    };
    let ours = |count: usize| {
        move || {
            let receipt = fresh.receipt(key.fingerprint(), count);
            verified(&receipt.text(), &sign(&receipt, key).unwrap(), key.certificate())
        }
    };
    let rsa3072 = servers.rsa3072_certificate();
    let rsa = |count: usize| {
        let (rsa3072, cert) = (&rsa3072, &servers.rsa3072);
        move || {
            let text = fresh.receipt(rsa3072.fingerprint(), count).text();
            verified(&text, &sign_rsa(&text, cert), rsa3072)
        }
    };
    let two = [RECEIPT_IDS_MAX, BATCH_IDS - RECEIPT_IDS_MAX];
    let mut lines = vec![
        Line::new("bare Ed25519 and SHA-256, 256 ids", bare(RECEIPT_IDS_MAX)).with_count(256.0),
        Line::new("Curve25519, 256 ids", ours(RECEIPT_IDS_MAX)).with_count(256.0),
        Line::new("Curve25519, 500 ids in two", move || two.map(|count| ours(count)()).into_iter().sum())
            .with_count(500.0),
        Line::new("Curve25519, 1 id", ours(1)),
        Line::new("RSA-3072, 256 ids", rsa(RECEIPT_IDS_MAX)).with_count(256.0),
        Line::new("RSA-3072, 1 id", rsa(1)),
    ];
    if let Some(gnupg) = &servers.gnupg {
        let receipt = fresh.receipt(key.fingerprint(), RECEIPT_IDS_MAX);
        gnupg.write("text", &receipt.text());
        gnupg.write("signature", &sign(&receipt, key).unwrap());
        let line =
            Line::new("gpg, Curve25519, 256 ids", || time(|| gnupg.must(&["--verify", "signature", "text"])));
        lines.push(line.with_count(256.0).seldom());
    }
    print("verifying a receipt", "documents/s", "", effort.rounds(400), lines);
}

pub fn signing(servers: &Servers, effort: Effort) {
    let fresh = Fresh(Cell::new(1 << 32));
    let fresh = &fresh;
    let keys: [(&str, &ServerKey); 2] =
        [("Curve25519", &servers.curve25519), ("Curve25519, version 6", &servers.version_6)];
    let mut lines = Vec::new();
    for (name, key) in keys {
        for count in [RECEIPT_IDS_MAX, 1] {
            let signature = sign(&fresh.receipt(key.fingerprint(), count), key).unwrap();
            let line = Line::new(&format!("{name}, {count} ids"), move || {
                let receipt = fresh.receipt(key.fingerprint(), count);
                time(|| sign(&receipt, key).unwrap())
            });
            lines.push(line.with_bytes(signature.len()).with_count(count as f64));
        }
    }
    print("signing a receipt", "documents/s", "signature bytes", effort.rounds(400), lines);
}

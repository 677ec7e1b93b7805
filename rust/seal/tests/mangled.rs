//! Mangled at random, outside and inside the encryption: an error or the same content, never a panic.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod keys;

use std::io::Write as _;

use keys::{NOW, clock, secret, server_key, signed_receipt, system};
use p2psync_model::Receipt;
use p2psync_seal::{Certificate, SealOptions, ServerKey, open, seal, verify};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};
use sequoia_openpgp::policy::StandardPolicy;
use sequoia_openpgp::serialize::SerializeInto as _;
use sequoia_openpgp::serialize::stream::{Encryptor, Message, Recipient};
use sequoia_openpgp::types::{Features, SymmetricAlgorithm};

/// Rounds of every test; thousands of times as many were run when it was written.
const ROUNDS: u64 = 100;

/// Names the round that panicked.
struct Round(u64);

impl Drop for Round {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("round {}", self.0);
        }
    }
}

fn mangle(bytes: &[u8], random: &mut ChaCha20Rng) -> Vec<u8> {
    let mut mangled = bytes.to_vec();
    let mut below = |limit: usize| usize::try_from(random.next_u64() % (limit as u64).max(1)).unwrap();
    for _ in 0..=below(4) {
        let place = below(mangled.len());
        match below(6) {
            _ if mangled.is_empty() => mangled.push(0xff),
            0 => mangled[place] ^= 1 << below(8),
            1 => mangled[place] = u8::try_from(below(256)).unwrap(),
            2 => mangled.truncate(place),
            3 => {
                let end = (place + below(40)).min(mangled.len());
                let slice = mangled[place..end].to_vec();
                let to = below(mangled.len());
                mangled.splice(to..to, slice);
            }
            4 => {
                let end = (place + below(20)).min(mangled.len());
                mangled.drain(place..end);
            }
            _ => mangled.insert(place, [0, 1, 0x7f, 0xc0, 0xd2, 0xe0, 0xf0, 0xff][below(8)]),
        }
    }
    mangled
}

fn rounds(work: impl Fn(&mut ChaCha20Rng)) {
    for number in 0..ROUNDS {
        let _round = Round(number);
        work(&mut ChaCha20Rng::seed_from_u64(number));
    }
}

/// Encrypts packets as they are, in either version of encrypted data.
fn encrypted(key: &ServerKey, version_6: bool, packets: &[u8]) -> Vec<u8> {
    let cert = secret(key);
    let policy = StandardPolicy::at(system(NOW));
    let valid = cert.with_policy(&policy, system(NOW)).unwrap();
    let subkey = valid.keys().for_transport_encryption().next().unwrap();
    let features = Features::empty();
    let features = if version_6 { features.set_seipdv2() } else { features.set_seipdv1() };
    let recipient = Recipient::new(features, subkey.key().key_handle(), subkey.key());
    let mut sealed = Vec::new();
    let encryptor = Encryptor::for_recipients(Message::new(&mut sealed), [recipient]);
    let mut message = encryptor.symmetric_algo(SymmetricAlgorithm::AES256).build().unwrap();
    message.write_all(packets).unwrap();
    message.finalize().unwrap();
    sealed
}

fn version_6() -> ServerKey {
    let builder = keys::builder().set_profile(sequoia_openpgp::Profile::RFC9580).unwrap();
    let (cert, _) =
        builder.add_signing_subkey().add_subkey(keys::encryption(), None, None).generate().unwrap();
    ServerKey::parse(&cert.as_tsk().to_vec().unwrap()).unwrap()
}

#[test]
fn documents_mangled_outside() {
    let keys = [server_key(), version_6()];
    let documents: Vec<(usize, Vec<u8>)> = (0..4)
        .map(|number| {
            let options = SealOptions { compress: number / 2 == 0, ..SealOptions::default() };
            let key = &keys[number % 2];
            (number % 2, seal(b"a form", key.certificate(), options, clock(NOW)).unwrap())
        })
        .collect();
    rounds(|random| {
        for (key, document) in &documents {
            let mut out = Vec::new();
            if open(mangle(document, random).as_slice(), &keys[*key], 10_000, &mut out).is_ok() {
                assert_eq!(out, b"a form");
            }
        }
    });
}

#[test]
fn documents_mangled_inside() {
    let keys = [server_key(), version_6()];
    let literal = [&[0xcb, 12, b'b', 0, 0, 0, 0, 0][..], b"a form"].concat();
    let parts = [&[0xcb, 0xe3, b'b', 0, 0, 0, 0, 0, b'a', b' ', 4][..], b"form"].concat();
    let stored = [&[1, 1, 14, 0, !14, 0xff][..], &literal].concat();
    let compressed = [&[0xc8, 20][..], &stored].concat();
    let indeterminate = [&[0xa3][..], &stored].concat();
    let padded = [&[0xd5, 3, 1, 2, 3, 0xca, 3][..], b"PGP", &literal].concat();
    let samples = [literal, parts, compressed, indeterminate, padded];
    for (number, sample) in samples.iter().enumerate() {
        for (version_6, key) in [(false, &keys[0]), (true, &keys[1])] {
            let mut out = Vec::new();
            let result = open(encrypted(key, version_6, sample).as_slice(), key, 10_000, &mut out);
            // The first part is shorter than it may be.
            let opened = result.is_ok() && out == b"a form";
            assert!(opened != (number == 1), "{number} {result:?}");
        }
    }
    rounds(|random| {
        for sample in &samples {
            let mangled = mangle(sample, random);
            for (version_6, key) in [(false, &keys[0]), (true, &keys[1])] {
                let sealed = encrypted(key, version_6, &mangled);
                let mut out = Vec::new();
                let _ = open(sealed.as_slice(), key, 10_000, &mut out);
                assert!(out.len() <= 10_000);
            }
        }
    });
}

#[test]
fn certificates_and_signatures() {
    let key = server_key();
    let other = version_6();
    let samples = [
        key.certificate().as_bytes().to_vec(),
        other.certificate().as_bytes().to_vec(),
        secret(&key).strip_secret_key_material().armored().to_vec().unwrap(),
        key.to_bytes().unwrap().to_vec(),
    ];
    let (text, signature) = signed_receipt(&key, 1);
    rounds(|random| {
        for sample in &samples {
            let mangled = mangle(sample, random);
            let _ = Certificate::parse(&mangled, clock(NOW));
            let _ = ServerKey::parse(&mangled);
        }
        let mangled = mangle(&signature, random);
        let _ = verify::<Receipt>(&text, &mangled, key.certificate(), clock(NOW));
        let mangled = mangle(&text, random);
        let result = verify::<Receipt>(&mangled, &signature, key.certificate(), clock(NOW));
        assert!(result.is_err() || mangled == text);
    });
}

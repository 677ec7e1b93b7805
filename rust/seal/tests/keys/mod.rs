//! Keys and clocks for tests. Alice's server is the one that devices are configured for; Mallory has one too.
#![allow(dead_code, reason = "each test file uses some of these")]

use std::time::Duration;

use p2psync_bramble::WallClock;
use p2psync_model::{DocumentId, Receipt};
use p2psync_seal::{BUILD_DATE_SECONDS, Date, ServerKey, sign};
use sequoia_openpgp::cert::{Cert, CertBuilder, CertRevocationBuilder, SubkeyRevocationBuilder};
use sequoia_openpgp::packet::signature::SignatureBuilder;
use sequoia_openpgp::packet::{Packet, Signature};
use sequoia_openpgp::policy::StandardPolicy;
use sequoia_openpgp::serialize::SerializeInto as _;
use sequoia_openpgp::types::{KeyFlags, ReasonForRevocation};

pub const DAY: u64 = 86_400;

/// When the test keys were made.
pub const MADE: u64 = BUILD_DATE_SECONDS + DAY;

/// Ten days later.
pub const NOW: u64 = MADE + 10 * DAY;

pub fn clock(seconds: u64) -> WallClock {
    WallClock(seconds * 1_000)
}

pub fn system(seconds: u64) -> std::time::SystemTime {
    std::time::UNIX_EPOCH + Duration::from_secs(seconds)
}

/// A server's key, made at [`MADE`] for a year.
pub fn server_key() -> ServerKey {
    ServerKey::generate("Eden <eden@example.org>", clock(MADE), Some(365 * DAY)).unwrap()
}

pub fn ids(count: usize) -> Vec<DocumentId> {
    let mut ids: Vec<DocumentId> = (0..count)
        .map(|number| {
            let mut bytes = [7; 32];
            bytes[..8].copy_from_slice(&(number as u64).to_be_bytes());
            DocumentId::from_bytes(bytes)
        })
        .collect();
    ids.sort();
    ids
}

pub fn receipt(key: &ServerKey, time: u64, count: usize) -> Receipt {
    Receipt::new(key.fingerprint(), 0, time, ids(count)).unwrap()
}

/// The text and signature of a receipt made at [`NOW`].
pub fn signed_receipt(key: &ServerKey, count: usize) -> (Vec<u8>, Vec<u8>) {
    let receipt = receipt(key, NOW, count);
    (receipt.text(), sign(&receipt, key).unwrap())
}

/// A builder of odd keys: the suite and features are those of [`server_key`].
pub fn builder() -> CertBuilder<'static> {
    CertBuilder::new().add_userid("Odd <odd@example.org>").set_creation_time(system(MADE))
}

pub fn encryption() -> KeyFlags {
    KeyFlags::empty().set_transport_encryption().set_storage_encryption()
}

/// The secret certificate behind a server's key, for what only the library can do to it.
pub fn secret(key: &ServerKey) -> Cert {
    use sequoia_openpgp::parse::Parse as _;
    Cert::from_bytes(&*key.to_bytes().unwrap()).unwrap()
}

pub fn public_bytes(cert: &Cert) -> Vec<u8> {
    cert.clone().strip_secret_key_material().to_vec().unwrap()
}

/// The certificate, revoked as a whole at `time`.
pub fn revoked(cert: &Cert, time: u64, reason: ReasonForRevocation) -> Vec<u8> {
    revoked_because(cert, time, reason, b"the server was lost")
}

pub fn revoked_because(cert: &Cert, time: u64, reason: ReasonForRevocation, words: &[u8]) -> Vec<u8> {
    let mut signer = cert.primary_key().key().clone().parts_into_secret().unwrap().into_keypair().unwrap();
    let revocation = CertRevocationBuilder::new()
        .set_signature_creation_time(system(time))
        .unwrap()
        .set_reason_for_revocation(reason, words)
        .unwrap()
        .build(&mut signer, cert, None)
        .unwrap();
    public_bytes(&cert.clone().insert_packets(vec![Packet::from(revocation)]).unwrap().0)
}

/// The certificate with its signing subkey revoked at `time`.
pub fn signing_subkey_revoked(cert: &Cert, time: u64, reason: ReasonForRevocation) -> Vec<u8> {
    let mut signer = cert.primary_key().key().clone().parts_into_secret().unwrap().into_keypair().unwrap();
    let policy = StandardPolicy::at(system(NOW));
    let valid = cert.with_policy(&policy, system(NOW)).unwrap();
    let subkey = valid.keys().subkeys().for_signing().next().unwrap();
    let revocation = SubkeyRevocationBuilder::new()
        .set_signature_creation_time(system(time))
        .unwrap()
        .set_reason_for_revocation(reason, b"stolen")
        .unwrap()
        .build(&mut signer, cert, subkey.key(), None)
        .unwrap();
    public_bytes(&cert.clone().insert_packets(vec![Packet::from(revocation)]).unwrap().0)
}

/// The certificate with its life extended until `until`, signed at `time`.
pub fn extended(cert: &Cert, time: u64, until: u64) -> Vec<u8> {
    let mut signer = cert.primary_key().key().clone().parts_into_secret().unwrap().into_keypair().unwrap();
    let primary = cert.primary_key().key();
    let binding = |signature: &Signature| {
        SignatureBuilder::from(signature.clone())
            .set_key_expiration_time(primary, Some(system(until)))
            .and_then(|builder| builder.set_signature_creation_time(system(time)))
            .unwrap()
    };
    let direct = cert.primary_key().self_signatures().next().unwrap();
    let direct = binding(direct).sign_direct_key(&mut signer, None).unwrap();
    let id = cert.userids().next().unwrap();
    let certified = binding(id.self_signatures().next().unwrap());
    let certified = certified.sign_userid_binding(&mut signer, None, id.userid()).unwrap();
    let mut update = vec![Packet::from(direct), id.userid().clone().into(), certified.into()];
    for subkey in cert.keys().subkeys() {
        let bound = subkey.self_signatures().next().unwrap().clone();
        let bound = SignatureBuilder::from(bound)
            .set_key_expiration_time(subkey.key(), Some(system(until)))
            .and_then(|builder| builder.set_signature_creation_time(system(time)))
            .unwrap();
        let bound = bound.sign_subkey_binding(&mut signer, None, subkey.key()).unwrap();
        update.extend([Packet::from(subkey.key().clone()), bound.into()]);
    }
    public_bytes(&cert.clone().insert_packets(update).unwrap().0)
}

pub fn date(seconds: u64) -> Date {
    Date(seconds)
}

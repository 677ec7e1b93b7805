//! Anybody may send a certificate update. The library remembers every signature that it found good, for as long as the
//! program runs, so what strangers send must not get that far. One test, because what it counts is the process's.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod keys;

use keys::server_key;
use p2psync_seal::{Certificate, MergeError};
use sequoia_openpgp::packet::signature::cache::SignatureVerificationCache;

/// Certificates that this process has not made, so that none of their signatures is known to it.
const STRANGERS: &str = include_str!("../../../test/vectors/seal/certificates.json");

#[test]
fn updates_by_strangers_leave_no_trace_in_memory() {
    let vectors: serde_json::Value = serde_json::from_str(STRANGERS).unwrap();
    let updates = vectors["certificates"].as_array().unwrap().iter();
    let updates: Vec<Vec<u8>> =
        updates.map(|case| hex::decode(case["input"].as_str().unwrap()).unwrap()).collect();
    let mut certificate = server_key().certificate().clone();
    let remembered = SignatureVerificationCache::insertions();
    let refused = updates.iter().map(|update| certificate.merge(update).unwrap_err());
    assert_eq!(refused.filter(|error| *error == MergeError::AnotherKey).count(), 13);
    assert_eq!(SignatureVerificationCache::insertions(), remembered);
    assert!(Certificate::restore(&updates[0]).is_ok());
    assert!(SignatureVerificationCache::insertions() > remembered, "the count would not show it");
}

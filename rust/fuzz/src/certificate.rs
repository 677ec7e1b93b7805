//! What is given as the server's certificate.

use std::sync::LazyLock;

use p2psync_bramble::WallClock;
use p2psync_model::{CERTIFICATE_BYTES_MAX, Receipt};
use p2psync_seal::{
    Certificate, CertificateError, MergeError, PACKETS_MAX, Revocation, SealOptions, ServerKey,
    USER_ID_CHARACTERS_MAX, seal, verify,
};

use crate::script::Script;
use crate::server::{GIVEN, NOW, SIGNED, genuine};
use crate::wire::Wire;

/// The first byte says what the rest is: bytes that are given; or a script that picks packets from genuine
/// certificates, one with each byte; or such a script and, before it, six bytes that say what happens to the whole on
/// the way. Random bytes would never get past a signature.
pub fn certificate(data: &[u8]) {
    let mut script = Script::new(data);
    match script.byte() % 3 {
        0 => judge(script.rest()),
        1 => judge(&composed(script)),
        _ => {
            let (mut wire, mut disturbance) = (Wire::default(), Script::new(script.bytes(6)));
            wire.send(0, &composed(script));
            wire.disturb(1, &mut disturbance);
            judge(&wire.take(1, usize::MAX));
        }
    }
}

/// Packets of genuine certificates, most of them the server's.
static PACKETS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let mut packets: Vec<Vec<u8>> = Vec::new();
    for packet in GIVEN.iter().flat_map(|given| split(given)) {
        if !packets.contains(&packet) {
            packets.push(packet);
        }
    }
    packets
});

/// Packets with lengths of one or two bytes, which is all that the vectors have.
fn split(mut given: &[u8]) -> Vec<Vec<u8>> {
    let mut packets = Vec::new();
    loop {
        let bytes = match given {
            [0xc0..=0xff, short @ ..192, ..] => 2 + usize::from(*short),
            [0xc0..=0xff, high @ 192..=223, low, ..] => {
                3 + usize::from(*high - 192) * 256 + usize::from(*low) + 192
            }
            _ => return packets,
        };
        let Some((packet, rest)) = given.split_at_checked(bytes) else { return packets };
        packets.push(packet.to_vec());
        given = rest;
    }
}

fn composed(mut script: Script<'_>) -> Vec<u8> {
    let mut given = PACKETS.first().cloned().unwrap_or_default();
    while !script.is_over() && given.len() < CERTIFICATE_BYTES_MAX {
        let picked = usize::from(script.byte()) % PACKETS.len();
        given.extend(PACKETS.get(picked).into_iter().flatten());
    }
    given
}

fn judge(given: &[u8]) {
    let _ = ServerKey::parse(given).map(|key| judge_secret(&key));
    let restored = Certificate::restore(given);
    let merged = genuine().clone().merge(given);
    let Ok(restored) = restored else {
        assert!(matches!(merged, Err(MergeError::Unreadable(_) | MergeError::AnotherKey)), "{merged:?}");
        return;
    };
    judge_canonical(&restored);
    judge_use(&restored);
    if restored.fingerprint() == genuine().fingerprint() {
        judge_merged(given, &restored);
    } else {
        assert_eq!(merged, Err(MergeError::AnotherKey));
    }
}

/// The canonical form is that of what it says, within its bounds.
fn judge_canonical(certificate: &Certificate) {
    assert!(certificate.as_bytes().len() <= CERTIFICATE_BYTES_MAX);
    let again = Certificate::restore(certificate.as_bytes()).expect("its own form is read again");
    assert_eq!(again.as_bytes(), certificate.as_bytes(), "a certificate has two canonical forms");
    assert_eq!(again.fingerprint(), certificate.fingerprint());
    assert!(split(certificate.as_bytes()).len() <= PACKETS_MAX);
    assert!(certificate.user_id().chars().count() <= USER_ID_CHARACTERS_MAX);
}

/// What it is said to be good for, it is good for; and no other certificate confirms what this server signed.
fn judge_use(given: &Certificate) {
    for clock in [WallClock(0), NOW, WallClock(u64::MAX)] {
        let _ = given.expiry(clock);
        assert!(given.check(clock).is_err() || given.can_encrypt(clock), "good, and it cannot encrypt");
    }
    let is_sealed = seal(b"a form", given, SealOptions::default(), NOW).is_ok();
    assert_eq!(is_sealed, given.can_encrypt(NOW));
    for (text, signature) in SIGNED.iter().take(1) {
        if verify::<Receipt>(text, signature, given, NOW).is_ok() {
            assert_eq!(given.fingerprint(), genuine().fingerprint(), "another key's word counts");
        }
    }
}

/// The order of updates leaves no trace, and what was revoked stays so.
fn judge_merged(given: &[u8], restored: &Certificate) {
    let (mut one, mut other) = (genuine().clone(), restored.clone());
    let changed = one.merge(given).expect("it is the same key, and short");
    other.merge(genuine().as_bytes()).expect("it is the same key, and short");
    assert_eq!(one.as_bytes(), other.as_bytes(), "the order of updates is seen");
    assert_eq!(changed, one.as_bytes() != genuine().as_bytes());
    assert_eq!(one.merge(given), Ok(false), "the same update changes it twice");
    if let Err(revoked @ CertificateError::Revoked { kind: Revocation::Hard, .. }) = restored.check(NOW) {
        assert_eq!(one.check(NOW), Err(revoked), "an older copy undoes a revocation");
    }
}

fn judge_secret(key: &ServerKey) {
    let written = key.to_bytes().expect("what was read is written");
    let again = ServerKey::parse(&written).expect("what was written is read");
    assert_eq!(again.certificate(), key.certificate());
    assert_eq!(again.has_primary(), key.has_primary());
}

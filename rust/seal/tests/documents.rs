//! Documents sealed and opened: by whom, how large, how mangled.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod keys;

use std::io::{self, Read, Write as _};

use keys::{DAY, MADE, NOW, builder, clock, date, encryption, public_bytes, secret, server_key};
use p2psync_seal::{
    Certificate, CertificateError, Expired, HELD_BACK_BYTES_MAX, OpenError, SealError, SealOptions, Sealer,
    ServerKey, open, seal,
};
use sequoia_openpgp::serialize::SerializeInto as _;
use sequoia_openpgp::types::ReasonForRevocation;

const PLAIN: SealOptions = SealOptions { expired: Expired::Refuse, compress: false };

fn sealed(content: &[u8], key: &ServerKey, options: SealOptions) -> Vec<u8> {
    seal(content, key.certificate(), options, clock(NOW)).unwrap()
}

fn opened(sealed: &[u8], key: &ServerKey, limit_bytes: u64) -> Result<Vec<u8>, OpenError> {
    let mut out = Vec::new();
    let length = open(sealed, key, limit_bytes, &mut out)?;
    assert_eq!(length, out.len() as u64);
    Ok(out)
}

/// Bytes that do not compress.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u64;
    std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    })
    .take(length)
    .collect()
}

fn version_6() -> ServerKey {
    let (cert, _) = builder()
        .set_profile(sequoia_openpgp::Profile::RFC9580)
        .unwrap()
        .add_signing_subkey()
        .add_subkey(encryption(), None, None)
        .generate()
        .unwrap();
    ServerKey::parse(&cert.as_tsk().to_vec().unwrap()).unwrap()
}

#[test]
fn what_was_sealed_is_opened() {
    let keys = [server_key(), version_6(), server_key().without_primary().unwrap()];
    for key in &keys {
        for length in [0, 1, 2_048, 262_138, 262_139, 600_000] {
            for options in [PLAIN, SealOptions::default()] {
                let content = noise(length);
                let document = sealed(&content, key, options);
                assert_eq!(opened(&document, key, length as u64).unwrap(), content);
            }
        }
    }
    assert!(!keys[2].has_primary() && keys[0].has_primary());
}

#[test]
fn the_overhead_is_known() {
    let key = server_key();
    let overhead = |content: &[u8], options| sealed(content, &key, options).len() - content.len();
    assert_eq!(overhead(&noise(2_048), PLAIN), 149);
    assert_eq!(overhead(&noise(3_000_000), PLAIN), 166);
    let form = br#"{"household": 12, "members": [{"name": "Amina", "age": 31}], "water": "well"}"#.repeat(26);
    assert_eq!(form.len(), 2_002);
    let small = sealed(&form, &key, SealOptions::default()).len();
    // The session key's number has a byte less now and then, and libraries differ in how they deflate.
    assert!((220..300).contains(&small), "{small}");
    assert_eq!(sealed(&noise(2_048), &version_6(), PLAIN).len() - 2_048, 191);
}

#[test]
fn nothing_is_sealed_to_what_is_not_fit() {
    let key = server_key();
    let cert = secret(&key);
    let end = MADE + 365 * DAY;
    let expired = SealError::Certificate(CertificateError::Expired { date: date(end) });
    let mut out = Vec::new();
    let refused = Sealer::new(&mut out, key.certificate(), SealOptions::default(), clock(end)).map(drop);
    assert_eq!(refused, Err(expired));
    assert!(out.is_empty(), "not a byte");

    let anyway = SealOptions { expired: Expired::SealAnyway, compress: true };
    let mut sealer = Sealer::new(&mut out, key.certificate(), anyway, clock(end)).unwrap();
    assert!(sealer.to_expired());
    sealer.write_all(b"form").unwrap();
    sealer.finish().unwrap();
    assert_eq!(opened(&out, &key, 99).unwrap(), b"form");
    let mut sink = Vec::new();
    assert!(!Sealer::new(&mut sink, key.certificate(), anyway, clock(NOW)).unwrap().to_expired());

    for reason in [ReasonForRevocation::KeyCompromised, ReasonForRevocation::KeyRetired] {
        let revoked = Certificate::restore(&keys::revoked(&cert, NOW, reason)).unwrap();
        let result = seal(b"form", &revoked, anyway, clock(end));
        assert!(
            matches!(result, Err(SealError::Certificate(CertificateError::Revoked { .. }))),
            "{result:?}"
        );
    }
}

#[test]
fn a_clock_that_runs_behind_or_ahead_still_seals() {
    let key = ServerKey::generate("Eden", clock(MADE), None).unwrap();
    for now in [0, NOW - 4_000 * DAY, MADE - 300, NOW + 4_000 * DAY] {
        let document = seal(b"form", key.certificate(), SealOptions::default(), clock(now)).unwrap();
        assert_eq!(opened(&document, &key, 99).unwrap(), b"form");
    }
}

#[test]
fn only_the_server_opens_it() {
    let key = server_key();
    let document = sealed(b"form", &key, SealOptions::default());
    assert_eq!(opened(&document, &server_key(), 99), Err(OpenError::OtherKey));
    let revoked = keys::revoked(&secret(&key), NOW, ReasonForRevocation::KeyRetired);
    assert!(Certificate::restore(&revoked).is_ok());
    assert_eq!(opened(&document, &key, 99).unwrap(), b"form", "documents from before are opened still");
}

#[test]
fn no_cut_and_no_flip_passes() {
    let key = server_key();
    let content = noise(200);
    for options in [PLAIN, SealOptions::default()] {
        let document = sealed(&content, &key, options);
        for end in 0..document.len() {
            let mut out = Vec::new();
            assert!(open(&document[..end], &key, 1_000, &mut out).is_err(), "cut at {end}");
            assert!(out.is_empty(), "cut at {end}: released");
        }
        for bit in 0..document.len() * 8 {
            let mut flipped = document.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let mut out = Vec::new();
            match open(flipped.as_slice(), &key, 1_000, &mut out) {
                // The key's name, and how a length is written, are not protected; the content is.
                Ok(_) => assert_eq!(out, content, "bit {bit}"),
                Err(_) => assert!(out.is_empty(), "bit {bit}: released"),
            }
        }
        let last = document.len() - 1;
        let mut flipped = document.clone();
        flipped[last] ^= 1;
        assert_eq!(opened(&flipped, &key, 1_000), Err(OpenError::Tampered));
        assert_eq!(opened(&document[..last], &key, 1_000), Err(OpenError::Tampered));
    }
}

#[test]
fn limits_hold_to_the_byte() {
    let key = server_key();
    for length in [0_usize, 1, 1_000, 100_000] {
        let document = sealed(&noise(length), &key, SealOptions::default());
        assert!(opened(&document, &key, length as u64).is_ok());
        if let Some(limit_bytes) = (length as u64).checked_sub(1) {
            let mut out = Vec::new();
            let result = open(document.as_slice(), &key, limit_bytes, &mut out);
            assert_eq!(result, Err(OpenError::TooLarge { limit_bytes }), "{length}");
        }
    }
}

#[test]
fn nothing_is_released_before_all_of_it_is_authenticated() {
    let key = server_key();
    for options in [PLAIN, SealOptions::default()] {
        let mut document = sealed(&noise(HELD_BACK_BYTES_MAX), &key, options);
        assert!(opened(&document, &key, 1 << 30).is_ok());
        *document.last_mut().unwrap() ^= 1;
        let mut out = Vec::new();
        assert_eq!(open(document.as_slice(), &key, 1 << 30, &mut out), Err(OpenError::Tampered));
        assert!(out.is_empty(), "{} bytes released", out.len());
    }
}

#[test]
fn a_long_document_changed_at_its_end_fails_in_the_end() {
    let key = server_key();
    let content = noise(HELD_BACK_BYTES_MAX + 100_000);
    let mut document = sealed(&content, &key, PLAIN);
    assert_eq!(opened(&document, &key, 1 << 30).unwrap().len(), content.len());
    *document.last_mut().unwrap() ^= 1;
    assert_eq!(opened(&document, &key, 1 << 30), Err(OpenError::Tampered));
}

struct Failing;

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("a broken disk"))
    }
}

impl io::Write for Failing {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::Error::other("a full disk"))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_broken_disk_is_not_the_senders_fault() {
    let key = server_key();
    let document = sealed(&noise(100_000), &key, PLAIN);
    let half = document[..50_000].chain(Failing);
    assert_eq!(open(half, &key, 1 << 20, &mut Vec::new()), Err(OpenError::Read));
    let full = open(document.as_slice(), &key, 1 << 20, &mut Failing);
    assert_eq!(full, Err(OpenError::Write("a full disk".into())));
    let mut failing = Failing;
    let sealer = Sealer::new(&mut failing, key.certificate(), PLAIN, clock(NOW));
    assert!(matches!(sealer.and_then(Sealer::finish), Err(SealError::Failed(_))));
}

#[test]
fn a_public_key_opens_nothing() {
    let cert = secret(&server_key());
    let error = ServerKey::parse(&public_bytes(&cert)).unwrap_err();
    assert_eq!(error, p2psync_seal::ServerKeyError::NoSecret);
    let locked = builder().set_password(Some("word".into())).generate().unwrap().0;
    let error = ServerKey::parse(&locked.as_tsk().to_vec().unwrap()).unwrap_err();
    assert_eq!(error, p2psync_seal::ServerKeyError::PasswordProtected);
}

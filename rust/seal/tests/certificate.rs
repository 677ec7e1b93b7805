//! What an admin may give as the server's certificate, and what is said of everything else.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod keys;

use keys::{DAY, MADE, NOW, builder, clock, date, encryption, extended, public_bytes, secret, server_key};
use p2psync_model::CERTIFICATE_BYTES_MAX;
use p2psync_seal::{
    BUILD_DATE_SECONDS, Certificate, CertificateError, MergeError, Revocation, ServerKey, ServerKeyError,
};
use sequoia_openpgp::cert::CipherSuite;
use sequoia_openpgp::serialize::SerializeInto as _;
use sequoia_openpgp::types::{KeyFlags, ReasonForRevocation};

fn parse(bytes: &[u8]) -> Result<Certificate, CertificateError> {
    Certificate::parse(bytes, clock(NOW))
}

#[test]
fn a_good_certificate_is_taken_in_any_dress() {
    let key = server_key();
    let binary = key.certificate().as_bytes();
    let armoured = secret(&key).strip_secret_key_material().armored().to_vec().unwrap();
    let mailed =
        [b"Dear admin,\r\n\r\nthis is it:\r\n\r\n", armoured.as_slice(), b"\r\nregards\r\n"].concat();
    for bytes in [binary, &armoured, &mailed] {
        let certificate = parse(bytes).unwrap();
        assert_eq!(certificate.as_bytes(), binary);
        assert_eq!(certificate.fingerprint(), key.fingerprint());
        assert_eq!(certificate.user_id(), "Eden <eden@example.org>");
        assert_eq!(certificate.expiry(clock(NOW)), Some(date(MADE + 365 * DAY)));
        assert!(certificate.can_encrypt(clock(NOW)));
    }
    let certificate = parse(binary).unwrap();
    let before_end = clock(MADE + 365 * DAY - 30 * DAY);
    assert!(certificate.expires_within(30 * DAY, before_end));
    assert!(!certificate.expires_within(30 * DAY - 1, before_end));
    assert!(!certificate.can_encrypt(clock(MADE + 365 * DAY)));
}

#[test]
fn other_suites_are_taken_too() {
    for suite in [CipherSuite::P256, CipherSuite::Cv25519] {
        let (cert, _) = builder()
            .set_cipher_suite(suite)
            .add_signing_subkey()
            .add_subkey(encryption(), None, None)
            .generate()
            .unwrap();
        parse(&public_bytes(&cert)).unwrap();
    }
    let (version_6, _) = builder()
        .set_profile(sequoia_openpgp::Profile::RFC9580)
        .unwrap()
        .add_signing_subkey()
        .add_subkey(encryption(), None, None)
        .generate()
        .unwrap();
    let certificate = parse(&public_bytes(&version_6)).unwrap();
    assert_eq!(certificate.fingerprint().to_string().len(), 64);
}

#[test]
fn what_is_no_single_public_key_is_named() {
    let key = server_key();
    let cert = secret(&key);
    let armoured = cert.clone().strip_secret_key_material().armored().to_vec().unwrap();
    let secret_armoured = cert.as_tsk().armored().to_vec().unwrap();
    let binary = public_bytes(&cert);
    let other = public_bytes(&secret(&server_key()));
    let message =
        p2psync_seal::seal(b"form", key.certificate(), p2psync_seal::SealOptions::default(), clock(NOW))
            .unwrap();
    let version_5 = [&[0xc6, 6, 5, 0, 0, 0, 0, 22][..]].concat();
    for (bytes, error) in [
        (&b""[..], CertificateError::NotACertificate),
        (b"hello", CertificateError::NotACertificate),
        (b"https://eden.example/key.asc", CertificateError::NotACertificate),
        (&[0xff; 50], CertificateError::NotACertificate),
        (&message, CertificateError::NotACertificate),
        (&binary[..binary.len() - 1], CertificateError::Cut),
        (&binary[..20], CertificateError::Cut),
        (&armoured[..armoured.len() - 30], CertificateError::Cut),
        (&armoured[40..], CertificateError::Cut),
        (&[binary.as_slice(), &other].concat(), CertificateError::Several),
        (&[armoured.as_slice(), &armoured].concat(), CertificateError::Several),
        (&secret_armoured, CertificateError::SecretKey),
        (&key.to_bytes().unwrap(), CertificateError::SecretKey),
        (&key.without_primary().unwrap().to_bytes().unwrap(), CertificateError::SecretKey),
        (&version_5, CertificateError::Unsupported("OpenPGP keys of version 5".into())),
        (&vec![0x99; 10_000_000], CertificateError::TooLong { length: 10_000_000 }),
        (
            &vec![b'a'; CERTIFICATE_BYTES_MAX + 1],
            CertificateError::TooLong { length: CERTIFICATE_BYTES_MAX + 1 },
        ),
    ] {
        assert_eq!(parse(bytes).unwrap_err(), error, "{:?}", &bytes[..bytes.len().min(40)]);
    }
    let junk: Vec<u8> = [0xcc, 0].repeat(600);
    assert_eq!(parse(&[binary, junk].concat()).unwrap_err(), CertificateError::TooManyPackets);
}

#[test]
fn dates_are_judged_with_a_doubtful_clock() {
    let key = server_key();
    let bytes = key.certificate().as_bytes();
    let end = MADE + 365 * DAY;
    for (now, result) in [
        (end, Err(CertificateError::Expired { date: date(end) })),
        (end + 4_000 * DAY, Err(CertificateError::Expired { date: date(end) })),
        (end - 1, Ok(())),
        // A day of tolerance; the key is made a day after the release.
        (BUILD_DATE_SECONDS, Ok(())),
        // Clocks that cannot be right.
        (BUILD_DATE_SECONDS - 1, Ok(())),
        (NOW - 4_000 * DAY, Ok(())),
        (0, Ok(())),
    ] {
        assert_eq!(Certificate::parse(bytes, clock(now)).map(drop), result, "{now}");
    }
    let later = ServerKey::generate("Eden", clock(NOW + 2 * DAY), None).unwrap();
    let error = parse(later.certificate().as_bytes()).unwrap_err();
    assert_eq!(error, CertificateError::NotYetValid { date: date(NOW + 2 * DAY) });
    assert!(error.to_string().contains("2026-12-04"), "{error}");
    assert_eq!(later.certificate().expiry(clock(NOW)), None);
}

#[test]
fn revocations_are_told_apart() {
    let cert = secret(&server_key());
    for (reason, kind) in [
        (ReasonForRevocation::KeyCompromised, Revocation::Hard),
        (ReasonForRevocation::Unspecified, Revocation::Hard),
        (ReasonForRevocation::KeyRetired, Revocation::Soft),
        (ReasonForRevocation::KeySuperseded, Revocation::Soft),
    ] {
        let reason_text = "the server was lost".to_owned();
        let bytes = keys::revoked(&cert, NOW - DAY, reason);
        assert_eq!(parse(&bytes).unwrap_err(), CertificateError::Revoked { kind, reason: reason_text });
    }
    let bytes = keys::signing_subkey_revoked(&cert, NOW - DAY, ReasonForRevocation::KeyCompromised);
    let error = CertificateError::Revoked { kind: Revocation::Hard, reason: "stolen".into() };
    assert_eq!(parse(&bytes).unwrap_err(), error);
    // A clock of 2015 does not undo it.
    assert_eq!(Certificate::parse(&bytes, clock(NOW - 4_000 * DAY)).unwrap_err(), error);
}

#[test]
fn keys_that_lack_something_are_named() {
    let certify = KeyFlags::empty().set_certification();
    let generate = |builder: sequoia_openpgp::cert::CertBuilder<'static>| {
        public_bytes(&builder.set_primary_key_flags(certify.clone()).generate().unwrap().0)
    };
    let no_encryption = generate(builder().add_signing_subkey());
    assert_eq!(parse(&no_encryption).unwrap_err(), CertificateError::NoEncryptionKey);
    let no_signing = generate(builder().add_subkey(encryption(), None, None));
    assert_eq!(parse(&no_signing).unwrap_err(), CertificateError::NoSigningKey);
    let short = std::time::Duration::from_secs(5 * DAY);
    let stale = generate(builder().add_signing_subkey().add_subkey(encryption(), short, None));
    assert_eq!(parse(&stale).unwrap_err(), CertificateError::Expired { date: date(MADE + 5 * DAY) });
    let renewed = generate(builder().add_signing_subkey().add_subkey(encryption(), short, None).add_subkey(
        encryption(),
        None,
        None,
    ));
    assert_eq!(parse(&renewed).unwrap().expiry(clock(NOW)), None);
}

#[test]
fn an_update_is_merged_and_a_revocation_stays() {
    let key = server_key();
    let cert = secret(&key);
    let longer = extended(&cert, NOW, MADE + 900 * DAY);
    let revoked = keys::signing_subkey_revoked(&cert, NOW, ReasonForRevocation::KeyCompromised);
    let mut one = key.certificate().clone();
    assert_eq!(one.merge(key.certificate().as_bytes()), Ok(false));
    assert_eq!(one.merge(&longer), Ok(true));
    assert_eq!(one.merge(&longer), Ok(false));
    assert_eq!(one.check(clock(MADE + 500 * DAY)), Ok(()));
    assert_eq!(one.merge(&revoked), Ok(true));
    assert_eq!(one.merge(key.certificate().as_bytes()), Ok(false), "an older copy undoes nothing");
    let error = CertificateError::Revoked { kind: Revocation::Hard, reason: "stolen".into() };
    assert_eq!(one.check(clock(NOW)), Err(error));

    let mut other = key.certificate().clone();
    other.merge(&revoked).unwrap();
    other.merge(&longer).unwrap();
    assert_eq!(other.as_bytes(), one.as_bytes(), "the order of updates leaves no trace");
    assert_eq!(Certificate::restore(one.as_bytes()).unwrap(), one);

    let before = one.clone();
    assert_eq!(one.merge(server_key().certificate().as_bytes()), Err(MergeError::AnotherKey));
    assert_eq!(one.merge(b"junk"), Err(MergeError::Unreadable(CertificateError::NotACertificate)));
    assert_eq!(one, before);
}

#[test]
fn user_ids_of_any_kind_are_shown_safely() {
    use p2psync_seal::USER_ID_CHARACTERS_MAX;
    let user_id = |id: Option<Vec<u8>>| {
        let mut builder = sequoia_openpgp::cert::CertBuilder::new().set_creation_time(keys::system(MADE));
        if let Some(id) = id {
            builder = builder.add_userid(sequoia_openpgp::packet::UserID::from(id));
        }
        let builder = builder.add_signing_subkey().add_subkey(encryption(), None, None);
        parse(&public_bytes(&builder.generate().unwrap().0)).unwrap().user_id()
    };
    assert_eq!(user_id(None), "");
    assert_eq!(user_id(Some(vec![])), "");
    assert_eq!(user_id(Some(b"\xff\xfe".to_vec())), "\u{fffd}\u{fffd}");
    assert_eq!(user_id(Some("a\u{202e}b\0\n".into())), "a\u{fffd}b\u{fffd}\u{fffd}");
    assert_eq!(user_id(Some(vec![b'x'; 20_000])), "x".repeat(USER_ID_CHARACTERS_MAX));
}

#[test]
fn reasons_of_any_kind_are_shown_safely() {
    let cert = secret(&server_key());
    let shown = |reason: &[u8]| {
        let bytes = keys::revoked_because(&cert, NOW - DAY, ReasonForRevocation::KeyRetired, reason);
        match parse(&bytes).unwrap_err() {
            CertificateError::Revoked { kind: Revocation::Soft, reason } => reason,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(shown(b""), "key is retired and no longer used");
    assert_eq!(shown(b"   "), "key is retired and no longer used");
    assert_eq!(shown(b"\xff\n\xe2\x80\xae"), "\u{fffd}\u{fffd}\u{fffd}");
    assert_eq!(shown(&[b'x'; 5_000]), "x".repeat(200));
}

#[test]
fn ten_megabytes_are_refused_unread_wherever_a_key_is_taken() {
    let too_long = CertificateError::TooLong { length: 10_000_000 };
    let key = server_key();
    for begin in [key.certificate().as_bytes(), b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n"] {
        let mut bytes = begin.to_vec();
        bytes.resize(10_000_000, b'A');
        assert_eq!(parse(&bytes).unwrap_err(), too_long);
        assert_eq!(Certificate::restore(&bytes).unwrap_err(), too_long);
        assert_eq!(ServerKey::parse(&bytes).unwrap_err(), ServerKeyError::Unreadable(too_long.clone()));
        let merged = key.certificate().clone().merge(&bytes);
        assert_eq!(merged, Err(MergeError::Unreadable(too_long.clone())));
    }
}

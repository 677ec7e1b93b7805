//! GnuPG opens what we seal and verifies what we sign, and the other way round; what must not count does not, whoever
//! made it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]
#![allow(clippy::disallowed_methods, reason = "GnuPG reads and writes files")]

mod gnupg;
mod keys;

use gnupg::{Gnupg, fixture};
use keys::{DAY, MADE, NOW, clock, date, ids, server_key, signed_receipt};
use p2psync_model::{Fingerprint, Receipt};
use p2psync_seal::{
    Certificate, CertificateError, Expired, OpenError, Revocation, SealOptions, ServerKey, ServerKeyError,
    SignatureError, VerifyError, open, seal, verify,
};

fn certificate(gnupg: &Gnupg, fingerprint: &str) -> Certificate {
    let armoured = gnupg.must(&["--armor", "--export", fingerprint]);
    Certificate::parse(&armoured, clock(NOW)).unwrap()
}

fn text_for(fingerprint: &str, count: usize) -> Vec<u8> {
    Receipt::new(Fingerprint::parse(fingerprint).unwrap(), 0, NOW, ids(count)).unwrap().text()
}

fn judged(text: &[u8], signature: &[u8], certificate: &Certificate) -> Result<(), VerifyError> {
    verify::<Receipt>(text, signature, certificate, clock(NOW)).map(drop)
}

fn void(error: SignatureError) -> Result<(), VerifyError> {
    Err(VerifyError::Signature(error))
}

const SHA256: &[&str] = &["--digest-algo", "SHA256"];

#[test]
fn gnupg_opens_what_we_seal() {
    let Some(gnupg) = Gnupg::new() else { return };
    let ours = server_key();
    for key in [
        fixture("gnupg-rsa3072.asc"),
        fixture("gnupg-curve25519.asc"),
        fixture("ours-rsa3072.asc"),
        ours.to_bytes().unwrap().to_vec(),
    ] {
        let fingerprint = gnupg.import(&key);
        let certificate = certificate(&gnupg, &fingerprint);
        assert_eq!(certificate.fingerprint().to_string(), fingerprint);
        for (length, compress) in [(0, true), (2_048, true), (2_048, false), (5_000_000, false)] {
            let content: Vec<u8> = (0..length).map(|place: u32| (place % 251) as u8).collect();
            let options = SealOptions { expired: Expired::Refuse, compress };
            gnupg.write("sealed", &seal(&content, &certificate, options, clock(NOW)).unwrap());
            assert!(gnupg.must(&["--decrypt", "sealed"]) == content, "{fingerprint} {length} {compress}");
        }
    }
}

#[test]
fn we_open_what_gnupg_seals() {
    let Some(gnupg) = Gnupg::new() else { return };
    let key = server_key();
    let fingerprint = gnupg.import(key.certificate().as_bytes());
    for length in [0, 100, 300_000] {
        let content: Vec<u8> =
            (0..length).map(|place: u32| place.wrapping_mul(place).to_be_bytes()[2]).collect();
        gnupg.write("content", &content);
        for arguments in
            [&[][..], &["--compress-algo", "none"], &["--compress-algo", "zlib"], &["--hidden-recipient"]]
        {
            let to = if arguments == ["--hidden-recipient"] { "--hidden-recipient" } else { "--recipient" };
            let arguments = if to == "--recipient" { arguments } else { &[] };
            let command = [arguments, &[to, &fingerprint, "--output", "-", "--encrypt", "content"]].concat();
            let sealed = gnupg.must(&command);
            let mut opened = Vec::new();
            open(sealed.as_slice(), &key, 1 << 20, &mut opened).unwrap();
            assert!(opened == content, "{length} {command:?}");
            assert!(
                open(sealed.as_slice(), &server_key(), 1 << 20, &mut Vec::new()) == Err(OpenError::OtherKey)
            );
        }
    }
}

#[test]
fn we_believe_receipts_that_gnupg_signs() {
    let Some(gnupg) = Gnupg::new() else { return };
    for name in ["gnupg-rsa3072.asc", "gnupg-curve25519.asc", "ours-rsa3072.asc"] {
        let fingerprint = gnupg.import(&fixture(name));
        let certificate = certificate(&gnupg, &fingerprint);
        for count in [1, 256] {
            let text = text_for(&fingerprint, count);
            for hash in ["SHA256", "SHA384", "SHA512"] {
                let signature = gnupg.sign(&fingerprint, &text, NOW, &["--digest-algo", hash]);
                assert_eq!(judged(&text, &signature, &certificate), Ok(()), "{name} {hash}");
            }
        }
    }
}

#[test]
fn gnupg_verifies_receipts_that_we_sign() {
    let Some(gnupg) = Gnupg::new() else { return };
    let key = server_key();
    let (text, signature) = signed_receipt(&key.without_primary().unwrap(), 256);
    gnupg.import(key.certificate().as_bytes());
    gnupg.write("text", &text);
    gnupg.write("signature", &signature);
    gnupg.must(&["--verify", "signature", "text"]);
    gnupg.write("text", &[text.as_slice(), b"\n"].concat());
    assert!(!gnupg.run(&["--verify", "signature", "text"]).status.success());
}

#[test]
fn what_gnupg_signs_wrongly_is_refused() {
    let Some(gnupg) = Gnupg::new() else { return };
    let other = gnupg.import(&fixture("gnupg-rsa3072.asc"));
    let fingerprint = gnupg.import(&fixture("gnupg-curve25519.asc"));
    assert_ne!(other, fingerprint);
    let certificate = certificate(&gnupg, &fingerprint);
    let text = text_for(&fingerprint, 5);
    let sign = |arguments: &[&str]| gnupg.sign(&fingerprint, &text, NOW, arguments);

    let weak = sign(&["--digest-algo", "SHA1"]);
    assert_eq!(judged(&text, &weak, &certificate), void(SignatureError::WeakHash("SHA1".into())));
    let wrong = gnupg.sign(&other, &text, NOW, SHA256);
    assert_eq!(judged(&text, &wrong, &certificate), void(SignatureError::WrongKey));
    let future = gnupg.sign(&fingerprint, &text, NOW + 2 * DAY, SHA256);
    assert_eq!(
        judged(&text, &future, &certificate),
        void(SignatureError::Future { date: date(NOW + 2 * DAY) })
    );
    let good = sign(SHA256);
    let changed = [text.as_slice(), b" "].concat();
    assert_eq!(judged(&changed, &good, &certificate), void(SignatureError::Tampered));
    assert_eq!(
        judged(&text, &sign(&["--digest-algo", "SHA256", "--textmode"]), &certificate),
        void(SignatureError::NotASignature)
    );
    assert_eq!(
        judged(&text, &sign(&["--digest-algo", "SHA256", "--armor"]), &certificate),
        void(SignatureError::NotASignature)
    );
    let two = gnupg.sign(&fingerprint, &text, NOW, &["--digest-algo", "SHA256", "--local-user", &other]);
    assert_eq!(judged(&text, &two, &certificate), void(SignatureError::Several));
    let passing = sign(&["--digest-algo", "SHA256", "--default-sig-expire", "2d"]);
    assert_eq!(judged(&text, &passing, &certificate), void(SignatureError::Expires));
}

#[test]
fn keys_that_gnupg_lets_expire_or_revokes_are_refused() {
    let Some(gnupg) = Gnupg::new() else { return };
    gnupg.must_at(MADE, &["--quick-generate-key", "Short <short@example.org>", "ed25519", "sign", "5d"]);
    let listed = String::from_utf8(gnupg.must(&["--with-colons", "--list-keys"])).unwrap();
    let fingerprint = listed.lines().find(|line| line.starts_with("fpr")).unwrap().split(':').nth(9).unwrap();
    gnupg.must_at(MADE, &["--quick-add-key", fingerprint, "cv25519", "encr", "5d"]);
    let stale = gnupg.must(&["--export", fingerprint]);
    let expired = CertificateError::Expired { date: date(MADE + 5 * DAY) };
    assert_eq!(Certificate::parse(&stale, clock(NOW)).unwrap_err(), expired);
    let mut certificate = Certificate::restore(&stale).unwrap();

    let text = text_for(fingerprint, 1);
    let before = gnupg.sign(fingerprint, &text, MADE + DAY, SHA256);
    assert_eq!(judged(&text, &before, &certificate), Ok(()), "it was good when it signed");
    gnupg.must(&["--quick-set-expire", fingerprint, "1y"]);
    let after = gnupg.sign(fingerprint, &text, NOW, SHA256);
    assert_eq!(
        judged(&text, &after, &certificate),
        void(SignatureError::Expired { date: date(MADE + 5 * DAY) })
    );
    assert_eq!(certificate.merge(&gnupg.must(&["--export", fingerprint])), Ok(true));
    assert_eq!(judged(&text, &after, &certificate), Ok(()));

    // The revocation that GnuPG prepares with every key gives no reason, so it is a hard one.
    let prepared = gnupg.home.join("openpgp-revocs.d").join(format!("{fingerprint}.rev"));
    let prepared = std::fs::read_to_string(prepared).unwrap().replace(":-----BEGIN", "-----BEGIN");
    gnupg.write("revocation", prepared.as_bytes());
    gnupg.must(&["--import", "revocation"]);
    let revoked = gnupg.must(&["--export", fingerprint]);
    assert_eq!(certificate.merge(&revoked), Ok(true));
    for signature in [&before, &after] {
        let error = judged(&text, signature, &certificate).unwrap_err();
        let hard =
            matches!(&error, VerifyError::Signature(SignatureError::Revoked { kind: Revocation::Hard, .. }));
        assert!(hard, "{error:?}");
    }
    assert!(matches!(
        certificate.check(clock(NOW)),
        Err(CertificateError::Revoked { kind: Revocation::Hard, .. })
    ));
}

/// A key for each kind of weakness and of strangeness that GnuPG still makes.
#[test]
fn weak_and_strange_keys_of_gnupg_are_named() {
    let Some(gnupg) = Gnupg::new() else { return };
    let make = |name: &str, primary: &str, subkey: &str, arguments: &[&str]| {
        gnupg.must_at(MADE, &[arguments, &["--quick-generate-key", name, primary, "sign", "never"]].concat());
        let listed = String::from_utf8(gnupg.must(&["--with-colons", "--list-keys", name])).unwrap();
        let fingerprint =
            listed.lines().find(|line| line.starts_with("fpr")).unwrap().split(':').nth(9).unwrap();
        gnupg
            .must_at(MADE, &[arguments, &["--quick-add-key", fingerprint, subkey, "encr", "never"]].concat());
        Certificate::parse(&gnupg.must(&["--export", fingerprint]), clock(NOW))
            .map(|found| found.fingerprint())
    };
    let weak = |name: &str, primary: &str, subkey: &str, arguments: &[&str], word: &str| {
        let result = make(name, primary, subkey, arguments);
        let Err(CertificateError::Weak(words)) = &result else { panic!("{name}: {result:?}") };
        assert!(words.contains(word), "{words}");
    };
    weak("short", "rsa1024", "rsa1024", &[], "RSA1024");
    weak("sha1", "ed25519", "cv25519", &["--cert-digest-algo", "SHA1"], "SHA1");
    weak("elgamal", "ed25519", "elg1024", &[], "ElGamal");
    for (name, primary, subkey, curve) in [
        ("brainpool", "brainpoolP256r1", "brainpoolP256r1", "brainpool"),
        ("bitcoin", "secp256k1", "secp256k1", "1.3.132.0.10"),
        ("mixed", "ed25519", "brainpoolP256r1", "brainpool"),
    ] {
        let result = make(name, primary, subkey, &[]);
        let Err(CertificateError::Unsupported(words)) = &result else { panic!("{name}: {result:?}") };
        assert!(words.contains(curve), "{words}");
    }
    for algorithm in ["nistp256", "rsa2048"] {
        let result = make(algorithm, algorithm, algorithm, &[]);
        assert!(result.is_ok(), "{algorithm}: {result:?}");
    }
    // What is weak today was not in 2012; a clock of that year must not help (THREATS T14).
    let old = gnupg.must(&["--export", "sha1"]);
    let result = Certificate::parse(&old, clock(1_325_376_000));
    assert!(matches!(result, Err(CertificateError::Weak(_))), "{result:?}");
}

#[test]
fn a_server_takes_the_subkeys_that_gnupg_exports() {
    let Some(gnupg) = Gnupg::new() else { return };
    let fingerprint = gnupg.import(&fixture("gnupg-curve25519.asc"));
    let subkeys = gnupg.must(&["--armor", "--export-secret-subkeys", &fingerprint]);
    let key = ServerKey::parse(&subkeys).unwrap();
    assert!(!key.has_primary());
    assert_eq!(key.fingerprint().to_string(), fingerprint);
    let (text, signature) = signed_receipt(&key, 2);
    assert_eq!(judged(&text, &signature, key.certificate()), Ok(()));
    let sealed = seal(b"form", key.certificate(), SealOptions::default(), clock(NOW)).unwrap();
    let mut opened = Vec::new();
    open(sealed.as_slice(), &key, 10, &mut opened).unwrap();
    assert_eq!(opened, b"form");
    assert_eq!(ServerKey::parse(&fixture("gnupg-rsa3072.asc")).unwrap_err(), ServerKeyError::RsaUnsafeHere);
}

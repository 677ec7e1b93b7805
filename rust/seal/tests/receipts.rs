//! Receipts: whose word counts, and every other.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod keys;

use keys::{DAY, MADE, NOW, clock, date, ids, receipt, secret, server_key, signed_receipt, system};
use p2psync_bramble::WallClock;
use p2psync_model::{HttpsUrl, MalformedText, Notice, NoticeEntry, Receipt, Rejection};
use p2psync_seal::{
    BUILD_DATE_SECONDS, Certificate, Revocation, ServerKey, SignError, SignatureError, Statement, Tls,
    VerifyError, sign, verify,
};
use sequoia_openpgp::Cert;
use sequoia_openpgp::packet::Packet;
use sequoia_openpgp::packet::signature::SignatureBuilder;
use sequoia_openpgp::parse::Parse as _;
use sequoia_openpgp::policy::StandardPolicy;
use sequoia_openpgp::serialize::SerializeInto as _;
use sequoia_openpgp::types::{HashAlgorithm, ReasonForRevocation, SignatureType};

fn judged(text: &[u8], signature: &[u8], certificate: &Certificate) -> Result<Receipt, VerifyError> {
    verify(text, signature, certificate, clock(NOW))
}

fn void(error: SignatureError) -> Result<Receipt, VerifyError> {
    Err(VerifyError::Signature(error))
}

/// Signs anything, as a server with another idea of the format would.
fn sign_oddly(
    key: &ServerKey,
    text: &[u8],
    odd: impl FnOnce(SignatureBuilder) -> SignatureBuilder,
) -> Vec<u8> {
    let cert = secret(key);
    let policy = StandardPolicy::at(system(NOW));
    let signer =
        cert.keys().with_policy(&policy, system(NOW)).for_signing().unencrypted_secret().next().unwrap();
    let mut signer = signer.key().clone().into_keypair().unwrap();
    let builder = SignatureBuilder::new(SignatureType::Binary)
        .set_hash_algo(HashAlgorithm::SHA512)
        .set_signature_creation_time(system(NOW))
        .unwrap();
    Packet::from(odd(builder).sign_message(&mut signer, text).unwrap()).to_vec().unwrap()
}

#[test]
fn a_receipt_is_believed() {
    let key = server_key();
    for signer in [key.clone(), key.without_primary().unwrap()] {
        for count in [1, 2, 256] {
            let (text, signature) = signed_receipt(&signer, count);
            let believed = judged(&text, &signature, key.certificate()).unwrap();
            assert_eq!(believed, receipt(&key, NOW, count));
        }
    }
    let (text, _) = signed_receipt(&key, 3);
    let strong = sign_oddly(&key, &text, |builder| builder);
    assert!(judged(&text, &strong, key.certificate()).is_ok());
}

#[test]
fn clocks_that_cannot_be_right_do_not_matter() {
    let key = server_key();
    let (text, signature) = signed_receipt(&key, 1);
    let at = |now| verify::<Receipt>(&text, &signature, key.certificate(), clock(now)).map(drop);
    for now in [0, NOW - 4_000 * DAY, BUILD_DATE_SECONDS - 1, NOW - DAY, NOW, NOW + 4_000 * DAY] {
        assert_eq!(at(now), Ok(()), "{now}");
    }
    let future = VerifyError::Signature(SignatureError::Future { date: date(NOW) });
    assert_eq!(at(NOW - DAY - 1), Err(future.clone()));
    assert_eq!(at(BUILD_DATE_SECONDS), Err(future));
    assert!(verify::<Receipt>(&text, &signature, key.certificate(), WallClock(u64::MAX)).is_ok());
}

#[test]
fn what_is_no_single_signature_is_refused() {
    let key = server_key();
    let (text, signature) = signed_receipt(&key, 1);
    let armoured = [b"-----BEGIN PGP SIGNATURE-----\n\n", signature.as_slice()].concat();
    let twice = signature.repeat(2);
    let (other_text, other) = signed_receipt(&server_key(), 1);
    let many = signature.repeat(30);
    let literal = [0xcb, 7, b'b', 0, 0, 0, 0, 0, b'x'];
    for bytes in [&b""[..], b"x", &armoured, &literal, key.certificate().as_bytes(), &signature[1..]] {
        let result = judged(&text, bytes, key.certificate());
        assert!(
            matches!(&result, Err(VerifyError::Signature(SignatureError::NotASignature)))
                || result == void(SignatureError::Several),
            "{result:?}"
        );
    }
    assert_eq!(judged(&text, b"", key.certificate()), void(SignatureError::NotASignature));
    assert_eq!(judged(&text, &armoured, key.certificate()), void(SignatureError::NotASignature));
    assert_eq!(judged(&text, &twice, key.certificate()), void(SignatureError::Several));
    assert_eq!(
        judged(&text, &[signature.as_slice(), &other].concat(), key.certificate()),
        void(SignatureError::Several)
    );
    assert_eq!(judged(&text, &signature.repeat(40), key.certificate()), Err(VerifyError::TooLong));
    assert_eq!(judged(&text, &many[..4_000], key.certificate()), void(SignatureError::Several));
    assert_eq!(judged(&other_text, &other, key.certificate()), void(SignatureError::WrongKey));
    for end in 0..signature.len() {
        assert_eq!(
            judged(&text, &signature[..end], key.certificate()),
            void(SignatureError::NotASignature),
            "{end}"
        );
    }
}

#[test]
fn odd_signatures_are_refused() {
    use sequoia_openpgp::packet::signature::subpacket::{NotationDataFlags, Subpacket, SubpacketValue};
    let key = server_key();
    let (text, _) = signed_receipt(&key, 1);
    let judged = |signature: &[u8]| judged(&text, signature, key.certificate());
    let weak = sign_oddly(&key, &text, |builder| builder.set_hash_algo(HashAlgorithm::SHA1));
    assert_eq!(judged(&weak), void(SignatureError::WeakHash("SHA1".into())));
    let of_text = sign_oddly(&key, &text, |builder| builder.set_type(SignatureType::Text));
    assert_eq!(judged(&of_text), void(SignatureError::NotASignature));
    let passing = sign_oddly(&key, &text, |builder| {
        builder.set_signature_validity_period(std::time::Duration::from_secs(99)).unwrap()
    });
    assert_eq!(judged(&passing), void(SignatureError::Expires));
    let critical = sign_oddly(&key, &text, |builder| {
        let notation = SubpacketValue::Unknown { tag: 100.into(), body: vec![1] };
        builder
            .modify_hashed_area(|mut area| {
                area.add(Subpacket::new(notation, true)?)?;
                Ok(area)
            })
            .unwrap()
    });
    assert!(matches!(judged(&critical), Err(VerifyError::Signature(SignatureError::Unacceptable(_)))));
    let noted = sign_oddly(&key, &text, |builder| {
        builder.set_notation("x@example.org", b"y", NotationDataFlags::empty(), false).unwrap()
    });
    assert!(judged(&noted).is_ok(), "a notation is allowed");
}

#[test]
fn expiry_counts_when_it_was_signed() {
    let key = server_key();
    let (text, signature) = signed_receipt(&key, 1);
    let after = clock(MADE + 999 * DAY);
    assert!(verify::<Receipt>(&text, &signature, key.certificate(), after).is_ok());
    // The server has extended its key, and Mallory's copy for the device leaves that out.
    let longer = keys::extended(&secret(&key), NOW, MADE + 900 * DAY);
    let late = receipt(&key, MADE + 500 * DAY, 1);
    let update = Cert::from_bytes(&longer).unwrap();
    let extended = secret(&key).merge_public(update).unwrap().as_tsk().to_vec().unwrap();
    let extended = ServerKey::parse(&extended).unwrap();
    let signature = sign(&late, &extended).unwrap();
    assert!(verify::<Receipt>(&late.text(), &signature, extended.certificate(), after).is_ok());
    let error = VerifyError::Signature(SignatureError::Expired { date: date(MADE + 365 * DAY) });
    assert_eq!(verify::<Receipt>(&late.text(), &signature, key.certificate(), after), Err(error));
    assert!(matches!(sign(&late, &key), Err(SignError::Certificate(_))));
}

#[test]
fn revocation_counts_by_its_reason() {
    let key = server_key();
    let cert = secret(&key);
    let (text, signature) = signed_receipt(&key, 1);
    for make in [keys::revoked, keys::signing_subkey_revoked] {
        for (reason, time, kind) in [
            (ReasonForRevocation::KeyRetired, NOW + 1, None),
            (ReasonForRevocation::KeyRetired, NOW - 1, Some(Revocation::Soft)),
            (ReasonForRevocation::KeySuperseded, NOW, Some(Revocation::Soft)),
            (ReasonForRevocation::KeyCompromised, NOW + 9 * DAY, Some(Revocation::Hard)),
            (ReasonForRevocation::Unspecified, NOW + 9 * DAY, Some(Revocation::Hard)),
        ] {
            let certificate = Certificate::restore(&make(&cert, time, reason)).unwrap();
            // A wrong clock helps nobody.
            for now in [0, NOW - 4_000 * DAY, NOW, NOW + 4_000 * DAY] {
                let result = verify::<Receipt>(&text, &signature, &certificate, clock(now));
                match (&result, kind) {
                    (Ok(_), None) => {}
                    (
                        Err(VerifyError::Signature(SignatureError::Revoked { kind: found, .. })),
                        Some(kind),
                    ) => {
                        assert_eq!(*found, kind);
                    }
                    _ => panic!("{reason} at {time}: {result:?}"),
                }
            }
        }
    }
}

#[test]
fn no_flipped_bit_of_a_receipt_passes() {
    let key = server_key();
    let (text, signature) = signed_receipt(&key, 4);
    for bit in 0..text.len() * 8 {
        let mut flipped = text.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(judged(&flipped, &signature, key.certificate()), void(SignatureError::Tampered), "{bit}");
    }
    for end in 0..text.len() {
        assert_eq!(
            judged(&text[..end], &signature, key.certificate()),
            void(SignatureError::Tampered),
            "{end}"
        );
    }
    let mut survived = 0;
    for bit in 0..signature.len() * 8 {
        let mut flipped = signature.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        // Some bits of a signature are not protected (THREATS T20); the receipt that it confirms is the same.
        if let Ok(believed) = judged(&text, &flipped, key.certificate()) {
            assert_eq!(believed.text(), text);
            survived += 1;
        }
    }
    assert!(survived < 64, "{survived} bits");
}

#[test]
fn the_right_key_under_the_wrong_text_is_refused() {
    let (key, other) = (server_key(), server_key());
    let text_of = |receipt: &Receipt| String::from_utf8(receipt.text()).unwrap();
    let good = text_of(&receipt(&key, NOW, 3));
    let lines: Vec<&str> = good.lines().collect();
    let duplicate = good.replace(lines[6], lines[5]);
    let unsorted = good.replace(lines[6], "X").replace(lines[5], lines[6]).replace('X', lines[5]);
    let server = key.fingerprint().to_string();
    let cases = [
        (text_of(&receipt(&other, NOW, 1)), VerifyError::OtherServer),
        (
            good.replace("receipt 1", "receipt 2"),
            VerifyError::Malformed(MalformedText::TooNew { version: 2 }),
        ),
        (good.replace("p2psync-receipt", "hello"), VerifyError::OtherKind),
        (good.replace("p2psync-receipt", "p2psync-notice"), VerifyError::OtherKind),
        (String::new(), VerifyError::OtherKind),
        (good.replace(&server, &server.to_lowercase()), VerifyError::OtherServer),
        (good.replace("server ", "host "), VerifyError::Malformed(MalformedText::Line("server"))),
        (duplicate, VerifyError::Malformed(MalformedText::Order)),
        (unsorted, VerifyError::Malformed(MalformedText::Order)),
        (good.replace("count 3", "count 4"), VerifyError::Malformed(MalformedText::Count)),
        (format!("{good}\n"), VerifyError::Malformed(MalformedText::Count)),
        (good.replace('\n', "\r\n"), VerifyError::OtherServer),
        (good.replace("epoch 0", "epoch 4294967296"), VerifyError::Malformed(MalformedText::Line("epoch"))),
        (
            format!("{}count 100000\n{}", good.split("count").next().unwrap(), many_ids(100_000)),
            VerifyError::TooLong,
        ),
        (
            format!("{}count 257\n{}", good.split("count").next().unwrap(), many_ids(257)),
            VerifyError::TooLong,
        ),
    ];
    for (text, error) in cases {
        let signature = sign_oddly(&key, text.as_bytes(), |builder| builder);
        let shown: String = text.chars().take(200).collect();
        assert_eq!(judged(text.as_bytes(), &signature, key.certificate()), Err(error), "{shown}");
    }
}

fn many_ids(count: usize) -> String {
    let lines: Vec<String> = ids(count).iter().map(ToString::to_string).collect();
    lines.join("\n") + "\n"
}

#[test]
fn receipts_notices_and_statements_are_never_taken_for_each_other() {
    let key = server_key();
    let statement = Statement::new(
        key.fingerprint(),
        HttpsUrl::parse("https://eden.example").unwrap(),
        NOW,
        NOW + 30 * DAY,
        Tls::WebPki,
    )
    .unwrap();
    let text = p2psync_seal::SignedText::text(&statement);
    let signature = sign(&statement, &key).unwrap();
    assert_eq!(verify::<Statement>(&text, &signature, key.certificate(), clock(NOW)), Ok(statement.clone()));
    assert_eq!(judged(&text, &signature, key.certificate()), Err(VerifyError::OtherKind));
    let entry = NoticeEntry::new(ids(1)[0], Rejection::Refused, "unknown device".into()).unwrap();
    let notice = Notice::new(key.fingerprint(), 0, NOW, vec![entry]).unwrap();
    let notice_signature = sign(&notice, &key).unwrap();
    let judged_notice = verify::<Notice>(&notice.text(), &notice_signature, key.certificate(), clock(NOW));
    assert_eq!(judged_notice, Ok(notice.clone()));
    assert_eq!(judged(&notice.text(), &notice_signature, key.certificate()), Err(VerifyError::OtherKind));
    let (receipt_text, receipt_signature) = signed_receipt(&key, 1);
    let swapped = verify::<Statement>(&receipt_text, &receipt_signature, key.certificate(), clock(NOW));
    assert_eq!(swapped, Err(VerifyError::OtherKind));
    let crossed = verify::<Statement>(&text, &receipt_signature, key.certificate(), clock(NOW));
    assert_eq!(crossed, Err(VerifyError::Signature(SignatureError::Tampered)));
    assert_eq!(sign(&statement, &server_key()), Err(SignError::OtherServer));
}

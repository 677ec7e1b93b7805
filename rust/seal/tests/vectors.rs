//! Our own vectors, made once with random keys: an old receipt and an old document stay good for ever.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

use p2psync_bramble::WallClock;
use p2psync_model::Receipt;
use p2psync_seal::{
    Certificate, CertificateError, Revocation, ServerKey, SignatureError, SignedText as _, Statement,
    VerifyError, open, verify,
};
use p2psync_vector_reader::{Hex, check};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vectors {
    key: Hex,
    certificate: Hex,
    fingerprint: String,
    now_ms: u64,
    receipts: Vec<Signed>,
    statements: Vec<Stated>,
    documents: Vec<Sealed>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Signed {
    name: String,
    text: Hex,
    signature: Hex,
    verdict: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stated {
    text: Hex,
    signature: Hex,
    url: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed {
    content: Hex,
    sealed: Hex,
}

#[test]
fn vectors_of_seal() {
    check("seal", "seal.json", |vectors: Vectors| {
        let clock = WallClock(vectors.now_ms);
        let certificate = Certificate::parse(&vectors.certificate, clock).unwrap();
        assert_eq!(certificate.as_bytes(), &*vectors.certificate, "it is in canonical form");
        assert_eq!(certificate.fingerprint().to_string(), vectors.fingerprint);
        let key = ServerKey::parse(&vectors.key).unwrap();
        assert_eq!(key.certificate(), &certificate);
        for receipt in &vectors.receipts {
            let result = verify::<Receipt>(&receipt.text, &receipt.signature, &certificate, clock);
            assert_eq!(verdict(&result), receipt.verdict, "{}: {result:?}", receipt.name);
        }
        for stated in &vectors.statements {
            let statement: Statement = verify(&stated.text, &stated.signature, &certificate, clock).unwrap();
            assert_eq!(statement.url().as_str(), stated.url);
            assert_eq!(statement.text(), *stated.text);
            assert_eq!(statement.check(statement.url(), clock), Ok(()));
        }
        for document in &vectors.documents {
            let mut content = Vec::new();
            open(&*document.sealed, &key, 2_000, &mut content).unwrap();
            assert_eq!(content, *document.content);
        }
        2 + vectors.receipts.len() + vectors.statements.len() + vectors.documents.len()
    });
}

fn verdict(result: &Result<Receipt, VerifyError>) -> &'static str {
    match result {
        Ok(_) => "good",
        Err(VerifyError::Signature(SignatureError::Tampered)) => "tampered",
        Err(VerifyError::Signature(SignatureError::Several)) => "several",
        Err(VerifyError::Signature(SignatureError::NotASignature)) => "not a signature",
        Err(VerifyError::Signature(SignatureError::WrongKey)) => "wrong key",
        Err(VerifyError::Signature(SignatureError::Future { .. })) => "future",
        Err(_) => "another",
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Certificates {
    now_ms: u64,
    certificates: Vec<Given>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    name: String,
    input: Hex,
    canonical: Option<Hex>,
    verdict: String,
}

#[test]
fn vectors_of_certificates() {
    check("seal", "certificates.json", |vectors: Certificates| {
        let clock = WallClock(vectors.now_ms);
        for Given { name, input, canonical, verdict } in &vectors.certificates {
            let restored = Certificate::restore(input);
            let found = restored.as_ref().map(Certificate::as_bytes).ok();
            assert_eq!(found, canonical.as_deref(), "{name}");
            let result = Certificate::parse(input, clock).map(drop);
            assert_eq!(judgement(&result), verdict, "{name}: {result:?}");
        }
        vectors.certificates.len()
    });
}

/// The names of the table in `docs/protocol/seal.md`.
fn judgement(result: &Result<(), CertificateError>) -> &'static str {
    use Revocation::{Hard, Soft};
    match result {
        Ok(()) => "good",
        Err(CertificateError::TooLong { .. }) => "too long",
        Err(CertificateError::SecretKey) => "secret key",
        Err(CertificateError::NotACertificate) => "not a certificate",
        Err(CertificateError::Several) => "several",
        Err(CertificateError::TooManyPackets) => "too many packets",
        Err(CertificateError::Cut) => "cut",
        Err(CertificateError::Unsupported(_)) => "unsupported",
        Err(CertificateError::NotYetValid { .. }) => "not yet valid",
        Err(CertificateError::Revoked { kind: Hard, .. }) => "revoked hard",
        Err(CertificateError::Revoked { kind: Soft, .. }) => "revoked softly",
        Err(CertificateError::Weak(_)) => "weak",
        Err(CertificateError::Expired { .. }) => "expired",
        Err(CertificateError::NoEncryptionKey) => "no encryption key",
        Err(CertificateError::NoSigningKey) => "no signing key",
    }
}

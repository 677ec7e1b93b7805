//! Sealing by hand: keys judged, destinations set, receipts verified.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod desk;

use desk::{Desk, SIGNED_SECONDS, fixture, repository, server_key};
use p2psync_bramble::WallClock;
use p2psync_model::{DocumentId, Receipt, Signed};
use p2psync_seal::{ServerKey, sign};
use serde_json::json;

/// With the server's certificate in `cert`, and it alone.
fn with_certificate(name: &str) -> Desk {
    let desk = Desk::with_store(name);
    desk.write("cert", server_key().certificate().as_bytes());
    desk
}

#[test]
fn a_good_key_is_described() {
    let desk = with_certificate("goodkey");
    let fingerprint = server_key().fingerprint().to_string();
    let told = desk.run(&["seal-check", "cert", "--json"]).json();
    let user_id = server_key().certificate().user_id();
    assert_eq!(told, json!({"fingerprint": fingerprint, "userId": user_id, "canEncrypt": true}));
    let text = desk.done(&["seal-check", "cert"]);
    for part in [fingerprint.as_str(), &user_id, "expires      never", "can seal     yes", "can sign     yes"]
    {
        assert!(text.contains(part), "{text}");
    }
    let said = desk.run_with_input(&["seal-check", "-"], server_key().certificate().as_bytes());
    assert_eq!(said.text(), text);
}

#[test]
fn each_bad_key_has_its_sentence() {
    let desk = Desk::new("badkey");
    desk.write("secret", &fixture("gnupg-rsa3072.asc"));
    desk.write("long", &vec![b'x'; 10 << 20]);
    for (name, sentence) in [("secret", "This is a SECRET key."), ("long", "This is too long for a key")] {
        assert_eq!(desk.fails(&["seal-check", name]), (1, "INVALID_KEY".into()));
        assert!(desk.run(&["seal-check", name]).error.contains(sentence));
    }
    // Only those that no date changes.
    let sentences = [
        ("revoked softly", "This key was revoked (retired"),
        ("revoked hard", "This key was revoked (no longer trusted"),
        ("secret key", "This is a SECRET key."),
        ("several", "There is more than one key here."),
        ("cut", "This key is cut off or damaged."),
        ("too many packets", "This key has more than 512 parts."),
        ("not a certificate", "This is not an OpenPGP key."),
        ("unsupported", "which this program does not support."),
    ];
    let vectors = std::fs::read(repository().join("test/vectors/seal/certificates.json")).unwrap();
    let vectors: serde_json::Value = serde_json::from_slice(&vectors).unwrap();
    let mut seen = std::collections::BTreeSet::new();
    for vector in vectors["certificates"].as_array().unwrap() {
        let Some((verdict, sentence)) = sentences.iter().find(|(name, _)| vector["verdict"] == **name) else {
            continue;
        };
        desk.write("key", &bytes(vector["input"].as_str().unwrap()));
        let said = desk.run(&["seal-check", "key"]);
        assert_eq!(said.code, Some(1), "{vector:?}");
        assert!(said.error.contains(sentence), "{}: {said:?}", vector["name"]);
        seen.insert(*verdict);
    }
    assert_eq!(seen.len(), sentences.len());
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        hex.chars().map(|digit| u8::try_from(digit.to_digit(16).unwrap()).unwrap()).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

#[test]
fn documents_are_sealed_for_the_destination() {
    let desk = with_certificate("sealed");
    desk.write("form.json", b"{\"name\": \"Amina\"}");
    assert_eq!(desk.fails(&["put", "form.json", "--seal"]), (1, "NO_DESTINATION".into()));
    let http = ["destination", "--url", "http://a.org", "--cert", "cert"];
    assert_eq!(desk.fails(&http), (1, "INVALID_URL".into()));
    let wrong = ["destination", "--url", "https://a.org", "--cert", "form.json"];
    assert_eq!(desk.fails(&wrong), (1, "INVALID_KEY".into()));
    assert_eq!(desk.run(&["destination", "--json"]).json(), json!({"destination": null}));
    let set = desk.done(&["destination", "--url", "https://eden.example.org/", "--cert", "cert"]);
    assert!(set.starts_with("address      https://eden.example.org\nfingerprint  "), "{set}");
    let told = desk.run(&["destination", "--json"]).json();
    assert_eq!(told["destination"]["url"], "https://eden.example.org");
    assert_eq!(told["destination"]["fingerprint"], server_key().fingerprint().to_string());

    let sealed = desk.run(&["put", "form.json", "--json"]).json();
    assert_eq!(sealed["encrypted"], true);
    let id = sealed["id"].as_str().unwrap();
    let refused = desk.run(&["get", id]);
    assert!(
        refused.code == Some(1) && refused.out.is_empty() && refused.error.contains("sealed"),
        "{refused:?}"
    );
    assert_eq!(desk.run(&["get", id, "--json"]).json()["encrypted"], true, "what is known may be told");
    assert_eq!(desk.fails(&["get", id, "-o", "out"]), (1, "ENCRYPTED".into()));
    assert!(!desk.path("out").exists());
    assert!(desk.done(&["list"]).ends_with("application/json, sealed"));
    assert_eq!(desk.run(&["put", "form.json", "--json"]).json()["created"], false);
    let open = desk.done(&["put", "form.json", "--no-seal"]);
    assert_eq!(desk.run(&["get", &open]).out, b"{\"name\": \"Amina\"}");
    assert_eq!(desk.run(&["status", "--json"]).json()["destination"], "configured");
    assert!(desk.done(&["destination", "--clear"]).starts_with("no destination is set"));
    assert_eq!(desk.fails(&["put", "form.json", "--seal"]), (1, "NO_DESTINATION".into()));
}

#[test]
fn receipts_are_verified_by_hand() {
    let desk = Desk::with_store("receipt");
    let made = WallClock((SIGNED_SECONDS - 86_400) * 1_000);
    let key = ServerKey::generate("Eden <eden@example.org>", made, None).unwrap();
    desk.write("cert", key.certificate().as_bytes());
    let ids = vec![DocumentId::from_bytes([1; 32]), DocumentId::from_bytes([2; 32])];
    let receipt = Receipt::new(key.fingerprint(), 3, SIGNED_SECONDS, ids).unwrap();
    let signature = sign(&receipt, &key).unwrap();
    desk.write("receipt", &receipt.text());
    desk.write("receipt.sig", &signature);
    desk.write("passed-on", &Signed::new(receipt.clone(), signature.clone()).unwrap().encode());
    assert_eq!(desk.fails(&["verify-receipt", "receipt"]), (1, "NO_DESTINATION".into()));
    let told = desk.run(&["verify-receipt", "receipt", "--cert", "cert", "--json"]).json();
    assert_eq!(told["server"], key.fingerprint().to_string());
    assert_eq!((&told["epoch"], &told["ids"]), (&json!(3), &json!(["01".repeat(32), "02".repeat(32)])));
    let text = desk.done(&["verify-receipt", "receipt", "--cert", "cert"]);
    assert!(text.contains("confirmed 2 documents on ") && text.ends_with(&"02".repeat(32)), "{text}");
    assert_eq!(desk.done(&["verify-receipt", "passed-on", "--cert", "cert"]), text);
    desk.done(&["destination", "--url", "https://a.org", "--cert", "cert"]);
    assert_eq!(desk.done(&["verify-receipt", "receipt"]), text);
    desk.write("moved.sig", &signature);
    assert_eq!(desk.done(&["verify-receipt", "receipt", "--signature", "moved.sig"]), text);

    let forged = String::from_utf8(receipt.text()).unwrap().replace(&"02".repeat(32), &"03".repeat(32));
    desk.write("receipt", forged.as_bytes());
    assert_eq!(desk.fails(&["verify-receipt", "receipt"]), (1, "CONFIRMATION_INVALID".into()));
    desk.write("junk", b"junk");
    assert_eq!(desk.fails(&["verify-receipt", "junk"]), (1, "CONFIRMATION_INVALID".into()));
    assert_eq!(
        desk.fails(&["verify-receipt", "receipt", "--signature", "missing"]),
        (1, "INVALID_ARGUMENT".into())
    );
}

//! Seeds of the targets of seal, made from its vectors.

use serde_json::Value;

use super::Seeds;

fn vectors(file: &str) -> Value {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../test/vectors/seal").join(file);
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn bytes(case: &Value, field: &str) -> Vec<u8> {
    hex::decode(case[field].as_str().unwrap()).unwrap()
}

/// Every certificate of the vectors; then packets of all in one certificate, in any order and disturbed.
pub fn certificate() -> Seeds {
    let cases = vectors("certificates.json");
    let cases = cases["certificates"].as_array().unwrap();
    let mut seeds: Seeds = cases
        .iter()
        .map(|case| {
            let name = case["name"].as_str().unwrap().replace(' ', "-").replace('\'', "");
            (name, [&[0], bytes(case, "input").as_slice()].concat())
        })
        .collect();
    let secret = bytes(&vectors("seal.json"), "key");
    seeds.push(("secret-with-all".to_owned(), [&[0], secret.as_slice()].concat()));
    let all: Vec<u8> = (1..40).collect();
    let backwards: Vec<u8> = (1..40).rev().collect();
    seeds.push(("all-packets".to_owned(), [&[1], all.as_slice()].concat()));
    seeds.push(("backwards".to_owned(), [&[1], backwards.as_slice()].concat()));
    for kind in 0..4 {
        let disturbance = [1, 0x90, kind, 3, 0, 0];
        seeds.push((format!("disturbed-{kind}"), [&[2], &disturbance[..], &all].concat()));
    }
    seeds
}

/// Signed texts as they are, texts that the server signs whatever they are, and signed texts on a bad way.
pub fn receipt_signature() -> Seeds {
    let vectors = vectors("seal.json");
    let mut seeds = Seeds::new();
    for (list, kind) in [("receipts", 0), ("statements", 2)] {
        for (number, case) in vectors[list].as_array().unwrap().iter().enumerate() {
            let (text, signature) = (bytes(case, "text"), bytes(case, "signature"));
            let length = u16::try_from(signature.len()).unwrap().to_be_bytes();
            if text.len() < 2_000 {
                let given = [&[kind], &length[..], &signature, &text].concat();
                seeds.push((format!("{list}-{number}"), given));
                seeds.push((format!("{list}-{number}-text"), [&[3 + kind], text.as_slice()].concat()));
                if number == 0 {
                    seeds.push((format!("{list}-as-a-notice"), [&[4], text.as_slice()].concat()));
                }
            }
        }
    }
    let server = vectors["fingerprint"].as_str().unwrap();
    let id = "ab".repeat(32);
    let notice =
        format!("p2psync-notice 1\nserver {server}\nepoch 0\ntime 9\ncount 1\n{id} refused not today\n");
    seeds.push(("notice-text".to_owned(), [&[4], notice.as_bytes()].concat()));
    for number in 0..4 {
        // The text is changed in one way, the signature in another.
        let disturbance = [number, 0, 9, number, 3, 0, 5, (number + 1) % 4, 2];
        let kind = if number < 2 { 6 } else { 8 };
        seeds.push((format!("disturbed-{number}"), [&[kind], &disturbance[..]].concat()));
    }
    seeds
}

/// Documents of the vectors, content that is sealed and disturbed, and packets inside the encryption.
pub fn seal() -> Seeds {
    let documents = vectors("seal.json");
    let documents = documents["documents"].as_array().unwrap().iter().enumerate();
    let mut seeds: Seeds = documents
        .map(|(number, case)| (format!("document-{number}"), [&[0], &bytes(case, "sealed")[..]].concat()))
        .collect();
    for kind in 0..4 {
        let script = [&[1, kind % 2, 1, 0, 120, kind, 3, 0, 0, 0, 0, 0, 0, 0, 0], &b"a form"[..]].concat();
        seeds.push((format!("disturbed-{kind}"), script));
    }
    seeds.push(("undisturbed".to_owned(), [&[1; 2][..], &[0; 13], b"a form"].concat()));

    let literal = [&[0xcb, 12, b'b', 0, 0, 0, 0, 0][..], b"a form"].concat();
    let signature = [0xc4, 13, 3, 0, 8, 22, 1, 2, 3, 4, 5, 6, 7, 8, 1];
    let [once, twice] = [stored(&literal), stored(&stored(&literal))];
    let padding = [[0xd5, 3, 1, 2, 3].as_slice(), &[0xca, 3], b"PGP"].concat();
    let inside: [(&str, &[&[u8]]); 10] = [
        ("literal", &[&literal]),
        ("parts", &[&[0xcb, 0xe3, b'b', 0, 0, 0, 0, 0, b'a', b' ', 4], b"form"]),
        ("compressed", &[&once]),
        ("compressed-twice", &[&twice]),
        ("indeterminate", &[&[0xa3], &once[2..]]),
        ("padded", &[&padding, &literal, &padding]),
        ("crowd", &[&padding.repeat(64), &literal]),
        ("signed", &[&signature, &literal]),
        ("two-literals", &[&literal, &literal]),
        ("nothing", &[]),
    ];
    seeds.extend(inside.map(|(name, parts)| (name.to_owned(), [&[2], parts.concat().as_slice()].concat())));
    seeds
}

/// Compressed data with the packets in one block that is not compressed (RFC 1951, section 3.2.4).
fn stored(packets: &[u8]) -> Vec<u8> {
    let length = u8::try_from(packets.len()).unwrap();
    [&[0xc8, length + 6, 1, 1, length, 0, !length, 0xff], packets].concat()
}

//! Seeds of the targets of the model, made from its vectors.

use p2psync_bramble::{SigningKey, WallClock, bdf};
use p2psync_model::{Attachment, ContentWriter, DocumentId, GroupId, Header};
use serde_json::Value;

use super::Seeds;

fn vectors(list: &str) -> Vec<Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../test/vectors/model/documents.json");
    let vectors: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    vectors[list].as_array().unwrap().clone()
}

fn bytes(case: &Value, field: &str) -> Vec<u8> {
    hex::decode(case[field].as_str().unwrap()).unwrap()
}

/// Every message of the vectors, and a short one of each other kind.
pub fn message() -> Seeds {
    let mut seeds = Seeds::new();
    for list in ["documents", "receipts", "notices"] {
        for (number, case) in vectors(list).iter().enumerate() {
            seeds.push((format!("{list}-{number}"), bytes(case, "message")));
        }
    }
    for kind in [1, 4, 5, 6] {
        seeds.push((format!("kind-{kind}"), [&[9; 32][..], &[0; 8], &[kind, 1, 2, 3]].concat()));
    }
    seeds
}

/// Name, length of the short chunk, which chunks, rest of the size, order.
type Script = (&'static str, u16, &'static [u8], [u8; 2], &'static [u8]);

/// Documents, and scripts for assemblies: true ones, ones that lie, listed and indexed.
pub fn document() -> Seeds {
    let mut seeds: Seeds = vectors("documents")
        .iter()
        .enumerate()
        .map(|(number, case)| (format!("document-{number}"), [&[0], &bytes(case, "message")[41..]].concat()))
        .collect();
    let full = 32_767u16.to_be_bytes();
    // The short chunk's length, indexed or not, how many more, which, the rest of the size, and what comes.
    let scripts: [Script; 6] = [
        ("listed", 77, &[1, 1, 0, 2], [0, 77], &[0x80, 1, 0x82, 0]),
        ("listed-full", 77, &[1, 2, 0, 1, 0], full, &[0x81, 0]),
        ("listed-too-short", 76, &[1, 1, 0, 2], [0, 77], &[0, 0x82, 0]),
        ("not-a-chunk", 77, &[1, 1, 0, 3], [0, 77], &[0, 0x83, 1]),
        ("indexed", 77, &[0, 1, 1, 2], [0, 77], &[0, 0x84, 0, 1, 0x82]),
        ("indexed-too-short", 77, &[0, 1, 1, 2], [0, 78], &[4, 0x84, 2, 0]),
    ];
    for (name, short, chunks, rest, order) in scripts {
        let script = [&[1], &short.to_be_bytes()[..], chunks, &rest, order].concat();
        seeds.push((name.to_owned(), script));
    }
    seeds
}

/// Whole contents with and without a body, a cut one, and headers of wrong lengths.
pub fn content() -> Seeds {
    let header = Header::new("text/plain", WallClock(7)).unwrap();
    let attachment = Attachment::new(DocumentId::from_bytes([1; 32]), "a.jpg", "image/jpeg", 9).unwrap();
    let full = header.clone().with_author("anna").unwrap().with_attachments(vec![attachment]).unwrap();
    let written = |header: &Header, body: &[u8]| {
        let mut out = vec![29];
        let mut writer = ContentWriter::start(GroupId::from_bytes([9; 32]), header, &mut out);
        writer.body(body, &mut out);
        writer.finish(&SigningKey::from_seed([4; 32]), &mut out);
        out
    };
    let form = written(&full, b"a form");
    [
        ("cut", form[..form.len() - 1].to_vec()),
        ("cut-header", form[..20].to_vec()),
        ("longer", [form.as_slice(), &[0]].concat()),
        ("form", form),
        ("empty", written(&header, b"")),
        ("photo", written(&header, &[7; 900])),
        ("no-header", vec![0, 0, 0, 0, 0]),
        ("endless-header", vec![0, 0xff, 0xff, 0xff, 0xff, 1]),
    ]
    .map(|(name, content)| (name.to_owned(), content))
    .into()
}

/// Each form of the receipts and notices of the vectors.
pub fn receipt() -> Seeds {
    let mut seeds = Seeds::new();
    for (list, form) in [("receipts", 0), ("notices", 3)] {
        for (number, case) in vectors(list).iter().enumerate() {
            let text = case["text"].as_str().unwrap().as_bytes();
            let signed = bytes(case, "message").split_off(41);
            let parsed = bdf::parse(&signed).unwrap();
            let binary = parsed.as_list().unwrap()[0].as_raw().unwrap();
            for (place, (name, content)) in
                (0..).zip([("text", text), ("binary", binary), ("signed", &signed)])
            {
                seeds.push((format!("{list}-{number}-{name}"), [&[form + place], content].concat()));
            }
        }
    }
    seeds
}

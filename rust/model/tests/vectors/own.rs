//! Reads our own vectors by the formulas of `docs/protocol/document.md`, without the model.

use p2psync_bramble::bdf::{Dictionary, Value as Bdf, write};
use p2psync_bramble::{SecretKey, SigningKey, hash, mac};
use p2psync_vector_reader::{Hex, check};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

#[test]
fn vectors_documents_by_the_specification() {
    check("model", "documents.json", |file: File| {
        file.documents.iter().for_each(check_document);
        file.duplicates.iter().for_each(check_duplicate);
        file.receipts.iter().for_each(check_receipt);
        file.notices.iter().for_each(check_notice);
        for Peer { key, peer_id } in &file.peers {
            assert_eq!(hash("org.sahana.p2psync.model/PEER_ID", &[key]), peer_id.array());
        }
        let [documents, duplicates] = [file.documents.len(), file.duplicates.len()];
        documents + duplicates + file.receipts.len() + file.notices.len() + file.peers.len()
    });
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    documents: Vec<Document>,
    duplicates: Vec<Duplicate>,
    receipts: Vec<Receipt>,
    notices: Vec<Notice>,
    peers: Vec<Peer>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Peer {
    key: Hex,
    peer_id: Hex,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    name: String,
    deployment: Hex,
    group_id: Hex,
    made_ms: u64,
    attributes: Attributes,
    header: Option<Header>,
    header_encoded: Option<Hex>,
    device_seed: Option<Hex>,
    #[serde(default)]
    body_bytes: usize,
    content_bytes: usize,
    content_sha256: Hex,
    chunks: usize,
    chunk_ids: Vec<Hex>,
    index_chunk_ids: Vec<Hex>,
    message: Hex,
    document_id: Hex,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attributes {
    salt: Option<Hex>,
    destination: Option<String>,
    priority: i64,
    expires_ms: Option<i64>,
    parents: Vec<Hex>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    content_type: String,
    created_ms: i64,
    author: Option<String>,
    metadata: serde_json::Map<String, Value>,
    attachments: Vec<Attachment>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attachment {
    id: Hex,
    name: String,
    content_type: String,
    size_bytes: i64,
}

fn check_document(case: &Document) {
    let group =
        hash("org.briarproject.bramble/GROUP_ID", &[&[1], b"org.sahana.p2psync", &[0; 4], &case.deployment]);
    assert_eq!(group, case.group_id.array());
    let content = content(case, &group);
    assert_eq!(
        (content.len(), Sha256::digest(&content).to_vec()),
        (case.content_bytes, case.content_sha256.0.clone())
    );

    let (mut place, mut ids, mut count) = (0, content.clone(), 0);
    if content.len() > 32_000 {
        let chunk_ids: Vec<[u8; 32]> = content.chunks(32_767).map(|piece| chunk_id(&group, piece)).collect();
        (place, ids, count) = (1, chunk_ids.concat(), chunk_ids.len());
        if chunk_ids.len() > 1000 {
            let indexes: Vec<_> = chunk_ids.chunks(1023).map(|ids| chunk_id(&group, &ids.concat())).collect();
            (place, ids, count) = (2, indexes.concat(), chunk_ids.len() + indexes.len());
        }
    }
    let joined = |ids: &[Hex]| ids.iter().flat_map(|id| id.0.clone()).collect::<Vec<u8>>();
    assert_eq!(joined(&case.chunk_ids), if place == 1 { ids.clone() } else { vec![] }, "{}", case.name);
    assert_eq!(joined(&case.index_chunk_ids), if place == 2 { ids.clone() } else { vec![] });
    assert_eq!(case.chunks, count);

    let attributes = &case.attributes;
    let (protection, of_protection) = match (&attributes.salt, &attributes.destination) {
        (Some(salt), None) => (0, salt.0.clone()),
        (None, Some(destination)) => (1, hex::decode(destination).unwrap()),
        _ => panic!("{}: neither open nor sealed", case.name),
    };
    let items = vec![
        Bdf::Integer(1),
        Bdf::Integer(protection),
        Bdf::Raw(of_protection),
        Bdf::Integer(attributes.priority),
        attributes.expires_ms.map_or(Bdf::Null, Bdf::Integer),
        Bdf::Raw(joined(&attributes.parents)),
        Bdf::Integer(case.content_bytes.try_into().unwrap()),
        Bdf::Integer(place),
        Bdf::Raw(ids),
    ];
    let body = [vec![0], encoded(&Bdf::List(items))].concat();
    assert_eq!([&group[..], &case.made_ms.to_be_bytes(), &body].concat(), case.message.0, "{}", case.name);
    assert_eq!(message_id(&group, case.made_ms, &body), case.document_id.array());
}

/// The content: of a sealed document it is anything.
fn content(case: &Document, group: &[u8; 32]) -> Vec<u8> {
    let (Some(header), Some(expected), Some(seed)) = (&case.header, &case.header_encoded, &case.device_seed)
    else {
        return pattern(case.content_bytes);
    };
    let header = encoded_header(header, None);
    assert_eq!(header, expected.0, "{}", case.name);
    let length = u32::try_from(header.len()).unwrap().to_be_bytes();
    let mut content = [&length[..], &header, &pattern(case.body_bytes)].concat();
    let label = b"org.sahana.p2psync.model/CONTENT";
    let label_length = u32::try_from(label.len()).unwrap().to_be_bytes();
    let digest = Sha256::digest([&label_length[..], label, group, &content].concat());
    let key = SigningKey::from_seed(seed.array());
    let signature = key.sign("org.sahana.p2psync.model/DEVICE_SIGNATURE", &digest);
    content.extend_from_slice(key.verifying_key().as_bytes());
    content.extend_from_slice(signature.as_bytes());
    content
}

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|place| u8::try_from(place % 251).unwrap()).collect()
}

fn chunk_id(group: &[u8; 32], content: &[u8]) -> [u8; 32] {
    message_id(group, 0, &[&[1], content].concat())
}

fn message_id(group: &[u8; 32], timestamp_ms: u64, body: &[u8]) -> [u8; 32] {
    let root = hash("org.briarproject.bramble/MESSAGE_BLOCK", &[&[1], body]);
    hash("org.briarproject.bramble/MESSAGE_ID", &[&[1], group, &timestamp_ms.to_be_bytes(), &root])
}

fn encoded(value: &Bdf) -> Vec<u8> {
    let mut out = Vec::new();
    write(value, &mut out);
    out
}

fn encoded_header(header: &Header, created_ms: Option<i64>) -> Vec<u8> {
    let text = |text: &str| Bdf::String(text.to_owned());
    let metadata = header.metadata.iter().map(|(name, value)| (name.as_str(), plain(value)));
    let attachments = header.attachments.iter().map(|attachment| {
        let Attachment { id, name, content_type, size_bytes } = attachment;
        Bdf::List(vec![Bdf::Raw(id.0.clone()), text(name), text(content_type), Bdf::Integer(*size_bytes)])
    });
    let entries: Dictionary = [
        ("attachments", Bdf::List(attachments.collect())),
        ("author", header.author.as_deref().map_or(Bdf::Null, text)),
        ("contentType", text(&header.content_type)),
        ("createdAt", Bdf::Integer(created_ms.unwrap_or(header.created_ms))),
        ("metadata", Bdf::Dictionary(metadata.collect())),
        ("version", Bdf::Integer(1)),
    ]
    .into_iter()
    .collect();
    encoded(&Bdf::Dictionary(entries))
}

fn plain(value: &Value) -> Bdf {
    match value {
        Value::Null => Bdf::Null,
        Value::Bool(value) => Bdf::Boolean(*value),
        Value::String(value) => Bdf::String(value.clone()),
        Value::Number(value) => {
            value.as_i64().map_or_else(|| Bdf::Float(value.as_f64().unwrap()), Bdf::Integer)
        }
        other => panic!("{other} is not plain"),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Duplicate {
    secret: Hex,
    header: Header,
    attributes: Attributes,
    body_bytes: usize,
    key: Hex,
}

fn check_duplicate(case: &Duplicate) {
    let destination = hex::decode(case.attributes.destination.as_deref().unwrap_or_default()).unwrap();
    let parents: Vec<u8> = case.attributes.parents.iter().flat_map(|id| id.0.clone()).collect();
    let mut input = Vec::new();
    for part in [encoded_header(&case.header, Some(0)), destination, parents] {
        input.extend_from_slice(&u32::try_from(part.len()).unwrap().to_be_bytes());
        input.extend_from_slice(&part);
    }
    input.extend(pattern(case.body_bytes));
    let secret = SecretKey::from_bytes(case.secret.array());
    let key = mac("org.sahana.p2psync.model/DUPLICATES", &secret, &[&Sha256::digest(input)]);
    assert_eq!(key, case.key.array());
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Receipt {
    server: String,
    epoch: u32,
    time: u64,
    ids: Vec<Hex>,
    text: String,
    body_hash: Hex,
    signature: Hex,
    message: Hex,
}

fn check_receipt(case: &Receipt) {
    let lines: String = case.ids.iter().map(|id| hex::encode(&id.0) + "\n").collect();
    let Receipt { server, epoch, time, .. } = case;
    let count = case.ids.len();
    let heading = format!("server {server}\nepoch {epoch}\ntime {time}\ncount {count}\n");
    let ids: Vec<u8> = case.ids.iter().flat_map(|id| id.0.clone()).collect();
    let binary = [heading_binary(server, *epoch, *time), ids].concat();
    check_signed(2, *time, &binary, &case.signature, &case.message);
    assert_eq!(case.text, format!("p2psync-receipt 1\n{heading}{lines}"));
    assert_eq!(Sha256::digest(&case.text)[..], case.body_hash[..]);
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Notice {
    server: String,
    epoch: u32,
    time: u64,
    entries: Vec<Entry>,
    text: String,
    body_hash: Hex,
    signature: Hex,
    message: Hex,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: Hex,
    code: String,
    number: u8,
    reason: String,
}

fn check_notice(case: &Notice) {
    let Notice { server, epoch, time, entries, .. } = case;
    let (mut lines, mut binary) = (String::new(), heading_binary(server, *epoch, *time));
    for Entry { id, code, number, reason } in entries {
        lines = [lines, format!("{} {code} {reason}\n", hex::encode(&id.0))].concat();
        let length = u8::try_from(reason.len()).unwrap();
        binary.extend([&id.0[..], &[*number, length], reason.as_bytes()].concat());
    }
    let count = entries.len();
    let heading = format!("server {server}\nepoch {epoch}\ntime {time}\ncount {count}\n");
    check_signed(3, *time, &binary, &case.signature, &case.message);
    assert_eq!(case.text, format!("p2psync-notice 1\n{heading}{lines}"));
    assert_eq!(Sha256::digest(&case.text)[..], case.body_hash[..]);
}

fn heading_binary(server: &str, epoch: u32, time: u64) -> Vec<u8> {
    let server = hex::decode(server).unwrap();
    let version = if server.len() == 20 { 4 } else { 6 };
    [&[version], server.as_slice(), &epoch.to_be_bytes(), &time.to_be_bytes()].concat()
}

fn check_signed(kind: u8, time: u64, binary: &[u8], signature: &Hex, message: &Hex) {
    let items = vec![Bdf::Raw(binary.to_vec()), Bdf::Raw(signature.0.clone())];
    let body = [vec![kind], encoded(&Bdf::List(items))].concat();
    let (group, rest) = message.0.split_at(32);
    assert_eq!(group.len(), 32);
    assert_eq!(rest, [&(time * 1000).to_be_bytes()[..], &body].concat());
}

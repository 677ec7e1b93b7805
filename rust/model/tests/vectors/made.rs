//! Writes the vectors of our own documents: `BLESS=1 cargo test -p p2psync-model --test vectors`. Without BLESS it
//! compares. `own.rs` reads them by `docs/protocol/document.md` alone.

use p2psync_bramble::bdf::{Dictionary, Value as Bdf};
use p2psync_bramble::{SecretKey, SigningKey, VerifyingKey, WallClock};
use p2psync_model::{
    Attachment, Attributes, Body, Chunker, ContentWriter, DocumentId, Duplicates, Fingerprint, Finished,
    GroupId, Header, Message, Metadata, Notice, NoticeEntry, Parents, PeerId, Place, Priority, Protection,
    Receipt, Rejection, Signed,
};
use p2psync_vector_reader::keep;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const DEPLOYMENT: &[u8] = b"flood 2026";
const MADE_MS: u64 = 1_790_000_000_123;

#[test]
fn vectors_documents_as_the_model_makes_them() {
    let made = json!({
        "file": "documents.json",
        "set": "model",
        "source": "p2psync's own documents, written by rust/model/tests/vectors/made.rs",
        "documents": [
            open("form", &full(), &full_header(), 40),
            open("empty", &plain(), &plain_header(), 0),
            open("photo", &plain(), &plain_header(), 70_000),
            open("film", &plain(), &plain_header(), 33_000_000),
            sealed("sealed", 300),
        ],
        "duplicates": [duplicate(&full(), &full_header()), duplicate(&to_destination(), &plain_header())],
        "receipts": [receipt()],
        "notices": [notice()],
        "peers": [peer(1), peer(2)],
    });
    keep("model", "documents.json", &made);
}

fn group() -> GroupId {
    GroupId::of_deployment(DEPLOYMENT).unwrap()
}

/// Bytes that everybody can make again.
fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|place| u8::try_from(place % 251).unwrap()).collect()
}

fn id(byte: u8) -> DocumentId {
    DocumentId::from_bytes([byte; 32])
}

fn plain() -> Attributes {
    Attributes::new(Protection::Open { salt: [0x5a; 16] })
}

fn full() -> Attributes {
    Attributes {
        priority: Priority::High,
        expires: Some(WallClock(1_800_000_000_000)),
        parents: Parents::new(vec![id(1), id(2)]).unwrap(),
        ..plain()
    }
}

fn to_destination() -> Attributes {
    let destination = Fingerprint::V4([0xab; 20]);
    Attributes { priority: Priority::Low, ..Attributes::new(Protection::Sealed { destination }) }
}

fn plain_header() -> Header {
    Header::new("image/jpeg", WallClock(MADE_MS)).unwrap()
}

fn full_header() -> Header {
    let metadata: Dictionary = [
        ("uuid", Bdf::String("urn:uuid:5f0c".to_owned())),
        ("count", Bdf::Integer(-300)),
        ("share", Bdf::Float(0.25)),
        ("draft", Bdf::Boolean(false)),
        ("note", Bdf::Null),
        ("\u{ff5e}", Bdf::Integer(1)),
        ("\u{1f600}", Bdf::Integer(2)),
    ]
    .into_iter()
    .collect();
    Header::new("application/vnd.sahana.s3json", WallClock(MADE_MS - 5))
        .unwrap()
        .with_author("anna@example.org")
        .unwrap()
        .with_metadata(Metadata::new(metadata).unwrap())
        .with_attachments(vec![Attachment::new(id(9), "größe.jpg", "image/jpeg", 2_000_000).unwrap()])
        .unwrap()
}

fn open(name: &str, attributes: &Attributes, header: &Header, body_bytes: usize) -> Value {
    let mut content = Vec::new();
    let mut writer = ContentWriter::start(group(), header, &mut content);
    writer.body(&pattern(body_bytes), &mut content);
    writer.finish(&SigningKey::from_seed([7; 32]), &mut content);
    let mut made = document(name, attributes, &content);
    made["header"] = described(header);
    made["header_encoded"] = json!(hex::encode(header.encode()));
    made["device_seed"] = json!(hex::encode([7; 32]));
    made["body_bytes"] = json!(body_bytes);
    made
}

fn sealed(name: &str, content_bytes: usize) -> Value {
    document(name, &to_destination(), &pattern(content_bytes))
}

fn document(name: &str, attributes: &Attributes, content: &[u8]) -> Value {
    let (chunks, finished) = cut(attributes, content);
    let Ok(Body::Document(document)) = Body::decode(&finished.document) else { panic!("a document") };
    let (listed, indexes) = match document.place() {
        Place::Inline(_) => (vec![], vec![]),
        Place::Listed(ids) => (ids.clone(), vec![]),
        Place::Indexed(ids) => (vec![], ids.clone()),
    };
    json!({
        "name": name,
        "deployment": hex::encode(DEPLOYMENT),
        "group_id": group().to_string(),
        "made_ms": MADE_MS,
        "attributes": attributes_of(attributes),
        "content_bytes": content.len(),
        "content_sha256": hex::encode(Sha256::digest(content)),
        "chunks": chunks,
        "chunk_ids": strings(&listed),
        "index_chunk_ids": strings(&indexes),
        "message": hex::encode(finished.document.encode()),
        "document_id": finished.id.to_string(),
    })
}

fn cut(attributes: &Attributes, content: &[u8]) -> (usize, Finished) {
    let mut chunker = Chunker::new(group(), u64::MAX);
    let (mut chunks, mut rest) = (0, content);
    while !rest.is_empty() {
        let (chunk, after) = chunker.take(rest).unwrap();
        chunks += usize::from(chunk.is_some());
        rest = after;
    }
    let finished = chunker.finish(attributes.clone(), WallClock(MADE_MS)).unwrap();
    (chunks + finished.chunks.len(), finished)
}

fn strings(ids: &[DocumentId]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}

fn attributes_of(attributes: &Attributes) -> Value {
    let (salt, destination) = match &attributes.protection {
        Protection::Open { salt } => (Some(hex::encode(salt)), None),
        Protection::Sealed { destination } => (None, Some(destination.to_string())),
    };
    json!({
        "salt": salt,
        "destination": destination,
        "priority": attributes.priority.number(),
        "expires_ms": attributes.expires.map(|date| date.0),
        "parents": strings(attributes.parents.ids()),
    })
}

fn described(header: &Header) -> Value {
    let value = |value: &Bdf| match value {
        Bdf::Null => Value::Null,
        Bdf::Boolean(value) => json!(value),
        Bdf::Integer(value) => json!(value),
        Bdf::Float(value) => json!(value),
        other => json!(other.as_str().unwrap()),
    };
    let metadata = header.metadata().as_dictionary().iter();
    let attachments = header.attachments().iter();
    json!({
        "content_type": header.content_type(),
        "created_ms": header.created().0,
        "author": header.author(),
        "metadata": metadata.map(|(name, entry)| (name.to_owned(), value(entry))).collect::<serde_json::Map<_, _>>(),
        "attachments": attachments.map(|attachment| json!({
            "id": attachment.id().to_string(),
            "name": attachment.name(),
            "content_type": attachment.content_type(),
            "size_bytes": attachment.size_bytes(),
        })).collect::<Vec<_>>(),
    })
}

fn duplicate(attributes: &Attributes, header: &Header) -> Value {
    let mut duplicates = Duplicates::new(header, attributes);
    duplicates.update(&pattern(40));
    json!({
        "secret": hex::encode([3; 32]),
        "header": described(header),
        "attributes": attributes_of(attributes),
        "body_bytes": 40,
        "key": hex::encode(duplicates.finish(&SecretKey::from_bytes([3; 32]))),
    })
}

fn receipt() -> Value {
    let receipt = Receipt::new(Fingerprint::V4([0xab; 20]), 3, 1_790_000_123, vec![id(1), id(2)]).unwrap();
    let signed = Body::Receipt(Signed::new(receipt.clone(), pattern(119)).unwrap());
    json!({
        "server": receipt.server().to_string(),
        "epoch": receipt.epoch(),
        "time": receipt.time(),
        "ids": strings(receipt.ids()),
        "text": String::from_utf8(receipt.text()).unwrap(),
        "body_hash": hex::encode(receipt.body_hash()),
        "signature": hex::encode(pattern(119)),
        "message": message(&signed.to_message(group()).unwrap()),
    })
}

fn notice() -> Value {
    let entries =
        [(1, Rejection::Unreadable, "sealed to another key"), (2, Rejection::Rejected, "größer als erlaubt")];
    let made =
        entries.map(|(byte, code, reason)| NoticeEntry::new(id(byte), code, reason.to_owned()).unwrap());
    let notice = Notice::new(Fingerprint::V6([0xcd; 32]), 0, 1_790_000_123, made.to_vec()).unwrap();
    let signed = Body::Notice(Signed::new(notice.clone(), pattern(119)).unwrap());
    json!({
        "server": notice.server().to_string(),
        "epoch": notice.epoch(),
        "time": notice.time(),
        "entries": entries.map(|(byte, code, reason)| json!({
            "id": id(byte).to_string(),
            "code": code.word(),
            "number": code as u8,
            "reason": reason,
        })),
        "text": String::from_utf8(notice.text()).unwrap(),
        "body_hash": hex::encode(notice.body_hash()),
        "signature": hex::encode(pattern(119)),
        "message": message(&signed.to_message(group()).unwrap()),
    })
}

fn message(message: &Message) -> String {
    hex::encode(message.encode())
}

fn peer(byte: u8) -> Value {
    let key = VerifyingKey::from_bytes([byte; 32]);
    json!({"key": hex::encode(key.as_bytes()), "peer_id": PeerId::of_key(&key).to_string()})
}

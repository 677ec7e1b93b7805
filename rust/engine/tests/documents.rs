//! Documents put, read, found again, deleted: open and sealed, of every size.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod fixture;

use fixture::{Folder, NOW, form, noise, options, put, random, read, server_key, set_destination};
use p2psync_bramble::WallClock;
use p2psync_bramble::bdf::{Dictionary, Value};
use p2psync_engine::{Depth, Draft, Error, KEPT_AT_ONCE_BYTES, NewDocument, Origin, Query, State, Status};
use p2psync_model::{
    Attachment, Body, CHUNK_BYTES_MAX, DocumentId, INLINE_BYTES_MAX, Limits, MalformedHeader, Message,
    Metadata, ParentsError, Policy, PolicyError, Sealing,
};

/// Content is the body with a header and a signature around it.
const AROUND_BYTES: usize = 300;

fn sizes() -> [usize; 9] {
    [
        0,
        1,
        2_000,
        INLINE_BYTES_MAX - AROUND_BYTES,
        INLINE_BYTES_MAX,
        2 * CHUNK_BYTES_MAX,
        300_000,
        KEPT_AT_ONCE_BYTES,
        2 * KEPT_AT_ONCE_BYTES + 5,
    ]
}

#[test]
fn what_is_put_is_read_back_whatever_its_size() {
    let folder = Folder::new("sizes");
    let mut engine = folder.open();
    let mut ids = Vec::new();
    for (seed, size) in (0..).zip(sizes()) {
        let body = noise(size, seed);
        let done = put(&mut engine, &form(), &body, seed).unwrap();
        assert!(done.created && !done.sealed && done.body_bytes == size as u64);
        ids.push((done.id, body));
    }
    engine.close().unwrap();
    let engine = folder.open();
    for (id, body) in &ids {
        assert!(read(&engine, id).unwrap() == *body, "{} bytes", body.len());
        let info = engine.document(id).unwrap();
        assert_eq!((info.size_bytes, info.content_type()), (body.len() as u64, "application/json"));
    }
    assert_eq!(engine.check(Depth::Full).unwrap().damage, [""; 0]);
}

#[test]
fn a_document_with_an_index_of_chunks_is_read_back() {
    let folder = Folder::new("index");
    let limits = Limits::default().with_document_bytes_max(64 << 20).unwrap();
    let mut engine = folder.try_open(&p2psync_engine::Options { limits, ..options() }).unwrap().engine;
    let body = vec![7; 1_001 * CHUNK_BYTES_MAX];
    let id = put(&mut engine, &form(), &body, 1).unwrap().id;
    assert!(read(&engine, &id).unwrap() == body);
}

#[test]
fn the_same_again_is_the_document_that_is_here() {
    let folder = Folder::new("again");
    let mut engine = folder.open();
    let key = server_key();
    for sealed in [false, true] {
        if sealed {
            set_destination(&mut engine, &key);
        }
        for size in [100, 100_000, 4_000_000] {
            let body = noise(size, 1);
            let first = put(&mut engine, &form(), &body, 1).unwrap();
            let rows = engine.check(Depth::Full).unwrap().rows;
            let again = engine.put(&form(), &mut &*body, WallClock(NOW.0 + 5), &mut random(2)).unwrap();
            assert_eq!((again.id, again.created), (first.id, false));
            assert_eq!((first.created, first.sealed), (true, sealed));
            let rows_after = engine.check(Depth::Full).unwrap().rows;
            assert_eq!(rows_after, rows, "chunks of what was not created belong to nobody");
            let other = NewDocument { author: Some("anna".into()), ..form() };
            let other = put(&mut engine, &other, &body, 3).unwrap();
            assert!(other.created && other.id != first.id, "another author is another document");
        }
    }
    assert_eq!(engine.check(Depth::Full).unwrap().damage, [""; 0]);
    assert_eq!(engine.status().unwrap().own, 12);
}

#[test]
fn sealed_documents_are_for_the_destination_alone() {
    let folder = Folder::new("sealed");
    let mut engine = folder.open();
    let key = server_key();
    set_destination(&mut engine, &key);
    let body = b"{\"household\": 7}".repeat(5_000);
    let metadata: Dictionary = [("uuid", Value::String("u-1".into()))].into_iter().collect();
    let new = NewDocument { metadata: Metadata::new(metadata.clone()).unwrap(), ..form() };
    let done = put(&mut engine, &new, &body, 1).unwrap();
    assert!(done.sealed);
    assert_eq!(read(&engine, &done.id), Err(Error::Sealed));
    let info = engine.document(&done.id).unwrap();
    assert!(info.sealed && !info.sealed_to_expired && info.size_bytes == body.len() as u64);
    assert_eq!(info.metadata().unwrap().as_dictionary(), &metadata, "its own device knows it by");
    let open = put(&mut engine, &NewDocument { sealed: Some(false), ..new }, &body, 2).unwrap();
    assert!(open.created && !open.sealed && read(&engine, &open.id).unwrap() == body);
    engine.clear_destination(&mut random(3)).unwrap();
    assert_eq!(read(&engine, &done.id), Err(Error::Sealed));
    assert!(!put(&mut engine, &form(), b"later", 3).unwrap().sealed);
}

#[test]
fn the_server_opens_what_was_sealed_and_knows_the_device() {
    let folder = Folder::new("opens");
    let mut engine = folder.open();
    let key = server_key();
    set_destination(&mut engine, &key);
    let body = noise(5_000, 3);
    let preparation = engine.preparation();
    let prepared =
        preparation.prepare(&form(), &mut &*body, &mut |_, _| Ok(()), NOW, &mut random(1)).unwrap();
    let Body::Document(document) = Body::decode(prepared.document()).unwrap() else { panic!("a document") };
    let p2psync_model::Place::Inline(sealed) = document.place() else { panic!("short") };
    let mut content = Vec::new();
    p2psync_seal::open(&**sealed, &key, 1 << 20, &mut content).unwrap();
    let mut reader = p2psync_model::ContentReader::new(options().group);
    let mut parts = Vec::new();
    reader.handle(&content, &mut parts).unwrap();
    let device = reader.finish().unwrap();
    assert_eq!(p2psync_model::PeerId::of_key(&device), engine.device_id());
    assert!(parts.contains(&p2psync_model::Part::Body(body)));
}

#[test]
fn an_expired_key_is_sealed_to_and_the_document_marked() {
    let folder = Folder::new("expired");
    let mut engine = folder.open();
    set_destination(&mut engine, &server_key());
    let later = WallClock(NOW.0 + 400 * 86_400_000);
    let done = engine.put(&form(), &mut &b"late"[..], later, &mut random(1)).unwrap();
    assert!(done.sealed);
    assert!(engine.document(&done.id).unwrap().sealed_to_expired);
}

#[test]
fn nothing_is_made_open_against_the_policy() {
    let folder = Folder::new("policy");
    let policy = Policy { sealing: Sealing::Always, ..Policy::default() };
    let mut engine = folder.try_open(&p2psync_engine::Options { policy, ..options() }).unwrap().engine;
    assert_eq!(put(&mut engine, &form(), b"x", 1), Err(Error::NoDestination));
    let wish = |sealed| NewDocument { sealed: Some(sealed), ..form() };
    let must_seal = Err(Error::Policy(PolicyError::MustSeal));
    assert_eq!(put(&mut engine, &wish(false), b"x", 1), must_seal);
    set_destination(&mut engine, &server_key());
    assert_eq!(put(&mut engine, &wish(false), b"x", 1), must_seal);
    assert!(put(&mut engine, &form(), b"x", 1).unwrap().sealed);
    assert_eq!(engine.status().unwrap().own, 1);
}

/// Gives so many bytes, and then an error.
struct Breaks(usize);

impl std::io::Read for Breaks {
    fn read(&mut self, piece: &mut [u8]) -> std::io::Result<usize> {
        self.0 = self.0.checked_sub(piece.len()).ok_or_else(|| std::io::Error::other("unplugged"))?;
        piece.fill(3);
        Ok(piece.len())
    }
}

/// Zeros without end, counted.
struct Counted(u64);

impl std::io::Read for Counted {
    fn read(&mut self, piece: &mut [u8]) -> std::io::Result<usize> {
        self.0 += piece.len() as u64;
        piece.fill(0);
        Ok(piece.len())
    }
}

#[test]
fn what_is_refused_leaves_nothing() {
    let folder = Folder::new("refused");
    let mut engine = folder.open();
    let limit = Limits::default().document_bytes_max();
    let mut refused = |new: &NewDocument, body: &mut dyn std::io::Read| {
        engine.put(new, body, NOW, &mut random(1)).unwrap_err()
    };
    let too_large = Error::TooLarge { bytes_max: limit };
    assert_eq!(refused(&form(), &mut std::io::repeat(0)), too_large);
    let ended = refused(&form(), &mut Breaks(9 << 20));
    assert_eq!(ended, Error::Input("unplugged".to_owned()));
    let parents = vec![DocumentId::from_bytes([1; 32]); 2];
    let twice = NewDocument { parents, ..form() };
    assert_eq!(refused(&twice, &mut &b""[..]), Error::Parents(ParentsError::Order));
    for (new, error) in [
        (NewDocument::new("no type"), MalformedHeader::ContentType),
        (NewDocument { author: Some(String::new()), ..form() }, MalformedHeader::Author),
    ] {
        assert_eq!(refused(&new, &mut &b""[..]), Error::Header(error));
    }
    set_destination(&mut engine, &server_key());
    // Zeros deflate to a thousandth: the limit on what is sealed comes late.
    let mut zeros = Counted(0);
    assert_eq!(engine.put(&form(), &mut zeros, NOW, &mut random(1)), Err(too_large));
    assert!(zeros.0 < limit + (1 << 20), "{} bytes were read", zeros.0);
    assert_eq!(engine.status().unwrap(), Status::default());
    engine.close().unwrap();
    let rows = folder.open().check(Depth::Full).unwrap().rows;
    assert!(rows < 10, "chunks of refused documents are left: {rows} rows");
}

#[test]
fn two_documents_can_be_made_at_once() {
    let folder = Folder::new("drafts");
    let mut engine = folder.open();
    let preparation = engine.preparation();
    let bodies = [noise(KEPT_AT_ONCE_BYTES + 70_000, 1), noise(KEPT_AT_ONCE_BYTES + 70_000, 2)];
    let mut drafts = [Draft::default(), Draft::default()];
    let mut prepared = Vec::new();
    for (draft, body) in drafts.iter_mut().zip(&bodies) {
        let mut keep = |chunks: &[Message], random: &mut dyn rand_core::CryptoRngCore| {
            engine.keep(draft, chunks, random)
        };
        prepared.push(preparation.prepare(&form(), &mut &**body, &mut keep, NOW, &mut random(4)).unwrap());
    }
    let [mut given_up, mut draft] = drafts;
    engine.abandon(&mut given_up).unwrap();
    assert_eq!(engine.status().unwrap().own, 0, "nobody sees what was not committed");
    let done = engine.commit(&mut draft, &prepared[1], NOW, &mut random(5)).unwrap();
    assert!(read(&engine, &done.id).unwrap() == bodies[1]);
    assert_eq!(engine.check(Depth::Full).unwrap().damage, [""; 0]);
}

#[test]
fn lists_are_filtered_and_come_in_pages() {
    let folder = Folder::new("list");
    let mut engine = folder.open();
    let mut ids = Vec::new();
    for number in 0..7_i64 {
        let metadata: Dictionary =
            [("even", Value::Boolean(number % 2 == 0)), ("n", Value::Integer(number))].into_iter().collect();
        let kind = if number < 3 { "text/plain" } else { "application/json" };
        let new = NewDocument { metadata: Metadata::new(metadata).unwrap(), ..NewDocument::new(kind) };
        ids.push(put(&mut engine, &new, &number.to_be_bytes(), 1).unwrap().id);
    }
    ids.reverse();
    let all = Query { count_max: 3, ..Query::default() };
    let (mut query, mut found) = (all.clone(), Vec::new());
    loop {
        let page = engine.list(&query).unwrap();
        found.extend(page.documents.iter().map(|document| document.id));
        let Some(next) = page.next else { break };
        query.after = Some(next);
    }
    assert_eq!(found, ids, "the last first, and each once");
    let count =
        |query: &Query| engine.list(&Query { count_max: 100, ..query.clone() }).unwrap().documents.len();
    let even = || [("even", Value::Boolean(true))].into_iter().collect();
    assert_eq!(count(&Query { metadata: even(), ..Query::default() }), 4);
    let content_type = Some("text/plain".to_owned());
    assert_eq!(count(&Query { metadata: even(), content_type, ..Query::default() }), 2);
    assert_eq!(count(&Query { origin: Some(Origin::Peer), ..Query::default() }), 0);
    assert_eq!(count(&Query { states: vec![State::Confirmed], ..Query::default() }), 0);
    assert_eq!(count(&Query { states: vec![State::Stored, State::Relayed], ..Query::default() }), 7);
    assert_eq!(engine.list(&Query::default()), Err(Error::OutOfBounds("the length of a page")));
}

#[test]
fn status_says_whether_the_phone_may_be_wiped() {
    let folder = Folder::new("status");
    let mut engine = folder.open();
    assert!(engine.status().unwrap().is_safe_to_wipe());
    let first = put(&mut engine, &form(), b"one", 1).unwrap().id;
    let second = put(&mut engine, &form(), b"two", 1).unwrap().id;
    let status = engine.status().unwrap();
    assert!(!status.is_safe_to_wipe());
    assert_eq!((status.own, status.waiting, status.only_here.own), (2, 2, 2));
    engine.set_shared(&[first], false).unwrap();
    assert!(!engine.document(&first).unwrap().shared && engine.document(&second).unwrap().shared);
    let unknown = DocumentId::from_bytes([0; 32]);
    let deleted = engine.delete(&[first, second, unknown], true).unwrap();
    assert_eq!((deleted.deleted, deleted.unconfirmed), (2, 2));
    assert_eq!(engine.document(&first), Err(Error::NotFound));
    assert_eq!(read(&engine, &first), Err(Error::NotFound));
    assert!(engine.status().unwrap().is_safe_to_wipe());
}

#[test]
fn attachments_and_parents_are_carried() {
    let folder = Folder::new("carried");
    let mut engine = folder.open();
    let photo = put(&mut engine, &NewDocument::new("image/jpeg"), &noise(90_000, 1), 1).unwrap();
    let attachment = Attachment::new(photo.id, "roof.jpg", "image/jpeg", photo.body_bytes).unwrap();
    let mut parents = vec![photo.id, put(&mut engine, &form(), b"first", 1).unwrap().id];
    parents.sort_unstable();
    parents.reverse();
    let new = NewDocument { attachments: vec![attachment.clone()], parents, ..form() };
    let done = put(&mut engine, &new, b"form", 1).unwrap();
    let info = engine.document(&done.id).unwrap();
    assert_eq!(info.attachments().unwrap(), [attachment]);
    assert_eq!((info.created, info.received, info.origin), (NOW, NOW, Origin::Own));
}

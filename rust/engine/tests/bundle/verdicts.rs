//! What is in a bundle is judged as what a peer pushes. Here who can read one writes it anew, which the format allows.

use p2psync_bramble::{WallClock, hash};
use p2psync_engine::{Engine, Error};
use p2psync_model::{
    Attributes, Body, Chunk, Document, DocumentId, Message, Place, Protection, Receipt, Signed,
};
use p2psync_seal::{BUILD_DATE_SECONDS, ServerKey, sign};
use p2psync_sync::bundle::{ReadError, Veil, sealed_for_server};
use p2psync_sync::session::Refusal;

use crate::carrying::{DATE, engine, export, fill, import, world};
use crate::fixture::{options, server_key, set_destination};
use crate::specified::{record, rewrite};

/// A bundle of device 0, with other records in it.
fn forged(engine: &mut Engine, key: &ServerKey, messages: &[Message], end: bool) -> Vec<u8> {
    let (bytes, _) = export(engine, 5);
    let veil = Veil { group: options().group, server: key.fingerprint() };
    let sealed = sealed_for_server(&bytes, &veil).unwrap();
    let mut secret = Vec::new();
    p2psync_seal::open(sealed.as_slice(), key, 1_000, &mut secret).unwrap();
    let about = [options().group.as_bytes().as_slice(), &DATE.0.to_be_bytes()].concat();
    let mut records = record(1, 0, &about);
    for message in messages {
        let payload = [message.timestamp_ms().to_be_bytes().as_slice(), message.body()].concat();
        records.extend(record(1, 1, &payload));
    }
    if end {
        records.extend(record(1, 2, &[0; 8]));
    }
    rewrite(&bytes, &secret, &records)
}

fn receipt(key: &ServerKey, ids: &[DocumentId]) -> Message {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    let receipt = Receipt::new(key.fingerprint(), 0, BUILD_DATE_SECONDS + 86_400, ids).unwrap();
    let signature = sign(&receipt, key).unwrap();
    Body::Receipt(Signed::new(receipt, signature).unwrap()).to_message(options().group).unwrap()
}

fn document(content: &[u8], expires: Option<WallClock>) -> Message {
    let salt = hash("salt", &[content])[..16].try_into().unwrap();
    let attributes = Attributes { expires, ..Attributes::new(Protection::Open { salt }) };
    let document = Document::new(attributes, content.len() as u64, Place::Inline(content.to_vec())).unwrap();
    document.to_message(options().group, DATE).unwrap()
}

#[test]
fn receipts_are_verified_applied_and_passed_on() {
    let mut world = world(2);
    let key = server_key();
    let other = server_key();
    for number in [0, 1] {
        set_destination(engine(&mut world, number), &key);
    }
    let theirs = fill(engine(&mut world, 0), 2, &[]);
    let own = fill(engine(&mut world, 1), 5, &[])[4];
    let messages = [receipt(&other, &[own]), receipt(&key, &[own, theirs[0]])];
    let bytes = forged(engine(&mut world, 0), &key, &messages, true);
    let brought = import(engine(&mut world, 1), &bytes).unwrap();
    assert_eq!((brought.statements, brought.confirmed), (1, vec![own]));
    assert_eq!(brought.rejected.into_iter().collect::<Vec<_>>(), [(Refusal::NotTrusted, 1)]);
    let again = import(engine(&mut world, 1), &bytes).unwrap();
    assert_eq!((again.statements, again.already, again.confirmed), (0, 1, vec![]));
    // The receipt goes on, before all documents, to who made what it confirms; what is confirmed is not carried.
    let (onward, made) = export(engine(&mut world, 1), 6);
    assert_eq!((made.statements, made.documents), (1, 4));
    let back = import(engine(&mut world, 0), &onward).unwrap();
    assert_eq!((back.statements, back.confirmed), (1, vec![theirs[0]]));
    assert_eq!(export(engine(&mut world, 0), 7).1.statements, 1);
    let refused = import(engine(&mut world, 1), &bytes).unwrap();
    assert!(refused.rejected.contains_key(&Refusal::NotTrusted));
}

#[test]
fn documents_are_judged_one_by_one() {
    let mut world = world(2);
    let key = server_key();
    set_destination(engine(&mut world, 0), &key);
    let good = [document(b"one", None), document(b"two", None)];
    let expired = document(b"late", Some(WallClock(DATE.0 - 1)));
    let unknown = Message::new(options().group, 0, vec![99, 1]).unwrap();
    let torn = Message::new(options().group, DATE.0, vec![0, 1, 2, 3]).unwrap();
    let mut chunks = vec![DocumentId::from_bytes([9; 32]); (17_usize << 20).div_ceil(32_767)];
    *chunks.last_mut().unwrap() = DocumentId::from_bytes([8; 32]);
    let attributes = Attributes::new(Protection::Open { salt: [1; 16] });
    let large = Document::new(attributes, 17 << 20, Place::Listed(chunks));
    let large = large.unwrap().to_message(options().group, DATE).unwrap();
    let stray = Chunk::new(b"a chunk of nothing".to_vec()).unwrap().to_message(options().group);
    let [one, two] = good;
    let messages = [one.clone(), expired, unknown, torn, large, stray, one, two.clone()];
    let bytes = forged(engine(&mut world, 0), &key, &messages, true);
    let brought = import(engine(&mut world, 1), &bytes).unwrap();
    assert_eq!(brought.ended, Ok(()));
    assert_eq!((brought.documents, brought.already), (2, 1), "{brought:?}");
    let rejected: Vec<_> = brought.rejected.into_iter().collect();
    assert_eq!(rejected, [(Refusal::TooLarge, 1), (Refusal::Expired, 1), (Refusal::NotUnderstood, 2)]);
    // Deleted for good is not brought back.
    engine(&mut world, 1).delete(&[two.id()], true).unwrap();
    let again = import(engine(&mut world, 1), &bytes).unwrap();
    assert_eq!(again.rejected.get(&Refusal::Unwanted), Some(&1));
    assert_eq!((again.documents, again.already), (0, 2));
}

#[test]
fn a_document_whose_chunks_are_not_what_it_says_stays_partial_or_goes() {
    let mut world = world(2);
    let key = server_key();
    set_destination(engine(&mut world, 0), &key);
    let chunk = |content: &[u8]| Chunk::new(content.to_vec()).unwrap().to_message(options().group);
    let (full, short, stray) = (chunk(&vec![5; 32_767]), chunk(&[6; 100]), chunk(&[7; 100]));
    let of = |salt: u8, ids: Vec<DocumentId>, size_bytes: u64| {
        let attributes = Attributes::new(Protection::Open { salt: [salt; 16] });
        let document = Document::new(attributes, size_bytes, Place::Listed(ids)).unwrap();
        document.to_message(options().group, DATE).unwrap()
    };
    // The second chunk of the first is longer than it says: it can never be whole.
    let broken = of(1, vec![full.id(), short.id()], 32_767 + 99);
    let lacking = of(2, vec![full.id(), short.id()], 32_767 + 100);
    let messages = [broken, full.clone(), short.clone(), lacking.clone(), stray, full];
    let bytes = forged(engine(&mut world, 0), &key, &messages, true);
    let brought = import(engine(&mut world, 1), &bytes).unwrap();
    assert_eq!((brought.documents, brought.partial), (0, 1), "{brought:?}");
    assert_eq!(brought.rejected.into_iter().collect::<Vec<_>>(), [(Refusal::NotUnderstood, 1)]);
    let rest = forged(engine(&mut world, 0), &key, &[lacking, short], false);
    let brought = import(engine(&mut world, 1), &rest).unwrap();
    assert_eq!((brought.documents, brought.partial), (1, 0));
    assert_eq!(brought.ended, Err(Error::Bundle(ReadError::Damaged("it has no end"))));
}

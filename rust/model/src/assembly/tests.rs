use p2psync_bramble::WallClock;

use super::*;
use crate::{Attributes, Chunker, Finished, Protection};

const GROUP: GroupId = GroupId::from_bytes([6; 32]);

fn attributes() -> Attributes {
    Attributes::new(Protection::Open { salt: [1; 16] })
}

/// Content whose chunks all differ.
fn content(size: usize) -> Vec<u8> {
    (0..size)
        .map(|place| (place / CHUNK_BYTES_MAX * 7 + place).to_le_bytes()[0] ^ (place >> 15).to_le_bytes()[0])
        .collect()
}

fn cut(content: &[u8]) -> (Vec<Message>, Document) {
    let mut chunker = Chunker::new(GROUP, u64::MAX);
    let (mut messages, mut rest) = (Vec::new(), content);
    while !rest.is_empty() {
        let (chunk, after) = chunker.take(rest).unwrap();
        messages.extend(chunk);
        rest = after;
    }
    let Finished { chunks, document, .. } = chunker.finish(attributes(), WallClock(1)).unwrap();
    messages.extend(chunks);
    let Ok(Body::Document(document)) = Body::decode(&document) else { panic!("a document") };
    (messages, document)
}

fn joined(assembly: &Assembly, messages: &[Message]) -> Vec<u8> {
    let by_id: BTreeMap<_, _> = messages.iter().map(|message| (message.id(), message)).collect();
    assembly.chunk_ids().flat_map(|id| by_id[&id].body()[1..].to_vec()).collect()
}

fn chunk(byte: u8, length: usize) -> Message {
    Chunk::new(vec![byte; length]).unwrap().to_message(GROUP)
}

fn listed(size_bytes: usize, chunks: &[&Message]) -> Assembly {
    let ids = chunks.iter().map(|chunk| chunk.id()).collect();
    Assembly::new(GROUP, &Document::new(attributes(), size_bytes as u64, Place::Listed(ids)).unwrap())
}

#[test]
fn an_inline_document_is_complete_at_once() {
    let (messages, document) = cut(&[1; 100]);
    assert!(messages.is_empty());
    let mut assembly = Assembly::new(GROUP, &document);
    assert!(assembly.is_complete());
    assert_eq!(assembly.accept(&chunk(1, 1)), Err(AssemblyError::NotWanted));
}

#[test]
fn chunks_come_in_any_order_and_twice() {
    let content = content(200_000);
    let (mut messages, document) = cut(&content);
    let mut assembly = Assembly::new(GROUP, &document);
    assert_eq!(assembly.missing_count(), 7);
    messages.reverse();
    for message in &messages {
        assert!(!assembly.is_complete() && assembly.is_missing(&message.id()));
        assert_eq!(assembly.accept(message), Ok(Accepted::New));
        assert_eq!(assembly.accept(message), Ok(Accepted::Again));
        assert!(!assembly.is_missing(&message.id()));
    }
    assert!(assembly.is_complete() && assembly.missing().next().is_none());
    assert!(joined(&assembly, &messages) == content);
}

#[test]
fn indexes_come_before_what_they_list() {
    // All chunks but the last two are one: zeros.
    let mut content = vec![0; 1100 * CHUNK_BYTES_MAX + 5];
    *content.last_mut().unwrap() = 9;
    content[1099 * CHUNK_BYTES_MAX] = 8;
    let (messages, document) = cut(&content);
    let mut assembly = Assembly::new(GROUP, &document);
    assert_eq!(assembly.missing_count(), 2);
    let data = &messages[0];
    assert_eq!(assembly.accept(data), Err(AssemblyError::NotWanted));
    let mut rounds = 0;
    while !assembly.is_complete() {
        let missing: Vec<ChunkId> = assembly.missing().collect();
        for message in &messages {
            if missing.contains(&message.id()) {
                assembly.accept(message).unwrap();
            }
        }
        rounds += 1;
    }
    assert_eq!((rounds, assembly.chunk_ids().count()), (2, 1101));
    assert!(joined(&assembly, &messages) == content);
}

#[test]
fn what_the_store_has_is_not_asked_for() {
    let (a, b) = (chunk(1, CHUNK_BYTES_MAX), chunk(2, 7));
    let mut assembly = listed(CHUNK_BYTES_MAX + 7, &[&a, &b]);
    assert_eq!(assembly.note_held(a.id(), CHUNK_BYTES_MAX), Ok(Accepted::New));
    assert_eq!(assembly.note_held(a.id(), CHUNK_BYTES_MAX), Ok(Accepted::Again));
    assert_eq!(assembly.note_held(chunk(3, 1).id(), 1), Err(AssemblyError::NotWanted));
    assert_eq!(assembly.missing().collect::<Vec<_>>(), [b.id()]);
    assert_eq!(assembly.note_held(b.id(), 8), Err(AssemblyError::Broken));
    assert_eq!(assembly.note_held(b.id(), 7), Err(AssemblyError::Broken));
}

#[test]
fn chunks_that_do_not_match_break_the_document_for_good() {
    let (short, long, right) = (chunk(1, 9), chunk(1, 11), chunk(2, 10));
    for wrong in [&short, &long] {
        let first = chunk(7, CHUNK_BYTES_MAX);
        let mut assembly = listed(CHUNK_BYTES_MAX + 10, &[&first, wrong]);
        assert_eq!(assembly.accept(&right), Err(AssemblyError::NotWanted));
        assert_eq!(assembly.accept(wrong), Err(AssemblyError::Broken));
        assert_eq!(assembly.accept(&first), Err(AssemblyError::Broken));
        assert!(!assembly.is_complete());
    }
}

#[test]
fn only_chunks_of_this_group_are_chunks() {
    let body = chunk(1, 40_000 - CHUNK_BYTES_MAX).body().to_vec();
    let of_document = [vec![0], body[1..].to_vec()].concat();
    let others = [
        Message::new(GROUP, 1, body.clone()).unwrap(),
        Message::new(GROUP, 0, of_document).unwrap(),
        Message::new(GroupId::from_bytes([9; 32]), 0, body).unwrap(),
    ];
    for other in others {
        assert!(is_chunk(&other) == (other.group() != GROUP));
        let mut assembly = listed(40_000, &[&chunk(1, CHUNK_BYTES_MAX), &other]);
        assert_eq!(assembly.accept(&other), Err(AssemblyError::Broken));
    }
}

fn indexed(chunks: usize, rest: u64, indexes: &[&Message]) -> Assembly {
    let size_bytes = (chunks as u64 - 1) * CHUNK_BYTES_MAX as u64 + rest;
    let ids = indexes.iter().map(|index| index.id()).collect();
    Assembly::new(GROUP, &Document::new(attributes(), size_bytes, Place::Indexed(ids)).unwrap())
}

#[test]
fn an_index_that_contradicts_the_size_breaks_the_document() {
    let id = chunk(3, 5).id();
    // One id that is to be both full and the rest.
    let index = Chunk::of_index(&vec![id; 1001]).unwrap().to_message(GROUP);
    let mut assembly = indexed(1001, 5, &[&index]);
    assert_eq!(assembly.accept(&index), Err(AssemblyError::Broken));
    assert!(!assembly.is_complete());
    // An index with fewer ids than chunks.
    let short = Chunk::of_index(&vec![id; 1000]).unwrap().to_message(GROUP);
    assert_eq!(indexed(1001, 5, &[&short]).accept(&short), Err(AssemblyError::Broken));
}

#[test]
fn one_index_may_stand_twice() {
    let data = chunk(0, CHUNK_BYTES_MAX);
    let index = Chunk::of_index(&vec![data.id(); 1023]).unwrap().to_message(GROUP);
    let mut assembly = indexed(2046, CHUNK_BYTES_MAX as u64, &[&index, &index]);
    assert_eq!(assembly.missing_count(), 1);
    assembly.accept(&index).unwrap();
    assert_eq!(assembly.missing().collect::<Vec<_>>(), [data.id()]);
    assembly.accept(&data).unwrap();
    assert!(assembly.is_complete());
    assert_eq!(assembly.chunk_ids().count(), 2046);
}

#[test]
fn an_index_may_be_content_too() {
    // The last chunk of the content is as long as the index, and is an index chunk of another part.
    let data = chunk(0, CHUNK_BYTES_MAX);
    let first = Chunk::of_index(&vec![data.id(); 1023]).unwrap().to_message(GROUP);
    let second = Chunk::of_index(&[first.id()]).unwrap().to_message(GROUP);
    let mut assembly = indexed(1024, 32_736, &[&first, &second]);
    for message in [&second, &first, &data] {
        assert_eq!(assembly.accept(message), Ok(Accepted::New));
    }
    assert!(assembly.is_complete());
}

//! Documents, and putting them together.

use p2psync_model::{
    Accepted, Assembly, AssemblyError, Attributes, CHUNK_BYTES_MAX, Chunk, Document, GroupId, Message, Place,
    Protection,
};

use crate::script::Script;

const GROUP: GroupId = GroupId::from_bytes([9; 32]);

/// The first byte says what the rest is: a document, which has one encoding; or a script for chunks, for a document
/// that lists them truly or not, and for the order in which they come.
pub fn document(data: &[u8]) {
    let mut script = Script::new(data);
    if script.byte().is_multiple_of(2) {
        decode(script.rest());
    } else {
        assemble(script);
    }
}

fn decode(data: &[u8]) {
    let Ok(document) = Document::decode(data) else { return };
    assert_eq!(document.encode(), data, "a document has two encodings");
    let assembly = Assembly::new(GROUP, &document);
    assert_eq!(assembly.is_complete(), matches!(document.place(), Place::Inline(_)));
    assert_eq!(assembly.missing().count(), assembly.missing_count());
}

fn assemble(mut script: Script<'_>) {
    let short = script.number();
    let sorts: Vec<Message> = (0..4).map(|sort| sort_of_chunk(sort, short)).collect();
    let is_indexed = script.byte().is_multiple_of(4);
    let listed: Vec<_> = (0..=script.byte() % 6).map(|_| pick(&sorts, script.byte())).collect();
    let mut ids: Vec<_> = listed.iter().map(|chunk| chunk.id()).collect();
    let mut offered = sorts.clone();
    let place = if is_indexed {
        // Long enough to need an index; its last ids are the listed ones.
        let filler = sorts.first().map(Message::id).into_iter().cycle();
        ids = filler.take(1001 - ids.len()).chain(ids).collect();
        let index = Chunk::of_index(&ids).expect("1001 ids fit").to_message(GROUP);
        let place = Place::Indexed(vec![index.id()]);
        offered.push(index);
        place
    } else {
        Place::Listed(ids.clone())
    };
    let size = (ids.len() as u64 - 1) * CHUNK_BYTES_MAX as u64 + script.number() as u64;
    let attributes = Attributes::new(Protection::Open { salt: [1; 16] });
    let Ok(document) = Document::new(attributes, size, place) else { return };
    let mut assembly = Assembly::new(GROUP, &document);
    let mut is_broken = false;
    while !script.is_over() {
        let chunk = pick(&offered, script.byte());
        let was_missing = assembly.is_missing(&chunk.id());
        match assembly.accept(chunk) {
            Ok(Accepted::New) => assert!(was_missing && !is_broken),
            Ok(Accepted::Again) | Err(AssemblyError::NotWanted) => assert!(!was_missing && !is_broken),
            Err(AssemblyError::Broken) => is_broken = true,
        }
        assert_eq!(assembly.missing().count(), assembly.missing_count());
    }
    if assembly.is_complete() {
        let came = assembly.chunk_ids().map(|id| {
            let chunk = offered.iter().find(|chunk| chunk.id() == id).expect("only these were offered");
            chunk.body().len() as u64 - 1
        });
        assert_eq!(came.sum::<u64>(), size, "complete, and of another size");
    }
}

/// Two full chunks, a short one, and a message that is none.
fn sort_of_chunk(sort: u8, short: usize) -> Message {
    let length = if sort < 2 { CHUNK_BYTES_MAX } else { short.clamp(1, CHUNK_BYTES_MAX) };
    if sort < 3 {
        Chunk::new(vec![sort; length]).expect("within its bounds").to_message(GROUP)
    } else {
        Message::new(GROUP, 0, vec![0; length]).expect("within its bounds")
    }
}

fn pick(chunks: &[Message], number: u8) -> &Message {
    chunks.get(usize::from(number) % chunks.len()).expect("there are chunks to pick from")
}

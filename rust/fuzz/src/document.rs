//! Documents, and putting them together.

use std::sync::LazyLock;

use p2psync_model::{
    Accepted, Assembly, AssemblyError, Attributes, CHUNK_BYTES_MAX, Chunk, ChunkId, Document, GroupId,
    Message, Place, Protection,
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
    let mut offered = FULL_CHUNKS.clone();
    let short = script.number().clamp(1, CHUNK_BYTES_MAX);
    offered.push(Offered::new(Chunk::new(vec![2; short]).expect("within its bounds").to_message(GROUP)));
    offered.push(Offered::new(Message::new(GROUP, 0, vec![0; short]).expect("within its bounds")));
    let is_indexed = script.byte().is_multiple_of(4);
    let mut ids: Vec<_> = (0..=script.byte() % 6).map(|_| pick(&offered, script.byte()).id).collect();
    let place = if is_indexed {
        // Long enough to need an index; its last ids are the picked ones.
        let filler = core::iter::repeat_n(pick(&offered, 0).id, 1001 - ids.len());
        ids = filler.chain(ids).collect();
        let index = Offered::new(Chunk::of_index(&ids).expect("1001 ids fit").to_message(GROUP));
        let place = Place::Indexed(vec![index.id]);
        offered.push(index);
        place
    } else {
        Place::Listed(ids.clone())
    };
    let size = (ids.len() as u64 - 1) * CHUNK_BYTES_MAX as u64 + script.number() as u64;
    let attributes = Attributes::new(Protection::Open { salt: [1; 16] });
    let Ok(document) = Document::new(attributes, size, place) else { return };
    let assembly = put_together(&document, &offered, script);
    if assembly.is_complete() {
        let came = assembly.chunk_ids().map(|id| {
            let chunk = offered.iter().find(|chunk| chunk.id == id).expect("only these were offered");
            chunk.content_bytes() as u64
        });
        assert_eq!(came.sum::<u64>(), size, "complete, and of another size");
    }
}

/// Each byte says which chunk comes, and in the top bit whether it is from a peer or was in the store.
fn put_together(document: &Document, offered: &[Offered], mut script: Script<'_>) -> Assembly {
    let mut assembly = Assembly::new(GROUP, document);
    let mut is_broken = false;
    let mut messages_left = MESSAGES_MAX;
    while !script.is_over() {
        let number = script.byte();
        let chunk = pick(offered, number & 0x7f);
        let was_missing = assembly.is_missing(&chunk.id);
        let is_message = number >= 0x80 && messages_left > 0;
        let came = if is_message {
            messages_left -= 1;
            assembly.accept(&chunk.message)
        } else {
            assembly.note_held(chunk.id, chunk.content_bytes())
        };
        match came {
            Ok(Accepted::New) => assert!(was_missing && !is_broken),
            Ok(Accepted::Again) => assert!(!was_missing && !is_broken),
            // An index must be shown.
            Err(AssemblyError::NotWanted) => {
                assert!(!is_broken, "a broken document wants nothing");
                assert!(!was_missing || !is_message, "a missing chunk was refused");
            }
            Err(AssemblyError::Broken) => is_broken = true,
        }
        assert_eq!(assembly.missing().count(), assembly.missing_count());
    }
    assembly
}

/// Hashing them is what takes time.
const MESSAGES_MAX: usize = 4;

#[derive(Clone)]
struct Offered {
    id: ChunkId,
    message: Message,
}

impl Offered {
    fn new(message: Message) -> Self {
        Self { id: message.id(), message }
    }

    fn content_bytes(&self) -> usize {
        self.message.body().len() - 1
    }
}

static FULL_CHUNKS: LazyLock<Vec<Offered>> = LazyLock::new(|| {
    let chunk = |byte| Chunk::new(vec![byte; CHUNK_BYTES_MAX]).expect("within its bounds");
    [0, 1].map(|byte| Offered::new(chunk(byte).to_message(GROUP))).into()
});

fn pick(chunks: &[Offered], number: u8) -> &Offered {
    chunks.get(usize::from(number) % chunks.len()).expect("there are chunks to pick from")
}

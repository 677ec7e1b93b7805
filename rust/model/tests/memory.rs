//! What documents take of memory while they pass, counted by the allocator.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

use p2psync_bramble::{SigningKey, WallClock};
use p2psync_model::{
    ASSEMBLY_BYTES_MAX, Accepted, Assembly, Attributes, Body, CHUNKER_BYTES_MAX, Chunk, ChunkId, Chunker,
    ContentReader, ContentWriter, DOCUMENT_BYTES_MAX, Document, Finished, GroupId, Header, INDEX_IDS_MAX,
    Message, Part, Place, Protection, chunks_of,
};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

const GROUP: GroupId = GroupId::from_bytes([1; 32]);
const BODY_BYTES: usize = 200_000_000;

/// What 200 MB may take on their way out, and on their way in while the test makes them again. The store's own memory
/// comes on top.
const CUTTING_BYTES_MAX: usize = 800_000;
const JOINING_BYTES_MAX: usize = 1_600_000;

#[test]
fn documents_pass_in_bounded_memory() {
    let (finished, cutting) = peak(|| pass(|_| ()));
    assert!(cutting <= CUTTING_BYTES_MAX, "cutting took {cutting} bytes");
    assert_eq!(finished.chunks.len(), 1 + 6);
    let (body_bytes, joining) = peak(|| join(&finished));
    assert_eq!(body_bytes, BODY_BYTES);
    assert!(joining <= JOINING_BYTES_MAX, "cutting again and joining took {joining} bytes");
    let ((), largest) = peak(the_largest_document);
    assert!(largest <= ASSEMBLY_BYTES_MAX, "an assembly took {largest} of {ASSEMBLY_BYTES_MAX} bytes");
    assert!(largest > ASSEMBLY_BYTES_MAX / 2, "the bound is stated far too high: {largest}");
    assert!(cutting <= CHUNKER_BYTES_MAX);
}

fn peak<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let _profiler = dhat::Profiler::builder().testing().build();
    let result = work();
    (result, dhat::HeapStats::get().max_bytes)
}

/// Writes content and cuts it; every full chunk is shown and dropped.
fn pass(mut chunk_came: impl FnMut(Message)) -> Finished {
    let mut chunker = Chunker::new(GROUP, u64::MAX);
    let mut take = |mut bytes: &[u8]| {
        while !bytes.is_empty() {
            let (chunk, rest) = chunker.take(bytes).unwrap();
            chunk.into_iter().for_each(&mut chunk_came);
            bytes = rest;
        }
    };
    let mut piece = vec![0; 50_000];
    let mut out = Vec::new();
    let mut writer = ContentWriter::start(GROUP, &Header::new("a/b", WallClock(0)).unwrap(), &mut out);
    for number in 0..BODY_BYTES / piece.len() {
        // So that no two chunks are the same.
        for (block, place) in piece.chunks_mut(1000).enumerate() {
            place[..8].copy_from_slice(&(number * 50 + block).to_be_bytes());
        }
        writer.body(&piece, &mut out);
        take(&out);
        out.clear();
    }
    writer.finish(&SigningKey::from_seed([1; 32]), &mut out);
    take(&out);
    let attributes = Attributes::new(Protection::Open { salt: [1; 16] });
    chunker.finish(attributes, WallClock(1)).unwrap()
}

/// Gives all chunks to an assembly, index chunks first, and reads the content as they come.
fn join(finished: &Finished) -> usize {
    let Ok(Body::Document(document)) = Body::decode(&finished.document) else { panic!("a document") };
    let mut assembly = Assembly::new(GROUP, &document);
    let (last, indexes) = finished.chunks.split_first().unwrap();
    for index in indexes {
        assert_eq!(assembly.accept(index), Ok(Accepted::New));
    }
    let (mut reader, mut parts, mut body_bytes) = (ContentReader::new(GROUP), Vec::new(), 0);
    let mut read = |chunk: &Message| {
        assert_eq!(assembly.accept(chunk), Ok(Accepted::New));
        reader.handle(&chunk.body()[1..], &mut parts).unwrap();
        for part in parts.drain(..) {
            if let Part::Body(piece) = part {
                body_bytes += piece.len();
            }
        }
    };
    pass(|chunk| read(&chunk));
    read(last);
    assert!(assembly.is_complete());
    assert!(reader.finish().is_ok());
    body_bytes
}

/// 1 GiB whose chunks all differ: nothing is stored, all ids are known.
fn the_largest_document() {
    let chunks = chunks_of(DOCUMENT_BYTES_MAX);
    let id = |number: usize| ChunkId::from_bytes(p2psync_bramble::hash("x", &[&number.to_be_bytes()]));
    let index = |first: usize| {
        let ids: Vec<ChunkId> = (first..chunks.min(first + INDEX_IDS_MAX)).map(id).collect();
        Chunk::of_index(&ids).unwrap().to_message(GROUP)
    };
    let indexes = || (0..chunks).step_by(INDEX_IDS_MAX).map(index);
    let place = Place::Indexed(indexes().map(|index| index.id()).collect());
    let attributes = Attributes::new(Protection::Open { salt: [1; 16] });
    let document = Document::new(attributes, DOCUMENT_BYTES_MAX, place).unwrap();
    let mut assembly = Assembly::new(GROUP, &document);
    indexes().for_each(|index| assert_eq!(assembly.accept(&index), Ok(Accepted::New)));
    assert_eq!(assembly.missing_count(), chunks);
}

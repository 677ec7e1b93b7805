//! What 200 MB take of memory on their whole way through sealing and cutting, and back, counted by the allocator. The
//! chunks are in a file meanwhile; a store's own memory comes on top.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod keys;
mod pipeline;

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt as _;

use keys::{NOW, clock, server_key};
use p2psync_model::{ChunkId, GroupId, MESSAGE_BODY_BYTES_MAX, Message};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

const BODY_BYTES: usize = 200_000_000;

/// What `docs/protocol/seal.md` states. It is the bound of sealing or of opening, and little beside: the ids of all
/// chunks, here and in the file, and some pieces.
const STATED_BYTES_MAX: usize = 7_000_000;

#[test]
fn a_long_document_passes_in_bounded_memory() {
    let key = server_key();
    let mut chunks = Chunks::new();
    let (document, sending) =
        peak(|| pipeline::send(BODY_BYTES, key.certificate(), clock(NOW), &mut |chunk| chunks.keep(&chunk)));
    assert_eq!(chunks.places.len(), 6_104 + 6, "chunks of content, and index chunks");
    let ((body_bytes, device), receiving) =
        peak(|| pipeline::receive(&document, &key, &mut |id| chunks.fetch(id)));
    assert_eq!((body_bytes, device), (BODY_BYTES, pipeline::device().verifying_key()));
    eprintln!("sealing and cutting: {sending} bytes; putting together and opening: {receiving} bytes");
    assert!(sending < STATED_BYTES_MAX && receiving < STATED_BYTES_MAX);
}

fn peak<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let _profiler = dhat::Profiler::builder().testing().build();
    let result = work();
    (result, dhat::HeapStats::get().max_bytes)
}

/// Chunks in a file without a name, which is gone when the test ends, however it ends.
struct Chunks {
    file: File,
    group: Option<GroupId>,
    places: BTreeMap<ChunkId, (u64, usize)>,
}

impl Chunks {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("p2psync-long-document-{}", std::process::id()));
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        Self { file, group: None, places: BTreeMap::new() }
    }

    fn keep(&mut self, chunk: &Message) {
        let place = (self.places.len() * MESSAGE_BODY_BYTES_MAX) as u64;
        self.file.write_all_at(chunk.body(), place).unwrap();
        self.group = Some(chunk.group());
        assert_eq!(self.places.insert(chunk.id(), (place, chunk.body().len())), None, "all chunks differ");
    }

    fn fetch(&self, id: ChunkId) -> Message {
        let (place, length) = self.places[&id];
        let mut body = vec![0; length];
        self.file.read_exact_at(&mut body, place).unwrap();
        Message::new(self.group.unwrap(), 0, body).unwrap()
    }
}

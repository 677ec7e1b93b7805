//! What making and reading a bundle take of memory, counted by the allocator.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

use p2psync_bramble::{AgreementPrivateKey, Role, WallClock};
use p2psync_model::{
    Attributes, CHUNK_BYTES_MAX, Chunk, ChunkId, Document, DocumentId, GroupId, Message, MessageId, Place,
    Priority, Protection,
};
use p2psync_sync::bundle::{
    About, Front, PairKey, READER_BYTES_MAX, Reader, Selection, WRITER_BYTES_MAX, Writer,
};
use p2psync_sync::{Bucket, Catalogue, CatalogueError, Entry, Set, Shelf, Shelved};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

const GROUP: GroupId = GroupId::from_bytes([1; 32]);
const PAIRS: u8 = 250;
const CHUNKS: usize = 100;

/// One long document, made as it is asked for: chunk number n is bytes of n.
struct Long {
    document: Message,
    chunks: Vec<ChunkId>,
}

fn chunk(number: usize) -> Message {
    let byte = u8::try_from(number).unwrap();
    Chunk::new(vec![byte; CHUNK_BYTES_MAX]).unwrap().to_message(GROUP)
}

impl Long {
    fn new() -> Self {
        let chunks: Vec<_> = (0..CHUNKS).map(|number| chunk(number).id()).collect();
        let attributes = Attributes::new(Protection::Open { salt: [2; 16] });
        let size_bytes = (CHUNKS * CHUNK_BYTES_MAX) as u64;
        let document = Document::new(attributes, size_bytes, Place::Listed(chunks.clone())).unwrap();
        Self { document: document.to_message(GROUP, WallClock(5)).unwrap(), chunks }
    }
}

impl Catalogue for Long {
    fn buckets(&mut self, set: Set) -> Result<Vec<Bucket>, CatalogueError> {
        let bucket = Bucket { number: 0, count: 1, digest: [0; 32] };
        Ok(if set == Set::Documents { vec![bucket] } else { Vec::new() })
    }

    fn entries(&mut self, _: Set, _: u64) -> Result<Vec<Entry>, CatalogueError> {
        let bytes = (CHUNKS * CHUNK_BYTES_MAX) as u64;
        Ok(vec![Entry { id: self.document.id(), timestamp_ms: 5, bytes, priority: Priority::Low }])
    }
}

impl Shelf for Long {
    fn message(&mut self, _: &MessageId) -> Result<Option<Shelved>, CatalogueError> {
        Ok(Some(shelved(self.document.clone())))
    }

    fn chunk(&mut self, _: &DocumentId, id: &ChunkId) -> Result<Option<Shelved>, CatalogueError> {
        Ok(self.chunks.iter().position(|chunk| chunk == id).map(|number| shelved(chunk(number))))
    }
}

fn shelved(message: Message) -> Shelved {
    Shelved { timestamp_ms: message.timestamp_ms(), body: message.into_body() }
}

fn pairs() -> (Vec<PairKey>, Vec<PairKey>) {
    let maker = AgreementPrivateKey::from_bytes([255; 32]);
    let other = AgreementPrivateKey::from_bytes([254; 32]);
    let of = |number: u8| {
        let to = PairKey::agree(&maker, &other.public_key(), &[number], Role::Alice).unwrap();
        let from = PairKey::agree(&other, &maker.public_key(), &[number], Role::Bob).unwrap();
        (to, from)
    };
    (0..PAIRS).map(of).unzip()
}

#[test]
fn making_and_reading_stay_within_their_bounds_whatever_the_length() {
    let (to, from) = pairs();
    let mut long = Long::new();
    let mut random = ChaCha20Rng::seed_from_u64(1);
    let about = About { group: GROUP, made: WallClock(5) };
    let mut bundle = Vec::with_capacity(CHUNKS * 36_000);

    let profiler = dhat::Profiler::builder().testing().build();
    let front = Front::random(to.len(), &mut random).unwrap();
    let mut writer = Writer::new(&front, &to, None, about, Selection::All, &mut random).unwrap();
    let mut piece = Vec::new();
    while writer.fill(&mut long, &mut piece).unwrap() {
        bundle.extend_from_slice(&piece);
        piece.clear();
    }
    bundle.extend_from_slice(&piece);
    let writing = dhat::HeapStats::get().max_bytes;
    drop((writer, piece, profiler));
    assert!(writing <= WRITER_BYTES_MAX + 130 * CHUNKS, "{writing} bytes");
    assert!(writing > WRITER_BYTES_MAX / 3, "the bound is stated far too high: {writing} bytes");
    assert!(bundle.len() > 10 * writing);

    // All keys are those of strangers but the last.
    let keys: Vec<_> = from.iter().rev().cloned().collect();
    let profiler = dhat::Profiler::builder().testing().build();
    let mut reader = Reader::new(GROUP, keys);
    let mut events = Vec::new();
    for piece in bundle.chunks(4_096) {
        reader.handle(piece, &mut events).unwrap();
        events.clear();
    }
    assert_eq!(reader.finish(), Ok(()));
    let reading = dhat::HeapStats::get().max_bytes;
    drop(profiler);
    let allowed = READER_BYTES_MAX + 88 * usize::from(PAIRS);
    assert!(reading <= allowed, "{reading} of {allowed} bytes");
    assert!(reading > allowed / 3, "the bound is stated far too high: {reading} of {allowed} bytes");
    println!("writing {writing} bytes, reading {reading} bytes at the peak");
}

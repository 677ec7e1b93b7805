//! The whole way of a sealed document: written, signed by its device, sealed and cut on the one side; put together,
//! opened and judged on the other. What keeps the chunks in between, a store or nothing, is the caller's.

use std::io::{self, Read, Write};

use p2psync_bramble::{SigningKey, VerifyingKey, WallClock};
use p2psync_model::{
    Accepted, Assembly, Attributes, Body, ChunkId, Chunker, ContentReader, ContentWriter, GroupId, Header,
    Message, Part, Place, Protection,
};
use p2psync_seal::{Certificate, Expired, SealOptions, Sealer, ServerKey, open};

const GROUP: GroupId = GroupId::from_bytes([1; 32]);

/// Of the body that is written at once.
const PIECE_BYTES: usize = 50_000;

/// Takes each chunk once.
pub type Sink<'a> = &'a mut (dyn FnMut(Message) + Send + Sync);

/// Gives a chunk that was taken.
pub type Fetch<'a> = &'a mut (dyn FnMut(ChunkId) -> Message + Send + Sync);

/// The device that signs.
pub fn device() -> SigningKey {
    SigningKey::from_seed([4; 32])
}

/// Seals and cuts a body of `body_bytes` whose pieces all differ. Returns the document, which comes last.
pub fn send(body_bytes: usize, certificate: &Certificate, clock: WallClock, sink: Sink<'_>) -> Message {
    let mut cutter = Cutter { chunker: Chunker::new(GROUP, u64::MAX), sink };
    let options = SealOptions { expired: Expired::Refuse, compress: false };
    let mut sealer = Sealer::new(&mut cutter, certificate, options, clock).unwrap();
    let mut content = Vec::new();
    let header = Header::new("image/jpeg", clock).unwrap();
    let mut writer = ContentWriter::start(GROUP, &header, &mut content);
    let mut piece = vec![0x5a; PIECE_BYTES];
    for number in 0..body_bytes / PIECE_BYTES {
        piece[..8].copy_from_slice(&number.to_be_bytes());
        writer.body(&piece, &mut content);
        sealer.write_all(&content).unwrap();
        content.clear();
    }
    writer.finish(&device(), &mut content);
    sealer.write_all(&content).unwrap();
    sealer.finish().unwrap();
    let destination = certificate.fingerprint();
    let attributes = Attributes::new(Protection::Sealed { destination });
    let finished = cutter.chunker.finish(attributes, clock).unwrap();
    finished.chunks.into_iter().for_each(cutter.sink);
    finished.document
}

/// Cuts what is written to it.
struct Cutter<'a> {
    chunker: Chunker,
    sink: Sink<'a>,
}

impl Write for Cutter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (chunk, rest) = self.chunker.take(bytes).map_err(io::Error::other)?;
        chunk.into_iter().for_each(&mut self.sink);
        Ok(bytes.len() - rest.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Puts a document together from what `fetch` gives, opens and judges it. Returns the body's length and who signed.
pub fn receive(document: &Message, key: &ServerKey, fetch: Fetch<'_>) -> (usize, VerifyingKey) {
    let Ok(Body::Document(document)) = Body::decode(document) else { panic!("a document") };
    let mut assembly = Assembly::new(GROUP, &document);
    if let Place::Indexed(indexes) = document.place() {
        for index in indexes {
            assert_eq!(assembly.accept(&fetch(*index)), Ok(Accepted::New));
        }
    }
    let mut ids: Vec<ChunkId> = assembly.chunk_ids().collect();
    ids.reverse();
    let joined = Joined { assembly, ids, chunk: Vec::new(), taken: 0, fetch };
    let mut judge = Judge { reader: ContentReader::new(GROUP), body_bytes: 0 };
    open(joined, key, document.size_bytes(), &mut judge).unwrap();
    (judge.body_bytes, judge.reader.finish().unwrap())
}

/// Gives the content of chunk after chunk.
struct Joined<'a> {
    assembly: Assembly,
    ids: Vec<ChunkId>,
    chunk: Vec<u8>,
    taken: usize,
    fetch: Fetch<'a>,
}

impl Read for Joined<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.chunk.len() {
            let Some(id) = self.ids.pop() else { return Ok(0) };
            let message = (self.fetch)(id);
            assert_eq!(self.assembly.accept(&message), Ok(Accepted::New));
            (self.chunk, self.taken) = (message.body()[1..].to_vec(), 0);
        }
        let length = (&self.chunk[self.taken..]).read(out)?;
        self.taken += length;
        Ok(length)
    }
}

/// Reads content and counts its body.
struct Judge {
    reader: ContentReader,
    body_bytes: usize,
}

impl Write for Judge {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut parts = Vec::new();
        self.reader.handle(bytes, &mut parts).map_err(io::Error::other)?;
        for part in parts {
            if let Part::Body(piece) = part {
                self.body_bytes += piece.len();
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

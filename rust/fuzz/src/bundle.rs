//! Bundles: an honest maker, what happens to the file, and a reader that takes pieces; or records of no honest maker.

use p2psync_bramble::record;
use p2psync_bramble::stream::{StreamEncoder, StreamStart, StreamWriter};
use p2psync_bramble::{AgreementPrivateKey, Role, SecretKey, WallClock, derive_key};
use p2psync_model::{ChunkId, DocumentId, GroupId, MessageId};
use p2psync_sync::bundle::{About, Event, Front, PairKey, ReadError, Reader, Selection, Writer};
use p2psync_sync::{Bucket, Catalogue, CatalogueError, Entry, Set, Shelf, Shelved};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;

use crate::script::Script;

/// The script: size of the pieces, what happens (0 nothing, 1 cut, 2 a bit changed, 3 the rest of the script as a
/// stream of records by who can open the bundle, 4 the rest of the script as a file), its place. Pieces change nothing; nothing
/// is handed over that was not written; a whole bundle is whole, and a fault before its end has a name.
pub fn bundle(data: &[u8]) {
    let mut script = Script::new(data);
    let piece_bytes = usize::from(script.byte()) * 8 + 1;
    let fault = script.byte() % 5;
    let place = script.number();
    let (mut file, secret) = make(script.byte());
    let (whole, end) = read(&file, &secret, usize::MAX);
    assert_eq!(end, Ok(()), "a whole bundle is not whole");
    match fault {
        1 => file.truncate(place % (file.len() + 1)),
        2 => {
            let place = place % file.len();
            if let Some(byte) = file.get_mut(place) {
                *byte ^= 1 << (data.len() % 8);
            }
        }
        3 => rewrite(&mut file, &secret, script.rest()),
        4 => file = script.rest().to_vec(),
        _ => {}
    }
    let (got, end) = read(&file, &secret, piece_bytes);
    assert_eq!((&got, end), (&read(&file, &secret, file.len().max(1)).0, end), "pieces change what is read");
    match fault {
        0 => assert_eq!((got, end), (whole, Ok(()))),
        1 | 2 => {
            assert!(whole.starts_with(&got), "something was handed over that was not written");
            assert_eq!(end.is_ok(), got == whole, "a fault went unnoticed");
        }
        4 => assert!(end.is_err() && got.is_empty(), "bytes of nobody were taken for a bundle"),
        _ => {}
    }
}

const GROUP: GroupId = GroupId::from_bytes([3; 32]);
const FRONT_BYTES: usize = 32 + 1_024 + 16 * 66;

/// Three statements.
struct Three;

impl Catalogue for Three {
    fn buckets(&mut self, set: Set) -> Result<Vec<Bucket>, CatalogueError> {
        let bucket = Bucket { number: 0, count: 3, digest: [0; 32] };
        Ok(if set == Set::Statements { vec![bucket] } else { Vec::new() })
    }

    fn entries(&mut self, _: Set, _: u64) -> Result<Vec<Entry>, CatalogueError> {
        let id = |byte| MessageId::from_bytes([byte; 32]);
        let entry = |byte| Entry {
            id: id(byte),
            timestamp_ms: 5,
            bytes: 0,
            priority: p2psync_model::Priority::Normal,
        };
        Ok([2, 3, 4].map(entry).into())
    }
}

impl Shelf for Three {
    fn message(&mut self, id: &MessageId) -> Result<Option<Shelved>, CatalogueError> {
        Ok(Some(Shelved { timestamp_ms: 5, body: id.as_bytes().repeat(40) }))
    }

    fn chunk(&mut self, _: &DocumentId, _: &ChunkId) -> Result<Option<Shelved>, CatalogueError> {
        Ok(None)
    }
}

fn pair() -> [PairKey; 2] {
    let [alice, bob] = [1, 2].map(|byte| AgreementPrivateKey::from_bytes([byte; 32]));
    let key = |mine: &AgreementPrivateKey, theirs: &AgreementPrivateKey, role| {
        PairKey::agree(mine, &theirs.public_key(), &[7; 8], role).expect("the keys are of high order")
    };
    [key(&alice, &bob, Role::Alice), key(&bob, &alice, Role::Bob)]
}

/// A bundle of Alice for Bob, and what opens it.
fn make(seed: u8) -> (Vec<u8>, Vec<u8>) {
    let mut random = ChaCha20Rng::seed_from_u64(seed.into());
    let front = Front::random(1, &mut random).expect("there is a slot for one");
    let about = About { group: GROUP, made: WallClock(9) };
    let [alice, _] = pair();
    let mut writer = Writer::new(&front, &[alice], None, about, Selection::All, &mut random)
        .expect("there is a slot for one");
    let mut file = Vec::new();
    while writer.fill(&mut Three, &mut file).expect("three statements can be read") {}
    assert_eq!(writer.tally().bytes, file.len() as u64);
    (file, front.secret().to_vec())
}

/// What Bob reads. Who knows the secret reads the same, unless the fault is in what Bob looks for.
fn read(file: &[u8], secret: &[u8], piece_bytes: usize) -> (Vec<Event>, Result<(), ReadError>) {
    let [_, bob] = pair();
    let (events, end) = read_by(Reader::new(GROUP, vec![bob]), file, piece_bytes);
    let reader = Reader::with_secret(GROUP, secret).expect("it is the secret of a bundle");
    let (others, _) = read_by(reader, file, piece_bytes);
    if let Some((Event::Recognised { pair: 0 }, rest)) = events.split_first() {
        assert_eq!(rest, others, "who knows the secret reads something else");
    }
    (events, end)
}

fn read_by(mut reader: Reader, file: &[u8], piece_bytes: usize) -> (Vec<Event>, Result<(), ReadError>) {
    let mut events = Vec::new();
    for piece in file.chunks(piece_bytes) {
        if reader.handle(piece, &mut events).is_err() {
            break;
        }
    }
    (events, reader.finish())
}

/// Other records behind the same front: one ABOUT, then what the script says, as records if the first byte is odd.
fn rewrite(file: &mut Vec<u8>, secret: &[u8], said: &[u8]) {
    let salt = file.get(..32).unwrap_or_default().to_vec();
    let key = secret.get(2..).and_then(|key| key.try_into().ok()).map(SecretKey::from_bytes);
    let header_key =
        derive_key("org.sahana.p2psync.bundle/STREAM", &key.expect("a key has 32 bytes"), &[&salt]);
    file.truncate(FRONT_BYTES);
    let frame_key = SecretKey::from_bytes([8; 32]);
    let start = StreamStart { tag: None, header_key, stream_number: 0, header_nonce: [1; 24], frame_key };
    let mut stream = StreamWriter::new(StreamEncoder::new(start));
    let mut records = Vec::new();
    record::write(1, 0, &[GROUP.as_bytes().as_slice(), &[0; 8]].concat(), &mut records).expect("it is short");
    let mut script = Script::new(said);
    if script.byte().is_multiple_of(2) {
        records.extend_from_slice(script.rest());
    } else {
        while !script.is_over() {
            let (kind, length) = (script.byte() % 4, script.number() % 300);
            record::write(1, kind, script.bytes(length), &mut records).expect("it is short");
        }
    }
    stream.write(&records, file);
    stream.end(file);
}

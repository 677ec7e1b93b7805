//! Makers, readers, and what a bundle holds at each place.

use p2psync_bramble::{AgreementPrivateKey, Role, WallClock};
use p2psync_model::Priority;
use p2psync_sync::bundle::{
    About, Event, Front, PairKey, ReadError, Reader, Selection, ServerSlot, Tally, Writer,
};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;

use crate::device::{Device, GROUP};

pub const MADE: WallClock = WallClock(1_790_000_000_000);

/// The keys of the pair of the maker, number 0, and another device; the maker's side and the other's.
pub fn pair(other: u8) -> [PairKey; 2] {
    pair_of(0, other, 1)
}

pub fn pair_of(maker: u8, other: u8, pairing: u8) -> [PairKey; 2] {
    let [mine, theirs] = [maker, other].map(|byte| AgreementPrivateKey::from_bytes([byte + 1; 32]));
    [
        PairKey::agree(&mine, &theirs.public_key(), &[pairing; 8], Role::Alice).unwrap(),
        PairKey::agree(&theirs, &mine.public_key(), &[pairing; 8], Role::Bob).unwrap(),
    ]
}

/// A bundle, and where each message that ends something ended: so many events were complete by then.
pub struct Made {
    pub bytes: Vec<u8>,
    pub tally: Tally,
    /// Offset, and how many messages can be read before it.
    pub marks: Vec<(usize, usize)>,
}

/// Makes a bundle for devices 1 to `pairs`.
pub fn make(device: &mut Device, pairs: u8, server: Option<&ServerSlot<'_>>, seed: u64) -> Made {
    let keys: Vec<PairKey> = (1..=pairs).map(|other| pair(other)[0].clone()).collect();
    let mut random = ChaCha20Rng::seed_from_u64(seed);
    let front = Front::random(keys.len(), &mut random).unwrap();
    let about = About { group: GROUP, made: MADE };
    let writer = Writer::new(&front, &keys, server, about, Selection::All, &mut random).unwrap();
    run(writer, device)
}

pub fn run(mut writer: Writer, device: &mut Device) -> Made {
    let (mut bytes, mut marks, mut messages) = (Vec::new(), Vec::new(), 0);
    loop {
        let before = bytes.len();
        let more = writer.fill(device, &mut bytes).unwrap();
        assert!(bytes.len() - before <= 110 << 10, "{} bytes at once", bytes.len() - before);
        messages += 1;
        marks.push((bytes.len(), messages));
        if !more {
            break;
        }
    }
    assert_eq!(writer.tally().bytes, bytes.len() as u64);
    Made { bytes, tally: writer.tally(), marks }
}

/// What device `other` reads, in pieces of so many bytes, and how it ends.
pub fn read(bytes: &[u8], other: u8, piece_bytes: usize) -> (Vec<Event>, Result<(), ReadError>) {
    let pairs = vec![pair_of(7, other, 1)[1].clone(), pair(other)[1].clone()];
    read_with(Reader::new(GROUP, pairs), bytes, piece_bytes)
}

pub fn read_with(
    mut reader: Reader,
    bytes: &[u8],
    piece_bytes: usize,
) -> (Vec<Event>, Result<(), ReadError>) {
    let mut events = Vec::new();
    for piece in bytes.chunks(piece_bytes) {
        if let Err(error) = reader.handle(piece, &mut events) {
            assert_eq!(reader.handle(piece, &mut events), Err(error), "an error stays");
            break;
        }
    }
    (events, reader.finish())
}

/// The documents, chunks and statements among what was read.
pub fn messages(events: &[Event]) -> Vec<&Event> {
    let is_message =
        |event: &&Event| matches!(event, Event::Document(_) | Event::Chunk { .. } | Event::Statement(_));
    events.iter().filter(is_message).collect()
}

/// A device with forms of 2 KB, photos of several lengths, and receipts.
pub fn carrier(forms: u64, photos: &[usize]) -> Device {
    let mut device = Device::default();
    for number in 0..forms {
        let priority = if number % 3 == 0 { Priority::High } else { Priority::Normal };
        device.write(MADE.0 + number * 50_000, priority, &noise(2_000, number));
    }
    for (number, length) in (100..).zip(photos) {
        device.write(MADE.0 + number * 10, Priority::Low, &noise(*length, number));
    }
    for number in 0..forms.min(3) {
        let gone = device.write(MADE.0 + number, Priority::Normal, b"gone");
        device.confirm(MADE.0 / 1_000 + number, &[gone]);
    }
    device
}

pub fn noise(length: usize, seed: u64) -> Vec<u8> {
    use rand_chacha::rand_core::RngCore as _;
    let mut bytes = vec![0; length];
    ChaCha20Rng::seed_from_u64(seed).fill_bytes(&mut bytes);
    bytes
}

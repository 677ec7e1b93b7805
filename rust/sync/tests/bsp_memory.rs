//! What a session takes of memory, counted by the allocator, while a contact sends the worst that it can.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

use p2psync_bramble::record::write;
use p2psync_bramble::{Millis, WallClock};
use p2psync_model::{GroupId, Message, MessageId};
use p2psync_sync::bsp::{
    Change, Effect, Entry, INPUT_BYTES_MAX, Input, Ledger, MEMORY_BYTES_MAX, Offers, Position, Queue,
    Session, Shelf, Status, VERSION, Versions, Visibility,
};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

/// Holds a ledger and lends the messages' bytes from one message.
struct Lent(Ledger, Message);

impl Shelf for Lent {
    fn visibility(&self, _: GroupId) -> Visibility {
        Visibility::Shared
    }

    fn entry(&self, id: MessageId) -> Option<Entry> {
        self.0.entry(id)
    }

    fn next(&self, queue: Queue, after: Option<Position>) -> Option<Entry> {
        self.0.next(queue, after)
    }

    fn message(&self, _: MessageId) -> Option<Message> {
        Some(self.1.clone())
    }
}

const GROUP: GroupId = GroupId::from_bytes([8; 32]);

fn id(number: u32) -> MessageId {
    let mut bytes = [7; 32];
    bytes[..4].copy_from_slice(&number.wrapping_mul(0x9e37_79b9).to_be_bytes());
    MessageId::from_bytes(bytes)
}

/// A shelf of `count` messages of the largest size, with the given status.
fn shelf(count: u32, status: Status) -> Lent {
    let mut ledger = Ledger::new();
    ledger.set_visibility(GROUP, Visibility::Shared);
    for number in 0..count {
        ledger.insert(id(number), GROUP, 5, true, status);
    }
    Lent(ledger, Message::new(GROUP, 5, vec![1; 32_768]).unwrap())
}

fn ids_record(kind: u8, first: u32, out: &mut Vec<u8>) {
    let ids: Vec<u8> = (first..first + 1_536).flat_map(|number| *id(number).as_bytes()).collect();
    write(VERSION, kind, &ids, out).unwrap();
}

/// The most that one session takes while it hears `stream` over and over, in the largest pieces, by a caller that
/// never waits, never stores, and reads what it wants to send only now and then. What is in the effects counts too
/// while they exist, so each is dropped at once.
fn peak(shelf: &Lent, stream: &[u8], rounds: usize) -> usize {
    let (mut out, mut effects) = (Vec::with_capacity(1 << 20), Vec::with_capacity(1 << 14));
    let _profiler = dhat::Profiler::builder().testing().build();
    let mut session = Session::accepted(30_000, Versions::bramble(), Offers::new());
    for round in 0..rounds {
        for piece in stream.chunks(INPUT_BYTES_MAX) {
            session.handle(Input::Received(piece), shelf, &mut effects).unwrap();
            effects.clear();
        }
        if round % 4 == 3 {
            out.clear();
            let now = Millis(round as u64 * 90_000);
            session.fill(now, WallClock(now.0), shelf, 200_000, &mut out, &mut effects);
            effects.clear();
        }
    }
    let peak = dhat::HeapStats::get().max_bytes;
    drop(session);
    peak
}

#[test]
fn a_session_stays_within_its_bound_whatever_comes() {
    let (mut offers, mut junk, mut messages) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..40 {
        ids_record(2, 1_000_000 + number * 1_536, &mut offers);
        // Requests and acknowledgements of what nobody has, and types that nobody knows.
        ids_record(3, 1_000_000 + number * 1_536, &mut junk);
        ids_record(0, 1_000_000 + number * 1_536, &mut junk);
        write(VERSION, 200, &vec![1; 49_152], &mut junk).unwrap();
    }
    for number in 0..20_000_u32 {
        let message = Message::new(GROUP, 5, number.to_be_bytes().to_vec()).unwrap();
        write(VERSION, 1, &message.encode(), &mut messages).unwrap();
    }
    let (mut requests, empty) = (Vec::new(), shelf(0, Status::default()));
    ids_record(3, 0, &mut requests);
    let full = shelf(5_000, Status::default().after(Change::Requested));
    let unseen = shelf(5_000, Status::default());
    let mut largest = 0;
    for (name, shelf, stream, rounds) in [
        ("offers", &empty, [&offers[..], &messages].concat(), 8),
        ("junk", &empty, junk, 4),
        ("messages", &empty, messages, 1),
        ("requests", &full, requests.clone(), 8),
        ("our own offers", &unseen, requests, 8),
    ] {
        let peak = peak(shelf, &stream, rounds);
        assert!(peak <= MEMORY_BYTES_MAX, "{name}: {peak} of {MEMORY_BYTES_MAX} bytes");
        largest = largest.max(peak);
    }
    assert!(largest > MEMORY_BYTES_MAX / 2, "the bound is stated far too high: {largest}");
    assert_eq!(per_message(), 250_u64.next_multiple_of(50), "what the ledger says of itself");
}

/// Memory of a ledger for each message, in steps of 50 bytes.
fn per_message() -> u64 {
    let _profiler = dhat::Profiler::builder().testing().build();
    let shelf = shelf(10_000, Status::default());
    let bytes = dhat::HeapStats::get().curr_bytes as u64;
    drop(shelf);
    (bytes / 10_000).next_multiple_of(50)
}

#[test]
fn effects_are_small() {
    assert!(size_of::<Effect>() <= 128, "{}", size_of::<Effect>());
}

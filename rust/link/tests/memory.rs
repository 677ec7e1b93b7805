//! What a link takes of memory, counted by the allocator, while a peer sends the worst that it can.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

#[allow(dead_code, reason = "shared with the duets, which use all of it")]
#[path = "duet/device.rs"]
mod device;

use device::{BOB, Device, paired};
use p2psync_bramble::Millis;
use p2psync_bramble::stream::{StreamEncoder, StreamStart, Tag};
use p2psync_link::btp::{BtpLink, IncomingStream, Recognised, TagBook};
use p2psync_link::{FRAME_BYTES_MAX, Input, Limits, Link, MEMORY_BYTES_MAX, Source, Versions};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

struct Flood;

impl Source for Flood {
    fn fill(&mut self, room_bytes: usize, out: &mut Vec<u8>) {
        out.resize(out.len() + room_bytes, 0x5a);
    }

    fn is_ended(&self) -> bool {
        false
    }
}

#[test]
fn a_link_stays_within_its_bound_whatever_comes() {
    let flights = flights_of_caller();
    let (link, stranger, btp) = (peak_of_link(&flights), peak_of_stranger(), peak_of_btp());
    assert!(link <= MEMORY_BYTES_MAX, "a link took {link} of {MEMORY_BYTES_MAX} bytes");
    assert!(link > MEMORY_BYTES_MAX / 2, "the bound is stated far too high: a link took {link}");
    assert!(stranger <= 2_048, "a stranger took {stranger} bytes");
    assert!(btp <= 8_192, "a BTP link took {btp} bytes");
}

/// What a caller sends that never stops, in the largest frames.
fn flights_of_caller() -> Vec<Vec<u8>> {
    let mut flights = Vec::new();
    let [mut alice, mut bob] = paired(70);
    let (now, limits) = (Millis(0), largest_frames());
    let Device { identity, book, random, .. } = &mut alice;
    let mut caller = Link::call(now, identity, BOB, book, Versions::ours(), limits, random).unwrap();
    let mut callee = accept(&mut bob);
    for _ in 0..20 {
        let (mut flight, mut response, mut effects) = (Vec::new(), Vec::new(), Vec::new());
        caller.fill(now, &mut Flood, 2 * FRAME_BYTES_MAX, &mut flight);
        callee.handle(now, Input::Received(&flight), &mut bob.book, &mut effects).unwrap();
        callee.fill(now, &mut Flood, 2 * FRAME_BYTES_MAX, &mut response);
        caller.handle(now, Input::Received(&response), &mut alice.book, &mut effects).unwrap();
        flights.push(flight);
    }
    flights
}

/// The callee's memory while those flights arrive in pieces and it sends as much itself. Each piece that is handed
/// over is dropped at once, but counts while it exists.
fn peak_of_link(flights: &[Vec<u8>]) -> usize {
    let [_, mut bob] = paired(70);
    let mut effects = Vec::with_capacity(64);
    let mut response = Vec::with_capacity(2 * FRAME_BYTES_MAX);
    let _profiler = dhat::Profiler::builder().testing().build();
    let mut callee = accept(&mut bob);
    for flight in flights {
        for piece in flight.chunks(7_001) {
            callee.handle(Millis(0), Input::Received(piece), &mut bob.book, &mut effects).unwrap();
            effects.clear();
        }
        response.clear();
        callee.fill(Millis(0), &mut Flood, 2 * FRAME_BYTES_MAX, &mut response);
    }
    dhat::HeapStats::get().max_bytes
}

fn peak_of_stranger() -> usize {
    let [_, mut bob] = paired(71);
    let (flood, mut effects) = (vec![7; 1_000_000], Vec::new());
    let _profiler = dhat::Profiler::builder().testing().build();
    let mut link = accept(&mut bob);
    for piece in flood.chunks(50_000) {
        link.handle(Millis(0), Input::Received(piece), &mut bob.book, &mut effects).unwrap();
    }
    dhat::HeapStats::get().max_bytes
}

fn accept(device: &mut Device) -> Link {
    let Device { identity, random, .. } = device;
    Link::accept(Millis(0), identity.clone(), Versions::ours(), largest_frames(), random)
}

fn largest_frames() -> Limits {
    Limits { frame_bytes_max: FRAME_BYTES_MAX, ..Limits::default() }
}

struct Anybody;

impl TagBook for Anybody {
    fn recognise(&mut self, _: &Tag) -> Option<Recognised> {
        let header_key = p2psync_bramble::SecretKey::from_bytes([1; 32]);
        Some(Recognised { incoming: IncomingStream { header_key, stream_number: 0 }, answer: None })
    }
}

fn peak_of_btp() -> usize {
    let mut encoder = StreamEncoder::new(StreamStart {
        tag: Some([0; 16]),
        header_key: p2psync_bramble::SecretKey::from_bytes([1; 32]),
        stream_number: 0,
        header_nonce: [2; 24],
        frame_key: p2psync_bramble::SecretKey::from_bytes([3; 32]),
    });
    let mut stream = Vec::new();
    for _ in 0..50 {
        encoder.frame(&[9; 988], 0, false, &mut stream).unwrap();
    }
    let mut effects = Vec::with_capacity(8);
    let _profiler = dhat::Profiler::builder().testing().build();
    let mut link = BtpLink::accept(Millis(0), Limits::default());
    for piece in stream.chunks(333) {
        link.handle(Millis(0), Input::Received(piece), &mut Anybody, &mut effects).unwrap();
        effects.clear();
    }
    dhat::HeapStats::get().max_bytes
}

//! What a link costs beside the bare cipher: read the ratios of one run, not the absolute times.
#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use p2psync_bramble::stream::{
    FRAME_CONTENT_BYTES_MAX, StreamDecoder, StreamEncoder, StreamStart, StreamWriter,
};
use p2psync_bramble::{AgreementPrivateKey, Millis, Role, SecretKey, open, seal};
use p2psync_link::{
    Acquaintance, Effect, Identity, Input, Limits, Link, PairSecrets, PeerBook, PeerHandle, Source, Versions,
};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;

const BYTES: usize = 1 << 20;

/// BTP against the secretbox that it is made of, over the same megabyte: in one box, and in boxes of one frame.
fn btp_encrypt(criterion: &mut Criterion) {
    let data = vec![0x5a; BYTES];
    let key = SecretKey::from_bytes([1; 32]);
    let mut group = criterion.benchmark_group("btp");
    group.throughput(Throughput::Bytes(BYTES as u64));

    let mut out = Vec::with_capacity(2 * BYTES);
    group.bench_function("encrypt/one box", |bencher| {
        bencher.iter(|| {
            out.clear();
            seal(&key, &[2; 24], black_box(&data), &mut out);
        });
    });
    group.bench_function("encrypt/boxes of a frame", |bencher| {
        bencher.iter(|| {
            out.clear();
            for piece in black_box(&data).chunks(FRAME_CONTENT_BYTES_MAX) {
                seal(&key, &[2; 24], piece, &mut out);
            }
        });
    });
    group.bench_function("encrypt/stream", |bencher| {
        bencher.iter(|| {
            out.clear();
            let mut writer = StreamWriter::new(StreamEncoder::new(start()));
            writer.write(black_box(&data), &mut out);
            writer.end(&mut out);
        });
    });

    group.finish();
}

/// The same in the other direction.
fn btp_decrypt(criterion: &mut Criterion) {
    let data = vec![0x5a; BYTES];
    let key = SecretKey::from_bytes([1; 32]);
    let mut group = criterion.benchmark_group("btp");
    group.throughput(Throughput::Bytes(BYTES as u64));
    let mut out = Vec::with_capacity(2 * BYTES);
    let mut boxed = Vec::new();
    seal(&key, &[2; 24], &data, &mut boxed);
    let boxes: Vec<Vec<u8>> = data
        .chunks(FRAME_CONTENT_BYTES_MAX)
        .map(|piece| {
            let mut sealed = Vec::new();
            seal(&key, &[2; 24], piece, &mut sealed);
            sealed
        })
        .collect();
    let mut stream = Vec::new();
    let mut writer = StreamWriter::new(StreamEncoder::new(start()));
    writer.write(&data, &mut stream);
    writer.end(&mut stream);
    group.bench_function("decrypt/one box", |bencher| {
        bencher.iter(|| {
            out.clear();
            assert!(open(&key, &[2; 24], black_box(&boxed), &mut out));
        });
    });
    group.bench_function("decrypt/boxes of a frame", |bencher| {
        bencher.iter(|| {
            out.clear();
            assert!(black_box(&boxes).iter().all(|sealed| open(&key, &[2; 24], sealed, &mut out)));
        });
    });
    group.bench_function("decrypt/stream", |bencher| {
        bencher.iter(|| {
            out.clear();
            let mut decoder = StreamDecoder::new(SecretKey::from_bytes([1; 32]), 0);
            let mut input = black_box(stream.as_slice());
            while decoder.next_frame(&mut input, &mut out).unwrap().is_some() {}
            decoder.finish().unwrap();
        });
    });
    group.finish();
}

fn start() -> StreamStart {
    StreamStart {
        tag: None,
        header_key: SecretKey::from_bytes([1; 32]),
        stream_number: 0,
        header_nonce: [3; 24],
        frame_key: SecretKey::from_bytes([4; 32]),
    }
}

/// Whole handshakes of two devices on one core, and a megabyte over an open link.
fn link(criterion: &mut Criterion) {
    let mut devices = paired();
    criterion.bench_function("link/handshake, both sides", |bencher| {
        bencher.iter(|| black_box(connect(&mut devices)));
    });
    let mut group = criterion.benchmark_group("link");
    group.throughput(Throughput::Bytes(BYTES as u64));
    group.bench_function("a megabyte, sealed and opened", |bencher| {
        bencher.iter_batched(
            || connect(&mut devices.clone()),
            |(mut caller, mut callee, mut book)| transfer(&mut caller, &mut callee, &mut book),
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

#[derive(Clone)]
struct Device {
    identity: Identity,
    book: PeerBook,
    random: ChaCha20Rng,
}

const PEER: PeerHandle = PeerHandle(0);

fn paired() -> [Device; 2] {
    let mut devices = [1, 2].map(|seed| {
        let mut random = ChaCha20Rng::seed_from_u64(seed);
        let static_key = AgreementPrivateKey::random(&mut random);
        Device { identity: Identity { static_key, transport: "lan" }, book: PeerBook::new(), random }
    });
    let keys = devices.each_ref().map(|device| device.identity.static_key.public_key());
    let [alice, bob] = &mut devices;
    for (device, role, static_key) in [(alice, Role::Alice, keys[1]), (bob, Role::Bob, keys[0])] {
        let secrets = PairSecrets::new(SecretKey::from_bytes([9; 32]));
        device.book.insert(PEER, Acquaintance { role, static_key, secrets });
    }
    devices
}

struct Megabyte(usize);

impl Source for Megabyte {
    fn fill(&mut self, room_bytes: usize, out: &mut Vec<u8>) {
        let bytes = room_bytes.min(self.0);
        out.resize(out.len() + bytes, 0x5a);
        self.0 -= bytes;
    }

    fn is_ended(&self) -> bool {
        false
    }
}

/// Two links up to the point where both have proved themselves; and the callee's book.
fn connect([alice, bob]: &mut [Device; 2]) -> (Link, Link, PeerBook) {
    let (now, limits) = (Millis(0), Limits::default());
    let mut caller =
        Link::call(now, &alice.identity, PEER, &alice.book, Versions::ours(), limits, &mut alice.random)
            .unwrap();
    let mut callee = Link::accept(now, bob.identity.clone(), Versions::ours(), limits, &mut bob.random);
    let mut effects = Vec::new();
    for _ in 0..2 {
        let mut flight = Vec::new();
        caller.fill(now, &mut Megabyte(0), 65_536, &mut flight);
        callee.handle(now, Input::Received(&flight), &mut bob.book, &mut effects).unwrap();
        flight.clear();
        callee.fill(now, &mut Megabyte(0), 65_536, &mut flight);
        caller.handle(now, Input::Received(&flight), &mut alice.book, &mut effects).unwrap();
    }
    assert_eq!(effects.iter().filter(|effect| matches!(effect, Effect::Opened { .. })).count(), 2);
    (caller, callee, bob.book.clone())
}

fn transfer(caller: &mut Link, callee: &mut Link, book: &mut PeerBook) -> usize {
    let (mut source, mut received) = (Megabyte(BYTES), 0);
    let (mut flight, mut effects) = (Vec::new(), Vec::new());
    while received < BYTES {
        flight.clear();
        caller.fill(Millis(1), &mut source, 65_536, &mut flight);
        callee.handle(Millis(1), Input::Received(&flight), book, &mut effects).unwrap();
        for effect in effects.drain(..) {
            if let Effect::Received(bytes) = effect {
                received += bytes.len();
            }
        }
    }
    received
}

criterion_group!(benches, btp_encrypt, btp_decrypt, link);
criterion_main!(benches);

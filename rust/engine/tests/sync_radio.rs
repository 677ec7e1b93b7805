//! What meetings cost, all told: handshakes, frames and padding too. On a slow radio that breaks.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod wire;

use p2psync_engine::{AppEvent, NewDocument, Transport};
use wire::World;

const BLUETOOTH: &[Transport] = &[Transport::Bluetooth];

/// 20 kB/s, a tenth of a second each way, and a tenth of a second of buffer.
fn radio() -> World {
    let mut world = World::with(2, BLUETOOTH);
    (world.latency_ms, world.bytes_per_ms, world.buffer_bytes) = (100, 20, 2_048);
    world
}

fn content(number: usize, bytes: usize) -> Vec<u8> {
    let block =
        |index: usize| p2psync_bramble::hash("content", &[&number.to_be_bytes(), &index.to_be_bytes()]);
    (0..bytes.div_ceil(32)).flat_map(block).take(bytes).collect()
}

fn put(world: &mut World, number: usize, content: &[u8]) {
    let now = world.moment(number).wall;
    let device = &mut world.devices[number];
    let new = NewDocument::new("text/plain");
    device.engine.as_mut().unwrap().put(&new, &mut &*content, now, &mut device.random).unwrap();
}

/// How many documents the app of a device was told of.
fn received(world: &World, number: usize) -> usize {
    let count = |event: &AppEvent| match event {
        AppEvent::DocumentsReceived(ids) => ids.len(),
        _ => 0,
    };
    world.devices[number].told.iter().map(count).sum()
}

/// Two that know each other and have had everything, at rest.
fn acquainted() -> World {
    let mut world = radio();
    world.pair(0, 1);
    world.run(5_000);
    for number in 0..2 {
        world.act(number, p2psync_engine::Engine::deactivate);
    }
    world.run(1_000);
    world
}

fn on_the_air(world: &World) -> u64 {
    world.bytes_sent(0, 1) + world.bytes_sent(1, 0)
}

/// What a transfer of so many documents cost: bytes on the air, how long it took, and how often it was cut.
fn transfer(world: &mut World, documents: usize, cut_every_ms: Option<u64>) -> (u64, u64, u64) {
    let mut cuts = 0;
    let (bytes_before, began_ms) = (on_the_air(world), world.now_ms);
    world.all_discover();
    let is_done = |world: &World| received(world, 1) == documents;
    while !world.run_until(cut_every_ms.unwrap_or(3_600_000), is_done) {
        assert!(world.now_ms - began_ms < 3_600_000, "{} came", received(world, 1));
        world.cut(0, 1);
        cuts += 1;
    }
    (on_the_air(world) - bytes_before, world.now_ms - began_ms, cuts)
}

#[test]
fn a_meeting_without_news_costs_at_most_400_bytes() {
    let mut world = acquainted();
    for number in 0..20 {
        put(&mut world, 0, &content(number, 2_048));
    }
    transfer(&mut world, 20, None);
    world.run(10_000);
    for number in 0..2 {
        world.act(number, p2psync_engine::Engine::deactivate);
    }
    world.run(1_000);
    let before = on_the_air(&world);
    world.all_discover();
    world.run(20_000);
    assert!(world.linked(0, 1));
    let bytes = on_the_air(&world) - before;
    assert!(bytes <= 400, "{bytes}");
}

#[test]
fn forms_cost_little_more_than_their_bytes() {
    for (cut_every_ms, percent) in [(None, 104), (Some(30_000), 106)] {
        let mut world = acquainted();
        let forms = 400;
        for number in 0..forms {
            put(&mut world, 0, &content(number, 2_048));
        }
        let (bytes, took_ms, _) = transfer(&mut world, forms, cut_every_ms);
        let documents = forms as u64 * 2_300;
        assert!(bytes * 100 <= documents * percent, "{bytes} for {documents}, cut: {cut_every_ms:?}");
        assert!(took_ms * 100 <= documents / 20 * 115, "{took_ms} ms, cut: {cut_every_ms:?}");
    }
}

#[test]
fn photos_cost_little_more_than_their_bytes() {
    for cut_every_ms in [None, Some(30_000)] {
        let mut world = acquainted();
        for number in 0..2 {
            put(&mut world, 0, &content(number, 3_000_000));
        }
        let (bytes, took_ms, cuts) = transfer(&mut world, 2, cut_every_ms);
        // What is in the air and in the transport's buffer is lost with each cut, and the next meeting begins anew.
        assert!(bytes <= 6_000_000 * 102 / 100 + cuts * 16_384, "{bytes}, {cuts} cuts");
        assert!(took_ms * 100 <= 6_000_000 / 20 * 115, "{took_ms} ms, cut: {cut_every_ms:?}");
    }
}

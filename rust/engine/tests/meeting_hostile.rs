//! Strangers that knock, shout and lie; copies of a device; disks that fail.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod wire;

use p2psync_engine::{
    Advert, Code, ConnectionId, DiscoveryOptions, Engine, Event, NearbyId, PairingStep, SightingId, Tag,
    Transport,
};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};
use wire::World;

const LAN: [Transport; 1] = [Transport::Lan];

fn hidden() -> DiscoveryOptions {
    DiscoveryOptions { is_discoverable: false, seconds: 3_600, ..DiscoveryOptions::default() }
}

/// Strangers connect a thousand times a minute, for ten minutes, and say what `words` gives.
fn flood(world: &mut World, mut words: impl FnMut(u32) -> Vec<u8>) -> usize {
    let mut most_open = 0;
    for number in 0..10_000 {
        let connection = world.intrude(0, Transport::Lan);
        world.speak(0, connection, &words(number));
        most_open = most_open.max(world.open_of(0));
        world.run(60);
    }
    most_open
}

#[test]
fn a_flood_of_strangers_hears_nothing_and_keeps_no_friend_away() {
    let mut world = World::with(2, &LAN);
    world.pair(0, 1);
    world.kill(1);
    world.act(0, Engine::deactivate);
    world.discover(0, &hidden());
    let mut random = ChaCha20Rng::seed_from_u64(1);
    let most_open = flood(&mut world, |number| {
        let mut words = vec![0; 200];
        random.fill_bytes(&mut words);
        if number % 3 == 0 {
            words[..4].copy_from_slice(&[4, 17, 0, 30]);
        }
        words
    });
    assert!(most_open <= 4, "{most_open}");
    assert_eq!(world.said_to_intruders(0), 0);
    assert!(
        world.devices[0].told.iter().all(|event| !matches!(event, p2psync_engine::AppEvent::Pairing(_))
            || world.devices[0].told.len() < 20)
    );
    assert_eq!(
        world.devices[0].outcomes().len(),
        2,
        "strangers leave no trace: {:?}",
        world.devices[0].outcomes()
    );
    // While it goes on, a friend comes: this device dials it.
    world.restart(1);
    world.discover(1, &hidden());
    for _ in 0..600 {
        world.intrude(0, Transport::Lan);
        world.run(60);
    }
    assert!(world.linked(0, 1));
}

#[test]
fn an_open_device_shows_its_key_to_three_strangers_and_no_more() {
    let mut world = World::with(1, &[]);
    world.all_discover();
    let opening = [&[4_u8, 17, 0, 23, 4, 0x60, 0x51, 16][..], &[7; 16], &[0x80, 0, 0]].concat();
    let most_open = flood(&mut world, |_| opening.clone());
    assert!(most_open <= 4, "{most_open}");
    let said = world.said_to_intruders(0);
    // Three comparisons in each ten minutes; each says a payload, a key at most, and that it is over.
    assert!((1..=6 * 200).contains(&said), "{said} bytes");
    assert_eq!(world.steps_of(0), Vec::<&str>::new(), "no digits, no news");
}

#[test]
fn a_code_survives_those_who_have_not_seen_it() {
    let mut world = World::with(2, &LAN);
    let address = wire::Air::address(0);
    let shown = world.act(0, |engine, step| engine.show_code(step, &[address], true)).unwrap();
    let opening = [&[4_u8, 16, 0, 60][..], &[5; 60]].concat();
    for _ in 0..5 {
        let connection = world.intrude(0, Transport::Lan);
        world.speak(0, connection, &opening);
        world.run(4_000);
    }
    assert_eq!(world.said_to_intruders(0), 5 * 4, "ABORT, and nothing else");
    assert_eq!(world.steps_of(0), ["waitingForScan"]);
    world.act(1, |engine, step| engine.scan_code(step, &shown.text, true, false)).unwrap();
    assert!(world.run_until(5_000, |world| world.linked(0, 1)));
}

#[test]
fn a_sky_full_of_adverts_costs_a_bounded_list_and_few_dials() {
    let mut world = World::with(2, &LAN);
    world.pair(0, 1);
    world.leave(0, 1);
    world.discover(0, &hidden());
    let dials = world.devices[0].dials;
    for number in 0..3_000_u64 {
        let tag = Tag::from_bytes((number + 1_000).to_be_bytes());
        let (sighting, transport) = (SightingId(1_000 + number), Transport::Bluetooth);
        let advert = Some(Advert { tag, is_open: number % 2 == 0 });
        world.act(0, |engine, step| {
            engine.handle(step, Event::Sighted { sighting, transport, advert, expected: None });
        });
    }
    assert!(world.near(0).len() <= 400, "{}", world.near(0).len());
    world.run(60_000);
    assert!(world.devices[0].dials - dials <= 13, "{} dials in a minute", world.devices[0].dials - dials);
    world.meet(0, 1, &LAN);
    world.discover(1, &hidden());
    assert!(world.run_until(30_000, |world| world.linked(0, 1)), "a friend is found all the same");
}

#[test]
fn a_copy_of_a_device_is_found_out() {
    let mut world = World::with(2, &LAN);
    world.pair(0, 1);
    world.run(1_000);
    let snapshot = world.snapshot(0);
    let copy = world.clone_of(&snapshot);
    assert_eq!(world.id(copy), world.id(0));
    // It sees itself, and takes it for an echo.
    world.air.join(0, copy, &LAN);
    world.kill(1);
    for number in [0, copy] {
        world.discover(number, &hidden());
    }
    let dials = world.devices[copy].dials;
    world.run(60_000);
    assert_eq!((world.devices[copy].dials, world.near(copy).len()), (dials, 0));
    // It cannot pair with itself.
    world.scan(0, copy, [true, true]);
    world.run(5_000);
    for number in [0, copy] {
        let failed = world.pairings(number).into_iter().find_map(|state| match state.step {
            PairingStep::Failed(error) => Some(error.code()),
            _ => None,
        });
        assert!(
            matches!(failed, Some(Code::AuthenticationFailed | Code::PeerRefused | Code::PeerLost)),
            "{failed:?}"
        );
    }
}

#[test]
fn of_a_device_and_its_copy_the_one_met_last_is_known() {
    let mut world = World::with(2, &LAN);
    world.pair(0, 1);
    world.run(1_000);
    let snapshot = world.snapshot(0);
    for _ in 0..2 {
        world.kill(0);
        world.restart(0);
        world.discover(0, &hidden());
        world.discover(1, &hidden());
        assert!(world.run_until(30_000, |world| world.linked(0, 1)));
    }
    world.kill(0);
    // The phone was lost, and its backup is brought back on another one: its secrets are of yesterday.
    let copy = world.clone_of(&snapshot);
    world.air.join(1, copy, &LAN);
    world.discover(copy, &hidden());
    world.run(120_000);
    let peer = world.id(1);
    let needs_pairing = |world: &World, number: usize| {
        world.devices[number].engine().peers().iter().any(|known| known.needs_pairing)
    };
    assert!(needs_pairing(&world, copy) || needs_pairing(&world, 1));
    assert_eq!(world.devices[copy].engine().activity().connected_peers, 0);
    world.scan(1, copy, [true, true]);
    let is_linked = |world: &World| world.devices[copy].engine().activity().connected_peers == 1;
    assert!(world.run_until(10_000, is_linked), "{peer}");
    world.run(60_000);
    assert!(is_linked(&world));
    // From now on the old phone is the copy.
    world.kill(copy);
    world.restart(0);
    world.discover(0, &hidden());
    world.run(120_000);
    assert_eq!(world.devices[0].engine().activity().connected_peers, 0);
}

#[test]
fn what_cannot_be_stored_is_not_relied_upon() {
    let mut world = World::with(2, &LAN);
    world.devices[0].disk.fail_full_after(0);
    world.scan(1, 0, [true, true]);
    world.run(5_000);
    assert!(world.peer(0, 1).is_none() && !world.linked(0, 1), "no pair without a store");
    let failed = world.pairings(0).pop().unwrap().step;
    assert!(matches!(&failed, PairingStep::Failed(error) if error.code() == Code::NoSpace), "{failed:?}");
    world.devices[0].disk.fail_full_after(None);
    world.run(70_000);
    world.pair(1, 0);

    world.run(1_000);
    for number in 0..2 {
        world.kill(number);
        world.restart(number);
    }
    world.devices[0].disk.fail_full_after(0);
    let said = world.bytes_sent(0, 1);
    world.all_discover();
    world.run(30_000);
    assert!(!world.linked(0, 1));
    let said = world.bytes_sent(0, 1) - said;
    assert_eq!(said % 96, 0, "{said} bytes: openings depend on nothing, and nothing else may leave");
    assert!(world.devices[0].problems().contains(&"NO_SPACE"), "{:?}", world.devices[0].problems());
    world.devices[0].disk.fail_full_after(None);
    assert!(world.run_until(60_000, |world| world.linked(0, 1)), "nothing was lost by it");
}

#[test]
fn nonsense_from_the_host_or_the_app_is_passed_over() {
    let mut world = World::with(2, &LAN);
    world.pair(0, 1);
    let nobody = p2psync_model::PeerId::from_bytes([1; 32]);
    for event in [
        Event::Received { connection: ConnectionId(99_999), bytes: b"words" },
        Event::Closed(ConnectionId(99_999)),
        Event::DialFailed(p2psync_engine::DialId(99_999)),
        Event::Lost(SightingId(99_999)),
        Event::Tick,
    ] {
        world.act(0, |engine, step| engine.handle(step, event));
    }
    let now = world.moment(0);
    let mut out = Vec::new();
    world.devices[0].engine.as_mut().unwrap().fill(now, ConnectionId(99_999), 1_000, &mut out);
    assert!(out.is_empty() && world.linked(0, 1));
    let missing = Code::NotFound;
    let forgotten = world.act(0, |engine, step| engine.forget_peer(step, &nobody));
    assert_eq!(forgotten.unwrap_err().code(), missing);
    let confirmed = world.act(0, |engine, step| {
        engine.confirm(step, NearbyId::Found(5), p2psync_engine::Verdict::Match, true)
    });
    assert_eq!(confirmed.unwrap_err().code(), missing);
    let connected = world.act(0, |engine, step| engine.connect(step, NearbyId::Found(5)));
    assert_eq!(connected.unwrap_err().code(), Code::PeerLost);
    let long = "x".repeat(51);
    let id = world.id(1);
    let change = p2psync_engine::PeerChange { name: Some(&long), ..p2psync_engine::PeerChange::default() };
    let renamed = world.act(0, |engine, step| engine.update_peer(step, &id, change));
    assert_eq!(renamed.unwrap_err().code(), Code::InvalidArgument);
}

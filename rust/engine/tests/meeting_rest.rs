//! When sync is active, when it is at rest, and what each costs.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod wire;

use p2psync_engine::{
    Advert, AppEvent, ConnectionId, DiscoveryOptions, Effect, Engine, Event, Radios, SightingId, Tag,
    Transport, TransportState,
};
use wire::World;

const LAN: [Transport; 1] = [Transport::Lan];

fn looking(seconds: u32, keep_syncing: bool) -> DiscoveryOptions {
    DiscoveryOptions { seconds, keep_syncing, ..DiscoveryOptions::default() }
}

fn is_active(world: &World, number: usize) -> bool {
    world.devices[number].engine().activity().is_active
}

#[test]
fn at_rest_fifty_peers_cost_nothing() {
    let mut world = World::new();
    world.add(p2psync_model::Policy::default());
    for number in 1..=50 {
        world.add(p2psync_model::Policy::default());
        world.air.join(0, number, &LAN);
        world.pair(0, number);
        world.act(number, Engine::deactivate);
        world.act(0, Engine::deactivate);
        world.devices[number].engine = None;
    }
    assert_eq!(world.devices[0].engine().peers().len(), 50);
    assert_eq!(world.devices[0].engine().deadline(), None);
    let (steps, wake_ups) = (world.devices[0].steps, world.devices[0].wake_ups);
    world.run(86_400_000);
    assert_eq!((world.devices[0].steps, world.devices[0].wake_ups), (steps, wake_ups), "a whole day");
    let bytes = world.bytes_sent(0, 1);
    for number in 0..1_000_u64 {
        let advert = Some(Advert { tag: Tag::from_bytes(number.to_be_bytes()), is_open: number % 2 == 0 });
        let (sighting, transport) = (SightingId(number), Transport::Lan);
        let event = Event::Sighted { sighting, transport, advert, expected: None };
        assert_eq!(effects(&mut world, event), []);
        assert_eq!(effects(&mut world, Event::Tick), []);
    }
    let connection = ConnectionId(u64::MAX);
    let refused = effects(&mut world, Event::Opened { connection, transport: Transport::Lan, dialled: None });
    assert_eq!(refused, [Effect::Close { connection, last_words: vec![] }]);
    assert_eq!((world.devices[0].engine().deadline(), world.bytes_sent(0, 1)), (None, bytes));
}

fn effects(world: &mut World, event: Event<'_>) -> Vec<Effect> {
    let mut seen = Vec::new();
    world.act(0, |engine, step| {
        let p2psync_engine::Step { now, random, .. } = step;
        engine.handle(p2psync_engine::Step { now, random, effects: &mut seen }, event);
    });
    seen
}

#[test]
fn discovery_ends_by_itself_and_activity_with_the_last_connection() {
    let mut world = World::with(2, &LAN);
    world.discover(0, &looking(10, false));
    assert!(is_active(&world, 0));
    world.run(9_999);
    assert!(is_active(&world, 0));
    world.run(1);
    assert!(!is_active(&world, 0) && world.devices[0].engine().deadline().is_none());
    assert_eq!(world.devices[0].radios, Radios::default());

    world.pair(0, 1);
    for number in 0..2 {
        world.discover(number, &looking(10, false));
    }
    world.run(60_000);
    let activity = world.devices[0].engine().activity();
    assert!(activity.is_active && !activity.is_discovering && activity.connected_peers == 1);
    assert!(world.devices[0].radios.adverts.is_empty() && !world.devices[0].radios.scan);
    world.leave(0, 1);
    world.run(1_000);
    assert!(!is_active(&world, 0) && !is_active(&world, 1));
    let mut told = world.devices[0].told.iter().rev();
    let last = told.find_map(|event| if let AppEvent::StatusChanged(now) = event { Some(now) } else { None });
    assert!(!last.unwrap().is_active, "the app knows");
}

#[test]
fn whoever_keeps_syncing_is_there_until_told_otherwise() {
    let mut world = World::with(2, &LAN);
    world.pair(0, 1);
    world.run(1_000);
    for number in 0..2 {
        world.act(number, Engine::deactivate);
    }
    world.discover(0, &looking(10, true));
    world.run(3_600_000);
    assert!(is_active(&world, 0));
    assert_eq!(world.devices[0].radios.adverts.len(), 1, "for peers, not for anybody");
    world.discover(1, &looking(10, false));
    assert!(world.run_until(10_000, |world| world.linked(0, 1)));
    world.act(0, Engine::stop_discovery);
    world.leave(0, 1);
    world.run(1_000);
    assert!(!is_active(&world, 0));
}

#[test]
fn deactivation_closes_everything_at_once() {
    let mut world = World::with(4, &LAN);
    world.pair(0, 1);
    world.scan(0, 2, [false, true]);
    assert!(world.run_until(5_000, |world| world.linked(0, 2)));
    world.all_discover();
    assert!(world.compare(3, 0));
    world.act(0, |engine, step| engine.show_code(step, &[], true)).unwrap();
    assert_eq!((world.open_of(0), world.devices[0].engine().peers().len()), (3, 2));
    world.act(0, Engine::deactivate);
    assert_eq!(world.open_of(0), 0);
    assert_eq!(
        (world.devices[0].radios.clone(), world.devices[0].engine().deadline()),
        (Radios::default(), None)
    );
    assert!(world.near(0).is_empty() && world.steps_of(0).contains(&"cancelled"));
    let kept: Vec<_> = world.devices[0].engine().peers().iter().map(|peer| peer.id).collect();
    assert_eq!(kept, [world.id(1)], "who was not to be remembered is forgotten");
    world.run(1_000);
    assert_eq!(world.open_of(0), 0);
    assert_eq!(world.devices[1].outcomes()[0], "sync nothingNew", "the others know that it was on purpose");
    assert!(world.steps_of(3).contains(&"failed"));
    assert!(world.devices[0].outcomes().iter().any(|outcome| outcome == "sync nothingNew"));
}

#[test]
fn adverts_change_and_have_nothing_in_common() {
    let mut world = World::with(2, &LAN);
    let mut shown: Vec<[u8; 8]> = Vec::new();
    for hour in 0..3 {
        world.discover(0, &looking(3_600, false));
        for _ in 0..4 {
            world.run(14 * 60_000);
            shown.extend(world.devices[0].radios.adverts.iter().map(|advert| *advert.tag.as_bytes()));
        }
        world.act(0, Engine::deactivate);
        assert!(world.devices[0].radios.adverts.is_empty(), "{hour}");
    }
    shown.sort_unstable();
    shown.dedup();
    assert!(shown.len() >= 12, "{}", shown.len());
    for (number, tag) in shown.iter().enumerate() {
        for other in &shown[..number] {
            let shares = tag.windows(4).any(|window| other.windows(4).any(|theirs| theirs == window));
            assert!(!shares, "{tag:?} {other:?}");
        }
    }
}

#[test]
fn a_transport_without_room_is_not_asked_all_the_time() {
    let mut world = World::with(2, &LAN);
    world.pair(0, 1);
    world.all_discover();
    world.run(5_000);
    let buffer_bytes = core::mem::take(&mut world.buffer_bytes);
    let wake_ups = world.devices[0].wake_ups;
    world.run(50_000);
    // The link wants to say that it is alive, and cannot.
    assert!(world.linked(0, 1) && world.devices[0].wake_ups - wake_ups < 100);
    world.buffer_bytes = buffer_bytes;
    world.run(100_000);
    assert!(world.linked(0, 1) && world.connections_between(0, 1) == 1, "it is still the same link");
}

#[test]
fn the_status_says_what_the_host_says_of_transports() {
    let mut world = World::with(1, &[]);
    world.act(0, |engine, step| {
        engine.handle(step, Event::TransportChanged(Transport::Bluetooth, TransportState::Off));
    });
    let told = AppEvent::StatusChanged(world.devices[0].engine().activity());
    assert_eq!(world.devices[0].told, [told]);
    let states = world.devices[0].engine().activity().transports;
    assert_eq!(states.into_iter().collect::<Vec<_>>(), [(Transport::Bluetooth, TransportState::Off)]);
}

#[test]
fn the_history_is_bounded_and_comes_in_pages() {
    let mut world = World::with(2, &LAN);
    world.pair(0, 1);
    world.all_discover();
    for _ in 0..12 {
        world.run(3_000);
        world.cut(0, 1);
        world.run(100);
        assert!(world.run_until(60_000, |world| world.linked(0, 1)));
    }
    let engine = world.devices[0].engine();
    let first = engine.history(None, 5).unwrap();
    let rest = engine.history(first.next, 1_000).unwrap();
    assert_eq!((first.entries.len(), rest.next), (5, None));
    let entries: Vec<_> = first.entries.iter().chain(&rest.entries).collect();
    assert!(entries.len() >= 13 && entries.is_sorted_by(|one, next| one.at >= next.at));
    assert!(entries.iter().all(|entry| entry.peer == Some(world.id(1)) && !entry.name.is_empty()));
    assert!(entries[0].bytes > 200, "{:?}", entries[0]);
}

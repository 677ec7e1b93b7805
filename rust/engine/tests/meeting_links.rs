//! Peers find each other by themselves, keep one link, and lose it honestly.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod wire;

use p2psync_engine::{DiscoveryOptions, NearbyId, NearbyState, PeerChange, Transport};
use wire::World;

const LAN: [Transport; 1] = [Transport::Lan];
const BLUETOOTH: [Transport; 1] = [Transport::Bluetooth];
const YEAR_MS: i64 = 365 * 86_400_000;

/// Two that know each other and have just started again.
fn acquainted(transports: &[Transport]) -> World {
    let mut world = World::with(2, transports);
    world.pair(0, 1);
    world.run(1_000);
    restart_all(&mut world);
    world
}

fn restart_all(world: &mut World) {
    for number in 0..world.devices.len() {
        world.kill(number);
        world.restart(number);
        world.devices[number].told.clear();
    }
    world.run(500);
}

#[test]
fn peers_find_each_other_again_after_a_restart() {
    let mut world = acquainted(&LAN);
    world.all_discover();
    assert!(world.run_until(10_000, |world| world.linked(0, 1)));
    assert_eq!((world.steps_of(0).len(), world.steps_of(1).len()), (0, 0), "nobody was asked");
    world.run(300);
    assert_eq!(world.near(0)[0].id, NearbyId::Peer(world.id(1)));
    assert_eq!((world.near(0).len(), world.near(0)[0].state), (1, NearbyState::Connected));
    world.run(300_000);
    assert!(world.linked(0, 1), "it stays");
    assert_eq!(world.devices[0].dials + world.devices[1].dials, 2, "one for the pairing, one for the link");
}

#[test]
fn the_smaller_tag_dials_and_the_other_only_if_it_must() {
    for isolated in [false, true] {
        let mut world = acquainted(&LAN);
        world.all_discover();
        world.run(1_000);
        let before = [0, 1].map(|number: usize| world.devices[number].dials);
        assert!(world.linked(0, 1));
        // Which of them has the smaller tag is chance: the one that dialled is made blind.
        let smaller = usize::from(before[1] > before[0].min(1));
        if isolated {
            restart_all(&mut world);
            let blind = DiscoveryOptions { transports: [].into(), ..DiscoveryOptions::default() };
            world.discover(1 - smaller, &DiscoveryOptions::default());
            world.discover(smaller, &blind);
            world.run(20_000);
            assert!(!world.linked(0, 1), "who may use no transport is not reached");
        }
    }
}

#[test]
fn both_dial_at_once_and_one_link_stays() {
    for latency_ms in [1, 20, 200, 1_000] {
        let mut world = acquainted(&LAN);
        world.latency_ms = latency_ms;
        world.all_discover();
        world.run(100);
        for (number, other) in [(0, 1), (1, 0)] {
            let with = NearbyId::Peer(world.id(other));
            world.act(number, |engine, step| engine.connect(step, with)).unwrap();
        }
        assert_eq!(
            [world.devices[0].dials, world.devices[1].dials].iter().sum::<u32>(),
            3,
            "and one to pair"
        );
        assert!(world.run_until(20_000, |world| world.linked(0, 1)));
        world.run(10_000);
        assert!(world.linked(0, 1), "{latency_ms}");
        assert_eq!(world.open_between(0, 1).len(), 1, "{latency_ms}");
    }
}

#[test]
fn the_better_transport_wins_and_the_worse_one_is_better_than_none() {
    let mut world = acquainted(&BLUETOOTH);
    world.all_discover();
    assert!(world.run_until(10_000, |world| world.linked(0, 1)));
    assert_eq!(world.open_between(0, 1), BLUETOOTH);
    world.meet(0, 1, &LAN);
    assert!(
        world.run_until(20_000, |world| world.open_between(0, 1) == LAN),
        "{:?}",
        world.open_between(0, 1)
    );
    assert!(world.linked(0, 1));
    world.air.part(0, 1, &LAN);
    world.cut(0, 1);
    assert!(world.run_until(30_000, |world| world.open_between(0, 1) == BLUETOOTH && world.linked(0, 1)));
}

#[test]
fn an_access_point_that_keeps_its_guests_apart_is_got_round() {
    let mut world = acquainted(&[Transport::Lan, Transport::Bluetooth]);
    world.air.keep_apart(0, 1, Transport::Lan);
    world.all_discover();
    assert!(world.run_until(30_000, |world| world.linked(0, 1)));
    assert_eq!(world.open_between(0, 1), BLUETOOTH);
    let dials = world.devices[0].dials + world.devices[1].dials;
    world.run(600_000);
    let dials = world.devices[0].dials + world.devices[1].dials - dials;
    assert!(world.linked(0, 1) && dials < 20, "{dials} attempts in ten minutes");
}

#[test]
fn a_cut_link_comes_back_and_a_dead_one_is_replaced() {
    let mut world = acquainted(&LAN);
    world.all_discover();
    for _ in 0..5 {
        assert!(world.run_until(20_000, |world| world.linked(0, 1)));
        world.run(12_000);
        world.cut(0, 1);
        world.run(100);
        assert!(!world.linked(0, 1));
    }
    assert!(world.run_until(20_000, |world| world.linked(0, 1)));
    // One side restarts; to the other the old link looks alive.
    world.run(12_000);
    world.silence(0, 1);
    world.kill(0);
    world.restart(0);
    world.discover(0, &DiscoveryOptions { seconds: 3_600, ..DiscoveryOptions::default() });
    world.run(20_000);
    assert!(world.linked(0, 1) && world.open_of(1) == 1);
    let outcomes = world.devices[1].outcomes();
    assert!(outcomes.iter().filter(|outcome| *outcome == "sync PEER_LOST").count() >= 5, "{outcomes:?}");
}

#[test]
fn the_first_byte_tells_a_link_from_a_pairing() {
    let mut world = World::with(2, &LAN);
    world.pair(0, 1);
    world.all_discover();
    for _ in 0..60 {
        assert!(world.run_until(60_000, |world| world.linked(0, 1)));
        world.run(10_500);
        world.cut(0, 1);
        world.run(100);
    }
    let first = world.first_bytes(0, 1);
    assert_eq!(first[0], 4, "a pairing begins with its version");
    assert!(first.len() > 50 && first[1..].iter().all(|byte| *byte >= 0x20), "{first:?}");
}

#[test]
fn a_peer_that_is_gone_without_a_word_is_missed_in_a_minute() {
    let mut world = acquainted(&LAN);
    world.all_discover();
    assert!(world.run_until(10_000, |world| world.linked(0, 1)));
    world.silence(0, 1);
    world.air.part(0, 1, &LAN);
    assert!(!world.run_until(25_000, |world| !world.linked(0, 1)));
    assert!(world.run_until(65_000, |world| world.near(0)[0].state != NearbyState::Connected));
    assert_eq!(world.devices[0].outcomes()[0], "sync TIMEOUT");
}

#[test]
fn forgotten_on_one_side_people_are_told_to_pair_again() {
    let mut world = acquainted(&LAN);
    let id = world.id(1);
    world.act(0, |engine, step| engine.forget_peer(step, &id)).unwrap();
    world.all_discover();
    // The forgotten one cannot even see that it is the same device.
    world.run(5_000);
    let seen: Vec<_> = world.near(1).iter().map(|near| near.is_known).collect();
    assert_eq!(seen, [false]);
    world.run(120_000);
    assert!(!world.linked(0, 1) && world.peer(0, 1).is_none());
    world.pair(0, 1);
    assert!(world.peer(1, 0).unwrap().is_connected);
}

#[test]
fn a_peer_that_lost_its_memory_is_told_of_and_not_pestered() {
    let mut world = World::with(2, &LAN);
    world.scan(0, 1, [false, true]);
    assert!(world.run_until(5_000, |world| world.linked(0, 1)));
    restart_all(&mut world);
    // Device 0 did not keep device 1, but its adverts are still the same.
    world.all_discover();
    assert!(world.run_until(60_000, |world| world.peer(1, 0).unwrap().needs_pairing));
    assert_eq!(world.devices[1].problems(), ["AUTHENTICATION_FAILED"]);
    assert!(world.near(1).iter().any(|near| near.needs_pairing));
    let dials = world.devices[1].dials;
    world.run(600_000);
    assert!(world.devices[1].dials - dials <= 4, "{} dials in ten minutes", world.devices[1].dials - dials);
    assert_eq!(world.devices[1].problems().len(), 1);
    assert_eq!(world.devices[0].problems().len(), 0, "strangers are no news");
    world.pair(0, 1);
    assert!(!world.peer(1, 0).unwrap().needs_pairing);
}

#[test]
fn other_peers_learn_what_is_shown_after_one_was_forgotten() {
    let mut world = World::with(3, &LAN);
    world.pair(0, 1);
    world.pair(0, 2);
    restart_all(&mut world);
    let id = world.id(2);
    world.act(0, |engine, step| engine.forget_peer(step, &id)).unwrap();
    world.all_discover();
    assert!(world.run_until(20_000, |world| world.linked(0, 1)), "this device sees and dials");
    world.run(1_000);
    let ended = world.id(0);
    world.act(1, |engine, step| engine.disconnect(step, &ended));
    world.run(1_000);
    restart_all(&mut world);
    world.discover(0, &DiscoveryOptions::default());
    world.discover(1, &DiscoveryOptions { is_discoverable: false, ..DiscoveryOptions::default() });
    world.run(300);
    assert_eq!(world.near(1)[0].id, NearbyId::Peer(world.id(0)), "the other sees again who it is");
}

#[test]
fn blocked_peers_are_strangers_until_they_are_not() {
    let mut world = acquainted(&LAN);
    let id = world.id(1);
    let blocked = |is_blocked| PeerChange { is_blocked: Some(is_blocked), ..PeerChange::default() };
    world.all_discover();
    assert!(world.run_until(10_000, |world| world.linked(0, 1)));
    world.act(0, |engine, step| engine.update_peer(step, &id, blocked(true))).unwrap();
    world.run(1_000);
    let said = world.bytes_sent(0, 1);
    world.run(60_000);
    assert!(!world.linked(0, 1) && world.open_between(0, 1).is_empty());
    assert_eq!(world.bytes_sent(0, 1), said, "it hears what a stranger hears");
    let refused = world.act(0, |engine, step| engine.connect(step, NearbyId::Peer(id)));
    assert_eq!(refused.unwrap_err().code().as_str(), "NOT_FOUND");
    restart_all(&mut world);
    assert!(world.peer(0, 1).unwrap().is_blocked);
    world.act(0, |engine, step| engine.update_peer(step, &id, blocked(false))).unwrap();
    world.all_discover();
    assert!(world.run_until(10_000, |world| world.linked(0, 1)));
}

#[test]
fn disconnected_means_disconnected_until_it_is_wanted() {
    let mut world = acquainted(&LAN);
    world.all_discover();
    assert!(world.run_until(10_000, |world| world.linked(0, 1)));
    world.run(12_000);
    let id = world.id(1);
    world.act(0, |engine, step| engine.disconnect(step, &id));
    world.run(300_000);
    assert!(!world.linked(0, 1) && world.open_between(0, 1).is_empty());
    assert!(world.devices.iter().all(|device| device.problems().is_empty()));
    world.act(0, |engine, step| engine.connect(step, NearbyId::Peer(id))).unwrap();
    assert!(world.run_until(5_000, |world| world.linked(0, 1)));
    let quiet = PeerChange { auto_sync: Some(false), ..PeerChange::default() };
    restart_all(&mut world);
    world.act(0, |engine, step| engine.update_peer(step, &id, quiet)).unwrap();
    world.all_discover();
    world.run(60_000);
    assert!(!world.linked(0, 1), "it does not synchronise by itself");
}

#[test]
fn clocks_may_be_wrong_by_years() {
    for years in [-50, -3, 3, 70] {
        let mut world = acquainted(&LAN);
        world.devices[1].clock_off_ms = years * YEAR_MS;
        world.all_discover();
        assert!(world.run_until(60_000, |world| world.linked(0, 1)), "{years}");
        // And two phones that have never met pair.
        let mut world = World::with(2, &LAN);
        world.devices[0].clock_off_ms = years * YEAR_MS;
        let address = wire::Air::address(0);
        let shown = world.act(0, |engine, step| engine.show_code(step, &[address], true)).unwrap();
        world.act(1, |engine, step| engine.scan_code(step, &shown.text, true, true)).unwrap();
        assert!(world.run_until(10_000, |world| world.linked(0, 1)), "{years}");
    }
}

#[test]
fn a_clock_that_jumps_ends_nothing() {
    let mut world = acquainted(&LAN);
    world.all_discover();
    assert!(world.run_until(10_000, |world| world.linked(0, 1)));
    for years in [-50, 0, 70, 1] {
        world.devices[0].clock_off_ms = years * YEAR_MS;
        world.run(70_000);
        assert!(world.linked(0, 1), "{years}");
    }
    assert_eq!(world.devices[0].dials + world.devices[1].dials, 2);
}

#[test]
fn three_are_linked_each_with_each() {
    let mut world = World::with(3, &[Transport::Lan, Transport::Bluetooth]);
    for (one, other) in [(0, 1), (1, 2), (0, 2)] {
        world.pair(one, other);
    }
    restart_all(&mut world);
    world.all_discover();
    let all = |world: &World| world.linked(0, 1) && world.linked(1, 2) && world.linked(0, 2);
    assert!(world.run_until(30_000, all));
    world.run(60_000);
    assert!(all(&world));
    for number in 0..3 {
        assert_eq!(
            (world.open_of(number), world.devices[number].engine().activity().connected_peers),
            (2, 2)
        );
    }
}

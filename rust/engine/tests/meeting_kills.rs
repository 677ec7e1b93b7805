//! A device loses its power at every step. Whatever was stored leads on; nobody is locked out, and nothing sticks.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod wire;

use p2psync_engine::{Transport, Verdict};
use wire::World;

const LAN: [Transport; 1] = [Transport::Lan];

/// Both are on, and look for each other.
fn recover(world: &mut World) {
    for number in 0..2 {
        if world.devices[number].engine.is_none() {
            world.restart(number);
        }
    }
    world.all_discover();
}

#[test]
fn killed_at_any_step_of_a_link_they_meet_again_by_themselves() {
    let mut world = World::with(2, &LAN);
    world.pair(0, 1);
    let mut kills = 0;
    for step in 1..30 {
        for victim in 0..2 {
            for number in 0..2 {
                world.kill(number);
                world.restart(number);
            }
            world.all_discover();
            world.kill_at = Some((victim, world.steps + step));
            world.run_until(3_000, |world| world.devices[victim].engine.is_none());
            kills += usize::from(world.devices[victim].engine.is_none());
            world.kill_at = None;
            recover(&mut world);
            assert!(world.run_until(60_000, |world| world.linked(0, 1)), "{victim} killed at step {step}");
        }
    }
    assert!(kills > 10, "{kills}");
    for device in &world.devices {
        assert!(device.problems().is_empty(), "{:?}", device.problems());
    }
}

#[test]
fn killed_at_any_step_of_a_pairing_they_are_a_pair_or_pair_again() {
    let (mut kills, mut pairs) = (0, 0);
    for step in 1..24 {
        for victim in 0..2 {
            let mut world = World::with(2, &LAN);
            world.scan(0, 1, [true, true]);
            world.kill_at = Some((victim, world.steps + step));
            world.run(3_000);
            kills += usize::from(world.devices[victim].engine.is_none());
            world.kill_at = None;
            recover(&mut world);
            let knows = [world.peer(0, 1), world.peer(1, 0)].map(|peer| peer.is_some());
            if knows == [true, true] {
                pairs += 1;
                assert!(world.run_until(60_000, |world| world.linked(0, 1)), "{victim} at {step}: a pair");
            }
            world.run(70_000);
            if !world.linked(0, 1) {
                world.pair(0, 1);
            }
            world.run(10_000);
            assert!(world.linked(0, 1), "{victim} killed at step {step}");
        }
    }
    assert!(kills > 10 && pairs > 3, "{kills} {pairs}");
}

#[test]
fn killed_while_people_compare_the_other_side_hears_of_it() {
    for (victim, other) in [(0, 1), (1, 0)] {
        let mut world = World::with(2, &LAN);
        world.all_discover();
        assert!(world.compare(0, 1));
        world.kill(victim);
        world.run(1_000);
        assert_eq!(world.steps_of(other).last(), Some(&"failed"));
        world.restart(victim);
        world.devices[victim].told.clear();
        world.all_discover();
        world.run(31_000);
        assert!(world.compare(other, victim));
        for number in 0..2 {
            world.confirm(number, Verdict::Match, true);
        }
        assert!(world.run_until(5_000, |world| world.linked(0, 1)));
    }
}

#[test]
fn cut_at_any_moment_of_a_pairing_nothing_sticks() {
    for cut_ms in (0..600).step_by(20) {
        let mut world = World::with(2, &LAN);
        world.scan(0, 1, [true, true]);
        world.run(cut_ms);
        world.cut(0, 1);
        world.run(90_000);
        assert!(world.open_between(0, 1).len() <= 1, "{cut_ms}");
        if !world.linked(0, 1) {
            world.pair(0, 1);
        }
        world.run(20_000);
        assert!(world.linked(0, 1), "{cut_ms}");
    }
}

#[test]
fn cut_at_any_moment_while_both_scan_they_have_one_secret() {
    let mut pairs = 0;
    for cut_ms in (100..500).step_by(8) {
        let mut world = World::with(2, &LAN);
        let texts = [0, 1].map(|number| {
            let address = wire::Air::address(number);
            world.act(number, |engine, step| engine.show_code(step, &[address], true)).unwrap().text
        });
        for (number, text) in [(0, &texts[1]), (1, &texts[0])] {
            world.act(number, |engine, step| engine.scan_code(step, text, true, false)).unwrap();
            world.run(30);
        }
        world.run(cut_ms);
        world.cut(0, 1);
        world.run(70_000);
        world.all_discover();
        if world.peer(0, 1).is_some() && world.peer(1, 0).is_some() {
            pairs += 1;
            assert!(world.run_until(60_000, |world| world.linked(0, 1)), "cut after {cut_ms}");
        }
    }
    assert!(pairs > 20, "{pairs}");
}

#[test]
fn a_link_that_is_cut_all_the_time_locks_nobody_out() {
    let mut world = World::with(2, &LAN);
    world.pair(0, 1);
    world.all_discover();
    for cut in 0..60 {
        world.run(37 * (cut % 17));
        world.cut(0, 1);
    }
    assert!(world.run_until(60_000, |world| world.linked(0, 1)));
    assert!(world.devices.iter().all(|device| device.problems().is_empty()));
}

//! Devices that meet end with the same documents: over links that are slow, and after powers that fail.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod wire;

use std::collections::BTreeSet;

use p2psync_engine::{AppEvent, NewDocument, Query, Transport, Word};
use p2psync_model::DocumentId;
use wire::World;

const LAN: &[Transport] = &[Transport::Lan];

fn put(world: &mut World, number: usize, content: &[u8]) -> DocumentId {
    let now = world.moment(number).wall;
    let device = &mut world.devices[number];
    let new = NewDocument::new("text/plain");
    let put = device.engine.as_mut().unwrap().put(&new, &mut &*content, now, &mut device.random).unwrap();
    put.id
}

fn photo(number: u8, bytes: usize) -> Vec<u8> {
    let block = |index: usize| p2psync_bramble::hash("photo", &[&[number], &index.to_be_bytes()]);
    (0..bytes.div_ceil(32)).flat_map(block).take(bytes).collect()
}

fn documents(world: &World, number: usize) -> BTreeSet<DocumentId> {
    let page = world.devices[number].engine().list(&Query { count_max: 500, ..Query::default() }).unwrap();
    assert!(page.next.is_none());
    page.documents.into_iter().map(|document| document.id).collect()
}

fn same(world: &World, numbers: &[usize]) -> bool {
    let are_on = numbers.iter().all(|number| world.devices[*number].engine.is_some());
    are_on && numbers.windows(2).all(|pair| documents(world, pair[0]) == documents(world, pair[1]))
}

/// The last word that the app of a device was told.
fn word(world: &World, number: usize) -> Option<Word> {
    world.devices[number].told.iter().rev().find_map(|event| match event {
        AppEvent::Progress(progress) => progress.outcome.map(|(word, _)| word),
        _ => None,
    })
}

#[test]
fn two_devices_that_meet_end_with_the_same_forms_and_photos() {
    let mut world = World::with(2, LAN);
    for number in 0..40_u8 {
        put(&mut world, usize::from(number % 2), &photo(number, 700));
    }
    let large = put(&mut world, 0, &photo(100, 300_000));
    let larger = put(&mut world, 1, &photo(101, 100_000));
    world.pair(0, 1);
    assert!(world.run_until(60_000, |world| same(world, &[0, 1])), "{:?}", world.devices[0].problems());
    assert_eq!(documents(&world, 0).len(), 42);
    world.run(1_000);
    for device in 0..2 {
        let status = world.devices[device].engine().status().unwrap();
        assert!(status.is_safe_to_wipe(), "each has everything that the other has: {status:?}");
    }
    for (device, id, bytes) in [(1, large, photo(100, 300_000)), (0, larger, photo(101, 100_000))] {
        let mut read = Vec::new();
        world.devices[device].engine().read(&id, &mut read).unwrap();
        assert!(read == bytes);
    }
    assert!(world.run_until(60_000, |world| {
        word(world, 0) == Some(Word::UpToDate) && word(world, 1) == Some(Word::UpToDate)
    }));
}

#[test]
fn what_is_put_while_a_link_is_open_goes_at_once() {
    let mut world = World::with(2, LAN);
    world.all_discover();
    world.pair(0, 1);
    world.run(1_000);
    let id = put(&mut world, 0, b"later");
    assert!(world.run_until(1_000, |world| documents(world, 1).contains(&id)));
    let received = AppEvent::DocumentsReceived(vec![id]);
    assert!(world.devices[1].told.contains(&received));
}

#[test]
fn what_is_deleted_while_it_is_on_its_way_breaks_nothing() {
    let mut world = World::with(2, LAN);
    let ids: Vec<_> = (0..60).map(|number| put(&mut world, 0, &photo(number, 3_000))).collect();
    world.pair(0, 1);
    let is_under_way = |world: &World| !documents(world, 1).is_empty();
    assert!(world.run_until(20_000, is_under_way));
    world.devices[0].engine.as_mut().unwrap().delete(&ids, false).unwrap();
    world.run(5_000);
    assert!(world.linked(0, 1), "{:?} {:?}", world.devices[0].outcomes(), world.devices[0].problems());
    let id = put(&mut world, 0, b"after that");
    assert!(world.run_until(5_000, |world| documents(world, 1).contains(&id)));
}

#[test]
fn a_third_device_gets_by_the_second_what_the_first_made() {
    let mut world = World::with(3, LAN);
    world.leave(0, 2);
    world.leave(1, 2);
    for number in 0..10 {
        put(&mut world, 0, &photo(number, 2_000));
    }
    put(&mut world, 0, &photo(50, 200_000));
    world.pair(0, 1);
    assert!(world.run_until(60_000, |world| same(world, &[0, 1])));
    world.leave(0, 1);
    world.meet(1, 2, LAN);
    world.pair(1, 2);
    assert!(world.run_until(60_000, |world| same(world, &[0, 1, 2])));
    assert_eq!(documents(&world, 2).len(), 11);
}

#[test]
fn a_device_that_loses_its_power_at_any_step_loses_nothing_that_it_said_it_has() {
    for step in 1.. {
        let mut world = World::with(2, LAN);
        for number in 0..6 {
            put(&mut world, usize::from(number % 2), &photo(number, 900));
        }
        put(&mut world, 0, &photo(9, 100_000));
        world.pair(0, 1);
        let victim = usize::from(step % 2 == 0);
        world.kill_at = Some((victim, world.steps + step));
        let was_killed = world.run_until(30_000, |world| world.devices[victim].engine.is_none());
        world.kill_at = None;
        if was_killed {
            world.restart(victim);
        }
        world.all_discover();
        let is_same = world.run_until(120_000, |world| same(world, &[0, 1]));
        let outcomes =
            [0, 1].map(|number: usize| (world.devices[number].outcomes(), world.devices[number].problems()));
        assert!(is_same, "step {step}: {outcomes:?}");
        assert_eq!(documents(&world, 0).len(), 7, "step {step}");
        if !was_killed {
            assert!(step > 10, "{step}");
            return;
        }
    }
}

//! Two devices pair, in the three ways, and what can come between.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod wire;

use p2psync_engine::{
    Authentication, Code, DiscoveryOptions, Engine, NearbyId, NearbyState, PairingStep, PeerChange,
    Transport, Verdict,
};
use p2psync_model::Policy;
use wire::World;

const LAN: [Transport; 1] = [Transport::Lan];

fn lax() -> Policy {
    Policy { allow_unauthenticated_peers: true, ..Policy::default() }
}

fn error_code(world: &World, number: usize) -> Option<Code> {
    world.pairings(number).into_iter().rev().find_map(|state| match state.step {
        PairingStep::Failed(error) => Some(error.code()),
        _ => None,
    })
}

fn authentications(world: &World) -> [Authentication; 2] {
    [world.peer(0, 1), world.peer(1, 0)].map(|peer| peer.unwrap().authentication)
}

#[test]
fn one_shows_and_one_scans() {
    for transport in Transport::ALL {
        let mut world = World::with(2, &[transport]);
        world.pair(0, 1);
        assert_eq!(world.steps_of(0), ["waitingForScan", "waitingForPeer", "authenticated"]);
        assert_eq!(world.steps_of(1), ["waitingForPeer", "authenticated"]);
        assert_eq!(authentications(&world), [Authentication::Code, Authentication::Scanned]);
        let names =
            [world.pairings(0), world.pairings(1)].map(|mut steps| steps.pop().unwrap().name.unwrap());
        assert_eq!(
            names,
            [1, 0].map(|number: usize| world.devices[number].engine().device_name().to_owned())
        );
        assert_eq!(world.open_between(0, 1), [transport], "the pairing's connection is the link's");
        assert_eq!(world.devices[0].outcomes(), ["pairing authenticated"]);
        assert_eq!(world.devices[0].recognised, [world.id(1)]);
    }
}

#[test]
fn nobody_scans_and_both_compare() {
    let mut world = World::with(2, &LAN);
    world.all_discover();
    assert!(world.compare(0, 1));
    let digits = [0, 1].map(|number: usize| world.digits(number).unwrap().0);
    assert_eq!(digits[0], digits[1]);
    world.run(300);
    assert_eq!(world.near(0)[0].state, NearbyState::Pairing);
    world.confirm(0, Verdict::Match, true);
    assert!(!world.run_until(1_000, |world| world.peer(0, 1).is_some()), "both must have spoken");
    world.confirm(1, Verdict::Match, false);
    assert!(world.run_until(5_000, |world| world.linked(0, 1)));
    assert_eq!(authentications(&world), [Authentication::Digits; 2]);
    assert_eq!([world.peer(0, 1), world.peer(1, 0)].map(|peer| peer.unwrap().is_stored), [true, false]);
}

#[test]
fn both_scan_and_are_one_pair() {
    let mut world = World::with(2, &LAN);
    let texts = [0, 1].map(|number| {
        let address = wire::Air::address(number);
        world.act(number, |engine, step| engine.show_code(step, &[address], true)).unwrap().text
    });
    for (number, text) in [(0, &texts[1]), (1, &texts[0])] {
        world.act(number, |engine, step| engine.scan_code(step, text, true, false)).unwrap();
    }
    assert!(world.run_until(10_000, |world| world.linked(0, 1)));
    world.run(20_000);
    assert!(world.linked(0, 1) && world.open_between(0, 1).len() == 1);
    assert_eq!(authentications(&world), [Authentication::BothScanned; 2]);
    world.kill(0);
    world.restart(0);
    world.all_discover();
    assert!(world.run_until(20_000, |world| world.linked(0, 1)), "they have one secret");
}

#[test]
fn digits_that_differ_end_it_on_both_sides() {
    let mut world = World::with(2, &LAN);
    world.all_discover();
    assert!(world.compare(0, 1));
    world.confirm(1, Verdict::Reject, true);
    world.run(1_000);
    assert_eq!(error_code(&world, 1), Some(Code::AuthenticationFailed));
    assert_eq!(error_code(&world, 0), Some(Code::PeerRefused));
    assert!(world.peer(0, 1).is_none() && world.peer(1, 0).is_none());
    assert_eq!(world.devices[0].outcomes(), ["pairing PEER_REFUSED"]);
}

#[test]
fn skipping_is_the_deployments_choice() {
    let mut world = World::with(2, &LAN);
    world.all_discover();
    assert!(world.compare(0, 1));
    let with = world.digits(0).unwrap().1;
    let refused = world.act(0, |engine, step| engine.confirm(step, with, Verdict::Skip, true));
    assert_eq!(refused.unwrap_err().code(), Code::UnauthenticatedPeerForbidden);
    world.confirm(0, Verdict::Match, true);

    let mut world = World::new();
    let (lax_one, strict) = (world.add(lax()), world.add(Policy::default()));
    world.air.join(lax_one, strict, &LAN);
    world.all_discover();
    assert!(world.compare(lax_one, strict));
    world.confirm(lax_one, Verdict::Skip, true);
    world.confirm(strict, Verdict::Match, true);
    world.run(2_000);
    assert_eq!(error_code(&world, strict), Some(Code::UnauthenticatedPeerForbidden));
    assert!(world.peer(strict, lax_one).is_none() && !world.linked(0, 1));

    let mut world = World::new();
    world.add(lax());
    world.add(lax());
    world.air.join(0, 1, &LAN);
    world.all_discover();
    assert!(world.compare(0, 1));
    world.confirm(0, Verdict::Skip, true);
    world.confirm(1, Verdict::Match, true);
    assert!(world.run_until(5_000, |world| world.linked(0, 1)));
    assert_eq!(authentications(&world), [Authentication::Unauthenticated; 2]);
    assert_eq!(world.steps_of(1).last(), Some(&"unauthenticated"));
}

#[test]
fn three_comparisons_may_fail_in_ten_minutes_whatever_restarts() {
    let mut world = World::with(2, &LAN);
    let fail = |world: &mut World| {
        world.all_discover();
        world.run(1_000);
        let with = world.stranger(0).unwrap().id;
        world.act(0, |engine, step| engine.connect(step, with)).unwrap();
        world.run(1_000);
        let is_shown = world.digits(0).is_some();
        world.kill(0);
        world.restart(0);
        is_shown
    };
    let shown: Vec<bool> = (0..4).map(|_| fail(&mut world)).collect();
    assert_eq!(shown, [true, true, true, false]);
    assert_eq!(world.pairings(0).len(), 4, "{:?}", world.steps_of(0));
    assert_eq!(error_code(&world, 0), Some(Code::Busy));
    world.run(9 * 60_000);
    assert!(!fail(&mut world), "a restart does not shorten it");
    world.all_discover();
    world.run(1_000);
    let with = world.stranger(0).unwrap().id;
    world.act(0, |engine, step| engine.connect(step, with)).unwrap();
    world.run(11 * 60_000);
    assert!(fail(&mut world));
}

#[test]
fn codes_that_cannot_be_used_say_why() {
    let mut world = World::with(2, &LAN);
    let shown = world.act(0, |engine, step| engine.show_code(step, &[], true)).unwrap();
    let mut scan = |number: usize, text: &str| {
        world.act(number, |engine, step| engine.scan_code(step, text, true, false)).unwrap_err().code()
    };
    assert_eq!(scan(0, &shown.text), Code::CodeOwn);
    assert_eq!(scan(1, "https://example.org"), Code::CodeOtherApp);
    assert_eq!(scan(1, shown.text.get(..40).unwrap()), Code::CodeInvalid);
    assert!(shown.svg.contains("<svg"));
    world.devices[1].clock_off_ms = 365 * 86_400_000;
    let late = world.act(1, |engine, step| engine.scan_code(step, &shown.text, true, false));
    assert_eq!(late.unwrap_err().code(), Code::CodeExpired);
    world.act(1, |engine, step| engine.scan_code(step, &shown.text, true, true)).unwrap();
    assert!(world.run_until(5_000, |world| world.linked(0, 1)), "only the clock was wrong");
}

#[test]
fn a_code_is_good_once_and_for_ten_minutes() {
    let mut world = World::with(3, &LAN);
    let address = wire::Air::address(0);
    let shown = world.act(0, |engine, step| engine.show_code(step, &[address], true)).unwrap();
    for number in [1, 2] {
        world.act(number, |engine, step| engine.scan_code(step, &shown.text, true, false)).unwrap();
        world.run(50_000);
        assert!(!world.linked(0, 2) && (number == 2 || world.linked(0, 1)));
    }
    world.run(20_000);
    assert!(!world.linked(0, 2));
    assert_eq!(error_code(&world, 2), Some(Code::Timeout), "nobody shows that code any more");
    let shown = world.act(0, |engine, step| engine.show_code(step, &[address], true)).unwrap();
    world.run(601_000);
    assert_eq!(error_code(&world, 0), Some(Code::CodeExpired));
    world.act(2, |engine, step| engine.scan_code(step, &shown.text, true, true)).unwrap();
    world.run(70_000);
    assert!(world.peer(2, 0).is_none());
}

#[test]
fn who_is_not_open_cannot_be_paired_with() {
    let mut world = World::with(2, &LAN);
    let hidden = DiscoveryOptions { is_discoverable: false, ..DiscoveryOptions::default() };
    world.discover(0, &hidden);
    world.discover(1, &DiscoveryOptions::default());
    world.run(2_000);
    assert!(world.stranger(1).is_none(), "it shows itself to its peers alone");
    let near = world.stranger(0).unwrap();
    assert!(near.name.split(' ').count() == 2 && matches!(near.id, NearbyId::Found(_)));
    // The device that is open is reached, and answers; the hidden one never is.
    assert!(world.compare(0, 1));
}

#[test]
fn paired_once_more_the_old_secret_goes_and_what_people_decided_stays() {
    let mut world = World::with(2, &LAN);
    world.pair(0, 1);
    let id = world.id(1);
    let change = PeerChange { name: Some("Base camp"), ..PeerChange::default() };
    world.act(0, |engine, step| engine.update_peer(step, &id, change)).unwrap();
    let added = world.peer(0, 1).unwrap().added;
    world.run(5_000);
    world.scan(1, 0, [true, true]);
    assert!(
        world.run_until(10_000, |world| world.peer(0, 1).unwrap().authentication == Authentication::Scanned)
    );
    assert!(world.run_until(10_000, |world| world.linked(0, 1)));
    let peer = world.peer(0, 1).unwrap();
    assert_eq!(
        (peer.name.as_str(), peer.added, world.devices[0].engine().peers().len()),
        ("Base camp", added, 1)
    );
    world.kill(1);
    world.restart(1);
    world.all_discover();
    assert!(world.run_until(20_000, |world| world.linked(0, 1)));
}

#[test]
fn a_side_that_kept_the_other_stays_sure_of_it_when_the_other_skips() {
    let mut world = World::new();
    world.add(lax());
    world.add(lax());
    world.air.join(0, 1, &LAN);
    world.pair(0, 1);
    let id = world.id(0);
    world.act(1, |engine, step| engine.forget_peer(step, &id)).unwrap();
    world.act(0, Engine::deactivate);
    world.all_discover();
    assert!(world.compare(1, 0));
    world.confirm(0, Verdict::Skip, true);
    world.confirm(1, Verdict::Skip, true);
    assert!(world.run_until(5_000, |world| world.linked(0, 1)));
    assert_eq!(authentications(&world), [Authentication::Code, Authentication::Unauthenticated]);
}

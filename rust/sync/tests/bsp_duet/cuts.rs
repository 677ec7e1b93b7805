//! Connections that are lost.

use p2psync_sync::bsp::Offers;

use crate::meeting::Pair;

/// The first wait of Bramble's: twice the latency.
const WAIT_MS: u64 = 60_000;

#[test]
fn a_connection_lost_at_any_step_costs_at_most_one_wait() {
    let fresh = || Pair::new(7, 5, 150);
    let mut whole = fresh();
    let mut meeting = whole.meet();
    let steps = whole.talk(&mut meeting);
    assert!(whole.is_converged() && steps > 60, "{steps} steps");
    for power_goes in [false, true] {
        let (mut late, mut unsure) = (0, 0);
        for step in 0..steps {
            let mut pair = fresh();
            let mut meeting = pair.meet();
            for _ in 0..step {
                meeting.act(&mut pair);
            }
            pair.lose(meeting, power_goes);
            let mut meeting = pair.meet();
            let waited = pair.converge(&mut meeting);
            assert!(waited.know_it_ms <= WAIT_MS, "cut at {step}: {waited:?}");
            late += usize::from(waited.have_all_ms > 0);
            unsure += usize::from(waited.know_it_ms > 0);
            pair.part(meeting);
        }
        // Only a lost offer, or request of a first offer, makes messages late; a lost acknowledgement leaves the
        // other side unsure.
        assert!((1..=steps / 4).contains(&late) && unsure > late, "{late} and {unsure} of {steps} cuts");
    }
}

#[test]
fn what_was_asked_for_and_cut_off_comes_at_once() {
    let cut = |remember: bool| {
        let mut pair = Pair::new(120, 0, 1_000);
        let mut meeting = pair.meet();
        while pair.devices[1].messages.len() < 50 {
            meeting.act(&mut pair);
        }
        pair.lose(meeting, true);
        assert!(pair.offers[1].len() > 60);
        if !remember {
            pair.offers[1] = Offers::new();
        }
        let mut meeting = pair.meet();
        pair.converge(&mut meeting).have_all_ms
    };
    assert_eq!(cut(true), 0);
    assert_eq!(cut(false), WAIT_MS, "as Bramble does");
}

#[test]
fn thousands_of_messages_survive_cuts_everywhere() {
    let fresh = || Pair::new(3_000, 3_000, 16_384);
    let mut whole = fresh();
    let mut meeting = whole.meet();
    let steps = whole.talk(&mut meeting);
    for part in [1, 3] {
        let mut pair = fresh();
        let mut meeting = pair.meet();
        for _ in 0..steps * part / 4 {
            meeting.act(&mut pair);
        }
        pair.lose(meeting, part == 1);
        let mut meeting = pair.meet();
        assert!(pair.converge(&mut meeting).know_it_ms <= WAIT_MS);
        assert_eq!(pair.devices[1].messages.len(), 6_000);
    }
}

#[test]
fn connections_that_never_last_bring_everything_in_the_end() {
    let mut pair = Pair::new(1_500, 1_500, 2_000);
    let mut meetings = 0;
    while !pair.is_converged() {
        let before: usize = pair.devices.iter().map(|device| device.messages.len()).sum();
        let mut meeting = pair.meet();
        for _ in 0..200 {
            meeting.act(&mut pair);
        }
        pair.lose(meeting, meetings % 2 == 0);
        let after: usize = pair.devices.iter().map(|device| device.messages.len()).sum();
        if after == before {
            pair.now = pair.now.plus(4 * WAIT_MS);
        }
        meetings += 1;
        assert!(meetings < 200, "no progress");
    }
    assert!(meetings > 5);
}

#[test]
fn connections_of_twenty_kilobytes_each_bring_messages() {
    let mut pair = Pair::new(1_500, 1_500, 2_000);
    for _ in 0..5 {
        let before = pair.devices[1].messages.len();
        let mut meeting = pair.meet();
        for _ in 0..60 {
            meeting.act(&mut pair);
        }
        pair.lose(meeting, false);
        let brought = pair.devices[1].messages.len() - before;
        assert!(brought > 20, "{brought} messages");
    }
}

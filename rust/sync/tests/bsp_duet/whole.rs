//! Connections that last.

use p2psync_sync::bsp::{Input, Offers, Session};

use crate::meeting::{Pair, Waited};

/// A message record of the device's writing: header, group, timestamp, body; and its id in an offer, a request and
/// an acknowledgement.
const MESSAGE_COST_BYTES: usize = 4 + 40 + 69 + 3 * 32;

#[test]
fn thousands_of_messages_both_ways_need_no_wait_and_leave_once() {
    let mut pair = Pair::new(3_000, 3_000, 16_384);
    let mut meeting = pair.meet();
    assert_eq!(pair.converge(&mut meeting), Waited::default());
    assert_eq!(pair.devices[0].messages.len(), 6_000);
    let least_bytes = 6_000 * MESSAGE_COST_BYTES;
    assert!(pair.sent_bytes >= least_bytes);
    assert!(pair.sent_bytes <= least_bytes + least_bytes / 100, "{} of {least_bytes}", pair.sent_bytes);
    assert!(meeting.sessions.iter().all(Session::is_quiet));
    assert_eq!(meeting.sessions.each_ref().map(Session::deadline), [None, None]);
    pair.part(meeting);
    assert!(pair.offers.iter().all(Offers::is_empty));
}

#[test]
fn what_both_hold_is_offered_and_acknowledged_and_not_sent() {
    let mut pair = Pair::new(2_500, 0, 4_000);
    let [alice, bob] = &mut pair.devices;
    bob.add_all(alice.messages.values().cloned());
    let mut meeting = pair.meet();
    assert_eq!(pair.converge(&mut meeting), Waited::default());
    // Both offer all at the same time, at worst.
    assert!(pair.sent_bytes <= 2_500 * 4 * 32 + 1_000, "{}", pair.sent_bytes);
    pair.part(meeting);
    let before = pair.sent_bytes;
    let mut meeting = pair.meet();
    assert_eq!(pair.converge(&mut meeting), Waited::default());
    assert_eq!(pair.sent_bytes - before, 5 + 20 + 5, "the next meeting says hello and nothing more");
}

#[test]
fn a_message_written_during_a_connection_leaves_at_once() {
    let mut pair = Pair::new(1, 1, 100);
    let mut meeting = pair.meet();
    pair.converge(&mut meeting);
    for side in [0, 1, 0] {
        pair.devices[side].write(2);
        let session = &mut meeting.sessions[side];
        pair.devices[side].hear(session, Input::Shared).unwrap();
        assert_eq!(pair.converge(&mut meeting), Waited::default());
    }
    assert_eq!(pair.devices[1].messages.len(), 8);
}

#[test]
fn pieces_of_any_size_make_no_difference() {
    let mut costs = Vec::new();
    for piece_bytes in [1, 7, 33, 988, 65_536] {
        let mut pair = Pair::new(40, 40, piece_bytes);
        let mut meeting = pair.meet();
        assert_eq!(pair.converge(&mut meeting), Waited::default());
        costs.push(pair.sent_bytes - 80 * MESSAGE_COST_BYTES);
    }
    assert!(costs.iter().all(|over| *over < 1_000), "{costs:?}");
}

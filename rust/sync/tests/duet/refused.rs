//! What a device does not take: the sender is told why, and everything else goes on.

use p2psync_model::Priority;
use p2psync_sync::session::Refusal;

use super::device::{Device, Rules};
use super::plain::{assert_agreed, content, forms};
use super::wire::Wire;

#[test]
fn a_document_over_the_limit_is_refused_and_others_go_on() {
    let mut devices = [Device::default(), Device::default()];
    forms(&mut devices[0], 0..10);
    let large = devices[0].write(1_700_000_000_000, Priority::High, &content(77, 200_000));
    devices[0].write(1_700_000_000_001, Priority::Low, &content(78, 50_000));
    devices[1].rules = Rules { document_bytes_max: 100_000, ..Rules::default() };
    let outcome = assert_agreed(&Wire::default().meet(&mut devices));
    assert_eq!((outcome.sent, outcome.refused_there), (11, 1));
    assert_eq!(devices[0].refused_by_peer.get(&large), Some(&Refusal::TooLarge));
    assert_eq!(devices[1].documents.len(), 11);
}

#[test]
fn a_device_that_is_full_is_not_pressed_further() {
    let mut devices = [Device::default(), Device::default()];
    forms(&mut devices[0], 0..5_000);
    forms(&mut devices[1], 9_000..9_010);
    devices[1].rules = Rules { documents_max: 200, ..Rules::default() };
    let meeting = Wire::default().meet(&mut devices);
    let outcome = assert_agreed(&meeting);
    assert_eq!((outcome.sent, outcome.received), (190, 10));
    assert!(
        outcome.refused_there > 0 && devices[0].refused_by_peer.values().all(|why| *why == Refusal::Quota)
    );
    // At most the window was sent in vain.
    assert!(meeting.bytes[0] < 1_300_000, "{:?}", meeting.bytes);
    assert_eq!(devices[0].documents.len(), 5_010);
}

#[test]
fn what_a_device_confirmed_and_its_peer_never_heard_of_is_refused_with_the_receipt() {
    let mut devices = [Device::default(), Device::default()];
    forms(&mut devices[0], 0..3);
    devices[1].confirmed = devices[0].documents.keys().copied().collect();
    let outcome = assert_agreed(&Wire::default().meet(&mut devices));
    assert_eq!((outcome.sent, outcome.refused_there), (0, 3));
    assert!(devices[0].refused_by_peer.values().all(|why| *why == Refusal::Unwanted));
}

//! Connections that break, at every place.

use std::collections::BTreeSet;

use p2psync_model::Priority;

use super::device::Device;
use super::plain::{assert_agreed, assert_same, content, forms};
use super::wire::Wire;

fn two_devices() -> [Device; 2] {
    let mut devices = [Device::default(), Device::default()];
    forms(&mut devices[0], 0..30);
    forms(&mut devices[1], 20..40);
    devices[0].write(1_700_000_000_123, Priority::Low, &content(1_000, 120_000));
    let confirmed: Vec<_> = devices[1].documents.keys().copied().take(2).collect();
    devices[1].confirm(1_700_000_100, &confirmed);
    devices
}

#[test]
fn a_cut_anywhere_loses_nothing_that_was_acknowledged_and_the_next_meeting_ends_it() {
    let whole = Wire::default().meet(&mut two_devices());
    let all_bytes: u64 = whole.bytes.iter().sum();
    for cut_after_bytes in (1..all_bytes).step_by(499) {
        let mut devices = two_devices();
        let wire = Wire { frame_bytes: 512, bytes_per_ms: 20, cut_after_bytes, ..Wire::default() };
        let cut = wire.meet(&mut devices);
        assert_eq!(cut.errors, [None; 2]);
        for side in [0, 1] {
            let there: BTreeSet<_> =
                devices[1 - side].documents.keys().chain(&devices[1 - side].confirmed).copied().collect();
            assert!(devices[side].held_by_peer.is_subset(&there), "cut after {cut_after_bytes}");
        }
        assert_agreed(&Wire::default().meet(&mut devices));
        assert_same(&devices);
        // Five chunks that a cut may split once: none comes twice whole.
        assert!(devices[1].chunks_received == 4, "{}", devices[1].chunks_received);
    }
}

#[test]
fn a_photo_comes_through_cuts_and_no_byte_of_it_comes_twice() {
    let (bytes, meetings) = photo_in_meetings(1);
    assert!(bytes < 3_000_000 * 102 / 100, "{bytes} bytes in {meetings} meetings");
}

#[test]
fn a_photo_comes_from_two_peers_in_turn_and_no_chunk_of_it_comes_twice() {
    let (bytes, meetings) = photo_in_meetings(2);
    // Each cut but the last leaves half a chunk behind, that the other peer cannot go on with.
    assert!(bytes < 3_000_000 * 101 / 100 + meetings * 32_768, "{bytes} bytes in {meetings} meetings");
}

/// A photo of 3 MB from so many peers in turn, 30 seconds each: the bytes on the air, and how many meetings it took.
fn photo_in_meetings(peers: usize) -> (u64, u64) {
    let mut givers = vec![Device::default()];
    givers[0].write(1_700_000_000_123, Priority::Low, &content(5, 3_000_000));
    givers.resize(peers, givers[0].clone());
    let mut remainders = vec![None; peers];
    let (mut taker, mut bytes, mut meetings) = (Device::default(), 0, 0);
    while taker.documents.is_empty() {
        let which = meetings as usize % peers;
        taker.remainder = remainders[which].take();
        let mut devices = [givers[which].clone(), taker];
        let wire = Wire { cut_after_ms: 30_000, ..super::radio::RADIO };
        bytes += wire.meet(&mut devices).bytes.iter().sum::<u64>();
        taker = devices[1].clone();
        remainders[which] = taker.remainder.take();
        meetings += 1;
        assert!(meetings < 10);
    }
    assert_eq!(taker.chunks_received, 92);
    (bytes, meetings)
}

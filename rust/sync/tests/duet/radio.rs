//! Slow radios: what a transfer costs, and how long the urgent waits.

use p2psync_bramble::Millis;
use p2psync_model::Priority;
use p2psync_sync::Set;
use p2psync_sync::session::{Input, Terms};

use super::device::Device;
use super::plain::{assert_agreed, assert_same, content, forms};
use super::wire::{Wire, terms};

/// A slow radio: 20 kB/s, a tenth of a second each way.
pub const RADIO: Wire = Wire {
    latency_ms: 100,
    bytes_per_ms: 20,
    frame_bytes: 2_048,
    cut_after_bytes: u64::MAX,
    cut_after_ms: u64::MAX,
};

#[test]
fn forms_cost_little_more_than_their_bytes() {
    let mut devices = [Device::default(), Device::default()];
    for number in 0..500 {
        devices[0].write(1_700_000_000_000 + number * 60_000, Priority::High, &content(number, 2_048));
    }
    let meeting = RADIO.meet(&mut devices);
    assert_agreed(&meeting);
    assert_same(&devices);
    let payload: u64 = devices[0].documents.values().map(|held| held.message.body().len() as u64).sum();
    let bytes: u64 = meeting.bytes.iter().sum();
    assert!(bytes * 100 < payload * 102, "{bytes} for {payload}");
    assert!(meeting.took_ms * 100 < payload / 20 * 115, "{} ms for {} ms", meeting.took_ms, payload / 20);
}

#[test]
fn photos_cost_little_more_than_their_bytes() {
    let mut devices = [Device::default(), Device::default()];
    for number in 0..3 {
        devices[1].write(1_700_000_000_000 + number, Priority::Low, &content(number, 3_000_000));
    }
    let meeting = RADIO.meet(&mut devices);
    assert_agreed(&meeting);
    assert_same(&devices);
    let bytes: u64 = meeting.bytes.iter().sum();
    assert!(bytes * 1_000 < 9_000_000 * 1_005, "{bytes}");
    assert!(meeting.took_ms * 100 < 9_000_000 / 20 * 115, "{}", meeting.took_ms);
}

#[test]
fn a_form_waits_for_one_frame_of_a_photo() {
    let mut devices = [Device::default(), Device::default()];
    forms(&mut devices[1], 0..1);
    devices[0].write(1_700_000_000_000, Priority::Low, &content(1, 3_000_000));
    let (mut added_at, mut arrived_at) = (None, None);
    let terms = [terms(true), terms(false)].map(|terms| Terms { stays: true, ..terms });
    let wire = Wire { cut_after_ms: 40_000, ..RADIO };
    wire.meet_with(terms, &mut devices, &mut |now, devices, sessions| {
        if now > 20_000 && added_at.is_none() {
            let id = devices[0].write(1_700_000_900_000, Priority::High, b"urgent");
            let entry = devices[0].documents[&id].entry;
            let input = Input::Added { set: Set::Documents, entry };
            sessions[0].handle(Millis(now), input, &mut devices[0], &mut Vec::new()).unwrap();
            added_at = Some((now, id));
        }
        if let Some((_, id)) = added_at
            && arrived_at.is_none()
            && devices[1].documents.contains_key(&id)
        {
            arrived_at = Some(now);
        }
    });
    // What is in the air, the frame that the transport holds, the frame that is being filled: 100 ms each.
    let waited_ms = arrived_at.unwrap() - added_at.unwrap().0;
    assert!(waited_ms <= 100 + 3 * 103, "{waited_ms}");
}

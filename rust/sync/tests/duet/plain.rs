//! Sessions on a wire that carries everything.

use p2psync_model::Priority;
use p2psync_sync::session::{Error, Input, Outcome, Session, Terms, Versions};

use super::device::Device;
use super::wire::{Meeting, Wire, terms};

/// Contents that differ, of so many bytes.
pub fn content(number: u64, bytes: usize) -> Vec<u8> {
    let block =
        |index: usize| p2psync_bramble::hash("content", &[&number.to_be_bytes(), &index.to_be_bytes()]);
    (0..bytes.div_ceil(32)).flat_map(block).take(bytes).collect()
}

pub fn forms(device: &mut Device, numbers: core::ops::Range<u64>) {
    for number in numbers {
        device.write(1_700_000_000_000 + number * 60_000, Priority::High, &content(number, 700));
    }
}

pub fn assert_same(devices: &[Device; 2]) {
    let ids = |device: &Device| {
        let documents: Vec<_> = device.documents.keys().copied().collect();
        let statements: Vec<_> = device.statements.keys().copied().collect();
        (documents, statements)
    };
    assert_eq!(ids(&devices[0]), ids(&devices[1]));
    assert!(devices.iter().all(|device| device.partial.is_empty()));
}

pub fn assert_agreed(meeting: &Meeting) -> Outcome {
    assert_eq!((meeting.errors, meeting.ended), ([None; 2], [true; 2]));
    let [ours, theirs] = meeting.outcomes.map(Option::unwrap);
    let seen_from_there = Outcome {
        sent: theirs.received,
        received: theirs.sent,
        refused_there: theirs.refused_here,
        refused_here: theirs.refused_there,
    };
    assert_eq!(ours, seen_from_there);
    ours
}

#[test]
fn equal_devices_need_one_round_trip() {
    for count in [0, 1, 2_000] {
        let mut device = Device::default();
        forms(&mut device, 0..count);
        if count > 0 {
            device.confirm(1_700_000_000, &[p2psync_model::MessageId::from_bytes([1; 32])]);
        }
        let mut devices = [device.clone(), device];
        let meeting = Wire::default().meet(&mut devices);
        assert_eq!(assert_agreed(&meeting), Outcome::default());
        // Hello 6, two starts of 17, and the last word of 16.
        assert_eq!((meeting.bytes, meeting.flights), ([56, 56], [2, 1]));
    }
}

#[test]
fn both_end_with_everything() {
    let mut devices = [Device::default(), Device::default()];
    forms(&mut devices[0], 0..300);
    forms(&mut devices[1], 200..450);
    devices[0].write(1_700_000_000_123, Priority::Low, &content(1_000, 300_000));
    devices[1].write(1_700_000_000_456, Priority::Low, &content(1_001, 20_000));
    devices[1].write(1_700_000_000_789, Priority::Normal, &content(1_002, 32_001));
    let meeting = Wire::default().meet(&mut devices);
    let outcome = assert_agreed(&meeting);
    assert_eq!((outcome.sent, outcome.received), (201, 152));
    assert_same(&devices);
    assert_eq!(devices[0].documents.len(), 453);
    assert_eq!(devices.each_ref().map(|device| device.held_by_peer.len()), [201, 152]);
    // 300,000 bytes are ten chunks, 32,001 are one.
    assert_eq!(devices.each_ref().map(|device| device.chunks_received), [1, 10]);
}

#[test]
fn receipts_go_first_and_what_they_confirm_does_not_come_back() {
    let mut devices = [Device::default(), Device::default()];
    forms(&mut devices[0], 0..50);
    devices[1] = devices[0].clone();
    let confirmed: Vec<_> = devices[1].documents.keys().copied().take(20).collect();
    devices[1].confirm(1_700_000_100, &confirmed);
    forms(&mut devices[1], 100..110);
    let outcome = assert_agreed(&Wire::default().meet(&mut devices));
    assert_eq!((outcome.sent, outcome.received), (0, 10));
    assert_same(&devices);
    assert_eq!(devices[0].documents.len(), 40);
}

#[test]
fn the_statements_are_done_when_they_are_on_the_other_sides_disk() {
    let mut devices = [Device::default(), Device::default()];
    devices[1].confirm(1_700_000_100, &[p2psync_model::MessageId::from_bytes([1; 32])]);
    let now = p2psync_bramble::Millis(0);
    let mut sessions = [terms(true), terms(false)].map(|terms| Session::new(now, terms));
    let mut said = Vec::new();
    sessions[0].fill(&mut devices[0], 10_000, &mut said).unwrap();
    sessions[1].handle(now, Input::Received(&said), &mut devices[1], &mut Vec::new()).unwrap();
    let mut kinds = |bytes: Option<&[u8]>| {
        if let Some(bytes) = bytes {
            sessions[1].handle(now, Input::Received(bytes), &mut devices[1], &mut Vec::new()).unwrap();
        }
        let mut said = Vec::new();
        sessions[1].fill(&mut devices[1], 10_000, &mut said).unwrap();
        let mut kinds = Vec::new();
        let mut rest = said.as_slice();
        while let Some((record, taken)) = p2psync_bramble::record::read(rest).unwrap() {
            kinds.push(record.kind);
            rest = &rest[taken..];
        }
        kinds
    };
    // Hello, start, push; and after the acknowledgement the end of the statements.
    assert_eq!(kinds(None), [0, 1, 4]);
    assert_eq!(kinds(Some(&[1, 10, 0, 4, 0, 0, 0, 1])), [3]);
}

#[test]
fn one_side_may_be_empty() {
    for full in [0, 1] {
        let mut devices = [Device::default(), Device::default()];
        forms(&mut devices[full], 0..3_000);
        devices[full].confirm(1_700_000_100, &[p2psync_model::MessageId::from_bytes([1; 32])]);
        let meeting = Wire::default().meet(&mut devices);
        assert_eq!(assert_agreed(&meeting).sent + assert_agreed(&meeting).received, 3_000);
        assert_same(&devices);
    }
}

#[test]
fn who_stays_passes_on_what_comes_later() {
    let mut devices = [Device::default(), Device::default()];
    forms(&mut devices[0], 0..5);
    let terms = [terms(true), terms(false)].map(|terms| Terms { stays: true, ..terms });
    let mut steps = 0;
    let meeting = Wire::default().meet_with(terms, &mut devices, &mut |_, devices, sessions| {
        steps += 1;
        if sessions.iter().any(|session| session.outcome().is_none()) {
            return;
        }
        let now = p2psync_bramble::Millis(0);
        if devices[1].documents.len() == 5 {
            let id = devices[1].write(1_700_000_500_000, Priority::High, b"later");
            let entry = devices[1].documents[&id].entry;
            let input = Input::Added { set: p2psync_sync::Set::Documents, entry };
            sessions[1].handle(now, input, &mut devices[1], &mut Vec::new()).unwrap();
            sessions[1].handle(now, Input::Ephemeral(b"hello"), &mut devices[1], &mut Vec::new()).unwrap();
        } else {
            sessions[0].finish();
        }
    });
    assert_eq!(meeting.errors, [None; 2]);
    assert_eq!(meeting.outcomes[0].map(|outcome| (outcome.sent, outcome.received)), Some((5, 1)));
    assert_same(&devices);
    assert_eq!(devices[0].ephemeral, [b"hello".to_vec()]);
    assert!(steps > 4);
}

#[test]
fn devices_without_a_common_version_name_the_older_one() {
    let mut devices = [Device::default(), Device::default()];
    let [mut old, new] = [terms(true), terms(false)];
    for versions in [vec![7], vec![7, 9]] {
        old.versions = Versions::new(versions).unwrap();
        let meeting = Wire::default().meet_with([old.clone(), new.clone()], &mut devices, &mut |_, _, _| {});
        assert_eq!(meeting.errors, [Some(Error::PeerTooOld), Some(Error::PeerTooNew)]);
    }
}

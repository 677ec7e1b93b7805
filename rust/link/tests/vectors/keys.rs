use p2psync_bramble::{Role, SecretKey, WallClock, derive_key};
use p2psync_link::btp::{PeriodKeys, RotationKeys, Transport};
use p2psync_vector_reader::{Hex, check};
use serde::Deserialize;

#[test]
fn vectors_btp_keys() {
    check("bramble", "btp_keys.json", |file: File| {
        file.rotation.iter().for_each(check_rotation);
        file.handshake.iter().for_each(check_handshake);
        file.periods.iter().for_each(check_period);
        file.rotation.len() + file.handshake.len() + file.periods.len()
    });
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    rotation: Vec<Rotation>,
    handshake: Vec<Handshake>,
    periods: Vec<Period>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rotation {
    transport: String,
    root_key: Hex,
    time_period: u64,
    we_are_alice: bool,
    active: bool,
    keys: Keys,
    updates: Vec<Update>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    in_prev: Incoming,
    in_curr: Incoming,
    in_next: Incoming,
    out_curr: Outgoing,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Incoming {
    period: u64,
    tag_key: Hex,
    header_key: Hex,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Outgoing {
    period: u64,
    tag_key: Hex,
    header_key: Hex,
    stream_counter: u64,
    active: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Update {
    update_to_period: u64,
    keys: Keys,
}

fn check_rotation(case: &Rotation) {
    let root = SecretKey::from_bytes(case.root_key.array());
    let fresh =
        || RotationKeys::new(&case.transport, &root, case.time_period, role(case.we_are_alice), case.active);
    compare(&fresh(), &case.keys);
    for update in &case.updates {
        let mut keys = fresh();
        keys.advance(update.update_to_period).unwrap();
        compare(&keys, &update.keys);
        keys.advance(case.time_period).unwrap();
        compare(&keys, &update.keys);
    }
}

fn compare(keys: &RotationKeys, expected: &Keys) {
    let incoming = [&expected.in_prev, &expected.in_curr, &expected.in_next];
    for (keys, expected) in keys.incoming().into_iter().zip(incoming) {
        compare_period(keys, expected.period, &expected.tag_key, &expected.header_key);
    }
    let outgoing = &expected.out_curr;
    compare_period(keys.outgoing(), outgoing.period, &outgoing.tag_key, &outgoing.header_key);
    assert_eq!((keys.streams_begun(), keys.is_active()), (outgoing.stream_counter, outgoing.active));
}

fn compare_period(keys: &PeriodKeys, period: u64, tag_key: &Hex, header_key: &Hex) {
    assert_eq!(keys.period, period);
    assert_eq!(keys.tag_key.as_bytes()[..], tag_key[..]);
    assert_eq!(keys.header_key.as_bytes()[..], header_key[..]);
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Handshake {
    transport: String,
    root_key: Hex,
    time_period: u64,
    we_are_alice: bool,
    keys: Keys,
    updates: Vec<Update>,
}

/// Handshake mode is for contacts added remotely, which this library does not do. Its keys are one derivation
/// each, so the cases are checked by that formula (BRAMBLE 5.2) all the same.
fn check_handshake(case: &Handshake) {
    assert_eq!(case.time_period, case.keys.in_curr.period);
    let keys = core::iter::once(&case.keys).chain(case.updates.iter().map(|update| &update.keys));
    for keys in keys {
        let incoming = [&keys.in_prev, &keys.in_curr, &keys.in_next];
        for Incoming { period, tag_key, header_key } in incoming {
            compare_handshake(case, role(case.we_are_alice).other(), *period, tag_key, header_key);
        }
        let Outgoing { period, tag_key, header_key, stream_counter, active } = &keys.out_curr;
        compare_handshake(case, role(case.we_are_alice), *period, tag_key, header_key);
        assert_eq!((*stream_counter, *active), (0, true));
    }
    for update in &case.updates {
        assert_eq!(update.keys.in_curr.period, update.update_to_period.max(case.time_period));
    }
}

fn compare_handshake(case: &Handshake, owner: Role, period: u64, tag_key: &Hex, header_key: &Hex) {
    let owner = if owner == Role::Alice { "ALICE" } else { "BOB" };
    for (kind, expected) in [("TAG", tag_key), ("HEADER", header_key)] {
        let label = format!("org.briarproject.bramble.transport/{owner}_HANDSHAKE_{kind}_KEY");
        let root = SecretKey::from_bytes(case.root_key.array());
        let key = derive_key(&label, &root, &[case.transport.as_bytes(), &period.to_be_bytes()]);
        assert_eq!(key.as_bytes()[..], expected[..]);
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Period {
    transports: String,
    max_latency_ms: u64,
    period_length_ms: u64,
    time_ms: u64,
    period: u64,
}

fn check_period(case: &Period) {
    for name in case.transports.split(", ") {
        let transport = match name {
            "bluetooth" => Transport::BLUETOOTH,
            "lan" => Transport::LAN,
            "removable drive" => Transport::DRIVE,
            "mailbox" => Transport::MAILBOX,
            other => panic!("unknown transport {other}"),
        };
        assert_eq!(transport.latency_ms_max, case.max_latency_ms);
        assert_eq!(transport.period_ms(), case.period_length_ms);
        assert_eq!(transport.period(WallClock(case.time_ms)), case.period);
    }
}

fn role(we_are_alice: bool) -> Role {
    if we_are_alice { Role::Alice } else { Role::Bob }
}

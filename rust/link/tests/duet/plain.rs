//! Sessions on a wire that carries everything.

use p2psync_bramble::Millis;
use p2psync_link::{Error, Limits, Versions};

use super::device::{ALICE, BOB, in_step, paired};
use super::wire::{Connection, assert_next_contact_works, untouched};

#[test]
fn both_sides_get_everything_and_agree_that_it_ended() {
    for caller in [0, 1] {
        let mut devices = paired(1);
        let mut connection = Connection::new(caller);
        connection.scripts = [vec![7; 100_000], vec![8; 300_001]];
        let scripts = connection.scripts.clone();
        let outcomes = connection.run(&mut devices, &mut untouched);
        for side in [0, 1] {
            assert_eq!(outcomes[side].opened, Some(([BOB, ALICE][side], 1)));
            assert!(outcomes[side].received == scripts[1 - side]);
            assert_eq!((outcomes[side].ended, outcomes[side].error), (true, None));
        }
        assert!(outcomes[0].exported_key.is_some() && outcomes[0].exported_key == outcomes[1].exported_key);
        assert!(in_step(&devices));
    }
}

#[test]
fn the_handshake_costs_168_bytes_and_an_empty_session_264() {
    let mut devices = paired(2);
    let mut connection = Connection::new(0);
    connection.scripts = [Vec::new(), Vec::new()];
    let [alice, bob] = connection.run(&mut devices, &mut untouched);
    assert_eq!((alice.sent_bytes, bob.sent_bytes), (96 + 48, 72 + 48));
}

#[test]
fn each_session_has_new_secrets_and_shares_no_bytes_with_the_last() {
    let mut devices = paired(3);
    let mut flights: Vec<Vec<u8>> = Vec::new();
    let mut secrets = Vec::new();
    for _ in 0..3 {
        let mut record = |_, _, flight: Vec<u8>| {
            flights.push(flight.clone());
            vec![Some(flight)]
        };
        Connection::new(0).run(&mut devices, &mut record);
        secrets.push(devices[0].secrets(BOB).encode());
    }
    assert!(secrets[0] != secrets[1] && secrets[1] != secrets[2]);
    for (index, flight) in flights.iter().enumerate() {
        for other in &flights[index + 1..] {
            // Two frames of one size share their length field; nothing longer is ever the same.
            assert!(!flight.windows(5).any(|bytes| other.windows(5).any(|window| window == bytes)));
        }
    }
}

#[test]
fn wrong_clocks_do_not_matter() {
    const TEN_YEARS_MS: u64 = 10 * 365 * 24 * 60 * 60 * 1000;
    let mut devices = paired(4);
    for clocks in [[Millis(0), Millis(TEN_YEARS_MS)], [Millis(TEN_YEARS_MS), Millis(0)]] {
        let outcomes = Connection { clocks, ..Connection::new(0) }.run(&mut devices, &mut untouched);
        assert!(outcomes.iter().all(|outcome| outcome.error.is_none() && outcome.ended));
    }
    assert_next_contact_works(&mut devices, "wrong clocks");
}

#[test]
fn the_older_side_is_named_on_both_screens() {
    let mut devices = paired(5);
    for caller in [0, 1] {
        let old = Versions::new(vec![1, 2]).unwrap();
        let new = Versions::new(vec![5, 3]).unwrap();
        let connection = Connection { versions: [old, new], ..Connection::new(caller) };
        let [alice, bob] = connection.run(&mut devices, &mut untouched);
        assert_eq!(alice.error, Some(Error::PeerTooNew { oldest_of_theirs: 3 }));
        assert_eq!(bob.error, Some(Error::PeerTooOld { newest_of_theirs: 2 }));
        assert!(alice.received.is_empty() && bob.received.is_empty());
    }
    assert_next_contact_works(&mut devices, "no common version");
}

#[test]
fn a_silent_link_is_kept_alive_and_a_dead_one_noticed() {
    let mut devices = paired(6);
    let limits = Limits { keepalive_ms: 1_000, silence_ms: 2_500, ..Limits::default() };
    let mut frames = 0;
    // From the twentieth flight on, nothing of Bob's arrives.
    let mut wire = |side, number, flight: Vec<u8>| {
        frames += 1;
        if side == 1 && number >= 20 { vec![] } else { vec![Some(flight)] }
    };
    let connection = Connection { limits, ends: false, ..Connection::new(0) };
    let [alice, bob] = connection.run(&mut devices, &mut wire);
    assert_eq!(alice.error, Some(Error::Silent { silence_ms: 2_500 }));
    assert_eq!(bob.error, Some(Error::Cut));
    assert!(frames > 40);
}

#[test]
fn a_budget_ends_the_link() {
    let mut devices = paired(7);
    let limits = Limits { received_bytes_max: 50_000, ..Limits::default() };
    let mut connection = Connection { limits, ..Connection::new(0) };
    connection.scripts = [vec![7; 60_000], Vec::new()];
    let [_, bob] = connection.run(&mut devices, &mut untouched);
    assert_eq!(bob.error, Some(Error::BudgetSpent { received_bytes_max: 50_000 }));
    assert!(bob.received.len() <= 50_000);
}

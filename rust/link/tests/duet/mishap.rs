//! Everything that can happen to a flight of bytes, to each flight in turn; and power cuts after each step.
//!
//! Whatever happens: what was received is a prefix of what was sent, only a side that heard the other's end says that
//! all came, an error says whose doing it was, and the next contact works, whoever calls.

use p2psync_link::Fault;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};

use super::device::{Device, paired};
use super::wire::{Connection, OnTheWire, Outcome, Side, assert_next_contact_works, untouched};

/// Flights that a session of [`Connection::new`] has on each side at most; one more is disturbed to show that
/// nothing more comes.
const FLIGHTS: usize = 4;

#[test]
fn a_lost_flight_is_noticed() {
    each_flight(|bytes| vec![vec![]; bytes.min(1)], &|_, _| vec![]);
}

#[test]
fn a_repeated_flight_is_noticed() {
    each_flight(|bytes| vec![vec![]; bytes.min(1)], &|flight, _| vec![Some(flight.clone()), Some(flight)]);
}

#[test]
fn a_flight_cut_at_any_byte_is_noticed() {
    let every_byte = |bytes| (0..bytes).map(|cut| vec![cut]).collect();
    each_flight(every_byte, &|flight, cut| vec![Some(flight[..cut[0]].to_vec()), None]);
}

#[test]
fn a_gap_of_one_byte_is_noticed() {
    let every_byte = |bytes| (0..bytes).map(|gap| vec![gap]).collect();
    each_flight(every_byte, &|mut flight, gap| {
        flight.remove(gap[0]);
        vec![Some(flight)]
    });
}

#[test]
fn a_changed_bit_is_noticed() {
    let every_bit = |bytes| (0..bytes * 8).map(|bit| vec![bit / 8, bit % 8]).collect();
    each_flight(every_bit, &|mut flight, bit| {
        flight[bit[0]] ^= 1 << bit[1];
        vec![Some(flight)]
    });
}

#[test]
fn two_flights_that_change_places_are_noticed() {
    for side in [0, 1] {
        for number in 0..FLIGHTS {
            let mut held_back = None;
            let mut wire = |from: Side, index: usize, flight: Vec<u8>| {
                if from == side && index == number {
                    held_back = Some(flight);
                    return vec![];
                }
                let after = if from == side { held_back.take() } else { None };
                [Some(flight), after].into_iter().flatten().map(Some).collect()
            };
            run_and_check(&mut wire, &format!("flight {number} of side {side} swapped"));
        }
    }
}

#[test]
fn pieces_of_any_size_make_no_difference() {
    for piece in 1..40 {
        let mut wire = |_: Side, _: usize, flight: Vec<u8>| {
            flight.chunks(piece).map(|bytes| Some(bytes.to_vec())).collect()
        };
        let outcomes = Connection::new(0).run(&mut paired(20), &mut wire);
        assert!(outcomes.iter().all(|outcome| outcome.error.is_none() && outcome.ended), "pieces of {piece}");
    }
}

#[test]
fn a_power_cut_after_any_step_locks_nobody_out() {
    for caller in [0, 1] {
        for first in 0..10 {
            for second in 0..10 {
                let mut devices = paired(30);
                for power_cut_after in [first, second] {
                    let connection = Connection { power_cut_after, ..Connection::new(caller) };
                    connection.run(&mut devices, &mut untouched);
                    devices.iter_mut().for_each(Device::restart);
                }
                assert_next_contact_works(&mut devices, &format!("power cut after {first} and {second}"));
            }
        }
    }
}

#[test]
fn long_bad_luck_locks_nobody_out() {
    for seed in 0..150 {
        let mut random = ChaCha20Rng::seed_from_u64(seed);
        let mut devices = paired(1_000 + seed);
        for _ in 0..12 {
            let caller = usize::from(random.next_u32() % 2 == 0);
            let power_cut_after = random.next_u32() as usize % 12;
            let mut wire = |_: Side, _: usize, flight: Vec<u8>| match random.next_u32() % 8 {
                0 => vec![],
                1 => vec![Some(flight.clone()), Some(flight)],
                2 => vec![Some(flight), None],
                _ => vec![Some(flight)],
            };
            Connection { power_cut_after, ..Connection::new(caller) }.run(&mut devices, &mut wire);
            devices.iter_mut().for_each(Device::restart);
        }
        assert_next_contact_works(&mut devices, &format!("seed {seed}"));
    }
}

/// Disturbs each flight of each side in each of the ways that `ways` lists for its length.
fn each_flight(ways: impl Fn(usize) -> Vec<Vec<usize>>, disturb: &Disturbance) {
    for side in [0, 1] {
        for number in 0..FLIGHTS {
            let mut length = 0;
            let mut measure = |from: Side, index: usize, flight: Vec<u8>| {
                if (from, index) == (side, number) {
                    length = flight.len();
                }
                vec![Some(flight)]
            };
            Connection::new(0).run(&mut paired(10), &mut measure);
            for way in ways(length) {
                let mut wire = |from: Side, index: usize, flight: Vec<u8>| {
                    if (from, index) == (side, number) { disturb(flight, &way) } else { vec![Some(flight)] }
                };
                run_and_check(&mut wire, &format!("flight {number} of side {side}, {way:?}"));
            }
        }
    }
}

/// What arrives instead of a flight, in one of several ways.
type Disturbance = dyn Fn(Vec<u8>, &[usize]) -> Vec<Option<Vec<u8>>>;

fn run_and_check(wire: &mut OnTheWire<'_>, why: &str) {
    let mut devices = paired(10);
    let outcomes = Connection::new(0).run(&mut devices, wire);
    let scripts = Connection::new(0).scripts;
    for (side, outcome) in outcomes.iter().enumerate() {
        check_outcome(outcome, &scripts[1 - side], why);
    }
    devices.iter_mut().for_each(Device::restart);
    assert_next_contact_works(&mut devices, why);
}

fn check_outcome(outcome: &Outcome, sent_to_it: &[u8], why: &str) {
    assert!(sent_to_it.starts_with(&outcome.received), "{why}");
    assert!(!outcome.ended || outcome.received == sent_to_it, "{why}: ended early");
    assert!(outcome.ended || outcome.error.is_some(), "{why}: fails in silence");
    assert!(outcome.opened.is_some() || outcome.received.is_empty(), "{why}: data before authentication");
    if let Some(error) = outcome.error {
        // Both are up to date and remember each other, so nobody may be told otherwise by their own software.
        assert_ne!(error.fault(), Fault::OursOutdated, "{why}: {error}");
    }
}

//! Both dial at once: two connections of one pair, interleaved in every way that a seed can think of.

use p2psync_link::Error;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};

use super::device::{Device, paired};
use super::wire::{Connection, Run, Side, assert_next_contact_works, untouched};

#[test]
fn two_calls_in_lockstep_both_succeed() {
    let mut devices = paired(40);
    let mut runs = [0, 1].map(|caller| Run::start(Connection::new(caller), &mut devices));
    for _ in 0..100 {
        for run in &mut runs {
            run.step(&mut devices, &mut untouched);
        }
    }
    for run in &runs {
        assert!(run.outcomes().iter().all(|outcome| outcome.error.is_none() && outcome.ended));
    }
    assert_next_contact_works(&mut devices, "lockstep");
}

#[test]
fn a_proof_that_comes_after_the_next_call_is_void() {
    let mut devices = paired(41);
    let mut proof = Vec::new();
    let mut hold_proof = |side: Side, number: usize, flight: Vec<u8>| {
        if (side, number) == (0, 1) {
            proof = flight;
            return no_bytes();
        }
        vec![Some(flight)]
    };
    let mut first = Run::start(Connection::new(0), &mut devices);
    for _ in 0..3 {
        first.step(&mut devices, &mut hold_proof);
    }
    // Alice calls again, and Bob answers; then the first call's proof arrives, and the second's is lost.
    let mut lose_proof = |side: Side, number: usize, flight: Vec<u8>| {
        if (side, number) == (0, 1) { vec![] } else { vec![Some(flight)] }
    };
    let mut second = Run::start(Connection::new(0), &mut devices);
    for _ in 0..3 {
        second.step(&mut devices, &mut lose_proof);
    }
    assert!(!proof.is_empty() && second.outcomes()[0].opened.is_some());
    first.arrive(1, proof);
    first.step(&mut devices, &mut untouched);
    assert_eq!(first.outcomes()[1].error, Some(Error::Superseded));
    assert_eq!((first.outcomes()[1].opened, first.outcomes()[1].received.len()), (None, 0));
    assert_next_contact_works(&mut devices, "a late proof");
}

#[test]
fn no_interleaving_of_calls_losses_and_restarts_locks_a_pair_out() {
    for seed in 0..400 {
        let mut random = ChaCha20Rng::seed_from_u64(seed);
        let mut devices = paired(5_000 + seed);
        for _ in 0..4 {
            interleave(&mut devices, &mut random);
        }
        assert_next_contact_works(&mut devices, &format!("seed {seed}"));
    }
}

/// Two or three connections at once, each stepped at random, over a wire that loses some flights; then, now and
/// then, both devices restart.
fn interleave(devices: &mut [Device; 2], random: &mut ChaCha20Rng) {
    let callers: Vec<Side> = (0..2 + random.next_u32() % 2).map(|_| random.next_u32() as usize % 2).collect();
    // One device makes one call at a time, so a second call from the same side ends the first.
    let mut runs: [Option<Run>; 2] = [None, None];
    for caller in callers {
        runs[caller] = Some(Run::start(Connection::new(caller), devices));
        for _ in 0..random.next_u32() % 12 {
            if let Some(run) = &mut runs[random.next_u32() as usize % 2] {
                let loses = random.next_u32().is_multiple_of(6);
                let mut wire =
                    |_: Side, _: usize, flight: Vec<u8>| if loses { vec![] } else { vec![Some(flight)] };
                run.step(devices, &mut wire);
            }
        }
    }
    if random.next_u32().is_multiple_of(2) {
        devices.iter_mut().for_each(Device::restart);
    }
}

/// Nothing arrives, and no time passes waiting for it.
fn no_bytes() -> Vec<Option<Vec<u8>>> {
    vec![Some(Vec::new())]
}

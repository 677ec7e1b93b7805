//! What SQLite promised before the power went is there when it comes back, and nothing half done is.

use p2psync_disk::{Disk, PlantedBugs, Step};

use crate::workload::{Setting, Workload};

/// How the store keeps its file.
const WAL: Setting = Setting { journal: "wal", synchronous: "FULL", page_bytes: 4_096 };
const TRUNCATE: Setting = Setting { journal: "truncate", synchronous: "FULL", page_bytes: 1_024 };
const PERSIST: Setting = Setting { journal: "persist", synchronous: "FULL", page_bytes: 1_024 };

/// A deleted journal may come back and undo a commit unless its folder is synced, which takes EXTRA.
const DELETE: Setting = Setting { journal: "delete", synchronous: "EXTRA", page_bytes: 1_024 };

/// How often each moment is tried, each time with a seed of its own.
const TRIES: u64 = 4;

fn survives_every_cut(setting: Setting) {
    let workload = Workload::new(1);
    let moments = workload.moments(setting);
    assert!(moments.len() > 100, "{} moments", moments.len());
    let mut seed = 0;
    for moment in moments {
        for _ in 0..TRIES {
            let checked = workload.cut_at(setting, PlantedBugs::default(), moment, seed);
            assert_eq!(checked, Ok(()), "{setting:?} {moment:?} seed {seed}");
            seed += 1;
        }
    }
    println!("{setting:?}: {seed} cuts");
}

#[test]
fn wal_survives_every_cut() {
    survives_every_cut(WAL);
    survives_every_cut(Setting { page_bytes: 16_384, ..WAL });
}

#[test]
fn a_journal_cut_to_nothing_survives_every_cut() {
    survives_every_cut(TRUNCATE);
}

#[test]
fn a_journal_that_stays_survives_every_cut() {
    survives_every_cut(PERSIST);
}

#[test]
fn a_journal_that_is_deleted_survives_every_cut() {
    survives_every_cut(DELETE);
}

#[test]
fn other_workloads_survive_cuts_when_a_step_has_returned() {
    let mut tried = 0;
    for setting in [WAL, TRUNCATE, PERSIST, DELETE] {
        for sizes in 0..20 {
            let workload = Workload::new(sizes);
            for steps in 0..=workload.steps() {
                let disk = Disk::new(tried);
                let (progress, connection) = workload.run(&disk, setting, steps);
                disk.cut_power();
                drop(connection);
                disk.power_on();
                assert_eq!(
                    workload.check(&disk, setting, progress),
                    Ok(()),
                    "{setting:?} {sizes} {steps} {tried}"
                );
                tried += 1;
            }
        }
    }
    println!("after a step: {tried} cuts");
}

/// The power goes a second time while SQLite repairs what the first time left.
#[test]
fn repairs_survive_every_cut() {
    let mut tried = 0;
    for setting in [WAL, TRUNCATE, DELETE] {
        let workload = Workload::new(2);
        for (place, moment) in workload.moments(setting).into_iter().enumerate().skip(5).step_by(13) {
            let disk = Disk::new(u64::try_from(place).unwrap());
            disk.cut_power_at(moment);
            let (progress, connection) = workload.run(&disk, setting, workload.steps());
            drop(connection);
            disk.cut_power();
            disk.power_on();
            let broken = disk.snapshot();
            for step in [Step::Sync, Step::Write, Step::NameChange] {
                for number in 1.. {
                    let disk = Disk::from_snapshot(&broken, number);
                    disk.cut_power_at(step(number));
                    let _ = workload.check(&disk, setting, progress);
                    let was_cut = disk.is_off();
                    disk.power_on();
                    let checked = workload.check(&disk, setting, progress);
                    assert_eq!(checked, Ok(()), "{setting:?} {moment:?}, then {:?}", step(number));
                    if !was_cut {
                        break;
                    }
                    tried += 1;
                }
            }
        }
    }
    assert!(tried > 100, "{tried}");
    println!("during repairs: {tried} cuts");
}

//! Errors that lose data, planted one by one: the cuts of `cuts.rs` must notice each.

use p2psync_disk::PlantedBugs;

use crate::workload::{Loss, Setting, Workload};

fn losses(setting: Setting, bugs: PlantedBugs) -> Vec<Loss> {
    losses_of(&Workload::new(1), setting, bugs)
}

/// The losses at every moment of the workload, each tried twice.
fn losses_of(workload: &Workload, setting: Setting, bugs: PlantedBugs) -> Vec<Loss> {
    let moments = workload.moments(setting);
    let cuts = moments.iter().chain(&moments).zip(0..);
    let losses: Vec<Loss> =
        cuts.filter_map(|(moment, seed)| workload.cut_at(setting, bugs, *moment, seed).err()).collect();
    let damaged = losses.iter().filter(|loss| matches!(loss, Loss::Damaged(_))).count();
    let mixed = losses.iter().filter(|loss| **loss == Loss::Mixed).count();
    println!(
        "{setting:?} {bugs:?}: {} cuts, {damaged} damage, {mixed} mix, {} forget",
        moments.len() * 2,
        losses.len() - damaged - mixed
    );
    losses
}

const fn setting(journal: &'static str, synchronous: &'static str) -> Setting {
    Setting { journal, synchronous, page_bytes: 1_024 }
}

const SAFE: [Setting; 4] = [
    setting("wal", "FULL"),
    setting("truncate", "FULL"),
    setting("persist", "FULL"),
    setting("delete", "EXTRA"),
];

#[test]
fn synchronous_off_is_noticed() {
    for Setting { journal, .. } in SAFE {
        let losses = losses(setting(journal, "OFF"), PlantedBugs::default());
        assert!(losses.iter().any(|loss| matches!(loss, Loss::Damaged(_))), "{journal}");
        assert!(losses.iter().any(|loss| matches!(loss, Loss::Forgotten { .. })), "{journal}");
    }
}

#[test]
fn a_sync_that_does_nothing_is_noticed() {
    for setting in SAFE {
        let losses = losses(setting, PlantedBugs { sync_does_nothing: true, ..PlantedBugs::default() });
        assert!(losses.iter().any(|loss| matches!(loss, Loss::Damaged(_))), "{setting:?}");
        assert!(losses.iter().any(|loss| matches!(loss, Loss::Forgotten { .. })), "{setting:?}");
    }
}

#[test]
fn a_forgotten_sync_of_the_folder_is_noticed() {
    for setting in SAFE {
        let losses = losses(setting, PlantedBugs { folder_sync_forgotten: true, ..PlantedBugs::default() });
        assert!(losses.iter().any(|loss| matches!(loss, Loss::Forgotten { .. })), "{setting:?}");
    }
}

/// A new database whose folder was not synced is gone altogether.
#[test]
fn a_new_database_without_its_name_is_noticed() {
    let losses = losses(SAFE[0], PlantedBugs { folder_sync_forgotten: true, ..PlantedBugs::default() });
    assert!(losses.iter().any(|loss| matches!(loss, Loss::Forgotten { steps } if *steps > 5)), "{losses:?}");
}

/// SQLite says so: in WAL mode NORMAL may forget the last commits, and damages nothing.
#[test]
fn wal_with_normal_forgets_but_damages_nothing() {
    let losses = losses(setting("wal", "NORMAL"), PlantedBugs::default());
    assert!(!losses.is_empty());
    assert!(losses.iter().all(|loss| matches!(loss, Loss::Forgotten { .. })), "{losses:?}");
}

/// SQLite says so: where journals are deleted, FULL may undo the last commit, and no more. EXTRA does not.
#[test]
fn deleted_journals_with_full_forget_the_last_commit() {
    let losses = losses_of(&Workload::without_vacuum(1), setting("delete", "FULL"), PlantedBugs::default());
    assert!(!losses.is_empty());
    assert!(losses.iter().all(|loss| matches!(loss, Loss::Forgotten { steps: 1..=2 })), "{losses:?}");
}

/// VACUUM shortens the file after it deleted its journal, so a journal that comes back restores pages that are
/// gone. EXTRA prevents that, too.
#[test]
fn deleted_journals_with_full_and_vacuum_damage() {
    let losses = losses(setting("delete", "FULL"), PlantedBugs::default());
    assert!(losses.iter().any(|loss| matches!(loss, Loss::Damaged(_))), "{losses:?}");
}

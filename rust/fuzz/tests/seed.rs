//! The first inputs of each target, made from the vectors and from valid encodings.
//!
//! `BLESS=1 cargo test -p p2psync-fuzz --test seed` writes them into the corpus; without it the test compares.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod seeds;

use std::path::Path;

#[test]
fn the_corpus_holds_the_seeds() {
    let bless = std::env::var_os("BLESS").is_some();
    for (target, seeds) in seeds::all() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
        assert!(!seeds.is_empty() && seeds.len() < SEEDS_MAX, "{target} has {} seeds", seeds.len());
        for (name, seed) in seeds {
            assert!(seed.len() <= SEED_BYTES_MAX, "{target}/{name} has {} bytes", seed.len());
            let file = folder.join(&name);
            if bless {
                std::fs::create_dir_all(&folder).unwrap();
                std::fs::write(&file, &seed).unwrap();
            }
            let stored = std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            assert_eq!(stored, seed, "{} is not its seed; BLESS=1 writes it", file.display());
        }
    }
}

#[test]
fn every_target_has_seeds() {
    let seeded: Vec<&str> = seeds::all().into_iter().map(|(target, _)| target).collect();
    let targets: Vec<&str> = p2psync_fuzz::TARGETS.iter().map(|(name, _)| *name).collect();
    assert_eq!(seeded, targets);
}

const SEEDS_MAX: usize = 50;
const SEED_BYTES_MAX: usize = 8192;

//! Every input that was ever interesting, given to its target again. Nothing here may panic.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use p2psync_fuzz::TARGETS;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn names(folder: &Path) -> BTreeSet<String> {
    std::fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

fn target_names() -> BTreeSet<String> {
    TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect()
}

#[test]
fn the_corpus_is_replayed() {
    for (name, target) in TARGETS {
        let folder = folder("corpus").join(name);
        let files = names(&folder);
        assert!(!files.is_empty(), "the target {name} has no corpus");
        for file in files {
            // The harness shows this only if the target panics.
            println!("{name}/{file}");
            target(&std::fs::read(folder.join(file)).unwrap());
        }
    }
}

#[test]
fn every_corpus_has_a_target() {
    assert_eq!(names(&folder("corpus")), target_names());
}

#[test]
fn every_target_has_a_program_for_libfuzzer() {
    let programs = names(&folder("libfuzzer/fuzz_targets"));
    let expected = target_names();
    assert_eq!(programs, expected.iter().map(|name| format!("{name}.rs")).collect());
    let manifest = std::fs::read_to_string(folder("libfuzzer/Cargo.toml")).unwrap();
    for name in expected {
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "no [[bin]] {name}");
        let program = folder("libfuzzer/fuzz_targets").join(format!("{name}.rs"));
        let program = std::fs::read_to_string(program).unwrap();
        assert!(program.contains(&format!("p2psync_fuzz::{name}(data)")), "{name} calls another target");
    }
}

#[test]
fn the_corpus_is_small() {
    let mut all_bytes = 0;
    for (name, _) in TARGETS {
        let folder = folder("corpus").join(name);
        let files = names(&folder);
        assert!(files.len() <= FILES_PER_TARGET_MAX, "{name} has {} files", files.len());
        let sizes = files.iter().map(|file| folder.join(file).metadata().unwrap().len());
        all_bytes += sizes.sum::<u64>();
    }
    assert!(all_bytes <= CORPUS_BYTES_MAX, "the corpus has {all_bytes} bytes");
}

/// A replay takes a second at most, and a checkout stays small.
const FILES_PER_TARGET_MAX: usize = 400;
const CORPUS_BYTES_MAX: u64 = 2_000_000;

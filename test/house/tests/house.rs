//! The whole repository against the rules of the house. Each test reports all offences at once.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

use cargo_metadata::{Metadata, MetadataCommand};
use p2psync_house::{arrows, caps, documents, licences, prose, rooms, tree};

fn assert_none(offences: &[String]) {
    assert!(offences.is_empty(), "{} offences:\n{}", offences.len(), offences.join("\n"));
}

fn metadata() -> Metadata {
    MetadataCommand::new().manifest_path(tree::root().join("Cargo.toml")).exec().unwrap()
}

fn deny() -> toml::Table {
    std::fs::read_to_string(tree::root().join("deny.toml")).unwrap().parse().unwrap()
}

#[test]
fn arrows_point_down_and_heavy_dependencies_have_one_room() {
    let workspace = arrows::of_workspace(&metadata());
    assert!(workspace.contains_key("bramble"), "{workspace:?}");
    let mut offences = arrows::offences(&workspace);
    offences.extend(arrows::differences_from_deny(&deny()));
    assert_none(&offences);
}

#[test]
fn licences_are_those_of_deny_toml() {
    let licences = licences::of_dependencies(&metadata());
    assert!(licences.len() > 20, "{licences:?}");
    assert_none(&licences::offences(&licences, &deny()));
}

#[test]
fn files_and_functions_are_short_and_named() {
    let tree = tree::read();
    let sources = tree::texts(&tree, caps::SOURCE_ENDINGS);
    let offences: Vec<String> = sources.flat_map(|(path, text)| caps::offences(path, text)).collect();
    assert_none(&offences);
}

#[test]
fn generated_files_exist() {
    let tree = tree::read();
    assert!(caps::GENERATED.iter().all(|path| tree.contains_key(*path)));
}

#[test]
fn protocol_rooms_have_their_five_places() {
    assert_none(&rooms::offences(&tree::read()));
}

#[test]
fn links_lead_somewhere() {
    assert_none(&documents::dead_links(&tree::read()));
}

#[test]
fn every_requirement_has_a_row_and_evidence_exists() {
    let tree = tree::read();
    let requirements = tree["docs/requirements.md"].as_deref().unwrap();
    let mut offences = documents::requirement_offences(requirements);
    offences.extend(documents::EVIDENCE.iter().flat_map(|path| documents::missing_evidence(path, &tree)));
    assert_none(&offences);
}

#[test]
fn the_core_asks_for_nothing() {
    assert_none(&prose::core_offences(&tree::read()));
}

#[test]
fn the_repository_names_no_machine() {
    assert_none(&prose::machine_paths(&tree::read()));
}

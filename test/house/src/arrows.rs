//! Which crate may know which. The table is the drawing of the house: arrows point down only, and siblings do
//! not know each other.

use std::collections::{BTreeMap, BTreeSet};

/// Each room, and the rooms below that it may know. Rooms that are not built yet have their place already.
const ROOMS: &[(&str, &[&str])] = &[
    ("bramble", &[]),
    ("disk", &[]), // simulated: for tests and the simulator
    ("model", &["bramble"]),
    ("pair", &["bramble", "model"]),
    ("link", &["bramble", "model"]),
    ("sync", &["bramble", "model"]),
    ("deliver", &["bramble", "model"]),
    ("seal", &["bramble", "model"]),
    ("store", &["bramble", "model"]),
    ("engine", &["bramble", "model", "pair", "link", "sync", "deliver", "seal", "store"]),
    ("api", &["bramble", "model", "engine"]),
    ("android", &["api"]),
    // Its command line streams files, which no line of JSON can carry.
    ("desk", &["bramble", "model", "engine", "api"]),
    ("server", &["bramble", "model", "deliver", "seal"]),
    ("sim", &["bramble", "disk", "model", "engine", "server"]),
    ("fuzz", &["bramble", "model", "pair", "link", "sync", "deliver", "seal", "server"]),
];

/// Crates that only tests may use. What they depend on never reaches a phone.
const TEST_TOOLS: &[&str] = &["house", "vector-reader"];

/// Heavy dependencies, and the only rooms that may name them.
const HEAVY: &[(&str, &[&str])] = &[
    ("android_logger", &["android"]),
    ("btleplug", &["desk"]),
    ("jni", &["android"]),
    ("qrcode", &["pair"]),
    ("rusqlite", &["disk", "store"]),
    ("sequoia-openpgp", &["seal"]),
    ("serde_json", &["api", "server"]),
    ("snow", &["link"]),
];

/// The crates of the workspace, without their prefix `p2psync-`, and the names of what they depend on when they
/// are built to be used (not for tests).
pub type Dependencies = BTreeMap<String, BTreeSet<String>>;

/// Asks cargo for the crates of the workspace and their normal and build dependencies.
pub fn of_workspace(metadata: &cargo_metadata::Metadata) -> Dependencies {
    use cargo_metadata::DependencyKind::Development;
    metadata
        .workspace_packages()
        .iter()
        .map(|package| {
            let names = package.dependencies.iter().filter(|dependency| dependency.kind != Development);
            (room(&package.name).to_owned(), names.map(|dependency| dependency.name.clone()).collect())
        })
        .collect()
}

/// Every dependency that the tables do not allow.
pub fn offences(workspace: &Dependencies) -> Vec<String> {
    let mut offences = Vec::new();
    for (name, dependencies) in workspace {
        if TEST_TOOLS.contains(&name.as_str()) {
            continue;
        }
        let Some((_, below)) = ROOMS.iter().find(|(room, _)| room == name) else {
            offences.push(format!("{name} is not in the table of rooms (test/house/src/arrows.rs)"));
            continue;
        };
        for dependency in dependencies {
            let inside = dependency.starts_with(PREFIX);
            if inside && !below.contains(&room(dependency)) {
                offences.push(format!("{name} may not know {}", room(dependency)));
            }
            if let Some((_, allowed)) = HEAVY.iter().find(|(heavy, _)| heavy == dependency)
                && !allowed.contains(&name.as_str())
            {
                offences.push(format!(
                    "{name} may not depend on {dependency}: {} alone does",
                    allowed.join(", ")
                ));
            }
        }
    }
    offences
}

/// Heavy dependencies that `deny.toml` does not guard in the same way, or guards without being in the table.
pub fn differences_from_deny(deny: &toml::Table) -> Vec<String> {
    let denied = deny.get("bans").and_then(|bans| bans.get("deny")).and_then(toml::Value::as_array);
    let mut wrappers: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for entry in denied.into_iter().flatten() {
        let name = entry.get("crate").and_then(toml::Value::as_str).unwrap_or_default();
        let names = entry.get("wrappers").and_then(toml::Value::as_array).into_iter().flatten();
        let ours = names.filter_map(toml::Value::as_str).filter(|name| name.starts_with(PREFIX)).map(room);
        wrappers.insert(name, ours.filter(|name| !TEST_TOOLS.contains(name)).collect());
    }
    let mut offences = Vec::new();
    for (heavy, allowed) in HEAVY {
        match wrappers.remove(heavy) {
            None => offences.push(format!("deny.toml does not guard {heavy}")),
            Some(rooms) if rooms != allowed.iter().copied().collect() => {
                offences.push(format!("deny.toml lets {rooms:?} use {heavy}, the table {allowed:?}"));
            }
            Some(_) => {}
        }
    }
    offences
}

const PREFIX: &str = "p2psync-";

fn room(package: &str) -> &str {
    package.strip_prefix(PREFIX).unwrap_or(package)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspace(crates: &[(&str, &[&str])]) -> Dependencies {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        crates.iter().map(|(name, dependencies)| ((*name).to_owned(), owned(dependencies))).collect()
    }

    #[test]
    fn the_drawing_is_allowed() {
        let crates = workspace(&[
            ("bramble", &["blake2", "thiserror"]),
            ("link", &["p2psync-bramble", "snow"]),
            ("pair", &["p2psync-bramble", "qrcode"]),
            ("vector-reader", &["serde_json"]),
        ]);
        assert_eq!(offences(&crates), [""; 0]);
    }

    #[test]
    fn every_other_arrow_is_an_offence() {
        let crates = workspace(&[
            ("attic", &[]),
            ("bramble", &["p2psync-pair"]),
            ("link", &["p2psync-pair", "p2psync-vector-reader"]),
            ("pair", &["serde_json", "snow"]),
        ]);
        assert_eq!(
            offences(&crates),
            [
                "attic is not in the table of rooms (test/house/src/arrows.rs)",
                "bramble may not know pair",
                "link may not know pair",
                "link may not know vector-reader",
                "pair may not depend on serde_json: api, server alone does",
                "pair may not depend on snow: link alone does",
            ]
        );
    }

    #[test]
    fn the_table_itself_points_down_only() {
        let mut above = BTreeSet::new();
        for (room, below) in ROOMS {
            assert!(below.iter().all(|name| above.contains(name)), "{room} knows a room drawn after it");
            above.insert(room);
        }
    }

    #[test]
    fn deny_toml_must_say_the_same() {
        let deny: toml::Table =
            "bans.deny = [{ crate = \"snow\", wrappers = [\"p2psync-pair\"] }]".parse().unwrap();
        let differences = differences_from_deny(&deny);
        assert_eq!(differences.len(), HEAVY.len());
        assert!(differences.contains(&r#"deny.toml lets {"pair"} use snow, the table ["link"]"#.to_owned()));
        assert!(differences.contains(&"deny.toml does not guard jni".to_owned()));
    }
}

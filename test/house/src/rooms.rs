//! The same word in five places: crate, specification, vectors, fuzz target and scenario of a protocol room.

use crate::tree::{Tree, has};

/// Rooms that speak a protocol and are built.
const BUILT: &[&str] = &["link", "pair"];

/// Rooms that speak a protocol, from the day that their crate exists.
const PLANNED: &[&str] = &["deliver", "sync"];

/// Every place that a protocol room lacks.
pub fn offences(tree: &Tree) -> Vec<String> {
    let planned = PLANNED.iter().filter(|room| has(tree, &format!("rust/{room}")));
    BUILT.iter().chain(planned).flat_map(|room| missing(tree, room)).collect()
}

fn missing(tree: &Tree, room: &str) -> Vec<String> {
    // The scenario moves into the simulator once there is one.
    let scenario = if has(tree, "rust/sim") {
        format!("rust/sim/tests/{room}.rs")
    } else {
        format!("rust/{room}/tests/duet.rs")
    };
    let places = [
        format!("rust/{room}/src/lib.rs"),
        format!("docs/protocol/{room}.md"),
        format!("test/vectors/{room}/"),
        format!("rust/fuzz/libfuzzer/fuzz_targets/{room}.rs"),
        scenario,
    ];
    places.iter().filter(|place| !has(tree, place)).map(|place| format!("{room} lacks {place}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACES: [&str; 5] = [
        "rust/ROOM/src/lib.rs",
        "docs/protocol/ROOM.md",
        "test/vectors/ROOM/session.json",
        "rust/fuzz/libfuzzer/fuzz_targets/ROOM.rs",
        "rust/ROOM/tests/duet.rs",
    ];

    fn tree() -> Tree {
        let rooms = ["pair", "link", "sync"].into_iter();
        rooms.flat_map(|room| PLACES.map(|place| (place.replace("ROOM", room), None))).collect()
    }

    #[test]
    fn each_place_is_missed() {
        assert_eq!(offences(&tree()), [""; 0]);
        for room in ["pair", "link", "sync"] {
            for place in PLACES.map(|place| place.replace("ROOM", room)) {
                let mut tree = tree();
                tree.remove(&place);
                let offences = offences(&tree);
                assert_eq!(offences.len(), 1, "{place}");
                let named = place.replace("session.json", "");
                assert!(offences[0].ends_with(&named), "{offences:?}");
            }
        }
    }

    #[test]
    fn a_room_may_not_vanish_and_a_planned_one_need_not_be_there() {
        let offences = offences(&Tree::new());
        assert_eq!(offences.len(), 10);
        assert!(offences.iter().all(|offence| offence.starts_with("link") || offence.starts_with("pair")));
    }

    #[test]
    fn the_scenario_moves_into_the_simulator() {
        let mut tree = tree();
        tree.insert("rust/sim/src/lib.rs".into(), None);
        assert!(offences(&tree).contains(&"pair lacks rust/sim/tests/pair.rs".to_owned()));
    }
}

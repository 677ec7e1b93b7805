//! Words that must not stand in the sources: what the core may not reach for, and paths of somebody's machine.

use crate::tree::{Tree, texts};

/// Rooms that are told the time and the bytes, and never ask for them.
const CORE: &[&str] = &["bramble", "model", "pair", "link", "sync", "deliver", "seal", "engine"];

/// What a room of the core may not name in its `src`.
const CORE_FORBIDDEN: &[&str] = &["std::thread", "tokio", "async fn", "std::net"];

/// Folders whose programs have business with the machine that they run on.
const MACHINE_FOLDERS: &[&str] = &["scripts/", ".ci/"];

/// First parts of absolute paths that mean one particular machine.
const MACHINE_ROOTS: &[&str] = &["work", "root", "tmp", "home"];

/// Every forbidden word in the core's sources.
pub fn core_offences(tree: &Tree) -> Vec<String> {
    let folders: Vec<String> = CORE.iter().map(|room| format!("rust/{room}/src/")).collect();
    let mut offences = Vec::new();
    for (path, text) in texts(tree, &[".rs"]) {
        if !folders.iter().any(|folder| path.starts_with(folder)) {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            for word in CORE_FORBIDDEN.iter().filter(|word| line.contains(**word)) {
                offences.push(format!("{path}:{}: the core does not know {word}", number + 1));
            }
        }
    }
    offences
}

/// Every absolute path of a machine in a text file.
pub fn machine_paths(tree: &Tree) -> Vec<String> {
    let roots: Vec<String> = MACHINE_ROOTS.iter().map(|root| format!("/{root}/")).collect();
    let mut offences = Vec::new();
    for (path, text) in texts(tree, &[""]) {
        if MACHINE_FOLDERS.iter().any(|folder| path.starts_with(folder)) {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            for root in roots.iter().filter(|root| names_path(line, root)) {
                offences.push(format!("{path}:{}: a path below {root}", number + 1));
            }
        }
    }
    offences
}

/// Whether `root` begins a path in `line`, rather than being a part of a longer one.
fn names_path(line: &str, root: &str) -> bool {
    line.match_indices(root).any(|(place, _)| {
        let before = line.get(..place).and_then(|front| front.chars().next_back());
        before.is_none_or(|letter| !letter.is_alphanumeric() && !"._-~}/*".contains(letter))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: String) -> Tree {
        [(path.to_owned(), Some(text))].into()
    }

    #[test]
    fn the_core_asks_for_nothing() {
        for word in CORE_FORBIDDEN {
            let text = format!("//! A room.\nuse {word};\n");
            assert_eq!(
                core_offences(&file("rust/pair/src/deep/lib.rs", text.clone())),
                [format!("rust/pair/src/deep/lib.rs:2: the core does not know {word}")]
            );
            assert_eq!(core_offences(&file("rust/pair/examples/talk.rs", text.clone())), [""; 0]);
            assert_eq!(core_offences(&file("rust/desk/src/main.rs", text)), [""; 0]);
        }
    }

    #[test]
    fn no_machine_is_named() {
        for root in MACHINE_ROOTS {
            let text = format!("see `/{root}/notes`\n");
            assert_eq!(machine_paths(&file("README.md", text.clone())).len(), 1, "{root}");
            assert_eq!(machine_paths(&file("scripts/test", text)), [""; 0]);
            assert_eq!(machine_paths(&file("README.md", format!("https://a.org/{root}/x"))), [""; 0]);
            assert_eq!(machine_paths(&file("README.md", format!("target/{root}/x"))), [""; 0]);
        }
    }
}

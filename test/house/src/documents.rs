//! What the documents promise: links lead somewhere, every requirement has a row, evidence exists.

use std::collections::BTreeSet;

use crate::tree::{Tree, has, texts};

/// Every requirement of the project, in the order of `docs/requirements.md`.
pub const REQUIREMENTS: &[&str] = &[
    "U1", "U2", "U3", "U4", "U5", "U6", "U7", "U8", "U9", //
    "B1.1", "B1.2", "B1.3", "B1.4", "B1.5", "B2.1", "B3.1", "B3.2", "B4.1", "B4.2", //
    "BN1.1", "BN1.2", "BN1.3", "BN2.1", "BN2.2", "BI", "BS", "BC", "BD1", "BD2", //
    "BW1.1", "BW1.2", "BW1.3", "BW2", "BW3", "BX1", "BX2", "BX3", //
    "P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8",
];

/// Documents whose last column names what shows a row.
pub const EVIDENCE: &[&str] = &["docs/requirements.md", "docs/threats.md"];

/// Every relative link of a Markdown file that leads nowhere.
pub fn dead_links(tree: &Tree) -> Vec<String> {
    let mut offences = Vec::new();
    for (path, text) in texts(tree, &[".md"]) {
        for link in links(text) {
            let (file, heading) = link.split_once('#').unwrap_or((&link, ""));
            let target = if file.is_empty() { Some(path.to_owned()) } else { resolve(path, file) };
            let leads = match target {
                Some(target) if heading.is_empty() => target.is_empty() || has(tree, &target),
                Some(target) => tree
                    .get(&target)
                    .and_then(Option::as_deref)
                    .is_some_and(|text| has_heading(text, heading)),
                None => false,
            };
            if !leads {
                offences.push(format!("{path}: the link to {link} leads nowhere"));
            }
        }
    }
    offences
}

/// Requirements without exactly one row of three filled columns, and rows of no requirement.
pub fn requirement_offences(text: &str) -> Vec<String> {
    let rows: Vec<Vec<&str>> = rows(text).filter(|row| row.first() != Some(&"id")).collect();
    let mut offences: Vec<String> = rows
        .iter()
        .filter(|row| row.len() != 3 || row.iter().any(|cell| cell.is_empty()))
        .map(|row| format!("the row {row:?} has not three filled columns"))
        .collect();
    for id in REQUIREMENTS {
        let count = rows.iter().filter(|row| row.first() == Some(id)).count();
        if count != 1 {
            offences.push(format!("{id} has {count} rows, not one"));
        }
    }
    let unknown = rows.iter().filter_map(|row| row.first()).filter(|id| !REQUIREMENTS.contains(id));
    offences.extend(unknown.map(|id| format!("{id} is no requirement")));
    offences
}

/// Evidence that does not exist: `path` or `path::function` in a document's code spans.
pub fn missing_evidence(path: &str, tree: &Tree) -> Vec<String> {
    let Some(Some(text)) = tree.get(path) else { return vec![format!("{path} does not exist")] };
    let spans = text.split('`').skip(1).step_by(2);
    let named: BTreeSet<&str> =
        spans.filter(|span| FOLDERS.iter().any(|folder| span.starts_with(folder))).collect();
    named
        .into_iter()
        .filter(|span| {
            let command = span.split(' ').next().unwrap_or(span);
            let (file, function) = command.split_once("::").unwrap_or((command, ""));
            let holds = tree.get(file).and_then(Option::as_deref);
            !has(tree, file)
                || !(function.is_empty()
                    || holds.is_some_and(|text| text.contains(&format!("fn {function}("))))
        })
        .map(|span| format!("{path}: {span} does not exist"))
        .collect()
}

const FOLDERS: &[&str] = &["rust/", "test/", "scripts/", "docs/"];

/// The cells of each row of the tables in `text`, without heads' rules.
fn rows(text: &str) -> impl Iterator<Item = Vec<&str>> {
    text.lines()
        .filter_map(|line| line.trim().strip_prefix('|')?.strip_suffix('|'))
        .map(|line| line.split('|').map(str::trim).collect::<Vec<_>>())
        .filter(|row| !row.iter().all(|cell| cell.starts_with("--")))
}

/// Targets of relative links outside code.
fn links(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut in_fence = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_fence = !in_fence;
        }
        if in_fence {
            continue;
        }
        let prose: String = line.split('`').step_by(2).collect::<Vec<_>>().join("`");
        let inline = prose.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
        found.extend(inline.map(str::to_owned));
        if let Some((_, target)) = prose.strip_prefix('[').and_then(|rest| rest.split_once("]: ")) {
            found.extend(target.split(' ').next().map(str::to_owned));
        }
    }
    found.retain(|link| !link.contains("://") && !link.starts_with("mailto:"));
    found
}

/// The path from the root that `link` means in the file `from`; `None` if it leaves the repository.
fn resolve(from: &str, link: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

fn has_heading(text: &str, anchor: &str) -> bool {
    text.lines()
        .filter(|line| line.starts_with('#'))
        .any(|line| slug(line.trim_start_matches('#').trim()) == anchor)
}

/// The anchor that a code host makes of a heading.
fn slug(heading: &str) -> String {
    let kept = heading.chars().filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> Tree {
        files.iter().map(|(path, text)| ((*path).to_owned(), Some((*text).to_owned()))).collect()
    }

    #[test]
    fn dead_links_are_found() {
        let text = "[a](docs/a.md) [b](docs/b.md) [c](docs/) [d](../out.md) [e](https://e.org/x)\n\
                    `[f](f.md)` [g](docs/a.md#one-two) [h](docs/a.md#three) [i](#top)\n[j]: j.md\n\
                    ```\n[k](k.md)\n```\n# Top\n";
        let tree = tree(&[("README.md", text), ("docs/a.md", "# One, two\n[up](../README.md)\n")]);
        let lead_nowhere = ["docs/b.md", "../out.md", "docs/a.md#three", "j.md"];
        assert_eq!(
            dead_links(&tree),
            lead_nowhere.map(|link| format!("README.md: the link to {link} leads nowhere"))
        );
    }

    #[test]
    fn every_requirement_has_one_row() {
        let rows: Vec<String> =
            REQUIREMENTS.iter().map(|id| format!("| {id} | what | not shown |\n")).collect();
        let table = rows.concat();
        assert_eq!(
            requirement_offences(&format!("| id | what | shown by |\n|---|---|---|\n{table}")),
            [""; 0]
        );
        let broken = table.replace("| BI | what | not shown |\n", "| P1 | what | |\n| X | what | x |\n");
        let offences = requirement_offences(&broken);
        assert_eq!(
            offences,
            [
                r#"the row ["P1", "what", ""] has not three filled columns"#,
                "BI has 0 rows, not one",
                "P1 has 2 rows, not one",
                "X is no requirement",
            ]
        );
    }

    #[test]
    fn evidence_must_exist() {
        let text =
            "`rust/a.rs` `rust/a.rs::shown` `rust/a.rs::gone` `rust/b.rs` `cargo test` `scripts/test house`";
        let tree = tree(&[("d.md", text), ("rust/a.rs", "fn shown() {}"), ("scripts/test", "")]);
        assert_eq!(
            missing_evidence("d.md", &tree),
            ["d.md: rust/a.rs::gone does not exist", "d.md: rust/b.rs does not exist"]
        );
        assert_eq!(missing_evidence("e.md", &tree), ["e.md does not exist"]);
    }
}

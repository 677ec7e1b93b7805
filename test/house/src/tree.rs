//! The files of the repository, as git sees them: tracked, or new and not ignored.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Files by their path from the root, with `/` between the parts. Files that are not UTF-8 are `None`.
pub type Tree = BTreeMap<String, Option<String>>;

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Reads all files of the repository.
pub fn read() -> Tree {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"])
        .current_dir(root())
        .output()
        .expect("git is installed where the house is tested");
    assert!(listed.status.success(), "git ls-files: {}", String::from_utf8_lossy(&listed.stderr));
    let names = String::from_utf8(listed.stdout).expect("paths in the repository are UTF-8");
    let mut tree = Tree::new();
    for name in names.split('\0').filter(|name| !name.is_empty()) {
        // A file that was removed and not committed yet is still listed.
        if let Ok(bytes) = std::fs::read(root().join(name)) {
            tree.insert(name.to_owned(), String::from_utf8(bytes).ok());
        }
    }
    assert!(tree.contains_key("Cargo.toml"), "the root of the repository is not where it was");
    tree
}

/// Whether `tree` has the file `path`, or any file in the folder `path`.
pub fn has(tree: &Tree, path: &str) -> bool {
    let path = path.trim_end_matches('/');
    let folder = format!("{path}/");
    tree.contains_key(path)
        || tree.range(folder.clone()..).next().is_some_and(|(name, _)| name.starts_with(&folder))
}

/// The files of `tree` that are text and whose name ends in one of `endings`.
pub fn texts<'a>(tree: &'a Tree, endings: &'a [&str]) -> impl Iterator<Item = (&'a str, &'a str)> {
    tree.iter()
        .filter(|(name, _)| endings.iter().any(|ending| name.ends_with(ending)))
        .filter_map(|(name, text)| Some((name.as_str(), text.as_deref()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_there_if_a_file_is_in_it() {
        let tree: Tree = [("rust/pair/src/lib.rs".to_owned(), None)].into();
        assert!(has(&tree, "rust/pair/src/lib.rs"));
        assert!(has(&tree, "rust/pair/"));
        assert!(has(&tree, "rust"));
        assert!(!has(&tree, "rust/pai"));
        assert!(!has(&tree, "rust/pair/tests"));
    }
}

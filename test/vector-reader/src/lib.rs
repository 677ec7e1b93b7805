//! Reads a set of test vectors and says how many of its cases were checked.
//!
//! A set is a folder under `test/vectors`. When the variable `P2PSYNC_VECTORS` names a folder, files are read from
//! there instead, so the same tests can be run over other people's data. Fields and lists that a test does not
//! name make it fail (`deny_unknown_fields`), so that no case is passed over in silence.
#![allow(clippy::panic, clippy::missing_panics_doc, reason = "a vector that cannot be read fails the test")]

use std::fmt;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error as _};

/// Reads `file` of the set `set`, hands it to `check`, and prints the number of cases that `check` returns to
/// standard error, past the test harness's capture. Zero cases fail the test.
pub fn check<T: DeserializeOwned>(set: &str, file: &str, check: impl FnOnce(T) -> usize) {
    let path = folder_of(set, file).join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut vectors: serde_json::Value =
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    if let Some(fields) = vectors.as_object_mut() {
        fields.retain(|name, _| !ORIGIN_FIELDS.contains(&name.as_str()));
    }
    let vectors =
        serde_json::from_value(vectors).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let cases = check(vectors);
    assert!(cases > 0, "{} holds no case", path.display());
    writeln!(std::io::stderr(), "vectors: {file}: {cases} cases checked").expect("standard error is open");
}

/// Fields that say where a file comes from; they hold no case.
const ORIGIN_FIELDS: [&str; 3] = ["file", "set", "source"];

/// Compares `made`, the vectors of an extension of our own, with what `file` of the set `set` holds; with the
/// variable `BLESS` set, writes it there first.
pub fn keep(set: &str, file: &str, made: &serde_json::Value) {
    let path = own_folder(set).join(file);
    let text = format!("{made:#}\n");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == text, "{} is not what is made now; BLESS=1 writes it", path.display());
}

/// The folder that a file of a set is read from. Other people's folders hold Bramble's files; those of our own
/// extensions are read from there only if they are there.
fn folder_of(set: &str, file: &str) -> PathBuf {
    let Some(other) = std::env::var_os("P2PSYNC_VECTORS") else { return own_folder(set) };
    // Tests run in their crate's folder; a relative path is meant from where cargo was called.
    let other = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(other);
    if set == "bramble" || other.join(file).exists() { other } else { own_folder(set) }
}

fn own_folder(set: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors").join(set)
}

/// Bytes written as hex digits.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Hex(pub Vec<u8>);

impl Hex {
    /// The bytes as an array; fails the test if their number is another.
    pub fn array<const N: usize>(&self) -> [u8; N] {
        self.0.as_slice().try_into().unwrap_or_else(|_| panic!("{self:?} has not {N} bytes"))
    }
}

impl std::ops::Deref for Hex {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Hex {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hex::encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        hex::decode(&text).map(Self).map_err(D::Error::custom)
    }
}

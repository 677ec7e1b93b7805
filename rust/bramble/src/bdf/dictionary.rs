//! A dictionary whose order is that of its encoding: by UTF-16 code units, as Java compares strings.

use core::cmp::Ordering;
use std::collections::BTreeMap;

use super::Value;

/// Values by name, in canonical order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dictionary(BTreeMap<Key, Value>);

impl Dictionary {
    /// An empty dictionary.
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Adds an entry; the value that stood under that name before is returned.
    pub fn insert(&mut self, name: impl Into<String>, value: Value) -> Option<Value> {
        self.0.insert(Key(name.into()), value)
    }

    /// The value under `name`.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(&Key(name.to_owned()))
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Entries in canonical order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(key, value)| (key.0.as_str(), value))
    }

    /// Whether `name` may follow all entries in canonical order.
    pub(super) fn may_follow(&self, name: &str) -> bool {
        self.0.last_key_value().is_none_or(|(last, _)| utf16_order(&last.0, name) == Ordering::Less)
    }
}

impl<N: Into<String>> FromIterator<(N, Value)> for Dictionary {
    fn from_iter<I: IntoIterator<Item = (N, Value)>>(entries: I) -> Self {
        Self(entries.into_iter().map(|(name, value)| (Key(name.into()), value)).collect())
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Key(String);

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        utf16_order(&self.0, &other.0)
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

fn utf16_order(left: &str, right: &str) -> Ordering {
    left.encode_utf16().cmp(right.encode_utf16())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_utf16_where_it_differs_from_utf8() {
        // U+FF5E sorts after U+1F600 in UTF-16 (D83D DE00) and before it in UTF-8.
        let entries: Dictionary =
            [("\u{ff5e}", Value::Null), ("\u{1f600}", Value::Null)].into_iter().collect();
        assert_eq!(entries.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["\u{1f600}", "\u{ff5e}"]);
        assert!(!entries.may_follow("\u{1f600}"));
        assert!(!entries.may_follow("\u{ff5e}"));
        assert!(entries.may_follow("\u{ffff}"));
    }
}

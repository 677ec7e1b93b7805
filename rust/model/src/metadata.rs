//! Metadata: the app's own plain values by name. What they mean is between the app and the destination.

use p2psync_bramble::bdf::{self, Dictionary, Value};

/// Longest metadata, encoded as a BDF dictionary.
pub const METADATA_BYTES_MAX: usize = 16_384;

/// Strings, integers, finite numbers, truth values and nothing, by names of at least one byte.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metadata(Dictionary);

impl Metadata {
    /// Takes entries that can be metadata.
    ///
    /// # Errors
    /// [`MetadataError`] for what JSON's flat values cannot be, an empty name, or too much.
    pub fn new(entries: Dictionary) -> Result<Self, MetadataError> {
        for (name, value) in entries.iter() {
            let is_plain = match value {
                Value::Null | Value::Boolean(_) | Value::Integer(_) | Value::String(_) => true,
                Value::Float(number) => number.is_finite(),
                Value::Raw(_) | Value::List(_) | Value::Dictionary(_) => false,
            };
            if !is_plain || name.is_empty() {
                return Err(MetadataError::NotPlain);
            }
        }
        let metadata = Self(entries);
        let bytes = metadata.encode().len();
        if bytes > METADATA_BYTES_MAX { Err(MetadataError::TooLong { bytes }) } else { Ok(metadata) }
    }

    /// The entries.
    pub const fn as_dictionary(&self) -> &Dictionary {
        &self.0
    }

    fn encode(&self) -> Vec<u8> {
        let mut encoded = Vec::new();
        bdf::write(&Value::Dictionary(self.0.clone()), &mut encoded);
        encoded
    }
}

/// Entries that are no metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// A value that is no string, finite number, truth value or nothing, or a name that is empty.
    #[error("metadata are plain values by name")]
    NotPlain,
    /// Too much.
    #[error("metadata have at most {METADATA_BYTES_MAX} bytes, not {bytes}")]
    TooLong {
        /// Length when encoded.
        bytes: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(name: &str, value: Value) -> Result<Metadata, MetadataError> {
        Metadata::new([(name, value)].into_iter().collect())
    }

    #[test]
    fn only_plain_values_are_metadata() {
        let text = Value::String("ü".to_owned());
        for value in [Value::Null, Value::Boolean(true), Value::Integer(i64::MIN), Value::Float(-0.5), text] {
            assert!(one("k", value).is_ok());
        }
        let infinite = Value::Float(f64::INFINITY);
        let dictionary = Value::Dictionary(Dictionary::new());
        for value in [Value::Float(f64::NAN), infinite, Value::Raw(vec![]), Value::List(vec![]), dictionary] {
            assert_eq!(one("k", value), Err(MetadataError::NotPlain));
        }
        assert_eq!(one("", Value::Null), Err(MetadataError::NotPlain));
    }

    #[test]
    fn the_limit_is_exact() {
        let text = |length| Value::String("x".repeat(length));
        assert!(one("k", text(METADATA_BYTES_MAX - 8)).is_ok());
        assert_eq!(one("k", text(METADATA_BYTES_MAX - 7)), Err(MetadataError::TooLong { bytes: 16_385 }));
    }
}

//! Who a device is to others: a name and an Ed25519 key; and the author id that stands for both (BRAMBLE 1.2).

use p2psync_bramble::{Digest, VerifyingKey, hash};

/// Longest name, in bytes of UTF-8.
pub const NAME_BYTES_MAX: usize = 50;

/// A name and the key that signs under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    name: String,
    key: VerifyingKey,
}

impl Identity {
    /// An identity with a name of 1 to [`NAME_BYTES_MAX`] bytes.
    ///
    /// # Errors
    /// [`NameLength`] for another length.
    pub fn new(name: impl Into<String>, key: VerifyingKey) -> Result<Self, NameLength> {
        let name = name.into();
        if (1..=NAME_BYTES_MAX).contains(&name.len()) {
            Ok(Self { name, key })
        } else {
            Err(NameLength { bytes: name.len() })
        }
    }

    /// The name that people see. Any UTF-8: whoever shows it decides how to show what is not printable.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key that the device signs with, for good.
    pub const fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// The hash of name and key.
    pub fn author_id(&self) -> Digest {
        hash(
            "org.briarproject.bramble/AUTHOR_ID",
            &[&FORMAT_VERSION.to_be_bytes(), self.name.as_bytes(), self.key.as_bytes()],
        )
    }
}

/// A name that is empty or too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a name has 1 to {NAME_BYTES_MAX} bytes, not {bytes}")]
pub struct NameLength {
    /// Length of the name in bytes of UTF-8.
    pub bytes: usize,
}

/// Version of the author format.
pub(crate) const FORMAT_VERSION: u32 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_counted_in_bytes() {
        let key = VerifyingKey::from_bytes([0; 32]);
        assert_eq!(Identity::new("", key), Err(NameLength { bytes: 0 }));
        assert!(Identity::new("ü".repeat(25), key).is_ok());
        assert_eq!(Identity::new("ü".repeat(26), key), Err(NameLength { bytes: 52 }));
    }

    #[test]
    fn the_author_id_is_over_both() {
        let id = |name: &str, key| Identity::new(name, VerifyingKey::from_bytes(key)).unwrap().author_id();
        assert_ne!(id("a", [0; 32]), id("b", [0; 32]));
        assert_ne!(id("a", [0; 32]), id("a", [1; 32]));
    }
}

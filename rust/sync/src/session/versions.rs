//! The versions of sync that a device speaks over an authenticated link, and which one two devices use.

use super::Error;

/// Versions that one side speaks: 1 to [`Versions::COUNT_MAX`] of them, ascending, none zero. Version 0 is Bramble's
/// and is never agreed here: it comes with Bramble's own link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versions(Vec<u8>);

impl Versions {
    /// Most versions that can be named.
    pub const COUNT_MAX: usize = 10;

    /// What this library speaks.
    pub fn ours() -> Self {
        Self(vec![1])
    }

    /// Versions that ascend.
    ///
    /// # Errors
    /// [`VersionsError`] if there are none or too many, one is zero, or they do not ascend strictly.
    pub fn new(versions: Vec<u8>) -> Result<Self, VersionsError> {
        let in_bounds = (1..=Self::COUNT_MAX).contains(&versions.len());
        let ascending = versions.is_sorted_by(|left, right| left < right);
        if in_bounds && ascending && !versions.contains(&0) { Ok(Self(versions)) } else { Err(VersionsError) }
    }

    /// The versions, ascending.
    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }

    /// The highest version that both speak.
    ///
    /// # Errors
    /// [`Error::PeerTooOld`] or [`Error::PeerTooNew`] if there is none: the side whose newest version is lower is the
    /// older one.
    pub fn agree(&self, theirs: &Self) -> Result<u8, Error> {
        if let Some(&common) = self.0.iter().rev().find(|version| theirs.0.contains(version)) {
            return Ok(common);
        }
        let (newest, newest_of_theirs) = (self.0.last().copied(), theirs.0.last().copied());
        Err(if newest_of_theirs < newest { Error::PeerTooOld } else { Error::PeerTooNew })
    }
}

/// No list of versions that a device may speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a list of one to ten different versions above zero")]
pub struct VersionsError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_common_version_is_used() {
        let versions = |list: &[u8]| Versions::new(list.to_vec()).unwrap();
        assert_eq!(versions(&[1, 2, 3]).agree(&versions(&[1, 2])), Ok(2));
        assert_eq!(versions(&[1]).agree(&versions(&[7])), Err(Error::PeerTooNew));
        assert_eq!(versions(&[7]).agree(&versions(&[1])), Err(Error::PeerTooOld));
        for list in [&[][..], &[0], &[2, 1], &[1, 1], &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]] {
            assert_eq!(Versions::new(list.to_vec()), Err(VersionsError), "{list:?}");
        }
    }
}

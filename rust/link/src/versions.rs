//! The versions of the link that a device speaks, and which one two devices use.

use crate::Error;

/// Versions that one side offers: 1 to [`Versions::COUNT_MAX`] of them, ascending, none zero (0 is BTP, which is
/// never agreed here). On the wire: their number, the versions, zeros up to 7 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versions(Vec<u8>);

impl Versions {
    /// Most versions that can be offered.
    pub const COUNT_MAX: usize = 6;

    /// Length on the wire.
    pub const BYTES: usize = 1 + Self::COUNT_MAX;

    /// What this library speaks.
    pub fn ours() -> Self {
        Self(vec![1])
    }

    /// Versions in any order.
    ///
    /// # Errors
    /// [`VersionsError`] if there are none or too many, or one is zero or repeated.
    pub fn new(mut versions: Vec<u8>) -> Result<Self, VersionsError> {
        versions.sort_unstable();
        Self::checked(versions)
    }

    /// Reads what [`Versions::encode`] makes, and nothing else.
    ///
    /// # Errors
    /// [`VersionsError`] as for [`Versions::new`], and for bytes that are not zero where they must be.
    pub fn decode(bytes: &[u8; Self::BYTES]) -> Result<Self, VersionsError> {
        let (&count, rest) = bytes.split_first().ok_or(VersionsError)?;
        let (versions, padding) = rest.split_at_checked(count.into()).ok_or(VersionsError)?;
        if padding.iter().any(|&byte| byte != 0) {
            return Err(VersionsError);
        }
        Self::checked(versions.to_vec())
    }

    /// The wire form.
    pub fn encode(&self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        let count = u8::try_from(self.0.len()).expect("at most six versions");
        for (place, &value) in bytes.iter_mut().zip([count].iter().chain(&self.0)) {
            *place = value;
        }
        bytes
    }

    /// The highest version that both offer.
    ///
    /// # Errors
    /// [`Error::PeerTooOld`] or [`Error::PeerTooNew`] if there is none: the side whose newest version is lower
    /// is the older one.
    pub fn agree(&self, theirs: &Self) -> Result<u8, Error> {
        if let Some(&common) = self.0.iter().rev().find(|version| theirs.0.contains(version)) {
            return Ok(common);
        }
        let (newest_of_theirs, oldest_of_theirs) = (theirs.newest(), theirs.oldest());
        Err(if newest_of_theirs < self.newest() {
            Error::PeerTooOld { newest_of_theirs }
        } else {
            Error::PeerTooNew { oldest_of_theirs }
        })
    }

    fn checked(versions: Vec<u8>) -> Result<Self, VersionsError> {
        let in_bounds = (1..=Self::COUNT_MAX).contains(&versions.len());
        let ascending = versions.is_sorted_by(|left, right| left < right);
        if in_bounds && ascending && !versions.contains(&0) { Ok(Self(versions)) } else { Err(VersionsError) }
    }

    fn newest(&self) -> u8 {
        self.0.last().copied().unwrap_or_default()
    }

    fn oldest(&self) -> u8 {
        self.0.first().copied().unwrap_or_default()
    }
}

/// No list of versions that a device may offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a list of one to six different versions above zero")]
pub struct VersionsError;

#[cfg(test)]
mod tests {
    use super::*;

    fn versions(list: &[u8]) -> Versions {
        Versions::new(list.to_vec()).unwrap()
    }

    #[test]
    fn the_highest_common_version_is_used() {
        assert_eq!(versions(&[3, 1, 2]).agree(&versions(&[2, 1])), Ok(2));
        assert_eq!(versions(&[1]).agree(&versions(&[9, 1])), Ok(1));
    }

    #[test]
    fn without_a_common_version_the_older_side_is_named() {
        let (old, new) = (versions(&[1, 2]), versions(&[3, 4]));
        assert_eq!(new.agree(&old), Err(Error::PeerTooOld { newest_of_theirs: 2 }));
        assert_eq!(old.agree(&new), Err(Error::PeerTooNew { oldest_of_theirs: 3 }));
    }

    #[test]
    fn only_the_canonical_form_is_read() {
        for list in [&[1][..], &[1, 2, 3, 4, 5, 255]] {
            assert_eq!(Versions::decode(&versions(list).encode()), Ok(versions(list)));
        }
        let refused = [
            [0; 7],
            [7, 1, 2, 3, 4, 5, 6],
            [1, 0, 0, 0, 0, 0, 0],
            [1, 1, 1, 0, 0, 0, 0],
            [2, 2, 1, 0, 0, 0, 0],
        ];
        for bytes in refused {
            assert_eq!(Versions::decode(&bytes), Err(VersionsError), "{bytes:?}");
        }
        for list in [&[][..], &[0, 1], &[1, 1], &[1, 2, 3, 4, 5, 6, 7]] {
            assert_eq!(Versions::new(list.to_vec()), Err(VersionsError), "{list:?}");
        }
    }
}

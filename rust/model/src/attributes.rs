//! What a document shows to everybody who carries it.

use p2psync_bramble::WallClock;

use crate::{DocumentId, Fingerprint};

/// Most parents of a document.
pub const PARENTS_MAX: usize = 16;

/// Length of the salt of an open document.
pub const SALT_BYTES: usize = 16;

/// What relays need to carry a document well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attributes {
    /// Who can read it.
    pub protection: Protection,
    /// What goes first when time is short.
    pub priority: Priority,
    /// From when on nobody needs it any more; at most [`crate::DATE_MS_MAX`], or no document can have it.
    pub expires: Option<WallClock>,
    /// What must be known before it makes sense.
    pub parents: Parents,
}

impl Attributes {
    /// Normal priority, no expiry, no parents.
    pub fn new(protection: Protection) -> Self {
        Self { protection, priority: Priority::Normal, expires: None, parents: Parents::default() }
    }
}

/// Who can read a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Protection {
    /// Every device of the deployment. The salt is random, so that a form of few possible answers cannot be guessed
    /// from its id.
    Open {
        /// Random for each document.
        salt: [u8; SALT_BYTES],
    },
    /// Only the destination with this certificate: the content is an OpenPGP message.
    Sealed {
        /// The destination's certificate.
        destination: Fingerprint,
    },
}

impl Protection {
    /// Open, with a fresh salt.
    pub fn open(random: &mut dyn rand_core::CryptoRngCore) -> Self {
        let mut salt = [0; SALT_BYTES];
        random.fill_bytes(&mut salt);
        Self::Open { salt }
    }
}

/// What goes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// Photos and other bulk.
    Low,
    /// Everything else.
    #[default]
    Normal,
    /// Forms that somebody waits for.
    High,
}

impl Priority {
    /// 0 low, 1 normal, 2 high.
    pub const fn number(self) -> i64 {
        match self {
            Self::Low => 0,
            Self::Normal => 1,
            Self::High => 2,
        }
    }

    /// The priority that [`Self::number`] means.
    pub const fn from_number(number: i64) -> Option<Self> {
        match number {
            0 => Some(Self::Low),
            1 => Some(Self::Normal),
            2 => Some(Self::High),
            _ => None,
        }
    }
}

/// The documents that one builds on: at most [`PARENTS_MAX`], ascending, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parents(Vec<DocumentId>);

impl Parents {
    /// Takes ids that ascend.
    ///
    /// # Errors
    /// [`ParentsError`] if there are too many, or they do not ascend strictly.
    pub fn new(ids: Vec<DocumentId>) -> Result<Self, ParentsError> {
        if ids.len() > PARENTS_MAX {
            return Err(ParentsError::Count { count: ids.len() });
        }
        if !ids.is_sorted_by(|id, next| id < next) {
            return Err(ParentsError::Order);
        }
        Ok(Self(ids))
    }

    /// The ids, ascending.
    pub fn ids(&self) -> &[DocumentId] {
        &self.0
    }
}

/// Parents that no document can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParentsError {
    /// Too many.
    #[error("a document has at most {PARENTS_MAX} parents, not {count}")]
    Count {
        /// How many were given.
        count: usize,
    },
    /// They do not ascend, or one is there twice.
    #[error("the parents of a document are not strictly ascending")]
    Order,
}

#[cfg(test)]
mod tests {
    use rand_chacha::rand_core::SeedableRng as _;

    use super::*;

    #[test]
    fn parents_are_few_and_in_order() {
        let ids = |bytes: std::ops::Range<u8>| bytes.map(|byte| DocumentId::from_bytes([byte; 32])).collect();
        assert!(Parents::new(ids(0..16)).is_ok());
        assert_eq!(Parents::new(ids(0..17)), Err(ParentsError::Count { count: 17 }));
        let mut unsorted: Vec<DocumentId> = ids(0..3);
        unsorted.swap(0, 1);
        assert_eq!(Parents::new(unsorted), Err(ParentsError::Order));
        let twice = vec![DocumentId::from_bytes([1; 32]); 2];
        assert_eq!(Parents::new(twice), Err(ParentsError::Order));
    }

    #[test]
    fn salts_are_fresh() {
        let mut random = rand_chacha::ChaCha8Rng::from_seed([1; 32]);
        assert_ne!(Protection::open(&mut random), Protection::open(&mut random));
    }

    #[test]
    fn priorities_have_one_number() {
        for number in -2..6 {
            assert_eq!(
                Priority::from_number(number).map(Priority::number).is_some(),
                (0..3).contains(&number)
            );
            assert!(Priority::from_number(number).is_none_or(|priority| priority.number() == number));
        }
        assert!(Priority::High > Priority::Normal && Priority::Normal > Priority::Low);
    }
}

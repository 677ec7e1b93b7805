//! Which of the two sides a device plays in a protocol.

/// The side that a device plays. Keys, nonces and confirmations are derived by role, so that the two sides
/// of one secret never use the same key in the same direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The side that speaks first in BQP: the one whose commitment is smaller.
    Alice,
    /// The other side.
    Bob,
}

impl Role {
    /// The role of the device at the other end.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Alice => Self::Bob,
            Self::Bob => Self::Alice,
        }
    }
}

//! How far the two sides have come with comparing: first the statements, which may move documents out of the second
//! set, then the documents.

use crate::Set;
use crate::comparison::Comparison;

/// What is being compared.
pub(super) enum Phase {
    /// The other side has not said hello.
    Greeting,
    /// The other side must say where it stands with a set.
    Expecting(Set),
    /// A set is being compared, or what was found is put in the queue.
    Comparing {
        /// Which.
        set: Set,
        /// How far it is.
        comparison: Box<Comparison>,
    },
    /// The statements are compared, and those that differ are on their way.
    Statements {
        /// Whether this side has said that all of its own arrived.
        has_said: bool,
    },
    /// Both sets are compared.
    Compared,
}

impl Phase {
    pub(super) const fn is_greeting(&self) -> bool {
        matches!(self, Self::Greeting)
    }

    /// Whether the other side is to say something.
    pub(super) fn awaits(&self) -> bool {
        match self {
            Self::Greeting | Self::Expecting(_) => true,
            Self::Comparing { comparison, .. } => !comparison.is_over() && !comparison.is_writing(),
            Self::Statements { has_said } => *has_said,
            Self::Compared => false,
        }
    }
}

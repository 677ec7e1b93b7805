//! SQLite's locks on files: who may hold which beside whom (<https://sqlite.org/lockingv3.html>).

/// How far a handle has locked its file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lock {
    /// Not at all.
    #[default]
    None,
    /// It reads.
    Shared,
    /// It is going to write; others may read.
    Reserved,
    /// It waits for the last readers to go; new ones may not come.
    Pending,
    /// It writes.
    Exclusive,
}

impl Lock {
    /// What a handle that holds `self` gets if it asks for `wanted` while others hold `others`, and whether that
    /// is what it asked for.
    pub fn raised(self, wanted: Self, others: &[Self]) -> (Self, bool) {
        let highest = others.iter().copied().max().unwrap_or_default();
        if wanted <= self {
            return (self, true);
        }
        match wanted {
            Self::None | Self::Shared if highest < Self::Pending => (wanted, true),
            Self::Reserved if highest < Self::Reserved => (wanted, true),
            Self::Pending | Self::Exclusive if highest == Self::None => (wanted, true),
            Self::Pending | Self::Exclusive if highest == Self::Shared => (Self::Pending, false),
            _ => (self, false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_writer_and_many_readers() {
        use Lock::{Exclusive, None, Pending, Reserved, Shared};
        for (held, wanted, others, got) in [
            (None, Shared, &[Shared, Reserved][..], (Shared, true)),
            (None, Shared, &[Pending], (None, false)),
            (None, Shared, &[Exclusive], (None, false)),
            (Shared, Reserved, &[Shared], (Reserved, true)),
            (Shared, Reserved, &[Reserved], (Shared, false)),
            (Reserved, Exclusive, &[Shared], (Pending, false)),
            (Pending, Exclusive, &[None], (Exclusive, true)),
            (Shared, Exclusive, &[Reserved], (Shared, false)),
            (Exclusive, Shared, &[], (Exclusive, true)),
        ] {
            assert_eq!(held.raised(wanted, others), got, "{held:?} to {wanted:?} beside {others:?}");
        }
    }
}

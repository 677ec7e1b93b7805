//! Why a device does not take what it is given.

/// Why a message was not taken. The number is on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Refusal {
    /// The document is larger than the receiver takes.
    TooLarge = 1,
    /// The receiver's disk or store is full.
    Full = 2,
    /// The sender's share of the receiver's store is used up.
    Quota = 3,
    /// The receiver's owner deleted it, or it was confirmed and needs no carrying.
    Unwanted = 4,
    /// It has expired by the receiver's clock.
    Expired = 5,
    /// The receiver cannot read it: it is malformed, or made by a newer version.
    NotUnderstood = 6,
    /// A signature on it does not hold, or is by nobody whom the receiver trusts.
    NotTrusted = 7,
}

impl Refusal {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::TooLarge,
        Self::Full,
        Self::Quota,
        Self::Unwanted,
        Self::Expired,
        Self::NotUnderstood,
        Self::NotTrusted,
    ];

    /// The number on the wire.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The refusal with that number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|refusal| refusal.number() == number)
    }

    /// Whether whatever else the sender would push is refused too: it should stop until the next meeting.
    pub const fn is_of_all(self) -> bool {
        matches!(self, Self::Full | Self::Quota)
    }
}

impl core::fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.write_str(match self {
            Self::TooLarge => "it is larger than the other device takes",
            Self::Full => "the other device is full",
            Self::Quota => "the other device keeps no more from this one",
            Self::Unwanted => "the other device does not want it back",
            Self::Expired => "it has expired",
            Self::NotUnderstood => "the other device does not understand it",
            Self::NotTrusted => "the other device does not trust its signature",
        })
    }
}

//! The three ways in which payloads travel.

use crate::{Code, Descriptor, DigitAttempts, Offer, Payload, ShownCode};

/// How the two payloads travel.
#[derive(Debug)]
pub enum Way {
    /// Each side scanned the other's code. With a plain Bramble device this is the only way.
    BothScanned {
        /// What our code offers.
        ours: Offer,
        /// What theirs offers.
        theirs: Payload,
    },
    /// We scanned one of our codes and have dialled the device that shows it.
    Scanner {
        /// Ours, unknown to the other side so far unless it has scanned our code too.
        ours: Offer,
        /// Theirs.
        code: Code,
    },
    /// A device has connected while our code is on the screen.
    Shower {
        /// Ours.
        shown: ShownCode,
        /// What we scanned from its screen, if we did: then it must be that device.
        scanned: Option<Payload>,
    },
    /// Nobody scans. Each attempt has a fresh key, so that what an attempt reveals is of no use in the next.
    Digits {
        /// Where we listen.
        descriptors: Vec<Descriptor>,
        /// Whether the policy lets persons, ours or theirs, skip the comparison.
        skip_allowed: bool,
        /// The attempts of this visible session.
        attempts: DigitAttempts,
    },
}

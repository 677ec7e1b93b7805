//! Keys that rotate with the date (BRAMBLE 5.2), and what they make of a tag.

use p2psync_bramble::stream::{Tag, tag};
use p2psync_bramble::{Role, SecretKey, derive_key};

use super::ReorderingWindow;

/// One contact's keys for one transport: the other side's for the previous, current and next period, and ours
/// for the current one. They only move forward.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RotationKeys {
    incoming: [(PeriodKeys, ReorderingWindow); 3],
    outgoing: PeriodKeys,
    next_stream_number: u64,
    is_active: bool,
}

/// One side's keys in one period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeriodKeys {
    /// Number of the period.
    pub period: u64,
    /// Key of the tags.
    pub tag_key: SecretKey,
    /// Key of the stream headers.
    pub header_key: SecretKey,
}

/// What is needed to read a stream that a tag announced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncomingStream {
    /// Key of its header.
    pub header_key: SecretKey,
    /// Its number.
    pub stream_number: u32,
}

/// What is needed to write a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutgoingStream {
    /// Its tag.
    pub tag: Tag,
    /// Key of its header.
    pub header_key: SecretKey,
    /// Its number.
    pub stream_number: u32,
}

impl RotationKeys {
    /// Keys in period `root_period`, in which the root key's time falls. Inactive outgoing keys make no streams
    /// until the other side has shown that it holds the root key.
    pub fn new(transport_id: &str, root: &SecretKey, root_period: u64, role: Role, is_active: bool) -> Self {
        let theirs = PeriodKeys::first(transport_id, root, root_period.saturating_sub(1), role.other());
        let ours = PeriodKeys::first(transport_id, root, root_period.saturating_sub(1), role);
        let current = theirs.rotated();
        let next = current.rotated();
        Self {
            incoming: [theirs, current, next].map(|keys| (keys, ReorderingWindow::default())),
            outgoing: ours.rotated(),
            next_stream_number: 0,
            is_active,
        }
    }

    /// Moves on to `period`; an earlier or the same one changes nothing.
    ///
    /// # Errors
    /// [`TooFarAhead`] if it lies more than [`PERIODS_AHEAD_MAX`] ahead: the clock is wrong, and keys can never be
    /// brought back. Nothing changes then.
    pub fn advance(&mut self, period: u64) -> Result<(), TooFarAhead> {
        let ahead = period.saturating_sub(self.outgoing.period);
        if ahead > PERIODS_AHEAD_MAX {
            return Err(TooFarAhead { periods: ahead });
        }
        for _ in 0..ahead {
            let next = self.incoming[2].0.rotated();
            self.incoming.rotate_left(1);
            self.incoming[2] = (next, ReorderingWindow::default());
            self.outgoing = self.outgoing.rotated();
            self.next_stream_number = 0;
        }
        Ok(())
    }

    /// The stream that `tag` announces, if it is expected; its tag is spent, and our own keys become active.
    /// Store the keys before a byte of the stream is read.
    pub fn recognise(&mut self, candidate: &Tag) -> Option<IncomingStream> {
        let (keys, window, stream_number) = self.incoming.iter_mut().find_map(|(keys, window)| {
            let number = window
                .unseen()
                .filter_map(|number| u32::try_from(number).ok())
                .find(|&number| tag(&keys.tag_key, number) == *candidate)?;
            Some((keys, window, number))
        })?;
        window.mark_seen(stream_number.into()).expect("an expected number is in the window");
        self.is_active = true;
        Some(IncomingStream { header_key: keys.header_key.clone(), stream_number })
    }

    /// The next stream of ours; `None` while the keys are inactive, or when the period's numbers are spent.
    /// Store the keys before a byte of the stream is sent.
    pub fn next_stream(&mut self) -> Option<OutgoingStream> {
        let stream_number = u32::try_from(self.next_stream_number).ok().filter(|_| self.is_active)?;
        self.next_stream_number += 1;
        Some(OutgoingStream {
            tag: tag(&self.outgoing.tag_key, stream_number),
            header_key: self.outgoing.header_key.clone(),
            stream_number,
        })
    }

    /// The other side's keys: previous, current, next period.
    pub fn incoming(&self) -> [&PeriodKeys; 3] {
        self.incoming.each_ref().map(|(keys, _)| keys)
    }

    /// Our keys in the current period.
    pub const fn outgoing(&self) -> &PeriodKeys {
        &self.outgoing
    }

    /// Number of streams that we have begun in this period.
    pub const fn streams_begun(&self) -> u64 {
        self.next_stream_number
    }

    /// Whether our keys make streams.
    pub const fn is_active(&self) -> bool {
        self.is_active
    }
}

/// Furthest that keys are moved in one step: about a century of daily periods.
const PERIODS_AHEAD_MAX: u64 = 36_500;

/// A date so far ahead that it must be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the clock is {periods} key periods ahead of the last use of these keys")]
pub struct TooFarAhead {
    /// By how many periods.
    pub periods: u64,
}

impl PeriodKeys {
    /// The keys of the period before the root key's.
    fn first(transport_id: &str, root: &SecretKey, period: u64, owner: Role) -> Self {
        let (tag_label, header_label) = match owner {
            Role::Alice => (
                "org.briarproject.bramble.transport/ALICE_TAG_KEY",
                "org.briarproject.bramble.transport/ALICE_HEADER_KEY",
            ),
            Role::Bob => (
                "org.briarproject.bramble.transport/BOB_TAG_KEY",
                "org.briarproject.bramble.transport/BOB_HEADER_KEY",
            ),
        };
        let derive = |label| derive_key(label, root, &[transport_id.as_bytes()]);
        Self { period, tag_key: derive(tag_label), header_key: derive(header_label) }
    }

    fn rotated(&self) -> Self {
        let period = self.period.saturating_add(1);
        let rotate =
            |key| derive_key("org.briarproject.bramble.transport/ROTATE", key, &[&period.to_be_bytes()]);
        Self { period, tag_key: rotate(&self.tag_key), header_key: rotate(&self.header_key) }
    }
}

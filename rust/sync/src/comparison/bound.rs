//! Places between messages in the order of (timestamp, id), and the ranges between two such places.

use crate::catalogue::{BUCKET_SHIFT, Entry};

/// A place in the order of messages: before every message at or after (timestamp, id), and after all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bound {
    timestamp_ms: u64,
    id: [u8; 32],
}

impl Bound {
    /// Before all messages.
    pub const START: Self = Self::at(0);

    /// After all messages: timestamps are below 2^63.
    pub const END: Self = Self::at(1 << 63);

    /// Before all messages with this timestamp, which is at most 2^63.
    pub const fn at(timestamp_ms: u64) -> Self {
        Self { timestamp_ms, id: [0; 32] }
    }

    /// Before the messages with this timestamp whose ids begin with `prefix`, or are higher. `None`: the prefix is
    /// longer than an id.
    pub fn before_prefix(timestamp_ms: u64, prefix: &[u8]) -> Option<Self> {
        let mut id = [0; 32];
        id.get_mut(..prefix.len())?.copy_from_slice(prefix);
        Some(Self { timestamp_ms, id })
    }

    /// Just before a message.
    pub const fn before(entry: &Entry) -> Self {
        Self { timestamp_ms: entry.timestamp_ms, id: *entry.id.as_bytes() }
    }

    /// Just after a message.
    pub fn after(entry: &Entry) -> Self {
        let Self { mut timestamp_ms, mut id } = Self::before(entry);
        for byte in id.iter_mut().rev() {
            *byte = byte.wrapping_add(1);
            if *byte != 0 {
                return Self { timestamp_ms, id };
            }
        }
        timestamp_ms += 1;
        Self { timestamp_ms, id }
    }

    /// The place between two messages, in this order, that takes the fewest bytes to say.
    pub fn between(before: &Entry, after: &Entry) -> Self {
        for shift in [BUCKET_SHIFT, SECOND_SHIFT, 0] {
            let timestamp_ms = after.timestamp_ms >> shift << shift;
            if timestamp_ms > before.timestamp_ms {
                return Self::at(timestamp_ms);
            }
        }
        let (lower, upper) = (before.id.as_bytes(), after.id.as_bytes());
        let shared = lower.iter().zip(upper).take_while(|(lower, upper)| lower == upper).count();
        let prefix = upper.get(..=shared).unwrap_or(upper);
        Self::before_prefix(after.timestamp_ms, prefix).expect("the prefix is that of an id")
    }

    /// Before all messages of a bucket.
    pub const fn at_bucket(number: u64) -> Self {
        Self::at(number << BUCKET_SHIFT)
    }

    /// Its timestamp; 2^63 at the end.
    pub const fn timestamp_ms(&self) -> u64 {
        self.timestamp_ms
    }

    /// The shortest prefix of ids that says it; empty if the timestamp alone does.
    pub fn prefix(&self) -> &[u8] {
        let length = self.id.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        self.id.get(..length).unwrap_or_default()
    }
}

/// Timestamps that are multiples of 2^10 ms, about a second, are shorter to say than others.
pub(super) const SECOND_SHIFT: u32 = 10;

/// The messages at or after one place and before another, later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// Where it begins.
    pub lower: Bound,
    /// Where it ends, after `lower`.
    pub upper: Bound,
}

impl Range {
    /// All messages.
    pub const ALL: Self = Self { lower: Bound::START, upper: Bound::END };

    /// Whether no message of the bucket can be outside.
    pub fn covers_bucket(&self, number: u64) -> bool {
        self.lower <= Bound::at_bucket(number) && Bound::at_bucket(number + 1) <= self.upper
    }

    /// The part of `entries`, which are sorted, that is inside.
    pub fn part_of<'a>(&self, entries: &'a [Entry]) -> &'a [Entry] {
        let first = entries.partition_point(|entry| Bound::before(entry) < self.lower);
        let last = entries.partition_point(|entry| Bound::before(entry) < self.upper);
        entries.get(first..last).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use p2psync_model::{MessageId, Priority};

    use super::*;

    fn entry(timestamp_ms: u64, id: [u8; 32]) -> Entry {
        Entry { id: MessageId::from_bytes(id), timestamp_ms, bytes: 0, priority: Priority::Normal }
    }

    #[test]
    fn between_two_messages_is_said_shortly() {
        let (zero, high) = ([0; 32], [0xff; 32]);
        let cases = [
            (entry(5, high), entry(1 << 18, zero), Bound::at(1 << 18)),
            (entry(5, high), entry((1 << 18) + 1, zero), Bound::at(1 << 18)),
            (entry(5, high), entry(1027, zero), Bound::at(1024)),
            (entry(1024, high), entry(1027, zero), Bound::at(1027)),
        ];
        for (before, after, expected) in cases {
            assert_eq!(Bound::between(&before, &after), expected);
        }
        let mut later = zero;
        later[2] = 7;
        let bound = Bound::between(&entry(9, zero), &entry(9, later));
        assert_eq!((bound.timestamp_ms(), bound.prefix()), (9, &[0, 0, 7][..]));
    }

    #[test]
    fn between_is_after_the_one_and_not_after_the_other() {
        let entries: Vec<Entry> = (0..60_u8)
            .map(|number| entry(u64::from(number / 8) * 400, [number.wrapping_mul(31); 32]))
            .collect();
        for before in &entries {
            for after in entries.iter().filter(|after| Bound::before(before) < Bound::before(after)) {
                let bound = Bound::between(before, after);
                assert!(Bound::before(before) < bound && bound <= Bound::before(after));
            }
        }
    }

    #[test]
    fn after_a_message_nothing_fits_in_between() {
        assert_eq!(Bound::after(&entry(3, [0xff; 32])), Bound::at(4));
        assert!(Bound::after(&entry((1 << 63) - 1, [0xff; 32])) == Bound::END);
        let mut next = [0; 32];
        next[31] = 1;
        assert_eq!(Bound::after(&entry(3, [0; 32])), Bound::before(&entry(3, next)));
    }

    #[test]
    fn a_bucket_is_covered_up_to_its_last_millisecond() {
        let bucket = Range { lower: Bound::at_bucket(4), upper: Bound::at_bucket(5) };
        assert!(bucket.covers_bucket(4) && Range::ALL.covers_bucket(4));
        let late = Range { lower: Bound::after(&entry(4 << 18, [0; 32])), ..bucket };
        let early = Range { upper: Bound::at((5 << 18) - 1), ..bucket };
        assert!(!late.covers_bucket(4) && !early.covers_bucket(4) && !bucket.covers_bucket(5));
    }
}

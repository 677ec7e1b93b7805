//! Ranges that wait, kept in their encoding: they take no more memory than they took on the wire.

use super::bound::{Bound, Range};
use super::encoding::{Content, decode, encode};

/// First in, first out.
#[derive(Debug)]
pub(super) struct RangeQueue {
    bytes: Vec<u8>,
    taken_bytes: usize,
    front: Bound,
    back: Bound,
}

impl RangeQueue {
    pub(super) const fn new() -> Self {
        Self { bytes: Vec::new(), taken_bytes: 0, front: Bound::START, back: Bound::START }
    }

    pub(super) fn push(&mut self, range: Range, content: Content<'_>) {
        if range.lower < self.back {
            self.bytes.push(RESTART);
            self.back = Bound::START;
        }
        encode(self.back, range, content, &mut self.bytes);
        self.back = range.upper;
    }

    /// The range that waits longest.
    pub(super) fn front(&self) -> Option<(Range, Content<'_>)> {
        let (previous, mut rest) = self.rest();
        decode(previous, &mut rest).ok()
    }

    /// Takes the front away.
    pub(super) fn pop_front(&mut self) {
        let (previous, mut rest) = self.rest();
        if let Ok((range, _)) = decode(previous, &mut rest) {
            self.taken_bytes = self.bytes.len() - rest.len();
            self.front = range.upper;
        }
        // Moving what is left costs no more than what was taken.
        if self.taken_bytes > self.bytes.len() / 2 {
            self.bytes.drain(..self.taken_bytes);
            self.taken_bytes = 0;
        }
        if self.bytes.is_empty() {
            *self = Self::new();
        }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.taken_bytes == self.bytes.len()
    }

    /// What it takes of memory beyond a few words.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Gives back memory that is kept for more ranges.
    pub(super) fn shrink(&mut self) {
        self.bytes.shrink_to_fit();
    }

    fn rest(&self) -> (Bound, &[u8]) {
        let rest = self.bytes.get(self.taken_bytes..).unwrap_or_default();
        match rest.split_first() {
            Some((&RESTART, rest)) => (Bound::START, rest),
            _ => (self.front, rest),
        }
    }
}

/// No range begins with this byte. After it, bounds are counted from the start again.
const RESTART: u8 = 0xff;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_come_out_as_they_went_in() {
        let range = |lower, upper| Range { lower: Bound::at(lower), upper: Bound::at(upper) };
        let ids = [[1; 6], [2; 6]];
        let ranges = [
            (range(5, 9), Content::Fingerprint([7; 6])),
            (range(9, 1 << 18), Content::List(&ids)),
            (range(3, 4), Content::List(&[])),
            (range(0, 4), Content::Want(&ids)),
            (Range { lower: Bound::at(1 << 62), upper: Bound::END }, Content::List(&[])),
            (Range::ALL, Content::Fingerprint([0; 6])),
        ];
        for taken_early in 0..ranges.len() {
            let mut queue = RangeQueue::new();
            let (early, late) = ranges.split_at(taken_early);
            let mut expected = ranges.iter();
            for &(range, content) in early {
                queue.push(range, content);
            }
            for _ in early {
                assert_eq!(queue.front(), expected.next().copied());
                queue.pop_front();
            }
            assert!(queue.is_empty() && queue.bytes() == 0);
            for &(range, content) in late {
                queue.push(range, content);
            }
            while !queue.is_empty() {
                assert_eq!(queue.front(), expected.next().copied());
                queue.pop_front();
            }
            assert_eq!((queue.front(), expected.next()), (None, None));
        }
    }
}

//! Payloads of RANGES records: each can be read alone, and several make a turn.

use super::bound::{Bound, Range};
use super::encoding::{Content, Malformed, RANGE_BYTES_MAX, decode, decode_number, encode, encode_number};
use crate::catalogue::Set;

/// Longest payload of a RANGES record.
pub const RECORD_BYTES_MAX: usize = 32_768;

/// With this much room a record can hold any one range.
pub const ROOM_BYTES_MIN: usize = HEADER_BYTES_MAX + RANGE_BYTES_MAX;

/// What a record says beside its ranges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordHeader {
    /// The set that is compared.
    pub set: Set,
    /// In the last record of a turn: how many turns ago the newest of the other side's turns came that are not
    /// answered in full yet; 0 if all are.
    pub end_of_turn: Option<u64>,
}

/// Reads the ranges of one record, in ascending order. Does not allocate.
#[derive(Clone, Debug)]
pub struct RangesReader<'a> {
    header: RecordHeader,
    rest: &'a [u8],
    previous: Bound,
}

impl<'a> RangesReader<'a> {
    /// A reader at the first range of a record's payload.
    ///
    /// # Errors
    /// [`Malformed`] if the header is.
    pub fn new(payload: &'a [u8]) -> Result<Self, Malformed> {
        let (&first, mut rest) = payload.split_first().ok_or(Malformed("an empty record"))?;
        let set = Set::from_number(first & !LAST_BIT).ok_or(Malformed("number of a set"))?;
        let is_last = first & LAST_BIT != 0;
        let end_of_turn = if is_last { Some(decode_number(&mut rest)?) } else { None };
        if !is_last && rest.is_empty() {
            return Err(Malformed("no ranges before the end of a turn"));
        }
        Ok(Self { header: RecordHeader { set, end_of_turn }, rest, previous: Bound::START })
    }

    /// What the record says beside its ranges.
    pub const fn header(&self) -> RecordHeader {
        self.header
    }
}

impl<'a> Iterator for RangesReader<'a> {
    type Item = Result<(Range, Content<'a>), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let decoded = decode(self.previous, &mut self.rest);
        match &decoded {
            Ok((range, _)) => self.previous = range.upper,
            Err(_) => self.rest = &[],
        }
        Some(decoded)
    }
}

/// Writes one record at the end of a buffer.
#[derive(Debug)]
pub struct RangesWriter<'a> {
    out: &'a mut Vec<u8>,
    room_bytes: usize,
    ranges: Vec<u8>,
    previous: Bound,
}

impl<'a> RangesWriter<'a> {
    /// A record of at most `room_bytes` and [`RECORD_BYTES_MAX`]; nothing is appended to `out` before
    /// [`Self::finish`].
    pub fn new(room_bytes: usize, out: &'a mut Vec<u8>) -> Self {
        let room_bytes = room_bytes.min(RECORD_BYTES_MAX).saturating_sub(HEADER_BYTES_MAX);
        Self { out, room_bytes, ranges: Vec::new(), previous: Bound::START }
    }

    /// Adds a range. False, and nothing is added, if there is no room or it begins before the last one ended.
    pub fn push(&mut self, range: Range, content: Content<'_>) -> bool {
        if range.lower < self.previous {
            return false;
        }
        let length = self.ranges.len();
        encode(self.previous, range, content, &mut self.ranges);
        if self.ranges.len() > self.room_bytes {
            self.ranges.truncate(length);
            return false;
        }
        self.previous = range.upper;
        true
    }

    /// Whether there are no ranges yet.
    pub const fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Bytes so far, at most.
    pub const fn bytes(&self) -> usize {
        HEADER_BYTES_MAX + self.ranges.len()
    }

    /// Ends the record.
    pub fn finish(self, header: RecordHeader) {
        match header.end_of_turn {
            None => self.out.push(header.set.number()),
            Some(turns_ago) => {
                self.out.push(header.set.number() | LAST_BIT);
                encode_number(turns_ago, self.out);
            }
        }
        self.out.extend_from_slice(&self.ranges);
    }
}

/// In a record's first byte.
const LAST_BIT: u8 = 0x80;

/// Numbers of turns are small; see `TURNS_MAX`.
const HEADER_BYTES_MAX: usize = 1 + 4;

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: RecordHeader = RecordHeader { set: Set::Documents, end_of_turn: Some(0) };

    fn read(payload: &[u8]) -> Result<Vec<(Range, Content<'_>)>, Malformed> {
        RangesReader::new(payload)?.collect()
    }

    fn wide_range(number: u8) -> Range {
        let bound = |last| Bound::before_prefix(1 << 62, &[number; 32].map(|byte| byte | last)).unwrap();
        Range { lower: bound(0), upper: bound(1) }
    }

    #[test]
    fn any_range_fits_in_the_least_room() {
        let ids: Vec<_> = (0..64).map(|number| [number; 6]).collect();
        let mut out = Vec::new();
        let mut writer = RangesWriter::new(ROOM_BYTES_MIN, &mut out);
        assert!(writer.push(wide_range(2), Content::Want(&ids)));
        assert!(!writer.push(wide_range(4), Content::List(&[])), "no room");
        assert!(!writer.push(wide_range(0), Content::List(&[])), "no order");
        writer.finish(RecordHeader { end_of_turn: Some((1 << 21) - 1), ..HEADER });
        assert!(out.len() <= ROOM_BYTES_MIN && out.len() > ROOM_BYTES_MIN - 10);
        assert_eq!(read(&out).unwrap(), [(wide_range(2), Content::Want(&ids))]);
    }

    #[test]
    fn each_malformed_form_has_its_name() {
        let cases: &[(&[u8], &str)] = &[
            (&[], "an empty record"),
            (&[3], "number of a set"),
            (&[1], "no ranges before the end of a turn"),
            (&[0x81], "ranges end early"),
            (&[0x81, 0x80, 0], "a number in a longer form than needed"),
            (&[0x81, 0xff, 255, 255, 255, 255, 255, 255, 255, 0x80], "a number over 63 bits"),
            (&[0x81, 0, 0x15], "form of a bound"),
            (&[0x81, 0, 0x00], "ranges end early"),
            (&[0x81, 0, 0x04, 1], "ranges end early"),
            (&[0x81, 0, 0x04, 1, 0x04, 1], "a range skipped twice"),
            (&[0x81, 0, 0x01, 1, 2, 3, 4, 5], "ranges end early"),
            (&[0x81, 0, 0x02, 0, 0x02, 0], "bounds do not ascend"),
            (&[0x81, 0, 0x06, 0, 0], "bounds do not ascend"),
            (&[0x81, 0, 0x0a, 0x80, 0x02, 0], "a bound in a longer form than needed"),
            (&[0x81, 0, 0x06, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40, 0], "a bound after the end"),
            (&[0x81, 0, 0x12, 9, 0, 0], "a prefix that ends in a zero"),
            (&[0x81, 0, 0x12, 9, 2, 1, 0, 0], "a prefix that ends in a zero"),
            (&[0x81, 0, 0x12, 9, 33], "ranges end early"),
            (&[0x81, 0, 0x02, 65], "number of ids"),
            (&[0x81, 0, 0x02, 1, 0, 0, 0, 0, 0], "ranges end early"),
            (&[0x81, 0, 0x02, 2, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1], "order of ids"),
            (&[0x81, 0, 0x03, 0], "nothing wanted"),
        ];
        for (payload, name) in cases {
            assert_eq!(read(payload), Err(Malformed(name)), "{payload:?}");
        }
        let long = [&[0x81, 0, 0x12, 9, 33][..], &[1; 33], &[0]].concat();
        assert_eq!(read(&long), Err(Malformed("length of a prefix")));
        assert_eq!(read(&[0x81, 0]), Ok(vec![]));
    }
}

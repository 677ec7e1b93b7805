//! One range in bytes: what is said about it, and where it ends.

use super::bound::{Bound, Range, SECOND_SHIFT};
use crate::catalogue::BUCKET_SHIFT;

/// A keyed hash of the messages in a range (docs/protocol/sync.md, Fingerprints).
pub type Fingerprint = [u8; SHORT_BYTES];

/// A keyed hash of an id.
pub type ShortId = [u8; SHORT_BYTES];

/// Length of fingerprints and short ids (docs/adr/0009).
pub const SHORT_BYTES: usize = 6;

/// Most ids in one list.
pub const LIST_IDS_MAX: usize = 64;

/// Longest encoding of a range: the bounds before and after it, each with a timestamp and a whole id, and ids.
pub(super) const RANGE_BYTES_MAX: usize =
    2 * (1 + VARINT_BYTES_MAX + 1 + 32) + 1 + LIST_IDS_MAX * SHORT_BYTES;

/// What is said about a range. Ids are in ascending order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content<'a> {
    /// This is what I have there, in short.
    Fingerprint(Fingerprint),
    /// This is all that I have there; at most [`LIST_IDS_MAX`].
    List(&'a [ShortId]),
    /// Of what you have there, send me these; at least one, at most [`LIST_IDS_MAX`].
    Want(&'a [ShortId]),
}

/// Why bytes are not ranges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed: {0}")]
pub struct Malformed(pub &'static str);

/// Appends a range to those that end at `previous`, which is not after it. What lies between is skipped.
pub(super) fn encode(previous: Bound, range: Range, content: Content<'_>, out: &mut Vec<u8>) {
    if previous < range.lower {
        encode_bound(Mode::Skip, previous, range.lower, out);
    }
    match content {
        Content::Fingerprint(fingerprint) => {
            encode_bound(Mode::Fingerprint, range.lower, range.upper, out);
            out.extend_from_slice(&fingerprint);
        }
        Content::List(ids) => {
            encode_bound(Mode::List, range.lower, range.upper, out);
            encode_ids(ids, out);
        }
        Content::Want(ids) => {
            encode_bound(Mode::Want, range.lower, range.upper, out);
            encode_ids(ids, out);
        }
    }
}

/// Takes the next range from the front of `input`.
pub(super) fn decode<'a>(previous: Bound, input: &mut &'a [u8]) -> Result<(Range, Content<'a>), Malformed> {
    let (mut mode, mut upper) = decode_bound(previous, input)?;
    let mut lower = previous;
    if mode == Mode::Skip {
        lower = upper;
        (mode, upper) = decode_bound(lower, input)?;
    }
    let content = match mode {
        Mode::Skip => return Err(Malformed("a range skipped twice")),
        Mode::Fingerprint => Content::Fingerprint(*take_chunk(input)?),
        Mode::List => Content::List(decode_ids(input)?),
        Mode::Want => Content::Want(decode_ids(input)?),
    };
    if matches!(content, Content::Want(ids) if ids.is_empty()) {
        return Err(Malformed("nothing wanted"));
    }
    Ok((Range { lower, upper }, content))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Skip = 0,
    Fingerprint = 1,
    List = 2,
    Want = 3,
}

/// How a bound is said; always the first that can say it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    End = 0,
    Bucket = 1,
    Second = 2,
    Millisecond = 3,
    Prefix = 4,
}

impl Form {
    fn of(bound: Bound) -> Self {
        let is_multiple_of = |shift| bound.timestamp_ms().trailing_zeros() >= shift;
        match bound {
            Bound::END => Self::End,
            _ if !bound.prefix().is_empty() => Self::Prefix,
            _ if is_multiple_of(BUCKET_SHIFT) => Self::Bucket,
            _ if is_multiple_of(SECOND_SHIFT) => Self::Second,
            _ => Self::Millisecond,
        }
    }

    /// Timestamps are counted in this many milliseconds, as a power of two.
    const fn shift(self) -> u32 {
        match self {
            Self::Bucket => BUCKET_SHIFT,
            Self::Second => SECOND_SHIFT,
            Self::End | Self::Millisecond | Self::Prefix => 0,
        }
    }
}

fn encode_bound(mode: Mode, previous: Bound, bound: Bound, out: &mut Vec<u8>) {
    let form = Form::of(bound);
    out.push(mode as u8 | (form as u8) << 2);
    if form == Form::End {
        return;
    }
    let shift = form.shift();
    encode_number((bound.timestamp_ms() >> shift) - (previous.timestamp_ms() >> shift), out);
    if form == Form::Prefix {
        let prefix = bound.prefix();
        out.push(u8::try_from(prefix.len()).expect("an id has 32 bytes"));
        out.extend_from_slice(prefix);
    }
}

fn decode_bound(previous: Bound, input: &mut &[u8]) -> Result<(Mode, Bound), Malformed> {
    let (mode, form) = decode_mode(*take_chunk(input)?)?;
    let bound = match form {
        Form::End => Bound::END,
        _ => decode_place(form, previous, input)?,
    };
    if form != Form::of(bound) {
        return Err(Malformed("a bound in a longer form than needed"));
    }
    if bound <= previous {
        return Err(Malformed("bounds do not ascend"));
    }
    Ok((mode, bound))
}

fn decode_mode([byte]: [u8; 1]) -> Result<(Mode, Form), Malformed> {
    let mode = match byte & 3 {
        0 => Mode::Skip,
        1 => Mode::Fingerprint,
        2 => Mode::List,
        _ => Mode::Want,
    };
    let form = match byte >> 2 {
        0 => Form::End,
        1 => Form::Bucket,
        2 => Form::Second,
        3 => Form::Millisecond,
        4 => Form::Prefix,
        _ => return Err(Malformed("form of a bound")),
    };
    Ok((mode, form))
}

fn decode_place(form: Form, previous: Bound, input: &mut &[u8]) -> Result<Bound, Malformed> {
    const TOO_LATE: Malformed = Malformed("a bound after the end");
    let shift = form.shift();
    let number = (previous.timestamp_ms() >> shift).checked_add(decode_number(input)?).ok_or(TOO_LATE)?;
    if number >= Bound::END.timestamp_ms() >> shift {
        return Err(TOO_LATE);
    }
    let timestamp_ms = number << shift;
    if form != Form::Prefix {
        return Ok(Bound::at(timestamp_ms));
    }
    let [length] = *take_chunk(input)?;
    let prefix = take(usize::from(length), input)?;
    if prefix.last().is_none_or(|&last| last == 0) {
        return Err(Malformed("a prefix that ends in a zero"));
    }
    Bound::before_prefix(timestamp_ms, prefix).ok_or(Malformed("length of a prefix"))
}

fn encode_ids(ids: &[ShortId], out: &mut Vec<u8>) {
    out.push(u8::try_from(ids.len()).expect("a list has at most 64 ids"));
    out.extend_from_slice(ids.as_flattened());
}

fn decode_ids<'a>(input: &mut &'a [u8]) -> Result<&'a [ShortId], Malformed> {
    let [count] = *take_chunk(input)?;
    let count = usize::from(count);
    if count > LIST_IDS_MAX {
        return Err(Malformed("number of ids"));
    }
    let (ids, _) = take(count * SHORT_BYTES, input)?.as_chunks();
    if ids.is_sorted_by(|lower, upper| lower < upper) { Ok(ids) } else { Err(Malformed("order of ids")) }
}

/// Longest encoding of a number: 63 bits, 7 in each byte.
const VARINT_BYTES_MAX: usize = 9;

/// Appends a number below 2^63: 7 bits in each byte, lowest first, the top bit set in all but the last.
pub(super) fn encode_number(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    out.push(number.to_le_bytes()[0]);
}

pub(super) fn decode_number(input: &mut &[u8]) -> Result<u64, Malformed> {
    let mut number = 0;
    for place in 0..VARINT_BYTES_MAX {
        let [byte] = *take_chunk(input)?;
        number |= u64::from(byte & 0x7f) << (7 * place);
        if byte < 0x80 {
            let is_shortest = byte != 0 || place == 0;
            return if is_shortest {
                Ok(number)
            } else {
                Err(Malformed("a number in a longer form than needed"))
            };
        }
    }
    Err(Malformed("a number over 63 bits"))
}

const ENDS_EARLY: Malformed = Malformed("ranges end early");

fn take_chunk<'a, const N: usize>(input: &mut &'a [u8]) -> Result<&'a [u8; N], Malformed> {
    let (chunk, rest) = input.split_first_chunk().ok_or(ENDS_EARLY)?;
    *input = rest;
    Ok(chunk)
}

fn take<'a>(bytes: usize, input: &mut &'a [u8]) -> Result<&'a [u8], Malformed> {
    let (taken, rest) = input.split_at_checked(bytes).ok_or(ENDS_EARLY)?;
    *input = rest;
    Ok(taken)
}

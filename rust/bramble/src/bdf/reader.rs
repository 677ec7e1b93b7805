//! The canonical reader: refuses every encoding that the writer would not have produced.

use super::{DEPTH_MAX, Dictionary, STRING_BYTES_MAX, Value};

/// Reads one value from the front of `input`; returns it and how many bytes it took.
///
/// Memory: at most about 40 bytes for each byte of input (a list of nulls), so bound the input.
///
/// # Errors
/// [`Malformed`] if the input is not canonical, nests deeper than [`DEPTH_MAX`], holds a string or raw value
/// over [`STRING_BYTES_MAX`], or ends early.
pub fn read(input: &[u8]) -> Result<(Value, usize), Malformed> {
    let mut reader = Reader { rest: input };
    let kind = reader.byte()?;
    let value = reader.value(kind, 0)?;
    Ok((value, input.len() - reader.rest.len()))
}

/// Reads one value that must be all of `input`.
///
/// # Errors
/// As [`read`], and if anything follows the value.
pub fn parse(input: &[u8]) -> Result<Value, Malformed> {
    let (value, taken) = read(input)?;
    if taken == input.len() { Ok(value) } else { Err(Malformed::TrailingBytes) }
}

/// Why bytes are not canonical BDF.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// The input ends inside a value.
    #[error("the data ends inside a value")]
    EndsEarly,
    /// Something follows the value.
    #[error("bytes follow the value")]
    TrailingBytes,
    /// A type byte that does not exist, or does not belong here.
    #[error("type byte {0:#04x} does not belong here")]
    Type(u8),
    /// An integer or length that has a shorter form.
    #[error("an integer or length is not in its shortest form")]
    NotShortest,
    /// A negative length.
    #[error("a length is negative")]
    NegativeLength,
    /// A string or raw value over the limit.
    #[error("a string or raw value is longer than {STRING_BYTES_MAX} bytes")]
    TooLong,
    /// A string that is not UTF-8.
    #[error("a string is not UTF-8")]
    NotUtf8,
    /// A dictionary whose keys are unsorted or repeated.
    #[error("dictionary keys are not in order")]
    KeyOrder,
    /// More nested containers than allowed.
    #[error("containers are nested deeper than {DEPTH_MAX}")]
    TooDeep,
}

const END: u8 = 0x80;

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn value(&mut self, kind: u8, depth: usize) -> Result<Value, Malformed> {
        Ok(match kind {
            0x00 => Value::Null,
            0x10 => Value::Boolean(false),
            0x11 => Value::Boolean(true),
            0x21 | 0x22 | 0x24 | 0x28 => Value::Integer(self.integer(kind & 0x0f)?),
            0x38 => Value::Float(f64::from_bits(u64::from_be_bytes(self.array()?))),
            0x41 | 0x42 | 0x44 => Value::String(self.string(kind)?.to_owned()),
            0x51 | 0x52 | 0x54 => Value::Raw(self.counted(kind & 0x0f)?.to_vec()),
            0x60 => Value::List(self.list(depth)?),
            0x70 => Value::Dictionary(self.dictionary(depth)?),
            _ => return Err(Malformed::Type(kind)),
        })
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Value>, Malformed> {
        let depth = deeper(depth)?;
        let mut items = Vec::new();
        loop {
            match self.byte()? {
                END => return Ok(items),
                kind => items.push(self.value(kind, depth)?),
            }
        }
    }

    fn dictionary(&mut self, depth: usize) -> Result<Dictionary, Malformed> {
        let depth = deeper(depth)?;
        let mut entries = Dictionary::new();
        loop {
            let name = match self.byte()? {
                END => return Ok(entries),
                kind @ (0x41 | 0x42 | 0x44) => self.string(kind)?,
                kind => return Err(Malformed::Type(kind)),
            };
            if !entries.may_follow(name) {
                return Err(Malformed::KeyOrder);
            }
            let kind = self.byte()?;
            let value = self.value(kind, depth)?;
            entries.insert(name, value);
        }
    }

    fn string(&mut self, kind: u8) -> Result<&'a str, Malformed> {
        str::from_utf8(self.counted(kind & 0x0f)?).map_err(|_| Malformed::NotUtf8)
    }

    fn counted(&mut self, length_bytes: u8) -> Result<&'a [u8], Malformed> {
        let length = usize::try_from(self.integer(length_bytes)?).map_err(|_| Malformed::NegativeLength)?;
        if length > STRING_BYTES_MAX {
            return Err(Malformed::TooLong);
        }
        self.take(length)
    }

    fn integer(&mut self, bytes: u8) -> Result<i64, Malformed> {
        let (value, shorter_holds) = match bytes {
            1 => (i64::from(i8::from_be_bytes(self.array()?)), false),
            2 => {
                let value = i16::from_be_bytes(self.array()?);
                (value.into(), i8::try_from(value).is_ok())
            }
            4 => {
                let value = i32::from_be_bytes(self.array()?);
                (value.into(), i16::try_from(value).is_ok())
            }
            _ => {
                let value = i64::from_be_bytes(self.array()?);
                (value, i32::try_from(value).is_ok())
            }
        };
        if shorter_holds { Err(Malformed::NotShortest) } else { Ok(value) }
    }

    fn byte(&mut self) -> Result<u8, Malformed> {
        let (&first, rest) = self.rest.split_first().ok_or(Malformed::EndsEarly)?;
        self.rest = rest;
        Ok(first)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (front, rest) = self.rest.split_first_chunk().ok_or(Malformed::EndsEarly)?;
        self.rest = rest;
        Ok(*front)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (front, rest) = self.rest.split_at_checked(length).ok_or(Malformed::EndsEarly)?;
        self.rest = rest;
        Ok(front)
    }
}

fn deeper(depth: usize) -> Result<usize, Malformed> {
    if depth < DEPTH_MAX { Ok(depth + 1) } else { Err(Malformed::TooDeep) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::bdf::write;

    #[test]
    fn each_fault_has_its_own_name() {
        let cases: [(&[u8], Malformed); 9] = [
            (&[0x60], Malformed::EndsEarly),
            (&[0x00, 0x00], Malformed::TrailingBytes),
            (&[0x80], Malformed::Type(0x80)),
            (&[0x22, 0, 1], Malformed::NotShortest),
            (&[0x41, 0xff], Malformed::NegativeLength),
            (&[0x54, 0, 1, 0, 1], Malformed::TooLong),
            (&[0x41, 1, 0xff], Malformed::NotUtf8),
            (&[0x70, 0x41, 0, 0, 0x41, 0, 0, 0x80], Malformed::KeyOrder),
            (&[0x60; 6], Malformed::TooDeep),
        ];
        for (input, fault) in cases {
            assert_eq!(parse(input), Err(fault), "{input:02x?}");
        }
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Boolean),
            any::<i64>().prop_map(Value::Integer),
            (-200_000i64..200_000).prop_map(Value::Integer),
            ".{0,40}".prop_map(Value::String),
            proptest::collection::vec(any::<u8>(), 0..300).prop_map(Value::Raw),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::List),
                proptest::collection::vec((".{0,6}", inner), 0..6)
                    .prop_map(|entries| Value::Dictionary(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(value in any_value()) {
            let mut encoded = Vec::new();
            write(&value, &mut encoded);
            prop_assert_eq!(parse(&encoded), Ok(value));
            for cut in 0..encoded.len() {
                prop_assert!(parse(&encoded[..cut]).is_err());
            }
        }

        #[test]
        fn what_is_read_has_one_encoding(input in proptest::collection::vec(any::<u8>(), 0..60)) {
            if let Ok((value, taken)) = read(&input) {
                let mut encoded = Vec::new();
                write(&value, &mut encoded);
                prop_assert_eq!(encoded, &input[..taken]);
            }
        }
    }
}

//! BDF, Bramble's binary data format (BRAMBLE 1.3), in its canonical form only: each value has one encoding.
//!
//! | type | bytes |
//! |---|---|
//! | null, false, true | `00`, `10`, `11` |
//! | integer | `21`/`22`/`24`/`28` and 1/2/4/8 bytes, two's complement, shortest form |
//! | float | `38` and an IEEE-754 double |
//! | string, raw | `41`/`42`/`44` or `51`/`52`/`54`, a length of 1/2/4 signed bytes in shortest form, the bytes |
//! | list | `60`, values, `80` |
//! | dictionary | `70`, pairs of string and value in UTF-16 order of the strings, `80` |

mod dictionary;
mod reader;
mod writer;

pub use dictionary::Dictionary;
pub use reader::{Malformed, parse, read};
pub use writer::write;

/// Containers may be nested this deep, the outermost included.
pub const DEPTH_MAX: usize = 5;

/// Longest string (in UTF-8) and longest raw value.
pub const STRING_BYTES_MAX: usize = 65_536;

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// True or false.
    Boolean(bool),
    /// A signed 64-bit integer.
    Integer(i64),
    /// A double; its bits are kept, so a NaN keeps its payload.
    Float(f64),
    /// Text.
    String(String),
    /// Bytes.
    Raw(Vec<u8>),
    /// Values in order.
    List(Vec<Value>),
    /// Values by name.
    Dictionary(Dictionary),
}

impl Value {
    /// The integer, if it is one.
    pub const fn as_integer(&self) -> Option<i64> {
        if let Self::Integer(value) = self { Some(*value) } else { None }
    }

    /// The text, if it is a string.
    pub const fn as_str(&self) -> Option<&str> {
        if let Self::String(value) = self { Some(value.as_str()) } else { None }
    }

    /// The bytes, if it is raw.
    pub const fn as_raw(&self) -> Option<&[u8]> {
        if let Self::Raw(value) = self { Some(value.as_slice()) } else { None }
    }

    /// The items, if it is a list.
    pub const fn as_list(&self) -> Option<&[Value]> {
        if let Self::List(value) = self { Some(value.as_slice()) } else { None }
    }

    /// The entries, if it is a dictionary.
    pub const fn as_dictionary(&self) -> Option<&Dictionary> {
        if let Self::Dictionary(value) = self { Some(value) } else { None }
    }
}

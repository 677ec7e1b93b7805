//! The lines of a text that a server signs. Each text has one form only: a first line with what it is and its version,
//! one line for each field, all ending with LF, no blank lines, no leading zeros.

use core::str::{FromStr, Split};

/// A text whose first line was read, and the lines that are left.
#[derive(Clone, Debug)]
pub struct SignedLines<'a>(Split<'a, char>);

impl<'a> SignedLines<'a> {
    /// Reads the first line: `magic` and then `version`.
    ///
    /// # Errors
    /// [`MalformedText::OtherKind`] for another first line or an earlier version, [`MalformedText::TooNew`] for a later
    /// version, [`MalformedText::Line`] for a text that is not UTF-8, does not end with LF, or has no version.
    pub fn open(text: &'a [u8], magic: &str, version: u32) -> Result<Self, MalformedText> {
        let text = str::from_utf8(text).map_err(|_| MalformedText::Line("not UTF-8"))?;
        let (found, rest) = text
            .strip_prefix(magic)
            .and_then(|rest| rest.split_once('\n'))
            .ok_or(MalformedText::OtherKind)?;
        match number::<u32>(found, "version")? {
            found if found < version => return Err(MalformedText::OtherKind),
            found if found > version => return Err(MalformedText::TooNew { version: found }),
            _ => {}
        }
        let body = rest.strip_suffix('\n').ok_or(MalformedText::Line("no end of the last line"))?;
        Ok(Self(body.split('\n')))
    }

    /// The value of the next line, which must be that of the field `name`.
    ///
    /// # Errors
    /// [`MalformedText::Line`].
    pub fn field(&mut self, name: &'static str) -> Result<&'a str, MalformedText> {
        let value = self.0.next().and_then(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.ok_or(MalformedText::Line(name))
    }

    /// The same, for a number in decimal.
    ///
    /// # Errors
    /// [`MalformedText::Line`], also if it is not in its shortest form.
    pub fn number<N: FromStr>(&mut self, name: &'static str) -> Result<N, MalformedText> {
        number(self.field(name)?, name)
    }

    /// The lines that are left.
    pub fn rest(self) -> impl Iterator<Item = &'a str> {
        self.0
    }
}

fn number<N: FromStr>(digits: &str, name: &'static str) -> Result<N, MalformedText> {
    let is_shortest = digits.len() == 1 || !digits.starts_with('0');
    if !is_shortest || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(MalformedText::Line(name));
    }
    digits.parse().map_err(|_| MalformedText::Line(name))
}

/// Why bytes are not a signed text of the kind that was asked for. Who made them broke the format; the content it speaks of is
/// untouched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedText {
    /// It is something else: the first line is not this kind's.
    #[error("this is not a text of this kind")]
    OtherKind,
    /// A later version of this kind, which this device cannot read yet.
    #[error("version {version} is newer than this device knows")]
    TooNew {
        /// The version in the first line.
        version: u32,
    },
    /// Longer than any text of this kind.
    #[error("the text is too long")]
    TooLong,
    /// The binary form ends inside a field.
    #[error("the data ends inside a field")]
    EndsEarly,
    /// A line or field that is not as it must be.
    #[error("malformed: {0}")]
    Line(&'static str),
    /// There are more or fewer lines than it says, none, or more than 256.
    #[error("the number of documents is not as stated, or not 1 to 256")]
    Count,
    /// The documents do not ascend, or one is named twice.
    #[error("the documents are not in order")]
    Order,
}

//! The frame that all texts signed by a server share: a magic line, the server, its epoch, the time, a count, and
//! then one line for each document. Each text has one form only: ASCII line ends, no blank lines, no leading zeros.

use crate::{Fingerprint, MessageId};

/// Latest time of a signed text, in Unix seconds: the end of the year 9999.
pub const SIGNED_TIME_SECONDS_MAX: u64 = 253_402_300_799;

/// Most documents that one signed text may name.
pub(crate) const IDS_MAX: usize = 256;

/// Who says it, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Heading {
    pub server: Fingerprint,
    pub epoch: u32,
    pub time: u64,
}

impl Heading {
    /// The heading as text, for a body of `count` lines.
    pub fn write(&self, magic: &str, count: usize) -> String {
        let Self { server, epoch, time } = self;
        format!("{magic}{VERSION}\nserver {server}\nepoch {epoch}\ntime {time}\ncount {count}\n")
    }

    /// Reads the heading and returns the lines after it, of which there are as many as it says.
    pub fn parse<'a>(magic: &str, text: &'a [u8]) -> Result<(Self, Vec<&'a str>), MalformedText> {
        let text = str::from_utf8(text).map_err(|_| MalformedText::Line("not UTF-8"))?;
        let (version, rest) = text
            .strip_prefix(magic)
            .and_then(|rest| rest.split_once('\n'))
            .ok_or(MalformedText::OtherKind)?;
        match number::<u32>(version, "version")? {
            VERSION => {}
            version if version < VERSION => return Err(MalformedText::OtherKind),
            version => return Err(MalformedText::TooNew { version }),
        }
        let body = rest.strip_suffix('\n').ok_or(MalformedText::Line("no end of the last line"))?;
        let mut lines = body.split('\n');
        let mut field = |name: &'static str| {
            let value = lines.next().and_then(|line| line.strip_prefix(name)?.strip_prefix(' '));
            value.ok_or(MalformedText::Line(name))
        };
        let server = Fingerprint::parse(field("server")?).map_err(|_| MalformedText::Line("server"))?;
        let epoch = number(field("epoch")?, "epoch")?;
        let time = number(field("time")?, "time")?;
        let count: usize = number(field("count")?, "count")?;
        // One more than may be, so that a long text costs no more than the longest allowed.
        let lines: Vec<&str> = lines.take(IDS_MAX + 1).collect();
        if lines.len() != count || !(1..=IDS_MAX).contains(&count) {
            return Err(MalformedText::Count);
        }
        if time > SIGNED_TIME_SECONDS_MAX {
            return Err(MalformedText::Line("time"));
        }
        Ok((Self { server, epoch, time }, lines))
    }

    /// The heading between peers: the fingerprint's version (4 or 6), the fingerprint, u32 epoch, u64 time.
    pub fn write_binary(&self, out: &mut Vec<u8>) {
        out.push(match self.server {
            Fingerprint::V4(_) => 4,
            Fingerprint::V6(_) => 6,
        });
        out.extend_from_slice(self.server.as_bytes());
        out.extend_from_slice(&self.epoch.to_be_bytes());
        out.extend_from_slice(&self.time.to_be_bytes());
    }

    /// Reads [`Self::write_binary`] from the front of `input` and returns what follows.
    pub fn parse_binary(input: &[u8]) -> Result<(Self, &[u8]), MalformedText> {
        let (server, rest) = match input.split_first() {
            Some((4, rest)) => split(rest).map(|(bytes, rest)| (Fingerprint::V4(bytes), rest))?,
            Some((6, rest)) => split(rest).map(|(bytes, rest)| (Fingerprint::V6(bytes), rest))?,
            _ => return Err(MalformedText::Line("server")),
        };
        let (epoch, rest) = split(rest)?;
        let (time, rest) = split(rest)?;
        let (epoch, time) = (u32::from_be_bytes(epoch), u64::from_be_bytes(time));
        if time > SIGNED_TIME_SECONDS_MAX {
            return Err(MalformedText::Line("time"));
        }
        Ok((Self { server, epoch, time }, rest))
    }
}

/// Whether ids ascend and none is there twice.
pub(crate) fn ascend(ids: impl Iterator<Item = MessageId> + Clone) -> bool {
    ids.clone().zip(ids.skip(1)).all(|(id, next)| id < next)
}

/// A number in decimal, in its shortest form.
fn number<N: core::str::FromStr>(text: &str, name: &'static str) -> Result<N, MalformedText> {
    let digits_only = text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits_only || (text.len() > 1 && text.starts_with('0')) {
        return Err(MalformedText::Line(name));
    }
    text.parse().map_err(|_| MalformedText::Line(name))
}

pub(crate) fn split<const N: usize>(input: &[u8]) -> Result<([u8; N], &[u8]), MalformedText> {
    input.split_first_chunk().map(|(front, rest)| (*front, rest)).ok_or(MalformedText::EndsEarly)
}

/// The first version, and the only one so far.
const VERSION: u32 = 1;

/// Why bytes are not a receipt or notice of version 1. Who made them broke the format; the content it speaks of is
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

//! What every answer of a server begins with: the server, its epoch, the time, and how many documents follow.

use crate::Fingerprint;
use crate::lines::{MalformedText, SignedLines};

/// Latest time of an answer, in Unix seconds: the end of the year 9999.
pub const SIGNED_TIME_SECONDS_MAX: u64 = 253_402_300_799;

/// Who says it, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Heading {
    pub server: Fingerprint,
    pub epoch: u32,
    pub time: u64,
}

impl Heading {
    /// The heading as text, for `count` lines that follow.
    pub fn write(&self, magic: &str, count: usize) -> String {
        let Self { server, epoch, time } = self;
        format!("{magic}{VERSION}\nserver {server}\nepoch {epoch}\ntime {time}\ncount {count}\n")
    }

    /// Reads the heading and returns the lines after it: as many as it says, and one more than `count_max` at most.
    pub fn parse<'a>(
        magic: &str,
        count_max: usize,
        text: &'a [u8],
    ) -> Result<(Self, Vec<&'a str>), MalformedText> {
        let mut lines = SignedLines::open(text, magic, VERSION)?;
        let server = Fingerprint::parse(lines.field("server")?).map_err(|_| MalformedText::Line("server"))?;
        let heading = Self { server, epoch: lines.number("epoch")?, time: lines.number("time")? };
        let count: usize = lines.number("count")?;
        // So that a long text costs no more than the longest allowed, and is seen to be too long.
        let lines: Vec<&str> = lines.rest().take(count_max + 1).collect();
        if lines.len() != count {
            return Err(MalformedText::Count);
        }
        Ok((heading, lines))
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
        Ok((Self { server, epoch: u32::from_be_bytes(epoch), time: u64::from_be_bytes(time) }, rest))
    }
}

/// The first bytes of `input`, and what follows them.
pub(crate) fn split<const N: usize>(input: &[u8]) -> Result<([u8; N], &[u8]), MalformedText> {
    input.split_first_chunk().map(|(front, rest)| (*front, rest)).ok_or(MalformedText::EndsEarly)
}

/// The first version, and the only one so far.
const VERSION: u32 = 1;

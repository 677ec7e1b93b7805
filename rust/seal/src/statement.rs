//! What a server says of itself: where it is, which TLS keys are its own, and from when until when that holds.
//! `docs/protocol/seal.md` has the form.

use core::fmt::Write as _;

use p2psync_bramble::WallClock;
use p2psync_model::{Fingerprint, HttpsUrl, MalformedText, SignedLines, TLS_PINS_MAX, TlsPin, URL_BYTES_MAX};

use crate::date::Date;
use crate::signed_text::SignedText;

/// Longest time for which a statement holds: 90 days.
pub const STATEMENT_SECONDS_MAX: u64 = 90 * 86_400;

/// How a device knows the TLS connection to be the server's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tls {
    /// By a certificate that a public authority gave for the host's name.
    WebPki,
    /// By its key: 1 to [`TLS_PINS_MAX`], ascending.
    Pins(Vec<TlsPin>),
}

/// A server's statement about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    server: Fingerprint,
    url: HttpsUrl,
    from: u64,
    until: u64,
    tls: Tls,
}

impl Statement {
    /// A statement by the server with the certificate `server`, at `url`, that holds from `from` until
    /// before `until` (Unix seconds).
    ///
    /// # Errors
    /// [`StatementError`].
    pub fn new(
        server: Fingerprint,
        url: HttpsUrl,
        from: u64,
        until: u64,
        tls: Tls,
    ) -> Result<Self, StatementError> {
        if from >= until || until - from > STATEMENT_SECONDS_MAX || until > u64::from(u32::MAX) {
            return Err(StatementError::Period);
        }
        if let Tls::Pins(pins) = &tls
            && (!(1..=TLS_PINS_MAX).contains(&pins.len()) || !pins.is_sorted_by(|one, next| one < next))
        {
            return Err(StatementError::TlsPins);
        }
        Ok(Self { server, url, from, until, tls })
    }

    /// Where the server is.
    pub const fn url(&self) -> &HttpsUrl {
        &self.url
    }

    /// From when it holds, in Unix seconds; when it was signed.
    pub const fn from(&self) -> u64 {
        self.from
    }

    /// Until when it holds, in Unix seconds.
    pub const fn until(&self) -> u64 {
        self.until
    }

    /// What the TLS connection must show.
    pub const fn tls(&self) -> &Tls {
        &self.tls
    }

    /// Whether it holds for `url` now, as far as `clock` can tell.
    ///
    /// # Errors
    /// [`StatementUse`].
    pub fn check(&self, url: &HttpsUrl, clock: WallClock) -> Result<(), StatementUse> {
        if *url != self.url {
            return Err(StatementUse::OtherUrl);
        }
        if Date(self.from).is_future(clock) {
            return Err(StatementUse::NotYet { date: Date(self.from) });
        }
        if Date(self.until) <= Date::at_least_build(clock) {
            return Err(StatementUse::RanOut { date: Date(self.until) });
        }
        Ok(())
    }

    /// Whether it takes the place of `known`. An older one never does, whatever its period (THREATS T16).
    pub const fn supersedes(&self, known: &Self) -> bool {
        self.from > known.from
    }
}

impl SignedText for Statement {
    const MAGIC: &'static str = "p2psync-statement ";
    const TEXT_BYTES_MAX: usize = 20 + 72 + 5 + URL_BYTES_MAX + 16 + 17 + 69 * TLS_PINS_MAX;

    fn server(&self) -> Fingerprint {
        self.server
    }

    fn made(&self) -> Date {
        Date(self.from)
    }

    fn text(&self) -> Vec<u8> {
        let Self { server, url, from, until, tls } = self;
        let magic = Self::MAGIC;
        let mut text = format!("{magic}{VERSION}\nserver {server}\nurl {url}\nfrom {from}\nuntil {until}\n");
        match tls {
            Tls::WebPki => text.push_str("tls webpki\n"),
            Tls::Pins(pins) => {
                for pin in pins {
                    text.push_str("tls ");
                    for byte in pin {
                        write!(text, "{byte:02x}").expect("a string takes what is written to it");
                    }
                    text.push('\n');
                }
            }
        }
        text.into_bytes()
    }

    fn parse_text(text: &[u8]) -> Result<Self, MalformedText> {
        if text.len() > Self::TEXT_BYTES_MAX {
            return Err(MalformedText::TooLong);
        }
        let mut lines = SignedLines::open(text, Self::MAGIC, VERSION)?;
        let server = Fingerprint::parse(lines.field("server")?).map_err(|_| MalformedText::Line("server"))?;
        let url = HttpsUrl::parse_exact(lines.field("url")?).map_err(|_| MalformedText::Line("url"))?;
        let (from, until) = (lines.number("from")?, lines.number("until")?);
        let tls = parse_tls(lines.rest())?;
        Self::new(server, url, from, until, tls).map_err(|error| match error {
            StatementError::Period => MalformedText::Line("until"),
            StatementError::TlsPins => MalformedText::Line("tls"),
        })
    }
}

/// The first version, and the only one so far.
const VERSION: u32 = 1;

fn parse_tls<'a>(lines: impl Iterator<Item = &'a str>) -> Result<Tls, MalformedText> {
    let values: Option<Vec<&str>> = lines.map(|line| line.strip_prefix("tls ")).collect();
    let values = values.ok_or(MalformedText::Line("tls"))?;
    if values == ["webpki"] {
        return Ok(Tls::WebPki);
    }
    let pins: Option<Vec<TlsPin>> = values.into_iter().map(pin).collect();
    pins.map(Tls::Pins).ok_or(MalformedText::Line("tls"))
}

/// 64 lower-case hex digits.
fn pin(text: &str) -> Option<TlsPin> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let bytes: Option<Vec<u8>> =
        pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect();
    bytes.filter(|_| rest.is_empty())?.try_into().ok()
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

/// The caller's values make no statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// It ends before it begins, or holds for longer than [`STATEMENT_SECONDS_MAX`].
    #[error("a statement holds for at most 90 days")]
    Period,
    /// None, too many, or not strictly ascending.
    #[error("a statement names 1 to {TLS_PINS_MAX} TLS keys, ascending")]
    TlsPins,
}

/// Why a genuine statement does not help here and now. The server must renew it, or the device's date is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatementUse {
    /// It is about another address.
    #[error("the server's statement is about another address")]
    OtherUrl,
    /// It holds later.
    #[error("the server's statement holds only from {date}")]
    NotYet {
        /// From when.
        date: Date,
    },
    /// It held earlier.
    #[error("the server's statement ran out on {date}")]
    RanOut {
        /// When.
        date: Date,
    },
}

#[cfg(test)]
#[path = "statement_tests.rs"]
mod tests;

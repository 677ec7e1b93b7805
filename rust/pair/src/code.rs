//! The text of a code: what a QR code holds, or what one person reads out and another types.
//!
//! `P2PSYNC:` and, in base32 with the digits and letters that are hard to mistake, u8 version ‖ u32 expiry in
//! seconds since 1970 ‖ 16-byte secret ‖ BQP payload ‖ 4-byte check over all before. All of it upper case, so
//! QR codes hold it in their alphanumeric mode. A code that a Bramble device shows is read too.

use std::sync::LazyLock;

use data_encoding::{Encoding, Specification};
use p2psync_bramble::{WallClock, hash};

use crate::{CodeSecret, Commitment, Payload, PayloadError};

/// Version of our codes. The check's place and form and the version's place stay the same in all versions.
pub const CODE_VERSION: u8 = 1;

/// Longest text that is looked at, in characters.
pub const TEXT_CHARS_MAX: usize = 512;

/// Longest payload that one of our codes holds.
pub const CODE_PAYLOAD_BYTES_MAX: usize = 256;

/// How long a code is good after it was first shown.
pub const CODE_LIFETIME_MS: u64 = 10 * 60 * 1000;

/// How far the scanning device's clock may be ahead of the showing one's before a good code looks expired.
pub const CLOCK_TOLERANCE_MS: u64 = 5 * 60 * 1000;

/// What a scanned or typed text turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scanned {
    /// One of our codes: one scan is enough.
    Ours(Code),
    /// A Bramble device's code: it must scan ours too.
    Bramble(Payload),
}

impl Scanned {
    /// Reads the text of a QR code (its bytes taken as ISO-8859-1, as Bramble does) or what a person typed.
    /// Case, spaces and hyphens do not matter in our codes, and O, I, L are taken for 0, 1, 1. No judgement
    /// of time: see [`Code::check`].
    ///
    /// # Errors
    /// [`CodeError`], of every kind but `Expired` and `Own`.
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        let is_long = text.chars().nth(TEXT_CHARS_MAX).is_some();
        match strip_prefix(text) {
            Some(_) if is_long => Err(CodeError::Invalid),
            Some(body) => Code::parse_body(body).map(Self::Ours),
            None if is_long => Err(CodeError::OtherApp),
            None => parse_bramble(text).map(Self::Bramble),
        }
    }

    /// The payload, however it was shown.
    pub const fn payload(&self) -> &Payload {
        match self {
            Self::Ours(code) => &code.payload,
            Self::Bramble(payload) => payload,
        }
    }
}

/// One of our codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    payload: Payload,
    secret: CodeSecret,
    expires_s: u32,
}

impl Code {
    /// A code for `payload` that is good until `expires` by the showing device's clock, rounded up to seconds.
    ///
    /// # Errors
    /// [`CodeTooLong`] if the payload is over [`CODE_PAYLOAD_BYTES_MAX`].
    pub fn new(payload: Payload, secret: CodeSecret, expires: WallClock) -> Result<Self, CodeTooLong> {
        if payload.to_bytes().len() > CODE_PAYLOAD_BYTES_MAX {
            return Err(CodeTooLong);
        }
        let expires_s = u32::try_from(expires.0.div_ceil(1000)).unwrap_or(u32::MAX);
        Ok(Self { payload, secret, expires_s })
    }

    /// The text, upper case, without spaces.
    pub fn to_text(&self) -> String {
        let mut bytes = vec![CODE_VERSION];
        bytes.extend_from_slice(&self.expires_s.to_be_bytes());
        bytes.extend_from_slice(self.secret.as_bytes());
        bytes.extend_from_slice(&self.payload.to_bytes());
        let check = check(&bytes);
        bytes.extend_from_slice(&check);
        format!("{PREFIX}{}", BASE32.encode(&bytes))
    }

    /// Judges the code on the scanning device: is it our own, and is it still good by our clock.
    ///
    /// Clocks in the field are wrong, so `Expired` is a hint and not a verdict: the showing device counts the
    /// ten minutes on a clock that does not jump and refuses an expired code itself, so the scanning app may go
    /// on when the person insists.
    ///
    /// # Errors
    /// [`CodeError::Own`] if its commitment is one of `own`, the commitments of codes that this device shows;
    /// else [`CodeError::Expired`] if `now` is later than the expiry and [`CLOCK_TOLERANCE_MS`].
    pub fn check(&self, now: WallClock, own: &[Commitment]) -> Result<(), CodeError> {
        if own.contains(&self.payload.commitment) {
            return Err(CodeError::Own);
        }
        if now.0 > self.expires().0.saturating_add(CLOCK_TOLERANCE_MS) {
            return Err(CodeError::Expired);
        }
        Ok(())
    }

    /// The showing device's payload.
    pub const fn payload(&self) -> &Payload {
        &self.payload
    }

    /// The single-use secret.
    pub const fn secret(&self) -> &CodeSecret {
        &self.secret
    }

    /// Until when the code is good, by the showing device's clock.
    pub fn expires(&self) -> WallClock {
        WallClock(u64::from(self.expires_s) * 1000)
    }

    fn parse_body(body: &str) -> Result<Self, CodeError> {
        let bytes = BASE32.decode(body.as_bytes()).map_err(|_| CodeError::Invalid)?;
        let (checked, check_bytes) = bytes.split_last_chunk().ok_or(CodeError::Invalid)?;
        if check(checked) != *check_bytes {
            return Err(CodeError::Invalid);
        }
        let (&version, rest) = checked.split_first().ok_or(CodeError::Invalid)?;
        match version {
            CODE_VERSION => {}
            0..CODE_VERSION => return Err(CodeError::TooOld),
            _ => return Err(CodeError::TooNew),
        }
        let (expires, rest) = rest.split_first_chunk().ok_or(CodeError::Invalid)?;
        let (secret, payload) = rest.split_first_chunk().ok_or(CodeError::Invalid)?;
        if payload.len() > CODE_PAYLOAD_BYTES_MAX {
            return Err(CodeError::Invalid);
        }
        let payload = Payload::parse(payload).map_err(|error| match error {
            PayloadError::TooOld { .. } => CodeError::TooOld,
            PayloadError::TooNew { .. } => CodeError::TooNew,
            PayloadError::OtherKind | PayloadError::Malformed(_) => CodeError::Invalid,
        })?;
        let secret = CodeSecret::from_bytes(*secret);
        Ok(Self { payload, secret, expires_s: u32::from_be_bytes(*expires) })
    }
}

/// Why a scanned or typed text cannot be used to pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// A code of another app.
    #[error("this code belongs to another app")]
    OtherApp,
    /// The showing device speaks an older version: it must be updated.
    #[error("the other device's version is too old")]
    TooOld,
    /// The showing device speaks a newer version: this one must be updated.
    #[error("the other device's version is newer than ours")]
    TooNew,
    /// By this device's clock the code is no longer good.
    #[error("the code has expired")]
    Expired,
    /// The code that this device itself shows.
    #[error("this is our own code")]
    Own,
    /// One of our codes, mistyped or damaged.
    #[error("the code was mistyped or damaged")]
    Invalid,
}

/// A payload over [`CODE_PAYLOAD_BYTES_MAX`] does not fit in a code: the caller named too many addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the payload has more than {CODE_PAYLOAD_BYTES_MAX} bytes")]
pub struct CodeTooLong;

const PREFIX: &str = "P2PSYNC:";
const CHECK_LABEL: &str = "org.sahana.p2psync.pair/CODE_CHECK";
const CHECK_BYTES: usize = 4;

static BASE32: LazyLock<Encoding> = LazyLock::new(|| {
    let mut base32 = Specification::new();
    base32.symbols.push_str("0123456789ABCDEFGHJKMNPQRSTVWXYZ");
    base32.translate.from.push_str("abcdefghjkmnpqrstvwxyzOoIiLl");
    base32.translate.to.push_str("ABCDEFGHJKMNPQRSTVWXYZ001111");
    base32.ignore.push_str(" -\t\r\n");
    base32.encoding().expect("32 symbols, each translated or ignored once")
});

fn check(bytes: &[u8]) -> [u8; CHECK_BYTES] {
    *hash(CHECK_LABEL, &[bytes]).first_chunk().expect("a hash has 32 bytes")
}

fn strip_prefix(text: &str) -> Option<&str> {
    let (prefix, body) = text.trim_start().split_at_checked(PREFIX.len())?;
    prefix.eq_ignore_ascii_case(PREFIX).then_some(body)
}

/// A Bramble code's bytes come as the characters U+0000 to U+00FF. White space at the front is that of a text:
/// BQP is far from versions 9 to 13.
fn parse_bramble(text: &str) -> Result<Payload, CodeError> {
    if text.starts_with(char::is_whitespace) {
        return Err(CodeError::OtherApp);
    }
    let bytes: Option<Vec<u8>> = text.chars().map(|char| u8::try_from(u32::from(char)).ok()).collect();
    Payload::parse(&bytes.ok_or(CodeError::OtherApp)?).map_err(|error| match error {
        PayloadError::OtherKind => CodeError::OtherApp,
        PayloadError::TooOld { .. } => CodeError::TooOld,
        PayloadError::TooNew { .. } => CodeError::TooNew,
        PayloadError::Malformed(_) => CodeError::Invalid,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Descriptor;

    const EXPIRES: WallClock = WallClock(1_790_000_000_000);

    fn code() -> Code {
        let descriptors = vec![Descriptor::bluetooth(None), Descriptor::lan("10.1.2.3:9".parse().unwrap())];
        let payload = Payload { commitment: Commitment::from_bytes([0x42; 16]), descriptors };
        Code::new(payload, CodeSecret::from_bytes([7; 16]), EXPIRES).unwrap()
    }

    /// The text of `bytes` with a good check.
    fn text_of(mut bytes: Vec<u8>) -> String {
        bytes.extend(check(&bytes));
        format!("P2PSYNC:{}", BASE32.encode(&bytes))
    }

    fn bytes_of(code: &Code) -> Vec<u8> {
        let mut bytes = BASE32.decode(&code.to_text().as_bytes()[8..]).unwrap();
        bytes.truncate(bytes.len() - 4);
        bytes
    }

    #[test]
    fn people_may_type_it_as_they_like() {
        let text = code().to_text();
        let mut typed = text.to_lowercase().replace('0', "o").replace('1', "l");
        typed.insert_str(30, " - ");
        assert_eq!(Scanned::parse(&format!("  {typed}\n")), Ok(Scanned::Ours(code())));
        assert_eq!(Scanned::parse(&text.replace('1', "I").replace('0', "O")), Ok(Scanned::Ours(code())));
    }

    #[test]
    fn every_single_mistake_is_noticed() {
        let text = code().to_text();
        for place in 8..text.len() {
            for other in ["7", "Z", "U", "!"] {
                let mut mistyped = text.clone();
                mistyped.replace_range(place..=place, other);
                if mistyped != text {
                    assert_eq!(Scanned::parse(&mistyped), Err(CodeError::Invalid), "{place}");
                }
            }
            let mut shorter = text.clone();
            shorter.remove(place);
            // Leaving out one of two equal neighbours is the same mistake at both places.
            assert_eq!(Scanned::parse(&shorter), Err(CodeError::Invalid), "{place}");
        }
    }

    #[test]
    fn six_different_errors() {
        let with = |place: usize, byte: u8| {
            let mut bytes = bytes_of(&code());
            bytes[place] = byte;
            Scanned::parse(&text_of(bytes)).unwrap_err()
        };
        assert_eq!([with(0, 0), with(0, 2)], [CodeError::TooOld, CodeError::TooNew]);
        assert_eq!([with(21, 3), with(21, 5)], [CodeError::TooOld, CodeError::TooNew]);
        assert_eq!([with(21, 0x24), with(22, 0)], [CodeError::Invalid; 2]);
        for other in ["", " ", "http://example.org", "\n\u{4}", "\u{20}`", "P2PSYNC", "\u{4}\u{100}"] {
            assert_eq!(Scanned::parse(other), Err(CodeError::OtherApp), "{other:?}");
        }
        let own = [Commitment::from_bytes([1; 16]), Commitment::from_bytes([0x42; 16])];
        let late = WallClock(EXPIRES.0 + CLOCK_TOLERANCE_MS + 1);
        assert_eq!(code().check(late, &own), Err(CodeError::Own));
        assert_eq!(code().check(late, &own[..1]), Err(CodeError::Expired));
        assert_eq!(code().check(WallClock(late.0 - 1), &[]), Ok(()));
        assert_eq!(code().check(WallClock(0), &[]), Ok(()));
    }

    #[test]
    fn a_bramble_code_is_its_bytes_as_characters() {
        let latin = |bytes: &[u8]| bytes.iter().map(|&byte| char::from(byte)).collect::<String>();
        let mut bytes = code().payload().to_bytes();
        assert_eq!(Scanned::parse(&latin(&bytes)), Ok(Scanned::Bramble(code().payload().clone())));
        bytes[0] = 3;
        assert_eq!(Scanned::parse(&latin(&bytes)), Err(CodeError::TooOld));
        bytes[0] = 5;
        assert_eq!(Scanned::parse(&latin(&bytes)), Err(CodeError::TooNew));
        bytes[0] = 0x24;
        assert_eq!(Scanned::parse(&latin(&bytes)), Err(CodeError::OtherApp));
        assert_eq!(Scanned::parse("\u{4}not BDF"), Err(CodeError::Invalid));
    }

    #[test]
    fn long_texts_are_not_looked_at() {
        assert_eq!(Scanned::parse(&"A".repeat(513)), Err(CodeError::OtherApp));
        assert_eq!(Scanned::parse(&format!("P2PSYNC:{}", "0".repeat(505))), Err(CodeError::Invalid));
        let lan = || Descriptor::lan("10.1.2.3:9".parse().unwrap());
        let with = |lans| Payload {
            commitment: Commitment::from_bytes([0; 16]),
            descriptors: (0..lans).map(|_| lan()).collect(),
        };
        let longest = Code::new(with(19), CodeSecret::from_bytes([1; 16]), EXPIRES).unwrap();
        assert!(longest.to_text().len() <= TEXT_CHARS_MAX);
        assert_eq!(Scanned::parse(&longest.to_text()), Ok(Scanned::Ours(longest)));
        assert!(Code::new(with(20), CodeSecret::from_bytes([1; 16]), EXPIRES).is_err());
    }

    proptest! {
        #[test]
        fn any_text_has_an_answer(text in "(P2PSYNC:)?\\PC{0,200}", body in "[0-9A-Z]{0,200}") {
            let _ = Scanned::parse(&text);
            let damaged = format!("P2PSYNC:{body}");
            prop_assert_eq!(Scanned::parse(&damaged), Err(CodeError::Invalid));
        }

        #[test]
        fn codes_are_read_back(commitment: [u8; 16], secret: [u8; 16], expires_s: u32) {
            let payload = Payload { commitment: Commitment::from_bytes(commitment), descriptors: vec![] };
            let expires = WallClock(u64::from(expires_s) * 1000);
            let code = Code::new(payload, CodeSecret::from_bytes(secret), expires).unwrap();
            prop_assert_eq!(code.expires(), expires);
            prop_assert_eq!(Scanned::parse(&code.to_text()), Ok(Scanned::Ours(code)));
        }
    }
}

//! Notices: a server says which documents it did not take, and why. A notice makes nobody delete anything.

use core::fmt::Write as _;

use crate::DocumentId;
use crate::answer::{Answer, AnswerEntry};
use crate::heading::split;
use crate::lines::MalformedText;
use crate::printable::is_printable;
use crate::signed::Signed;

/// Most documents in one notice, so that it fits in a message with any reasons.
pub const NOTICE_ENTRIES_MAX: usize = 100;

/// Longest reason, in bytes of UTF-8.
pub const REASON_BYTES_MAX: usize = 200;

/// Longest text of a notice.
pub const NOTICE_TEXT_BYTES_MAX: usize =
    17 + 72 + 17 + 18 + 10 + (64 + 1 + 10 + 1 + REASON_BYTES_MAX + 1) * NOTICE_ENTRIES_MAX;

/// Longest binary form of a notice.
pub const NOTICE_BINARY_BYTES_MAX: usize = 1 + 32 + 4 + 8 + (32 + 2 + REASON_BYTES_MAX) * NOTICE_ENTRIES_MAX;

/// "The server did not take these documents."
pub type Notice = Answer<NoticeEntry>;

/// A notice with the server's signature, not verified.
pub type SignedNotice = Signed<Notice>;

/// Why a server did not take a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Rejection {
    /// The content cannot be opened: sealed to another key, or damaged inside its sealing.
    Unreadable = 0,
    /// It was opened and is not a document's content.
    Malformed = 1,
    /// The server's policy is against it, such as an unknown device.
    Refused = 2,
    /// The application behind the server did not take it.
    Rejected = 3,
}

impl Rejection {
    const ALL: [Self; 4] = [Self::Unreadable, Self::Malformed, Self::Refused, Self::Rejected];

    /// The word in the text of a notice.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Malformed => "malformed",
            Self::Refused => "refused",
            Self::Rejected => "rejected",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.word() == word)
    }

    fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|code| *code as u8 == number)
    }
}

/// One document that was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeEntry {
    id: DocumentId,
    code: Rejection,
    reason: String,
}

impl NoticeEntry {
    /// An entry with a reason for people: one line of 1 to [`REASON_BYTES_MAX`] bytes.
    ///
    /// # Errors
    /// [`ReasonError`] if it is empty, too long, begins or ends with a blank, or has characters that are not
    /// printable.
    pub fn new(id: DocumentId, code: Rejection, reason: String) -> Result<Self, ReasonError> {
        if is_printable(&reason, REASON_BYTES_MAX) { Ok(Self { id, code, reason }) } else { Err(ReasonError) }
    }

    /// The document.
    pub const fn id(&self) -> DocumentId {
        self.id
    }

    /// Why, for programs.
    pub const fn code(&self) -> Rejection {
        self.code
    }

    /// Why, for people.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl AnswerEntry for NoticeEntry {
    const MAGIC: &'static str = "p2psync-notice ";
    const ENTRIES_MAX: usize = NOTICE_ENTRIES_MAX;
    const TEXT_BYTES_MAX: usize = NOTICE_TEXT_BYTES_MAX;
    const BINARY_BYTES_MAX: usize = NOTICE_BINARY_BYTES_MAX;

    fn document(&self) -> DocumentId {
        self.id
    }

    fn write_line(&self, text: &mut String) {
        let Self { id, code, reason } = self;
        write!(text, "{id} {} {reason}", code.word()).expect("a string takes all that is written");
    }

    fn parse_line(line: &str) -> Result<Self, MalformedText> {
        let mut words = line.splitn(3, ' ');
        let mut word = || words.next().unwrap_or_default();
        let id = DocumentId::parse(word()).map_err(|_| MalformedText::Line("id"))?;
        let code = Rejection::from_word(word()).ok_or(MalformedText::Line("code"))?;
        Self::new(id, code, word().to_owned()).map_err(|_| MalformedText::Line("reason"))
    }

    /// Id, u8 code, u8 length of the reason, reason.
    fn write_binary(&self, binary: &mut Vec<u8>) {
        let length = u8::try_from(self.reason.len()).expect("a reason has at most 200 bytes");
        binary.extend_from_slice(self.id.as_bytes());
        binary.extend_from_slice(&[self.code as u8, length]);
        binary.extend_from_slice(self.reason.as_bytes());
    }

    fn parse_binary(input: &[u8]) -> Result<(Self, &[u8]), MalformedText> {
        let (id, rest) = split(input)?;
        let ([code, length], rest) = split(rest)?;
        let (reason, rest) = rest.split_at_checked(length.into()).ok_or(MalformedText::EndsEarly)?;
        let code = Rejection::from_number(code).ok_or(MalformedText::Line("code"))?;
        let reason = str::from_utf8(reason).map_err(|_| MalformedText::Line("not UTF-8"))?;
        let entry = Self::new(DocumentId::from_bytes(id), code, reason.to_owned());
        Ok((entry.map_err(|_| MalformedText::Line("reason"))?, rest))
    }
}

/// A reason that is not one printable line of the right length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a reason is one line of 1 to {REASON_BYTES_MAX} bytes")]
pub struct ReasonError;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{AnswerError, Fingerprint, SIGNED_TIME_SECONDS_MAX};

    const TEXT: &str = "p2psync-notice 1\n\
        server ABABABABABABABABABABABABABABABABABABABAB\n\
        epoch 0\n\
        time 9\n\
        count 2\n\
        0101010101010101010101010101010101010101010101010101010101010101 unreadable sealed to another key\n\
        0202020202020202020202020202020202020202020202020202020202020202 rejected größer als erlaubt\n";

    fn entry(byte: u8, code: Rejection, reason: &str) -> NoticeEntry {
        NoticeEntry::new(DocumentId::from_bytes([byte; 32]), code, reason.to_owned()).unwrap()
    }

    fn notice() -> Notice {
        let entries = vec![
            entry(1, Rejection::Unreadable, "sealed to another key"),
            entry(2, Rejection::Rejected, "größer als erlaubt"),
        ];
        Notice::new(Fingerprint::V4([0xab; 20]), 0, 9, entries).unwrap()
    }

    #[test]
    fn both_forms_are_read_back() {
        assert_eq!(String::from_utf8(notice().text()).unwrap(), TEXT);
        assert_eq!(Notice::parse_text(TEXT.as_bytes()), Ok(notice()));
        assert_eq!(Notice::parse_binary(&notice().binary()), Ok(notice()));
        let cut = |end: usize| Notice::parse_binary(&notice().binary()[..end]);
        let whole_entries = 33 + 34 + "sealed to another key".len();
        assert!((0..notice().binary().len()).all(|end| cut(end).is_err() != (end == whole_entries)));
        assert_eq!(crate::Receipt::parse_text(TEXT.as_bytes()), Err(MalformedText::OtherKind));
    }

    #[test]
    fn the_largest_notice_has_the_stated_sizes() {
        let reason = "x".repeat(REASON_BYTES_MAX);
        let entries = (0..100).map(|byte| entry(byte, Rejection::Unreadable, &reason)).collect();
        let largest =
            Notice::new(Fingerprint::V6([1; 32]), u32::MAX, SIGNED_TIME_SECONDS_MAX, entries).unwrap();
        assert_eq!(largest.text().len(), NOTICE_TEXT_BYTES_MAX);
        assert_eq!(largest.binary().len(), NOTICE_BINARY_BYTES_MAX);
        assert_eq!(Notice::parse_text(&largest.text()), Ok(largest.clone()));
        assert_eq!(Notice::parse_binary(&largest.binary()), Ok(largest));
    }

    #[test]
    fn each_other_text_has_its_error() {
        let cases = [
            ("notice 1", "receipt 1", MalformedText::OtherKind),
            ("unreadable", "imported", MalformedText::Line("code")),
            ("unreadable sealed", "unreadable  sealed", MalformedText::Line("reason")),
            (" sealed to another key", "", MalformedText::Line("reason")),
            ("key", "key\u{7}", MalformedText::Line("reason")),
            ("key", &"x".repeat(200), MalformedText::Line("reason")),
            ("key", "key\nkey", MalformedText::Count),
            ("count 2", "count 101", MalformedText::Count),
            ("count 2", "count -2", MalformedText::Line("count")),
            ("time 9", "time 253402300800", MalformedText::Line("time")),
            ("time 9", "time -9", MalformedText::Line("time")),
            ("0101", "0301", MalformedText::Order),
        ];
        for (from, to, error) in cases {
            let text = TEXT.replacen(from, to, 1);
            assert_eq!(Notice::parse_text(text.as_bytes()), Err(error), "{from} as {to}");
        }
        assert_eq!(Notice::parse_text(&vec![b'x'; 40_000]), Err(MalformedText::TooLong));
        let not_utf8 = [TEXT.as_bytes(), b"\xff\n"].concat();
        assert_eq!(Notice::parse_text(&not_utf8), Err(MalformedText::Line("not UTF-8")));
    }

    #[test]
    fn each_other_binary_form_has_its_error() {
        let heading = &notice().binary()[..33];
        let with = |entries: &[u8]| Notice::parse_binary(&[heading, entries].concat());
        let entry = |code: u8, length: u8, reason: &[u8]| [&[1; 32], &[code, length][..], reason].concat();
        assert!(with(&entry(0, 2, b"no")).is_ok());
        for (entries, error) in [
            (vec![], MalformedText::Count),
            (entry(4, 2, b"no"), MalformedText::Line("code")),
            (entry(255, 2, b"no"), MalformedText::Line("code")),
            (entry(0, 0, b""), MalformedText::Line("reason")),
            (entry(0, 201, &[b'x'; 201]), MalformedText::Line("reason")),
            (entry(0, 2, b"\xff\xfe"), MalformedText::Line("not UTF-8")),
            (entry(0, 3, b"no"), MalformedText::EndsEarly),
            (entry(0, 2, b"no").repeat(2), MalformedText::Order),
            (vec![1; 3_400_000], MalformedText::TooLong),
        ] {
            assert_eq!(with(&entries), Err(error), "{:?}", &entries[..entries.len().min(40)]);
        }
        let late = [&heading[..25], &[0xff; 8], &entry(0, 2, b"no")].concat();
        assert_eq!(Notice::parse_binary(&late), Err(MalformedText::Line("time")));
    }

    #[test]
    fn what_makes_no_notice_is_refused() {
        let new = |entries| Notice::new(Fingerprint::V4([0; 20]), 0, 0, entries);
        let one = entry(1, Rejection::Refused, "no");
        assert_eq!(new(vec![]), Err(AnswerError::Count { count: 0, count_max: 100 }));
        assert_eq!(new(vec![one.clone(); 101]), Err(AnswerError::Count { count: 101, count_max: 100 }));
        assert_eq!(new(vec![one.clone(), one]), Err(AnswerError::Order));
    }

    proptest! {
        #[test]
        fn a_changed_byte_is_another_notice_or_none(place in 0..TEXT.len(), byte: u8) {
            let mut text = TEXT.as_bytes().to_vec();
            text[place] = byte;
            if let Ok(other) = Notice::parse_text(&text) {
                prop_assert_eq!(other.text(), text);
                prop_assert_eq!(Notice::parse_binary(&other.binary()), Ok(other));
            }
        }
    }
}

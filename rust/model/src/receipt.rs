//! Receipts: a server states that it has documents, hash-checked, on durable storage. Nothing else makes a device
//! delete what its owner wants delivered.

use crate::answer::{Answer, AnswerEntry};
use crate::heading::split;
use crate::lines::MalformedText;
use crate::signed::Signed;
use crate::{DocumentId, MessageId};

/// Most documents that one receipt confirms.
pub const RECEIPT_IDS_MAX: usize = 256;

/// Longest text of a receipt: the heading with a version 6 fingerprint, and 256 ids.
pub const RECEIPT_TEXT_BYTES_MAX: usize = 18 + 72 + 17 + 18 + 10 + 65 * RECEIPT_IDS_MAX;

/// Longest binary form of a receipt.
pub const RECEIPT_BINARY_BYTES_MAX: usize = 1 + 32 + 4 + 8 + MessageId::BYTES * RECEIPT_IDS_MAX;

/// "The server has these documents." True for ever, except when the server was restored from a backup: then its
/// `epoch` grows, and devices that still hold the documents offer them again.
pub type Receipt = Answer<DocumentId>;

/// A receipt with the server's signature, which nothing in this crate can verify.
pub type SignedReceipt = Signed<Receipt>;

impl Receipt {
    /// The documents that the server has, ascending, at least one.
    pub fn ids(&self) -> &[DocumentId] {
        self.entries()
    }
}

impl AnswerEntry for DocumentId {
    const MAGIC: &'static str = "p2psync-receipt ";
    const ENTRIES_MAX: usize = RECEIPT_IDS_MAX;
    const TEXT_BYTES_MAX: usize = RECEIPT_TEXT_BYTES_MAX;
    const BINARY_BYTES_MAX: usize = RECEIPT_BINARY_BYTES_MAX;

    fn document(&self) -> DocumentId {
        *self
    }

    fn write_line(&self, text: &mut String) {
        text.push_str(&self.to_string());
    }

    fn parse_line(line: &str) -> Result<Self, MalformedText> {
        Self::parse(line).map_err(|_| MalformedText::Line("id"))
    }

    fn write_binary(&self, binary: &mut Vec<u8>) {
        binary.extend_from_slice(self.as_bytes());
    }

    fn parse_binary(input: &[u8]) -> Result<(Self, &[u8]), MalformedText> {
        split(input).map(|(id, rest)| (Self::from_bytes(id), rest))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{AnswerError, Fingerprint, SIGNED_TIME_SECONDS_MAX};

    const TEXT: &str = "p2psync-receipt 1\n\
    server ABABABABABABABABABABABABABABABABABABABAB\n\
    epoch 3\n\
    time 1700000000\n\
    count 2\n\
    0101010101010101010101010101010101010101010101010101010101010101\n\
    0202020202020202020202020202020202020202020202020202020202020202\n";

    fn id(byte: u8) -> DocumentId {
        DocumentId::from_bytes([byte; 32])
    }

    fn receipt() -> Receipt {
        Receipt::new(Fingerprint::V4([0xab; 20]), 3, 1_700_000_000, vec![id(1), id(2)]).unwrap()
    }

    #[test]
    fn the_text_is_as_specified() {
        assert_eq!(String::from_utf8(receipt().text()).unwrap(), TEXT);
        assert_eq!(Receipt::parse_text(TEXT.as_bytes()), Ok(receipt()));
        let (server, epoch, time) = (receipt().server(), receipt().epoch(), receipt().time());
        assert_eq!((server, epoch, time), (Fingerprint::V4([0xab; 20]), 3, 1_700_000_000));
    }

    #[test]
    fn the_largest_receipt_has_the_stated_sizes() {
        let ids = (0..=255).map(id).collect();
        let largest = Receipt::new(Fingerprint::V6([1; 32]), u32::MAX, SIGNED_TIME_SECONDS_MAX, ids).unwrap();
        assert_eq!(largest.text().len(), RECEIPT_TEXT_BYTES_MAX);
        assert_eq!(largest.binary().len(), RECEIPT_BINARY_BYTES_MAX);
        assert_eq!(Receipt::parse_text(&largest.text()), Ok(largest.clone()));
        assert_eq!(Receipt::parse_binary(&largest.binary()), Ok(largest));
    }

    #[test]
    fn what_makes_no_receipt_is_refused() {
        let new = |time, ids| Receipt::new(Fingerprint::V4([0; 20]), 0, time, ids);
        assert_eq!(new(0, vec![]), Err(AnswerError::Count { count: 0, count_max: 256 }));
        assert_eq!(new(0, vec![id(1); 100_000]), Err(AnswerError::Count { count: 100_000, count_max: 256 }));
        assert_eq!(new(0, vec![id(1), id(1)]), Err(AnswerError::Order));
        assert_eq!(new(0, vec![id(2), id(1)]), Err(AnswerError::Order));
        let time = SIGNED_TIME_SECONDS_MAX + 1;
        assert_eq!(new(time, vec![id(1)]), Err(AnswerError::Time { time }));
    }

    #[test]
    fn each_other_text_has_its_error() {
        use MalformedText::{Count, Line, Order, OtherKind, TooLong, TooNew};
        let (one, two) = ("01".repeat(32), "02".repeat(32));
        let cases = [
            ("p2psync-receipt 1", "p2psync-notice 1", OtherKind),
            ("p2psync-receipt 1", "p2psync-receipt 0", OtherKind),
            ("p2psync-receipt 1", "p2psync-receipt 2", TooNew { version: 2 }),
            ("p2psync-receipt 1", "p2psync-receipt 1 ", Line("version")),
            ("p2psync-receipt 1\n", "p2psync-receipt 1\r\n", Line("version")),
            ("p2psync-receipt 1\n", "p2psync-receipt 1\n\n", Line("server")),
            ("server AB", "server ab", Line("server")),
            ("epoch 3", "epoch 03", Line("epoch")),
            ("epoch 3", "epoch -3", Line("epoch")),
            ("epoch 3", "epoch +3", Line("epoch")),
            ("epoch 3", "epoch", Line("epoch")),
            ("epoch 3", "epoch ", Line("epoch")),
            ("epoch 3", "epoch 4294967296", Line("epoch")),
            ("epoch 3\n", "", Line("epoch")),
            ("time 1700000000", "time 253402300800", Line("time")),
            ("time 1700000000", "time 99999999999999999999", Line("time")),
            ("count 2", "count 1", Count),
            ("count 2", "count 3", Count),
            ("count 2", "count 02", Line("count")),
            (&two, &one, Order),
            (&one, "", Line("id")),
            (&one, &"AA".repeat(32), Line("id")),
            (&two, &format!("{two}\n"), Count),
            (&two, &"x".repeat(20_000), TooLong),
        ];
        for (from, to, error) in cases {
            let text = TEXT.replacen(from, to, 1);
            assert_ne!(text, TEXT);
            assert_eq!(Receipt::parse_text(text.as_bytes()), Err(error), "{from} as {to}");
        }
        let text = TEXT.as_bytes();
        assert!((0..text.len()).all(|end| Receipt::parse_text(&text[..end]).is_err()));
        assert_eq!(
            Receipt::parse_text(&[b"p2psync-receipt 1\n\xff".as_slice(), text].concat()),
            Err(Line("not UTF-8"))
        );
    }

    #[test]
    fn no_receipt_names_none_or_a_hundred_thousand() {
        let heading = TEXT.split("count").next().unwrap();
        let none = format!("{heading}count 0\n");
        assert_eq!(Receipt::parse_text(none.as_bytes()), Err(MalformedText::Count));
        let many = format!("{heading}count 100000\n{}", "00\n".repeat(5_000));
        assert_eq!(Receipt::parse_text(many.as_bytes()), Err(MalformedText::Count));
        let binary = receipt().binary();
        let many = [&binary[..33], &vec![0; 3_200_000]].concat();
        assert_eq!(Receipt::parse_binary(&many), Err(MalformedText::TooLong));
        assert_eq!(Receipt::parse_binary(&binary[..33]), Err(MalformedText::Count));
        assert_eq!(Receipt::parse_binary(&binary[..34]), Err(MalformedText::EndsEarly));
    }

    proptest! {
        #[test]
        fn both_forms_are_read_back(
            is_v6: bool, key: [u8; 32], epoch: u32, time in 0..=SIGNED_TIME_SECONDS_MAX,
            ids in proptest::collection::btree_set(any::<[u8; 32]>(), 1..20),
        ) {
            let server = if is_v6 { Fingerprint::V6(key) } else { Fingerprint::V4(*key.first_chunk().unwrap()) };
            let ids = ids.into_iter().map(DocumentId::from_bytes).collect();
            let receipt = Receipt::new(server, epoch, time, ids).unwrap();
            prop_assert_eq!(Receipt::parse_text(&receipt.text()), Ok(receipt.clone()));
            prop_assert_eq!(Receipt::parse_binary(&receipt.binary()), Ok(receipt));
        }

        #[test]
        fn a_changed_byte_is_another_receipt_or_none(place in 0..TEXT.len(), byte: u8) {
            let mut text = TEXT.as_bytes().to_vec();
            text[place] = byte;
            if let Ok(other) = Receipt::parse_text(&text) {
                prop_assert_eq!(other.text(), text.clone());
                prop_assert_eq!(other == receipt(), text == TEXT.as_bytes());
                prop_assert_eq!(other.body_hash() == receipt().body_hash(), text == TEXT.as_bytes());
            }
        }

        #[test]
        fn a_changed_byte_of_the_binary_form_is_another_receipt_or_none(place in 0usize..97, byte: u8) {
            let mut binary = receipt().binary();
            binary[place] = byte;
            if let Ok(other) = Receipt::parse_binary(&binary) {
                prop_assert_eq!(other.binary(), binary);
            }
        }
    }
}

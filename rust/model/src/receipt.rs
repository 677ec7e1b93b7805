//! Receipts: a server states that it has documents, hash-checked, on durable storage. Nothing else makes a device
//! delete what its owner wants delivered.

use sha2::{Digest as _, Sha256};

use crate::heading::{Heading, IDS_MAX, MalformedText, SIGNED_TIME_SECONDS_MAX, ascend};
use crate::signed::{Signed, SignedBody};
use crate::{DocumentId, Fingerprint};

/// Most documents that one receipt confirms.
pub const RECEIPT_IDS_MAX: usize = IDS_MAX;

/// Longest text of a receipt: the heading with a version 6 fingerprint, and 256 ids.
pub const RECEIPT_TEXT_BYTES_MAX: usize = 18 + 72 + 17 + 18 + 10 + 65 * RECEIPT_IDS_MAX;

/// Longest binary form of a receipt.
pub const RECEIPT_BINARY_BYTES_MAX: usize = 1 + 32 + 4 + 8 + 32 * RECEIPT_IDS_MAX;

/// A receipt with the server's signature, which nothing in this crate can verify.
pub type SignedReceipt = Signed<Receipt>;

/// Why bytes are not a receipt.
pub type MalformedReceipt = MalformedText;

/// "The server has these documents." True for ever, except when the server was restored from a backup: then its
/// `epoch` grows, and devices that still hold the documents offer them again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    heading: Heading,
    ids: Vec<DocumentId>,
}

impl Receipt {
    /// A receipt by the server with the certificate `server`, at `time` (Unix seconds), for `ids`.
    ///
    /// # Errors
    /// [`ReceiptError`] unless there are 1 to [`RECEIPT_IDS_MAX`] ids, strictly ascending, and the time is at most
    /// [`SIGNED_TIME_SECONDS_MAX`].
    pub fn new(
        server: Fingerprint,
        epoch: u32,
        time: u64,
        ids: Vec<DocumentId>,
    ) -> Result<Self, ReceiptError> {
        if !(1..=RECEIPT_IDS_MAX).contains(&ids.len()) {
            return Err(ReceiptError::Count { count: ids.len() });
        }
        if !ascend(ids.iter().copied()) {
            return Err(ReceiptError::Order);
        }
        if time > SIGNED_TIME_SECONDS_MAX {
            return Err(ReceiptError::Time { time });
        }
        Ok(Self { heading: Heading { server, epoch, time }, ids })
    }

    /// The certificate whose key must have signed.
    pub const fn server(&self) -> Fingerprint {
        self.heading.server
    }

    /// How often the server was restored from a backup.
    pub const fn epoch(&self) -> u32 {
        self.heading.epoch
    }

    /// When the server says it made the receipt, in Unix seconds.
    pub const fn time(&self) -> u64 {
        self.heading.time
    }

    /// The documents that it has, ascending, at least one.
    pub fn ids(&self) -> &[DocumentId] {
        &self.ids
    }

    /// The text that is signed, at most [`RECEIPT_TEXT_BYTES_MAX`] bytes of ASCII.
    pub fn text(&self) -> Vec<u8> {
        let mut text = self.heading.write(MAGIC, self.ids.len());
        for id in &self.ids {
            text.push_str(&id.to_string());
            text.push('\n');
        }
        text.into_bytes()
    }

    /// Reads the text. There is exactly one text for each receipt.
    ///
    /// # Errors
    /// [`MalformedReceipt`] for anything that [`Self::text`] would not write.
    pub fn parse_text(text: &[u8]) -> Result<Self, MalformedReceipt> {
        if text.len() > RECEIPT_TEXT_BYTES_MAX {
            return Err(MalformedText::TooLong);
        }
        let (heading, lines) = Heading::parse(MAGIC, text)?;
        let ids = lines.into_iter().map(DocumentId::parse).collect::<Result<Vec<_>, _>>();
        Self::checked(heading, ids.map_err(|_| MalformedText::Line("id"))?)
    }

    /// The form between peers: fingerprint version (4 or 6), fingerprint, u32 epoch, u64 time, ids of 32 bytes.
    pub fn binary(&self) -> Vec<u8> {
        let mut binary = Vec::new();
        self.heading.write_binary(&mut binary);
        for id in &self.ids {
            binary.extend_from_slice(id.as_bytes());
        }
        binary
    }

    /// Reads the form between peers. There is exactly one for each receipt.
    ///
    /// # Errors
    /// [`MalformedReceipt`] for anything that [`Self::binary`] would not write.
    pub fn parse_binary(binary: &[u8]) -> Result<Self, MalformedReceipt> {
        if binary.len() > RECEIPT_BINARY_BYTES_MAX {
            return Err(MalformedText::TooLong);
        }
        let (heading, rest) = Heading::parse_binary(binary)?;
        let (ids, rest) = rest.as_chunks();
        if !rest.is_empty() {
            return Err(MalformedText::EndsEarly);
        }
        Self::checked(heading, ids.iter().map(|id| DocumentId::from_bytes(*id)).collect())
    }

    /// What makes two receipts the same: SHA-256 of the text. Signatures can be altered and still verify, so they
    /// do not count.
    pub fn body_hash(&self) -> [u8; 32] {
        Sha256::digest(self.text()).into()
    }

    fn checked(heading: Heading, ids: Vec<DocumentId>) -> Result<Self, MalformedReceipt> {
        let Heading { server, epoch, time } = heading;
        Self::new(server, epoch, time, ids).map_err(|error| match error {
            ReceiptError::Count { .. } => MalformedText::Count,
            ReceiptError::Order => MalformedText::Order,
            ReceiptError::Time { .. } => MalformedText::Line("time"),
        })
    }
}

impl SignedBody for Receipt {
    fn binary(&self) -> Vec<u8> {
        self.binary()
    }

    fn parse_binary(binary: &[u8]) -> Result<Self, MalformedText> {
        Self::parse_binary(binary)
    }
}

/// The caller's documents make no receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// None, or too many.
    #[error("a receipt names 1 to {RECEIPT_IDS_MAX} documents, not {count}")]
    Count {
        /// How many were given.
        count: usize,
    },
    /// They do not ascend, or one is there twice.
    #[error("the documents of a receipt are not strictly ascending")]
    Order,
    /// The time is beyond [`SIGNED_TIME_SECONDS_MAX`].
    #[error("a receipt cannot be from {time} s after 1970")]
    Time {
        /// What was given.
        time: u64,
    },
}

const MAGIC: &str = "p2psync-receipt ";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
        assert_eq!(new(0, vec![]), Err(ReceiptError::Count { count: 0 }));
        assert_eq!(new(0, vec![id(1); 100_000]), Err(ReceiptError::Count { count: 100_000 }));
        assert_eq!(new(0, vec![id(1), id(1)]), Err(ReceiptError::Order));
        assert_eq!(new(0, vec![id(2), id(1)]), Err(ReceiptError::Order));
        let time = SIGNED_TIME_SECONDS_MAX + 1;
        assert_eq!(new(time, vec![id(1)]), Err(ReceiptError::Time { time }));
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

//! Receipts and notices, as text, between peers, and signed.

use core::fmt::Debug;

use p2psync_model::{Notice, Receipt, SignedNotice, SignedReceipt};

/// The first byte says what the rest is. What is read is written back byte for byte, and both forms say the same.
pub fn receipt(data: &[u8]) {
    let Some((&form, data)) = data.split_first() else { return };
    match form % 6 {
        0 => one_text(data, Receipt::parse_text(data).ok(), Receipt::text),
        1 => one_text(data, Receipt::parse_binary(data).ok(), Receipt::binary),
        2 => one_text(data, SignedReceipt::decode(data).ok(), SignedReceipt::encode),
        3 => one_text(data, Notice::parse_text(data).ok(), Notice::text),
        4 => one_text(data, Notice::parse_binary(data).ok(), Notice::binary),
        _ => one_text(data, SignedNotice::decode(data).ok(), SignedNotice::encode),
    }
    if let Ok(receipt) = Receipt::parse_text(data) {
        assert_eq!(Receipt::parse_binary(&receipt.binary()), Ok(receipt));
        assert!(Notice::parse_text(data).is_err(), "a receipt passes for a notice");
    }
    if let Ok(notice) = Notice::parse_text(data) {
        assert_eq!(Notice::parse_binary(&notice.binary()), Ok(notice));
    }
}

fn one_text<T: Debug>(data: &[u8], read: Option<T>, write: impl Fn(&T) -> Vec<u8>) {
    if let Some(value) = read {
        assert_eq!(write(&value), data, "{value:?} has two encodings");
    }
}

//! The picture of a pairing code, for screens that draw it themselves.

use p2psync_pair::{QrPicture, Scanned};

use crate::Error;

/// The modules of the picture of one of our codes, from its text: rows from top to bottom, from left to right, true is
/// dark. A reader needs a light margin of four modules around them.
///
/// # Errors
/// [`Error::PairingCode`]; [`Error::BrambleCode`] for a code of plain Bramble.
pub fn picture_of_code(text: &str) -> Result<Vec<Vec<bool>>, Error> {
    match Scanned::parse(text)? {
        Scanned::Ours(code) => Ok(QrPicture::of_code(&code).modules()),
        Scanned::Bramble(_) => Err(Error::BrambleCode),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_code_has_no_picture() {
        assert!(matches!(picture_of_code("hello"), Err(Error::PairingCode(_))));
    }
}

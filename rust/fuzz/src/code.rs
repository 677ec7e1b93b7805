//! The text of a code, scanned or typed.

use data_encoding::Specification;
use p2psync_bramble::{WallClock, hash};
use p2psync_pair::{CodeError, QrPicture, Scanned, TEXT_CHARS_MAX};

/// The first byte says how the rest becomes a text: as characters U+0000 to U+00FF, as UTF-8, or as the content of one
/// of our codes, with the check that a blind search would never hit. What is read is written and read alike.
pub fn code(data: &[u8]) {
    let Some((&form, content)) = data.split_first() else { return };
    let text = match form % 3 {
        0 => content.iter().map(|&byte| char::from(byte)).collect(),
        1 => String::from_utf8_lossy(content).into_owned(),
        _ => text_of(content),
    };
    match Scanned::parse(&text) {
        Ok(Scanned::Ours(code)) => {
            let written = code.to_text();
            assert!(written.chars().count() <= TEXT_CHARS_MAX, "a code too long to be read back");
            // Blanks count towards the longest text, so only one of them is put in.
            let with_blank = written.replacen('0', "o ", 1).replace('0', "O");
            let typed = [written.clone(), written.to_lowercase(), with_blank];
            for typed in typed.into_iter().filter(|typed| typed.chars().count() <= TEXT_CHARS_MAX) {
                assert_eq!(Scanned::parse(&typed), Ok(Scanned::Ours(code.clone())));
            }
            assert_eq!(code.check(WallClock(0), &[]), Ok(()));
            assert_eq!(code.check(WallClock(0), &[code.payload().commitment]), Err(CodeError::Own));
            assert!(QrPicture::of_code(&code).width() > 0);
        }
        Ok(Scanned::Bramble(payload)) => {
            let written: String = payload.to_bytes().iter().map(|&byte| char::from(byte)).collect();
            assert_eq!(Scanned::parse(&written), Ok(Scanned::Bramble(payload)));
        }
        Err(error) => assert!(!matches!(error, CodeError::Own | CodeError::Expired), "a judgement too early"),
    }
}

/// The text of a code with `content`, as `docs/protocol/pair.md` defines it.
fn text_of(content: &[u8]) -> String {
    let check = hash("org.sahana.p2psync.pair/CODE_CHECK", &[content]);
    let checked: Vec<u8> = content.iter().chain(check.iter().take(4)).copied().collect();
    let mut base32 = Specification::new();
    base32.symbols.push_str("0123456789ABCDEFGHJKMNPQRSTVWXYZ");
    let base32 = base32.encoding().expect("32 different symbols");
    format!("P2PSYNC:{}", base32.encode(&checked))
}

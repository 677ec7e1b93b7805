//! Texts that a server signed, or that somebody says it did.

use core::fmt::Debug;

use p2psync_model::{Fingerprint, MalformedText, Notice, Receipt, SIGNATURE_BYTES_MAX};
use p2psync_seal::{Date, SignedText, Statement, VerifyError, sign, verify};

use crate::script::Script;
use crate::server::{NOW, SERVER, SIGNED, genuine};
use crate::wire::Wire;

/// The first byte says which kind of text is asked for, and what the rest is: a signature and a text; a text that the
/// server signs whatever it is; or what happens to a genuine text and its signature on the way.
pub fn receipt_signature(data: &[u8]) {
    let mut script = Script::new(data);
    let form = script.byte();
    match form / 3 % 3 {
        0 => {
            let length = script.number();
            let signature = script.bytes(length);
            all(form, script.rest(), signature);
        }
        1 => {
            let text = script.rest();
            match form % 3 {
                0 => signed::<Receipt>(text),
                1 => signed::<Notice>(text),
                _ => signed::<Statement>(text),
            }
        }
        _ => {
            let number = usize::from(script.byte()) % SIGNED.len();
            let (text, signature) = SIGNED.get(number).expect("the number is below their count");
            let mut wire = Wire::default();
            wire.send(0, text);
            wire.send(1, signature);
            wire.disturb(1, &mut script);
            wire.disturb(0, &mut script);
            all(form, &wire.take(1, usize::MAX), &wire.take(0, usize::MAX));
        }
    }
}

fn all(form: u8, text: &[u8], signature: &[u8]) {
    match form % 3 {
        0 => claimed::<Receipt>(text, signature),
        1 => claimed::<Notice>(text, signature),
        _ => claimed::<Statement>(text, signature),
    }
}

/// Nobody here has the key, so only what the server signed once may count.
fn claimed<T: SignedText + Debug>(text: &[u8], signature: &[u8]) {
    match verify::<T>(text, signature, genuine(), NOW) {
        Ok(believed) => {
            assert!(SIGNED.iter().any(|(genuine, _)| genuine == text), "a forged text is believed");
            assert!(text.starts_with(T::MAGIC.as_bytes()), "another kind of text is believed");
            assert_eq!(believed.text(), text, "a text is understood as another");
        }
        Err(VerifyError::TooLong) => {
            assert!(text.len() > T::TEXT_BYTES_MAX || signature.len() > SIGNATURE_BYTES_MAX);
        }
        Err(_) => {}
    }
}

/// With the server's own key under it, the text alone decides.
fn signed<T: SignedText + Debug + PartialEq>(text: &[u8]) {
    let signature = sign(&AnyText(text.to_vec()), &SERVER).expect("the key may sign on this date");
    let judged = verify::<T>(text, &signature, genuine(), NOW);
    let server = genuine().fingerprint();
    let expected = if text.len() > T::TEXT_BYTES_MAX {
        Err(VerifyError::TooLong)
    } else if !text.starts_with(T::MAGIC.as_bytes()) {
        Err(VerifyError::OtherKind)
    } else {
        T::parse_text(text).map_err(VerifyError::Malformed)
    };
    match (&judged, &expected) {
        // Which server is meant is looked at before the rest of the text.
        (Err(VerifyError::OtherServer), Err(VerifyError::Malformed(_))) => {}
        (Err(VerifyError::OtherServer), Ok(read)) => assert_ne!(read.server(), server),
        _ => {
            assert_eq!(judged, expected);
            if let Ok(read) = judged {
                assert_eq!((read.server(), read.text().as_slice()), (server, text));
            }
        }
    }
}

/// What a server with another idea of the format signs.
struct AnyText(Vec<u8>);

impl SignedText for AnyText {
    const MAGIC: &'static str = "";
    const TEXT_BYTES_MAX: usize = usize::MAX;

    fn server(&self) -> Fingerprint {
        SERVER.fingerprint()
    }

    fn made(&self) -> Date {
        Date(NOW.0 / 1_000)
    }

    fn text(&self) -> Vec<u8> {
        self.0.clone()
    }

    fn parse_text(text: &[u8]) -> Result<Self, MalformedText> {
        Ok(Self(text.to_vec()))
    }
}

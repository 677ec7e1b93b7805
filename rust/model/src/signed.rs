//! A statement of a server together with its signature, as it travels and is kept. Whether the signature is good,
//! only the crate that knows OpenPGP can say.

use p2psync_bramble::bdf::{self, Value};

use crate::lines::MalformedText;

/// Longest signature: a detached binary OpenPGP signature has 119 bytes with Ed25519, 566 with RSA-4096, and some
/// 3,500 with ML-DSA-65+Ed25519.
pub const SIGNATURE_BYTES_MAX: usize = 4096;

/// What a server signs, in the form that travels between peers.
pub trait SignedBody: Sized {
    /// The binary form; the signed text is made of it again.
    fn binary(&self) -> Vec<u8>;

    /// Reads the binary form.
    ///
    /// # Errors
    /// [`MalformedText`] for anything that [`Self::binary`] would not write.
    fn parse_binary(binary: &[u8]) -> Result<Self, MalformedText>;
}

/// A body and a signature that has the right size, and is otherwise not judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed<B> {
    body: B,
    signature: Vec<u8>,
}

impl<B> Signed<B> {
    /// Puts them together.
    ///
    /// # Errors
    /// [`SignatureLength`] unless the signature has 1 to [`SIGNATURE_BYTES_MAX`] bytes.
    pub fn new(body: B, signature: Vec<u8>) -> Result<Self, SignatureLength> {
        if (1..=SIGNATURE_BYTES_MAX).contains(&signature.len()) {
            Ok(Self { body, signature })
        } else {
            Err(SignatureLength { length: signature.len() })
        }
    }

    /// What was signed.
    pub const fn body(&self) -> &B {
        &self.body
    }

    /// The detached binary OpenPGP signature.
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// Both parts.
    pub fn into_parts(self) -> (B, Vec<u8>) {
        (self.body, self.signature)
    }
}

impl<B: SignedBody> Signed<B> {
    /// A BDF list of two raw values: the body's binary form and the signature.
    pub fn encode(&self) -> Vec<u8> {
        let items = vec![Value::Raw(self.body.binary()), Value::Raw(self.signature.clone())];
        let mut encoded = Vec::new();
        bdf::write(&Value::List(items), &mut encoded);
        encoded
    }

    /// Reads what [`Self::encode`] writes, and nothing else.
    ///
    /// # Errors
    /// [`MalformedSigned`].
    pub fn decode(encoded: &[u8]) -> Result<Self, MalformedSigned> {
        let value = bdf::parse(encoded)?;
        let Some([body, signature]) = value.as_list() else { return Err(MalformedSigned::Form) };
        let (Some(body), Some(signature)) = (body.as_raw(), signature.as_raw()) else {
            return Err(MalformedSigned::Form);
        };
        Ok(Self::new(B::parse_binary(body)?, signature.to_vec())?)
    }
}

/// The signature is empty or longer than [`SIGNATURE_BYTES_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a signature has 1 to {SIGNATURE_BYTES_MAX} bytes, not {length}")]
pub struct SignatureLength {
    /// Its length in bytes.
    pub length: usize,
}

/// Why bytes are not a signed body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedSigned {
    /// Not canonical BDF.
    #[error(transparent)]
    Bdf(#[from] bdf::Malformed),
    /// Not a list of two raw values.
    #[error("not a body and a signature")]
    Form,
    /// The body is malformed.
    #[error(transparent)]
    Body(#[from] MalformedText),
    /// The signature's length.
    #[error(transparent)]
    Signature(#[from] SignatureLength),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Fingerprint, MessageId, Receipt, SignedReceipt};

    fn receipt() -> Receipt {
        Receipt::new(Fingerprint::V4([7; 20]), 0, 9, vec![MessageId::from_bytes([1; 32])]).unwrap()
    }

    #[test]
    fn a_signature_has_bounds() {
        for length in [0, SIGNATURE_BYTES_MAX + 1] {
            assert_eq!(Signed::new(receipt(), vec![1; length]), Err(SignatureLength { length }));
        }
        for length in [1, SIGNATURE_BYTES_MAX] {
            let signed = Signed::new(receipt(), vec![1; length]).unwrap();
            assert_eq!(SignedReceipt::decode(&signed.encode()), Ok(signed));
        }
    }

    #[test]
    fn anything_else_is_not_a_signed_receipt() {
        let raw = |bytes: &[u8]| Value::Raw(bytes.to_vec());
        let body = receipt().binary();
        let with = |items: Vec<Value>| {
            let mut encoded = Vec::new();
            bdf::write(&Value::List(items), &mut encoded);
            SignedReceipt::decode(&encoded)
        };
        assert!(with(vec![raw(&body), raw(&[1])]).is_ok());
        assert_eq!(with(vec![]), Err(MalformedSigned::Form));
        assert_eq!(with(vec![raw(&body)]), Err(MalformedSigned::Form));
        assert_eq!(with(vec![raw(&body), Value::Null]), Err(MalformedSigned::Form));
        assert_eq!(with(vec![raw(&body), raw(&[1]), raw(&[1])]), Err(MalformedSigned::Form));
        assert_eq!(with(vec![Value::List(vec![raw(&body)]), raw(&[1])]), Err(MalformedSigned::Form));
        assert_eq!(with(vec![raw(&body), Value::Integer(-1)]), Err(MalformedSigned::Form));
        let naming = |ids: usize| with(vec![raw(&[&body[..33], &vec![1; 32 * ids]].concat()), raw(&[1])]);
        assert_eq!(naming(300), Err(MalformedSigned::Body(MalformedText::TooLong)));
        assert_eq!(naming(100_000), Err(MalformedSigned::Bdf(bdf::Malformed::TooLong)));
        assert_eq!(
            with(vec![raw(&body), raw(&[])]),
            Err(MalformedSigned::Signature(SignatureLength { length: 0 }))
        );
        assert_eq!(
            with(vec![raw(&[]), raw(&[1])]),
            Err(MalformedSigned::Body(MalformedText::Line("server")))
        );
        assert_eq!(SignedReceipt::decode(&[]), Err(MalformedSigned::Bdf(bdf::Malformed::EndsEarly)));
    }
}

//! The nouns: what devices hold, pass on and confirm.
//!
//! Pure data with one encoding each: a value of these types is within its bounds, and what a decoder takes it would
//! have written itself. No input or output, no clock, no randomness of its own. `docs/protocol/document.md` is the
//! specification.

mod fingerprint;
mod heading;
mod id;
mod receipt;
mod signed;

pub use fingerprint::{Fingerprint, MalformedFingerprint};
pub use heading::{MalformedText, SIGNED_TIME_SECONDS_MAX};
pub use id::{
    CLIENT_ID, CLIENT_ID_BYTES_MAX, ChunkId, DESCRIPTOR_BYTES_MAX, DocumentId, GroupError, GroupId,
    MAJOR_VERSION, MalformedId, MessageId, group_id,
};
pub use receipt::{
    MalformedReceipt, RECEIPT_BINARY_BYTES_MAX, RECEIPT_IDS_MAX, RECEIPT_TEXT_BYTES_MAX, Receipt,
    ReceiptError, SignedReceipt,
};
pub use signed::{MalformedSigned, SIGNATURE_BYTES_MAX, SignatureLength, Signed, SignedBody};

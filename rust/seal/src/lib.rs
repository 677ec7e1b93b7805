//! OpenPGP: seals documents to a server, opens them there, signs and verifies receipts.
//!
//! The only crate that knows OpenPGP; `docs/protocol/seal.md` is the specification. A device holds the server's
//! [`Certificate`], seals with a [`Sealer`], and believes a receipt only after [`verify`]. A server holds a
//! [`ServerKey`], [`open`]s and [`sign`]s. Dates are arguments; randomness is the OpenPGP library's own, from the
//! system, because the library takes no other.
//!
//! The library's cryptography is that of the `RustCrypto` crates, by the default feature `crypto-rust`. A program that
//! wants another turns default features off and names its own of sequoia-openpgp.

mod certificate;
mod date;
mod envelope;
mod opening;
mod packets;
mod parts;
mod sealing;
mod server_key;
mod signature;
mod signed_text;
mod statement;

pub use certificate::{
    Certificate, CertificateError, Expired, MergeError, PACKETS_MAX, Revocation, USER_ID_CHARACTERS_MAX,
};
pub use date::{BUILD_DATE_SECONDS, Date, FUTURE_TOLERANCE_SECONDS};
pub use opening::{HELD_BACK_BYTES_MAX, OPENING_BYTES_MAX, OpenError, SEALED_PACKETS_MAX, open};
pub use sealing::{SEALING_BYTES_MAX, SealError, SealOptions, Sealer, seal};
pub use server_key::{ServerKey, ServerKeyError};
pub use signature::SignatureError;
pub use signed_text::{SignError, SignedText, VerifyError, sign, verify};
pub use statement::{STATEMENT_SECONDS_MAX, Statement, StatementError, StatementUse, Tls};

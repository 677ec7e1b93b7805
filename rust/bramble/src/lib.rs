//! Bramble's vocabulary: what BQP, contact exchange, BTP and BSP all speak in.
//!
//! Labelled, length-prefixed hashing; keys whose types tell private from public; the NaCl secretbox;
//! BDF, the binary data format; records; and the encrypted stream of BTP. Everything here is a pure
//! function of its arguments: no clock, no randomness of its own, no input or output.
//!
//! The protocols are those of Briar's Bramble, release 1.5.19, byte for byte. `docs/protocol/pair.md` and
//! `docs/protocol/link.md` define them; `test/vectors/bramble` holds data that Briar's own classes made.

pub mod bdf;
pub mod record;
pub mod stream;

mod agreement;
mod hash;
mod role;
mod secret;
mod secretbox;
mod signature;
mod time;

pub use agreement::{
    AgreementPrivateKey, AgreementPublicKey, LowOrderPoint, WrongKeyLength, shared_one, shared_three,
};
pub use hash::{Digest, derive_key, hash, mac};
pub use role::Role;
pub use secret::SecretKey;
pub use secretbox::{NONCE_BYTES, Nonce, SECRETBOX_OVERHEAD_BYTES, open, seal};
pub use signature::{BadSignature, Signature, SigningKey, VerifyingKey};
pub use time::{Millis, WallClock};

//! Two phones and a QR code to one shared secret and each other's identity.
//!
//! BQP 4 and contact exchange 1 as Bramble speaks them, and three ways for the payloads to travel: both scan,
//! one scans, or nobody scans and two people compare six digits. [`Pairing`] is the whole; its parts can be
//! used alone. No clock, no randomness and no connection of its own. `docs/protocol/pair.md` defines it.

mod agreement;
mod code;
mod code_secret;
mod contact;
mod descriptor;
mod device;
mod digits;
mod effect;
mod error;
mod exchange;
mod extension;
mod identity;
mod offer;
mod opening;
mod outbox;
mod pairing;
mod payload;
mod qr;
mod terms;
mod waits;
mod way;

pub use agreement::{Agreed, KeyAgreement, Progress};
pub use code::{
    CLOCK_TOLERANCE_MS, CODE_LIFETIME_MS, CODE_PAYLOAD_BYTES_MAX, CODE_VERSION, Code, CodeError, CodeTooLong,
    Scanned, TEXT_CHARS_MAX,
};
pub use code_secret::CodeSecret;
pub use contact::{
    ContactInfo, ContactTooLarge, MalformedContact, PROPERTIES_MAX, PROPERTY_BYTES_MAX, TransportProperties,
    signed_nonce,
};
pub use descriptor::{Descriptor, Transport, Unusable};
pub use device::{CLOCK_MIN, Device};
pub use digits::{DIGIT_ATTEMPTS_MAX, DigitAttempts, Digits, Verdict};
pub use effect::{Effect, Input, Paired};
pub use error::{Awaited, Error, Fault, Misbehaviour};
pub use exchange::{ContactExchange, EXCHANGE_BYTES_MAX, Exchanged, StreamSeed, header_key};
pub use extension::{
    Authenticated, EXTENSION_ID, Extension, LINK_VERSIONS_MAX, LinkOffer, MalformedExtension,
};
pub use identity::{Identity, NAME_BYTES_MAX, NameLength};
pub use offer::{Offer, ShownCode};
pub use pairing::{Pairing, pair_secret};
pub use payload::{Commitment, PAYLOAD_BYTES_MAX, Payload, PayloadError, VERSION};
pub use qr::{PayloadTooLong, QrPicture};
pub use terms::Authentication;
pub use waits::Waits;
pub use way::Way;

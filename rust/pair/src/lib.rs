//! Two phones and a QR code to one shared secret and each other's identity.

mod code;
mod code_secret;
mod contact;
mod descriptor;
mod extension;
mod identity;
mod payload;
mod qr;

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
pub use extension::{
    Authenticated, EXTENSION_ID, Extension, LINK_VERSIONS_MAX, LinkOffer, MalformedExtension,
};
pub use identity::{Identity, NAME_BYTES_MAX, NameLength};
pub use payload::{Commitment, PAYLOAD_BYTES_MAX, Payload, PayloadError, VERSION};
pub use qr::{PayloadTooLong, QrPicture};

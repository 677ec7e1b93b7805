//! Pairing against data that Briar's own classes made, and against our own.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

#[path = "vectors/contact.rs"]
mod contact;
#[path = "vectors/own.rs"]
mod own;
#[path = "vectors/payload.rs"]
mod payload;
#[path = "vectors/session.rs"]
mod session;
#[path = "vectors/transcript.rs"]
mod transcript;
#[path = "vectors/tree.rs"]
mod tree;

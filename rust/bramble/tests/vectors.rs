//! Bramble's vocabulary against data that Briar's own classes made.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]
#![allow(clippy::struct_field_names, reason = "fields are named as in the files")]

#[path = "vectors/bdf.rs"]
mod bdf;
#[path = "vectors/primitives.rs"]
mod primitives;
#[path = "vectors/streams.rs"]
mod streams;

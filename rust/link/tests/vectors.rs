//! BTP 4 against data that Briar's own classes made, and captured sessions between two of its nodes.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]
#![allow(clippy::struct_field_names, reason = "fields are named as in the files")]
#![allow(clippy::large_enum_variant, reason = "there are four of them")]

#[path = "vectors/keys.rs"]
mod keys;
#[path = "vectors/link.rs"]
mod link;
#[path = "vectors/transcripts.rs"]
mod transcripts;
#[path = "vectors/window.rs"]
mod window;

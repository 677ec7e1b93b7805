//! Ids of messages and groups against data that Briar's own classes made; vectors of our own documents.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]
#![allow(clippy::struct_field_names, reason = "fields are named as in the files")]

#[path = "vectors/ids.rs"]
mod ids;
#[path = "vectors/made.rs"]
mod made;
#[path = "vectors/own.rs"]
mod own;

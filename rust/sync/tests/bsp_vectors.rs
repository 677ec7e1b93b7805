//! BSP 0 against data that Briar's own classes made, and captured sessions between two of its nodes.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]
#![allow(clippy::struct_field_names, reason = "fields are named as in the files")]
#![allow(clippy::large_enum_variant, reason = "there are four of them")]

#[path = "bsp_vectors/backoff.rs"]
mod backoff;
#[allow(dead_code, reason = "shared with the duets, which use all of it")]
#[path = "bsp_duet/device.rs"]
mod device;
#[path = "bsp_vectors/drive.rs"]
mod drive;
#[path = "bsp_vectors/expected.rs"]
mod expected;
#[path = "bsp_vectors/file.rs"]
mod file;
#[path = "bsp_vectors/records.rs"]
mod records;
#[path = "bsp_vectors/transcripts.rs"]
mod transcripts;

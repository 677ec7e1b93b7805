//! Files that people carry: made by one device, read by its peers and by the server, cut, altered, and by strangers.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

#[path = "bundle/carrying.rs"]
mod carrying;
#[path = "bundle/copies.rs"]
mod copies;
mod fixture;
#[path = "bundle/readers.rs"]
mod readers;
#[allow(dead_code, reason = "shared with the tests of the format")]
#[path = "../../sync/tests/bundle/specified.rs"]
mod specified;
#[path = "bundle/verdicts.rs"]
mod verdicts;
mod wire;

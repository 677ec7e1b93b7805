//! Two linked devices in virtual time: what goes well, and everything that can happen to a message.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

#[path = "duet/both_call.rs"]
mod both_call;
#[path = "duet/device.rs"]
mod device;
#[path = "duet/mishap.rs"]
mod mishap;
#[path = "duet/plain.rs"]
mod plain;
#[path = "duet/wire.rs"]
mod wire;

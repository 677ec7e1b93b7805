//! Two linked devices in virtual time: what goes well, everything that can happen to a message, and what hostile
//! devices try.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

#[path = "duet/between.rs"]
mod between;
#[path = "duet/both_call.rs"]
mod both_call;
#[path = "duet/device.rs"]
mod device;
#[path = "duet/mishap.rs"]
mod mishap;
#[path = "duet/plain.rs"]
mod plain;
#[path = "duet/stranger.rs"]
mod stranger;
#[path = "duet/wire.rs"]
mod wire;

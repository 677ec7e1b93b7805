//! What a hostile device in range can try against a link.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

#[path = "attacks/between.rs"]
mod between;
#[path = "duet/device.rs"]
mod device;
#[path = "attacks/stranger.rs"]
mod stranger;
#[path = "duet/wire.rs"]
mod wire;

//! Two sessions with each other.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "a test"
)]

#[path = "duet/device.rs"]
mod device;
#[path = "duet/hostile.rs"]
mod hostile;
#[path = "duet/mishap.rs"]
mod mishap;
#[path = "duet/plain.rs"]
mod plain;
#[path = "duet/radio.rs"]
mod radio;
#[path = "duet/refused.rs"]
mod refused;
#[path = "duet/wire.rs"]
mod wire;

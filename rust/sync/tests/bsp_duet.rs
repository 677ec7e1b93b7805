//! Two devices that speak BSP 0, in virtual time.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

#[path = "bsp_duet/cuts.rs"]
mod cuts;
#[path = "bsp_duet/device.rs"]
mod device;
#[path = "bsp_duet/foreign.rs"]
mod foreign;
#[path = "bsp_duet/meeting.rs"]
mod meeting;
#[path = "bsp_duet/rules.rs"]
mod rules;
#[path = "bsp_duet/whole.rs"]
mod whole;

//! Bundles: made of what a device holds, read whole, cut, changed, and by those they are not for.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

#[path = "bundle/cuts.rs"]
mod cuts;
#[allow(dead_code, reason = "shared with the tests of sessions")]
#[path = "duet/device.rs"]
mod device;
#[path = "bundle/flips.rs"]
mod flips;
#[path = "bundle/making.rs"]
mod making;
#[path = "bundle/order.rs"]
mod order;
#[path = "bundle/rules.rs"]
mod rules;
#[path = "bundle/specified.rs"]
mod specified;
#[path = "bundle/strangers.rs"]
mod strangers;

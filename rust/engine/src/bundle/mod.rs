//! Bundles: what this device holds in a file for others, and what others' files bring (PROTOCOL, Bundle).
//!
//! A bundle is for all stored peers and for the destination, and from a stored peer. What it brings is judged and
//! stored as if that peer had pushed it over a link, by the same code, and counts against its share.

mod export;
mod import;
mod keep;

pub use export::{Exported, Which};
pub use import::Imported;

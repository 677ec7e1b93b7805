//! Bundles: what this device holds in a file for others, and what others' files bring (PROTOCOL, Bundle).
//!
//! A bundle is for all stored peers and for the destination, and from a stored peer. What it brings is judged and
//! stored as if that peer had pushed it over a link, by the same code, and counts against its share.

mod export;
mod import;
#[path = "../exchange/judgement.rs"]
#[allow(
    dead_code,
    clippy::duplicate_mod,
    reason = "the code of exchanges on links, of which bundles need a part"
)]
mod judgement;
mod keep;
#[path = "../exchange/quests.rs"]
#[allow(
    dead_code,
    clippy::duplicate_mod,
    reason = "the code of exchanges on links, of which bundles need a part"
)]
mod quests;
#[path = "../exchange/shelf.rs"]
#[allow(
    dead_code,
    clippy::duplicate_mod,
    reason = "the code of exchanges on links, of which bundles need a part"
)]
mod shelf;

pub use export::{Exported, Which};
pub use import::Imported;

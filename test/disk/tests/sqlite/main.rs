//! SQLite on the disk: what it promises, what it does when it is told wrong, and what the disk does for it.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test"
)]

mod contract;
mod cuts;
mod planted;
mod workload;

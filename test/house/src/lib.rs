//! Tests of the house itself: which crate may know which, how long a file may be, where things stand.
//!
//! Each checker is a pure function from text to a list of offences, and is itself tested on a small offender, so
//! it cannot fall asleep. `tests/house.rs` lets all of them loose on the repository and reports every offence.

pub mod arrows;
pub mod caps;
pub mod documents;
pub mod licences;
pub mod prose;
pub mod rooms;
pub mod tree;

//! One fuzz target for each decoder, and the corpus that every test run replays.
//!
//! A target takes any bytes and asserts what must hold for all of them: it returns, what was decoded is encoded to
//! the same bytes, and pieces give what the whole gives. Where a key guards the decoder, so that random bytes would
//! never get past the first lock, the bytes are a script for an honest sender and for what happens on the way.
//!
//! `rust/fuzz/libfuzzer` runs these functions under libFuzzer (`scripts/fuzz`); `tests/replay.rs` runs them on
//! `rust/fuzz/corpus`.

mod bdf;
mod record;
mod script;
mod stream;

pub use bdf::bdf;
pub use record::record;
pub use stream::stream;

/// A target: takes any bytes, panics only if something is wrong with the code under test.
pub type Target = fn(&[u8]);

/// All targets by name. Folders of the corpus and libFuzzer's programs have the same names.
pub const TARGETS: &[(&str, Target)] = &[("bdf", bdf), ("record", record), ("stream", stream)];

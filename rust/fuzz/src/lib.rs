//! One fuzz target for each decoder, and the corpus that every test run replays.
//!
//! A target takes any bytes and asserts what must hold for all of them: it returns, what was decoded is encoded to
//! the same bytes, and pieces give what the whole gives. Where a key guards the decoder, so that random bytes would
//! never get past the first lock, the bytes are a script for an honest sender and for what happens on the way.
//!
//! `rust/fuzz/libfuzzer` runs these functions under libFuzzer (`scripts/fuzz`); `tests/replay.rs` runs them on
//! `rust/fuzz/corpus`.

mod bdf;
mod bsp_record;
mod bsp_session;
mod bsp_shelf;
mod bundle;
mod certificate;
mod code;
mod contact;
mod content;
mod document;
mod frame;
mod hello;
mod link;
mod message;
mod pair;
mod payload;
mod ranges;
mod receipt;
mod receipt_signature;
mod record;
mod script;
mod seal;
mod secrets;
mod server;
mod session;
mod stream;
mod sync;
mod wire;

pub use bdf::bdf;
pub use bsp_record::bsp_record;
pub use bsp_session::bsp_session;
pub use bundle::bundle;
pub use certificate::certificate;
pub use code::code;
pub use contact::contact;
pub use content::content;
pub use document::document;
pub use frame::frame;
pub use hello::hello;
pub use link::link;
pub use message::message;
pub use pair::pair;
pub use payload::payload;
pub use ranges::ranges;
pub use receipt::receipt;
pub use receipt_signature::receipt_signature;
pub use record::record;
pub use seal::seal;
pub use secrets::secrets;
pub use stream::stream;
pub use sync::sync;

/// A target: takes any bytes, panics only if something is wrong with the code under test.
pub type Target = fn(&[u8]);

/// All targets by name. Folders of the corpus and libFuzzer's programs have the same names.
pub const TARGETS: &[(&str, Target)] = &[
    ("bdf", bdf),
    ("record", record),
    ("stream", stream),
    ("payload", payload),
    ("code", code),
    ("contact", contact),
    ("pair", pair),
    ("hello", hello),
    ("secrets", secrets),
    ("frame", frame),
    ("link", link),
    ("message", message),
    ("document", document),
    ("content", content),
    ("receipt", receipt),
    ("certificate", certificate),
    ("receipt_signature", receipt_signature),
    ("seal", seal),
    ("bsp_record", bsp_record),
    ("bsp_session", bsp_session),
    ("bundle", bundle),
    ("ranges", ranges),
    ("sync", sync),
];

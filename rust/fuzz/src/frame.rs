//! Frames of an open link.

use p2psync_link::{FRAME_BYTES_MAX, FRAME_BYTES_MIN};

use crate::script::Script;
use crate::session::{Pair, Session};

/// The script: the longest frame and what both have to say, then, once the link is open, one decision after another.
/// The same must hold as for `link`.
pub fn frame(data: &[u8]) {
    let mut script = Script::new(data);
    let frame_bytes_max = FRAME_BYTES_MIN + script.number() % (FRAME_BYTES_MAX + 1 - FRAME_BYTES_MIN);
    let sent = [script.number(), script.number()].map(|bytes| vec![9; bytes % 40_000]);
    let mut pair = Pair::new();
    let mut session = Session::open(&mut pair, 0, frame_bytes_max, sent);
    session.run_handshake(&mut pair);
    while !script.is_over() {
        session.decide(&mut pair, &mut script);
    }
    session.run_out(&mut pair);
    session.judge();
}

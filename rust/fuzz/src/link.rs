//! A whole link: two devices that have paired, and a script for what happens between them.

use p2psync_link::FRAME_BYTES_MAX;

use crate::script::Script;
use crate::session::{Pair, Session};

/// The script: who calls and what both have to say, then one decision after another, from the first byte of the
/// handshake on. Then the wire is left alone until nothing moves. Undisturbed, all is said; whatever happens, a
/// side hears a beginning of what the other said, and only from the other; and the next contact works, whoever
/// calls.
pub fn link(data: &[u8]) {
    let mut script = Script::new(data);
    let setting = script.byte();
    let caller = usize::from(setting & 1);
    let mut pair = Pair::new();
    let mut session = Session::open(
        &mut pair,
        caller,
        FRAME_BYTES_MAX,
        [b"forms".to_vec(), vec![7; usize::from(setting) * 8]],
    );
    while !script.is_over() {
        session.decide(&mut pair, &mut script);
    }
    session.run_out(&mut pair);
    session.judge();

    let mut next =
        Session::open(&mut pair, usize::from(setting >> 1 & 1), FRAME_BYTES_MAX, [vec![1], vec![2]]);
    next.run_out(&mut pair);
    next.judge();
}

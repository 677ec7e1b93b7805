//! Which of two links with one peer stays: both sides come to the same answer without a word.

use p2psync_bramble::{Millis, SecretKey};

use crate::meeting::transport::Transport;

/// A link older than this is taken for dead when the peer comes again over an equal transport: it would not if it
/// still had the old one.
const SETTLED_MS: u64 = 5_000;

/// The same when it comes over a worse transport, whose dials may take this long.
const SETTLED_WORSE_MS: u64 = 30_000;

/// A link that is open.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rival<'a> {
    pub(super) transport: Transport,
    pub(super) opened: Millis,
    pub(super) is_caller: bool,
    /// Both sides have the same key for one link, and no two links have the same.
    pub(super) exported_key: &'a SecretKey,
}

/// Whether the link that was opened just now takes the place of the older one.
pub(super) fn newer_wins(older: Rival<'_>, newer: Rival<'_>) -> bool {
    let age_ms = newer.opened.since(older.opened);
    match newer.transport.cmp(&older.transport) {
        core::cmp::Ordering::Greater => true,
        core::cmp::Ordering::Less => age_ms >= SETTLED_WORSE_MS,
        // Nobody dials twice who has not lost the first.
        core::cmp::Ordering::Equal if newer.is_caller == older.is_caller => true,
        core::cmp::Ordering::Equal => {
            age_ms >= SETTLED_MS || newer.exported_key.as_bytes() < older.exported_key.as_bytes()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [SecretKey; 2] = [SecretKey::from_bytes([1; 32]), SecretKey::from_bytes([2; 32])];

    fn rival(transport: Transport, opened: u64, is_caller: bool, key: &SecretKey) -> Rival<'_> {
        Rival { transport, opened: Millis(opened), is_caller, exported_key: key }
    }

    #[test]
    fn both_dial_at_once_and_both_keep_the_same() {
        let [low, high] = &KEYS;
        // Each side sees the two links open in another order, and itself as caller of the other one.
        let ours = newer_wins(rival(Transport::Lan, 0, true, low), rival(Transport::Lan, 100, false, high));
        let theirs = newer_wins(rival(Transport::Lan, 0, true, high), rival(Transport::Lan, 100, false, low));
        assert_eq!((ours, theirs), (false, true), "the link with the lower key stays");
    }

    #[test]
    fn better_transports_win_and_dead_links_do_not() {
        let [low, high] = &KEYS;
        let wins = |older, newer, age| newer_wins(rival(older, 0, true, low), rival(newer, age, false, high));
        assert!(wins(Transport::Bluetooth, Transport::Lan, 0));
        assert!(!wins(Transport::Lan, Transport::Bluetooth, SETTLED_WORSE_MS - 1));
        assert!(wins(Transport::Lan, Transport::Bluetooth, SETTLED_WORSE_MS));
        assert!(!wins(Transport::Lan, Transport::Lan, SETTLED_MS - 1));
        assert!(wins(Transport::Lan, Transport::Lan, SETTLED_MS));
        let again = newer_wins(rival(Transport::Lan, 0, true, low), rival(Transport::Lan, 1, true, high));
        assert!(again, "who dials again has lost the first");
    }
}

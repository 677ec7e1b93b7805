//! The secrets of a pair as the store keeps them.

use p2psync_link::{HELD_MAX, PairSecrets};

/// What is read is written back byte for byte, and holds as much as it may.
pub fn secrets(data: &[u8]) {
    let Ok(secrets) = PairSecrets::decode(data) else { return };
    assert_eq!(secrets.encode().as_slice(), data, "secrets have two encodings");
    assert!((1..=HELD_MAX).contains(&secrets.held_count()));
    assert!(secrets.shares_newest_with(&secrets));
}

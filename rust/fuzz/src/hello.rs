//! What a caller says first: the hello that names the secrets of a pair, and the versions that it offers.

use p2psync_bramble::{Role, SecretKey};
use p2psync_link::{HELLO_BYTES, Hello, Versions};

/// Any bytes are a hello with one encoding, and it names no secret of ours. Versions have one encoding and are
/// agreed alike on both sides.
pub fn hello(data: &[u8]) {
    if let Some((bytes, rest)) = data.split_first_chunk::<HELLO_BYTES>() {
        let hello = Hello::decode(bytes);
        assert_eq!(&hello.encode(), bytes, "a hello has two encodings");
        for caller in [Role::Alice, Role::Bob] {
            assert!(!hello.names(caller, &SecretKey::from_bytes([0x33; 32])), "a secret was named by chance");
        }
        versions(rest);
    } else {
        versions(data);
    }
}

fn versions(data: &[u8]) {
    let Some((bytes, rest)) = data.split_first_chunk() else { return };
    let Ok(ours) = Versions::decode(bytes) else { return };
    assert_eq!(&ours.encode(), bytes, "versions have two encodings");
    let Ok(theirs) = Versions::new(rest.to_vec()) else { return };
    let again = Versions::decode(&theirs.encode()).expect("what was written is read");
    assert_eq!(again, theirs);
    assert_eq!(ours.agree(&theirs).ok(), theirs.agree(&ours).ok(), "two sides agree on two versions");
}

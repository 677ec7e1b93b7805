//! BDF: each value has one encoding.

use p2psync_bramble::bdf::{Malformed, parse, read, write};

/// What is read is written back byte for byte, needs all of its bytes, and is read alike whatever follows it.
pub fn bdf(data: &[u8]) {
    let Ok((value, taken)) = read(data) else {
        assert!(parse(data).is_err(), "parse takes what read refuses");
        return;
    };
    let mut encoded = Vec::new();
    write(&value, &mut encoded);
    assert_eq!(Some(encoded.as_slice()), data.get(..taken), "a value has two encodings");
    assert_eq!(parse(data).is_ok(), taken == data.len(), "parse and read disagree on the end");
    assert!(parse(&encoded).is_ok(), "what was written is not read");
    // Each cut costs a pass over the input, so long inputs are cut in a few places only.
    for cut in (0..taken).rev().step_by(taken / 16 + 1) {
        let front = data.get(..cut).unwrap_or_default();
        assert_eq!(read(front).err(), Some(Malformed::EndsEarly), "a value needs not all of its bytes");
    }
}

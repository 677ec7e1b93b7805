//! Files that were altered.

use p2psync_sync::bundle::{ReadError, SERVER_FRONT_BYTES, SLOT_BYTES};

use crate::making::{carrier, make, messages, read};

const SLOTS_END: usize = SERVER_FRONT_BYTES + 16 * SLOT_BYTES;

#[test]
fn a_changed_bit_is_named_and_everything_before_it_counts() {
    let made = make(&mut carrier(6, &[20_000]), 2, None, 1);
    let (whole, _) = read(&made.bytes, 1, usize::MAX);
    let messages_of_whole = messages(&whole);
    // The word that says the end is written after the last message, before the padding.
    let end = made.marks[messages_of_whole.len()].0;
    for place in (SLOTS_END..end).step_by(307).chain([SLOTS_END, end - 1]) {
        let mut changed = made.bytes.clone();
        changed[place] ^= 1 << (place % 8);
        let (events, result) = read(&changed, 1, 5_000);
        assert!(matches!(result, Err(ReadError::Damaged(_))), "at {place}: {result:?}");
        let got = messages(&events);
        assert!(messages_of_whole.starts_with(&got));
        let due = made.marks.iter().filter(|(offset, _)| *offset <= place).count();
        assert!(got.len() + 2 >= due.min(messages_of_whole.len()), "at {place}: {} of {due}", got.len());
    }
    for place in (end..made.bytes.len()).step_by(97) {
        let mut changed = made.bytes.clone();
        changed[place] ^= 0x20;
        assert_eq!(read(&changed, 1, 5_000), (whole.clone(), Ok(())), "nothing is missing");
    }
}

#[test]
fn a_changed_front_is_not_recognised_or_does_not_matter() {
    let made = make(&mut carrier(1, &[]), 1, None, 2);
    let salt: [u8; 32] = made.bytes[..32].try_into().unwrap();
    let whole = read(&made.bytes, 1, usize::MAX);
    // The slot of device 1 is the one that changes the outcome.
    let mut outcomes = std::collections::BTreeMap::new();
    for place in (0..SLOTS_END).filter(|place| *place < 40 || *place >= SERVER_FRONT_BYTES) {
        let mut changed = made.bytes.clone();
        changed[place] ^= 4;
        let read = read(&changed, 1, usize::MAX);
        if read == whole {
            continue;
        }
        assert!(read.0.is_empty(), "{read:?}");
        *outcomes.entry(format!("{:?}", read.1.unwrap_err())).or_insert(0) += 1;
    }
    assert_eq!(salt.len() + 16, outcomes["NotRecognised"], "salt and tag: {outcomes:?}");
    assert_eq!(SLOT_BYTES - 16, outcomes["Damaged(\"what opens it\")"], "{outcomes:?}");
    assert_eq!(outcomes.len(), 2);
}

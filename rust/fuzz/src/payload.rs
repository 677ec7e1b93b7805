//! What a BQP code holds.

use p2psync_pair::Payload;

/// What is read is written in one way only, and looking at the addresses in it never panics.
pub fn payload(data: &[u8]) {
    let Ok(payload) = Payload::parse(data) else { return };
    let encoded = payload.to_bytes();
    assert!(encoded.len() <= data.len(), "a payload grew while it was read");
    let again = Payload::parse(&encoded).expect("what was written is read");
    assert_eq!(again, payload, "a payload changed on the way");
    assert_eq!(again.descriptors.len(), payload.descriptors.len());
    for descriptor in &payload.descriptors {
        let _ = descriptor.bluetooth_address();
        let _ = descriptor.lan_address();
    }
}

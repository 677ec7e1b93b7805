//! Contact info, and our extension inside it.

use p2psync_bramble::{Role, SecretKey};
use p2psync_pair::{ContactInfo, EXTENSION_ID, Extension, NAME_BYTES_MAX};

/// Contact info has one encoding, its signature is judged without a panic, and an extension that is read is written
/// as it came.
pub fn contact(data: &[u8]) {
    let Ok(info) = ContactInfo::parse(data) else { return };
    assert_eq!(info.to_bytes(), data, "contact info has two encodings");
    assert!((1..=NAME_BYTES_MAX).contains(&info.identity().name().len()));
    let stranger = SecretKey::from_bytes([0x77; 32]);
    for role in [Role::Alice, Role::Bob] {
        assert!(info.verify(role, &stranger).is_err(), "a signature for another key was taken");
    }
    let Some(properties) = info.properties().get(EXTENSION_ID) else { return };
    let Ok(extension) = Extension::parse(properties) else { return };
    for (name, value) in extension.to_properties() {
        assert_eq!(properties.get(&name), Some(&value), "an extension has two encodings");
    }
}

//! Messages, and what each kind of body says.

use p2psync_bramble::WallClock;
use p2psync_model::{Body, Kind, Message};

/// What is read is written back byte for byte, and what a body says makes the same message again.
pub fn message(data: &[u8]) {
    let Ok(message) = Message::decode(data) else { return };
    assert_eq!(message.encode(), data, "a message has two encodings");
    let Ok(body) = Body::decode(&message) else { return };
    let (group, made) = (message.group(), WallClock(message.timestamp_ms()));
    let again = match &body {
        Body::Document(document) => document.to_message(group, made).expect("the date was checked"),
        other => other.to_message(group).expect("only documents need a date"),
    };
    assert_eq!(again, message, "two messages say the same");
    assert_eq!(Kind::of(&message).map(|kind| kind as u8).ok(), message.body().first().copied());
}

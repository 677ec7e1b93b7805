//! Files between devices.

use p2psync_model::MessageId;
use p2psync_sync::bsp::{Error, Input, Offers, Session, Status, Visibility};

use crate::device::{Device, GROUP};

/// Lets `device` read a whole file.
pub fn take_file(device: &mut Device, stream: &[u8]) -> Result<(), Error> {
    let mut session = Session::simplex_incoming(Offers::new());
    for piece in stream.chunks(1_000) {
        device.hear(&mut session, Input::Received(piece))?;
        device.commit(&mut session);
    }
    device.hear(&mut session, Input::Ended).map(|_| ())
}

/// Notes that the contact waits for an acknowledgement of a message that is not here to be read.
pub fn owe_ack(device: &mut Device, id: MessageId, timestamp_ms: u64) {
    device.ledger.set_visibility(GROUP, Visibility::Shared);
    let status = Status { is_seen: true, is_to_ack: true, ..Status::default() };
    device.ledger.insert(id, GROUP, timestamp_ms, false, status);
}

//! Where a link gets the bytes that it sends.

/// What the protocol above has to send, asked at the moment when the transport has room.
pub trait Source {
    /// Appends at most `room_bytes` bytes that should leave now; nothing if there is nothing to say.
    fn fill(&mut self, room_bytes: usize, out: &mut Vec<u8>);

    /// Whether `fill` will never give another byte. The link then marks its end, so that the other side knows
    /// that nothing was cut off.
    fn is_ended(&self) -> bool;
}

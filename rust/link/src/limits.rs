//! How long and how much a link waits for, as arguments.

/// Waiting times and budgets of one link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// From the opening of the transport until the handshake must be over. A stranger's connection is held
    /// open, in silence, for exactly this long.
    pub handshake_ms: u64,
    /// After this long without a frame sent, an empty one is sent.
    pub keepalive_ms: u64,
    /// After this long without a frame received, the other side is taken for gone.
    pub silence_ms: u64,
    /// Longest frame to send; at least [`crate::FRAME_BYTES_MIN`], at most [`crate::FRAME_BYTES_MAX`]. Small
    /// frames let an urgent form leave soon on a slow radio.
    pub frame_bytes_max: usize,
    /// Most bytes that are accepted from the other side over the life of the link.
    pub received_bytes_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            handshake_ms: 10_000,
            keepalive_ms: 30_000,
            silence_ms: 60_000,
            frame_bytes_max: 16_384,
            received_bytes_max: u64::MAX,
        }
    }
}

//! Cuts written bytes into frames as Bramble's own writer does.

use super::{FRAME_CONTENT_BYTES_MAX, StreamEncoder};

/// Collects bytes into full frames. It holds at most one frame's content.
#[derive(Debug)]
pub struct StreamWriter {
    encoder: StreamEncoder,
    content: Vec<u8>,
}

impl StreamWriter {
    /// A writer at the start of a stream.
    pub const fn new(encoder: StreamEncoder) -> Self {
        Self { encoder, content: Vec::new() }
    }

    /// Writes `bytes`; each time a frame is full it is appended to `out`.
    pub fn write(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) {
        while !bytes.is_empty() {
            let room = FRAME_CONTENT_BYTES_MAX - self.content.len();
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.content.extend_from_slice(now);
            if self.content.len() == FRAME_CONTENT_BYTES_MAX {
                self.frame(false, out);
            }
            bytes = later;
        }
    }

    /// Appends a frame with what is left, also an empty one: Bramble's keepalive.
    pub fn flush(&mut self, out: &mut Vec<u8>) {
        self.frame(false, out);
    }

    /// Appends the final frame. Nothing may be written after it.
    pub fn end(mut self, out: &mut Vec<u8>) {
        self.frame(true, out);
    }

    /// Bytes written and not yet in a frame.
    pub fn buffered_bytes(&self) -> usize {
        self.content.len()
    }

    fn frame(&mut self, is_final: bool, out: &mut Vec<u8>) {
        self.encoder.frame(&self.content, 0, is_final, out).expect("content is cut at the frame's limit");
        self.content.clear();
    }
}

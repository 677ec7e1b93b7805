//! Makes a stream, frame by frame.

use super::{
    FINAL_BIT, FRAME_CONTENT_BYTES_MAX, FRAMES_MAX, HEADER_PLAIN_BYTES, Tag, VERSION, body_nonce,
    header_nonce,
};
use crate::{Nonce, SecretKey, seal};

/// What a stream begins with. Nonce and frame key must be fresh random bytes for each stream.
#[derive(Clone, Debug)]
pub struct StreamStart {
    /// The tag; absent in contact exchange.
    pub tag: Option<Tag>,
    /// Key of the stream header, shared with the other side.
    pub header_key: SecretKey,
    /// Number of the stream under that key.
    pub stream_number: u32,
    /// Nonce of the stream header.
    pub header_nonce: Nonce,
    /// Key of the frames, told to the other side in the header.
    pub frame_key: SecretKey,
}

impl StreamStart {
    /// A start with a fresh nonce and frame key.
    pub fn random(
        tag: Option<Tag>,
        header_key: SecretKey,
        stream_number: u32,
        random: &mut dyn rand_core::CryptoRngCore,
    ) -> Self {
        let mut header_nonce = Nonce::default();
        random.fill_bytes(&mut header_nonce);
        Self { tag, header_key, stream_number, header_nonce, frame_key: SecretKey::random(random) }
    }
}

/// Encrypts one stream. Tag and header go out before the first frame.
#[derive(Debug)]
pub struct StreamEncoder {
    start: Option<StreamStart>,
    frame_key: SecretKey,
    frame_number: u64,
}

impl StreamEncoder {
    /// An encoder at the start of a stream.
    pub fn new(start: StreamStart) -> Self {
        Self { frame_key: start.frame_key.clone(), start: Some(start), frame_number: 0 }
    }

    /// Whether the tag and the stream header have gone out.
    pub const fn has_started(&self) -> bool {
        self.start.is_none()
    }

    /// Appends the tag and the stream header if they have not gone out yet.
    pub fn start(&mut self, out: &mut Vec<u8>) {
        let Some(start) = self.start.take() else { return };
        if let Some(tag) = start.tag {
            out.extend_from_slice(&tag);
        }
        out.extend_from_slice(&start.header_nonce);
        let mut plain = Vec::with_capacity(HEADER_PLAIN_BYTES);
        plain.extend_from_slice(&VERSION.to_be_bytes());
        plain.extend_from_slice(&u64::from(start.stream_number).to_be_bytes());
        plain.extend_from_slice(start.frame_key.as_bytes());
        let plain = zeroize::Zeroizing::new(plain);
        seal(&start.header_key, &start.header_nonce, &plain, out);
    }

    /// Appends one frame with `payload` and `padding_bytes` zeros, after tag and header if it is the first.
    ///
    /// # Errors
    /// [`FrameTooLarge`] if payload and padding together exceed [`FRAME_CONTENT_BYTES_MAX`]; nothing is
    /// written then.
    ///
    /// # Panics
    /// After 2^63 frames.
    pub fn frame(
        &mut self,
        payload: &[u8],
        padding_bytes: usize,
        is_final: bool,
        out: &mut Vec<u8>,
    ) -> Result<(), FrameTooLarge> {
        let too_large = FrameTooLarge { payload_bytes: payload.len(), padding_bytes };
        let content_bytes = payload.len().checked_add(padding_bytes).ok_or(too_large)?;
        if content_bytes > FRAME_CONTENT_BYTES_MAX {
            return Err(too_large);
        }
        assert!(self.frame_number < FRAMES_MAX, "a stream ends before 2^63 frames");
        self.start(out);
        let payload_field =
            u16::try_from(payload.len()).map_err(|_| too_large)? | if is_final { FINAL_BIT } else { 0 };
        let padding_field = u16::try_from(padding_bytes).map_err(|_| too_large)?;
        let [a, b] = payload_field.to_be_bytes();
        let [c, d] = padding_field.to_be_bytes();
        seal(&self.frame_key, &header_nonce(self.frame_number), &[a, b, c, d], out);
        if padding_bytes == 0 {
            seal(&self.frame_key, &body_nonce(self.frame_number), payload, out);
        } else {
            let mut padded = payload.to_vec();
            padded.resize(content_bytes, 0);
            seal(&self.frame_key, &body_nonce(self.frame_number), &padded, out);
        }
        self.frame_number += 1;
        Ok(())
    }
}

/// The caller asked for a frame over the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a frame holds at most {FRAME_CONTENT_BYTES_MAX} bytes, not {payload_bytes} and {padding_bytes} of padding"
)]
pub struct FrameTooLarge {
    /// Length of the payload.
    pub payload_bytes: usize,
    /// Length of the padding.
    pub padding_bytes: usize,
}

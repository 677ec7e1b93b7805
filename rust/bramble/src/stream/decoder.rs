//! Reads a stream in whatever pieces it arrives.

use super::{
    FINAL_BIT, FRAME_BYTES_MAX, FRAME_CONTENT_BYTES_MAX, FRAME_HEADER_BYTES, FRAMES_MAX, HEADER_PLAIN_BYTES,
    STREAM_HEADER_BYTES, VERSION, body_nonce, header_nonce,
};
use crate::{NONCE_BYTES, SECRETBOX_OVERHEAD_BYTES, SecretKey, open};

/// Decrypts one stream, after its tag. Holds at most one frame of input.
#[derive(Debug)]
pub struct StreamDecoder {
    state: State,
    /// The start of a part that has not arrived whole.
    pending: Vec<u8>,
    frame_number: u64,
}

#[derive(Debug)]
enum State {
    StreamHeader { header_key: SecretKey, stream_number: u32 },
    FrameHeader { frame_key: SecretKey },
    FrameBody { frame_key: SecretKey, frame: Frame },
    Ended,
    Failed(StreamError),
}

/// What one frame held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Length of its payload.
    pub payload_bytes: usize,
    /// Length of its padding.
    pub padding_bytes: usize,
    /// Whether the stream ends with it.
    pub is_final: bool,
}

impl StreamDecoder {
    /// A decoder for stream `stream_number` under `header_key`, at the first byte after the tag.
    pub const fn new(header_key: SecretKey, stream_number: u32) -> Self {
        Self {
            state: State::StreamHeader { header_key, stream_number },
            pending: Vec::new(),
            frame_number: 0,
        }
    }

    /// Takes bytes from the front of `input` up to the end of one frame, and appends that frame's payload to
    /// `payload`. `None`: all of `input` was taken and more is needed, or the stream has ended and nothing was
    /// taken. Payload is handed over only after its whole frame was authenticated.
    ///
    /// # Errors
    /// [`StreamError::Malformed`] for anything that the other side's encoder does not make; the decoder
    /// answers the same for ever after.
    pub fn next_frame(
        &mut self,
        input: &mut &[u8],
        payload: &mut Vec<u8>,
    ) -> Result<Option<Frame>, StreamError> {
        loop {
            let needed_bytes = match &self.state {
                State::StreamHeader { .. } => STREAM_HEADER_BYTES,
                State::FrameHeader { .. } => FRAME_HEADER_BYTES,
                State::FrameBody { frame, .. } => frame.body_bytes(),
                State::Ended => return Ok(None),
                State::Failed(error) => return Err(*error),
            };
            let Some(part) = Part::take(&mut self.pending, input, needed_bytes) else { return Ok(None) };
            let state = core::mem::replace(&mut self.state, State::Failed(StreamError::Malformed("broken")));
            match self.advance(state, part.bytes(&self.pending), payload) {
                Ok((state, frame)) => {
                    self.state = state;
                    self.pending.clear();
                    if frame.is_some() {
                        self.frame_number += 1;
                        return Ok(frame);
                    }
                }
                Err(error) => {
                    self.state = State::Failed(error);
                    return Err(error);
                }
            }
        }
    }

    /// Whether the final frame was read.
    pub const fn is_ended(&self) -> bool {
        matches!(self.state, State::Ended)
    }

    /// Says that the input is over.
    ///
    /// # Errors
    /// [`StreamError::Cut`] if no final frame was read; the earlier error if there was one.
    pub const fn finish(&self) -> Result<(), StreamError> {
        match &self.state {
            State::Ended => Ok(()),
            State::Failed(error) => Err(*error),
            _ => Err(StreamError::Cut),
        }
    }

    fn advance(
        &self,
        state: State,
        part: &[u8],
        payload: &mut Vec<u8>,
    ) -> Result<(State, Option<Frame>), StreamError> {
        match state {
            State::StreamHeader { header_key, stream_number } => {
                let frame_key = read_stream_header(&header_key, stream_number, part)?;
                Ok((State::FrameHeader { frame_key }, None))
            }
            State::FrameHeader { frame_key } => {
                let frame = read_frame_header(&frame_key, self.frame_number, part)?;
                Ok((State::FrameBody { frame_key, frame }, None))
            }
            State::FrameBody { frame_key, frame } => {
                read_frame_body(&frame_key, self.frame_number, frame, part, payload)?;
                if frame.is_final {
                    return Ok((State::Ended, Some(frame)));
                }
                Ok((State::FrameHeader { frame_key }, Some(frame)))
            }
            State::Ended | State::Failed(_) => Ok((state, None)),
        }
    }
}

impl Frame {
    const fn body_bytes(self) -> usize {
        SECRETBOX_OVERHEAD_BYTES + self.payload_bytes + self.padding_bytes
    }
}

/// Why a stream cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StreamError {
    /// The other side sent what is no stream under these keys, or someone changed it on the way.
    #[error("the stream is malformed: {0}")]
    Malformed(&'static str),
    /// The input ended before a final frame.
    #[error("the stream was cut")]
    Cut,
}

fn read_stream_header(
    header_key: &SecretKey,
    stream_number: u32,
    part: &[u8],
) -> Result<SecretKey, StreamError> {
    let malformed = StreamError::Malformed("stream header");
    let (nonce, sealed) = part.split_first_chunk::<NONCE_BYTES>().ok_or(malformed)?;
    let mut plain = zeroize::Zeroizing::new(Vec::with_capacity(HEADER_PLAIN_BYTES));
    if !open(header_key, nonce, sealed, &mut plain) {
        return Err(malformed);
    }
    let (version, rest) = plain.split_first_chunk().ok_or(malformed)?;
    let (number, frame_key) = rest.split_first_chunk().ok_or(malformed)?;
    if u16::from_be_bytes(*version) != VERSION {
        return Err(StreamError::Malformed("version of the stream header"));
    }
    if u64::from_be_bytes(*number) != u64::from(stream_number) {
        return Err(StreamError::Malformed("number of the stream header"));
    }
    frame_key.try_into().map(SecretKey::from_bytes).map_err(|_| malformed)
}

fn read_frame_header(frame_key: &SecretKey, frame_number: u64, part: &[u8]) -> Result<Frame, StreamError> {
    if frame_number >= FRAMES_MAX {
        return Err(StreamError::Malformed("too many frames"));
    }
    let mut plain = Vec::with_capacity(4);
    if !open(frame_key, &header_nonce(frame_number), part, &mut plain) {
        return Err(StreamError::Malformed("frame header"));
    }
    let &[a, b, c, d] = plain.as_slice() else { return Err(StreamError::Malformed("frame header")) };
    let payload_field = u16::from_be_bytes([a, b]);
    let frame = Frame {
        payload_bytes: usize::from(payload_field & !FINAL_BIT),
        padding_bytes: usize::from(u16::from_be_bytes([c, d])),
        is_final: payload_field & FINAL_BIT != 0,
    };
    if frame.payload_bytes + frame.padding_bytes > FRAME_CONTENT_BYTES_MAX {
        return Err(StreamError::Malformed("frame length"));
    }
    Ok(frame)
}

fn read_frame_body(
    frame_key: &SecretKey,
    frame_number: u64,
    frame: Frame,
    part: &[u8],
    payload: &mut Vec<u8>,
) -> Result<(), StreamError> {
    let start = payload.len();
    if !open(frame_key, &body_nonce(frame_number), part, payload) {
        return Err(StreamError::Malformed("frame body"));
    }
    let padding_start = start + frame.payload_bytes;
    let padding_is_zero =
        payload.get(padding_start..).is_some_and(|padding| padding.iter().all(|&byte| byte == 0));
    payload.truncate(if padding_is_zero { padding_start } else { start });
    if padding_is_zero { Ok(()) } else { Err(StreamError::Malformed("padding")) }
}

/// A whole part of the stream: in the caller's input if it stands there in one piece, else in the buffer.
enum Part<'a> {
    Input(&'a [u8]),
    Pending,
}

impl<'a> Part<'a> {
    fn take(pending: &mut Vec<u8>, input: &mut &'a [u8], needed_bytes: usize) -> Option<Self> {
        if pending.is_empty()
            && let Some((part, rest)) = input.split_at_checked(needed_bytes)
        {
            *input = rest;
            return Some(Self::Input(part));
        }
        let missing_bytes = needed_bytes - pending.len();
        let (now, rest) = input.split_at(missing_bytes.min(input.len()));
        pending.reserve_exact(FRAME_BYTES_MAX - pending.len());
        pending.extend_from_slice(now);
        *input = rest;
        (pending.len() == needed_bytes).then_some(Self::Pending)
    }

    fn bytes<'b>(&'b self, pending: &'b [u8]) -> &'b [u8] {
        match self {
            Self::Input(bytes) => bytes,
            Self::Pending => pending,
        }
    }
}

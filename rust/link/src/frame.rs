//! Frames of version 1: length, sealed content, padded so that lengths say little.
//!
//! A frame is a u16 length and a Noise transport message of that length. Inside: a u16 whose top bit marks the last
//! frame and whose rest is the payload's length, the payload, zeros. Whole frames come in few sizes.

use snow::TransportState;

use crate::noise::MAC_BYTES;
use crate::{Error, Source};

/// Longest frame.
pub const FRAME_BYTES_MAX: usize = 32_768;

/// Shortest frame: an empty one.
pub const FRAME_BYTES_MIN: usize = 48;

/// What a frame costs over payload and padding.
pub const FRAME_OVERHEAD_BYTES: usize = LENGTH_BYTES + MAC_BYTES + FIELD_BYTES;

/// The size that a frame of `bytes` is padded to: at least [`FRAME_BYTES_MIN`], at most 12 % more, and never over
/// [`FRAME_BYTES_MAX`] if `bytes` is not. Sizes are those of Padmé (Nikitin et al., "Reducing Metadata Leakage
/// from Encrypted Files and Communication with PURBs", PoPETs 2019, section 4.3).
pub const fn size_class(bytes: usize) -> usize {
    let bytes = if bytes < FRAME_BYTES_MIN { FRAME_BYTES_MIN } else { bytes };
    let mask = class_mask(bytes);
    (bytes + mask) & !mask
}

/// Seals frames around what a source has to say.
pub(crate) struct FrameWriter {
    plain: Vec<u8>,
    is_ended: bool,
}

impl FrameWriter {
    pub(crate) const fn new() -> Self {
        Self { plain: Vec::new(), is_ended: false }
    }

    /// Appends one frame of at most `room_bytes` with what `source` has; also an empty one if `even_empty`.
    /// False: nothing was written.
    pub(crate) fn write(
        &mut self,
        transport: &mut TransportState,
        source: &mut dyn Source,
        even_empty: bool,
        room_bytes: usize,
        out: &mut Vec<u8>,
    ) -> bool {
        let frame_bytes = class_within(room_bytes.min(FRAME_BYTES_MAX));
        if self.is_ended || frame_bytes == 0 {
            return false;
        }
        self.plain.clear();
        self.plain.reserve_exact(frame_bytes);
        self.plain.extend_from_slice(&[0; FIELD_BYTES]);
        source.fill(frame_bytes - FRAME_OVERHEAD_BYTES, &mut self.plain);
        let payload_bytes = self.plain.len() - FIELD_BYTES;
        assert!(
            payload_bytes <= frame_bytes - FRAME_OVERHEAD_BYTES,
            "a source keeps to the room it was given"
        );
        let is_final = source.is_ended();
        if payload_bytes == 0 && !is_final && !even_empty {
            return false;
        }
        self.is_ended = is_final;
        let field = u16::try_from(payload_bytes).expect("frames are below 32 KiB")
            | if is_final { FINAL_BIT } else { 0 };
        if let Some(place) = self.plain.first_chunk_mut() {
            *place = field.to_be_bytes();
        }
        self.plain.resize(size_class(payload_bytes + FRAME_OVERHEAD_BYTES) - LENGTH_BYTES - MAC_BYTES, 0);
        seal(transport, &self.plain, out);
        true
    }

    /// Whether the final frame was written.
    pub(crate) const fn is_ended(&self) -> bool {
        self.is_ended
    }
}

/// Collects frames from whatever pieces arrive and opens them. Holds at most one frame.
pub(crate) struct FrameReader {
    pending: Vec<u8>,
    is_ended: bool,
}

impl FrameReader {
    pub(crate) const fn new() -> Self {
        Self { pending: Vec::new(), is_ended: false }
    }

    /// Takes bytes from the front of `input` up to the end of one frame, and appends its payload to `payload`.
    /// False: all of `input` was taken and more is needed, or the other side has ended.
    pub(crate) fn read(
        &mut self,
        transport: &mut TransportState,
        input: &mut &[u8],
        payload: &mut Vec<u8>,
    ) -> Result<bool, Error> {
        if self.is_ended {
            *input = &[];
            return Ok(false);
        }
        if !self.collect(LENGTH_BYTES, input) {
            return Ok(false);
        }
        let length = self.pending.first_chunk().map_or(0, |length| usize::from(u16::from_be_bytes(*length)));
        if !(FRAME_BYTES_MIN..=FRAME_BYTES_MAX).contains(&(LENGTH_BYTES + length)) {
            return Err(Error::PeerMisbehaved("length of a frame"));
        }
        if !self.collect(LENGTH_BYTES + length, input) {
            return Ok(false);
        }
        let sealed = self.pending.get(LENGTH_BYTES..).unwrap_or_default();
        self.is_ended = open(transport, sealed, payload)?;
        self.pending.clear();
        Ok(true)
    }

    /// Whether the other side's final frame was read.
    pub(crate) const fn is_ended(&self) -> bool {
        self.is_ended
    }

    fn collect(&mut self, needed_bytes: usize, input: &mut &[u8]) -> bool {
        let missing_bytes = needed_bytes.saturating_sub(self.pending.len());
        let (now, later) = input.split_at(missing_bytes.min(input.len()));
        self.pending.reserve_exact(missing_bytes);
        self.pending.extend_from_slice(now);
        *input = later;
        self.pending.len() >= needed_bytes
    }
}

const LENGTH_BYTES: usize = 2;
const FIELD_BYTES: usize = 2;
const FINAL_BIT: u16 = 0x8000;

/// The largest size class that is at most `bytes`; 0 if there is none.
const fn class_within(bytes: usize) -> usize {
    if bytes < FRAME_BYTES_MIN { 0 } else { bytes & !class_mask(bytes) }
}

const fn class_mask(bytes: usize) -> usize {
    let exponent = bytes.ilog2();
    (1 << (exponent - exponent.ilog2() - 1)) - 1
}

fn seal(transport: &mut TransportState, plain: &[u8], out: &mut Vec<u8>) {
    let sealed_bytes = plain.len() + MAC_BYTES;
    let start = out.len() + LENGTH_BYTES;
    out.extend_from_slice(&u16::try_from(sealed_bytes).expect("frames are below 32 KiB").to_be_bytes());
    out.resize(start + sealed_bytes, 0);
    let place = out.get_mut(start..).expect("the frame's place was just made");
    let written = transport.write_message(plain, place).expect("a frame fits in a Noise message");
    debug_assert_eq!(written, sealed_bytes);
}

/// Appends the payload and says whether it is the final one. After an error `payload` is as it was.
fn open(transport: &mut TransportState, sealed: &[u8], payload: &mut Vec<u8>) -> Result<bool, Error> {
    let start = payload.len();
    payload.reserve_exact(sealed.len());
    payload.resize(start + sealed.len(), 0);
    let opened = open_in_place(transport, sealed, payload.get_mut(start..).unwrap_or_default());
    payload.truncate(start + opened.map_or(0, |(payload_bytes, _)| payload_bytes));
    opened.map(|(_, is_final)| is_final)
}

/// Leaves the payload at the front of `place`; its length, and whether it is the final one.
fn open_in_place(
    transport: &mut TransportState,
    sealed: &[u8],
    place: &mut [u8],
) -> Result<(usize, bool), Error> {
    let length =
        transport.read_message(sealed, place).map_err(|_| Error::PeerMisbehaved("a frame does not open"))?;
    let plain = place.get(..length).and_then(|plain| plain.split_first_chunk());
    let (field, content) = plain.ok_or(Error::PeerMisbehaved("a frame without a field"))?;
    let field = u16::from_be_bytes(*field);
    let payload_bytes = usize::from(field & !FINAL_BIT);
    let padding = content.get(payload_bytes..).ok_or(Error::PeerMisbehaved("length of a payload"))?;
    if padding.iter().any(|&byte| byte != 0) {
        return Err(Error::PeerMisbehaved("padding of a frame"));
    }
    place.copy_within(FIELD_BYTES..FIELD_BYTES + payload_bytes, 0);
    Ok((payload_bytes, field & FINAL_BIT != 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_few_and_close() {
        let mut classes = std::collections::BTreeSet::new();
        for bytes in 1..=FRAME_BYTES_MAX {
            let class = size_class(bytes);
            assert!(class >= bytes && class <= FRAME_BYTES_MAX, "{bytes}");
            assert!(class == FRAME_BYTES_MIN || class * 100 <= bytes * 112, "{bytes} -> {class}");
            assert_eq!(class_within(class), class);
            classes.insert(class);
        }
        assert_eq!(classes.len(), 133);
        assert_eq!(class_within(FRAME_BYTES_MIN - 1), 0);
        assert_eq!(size_class(16_384), 16_384);
    }
}

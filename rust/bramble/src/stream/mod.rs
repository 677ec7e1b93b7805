//! BTP's encrypted stream (BRAMBLE 5.3, 5.4): tag, stream header, frames of at most 1024 bytes.
//!
//! One stream carries bytes one way. It ends with a frame marked final, so a cut is noticed.

mod decoder;
mod encoder;
mod writer;

pub use decoder::{Frame, StreamDecoder, StreamError};
pub use encoder::{FrameTooLarge, StreamEncoder, StreamStart};
pub use writer::StreamWriter;

use crate::hash::bare_mac;
use crate::{NONCE_BYTES, Nonce, SECRETBOX_OVERHEAD_BYTES, SecretKey};

/// Version of BTP that is spoken here.
pub const VERSION: u16 = 4;

/// Length of the tag before a stream.
pub const TAG_BYTES: usize = 16;

/// Length of a stream header: nonce, MAC, version, stream number, frame key.
pub const STREAM_HEADER_BYTES: usize = NONCE_BYTES + SECRETBOX_OVERHEAD_BYTES + HEADER_PLAIN_BYTES;

/// Most bytes of payload and padding in one frame.
pub const FRAME_CONTENT_BYTES_MAX: usize = 988;

/// Longest frame.
pub const FRAME_BYTES_MAX: usize = FRAME_HEADER_BYTES + SECRETBOX_OVERHEAD_BYTES + FRAME_CONTENT_BYTES_MAX;

/// Shortest frame, and what each frame costs over its content.
pub const FRAME_OVERHEAD_BYTES: usize = FRAME_HEADER_BYTES + SECRETBOX_OVERHEAD_BYTES;

/// What stands before a stream so that the other side can tell whose it is.
pub type Tag = [u8; TAG_BYTES];

/// The tag of stream `stream_number` under `tag_key` (BRAMBLE 5.3).
pub fn tag(tag_key: &SecretKey, stream_number: u32) -> Tag {
    tag_of_version(tag_key, VERSION, stream_number)
}

/// The tag as another version of BTP would make it.
pub fn tag_of_version(tag_key: &SecretKey, version: u16, stream_number: u32) -> Tag {
    let mut input = [0; 10];
    let (version_place, number_place) = input.split_at_mut(2);
    version_place.copy_from_slice(&version.to_be_bytes());
    number_place.copy_from_slice(&u64::from(stream_number).to_be_bytes());
    *bare_mac(tag_key, &input).first_chunk().expect("a MAC has 32 bytes")
}

const HEADER_PLAIN_BYTES: usize = 2 + 8 + 32;
const FRAME_HEADER_BYTES: usize = SECRETBOX_OVERHEAD_BYTES + FRAME_HEADER_PLAIN_BYTES;
const FRAME_HEADER_PLAIN_BYTES: usize = 4;
const FINAL_BIT: u16 = 0x8000;
const FRAMES_MAX: u64 = 1 << 63;

fn header_nonce(frame_number: u64) -> Nonce {
    frame_nonce(frame_number | FRAMES_MAX)
}

fn body_nonce(frame_number: u64) -> Nonce {
    frame_nonce(frame_number)
}

fn frame_nonce(number: u64) -> Nonce {
    let mut nonce = [0; NONCE_BYTES];
    let (front, _) = nonce.split_at_mut(8);
    front.copy_from_slice(&number.to_be_bytes());
    nonce
}

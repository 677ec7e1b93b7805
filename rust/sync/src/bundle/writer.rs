//! Makes a bundle, message by message.

use p2psync_bramble::WallClock;
use p2psync_bramble::stream::{
    FRAME_BYTES_MAX, FRAME_CONTENT_BYTES_MAX, FRAME_OVERHEAD_BYTES, StreamEncoder, StreamStart,
};
use p2psync_model::{GroupId, MESSAGE_BODY_BYTES_MAX};
use rand_core::CryptoRngCore;

use super::contents::{Contents, Item, Selection};
use super::front::Front;
use super::keys::header_key;
use super::length::{filling_frame, length_class};
use super::record::Record;
use super::server::{ServerSlot, write_place};
use super::{PairKey, WriteError};
use crate::{CatalogueError, Set, Shelf};

/// Most memory that a writer takes beside 8 bytes a bucket, 56 for each message of the largest bucket, 130 for each
/// chunk of one document, and what is chosen.
pub const WRITER_BYTES_MAX: usize = 256 << 10;

/// What a bundle says of itself, to those who can open it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct About {
    /// The deployment.
    pub group: GroupId,
    /// When it is made, as its maker believes.
    pub made: WallClock,
}

/// What is in a bundle so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Receipts, notices, and what else servers have signed.
    pub statements: u32,
    /// Documents, with all their chunks.
    pub documents: u32,
    /// Bytes of the file.
    pub bytes: u64,
}

/// Writes one bundle. Call [`Self::fill`] until it says that there is no more.
#[derive(Debug)]
pub struct Writer {
    /// What was not handed over yet, before everything else.
    front: Vec<u8>,
    contents: Contents,
    frames: Frames,
    about: Option<About>,
    tally: Tally,
    stage: Stage,
}

/// How far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Contents,
    /// So many bytes are missing to the length of its class.
    Padding(u64),
    Ended,
}

impl Writer {
    /// A bundle with a slot for each of `pairs`, and one for the server if there is one.
    ///
    /// # Errors
    /// [`WriteError::TooManyPairs`] if there are more than `front` was made for, [`WriteError::SealedTooLong`].
    pub fn new(
        front: &Front,
        pairs: &[PairKey],
        server: Option<&ServerSlot<'_>>,
        about: About,
        selection: Selection,
        random: &mut dyn CryptoRngCore,
    ) -> Result<Self, WriteError> {
        let mut bytes = front.salt.to_vec();
        write_place(&front.salt, server, random, &mut bytes)?;
        front.write_slots(pairs, random, &mut bytes)?;
        let start = StreamStart::random(None, header_key(front.key(), &front.salt), 0, random);
        Ok(Self {
            front: bytes,
            contents: Contents::new(about.group, selection),
            frames: Frames { encoder: StreamEncoder::new(start), content: Vec::new() },
            about: Some(about),
            tally: Tally::default(),
            stage: Stage::Contents,
        })
    }

    /// Appends what comes next, at most 110 KiB, and says whether there is more.
    ///
    /// # Errors
    /// [`CatalogueError`]: the shelf cannot be read. What was written so far is a bundle that was cut.
    pub fn fill(&mut self, shelf: &mut dyn Shelf, out: &mut Vec<u8>) -> Result<bool, CatalogueError> {
        let start = out.len();
        out.append(&mut self.front);
        if let Some(About { group, made }) = self.about.take() {
            self.frames.put(&Record::About { group, made_ms: made.0 }, true, out);
        }
        match self.stage {
            Stage::Contents => match self.contents.next(shelf)? {
                Some(item) => self.put(&item, out),
                None => self.end(start, out),
            },
            Stage::Padding(bytes) => self.pad(bytes, out),
            Stage::Ended => {}
        }
        self.tally.bytes += (out.len() - start) as u64;
        Ok(self.stage != Stage::Ended)
    }

    /// What is in it so far.
    pub const fn tally(&self) -> Tally {
        self.tally
    }

    fn put(&mut self, item: &Item, out: &mut Vec<u8>) {
        let record = Record::Message { timestamp_ms: item.shelved.timestamp_ms, body: &item.shelved.body };
        self.frames.put(&record, item.is_last, out);
        match item.counts {
            Some(Set::Statements) => self.tally.statements = self.tally.statements.saturating_add(1),
            Some(Set::Documents) => self.tally.documents = self.tally.documents.saturating_add(1),
            None => {}
        }
    }

    /// The last record. Then frames of nothing follow until the bundle has the length of its class.
    fn end(&mut self, start: usize, out: &mut Vec<u8>) {
        let Tally { statements, documents, bytes } = self.tally;
        self.frames.put(&Record::End { statements, documents }, true, out);
        let length = bytes + (out.len() - start) as u64;
        self.stage = Stage::Padding(length_class(length + FRAME_OVERHEAD_BYTES as u64) - length);
    }

    fn pad(&mut self, mut bytes: u64, out: &mut Vec<u8>) {
        for _ in 0..PADDING_FRAMES_AT_ONCE {
            let frame = filling_frame(bytes);
            bytes -= frame as u64;
            self.frames.put_padding(frame - FRAME_OVERHEAD_BYTES, bytes == 0, out);
            if bytes == 0 {
                self.stage = Stage::Ended;
                return;
            }
        }
        self.stage = Stage::Padding(bytes);
    }
}

/// Records in the frames of a stream.
#[derive(Debug)]
struct Frames {
    encoder: StreamEncoder,
    /// What has not filled a frame.
    content: Vec<u8>,
}

impl Frames {
    /// Adds a record. After the last one of a document the frame ends, so that what is before a cut can be read.
    fn put(&mut self, record: &Record<'_>, is_last: bool, out: &mut Vec<u8>) {
        record.encode(&mut self.content);
        let whole_bytes = self.content.len() - self.content.len() % FRAME_CONTENT_BYTES_MAX;
        let taken_bytes = if is_last { self.content.len() } else { whole_bytes };
        for content in self.content.get(..taken_bytes).unwrap_or_default().chunks(FRAME_CONTENT_BYTES_MAX) {
            self.encoder.frame(content, 0, false, out).expect("content is cut at the frame's limit");
        }
        self.content.drain(..taken_bytes);
    }

    /// Adds a frame of nothing.
    fn put_padding(&mut self, padding_bytes: usize, is_final: bool, out: &mut Vec<u8>) {
        self.encoder.frame(&[], padding_bytes, is_final, out).expect("padding is cut at the frame's limit");
    }
}

const PADDING_FRAMES_AT_ONCE: usize = 32;

const _: () = assert!(
    MESSAGE_BODY_BYTES_MAX + 100 < 35 * FRAME_CONTENT_BYTES_MAX && 36 * FRAME_BYTES_MAX < (40 << 10),
    "a message takes less than 40 KiB of frames"
);

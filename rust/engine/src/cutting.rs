//! The way in: a body becomes content, open or through a sealer, and content becomes chunks that are handed over
//! before there are many.

use std::io::{self, ErrorKind, Read, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use p2psync_bramble::SigningKey;
use p2psync_model::{Chunker, ContentWriter, Duplicates, GroupId, Header, Message};
use p2psync_store::CHUNKS_IN_BATCH;
use rand_core::CryptoRngCore;

use crate::Error;
use crate::preparation::{KEPT_AT_ONCE_BYTES, Keep};

/// Cuts what is written to it into chunks. Clones share what they hold, because a sealer borrows one of them for as
/// long as it seals.
#[derive(Clone)]
pub(crate) struct Sink(Arc<Mutex<Cut>>);

/// What a sink holds.
pub(crate) struct Cut {
    pub(crate) chunker: Chunker,
    pub(crate) content_bytes: u64,
    /// Chunks that were not handed over.
    pub(crate) ready: Vec<Message>,
    ready_bytes: usize,
    fault: Option<Error>,
}

impl Cut {
    fn new(group: GroupId, content_bytes_max: u64) -> Self {
        let chunker = Chunker::new(group, content_bytes_max);
        Self { chunker, content_bytes: 0, ready: Vec::new(), ready_bytes: 0, fault: None }
    }
}

impl Sink {
    pub(crate) fn new(group: GroupId, content_bytes_max: u64) -> Self {
        Self(Arc::new(Mutex::new(Cut::new(group, content_bytes_max))))
    }

    /// Why a write failed: the sink's own reason if it has one.
    pub(crate) fn reason(&self, other: impl FnOnce() -> Error) -> Error {
        self.lock().fault.clone().unwrap_or_else(other)
    }

    /// Everything that it holds; nothing is left.
    pub(crate) fn into_cut(self) -> Cut {
        core::mem::replace(&mut *self.lock(), Cut::new(GroupId::from_bytes([0; 32]), 0))
    }

    fn hand_over(&self, keep: &mut Keep<'_>, random: &mut dyn CryptoRngCore) -> Result<(), Error> {
        let mut cut = self.lock();
        // A sealer writes megabytes at a time.
        while cut.ready_bytes >= KEPT_AT_ONCE_BYTES {
            let count = cut.ready.len().min(CHUNKS_IN_BATCH);
            let chunks: Vec<Message> = cut.ready.drain(..count).collect();
            cut.ready_bytes -= chunks.iter().map(|chunk| chunk.body().len()).sum::<usize>();
            keep(&chunks, random)?;
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Cut> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut cut = self.lock();
        let mut left = bytes;
        while !left.is_empty() {
            match cut.chunker.take(left) {
                Ok((chunk, rest)) => {
                    cut.ready_bytes += chunk.as_ref().map_or(0, |chunk| chunk.body().len());
                    cut.ready.extend(chunk);
                    left = rest;
                }
                Err(too_long) => {
                    cut.fault = Some(Error::TooLarge { bytes_max: too_long.bytes_max });
                    return Err(ErrorKind::FileTooLarge.into());
                }
            }
        }
        cut.content_bytes += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// One document on its way into a sink.
pub(crate) struct Pour<'a> {
    pub(crate) header: &'a Header,
    pub(crate) body: &'a mut dyn Read,
    pub(crate) duplicates: Duplicates,
    pub(crate) content_bytes_max: u64,
    pub(crate) sink: &'a Sink,
    pub(crate) keep: &'a mut Keep<'a>,
    pub(crate) random: &'a mut dyn CryptoRngCore,
}

impl Pour<'_> {
    /// Writes header, body and the device's signature to `out`, which writes to the sink. Returns the body's length.
    ///
    /// # Errors
    /// [`Error::Input`], [`Error::TooLarge`], [`Error::Sealing`], and what `keep` says.
    pub(crate) fn write_to(
        &mut self,
        out: &mut dyn Write,
        group: GroupId,
        device: &SigningKey,
    ) -> Result<u64, Error> {
        let mut piece = vec![0; PIECE_BYTES];
        let mut content = Vec::new();
        let mut writer = ContentWriter::start(group, self.header, &mut content);
        let mut body_bytes = 0;
        loop {
            let length = read_some(self.body, &mut piece)?;
            let Some(read) = piece.get(..length).filter(|read| !read.is_empty()) else { break };
            body_bytes += length as u64;
            // What deflates well could go on for ever without reaching the limit on the sealed form.
            if body_bytes > self.content_bytes_max {
                return Err(Error::TooLarge { bytes_max: self.content_bytes_max });
            }
            self.duplicates.update(read);
            writer.body(read, &mut content);
            self.write(out, &mut content)?;
        }
        writer.finish(device, &mut content);
        self.write(out, &mut content)?;
        Ok(body_bytes)
    }

    fn write(&mut self, out: &mut dyn Write, content: &mut Vec<u8>) -> Result<(), Error> {
        out.write_all(content).map_err(|error| self.sink.reason(|| Error::Sealing(error.to_string())))?;
        content.clear();
        self.sink.hand_over(self.keep, self.random)
    }
}

/// How much is read at once.
const PIECE_BYTES: usize = 64 << 10;

fn read_some(body: &mut dyn Read, piece: &mut [u8]) -> Result<usize, Error> {
    loop {
        match body.read(piece) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result.map_err(|error| Error::Input(error.to_string())),
        }
    }
}

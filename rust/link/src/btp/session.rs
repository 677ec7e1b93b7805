//! A duplex BTP connection: one stream each way (BRAMBLE 5.5).

use p2psync_bramble::Millis;
use p2psync_bramble::stream::{
    FRAME_CONTENT_BYTES_MAX, FRAME_OVERHEAD_BYTES, STREAM_HEADER_BYTES, StreamDecoder, StreamEncoder,
    StreamError, StreamStart, TAG_BYTES, Tag,
};

use super::IncomingStream;
use crate::{Effect, Error, Input, Limits, Source};

/// Whoever knows which tags are expected.
pub trait TagBook {
    /// What `tag` announces, or `None` if nobody's stream. The tag is spent, and that is stored, before this
    /// returns.
    fn recognise(&mut self, tag: &Tag) -> Option<Recognised>;
}

/// An announced stream, and what to say in return.
#[derive(Debug)]
pub struct Recognised {
    /// How to read it.
    pub incoming: IncomingStream,
    /// The start of our own stream; `None` if we called and have begun it.
    pub answer: Option<StreamStart>,
}

/// One BTP connection. Holds at most a frame of 1024 bytes each way. As [`crate::Link`], but for the handshake: there
/// is none, and [`Effect::Store`] and [`Effect::Opened`] are never pushed.
pub struct BtpLink {
    limits: Limits,
    outgoing: Option<StreamEncoder>,
    has_ended: bool,
    incoming: Incoming,
    received_bytes: u64,
    received_at: Millis,
    sent_at: Millis,
    /// A stranger's connection is held open, in silence, until then.
    recognition_deadline: Millis,
}

enum Incoming {
    Tag(Vec<u8>),
    Stranger,
    Stream(StreamDecoder),
    Failed(Error),
}

impl BtpLink {
    /// Calls: the stream begins at once.
    pub fn call(now: Millis, start: StreamStart, limits: Limits) -> Self {
        Self::new(now, Some(StreamEncoder::new(start)), limits)
    }

    /// Answers whoever calls, once its tag is recognised.
    pub const fn accept(now: Millis, limits: Limits) -> Self {
        Self::new(now, None, limits)
    }

    const fn new(now: Millis, outgoing: Option<StreamEncoder>, limits: Limits) -> Self {
        Self {
            recognition_deadline: now.plus(limits.handshake_ms),
            limits,
            outgoing,
            has_ended: false,
            incoming: Incoming::Tag(Vec::new()),
            received_bytes: 0,
            received_at: now,
            sent_at: now,
        }
    }

    /// Something happened.
    ///
    /// # Errors
    /// [`Error`]: the link is over. What was received before still counts.
    pub fn handle(
        &mut self,
        now: Millis,
        input: Input<'_>,
        book: &mut dyn TagBook,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Error> {
        let result = match input {
            Input::Received(bytes) => self.received(now, bytes, book, effects),
            Input::Closed => self.closed(),
            Input::Tick => Ok(()),
        };
        let result = result.and_then(|()| self.check_time(now));
        if let Err(error) = result {
            self.incoming = Incoming::Failed(error);
            self.has_ended = true;
        }
        result
    }

    /// Appends at most `room_bytes` bytes for the transport. The first frame needs 134 bytes of room, each later
    /// one 37.
    pub fn fill(&mut self, now: Millis, source: &mut dyn Source, room_bytes: usize, out: &mut Vec<u8>) {
        let end = out.len() + room_bytes;
        let Some(encoder) = self.outgoing.as_mut().filter(|_| !self.has_ended) else { return };
        if !encoder.has_started() && room_bytes < TAG_BYTES + STREAM_HEADER_BYTES + FRAME_OVERHEAD_BYTES {
            return;
        }
        encoder.start(out);
        loop {
            let keepalive_is_due = now >= self.sent_at.plus(self.limits.keepalive_ms);
            let Some(content_bytes) = (end - out.len()).checked_sub(FRAME_OVERHEAD_BYTES) else { return };
            let mut payload = Vec::new();
            source.fill(content_bytes.min(FRAME_CONTENT_BYTES_MAX), &mut payload);
            self.has_ended = source.is_ended();
            if payload.is_empty() && !self.has_ended && !keepalive_is_due {
                return;
            }
            encoder.frame(&payload, 0, self.has_ended, out).expect("a source keeps to the room it was given");
            self.sent_at = now;
            if self.has_ended {
                return;
            }
        }
    }

    /// When `handle` must be called with [`Input::Tick`], and `fill` after it, at the latest.
    pub fn deadline(&self) -> Option<Millis> {
        let receive = match &self.incoming {
            Incoming::Tag(_) | Incoming::Stranger => Some(self.recognition_deadline),
            Incoming::Stream(decoder) if !decoder.is_ended() => {
                Some(self.received_at.plus(self.limits.silence_ms))
            }
            Incoming::Stream(_) | Incoming::Failed(_) => None,
        };
        let speaks = self.outgoing.is_some() && !self.has_ended;
        let send = speaks.then(|| self.sent_at.plus(self.limits.keepalive_ms));
        [receive, send].into_iter().flatten().min()
    }

    /// Whether both streams have ended.
    pub fn is_over(&self) -> bool {
        self.has_ended && matches!(&self.incoming, Incoming::Stream(decoder) if decoder.is_ended())
    }

    fn received(
        &mut self,
        now: Millis,
        mut bytes: &[u8],
        book: &mut dyn TagBook,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Error> {
        self.received_at = now;
        self.received_bytes = self.received_bytes.saturating_add(bytes.len() as u64);
        let received_bytes_max = self.limits.received_bytes_max;
        if self.received_bytes > received_bytes_max && !matches!(self.incoming, Incoming::Stranger) {
            return Err(Error::BudgetSpent { received_bytes_max });
        }
        if let Incoming::Tag(pending) = &mut self.incoming {
            let (now_bytes, rest) = bytes.split_at((TAG_BYTES - pending.len()).min(bytes.len()));
            pending.extend_from_slice(now_bytes);
            bytes = rest;
            let Ok(tag) = pending.as_slice().try_into() else { return Ok(()) };
            self.incoming = Incoming::Stranger;
            if let Some(Recognised { incoming, answer }) = book.recognise(&tag) {
                self.incoming =
                    Incoming::Stream(StreamDecoder::new(incoming.header_key, incoming.stream_number));
                self.outgoing = self.outgoing.take().or(answer.map(StreamEncoder::new));
                self.sent_at = now;
            }
        }
        match &mut self.incoming {
            Incoming::Stream(decoder) => read_stream(decoder, bytes, effects),
            Incoming::Failed(error) => Err(*error),
            Incoming::Tag(_) | Incoming::Stranger => Ok(()),
        }
    }

    const fn closed(&self) -> Result<(), Error> {
        match &self.incoming {
            Incoming::Stream(decoder) if decoder.is_ended() => Ok(()),
            Incoming::Tag(_) if self.outgoing.is_some() && self.received_bytes == 0 => {
                Err(Error::NotRecognised)
            }
            Incoming::Tag(_) | Incoming::Stream(_) => Err(Error::Cut),
            Incoming::Stranger => Err(Error::Stranger),
            Incoming::Failed(error) => Err(*error),
        }
    }

    fn check_time(&self, now: Millis) -> Result<(), Error> {
        let (silence_ms, handshake_ms) = (self.limits.silence_ms, self.limits.handshake_ms);
        match &self.incoming {
            Incoming::Tag(_) if now >= self.recognition_deadline => {
                Err(Error::Silent { silence_ms: handshake_ms })
            }
            Incoming::Stranger if now >= self.recognition_deadline => Err(Error::Stranger),
            Incoming::Stream(decoder) if !decoder.is_ended() && now >= self.received_at.plus(silence_ms) => {
                Err(Error::Silent { silence_ms })
            }
            Incoming::Failed(error) => Err(*error),
            Incoming::Tag(_) | Incoming::Stranger | Incoming::Stream(_) => Ok(()),
        }
    }
}

fn read_stream(
    decoder: &mut StreamDecoder,
    mut bytes: &[u8],
    effects: &mut Vec<Effect>,
) -> Result<(), Error> {
    let had_ended = decoder.is_ended();
    let mut payload = Vec::new();
    let result = loop {
        match decoder.next_frame(&mut bytes, &mut payload) {
            Ok(Some(_)) => {}
            Ok(None) => break Ok(()),
            Err(StreamError::Malformed(what)) => break Err(Error::PeerMisbehaved(what)),
            Err(StreamError::Cut) => break Err(Error::Cut),
        }
    };
    if !payload.is_empty() {
        effects.push(Effect::Received(payload));
    }
    if decoder.is_ended() && !had_ended {
        effects.push(Effect::Ended);
    }
    result
}

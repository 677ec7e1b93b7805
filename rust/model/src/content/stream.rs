//! Reads content from a stream: its header at once, then its body as a stream, and at the end the verdict on both.

use std::io::{self, Read};

use p2psync_bramble::VerifyingKey;

use super::{ContentError, ContentReader, Part};
use crate::{GroupId, Header};

/// Content that is read as it is asked for. The body is what [`Read`] gives. It ends without an error only if the
/// signature is good, so nothing that copies all of it can take altered content for good.
#[derive(Debug)]
pub struct ContentStream<R> {
    source: R,
    /// Until the source has ended.
    reader: Option<ContentReader>,
    verdict: Result<VerifyingKey, ContentError>,
    header: Box<Header>,
    piece: Vec<u8>,
    body: Vec<u8>,
    handed_over: usize,
}

/// How much is asked of the source at once.
const PIECE_BYTES: usize = 32 << 10;

impl<R: Read> ContentStream<R> {
    /// Reads the header of content of a document of `group`. Of what follows, less than 32 KiB are read now.
    ///
    /// # Errors
    /// [`ContentStreamError`]: the header is malformed or not all there, or the source fails.
    pub fn open(mut source: R, group: GroupId) -> Result<Self, ContentStreamError> {
        let mut reader = ContentReader::new(group);
        let (mut parts, mut piece) = (Vec::new(), vec![0; PIECE_BYTES]);
        loop {
            let came = read_piece(&mut source, &mut piece)?;
            if came.is_empty() {
                return Err(ContentError::EndsEarly.into());
            }
            reader.handle(came, &mut parts)?;
            let mut parts = parts.drain(..);
            if let Some(Part::Header(header)) = parts.next() {
                let body = parts.find_map(body_of).unwrap_or_default();
                drop(parts);
                let (reader, verdict) = (Some(reader), Err(ContentError::EndsEarly));
                return Ok(Self { source, reader, verdict, header, piece, body, handed_over: 0 });
            }
        }
    }

    /// What the document says of itself. Not to be acted upon before the end of the body was reached or
    /// [`Self::finish`] has said that it is good.
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// Drops what is left of the body. Returns the key of the device that signed header and body; whether that device
    /// is known, its reader must know.
    ///
    /// # Errors
    /// [`ContentStreamError`]: the content ends early or is not what the device signed in this group, or the source
    /// fails.
    pub fn finish(mut self) -> Result<VerifyingKey, ContentStreamError> {
        while self.reader.is_some() {
            self.advance()?;
        }
        Ok(self.verdict?)
    }

    /// Asks the source once more: the body's next piece, if any is sure to be the body's yet, or the verdict.
    fn advance(&mut self) -> Result<(), ContentStreamError> {
        let came = read_piece(&mut self.source, &mut self.piece)?;
        if came.is_empty() {
            self.verdict = self.reader.take().map_or(self.verdict, ContentReader::finish);
        } else if let Some(reader) = &mut self.reader {
            let mut parts = Vec::new();
            reader.handle(came, &mut parts)?;
            (self.body, self.handed_over) = (parts.into_iter().find_map(body_of).unwrap_or_default(), 0);
        }
        Ok(())
    }
}

impl<R: Read> Read for ContentStream<R> {
    /// Gives the body. In the place of its end, [`io::ErrorKind::InvalidData`] with a [`ContentError`] inside if the
    /// content is not good, now and at every later call.
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while !out.is_empty() {
            let mut left = self.body.get(self.handed_over..).unwrap_or_default();
            let length = left.read(out)?;
            self.handed_over += length;
            if length > 0 {
                return Ok(length);
            }
            if self.reader.is_none() {
                self.verdict.map_err(ContentStreamError::Content)?;
                return Ok(0);
            }
            self.advance()?;
        }
        Ok(0)
    }
}

/// The next bytes, at least one unless the source has ended.
fn read_piece<'a>(source: &mut impl Read, piece: &'a mut [u8]) -> io::Result<&'a [u8]> {
    loop {
        match source.read(piece) {
            Ok(length) => return Ok(piece.get(..length).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn body_of(part: Part) -> Option<Vec<u8>> {
    match part {
        Part::Body(piece) => Some(piece),
        Part::Header(_) => None,
    }
}

/// Why content could not be read to a good end.
#[derive(Debug, thiserror::Error)]
pub enum ContentStreamError {
    /// It is not what a device of this deployment wrote.
    #[error(transparent)]
    Content(#[from] ContentError),
    /// The source failed: nothing is known of the content. Try again.
    #[error("the content could not be read: {0}")]
    Source(#[from] io::Error),
}

impl From<ContentStreamError> for io::Error {
    fn from(error: ContentStreamError) -> Self {
        match error {
            ContentStreamError::Content(error) => Self::new(io::ErrorKind::InvalidData, error),
            ContentStreamError::Source(error) => error,
        }
    }
}

#[cfg(test)]
mod tests {
    use p2psync_bramble::{SigningKey, WallClock};

    use super::*;
    use crate::{ContentWriter, MalformedHeader};

    const GROUP: GroupId = GroupId::from_bytes([1; 32]);

    fn device() -> SigningKey {
        SigningKey::from_seed([4; 32])
    }

    fn written(body: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let header = Header::new("text/plain", WallClock(7)).unwrap();
        let mut writer = ContentWriter::start(GROUP, &header, &mut out);
        writer.body(body, &mut out);
        writer.finish(&device(), &mut out);
        out
    }

    /// Gives at most `piece_bytes` at once, is interrupted before each piece, and fails at its end if it is to.
    struct Source<'a> {
        left: &'a [u8],
        piece_bytes: usize,
        is_interrupted: bool,
        fails: bool,
    }

    impl Read for Source<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            self.is_interrupted = !self.is_interrupted;
            if self.is_interrupted {
                return Err(io::ErrorKind::Interrupted.into());
            }
            if self.left.is_empty() && self.fails {
                return Err(io::Error::other("a broken disk"));
            }
            let length = out.len().min(self.piece_bytes);
            self.left.read(&mut out[..length])
        }
    }

    fn source(left: &[u8], piece_bytes: usize) -> Source<'_> {
        Source { left, piece_bytes, is_interrupted: false, fails: false }
    }

    fn refused(result: Result<VerifyingKey, ContentStreamError>) -> ContentError {
        match result {
            Err(ContentStreamError::Content(error)) => error,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn header_body_and_verdict_come_in_this_order() {
        for body in [vec![], vec![1], vec![2; 95], vec![3; 200_000]] {
            let content = written(&body);
            for piece_bytes in [1, 3, 97, 1_000_000] {
                let mut stream = ContentStream::open(source(&content, piece_bytes), GROUP).unwrap();
                assert_eq!(stream.header().content_type(), "text/plain");
                let mut read = Vec::new();
                assert_eq!(stream.read_to_end(&mut read).unwrap(), body.len());
                assert!(read == body);
                assert_eq!(stream.read(&mut [0]).unwrap(), 0, "the end stays the end");
                assert_eq!(stream.finish().unwrap(), device().verifying_key());
            }
            let unread = ContentStream::open(content.as_slice(), GROUP).unwrap();
            assert_eq!(unread.finish().unwrap(), device().verifying_key());
        }
    }

    #[test]
    fn a_cut_at_any_byte_is_seen() {
        let content = written(b"a form");
        let body_end = content.len() - crate::TRAILER_BYTES;
        let header_end = body_end - b"a form".len();
        for end in 0..content.len() {
            let stream = ContentStream::open(source(&content[..end], 7), GROUP);
            if end < header_end {
                assert_eq!(refused(stream.and_then(ContentStream::finish)), ContentError::EndsEarly, "{end}");
                continue;
            }
            let mut stream = stream.unwrap();
            let mut read = Vec::new();
            let error = stream.read_to_end(&mut read).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{end}");
            assert!(read.len() < 6, "the trailer is not the body");
            assert!(stream.read(&mut [0]).is_err(), "it stays refused");
            let expected = if end < header_end + crate::TRAILER_BYTES {
                ContentError::EndsEarly
            } else {
                ContentError::Signature
            };
            assert_eq!(refused(stream.finish()), expected, "{end}");
        }
    }

    #[test]
    fn altered_content_has_no_end() {
        let mut content = written(b"a form");
        let longer = [content.as_slice(), &[0]].concat();
        let place = content.len() - crate::TRAILER_BYTES - 1;
        content[place] ^= 1;
        for altered in [content.as_slice(), &longer] {
            let mut stream = ContentStream::open(altered, GROUP).unwrap();
            let error = io::copy(&mut stream, &mut io::sink()).unwrap_err();
            assert_eq!(error.downcast::<ContentError>().unwrap(), ContentError::Signature);
            assert_eq!(refused(stream.finish()), ContentError::Signature);
        }
        let elsewhere = ContentStream::open(longer.as_slice(), GroupId::from_bytes([2; 32])).unwrap();
        assert_eq!(refused(elsewhere.finish()), ContentError::Signature);
        let no_header = ContentStream::open(&[0, 0, 0, 1, 0][..], GROUP).and_then(ContentStream::finish);
        assert_eq!(refused(no_header), ContentError::Header(MalformedHeader::Form));
    }

    #[test]
    fn a_source_that_fails_says_nothing_of_the_content() {
        let content = written(b"a form");
        for end in [0, 3, content.len() - 1] {
            let broken = Source { fails: true, ..source(&content[..end], 50) };
            let result = ContentStream::open(broken, GROUP).and_then(ContentStream::finish);
            assert!(matches!(result, Err(ContentStreamError::Source(_))), "{result:?}");
        }
    }
}

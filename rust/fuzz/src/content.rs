//! The content of documents: header, body, trailer.

use p2psync_bramble::VerifyingKey;
use p2psync_model::{ContentError, ContentReader, GroupId, Header, Part, TRAILER_BYTES};

use crate::script::Script;

/// One byte for the size of the pieces, the rest is the content. Pieces do not matter, and what was read makes the same
/// bytes again.
pub fn content(data: &[u8]) {
    let mut script = Script::new(data);
    let piece_bytes = usize::from(script.byte()) + 1;
    let content = script.rest();
    let in_pieces = read(content, piece_bytes);
    assert_eq!(in_pieces, read(content, usize::MAX), "pieces change the content");
    let (header, body, end) = in_pieces;
    let Some(header) = header else {
        assert!(end.is_err(), "content without a header");
        return;
    };
    let encoded = header.encode();
    let length = u32::try_from(encoded.len()).expect("a header is short").to_be_bytes();
    let written = [&length[..], &encoded, &body].concat();
    let (front, rest) = content.split_at(written.len());
    assert_eq!(written, front, "content has two encodings");
    assert!(rest.len() <= TRAILER_BYTES, "a part of the body was lost");
    if end.is_ok() {
        assert_eq!(rest.len(), TRAILER_BYTES, "content without a trailer");
    }
}

type Read = (Option<Header>, Vec<u8>, Result<VerifyingKey, ContentError>);

fn read(content: &[u8], piece_bytes: usize) -> Read {
    let mut reader = ContentReader::new(GroupId::from_bytes([9; 32]));
    let (mut parts, mut header, mut body) = (Vec::new(), None, Vec::new());
    for piece in content.chunks(piece_bytes) {
        if reader.handle(piece, &mut parts).is_err() {
            break;
        }
    }
    for part in parts {
        match part {
            Part::Header(came) => assert!(header.replace(*came).is_none(), "two headers"),
            Part::Body(piece) => {
                assert!(header.is_some() && !piece.is_empty(), "a body before the header");
                body.extend(piece);
            }
        }
    }
    (header, body, reader.finish())
}

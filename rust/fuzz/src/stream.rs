//! BTP's stream: an honest sender, a byte changed or cut on the way, and a reader that takes pieces.

use p2psync_bramble::SecretKey;
use p2psync_bramble::stream::{
    FRAME_CONTENT_BYTES_MAX, Frame, StreamDecoder, StreamEncoder, StreamError, StreamStart,
};

use crate::script::Script;

/// The script: size of the pieces, fault (0 none, 1 cut, 2 change, 3 the rest of the script instead of a stream),
/// its place, the frames. Nothing is handed over that was not sent, a whole stream arrives whole, a fault is
/// noticed, and pieces change nothing.
pub fn stream(data: &[u8]) {
    let mut script = Script::new(data);
    let piece_bytes = usize::from(script.byte()) + 1;
    let fault = script.byte() % 4;
    let place = script.number();
    let (sent, frames) = if fault == 3 { (script.rest().to_vec(), Vec::new()) } else { send(&mut script) };
    let is_ended = frames.last().is_some_and(|(frame, _)| frame.is_final);
    let mut arrived = sent.clone();
    if fault == 1 {
        arrived.truncate(place);
    } else if fault == 2
        && let Some(byte) = arrived.get_mut(place)
    {
        *byte ^= 1 << (data.len() % 8);
    }

    let (got, end) = receive(&arrived, piece_bytes);
    assert_eq!((&got, end), (&receive(&arrived, arrived.len().max(1)).0, end), "pieces change the frames");
    assert!(frames.starts_with(&got), "a frame was handed over that was not sent");
    if fault == 3 {
        assert!(end.is_err() && got.is_empty(), "bytes of nobody were taken for a stream");
    } else if arrived == sent {
        assert_eq!(got, frames, "a whole stream did not arrive whole");
        assert_eq!(end, if is_ended { Ok(()) } else { Err(StreamError::Cut) });
    } else if fault == 1 {
        assert_eq!(end, Err(StreamError::Cut), "a cut went unnoticed");
    } else {
        assert!(end.is_err(), "a change went unnoticed");
    }
}

type Frames = Vec<(Frame, Vec<u8>)>;

const STREAM_NUMBER: u32 = 3;

fn send(script: &mut Script<'_>) -> (Vec<u8>, Frames) {
    let mut encoder = StreamEncoder::new(StreamStart {
        tag: None,
        header_key: header_key(),
        stream_number: STREAM_NUMBER,
        header_nonce: [script.byte(); 24],
        frame_key: SecretKey::from_bytes([script.byte(); 32]),
    });
    let (mut sent, mut frames) = (Vec::new(), Frames::new());
    encoder.start(&mut sent);
    while !script.is_over() && frames.len() < 32 {
        let is_final = script.byte().is_multiple_of(4);
        let padding_bytes = script.number() % 1100;
        let payload_bytes = script.number() % 1100;
        let payload = script.bytes(payload_bytes).to_vec();
        let written = encoder.frame(&payload, padding_bytes, is_final, &mut sent);
        assert_eq!(written.is_ok(), payload.len() + padding_bytes <= FRAME_CONTENT_BYTES_MAX);
        if written.is_ok() {
            frames.push((Frame { payload_bytes: payload.len(), padding_bytes, is_final }, payload));
            if is_final {
                break;
            }
        }
    }
    (sent, frames)
}

fn receive(arrived: &[u8], piece_bytes: usize) -> (Frames, Result<(), StreamError>) {
    let mut decoder = StreamDecoder::new(header_key(), STREAM_NUMBER);
    let mut frames = Frames::new();
    for mut piece in arrived.chunks(piece_bytes) {
        let mut payload = Vec::new();
        while let Ok(Some(frame)) = decoder.next_frame(&mut piece, &mut payload) {
            assert_eq!(payload.len(), frame.payload_bytes);
            frames.push((frame, core::mem::take(&mut payload)));
        }
        assert!(payload.is_empty(), "bytes were handed over without a frame");
    }
    assert_eq!(decoder.is_ended(), decoder.finish().is_ok());
    (frames, decoder.finish())
}

fn header_key() -> SecretKey {
    SecretKey::from_bytes([0x5a; 32])
}

use p2psync_bramble::SecretKey;
use p2psync_bramble::stream::{
    StreamDecoder, StreamEncoder, StreamError, StreamStart, StreamWriter, TAG_BYTES, Tag, tag, tag_of_version,
};
use p2psync_vector_reader::{Hex, check};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

#[test]
fn vectors_btp_streams() {
    check("bramble", "btp_streams.json", |file: Streams| {
        file.encode.iter().for_each(check_encode);
        file.writer.iter().for_each(check_writer);
        check_malformed_base(&file.malformed_base);
        file.malformed.iter().for_each(check_malformed);
        file.write_errors.iter().for_each(check_write_error);
        file.encode.len() + file.writer.len() + 1 + file.malformed.len() + file.write_errors.len()
    });
}

#[test]
fn vectors_btp_tags() {
    check("bramble", "btp_tags.json", |file: Tags| {
        file.tags.iter().for_each(check_tag);
        file.tags.len()
    });
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Streams {
    encode: Vec<Encode>,
    writer: Vec<Writer>,
    malformed_base: MalformedBase,
    malformed: Vec<Malformed>,
    write_errors: Vec<WriteError>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Encode {
    note: String,
    stream_number: u32,
    tag_key: Hex,
    header_key: Hex,
    stream_header_nonce: Hex,
    frame_key: Hex,
    with_tag: bool,
    frames: Vec<EncodedFrame>,
    frame_ends: Vec<usize>,
    length: usize,
    sha256: Hex,
    stream: Hex,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EncodedFrame {
    payload: Hex,
    padding: usize,
    #[serde(rename = "final")]
    is_final: bool,
}

fn check_encode(case: &Encode) {
    let tag = case.with_tag.then(|| tag(&SecretKey::from_bytes(case.tag_key.array()), case.stream_number));
    let mut encoder = StreamEncoder::new(StreamStart {
        tag,
        header_key: SecretKey::from_bytes(case.header_key.array()),
        stream_number: case.stream_number,
        header_nonce: case.stream_header_nonce.array(),
        frame_key: SecretKey::from_bytes(case.frame_key.array()),
    });
    let mut stream = Vec::new();
    let mut frame_ends = Vec::new();
    for frame in &case.frames {
        encoder.frame(&frame.payload, frame.padding, frame.is_final, &mut stream).unwrap();
        frame_ends.push(stream.len());
    }
    assert_eq!(Hex(stream.clone()), case.stream, "{}", case.note);
    assert_eq!((frame_ends, stream.len()), (case.frame_ends.clone(), case.length));
    assert_eq!(Sha256::digest(&stream)[..], case.sha256[..]);

    for piece in [1, 7, 100, stream.len()] {
        let (frames, error) = read(&case.header_key, case.stream_number, &stream, tag.is_some(), piece);
        assert_eq!(frames, case.frames.iter().map(|frame| frame.payload.clone()).collect::<Vec<_>>());
        let is_cut = !case.frames.iter().any(|frame| frame.is_final);
        assert_eq!(error, is_cut.then_some(StreamError::Cut), "{}", case.note);
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Writer {
    ops: Vec<Operation>,
    frames: Vec<FrameShape>,
    data: Hex,
    header_key: Hex,
    tag_key: Hex,
    frame_key: Hex,
    stream_header_nonce: Hex,
    stream_number: u32,
    stream: Hex,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Operation {
    Write(usize),
    Named(Named),
}

#[derive(Deserialize)]
enum Named {
    #[serde(rename = "flush")]
    Flush,
    #[serde(rename = "end of stream")]
    End,
}

#[derive(Deserialize, PartialEq, Debug)]
#[serde(deny_unknown_fields)]
struct FrameShape {
    payload_length: usize,
    padding: usize,
    #[serde(rename = "final")]
    is_final: bool,
}

fn check_writer(case: &Writer) {
    let start = StreamStart {
        tag: Some(tag(&SecretKey::from_bytes(case.tag_key.array()), case.stream_number)),
        header_key: SecretKey::from_bytes(case.header_key.array()),
        stream_number: case.stream_number,
        header_nonce: case.stream_header_nonce.array(),
        frame_key: SecretKey::from_bytes(case.frame_key.array()),
    };
    let mut writer = Some(StreamWriter::new(StreamEncoder::new(start)));
    let (mut data, mut stream) = (&case.data[..], Vec::new());
    for operation in &case.ops {
        match operation {
            Operation::Write(length) => {
                let (now, later) = data.split_at(*length);
                writer.as_mut().expect("not ended").write(now, &mut stream);
                data = later;
            }
            Operation::Named(Named::Flush) => writer.as_mut().expect("not ended").flush(&mut stream),
            Operation::Named(Named::End) => writer.take().expect("not ended").end(&mut stream),
        }
    }
    assert!(writer.is_none() && data.is_empty());
    assert_eq!(Hex(stream.clone()), case.stream);

    let header_key = SecretKey::from_bytes(case.header_key.array());
    let mut decoder = StreamDecoder::new(header_key, case.stream_number);
    let (mut input, mut payload, mut shapes) = (&stream[TAG_BYTES..], Vec::new(), Vec::new());
    while let Some(frame) = decoder.next_frame(&mut input, &mut payload).unwrap() {
        shapes.push(FrameShape {
            payload_length: frame.payload_bytes,
            padding: frame.padding_bytes,
            is_final: frame.is_final,
        });
    }
    assert_eq!(shapes, case.frames);
    assert_eq!(Hex(payload), case.data);
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MalformedBase {
    stream_number: u32,
    header_key: Hex,
    tag_key: Hex,
    stream: Hex,
    frame_ends: Vec<usize>,
}

fn check_malformed_base(case: &MalformedBase) {
    let expected_tag: Tag = tag(&SecretKey::from_bytes(case.tag_key.array()), case.stream_number);
    assert_eq!(case.stream[..TAG_BYTES], expected_tag);
    let (frames, error) = read(&case.header_key, case.stream_number, &case.stream, true, 1);
    assert_eq!((frames.len(), error), (case.frame_ends.len(), None));
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Malformed {
    note: String,
    stream: Hex,
    stream_number: u32,
    header_key: Hex,
    result: MalformedResult,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MalformedResult {
    frames_read: Vec<FrameRead>,
    error: Option<String>,
}

#[derive(Deserialize, PartialEq, Debug)]
#[serde(untagged)]
enum FrameRead {
    Payload(Hex),
    End(EndOfStream),
}

#[derive(Deserialize, PartialEq, Debug)]
enum EndOfStream {
    #[serde(rename = "end of stream")]
    EndOfStream,
}

fn check_malformed(case: &Malformed) {
    for piece in [1, 33, case.stream.len()] {
        let (frames, error) = read(&case.header_key, case.stream_number, &case.stream, true, piece);
        let mut frames: Vec<_> = frames.into_iter().map(FrameRead::Payload).collect();
        if error.is_none() {
            frames.push(FrameRead::End(EndOfStream::EndOfStream));
        }
        let error = error.map(|error| match error {
            StreamError::Malformed(_) => "FormatException",
            StreamError::Cut => "EOFException",
        });
        assert_eq!(error, case.result.error.as_deref(), "{}", case.note);
        assert_eq!(frames, case.result.frames_read, "{}", case.note);
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WriteError {
    payload_length: i64,
    padding: i64,
    error: String,
}

/// Negative lengths cannot be written down in our types: the compiler refuses them.
fn check_write_error(case: &WriteError) {
    assert_eq!(case.error, "IllegalArgumentException");
    let (Ok(payload), Ok(padding)) = (usize::try_from(case.payload_length), usize::try_from(case.padding))
    else {
        return;
    };
    let start = StreamStart {
        tag: None,
        header_key: SecretKey::from_bytes([1; 32]),
        stream_number: 0,
        header_nonce: [2; 24],
        frame_key: SecretKey::from_bytes([3; 32]),
    };
    let mut out = Vec::new();
    StreamEncoder::new(start).frame(&vec![0; payload], padding, false, &mut out).unwrap_err();
    assert!(out.is_empty());
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tags {
    tags: Vec<TagCase>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TagCase {
    tag_key: Hex,
    version: u16,
    stream_number: i64,
    tag: Option<Hex>,
    error: Option<String>,
}

/// Stream numbers outside 0 .. 2^32-1 cannot be written down in our types.
fn check_tag(case: &TagCase) {
    match (u32::try_from(case.stream_number), &case.tag, &case.error) {
        (Ok(number), Some(expected), None) => {
            let key = SecretKey::from_bytes(case.tag_key.array());
            assert_eq!(tag_of_version(&key, case.version, number)[..], expected[..]);
        }
        (Err(_), None, Some(error)) => assert_eq!(error, "IllegalArgumentException"),
        _ => panic!("tag of stream {} is of an unknown kind", case.stream_number),
    }
}

fn read(
    header_key: &Hex,
    stream_number: u32,
    stream: &[u8],
    with_tag: bool,
    piece: usize,
) -> (Vec<Hex>, Option<StreamError>) {
    let mut decoder = StreamDecoder::new(SecretKey::from_bytes(header_key.array()), stream_number);
    let mut frames = Vec::new();
    let body = if with_tag { &stream[TAG_BYTES.min(stream.len())..] } else { stream };
    for mut input in body.chunks(piece.max(1)) {
        loop {
            let mut payload = Vec::new();
            match decoder.next_frame(&mut input, &mut payload) {
                Ok(Some(_)) => frames.push(Hex(payload)),
                Ok(None) => break,
                Err(error) => return (frames, Some(error)),
            }
        }
    }
    (frames, decoder.finish().err())
}

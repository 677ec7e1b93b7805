use p2psync_bramble::WallClock;
use proptest::prelude::*;

use super::*;
use crate::{Fingerprint, MalformedHeader, Parents};

const GROUP: GroupId = GroupId::from_bytes([1; 32]);

fn device() -> SigningKey {
    SigningKey::from_seed([4; 32])
}

fn header() -> Header {
    Header::new("text/plain", WallClock(7)).unwrap().with_author("anna").unwrap()
}

fn written(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = ContentWriter::start(GROUP, &header(), &mut out);
    body.chunks(11).for_each(|piece| writer.body(piece, &mut out));
    writer.finish(&device(), &mut out);
    out
}

type Read = (Option<Header>, Vec<u8>, Result<VerifyingKey, ContentError>);

fn read(group: GroupId, content: &[u8], piece_bytes: usize) -> Read {
    let mut reader = ContentReader::new(group);
    let (mut parts, mut header, mut body) = (Vec::new(), None, Vec::new());
    let handled = content.chunks(piece_bytes).try_for_each(|piece| reader.handle(piece, &mut parts));
    for part in parts {
        match part {
            Part::Header(came) => assert!(header.replace(*came).is_none() && body.is_empty()),
            Part::Body(piece) => {
                assert!(!piece.is_empty());
                body.extend(piece);
            }
        }
    }
    let finished = reader.finish();
    assert_eq!(handled.err(), finished.err().filter(|_| handled.is_err()));
    (header, body, finished)
}

#[test]
fn pieces_do_not_matter() {
    for body in [&[][..], &[1], &[2; 500]] {
        let content = written(body);
        for piece_bytes in [1, 3, 95, 96, 97, 10_000] {
            let expected = (Some(header()), body.to_vec(), Ok(device().verifying_key()));
            assert_eq!(read(GROUP, &content, piece_bytes), expected);
        }
    }
}

#[test]
fn an_altered_or_cut_content_is_refused() {
    let content = written(b"a form");
    for place in 0..content.len() {
        for bit in 0..8 {
            let mut altered = content.clone();
            altered[place] ^= 1 << bit;
            assert!(read(GROUP, &altered, 64).2.is_err(), "bit {bit} of byte {place}");
        }
        assert!(read(GROUP, &content[..place], 64).2.is_err(), "cut at {place}");
    }
    assert_eq!(read(GROUP, &[content, vec![0]].concat(), 64).2, Err(ContentError::Signature));
}

#[test]
fn a_signature_fits_no_other_content_and_no_other_group() {
    let (form, other) = (written(b"a form"), written(b"no form"));
    let (front, _) = form.split_last_chunk::<TRAILER_BYTES>().unwrap();
    let (_, trailer) = other.split_last_chunk::<TRAILER_BYTES>().unwrap();
    let swapped = [front, trailer].concat();
    assert_eq!(read(GROUP, &swapped, 64).2, Err(ContentError::Signature));
    assert_eq!(read(GroupId::from_bytes([2; 32]), &form, 64).2, Err(ContentError::Signature));
}

#[test]
fn a_bad_header_ends_it_for_good() {
    let mut reader = ContentReader::new(GROUP);
    let mut parts = Vec::new();
    for length in [[0; 4], [0, 1, 0, 1], [0xff; 4]] {
        let mut reader = ContentReader::new(GROUP);
        assert_eq!(reader.handle(&length, &mut parts), Err(ContentError::HeaderLength));
        assert_eq!(reader.handle(&[1], &mut parts), Err(ContentError::HeaderLength));
        assert_eq!(reader.finish(), Err(ContentError::HeaderLength));
    }
    let malformed = Err(ContentError::Header(MalformedHeader::Form));
    assert_eq!(reader.handle(&[0, 0, 0, 1, 0], &mut parts), malformed);
    assert_eq!(reader.handle(&[], &mut parts), malformed);
    assert!(parts.is_empty());
}

#[test]
fn the_same_put_twice_has_one_key() {
    let open = || Attributes::new(Protection::Open { salt: [1; 16] });
    let key = |header: &Header, attributes: &Attributes, body: &[&[u8]], secret: u8| {
        let mut duplicates = Duplicates::new(header, attributes);
        for piece in body {
            duplicates.update(piece);
        }
        duplicates.finish(&SecretKey::from_bytes([secret; 32]))
    };
    let first = key(&header(), &open(), &[b"a form"], 1);
    let later = Header::new("text/plain", WallClock(9)).unwrap().with_author("anna").unwrap();
    assert_eq!(key(&later, &open(), &[b"a f", b"orm"], 1), first);
    let salted = Attributes::new(Protection::Open { salt: [2; 16] });
    assert_eq!(key(&header(), &salted, &[b"a form"], 1), first);

    let sealed = Attributes::new(Protection::Sealed { destination: Fingerprint::V4([1; 20]) });
    let parents = Parents::new(vec![crate::DocumentId::from_bytes([1; 32])]).unwrap();
    let child = Attributes { parents, ..open() };
    let other = Header::new("text/html", WallClock(7)).unwrap().with_author("anna").unwrap();
    let others = [
        key(&header(), &sealed, &[b"a form"], 1),
        key(&header(), &child, &[b"a form"], 1),
        key(&other, &open(), &[b"a form"], 1),
        key(&header(), &open(), &[b"a Form"], 1),
        key(&header(), &open(), &[b"a form"], 2),
    ];
    let all: std::collections::BTreeSet<_> = others.into_iter().chain([first]).collect();
    assert_eq!(all.len(), 6);
}

proptest! {
    #[test]
    fn any_bytes_are_read_alike_in_any_pieces(
        content in proptest::collection::vec(any::<u8>(), 0..300), piece_bytes in 1usize..50,
    ) {
        let content = [&[0, 0, 0][..], &content].concat();
        prop_assert_eq!(read(GROUP, &content, piece_bytes), read(GROUP, &content, 1000));
    }

    #[test]
    fn what_is_written_is_read_back(
        body in proptest::collection::vec(any::<u8>(), 0..500), piece_bytes in 1usize..200,
    ) {
        let (_, read, device_key) = read(GROUP, &written(&body), piece_bytes);
        prop_assert_eq!((read, device_key), (body, Ok(device().verifying_key())));
    }
}

use proptest::prelude::*;

use super::*;
use crate::{DocumentId, MESSAGE_BODY_BYTES_MAX, PARENTS_MAX};

fn ids(count: usize) -> Vec<ChunkId> {
    let id = |number: usize| {
        let mut bytes = [7; 32];
        bytes[..8].copy_from_slice(&(number as u64).to_be_bytes());
        ChunkId::from_bytes(bytes)
    };
    (0..count).map(id).collect()
}

fn open() -> Attributes {
    Attributes::new(Protection::Open { salt: [5; 16] })
}

/// With the longest form of everything.
fn heaviest() -> Attributes {
    Attributes {
        protection: Protection::Sealed { destination: Fingerprint::V6([9; 32]) },
        priority: Priority::High,
        expires: Some(WallClock(DATE_MS_MAX)),
        parents: Parents::new(ids(PARENTS_MAX)).unwrap(),
    }
}

fn listed(size_bytes: u64) -> Result<Document, MalformedDocument> {
    Document::new(open(), size_bytes, Place::Listed(ids(chunks_of(size_bytes))))
}

#[test]
fn every_form_fits_in_a_message_and_is_read_back() {
    let full = CHUNK_BYTES_MAX as u64;
    let places = [
        (INLINE_BYTES_MAX as u64, Place::Inline(vec![1; INLINE_BYTES_MAX])),
        (1, Place::Inline(vec![1])),
        (INLINE_BYTES_MAX as u64 + 1, Place::Listed(ids(1))),
        (1000 * full, Place::Listed(ids(LISTED_CHUNKS_MAX))),
        (1000 * full + 1, Place::Indexed(ids(1))),
        (1024 * full, Place::Indexed(ids(2))),
        (DOCUMENT_BYTES_MAX, Place::Indexed(ids(INDEX_CHUNKS_MAX))),
    ];
    for (size_bytes, place) in places {
        let document = Document::new(heaviest(), size_bytes, place).unwrap();
        assert_eq!(Document::decode(&document.encode()), Ok(document.clone()));
        let message = document.to_message(GroupId::from_bytes([1; 32]), WallClock(7)).unwrap();
        assert!(message.body().len() <= MESSAGE_BODY_BYTES_MAX);
        assert_eq!(crate::Body::decode(&message), Ok(crate::Body::Document(document)));
    }
    assert_eq!((chunks_of(DOCUMENT_BYTES_MAX), INDEX_CHUNKS_MAX), (32_770, 33));
}

#[test]
fn the_size_decides_the_form() {
    let full = CHUNK_BYTES_MAX as u64;
    let refused = [
        (0, Place::Inline(vec![])),
        (DOCUMENT_BYTES_MAX + 1, Place::Indexed(ids(33))),
        (u64::MAX, Place::Indexed(ids(33))),
        (2, Place::Inline(vec![1])),
        (32_001, Place::Inline(vec![1; 32_001])),
        (32_000, Place::Listed(ids(1))),
        (full, Place::Listed(ids(2))),
        (full + 1, Place::Listed(ids(1))),
        (full + 1, Place::Listed(ids(3))),
        (1000 * full, Place::Indexed(ids(1))),
        (1000 * full + 1, Place::Listed(ids(1001))),
        (1000 * full + 1, Place::Indexed(ids(2))),
        (1023 * full + 1, Place::Indexed(ids(1))),
    ];
    for (size_bytes, place) in refused {
        assert!(Document::new(open(), size_bytes, place).is_err(), "{size_bytes}");
    }
}

#[test]
fn a_chunk_cannot_be_full_and_the_rest_at_once() {
    let full = CHUNK_BYTES_MAX as u64;
    let twice = || Place::Listed(vec![ids(1)[0]; 2]);
    assert!(Document::new(open(), 2 * full, twice()).is_ok());
    assert_eq!(Document::new(open(), 2 * full - 1, twice()), Err(MalformedDocument::Place));
}

#[test]
fn nothing_is_made_or_expires_after_the_year_9999() {
    let document = listed(40_000).unwrap();
    let group = GroupId::from_bytes([1; 32]);
    assert_eq!(document.to_message(group, WallClock(DATE_MS_MAX + 1)), Err(MalformedDocument::Made));
    let never = Attributes { expires: Some(WallClock(DATE_MS_MAX + 1)), ..open() };
    assert_eq!(Document::new(never, 1, Place::Inline(vec![1])), Err(MalformedDocument::Expiry));
    let made = document.to_message(group, WallClock(DATE_MS_MAX)).unwrap();
    let later = Message::new(group, DATE_MS_MAX + 1, made.body().to_vec()).unwrap();
    assert_eq!(crate::Body::decode(&later), Err(crate::MalformedBody::Timestamp));
}

#[test]
fn each_bad_item_has_its_error() {
    use MalformedDocument::{Expiry, Form, Parents, Place, Priority, Protection, Size, TooNew};
    let document = Document::new(open(), 3, super::Place::Inline(vec![1, 2, 3])).unwrap();
    let Value::List(good) = bdf::parse(&document.encode()).unwrap() else { panic!("a list") };
    let raw = |bytes: &[u8]| Value::Raw(bytes.to_vec());
    let two = concatenated(&ids(2));
    let unsorted = [&two[32..], &two[..32]].concat();
    let (many, odd) = (concatenated(&ids(PARENTS_MAX + 1)), vec![0; 33]);
    let cases = [
        (0, Value::Integer(2), TooNew { version: 2 }),
        (0, Value::Integer(0), Form),
        (0, Value::Integer(-1), Form),
        (0, Value::Null, Form),
        (1, Value::Integer(2), Protection),
        (1, Value::Integer(1), Protection),
        (2, raw(&[5; 15]), Protection),
        (2, Value::Null, Protection),
        (3, Value::Integer(3), Priority),
        (3, Value::Integer(-1), Priority),
        (4, Value::Integer(-1), Expiry),
        (4, Value::Integer(253_402_300_800_000), Expiry),
        (4, Value::String("soon".to_owned()), Expiry),
        (5, raw(&unsorted), Parents),
        (5, raw(&[0; 64]), Parents),
        (5, raw(&many), Parents),
        (5, raw(&odd), Parents),
        (6, Value::Integer(0), Size),
        (6, Value::Integer(-3), Size),
        (6, Value::Integer(i64::MAX), Size),
        (6, Value::Integer(4), Place),
        (7, Value::Integer(1), Place),
        (7, Value::Integer(3), Place),
        (8, raw(&[]), Place),
        (8, Value::List(vec![Value::List(vec![])]), Place),
    ];
    for (place, value, error) in cases {
        let mut items = good.clone();
        items[place] = value.clone();
        let mut encoded = Vec::new();
        bdf::write(&Value::List(items), &mut encoded);
        assert_eq!(Document::decode(&encoded), Err(error), "item {place} as {value:?}");
    }
    assert_eq!(Document::decode(&vec![0x60; 40_000]), Err(MalformedDocument::Bdf(bdf::Malformed::TooDeep)));
}

proptest! {
    #[test]
    fn what_is_encoded_is_read_back(
        sealed: bool, key: [u8; 32], priority in 0i64..3, expiry in proptest::option::of(0..=DATE_MS_MAX),
        parents in proptest::collection::btree_set(any::<[u8; 32]>(), 0..=PARENTS_MAX),
        content in proptest::collection::vec(any::<u8>(), 1..200),
    ) {
        let protection = if sealed {
            Protection::Sealed { destination: Fingerprint::V4(*key.first_chunk().unwrap()) }
        } else {
            Protection::Open { salt: *key.first_chunk().unwrap() }
        };
        let attributes = Attributes {
            protection,
            priority: Priority::from_number(priority).unwrap(),
            expires: expiry.map(WallClock),
            parents: Parents::new(parents.into_iter().map(DocumentId::from_bytes).collect()).unwrap(),
        };
        let size_bytes = content.len() as u64;
        let document = Document::new(attributes, size_bytes, Place::Inline(content)).unwrap();
        prop_assert_eq!(Document::decode(&document.encode()), Ok(document));
    }

    #[test]
    fn a_changed_byte_is_another_document_or_none(place in 0usize..1000, byte: u8) {
        let mut encoded = listed(100_000).unwrap().encode();
        let place = place % encoded.len();
        encoded[place] = byte;
        if let Ok(document) = Document::decode(&encoded) {
            prop_assert_eq!(document.encode(), encoded);
        }
    }

    #[test]
    fn the_id_of_an_open_document_cannot_be_guessed_from_its_content(salts: [[u8; 16]; 2]) {
        let id = |salt| {
            let attributes = Attributes::new(Protection::Open { salt });
            let document = Document::new(attributes, 1, Place::Inline(vec![1])).unwrap();
            document.to_message(GroupId::from_bytes([1; 32]), WallClock(0)).unwrap().id()
        };
        prop_assert_eq!(id(salts[0]) == id(salts[1]), salts[0] == salts[1]);
    }
}

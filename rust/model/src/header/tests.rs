use proptest::prelude::*;

use super::*;
use crate::METADATA_BYTES_MAX;

fn header() -> Header {
    Header::new("text/plain", WallClock(7)).unwrap()
}

fn attachment() -> Attachment {
    Attachment::new(DocumentId::from_bytes([1; 32]), "photo.jpg", "image/jpeg", 3_000_000).unwrap()
}

fn full() -> Header {
    let entries = [("uuid", Value::String("urn:uuid:1".to_owned())), ("n", Value::Integer(-3))];
    header()
        .with_author("anna@example.org")
        .unwrap()
        .with_metadata(Metadata::new(entries.into_iter().collect()).unwrap())
        .with_attachments(vec![attachment()])
        .unwrap()
}

fn with(name: &str, value: Value) -> Result<Header, MalformedHeader> {
    let parsed = bdf::parse(&full().encode()).unwrap();
    let mut entries = parsed.as_dictionary().unwrap().clone();
    entries.insert(name, value);
    let mut encoded = Vec::new();
    bdf::write(&Value::Dictionary(entries), &mut encoded);
    Header::decode(&encoded)
}

#[test]
fn a_header_is_read_back() {
    for header in [header(), full()] {
        assert_eq!(Header::decode(&header.encode()), Ok(header));
    }
}

#[test]
fn the_largest_header_is_within_the_limit() {
    let longest = "x".repeat(255);
    let kind = format!("a/{}", "b".repeat(253));
    let one = Attachment::new(DocumentId::from_bytes([1; 32]), &longest, &kind, DOCUMENT_BYTES_MAX).unwrap();
    let text = Value::String("x".repeat(METADATA_BYTES_MAX - 9));
    let metadata = Metadata::new([("k", text)].into_iter().collect()).unwrap();
    let largest = Header::new(&kind, WallClock(DATE_MS_MAX))
        .unwrap()
        .with_author(&longest)
        .unwrap()
        .with_metadata(metadata)
        .with_attachments(vec![one; ATTACHMENTS_MAX])
        .unwrap();
    let encoded = largest.encode();
    assert!((HEADER_BYTES_MAX - 15_000..=HEADER_BYTES_MAX).contains(&encoded.len()), "{}", encoded.len());
    assert_eq!(Header::decode(&encoded), Ok(largest));
}

#[test]
fn what_the_caller_gives_is_checked() {
    assert_eq!(Header::new("", WallClock(0)), Err(MalformedHeader::ContentType));
    assert_eq!(Header::new(&"a/".repeat(128), WallClock(0)), Err(MalformedHeader::ContentType));
    assert_eq!(Header::new("a/b", WallClock(DATE_MS_MAX + 1)), Err(MalformedHeader::Created));
    for author in ["", "a\nb", &"x".repeat(256)] {
        assert_eq!(header().with_author(author), Err(MalformedHeader::Author));
    }
    let many = vec![attachment(); ATTACHMENTS_MAX + 1];
    assert_eq!(header().with_attachments(many), Err(MalformedHeader::Attachments));
    let id = DocumentId::from_bytes([1; 32]);
    for (name, kind, size_bytes) in
        [("../x", "a/b", 1), ("", "a/b", 1), ("x", "", 1), ("x", "a/b", DOCUMENT_BYTES_MAX + 1)]
    {
        assert_eq!(Attachment::new(id, name, kind, size_bytes), Err(MalformedHeader::Attachments));
    }
}

#[test]
fn each_bad_entry_has_its_error() {
    use MalformedHeader::{Attachments, Author, ContentType, Created, Form, Metadata, TooNew};
    let text = |text: &str| Value::String(text.to_owned());
    let list = |count| Value::List(vec![attachment().to_value(); count]);
    let nested = Value::Dictionary([("k", Value::List(vec![]))].into_iter().collect());
    let negative = Value::List(vec![Value::Raw(vec![0; 32]), text("n"), text("a/b"), Value::Integer(-1)]);
    let cases = [
        ("version", Value::Integer(2), TooNew { version: 2 }),
        ("version", Value::Integer(0), Form),
        ("version", Value::Null, Form),
        ("unknown", Value::Null, Form),
        ("contentType", text(""), ContentType),
        ("contentType", text("x"), ContentType),
        ("contentType", Value::Null, ContentType),
        ("createdAt", Value::Integer(-1), Created),
        ("createdAt", Value::Integer(i64::MAX), Created),
        ("createdAt", text("now"), Created),
        ("author", text(""), Author),
        ("author", text(&"x".repeat(256)), Author),
        ("author", Value::Integer(1), Author),
        ("metadata", Value::Null, Metadata),
        ("metadata", nested, Metadata),
        ("attachments", Value::Null, Attachments),
        ("attachments", Value::List(vec![Value::Null]), Attachments),
        ("attachments", Value::List(vec![negative]), Attachments),
        ("attachments", list(65), Attachments),
    ];
    for (name, value, error) in cases {
        assert_eq!(with(name, value.clone()), Err(error), "{name} as {value:?}");
    }
    assert_eq!(Header::decode(&vec![0; HEADER_BYTES_MAX + 1]), Err(MalformedHeader::TooLong));
    assert_eq!(Header::decode(&[]), Err(MalformedHeader::Bdf(bdf::Malformed::EndsEarly)));
    assert_eq!(Header::decode(&[0x60; 9]), Err(MalformedHeader::Bdf(bdf::Malformed::TooDeep)));
    assert_eq!(Header::decode(&[0x60, 0x80]), Err(Form));
    let mut not_utf8 = full().encode();
    let author = not_utf8.windows(4).position(|text| text == b"anna").unwrap();
    not_utf8[author] = 0xff;
    assert!(matches!(Header::decode(&not_utf8), Err(MalformedHeader::Bdf(_))));
}

#[test]
fn every_entry_must_be_there() {
    let parsed = bdf::parse(&full().encode()).unwrap();
    let entries = parsed.as_dictionary().unwrap();
    for (missing, _) in entries.iter() {
        let others = entries.iter().filter(|(name, _)| *name != missing);
        let others: Dictionary = others.map(|(name, value)| (name, value.clone())).collect();
        let mut encoded = Vec::new();
        bdf::write(&Value::Dictionary(others), &mut encoded);
        assert_eq!(Header::decode(&encoded), Err(MalformedHeader::Form), "{missing}");
    }
}

proptest! {
    #[test]
    fn a_changed_byte_is_another_header_or_none(place in 0usize..1000, byte: u8) {
        let mut encoded = full().encode();
        let place = place % encoded.len();
        encoded[place] = byte;
        if let Ok(header) = Header::decode(&encoded) {
            prop_assert_eq!(header.encode(), encoded);
        }
    }
}

//! Copies that end early, and files that come in pieces.

use p2psync_sync::bundle::{Event, ReadError};

use crate::making::{carrier, make, messages, read};

#[test]
fn a_cut_at_every_1000th_byte_gives_every_document_before_it() {
    let made = make(&mut carrier(12, &[40_000, 20_000]), 3, None, 1);
    let (whole, end) = read(&made.bytes, 2, usize::MAX);
    assert_eq!(end, Ok(()));
    let whole = messages(&whole);
    assert_eq!(whole.len(), 3 + 12 + 2 + 2, "receipts, forms, photos, their chunks");
    let mut before = 0;
    for cut in (1_000..made.bytes.len()).step_by(1_000) {
        let (events, end) = read(&made.bytes[..cut], 2, 4_096);
        let got = messages(&events);
        assert!(whole.starts_with(&got), "cut at {cut}");
        // What ends there is read whole; chunks in the middle of a document may have to wait for their frame.
        let due = made.marks.iter().filter(|(offset, _)| *offset <= cut).map(|(_, count)| *count).max();
        let ends = |count: &usize| whole.get(*count).is_none_or(|next| !matches!(next, Event::Chunk { .. }));
        let due = due.filter(ends).unwrap_or(before).min(whole.len());
        assert!(got.len() >= due, "cut at {cut}: {} of {due}", got.len());
        assert!(got.len() >= before);
        before = got.len();
        match end {
            Ok(()) => assert_eq!(got.len(), whole.len(), "only padding was cut"),
            Err(error) if cut < 2_200 => {
                assert!(matches!(error, ReadError::TooShort | ReadError::Cut), "cut at {cut}: {error}");
            }
            Err(error) => assert_eq!(error, ReadError::Cut, "cut at {cut}"),
        }
    }
}

#[test]
fn a_cut_at_every_byte_is_noticed_until_nothing_is_missing() {
    let made = make(&mut carrier(2, &[]), 1, None, 2);
    let is_whole = |cut: &usize| read(&made.bytes[..*cut], 1, 777).1.is_ok();
    let length = made.bytes.len();
    assert!(!(0..length - 900).step_by(37).any(|cut| is_whole(&cut)));
    let first = (length - 900..length).find(is_whole).unwrap();
    assert!((first..length).step_by(7).all(|cut| is_whole(&cut)));
    let (events, _) = read(&made.bytes[..first], 1, 1);
    assert!(matches!(events.last(), Some(Event::End { statements: 2, documents: 2 })));
    assert_eq!(read(&made.bytes[..first - 1], 1, 1).1, Err(ReadError::Cut));
}

#[test]
fn pieces_change_nothing_and_what_follows_the_end_is_not_looked_at() {
    let made = make(&mut carrier(5, &[40_000]), 2, None, 3);
    let whole = read(&made.bytes, 1, usize::MAX);
    for piece_bytes in [1, 7, 36, 1_000, 1_024, 65_536] {
        assert_eq!(read(&made.bytes, 1, piece_bytes), whole);
    }
    let longer = [made.bytes.as_slice(), b"something else"].concat();
    assert_eq!(read(&longer, 1, 999), whole);
}

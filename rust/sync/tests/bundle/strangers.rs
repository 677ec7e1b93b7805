//! What a bundle shows to those it is not for: its length.

use std::collections::BTreeSet;

use p2psync_bramble::hash;
use p2psync_model::{Fingerprint, Priority};
use p2psync_sync::bundle::{
    ReadError, Reader, SERVER_FRONT_BYTES, SLOT_BYTES, ServerSlot, Veil, length_class,
};

use crate::device::{Device, GROUP};
use crate::making::{MADE, carrier, make, pair_of, read, read_with};

const VEIL: Veil = Veil { group: GROUP, server: Fingerprint::V4([4; 20]) };

#[test]
fn it_gives_a_stranger_nothing() {
    let made = make(&mut carrier(10, &[40_000]), 3, None, 1);
    for other in [4, 9] {
        assert_eq!(read(&made.bytes, other, 1_000), (Vec::new(), Err(ReadError::NotRecognised)));
    }
    // Somebody who has paired with one it is for, and who has paired with the maker once and is forgotten.
    for key in [&pair_of(1, 9, 1)[1], &pair_of(0, 1, 2)[1], &pair_of(0, 9, 1)[1]] {
        let reader = Reader::new(GROUP, vec![key.clone()]);
        assert_eq!(read_with(reader, &made.bytes, 1_000).1, Err(ReadError::NotRecognised));
    }
    assert_eq!(read_with(Reader::new(GROUP, Vec::new()), &made.bytes, 99).1, Err(ReadError::NotRecognised));
}

#[test]
fn no_id_and_no_known_text_is_in_it_and_two_share_nothing() {
    let mut device = carrier(10, &[40_000]);
    let text = b"The well at the eastern camp is dry. ".repeat(40);
    device.write(MADE.0, Priority::High, &text);
    let sealed = [0xc1, 0x84, 0x5e, 0x03].repeat(60);
    let slot = ServerSlot { veil: VEIL, sealed: &sealed };
    let [one, other] = [1_001, 1_002].map(|seed| make(&mut device, 3, Some(&slot), seed).bytes);
    let windows =
        |bytes: &[u8], length| -> BTreeSet<Vec<u8>> { bytes.windows(length).map(<[u8]>::to_vec).collect() };
    // By chance, one of 10^10 windows of eight bytes would be shared once in 10^9 runs.
    assert!(windows(&one, 8).is_disjoint(&windows(&other, 8)), "two bundles of the same share bytes");
    let mut known = vec![GROUP.as_bytes().to_vec(), text, sealed, MADE.0.to_be_bytes().to_vec()];
    known.extend(device.documents.keys().chain(device.statements.keys()).map(|id| id.as_bytes().to_vec()));
    known.extend(device.documents.values().map(|held| held.message.body().to_vec()));
    known.extend(device.chunks.values().map(|chunk| chunk.body().to_vec()));
    let shown = windows(&one, 6);
    for text in known {
        for window in text.windows(6).step_by(5) {
            assert!(!shown.contains(window), "{window:?} is in it");
        }
    }
}

/// Chi-squared of the bytes, with 255 degrees of freedom: above 400 once in 10^8.
fn unevenness(bytes: impl Iterator<Item = u8>) -> f64 {
    let mut counts = [0_u32; 256];
    bytes.for_each(|byte| counts[usize::from(byte)] += 1);
    let expected = f64::from(counts.iter().sum::<u32>()) / 256.0;
    counts.iter().map(|count| (f64::from(*count) - expected).powi(2) / expected).sum()
}

#[test]
fn its_bytes_are_even_everywhere() {
    let long = make(&mut carrier(20, &[100_000]), 3, None, 1).bytes;
    let uneven = unevenness(long.iter().copied());
    assert!(uneven < 400.0, "{uneven}");
    // Position by position, over many short ones with the same content: where would a field of the format show?
    let sealed = vec![0xc1; 300];
    let slot = ServerSlot { veil: VEIL, sealed: &sealed };
    let mut device = Device::default();
    device.write(MADE.0, Priority::High, b"a form");
    let bundles: Vec<Vec<u8>> = (0..256).map(|seed| make(&mut device, 16, Some(&slot), seed).bytes).collect();
    assert_eq!(bundles.iter().map(Vec::len).collect::<BTreeSet<_>>().len(), 1);
    let mut ones = vec![[0_u16; 8]; bundles[0].len()];
    for bundle in &bundles {
        for (byte, counts) in bundle.iter().zip(&mut ones) {
            for (bit, count) in (0..).zip(counts) {
                *count += u16::from(byte >> bit & 1);
            }
        }
    }
    for (position, counts) in ones.iter().enumerate() {
        // Six deviations of 8.
        assert!(counts.iter().all(|count| (80..=176).contains(count)), "byte {position}: {counts:?} of 256");
    }
    let fronts = bundles.iter().flat_map(|bundle| &bundle[..SERVER_FRONT_BYTES + 16 * SLOT_BYTES]);
    let uneven = unevenness(fronts.copied());
    assert!(uneven < 400.0, "{uneven}");
}

#[test]
fn its_length_tells_neither_for_whom_it_is_nor_what_is_in_it() {
    let slot = ServerSlot { veil: VEIL, sealed: &[1; 300] };
    let mut device = carrier(10, &[40_000]);
    let lengths: BTreeSet<usize> = [(0, None), (1, None), (16, None), (1, Some(&slot))]
        .map(|(pairs, server)| make(&mut device, pairs, server, 3).bytes.len())
        .into();
    assert_eq!(lengths.len(), 1, "{lengths:?}");
    let more = make(&mut device, 17, None, 3).bytes.len();
    assert!(lengths.into_iter().all(|length| length < more));
    // Contents of many lengths, few lengths of bundles.
    let bundle_of = |length: usize| {
        let mut device = Device::default();
        let content: Vec<u8> = hash("content", &[&length.to_be_bytes()]).repeat(length.div_ceil(32));
        device.write(MADE.0, Priority::Normal, &content[..length]);
        make(&mut device, 1, None, 4).bytes.len()
    };
    let lengths: BTreeSet<usize> = (1_000..9_000).step_by(100).map(bundle_of).collect();
    assert!(lengths.len() <= 32, "{} lengths of 80", lengths.len());
    assert!(lengths.iter().all(|length| length_class(*length as u64) == *length as u64));
}

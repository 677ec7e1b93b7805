//! Reads sessions by the specification alone: every fingerprint, list and wish is what its writer's messages make it.

use std::collections::{BTreeMap, BTreeSet};

use p2psync_bramble::hash;
use p2psync_vector_reader::{Hex, check};
use serde::Deserialize;

use crate::siphash::siphash;

#[test]
fn vectors_comparisons_by_the_specification() {
    check("sync", "comparison.json", |file: File| {
        let mut heads = BTreeSet::new();
        for session in &file.sessions {
            check_session(session, &mut heads);
        }
        let forms: BTreeSet<u8> = heads.iter().map(|head| head >> 2).collect();
        let modes: BTreeSet<u8> = heads.iter().map(|head| head & 3).collect();
        assert_eq!((forms.len(), modes.len()), (5, 4), "{heads:?}");
        file.sessions.len()
    });
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    sessions: Vec<Session>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Session {
    name: String,
    set: u8,
    key: Hex,
    /// Timestamps and ids.
    messages: Vec<(u64, Hex)>,
    /// From which message, and before which.
    held: [[usize; 2]; 2],
    starts: [Start; 2],
    records: Vec<(usize, Hex)>,
    to_send: [BTreeSet<usize>; 2],
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Start {
    root: Hex,
    count: u64,
}

/// A timestamp and an id; the id is all zeros in a bound without a prefix.
type Place = (u64, [u8; 32]);

fn check_session(session: &Session, heads: &mut BTreeSet<u8>) {
    let key = session.key.array();
    let place = |(timestamp_ms, id): &(u64, Hex)| (*timestamp_ms, id.array());
    let held = session
        .held
        .map(|[first, end]| session.messages[first..end].iter().map(place).collect::<BTreeSet<Place>>());
    for (start, held) in session.starts.iter().zip(&held) {
        assert_eq!(start.count, held.len() as u64, "{}", session.name);
        assert_eq!(start.root.array(), fingerprint(key, held, START, END));
    }
    let mut seen = Seen { heads, lists: BTreeMap::new() };
    let mut turns = 0;
    for (writer, record) in &session.records {
        turns += usize::from(check_record(session, &held, *writer, record, &mut seen));
    }
    let is_settled = held[0] == held[1] || held.iter().any(BTreeSet::is_empty);
    assert_eq!(turns == 0, is_settled, "{}", session.name);
    for (side, to_send) in session.to_send.iter().enumerate() {
        let found: BTreeSet<Place> = to_send.iter().map(|&number| place(&session.messages[number])).collect();
        assert_eq!(found, &held[side] - &held[1 - side], "{}", session.name);
    }
}

const START: Place = (0, [0; 32]);
const END: Place = (1 << 63, [0; 32]);

/// First bytes of ranges, and lists by their bounds.
struct Seen<'a> {
    heads: &'a mut BTreeSet<u8>,
    lists: BTreeMap<(Place, Place), BTreeSet<Vec<u8>>>,
}

/// Whether it ends a turn.
fn check_record(
    session: &Session,
    held: &[BTreeSet<Place>; 2],
    writer: usize,
    mut record: &[u8],
    seen: &mut Seen<'_>,
) -> bool {
    let key = session.key.array();
    let first = take(&mut record, 1)[0];
    assert_eq!(first & 0x7f, session.set);
    if first & 0x80 != 0 {
        assert_eq!(number(&mut record), 0, "all of these turns are answered in full");
    }
    let mut lower = START;
    while !record.is_empty() {
        let head = take(&mut record, 1)[0];
        seen.heads.insert(head);
        let upper = bound(head >> 2, lower, &mut record);
        assert!(lower < upper);
        match head & 3 {
            0 => {}
            1 => assert_eq!(take(&mut record, 6), &fingerprint(key, &held[writer], lower, upper)[..6]),
            2 => {
                let ids = ids(&mut record);
                let own = held[writer].range(lower..upper).map(|(_, id)| siphash(key, id)[..6].to_vec());
                assert_eq!(ids, own.collect());
                seen.lists.insert((lower, upper), ids);
            }
            _ => {
                let listed = &seen.lists[&(lower, upper)];
                let own = held[writer].range(lower..upper).map(|(_, id)| siphash(key, id)[..6].to_vec());
                assert_eq!(ids(&mut record), listed - &own.collect());
            }
        }
        lower = upper;
    }
    first & 0x80 != 0
}

fn take<'a>(input: &mut &'a [u8], bytes: usize) -> &'a [u8] {
    let (taken, rest) = input.split_at(bytes);
    *input = rest;
    taken
}

fn number(input: &mut &[u8]) -> u64 {
    let byte = u64::from(take(input, 1)[0]);
    if byte < 0x80 { byte } else { (byte & 0x7f) + (number(input) << 7) }
}

fn ids(input: &mut &[u8]) -> BTreeSet<Vec<u8>> {
    let count = usize::from(take(input, 1)[0]);
    take(input, 6 * count).chunks(6).map(<[u8]>::to_vec).collect()
}

fn bound(form: u8, previous: Place, input: &mut &[u8]) -> Place {
    let shift = match form {
        0 => return END,
        1 => 18,
        2 => 10,
        _ => 0,
    };
    let timestamp_ms = ((previous.0 >> shift) + number(input)) << shift;
    let mut id = [0; 32];
    if form == 4 {
        let length = usize::from(take(input, 1)[0]);
        id[..length].copy_from_slice(take(input, length));
    }
    (timestamp_ms, id)
}

fn fingerprint(key: [u8; 16], held: &BTreeSet<Place>, lower: Place, upper: Place) -> [u8; 8] {
    let mut message = Vec::new();
    let buckets: BTreeSet<u64> =
        held.range(lower..upper).map(|(timestamp_ms, _)| timestamp_ms >> 18).collect();
    for bucket in buckets {
        let (begin, end) = ((bucket << 18, [0; 32]), ((bucket + 1) << 18, [0; 32]));
        if lower <= begin && end <= upper {
            let mut ids: Vec<&[u8]> = held.range(begin..end).map(|(_, id)| id.as_slice()).collect();
            ids.sort_unstable();
            message.push(1);
            message.extend(bucket.to_be_bytes());
            message.extend(u32::try_from(ids.len()).unwrap().to_be_bytes());
            message.extend(hash("org.sahana.p2psync.store/BUCKET", &ids));
        } else {
            let inside = held.range(begin.max(lower)..end.min(upper));
            inside.for_each(|(_, id)| message.extend([&[2], id.as_slice()].concat()));
        }
    }
    siphash(key, &message)
}

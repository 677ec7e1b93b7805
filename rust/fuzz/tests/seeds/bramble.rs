//! Seeds of the targets of Bramble's vocabulary.

use super::{Seeds, hex_fields};

pub fn bdf() -> Seeds {
    let mut seeds = hex_fields("bdf.json", "encode", "/encoded");
    seeds.extend(hex_fields("bdf.json", "decode_edge", "/encoded"));
    // Of two alike one is enough, and a long string shows no more than a short one.
    seeds.retain(|(_, bytes)| bytes.len() <= 600);
    seeds.sort_by(|left, right| left.1.cmp(&right.1));
    seeds.dedup_by(|left, right| left.1 == right.1);
    seeds.truncate(48);
    seeds
}

/// What came in, in each captured or planned BQP session, whole and in small pieces.
pub fn record() -> Seeds {
    let mut sessions = hex_fields("bqp_session.json", "edge", "/incoming");
    sessions.extend(hex_fields("bqp_session.json", "good", "/alice/incoming"));
    let script = |piece_bytes: u8, stream: &[u8]| [&[4, piece_bytes - 1], stream].concat();
    let mut seeds: Seeds = sessions.iter().map(|(name, stream)| (name.clone(), script(7, stream))).collect();
    let long = [&[4, 2, 1, 44], [1; 300].as_slice(), &[4, 0, 0, 200], &[2; 200]].concat();
    seeds.push(("long-and-next".to_owned(), script(150, &long)));
    seeds
}

/// Scripts for `p2psync_fuzz::stream`: each fault, on streams of one frame, of many, and without an end.
pub fn stream() -> Seeds {
    let frame = |last: bool, padding_bytes: u16, payload: &[u8]| {
        let length = u16::try_from(payload.len()).unwrap().to_be_bytes();
        [&[u8::from(!last)], &padding_bytes.to_be_bytes()[..], &length, payload].concat()
    };
    let streams = [
        ("one", frame(true, 0, b"the form")),
        ("empty", frame(true, 0, b"")),
        ("many", [frame(false, 0, b"first"), frame(false, 31, b""), frame(true, 9, b"last")].concat()),
        ("full", [frame(false, 0, &[7; 988]), frame(false, 988, b""), frame(true, 488, &[8; 500])].concat()),
        ("endless", [frame(false, 0, b"first"), frame(false, 0, b"second")].concat()),
    ];
    let faults =
        [("whole", 0, 0), ("cut", 1, 100), ("cut-header", 1, 50), ("change", 2, 90), ("foreign", 3, 0)];
    let mut seeds = Seeds::new();
    for (stream, frames) in &streams {
        for (fault, code, place) in faults {
            let [high, low] = u16::to_be_bytes(place);
            let script = [&[12, code, high, low, 1, 2], frames.as_slice()].concat();
            seeds.push((format!("{stream}-{fault}"), script));
        }
    }
    seeds
}

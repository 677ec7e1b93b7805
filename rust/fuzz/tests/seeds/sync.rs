//! Seeds of the comparison: its vectors' records, and scripts for honest and other peers.

use serde_json::Value;

use super::Seeds;

pub fn ranges() -> Seeds {
    let mut seeds = records();
    seeds.push((
        "twice-bytes".into(),
        [&[1, 3, 2, 8, 40, 8, 70, 8], &[6, 0x81, 0, 0x02, 0, 0, 0][..]].concat(),
    ));
    for (name, place) in
        [("at-once", 0), ("milliseconds", 64), ("seconds", 96), ("buckets", 128), ("far", 160)]
    {
        for count in [20, 120] {
            let held = (0..count).flat_map(|number: u8| [place + number % 32, number]);
            seeds.push((format!("honest-{name}-{count}"), [3, count].into_iter().chain(held).collect()));
        }
        let held = (0..90).flat_map(|number: u8| [place + number % 32, number | 2]);
        let heard = [place, 3, 0x4a, 5, 3, 9, 0xa1, 6, 1, 8, 0xc0, 7, 2, 0];
        let script: Vec<u8> = [2, 90].into_iter().chain(held).chain(heard.repeat(3)).collect();
        seeds.push((format!("ranges-{name}"), script));
    }
    seeds
}

/// What peers say in a session of version 1, in order and out of it.
pub fn sync() -> Seeds {
    let record = |kind: u8, payload: &[u8]| {
        let length = u16::try_from(payload.len()).unwrap().to_be_bytes();
        [[1, kind].as_slice(), &length, payload].concat()
    };
    let start = |set: u8, count: u8| record(1, &[[set].as_slice(), &[7; 8], &[0, 0, 0, count]].concat());
    let id = |number: u8| [number; 32];
    let everything = [
        start(2, 0),
        start(1, 0),
        record(6, &[id(8), id(1)].concat()),
        record(16, &[id(8), id(9), id(9)].concat()),
        record(17, &[id(8).as_slice(), &id(9), &[0, 200]].concat()),
        record(10, &[0, 0, 0, 3]),
        record(11, &[[1].as_slice(), &id(3)].concat()),
        record(12, &id(8)),
        record(4, &[[0; 8].as_slice(), b"\0document"].concat()),
        record(5, &[id(70).as_slice(), &[0; 7], &[99, 1]].concat()),
        record(9, &id(70)),
        record(13, &[1; 12]),
        record(15, b"here"),
        record(14, &[0; 12]),
    ];
    let mut seeds: Seeds = Vec::new();
    for setting in [2, 3, 6, 0xf2] {
        seeds.push((format!("all-{setting:02x}"), [&[setting], everything.concat().as_slice()].concat()));
    }
    for (number, said) in everything.iter().enumerate() {
        let begun = [start(2, 0), start(1, 9)].concat();
        seeds.push((format!("one-{number:02}"), [&[0x72], begun.as_slice(), said].concat()));
    }
    seeds
}

/// Those that are not too long, to be decoded.
fn records() -> Seeds {
    let path =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../test/vectors/sync/comparison.json");
    let vectors: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let sessions = vectors["sessions"].as_array().unwrap().iter();
    let records = sessions.flat_map(|session| session["records"].as_array().unwrap());
    let record = |(number, record): (usize, &Value)| {
        let bytes = hex::decode(record[1].as_str().unwrap()).unwrap();
        (format!("record-{number:02}"), [&[0], bytes.as_slice()].concat())
    };
    records.enumerate().map(record).collect()
}

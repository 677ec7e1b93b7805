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

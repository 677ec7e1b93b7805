//! Seeds of the targets of BSP 0.

use super::{Seeds, hex_fields};

/// The records of the vectors, whole and in pieces, and several after one another.
pub fn bsp_record() -> Seeds {
    let mut seeds = hex_fields("bsp_records.json", "encode", "/record");
    seeds.extend(hex_fields("bsp_records.json", "decode_edge", "/input"));
    let all: Vec<u8> = seeds
        .iter()
        .filter(|(name, _)| name.starts_with("encode"))
        .flat_map(|(_, bytes)| bytes.clone())
        .collect();
    seeds.push(("all".to_owned(), all));
    for (name, bytes) in &mut seeds {
        bytes.insert(0, u8::try_from(name.len()).unwrap());
    }
    seeds
}

/// Decisions: a quarter of a byte says which, the rest how many. See `p2psync_fuzz::bsp_session`.
pub fn bsp_session() -> Seeds {
    const FILL: &[u8] = &[0, 4, 0];
    const FILL_LITTLE: &[u8] = &[0, 0, 50];
    // Messages 1, 2 and 4 are written, all in the group that is shared but the first.
    let written: &[u8] = &[10, 1, 10, 2, 10, 4, 0x2b];
    let offer: &[u8] = &[0x44, 2, 8, 9, 16];
    let request: &[u8] = &[0x35, 2, 4, 1];
    let ack: &[u8] = &[0x23, 2, 4];
    let messages: &[u8] = &[6, 8, 6, 9, 6, 2];
    let (stored, refused): (&[u8], &[u8]) = (&[0xf8], &[0xf9]);
    let late: &[u8] = &[12, 0xff, 0xff];
    [
        ("greeting", vec![FILL]),
        ("give", vec![written, FILL, request, FILL, ack, FILL]),
        ("give-late", vec![written, FILL, late, FILL, late, FILL, &[13, 0, 0], FILL]),
        ("take", vec![offer, FILL, messages, FILL, stored, FILL]),
        ("take-and-refuse", vec![offer, FILL, messages, refused, offer, FILL]),
        ("both", vec![written, offer, FILL_LITTLE, request, messages, FILL_LITTLE, stored, FILL, ack, FILL]),
        ("hidden", vec![written, offer, FILL, messages, &[0x0b], stored, request, FILL, &[0x4b], FILL]),
        ("end", vec![written, messages, &[0x1f], FILL, stored, FILL]),
        ("interrupt", vec![written, messages, FILL_LITTLE, &[0x0f], FILL, stored, FILL]),
        ("malformed", vec![&[0x03], offer, FILL, &[0x1f], FILL]),
        ("raw", vec![&[0x7e], &[9; 21], messages, FILL]),
    ]
    .iter()
    .flat_map(|(name, parts)| {
        [0, 0x31]
            .map(|setting| (format!("{name}-{setting}"), [&[setting], parts.concat().as_slice()].concat()))
    })
    .collect()
}

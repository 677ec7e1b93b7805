//! Seeds of the target of bundles.

use super::Seeds;

pub fn bundle() -> Seeds {
    // Size of the pieces, fault, place, seed of the bundle.
    let script = |pieces: u8, fault: u8, place: u16, rest: &[u8]| {
        [&[pieces, fault], place.to_be_bytes().as_slice(), &[5], rest].concat()
    };
    let mut seeds: Seeds =
        (0..3).map(|pieces| (format!("whole-{pieces}"), script(pieces, 0, 0, &[]))).collect();
    // In the salt, the server's place, the slots, the stream's header, a frame, the padding.
    for place in [3, 500, 1_056, 1_500, 2_111, 2_120, 2_194, 3_000, 6_000, 7_100] {
        seeds.push((format!("cut-{place}"), script(40, 1, place, &[])));
        seeds.push((format!("bit-{place}"), script(9, 2, place, &[1, 2, 3])));
    }
    let message = [1, 0, 60].into_iter().chain([0; 8]).chain([2; 52]).collect::<Vec<u8>>();
    for (name, said) in [
        ("end", vec![1, 2, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0]),
        ("message", [[1].as_slice(), &message, &message].concat()),
        ("chunk", [&[1, 1, 0, 9], [0; 8].as_slice(), &[1]].concat()),
        ("unknown", vec![1, 3, 0, 2, 9, 9]),
        ("about-twice", [[1, 0, 0, 40].as_slice(), &[3; 40]].concat()),
        ("other-version", vec![2, 7, 1, 0, 0]),
        ("too-long", vec![2, 1, 1, 0xff, 0xff]),
    ] {
        seeds.push((format!("records-{name}"), script(3, 3, 0, &said)));
    }
    seeds.push(("noise".to_owned(), script(3, 4, 0, &[0xa5; 4_000])));
    seeds.push(("short".to_owned(), script(3, 4, 0, &[1; 40])));
    seeds
}

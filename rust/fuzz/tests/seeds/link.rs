//! Seeds of the targets of link.

use p2psync_bramble::SecretKey;
use p2psync_link::{PairSecrets, Versions};

use super::{Seeds, disturbances};

pub fn hello() -> Seeds {
    let versions = |list: &[u8]| Versions::new(list.to_vec()).unwrap().encode();
    [
        ("short", vec![7; 39]),
        ("hello", (0..40).collect()),
        ("versions", versions(&[1]).to_vec()),
        ("agreed", [versions(&[1, 3, 9]).as_slice(), &[9, 2]].concat()),
        ("older", [versions(&[4, 5]).as_slice(), &[1, 2]].concat()),
        ("unsorted", vec![2, 5, 4, 0, 0, 0, 0]),
        ("behind-hello", [[8; 40].as_slice(), &versions(&[1, 2]), &[1]].concat()),
    ]
    .map(|(name, bytes)| (name.to_owned(), bytes))
    .into()
}

pub fn secrets() -> Seeds {
    let fresh = PairSecrets::new(SecretKey::from_bytes([6; 32])).encode().to_vec();
    let cut = fresh[..fresh.len() - 1].to_vec();
    let longer = [fresh.as_slice(), &[0]].concat();
    [("fresh", fresh), ("cut", cut), ("longer", longer)].map(|(name, bytes)| (name.to_owned(), bytes)).into()
}

/// Frames of different sizes without a fault, and faults once the link is open.
pub fn frame() -> Seeds {
    let speech = |frame: u16, ours: u16, theirs: u16| [frame, ours, theirs].map(u16::to_be_bytes).concat();
    let mut seeds = Seeds::from([
        ("short".to_owned(), speech(0, 10, 0)),
        ("long".to_owned(), speech(32_720, 39_999, 39_999)),
        ("many".to_owned(), speech(100, 3_000, 20)),
    ]);
    seeds.extend(disturbances(&speech(200, 300, 2_000), 4));
    seeds
}

/// Calls from both sides without a fault, and faults in each flight of the handshake.
pub fn link() -> Seeds {
    let mut seeds: Seeds = (0..4).map(|setting| (format!("whole-{setting}"), vec![setting])).collect();
    seeds.extend(disturbances(&[1], 5));
    seeds
}

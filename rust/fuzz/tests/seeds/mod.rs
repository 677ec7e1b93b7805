//! Seeds by target, in the order of the table of targets.

mod bramble;
mod bsp;
mod bundle;
mod link;
mod model;
mod pair;
mod seal;
mod sync;

use serde_json::Value;

/// Name of the file and its content.
pub type Seeds = Vec<(String, Vec<u8>)>;

pub fn all() -> Vec<(&'static str, Seeds)> {
    vec![
        ("bdf", bramble::bdf()),
        ("record", bramble::record()),
        ("stream", bramble::stream()),
        ("payload", pair::payload()),
        ("code", pair::code()),
        ("contact", pair::contact()),
        ("pair", pair::pair()),
        ("hello", link::hello()),
        ("secrets", link::secrets()),
        ("frame", link::frame()),
        ("link", link::link()),
        ("message", model::message()),
        ("document", model::document()),
        ("content", model::content()),
        ("receipt", model::receipt()),
        ("certificate", seal::certificate()),
        ("receipt_signature", seal::receipt_signature()),
        ("seal", seal::seal()),
        ("bsp_record", bsp::bsp_record()),
        ("bsp_session", bsp::bsp_session()),
        ("bundle", bundle::bundle()),
        ("ranges", sync::ranges()),
        ("sync", sync::sync()),
    ]
}

/// The hex strings under `field` of each case of `list` in Bramble's `file`, with the name `list-number`.
fn hex_fields(file: &str, list: &str, field: &str) -> Seeds {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../test/vectors/bramble").join(file);
    let vectors: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let cases = vectors[list].as_array().unwrap().iter().enumerate();
    cases
        .filter_map(|(number, case)| {
            let bytes = hex::decode(case.pointer(field)?.as_str()?).unwrap();
            Some((format!("{}-{number:02}", list.replace('_', "-")), bytes))
        })
        .collect()
}

/// Scripts that let a session of `sides` 0 and 1 run for each number of rounds up to `rounds`, and then meddle
/// with what is under way: once in each way, on each side.
fn disturbances(begin: &[u8], rounds: u8) -> Seeds {
    // Decision 4 disturbs: place, kind, and what the kind asks for. Decision 6 is time, 7 the end.
    let kinds: [(&str, &[u8]); 6] = [
        ("bit", &[4, 0, 9, 0, 3]),
        ("loss", &[4, 0, 3, 1]),
        ("repeat", &[4, 0, 0, 2]),
        ("insert", &[4, 0, 2, 3, 2, 0xaa, 0xbb]),
        ("late", &[6, 0xff, 0xff]),
        ("end", &[7]),
    ];
    let mut seeds = Seeds::new();
    for round in 0..rounds {
        for (name, kind) in kinds {
            let side = (round + u8::try_from(name.len()).unwrap()) % 2 * 0x80;
            let (decision, details) = kind.split_first().unwrap();
            // Before the fault, one byte gets across, so that there is something under way.
            let talk = [0x00, 0x80].repeat(usize::from(round));
            let script = [begin, &talk, &[3, 1, 0x83, 1, decision | side], details].concat();
            seeds.push((format!("{name}-{round}"), script));
        }
    }
    seeds
}

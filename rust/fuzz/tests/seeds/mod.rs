//! Seeds by target, in the order of the table of targets.

mod bramble;

use serde_json::Value;

/// Name of the file and its content.
pub type Seeds = Vec<(String, Vec<u8>)>;

pub fn all() -> Vec<(&'static str, Seeds)> {
    vec![("bdf", bramble::bdf()), ("record", bramble::record()), ("stream", bramble::stream())]
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

use p2psync_bramble::bdf::{Value, parse, write};
use p2psync_vector_reader::{Hex, check};
use serde::Deserialize;

#[test]
fn vectors_bdf() {
    check("bramble", "bdf.json", |file: File| {
        file.encode.iter().for_each(check_encode);
        file.decode_edge.iter().for_each(check_decode_edge);
        file.encode.len() + file.decode_edge.len()
    });
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    encode: Vec<Encode>,
    decode_edge: Vec<DecodeEdge>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Encode {
    value: Tree,
    encoded: Hex,
}

fn check_encode(case: &Encode) {
    let value = case.value.value();
    let mut encoded = Vec::new();
    write(&value, &mut encoded);
    assert_eq!(Hex(encoded), case.encoded);
    let mut again = Vec::new();
    write(&parse(&case.encoded).unwrap(), &mut again);
    assert_eq!(Hex(again), case.encoded);
}

/// One malformed or well-formed input. What Briar's reader does when it is not canonical is no concern of ours:
/// nothing in these protocols uses it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DecodeEdge {
    note: String,
    encoded: Option<Hex>,
    encoded_prefix: Option<Hex>,
    #[serde(default)]
    then_zero_bytes: usize,
    then: Option<Hex>,
    error: Option<String>,
    value: Option<Tree>,
    #[serde(rename = "error_when_not_canonical_mode")]
    _error_when_not_canonical_mode: Option<String>,
}

fn check_decode_edge(case: &DecodeEdge) {
    let mut input = case.encoded.clone().or(case.encoded_prefix.clone()).expect("an input").0;
    input.resize(input.len() + case.then_zero_bytes, 0);
    input.extend_from_slice(case.then.as_deref().unwrap_or_default());
    match (&case.error, parse(&input)) {
        (Some(error), Err(_)) => assert_eq!(error, "FormatException", "{}", case.note),
        (None, Ok(value)) => {
            if let Some(expected) = &case.value {
                assert_eq!(value, expected.value(), "{}", case.note);
            }
        }
        (expected, got) => panic!("{}: expected error {expected:?}, got {got:?}", case.note),
    }
}

/// A value as the vectors write it.
#[derive(Deserialize)]
#[serde(tag = "t", rename_all = "lowercase", deny_unknown_fields)]
enum Tree {
    Null,
    Bool {
        v: bool,
    },
    Int {
        v: String,
    },
    Float {
        bits: String,
        #[serde(rename = "v")]
        _v: String,
    },
    String {
        utf8: Hex,
    },
    Raw {
        v: Hex,
    },
    List {
        v: Vec<Tree>,
    },
    Dict {
        v: Vec<Entry>,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    key_utf8: Hex,
    value: Tree,
}

impl Tree {
    fn value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool { v } => Value::Boolean(*v),
            Self::Int { v } => Value::Integer(v.parse().unwrap()),
            Self::Float { bits, .. } => Value::Float(f64::from_bits(u64::from_str_radix(bits, 16).unwrap())),
            Self::String { utf8 } => Value::String(text(utf8)),
            Self::Raw { v } => Value::Raw(v.0.clone()),
            Self::List { v } => Value::List(v.iter().map(Self::value).collect()),
            Self::Dict { v } => Value::Dictionary(
                v.iter().map(|entry| (text(&entry.key_utf8), entry.value.value())).collect(),
            ),
        }
    }
}

fn text(utf8: &Hex) -> String {
    String::from_utf8(utf8.0.clone()).unwrap()
}

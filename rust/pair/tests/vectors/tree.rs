//! BDF values as the vectors write them.

use p2psync_bramble::bdf::Value;
use p2psync_vector_reader::Hex;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(tag = "t", rename_all = "lowercase")]
pub enum Tree {
    Null,
    Bool { v: bool },
    Int { v: String },
    Float { bits: String },
    String { utf8: Hex },
    Raw { v: Hex },
    List { v: Vec<Tree> },
    Dict { v: Vec<Entry> },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    key_utf8: Hex,
    value: Tree,
}

impl Tree {
    pub fn value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool { v } => Value::Boolean(*v),
            Self::Int { v } => Value::Integer(v.parse().unwrap()),
            Self::Float { bits } => Value::Float(f64::from_bits(u64::from_str_radix(bits, 16).unwrap())),
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

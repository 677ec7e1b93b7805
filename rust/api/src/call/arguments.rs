//! Arguments that many methods share, read as what they stand for.

use p2psync_bramble::bdf::{Dictionary, Value as BdfValue};
use p2psync_engine::{Code, NearbyId};
use p2psync_model::{DocumentId, PeerId};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::Failure;

/// No arguments.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// One document.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfDocument {
    id: String,
}

impl OfDocument {
    pub fn id(&self) -> Result<DocumentId, Failure> {
        document(&self.id)
    }
}

/// One peer, or somebody near.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct OfPeer {
    peer_id: String,
}

impl OfPeer {
    pub fn peer(&self) -> Result<PeerId, Failure> {
        peer(&self.peer_id)
    }

    pub fn nearby(&self) -> Result<NearbyId, Failure> {
        nearby(&self.peer_id)
    }
}

pub fn document(text: &str) -> Result<DocumentId, Failure> {
    DocumentId::parse(text).map_err(|_| no("an id of a document has 64 hex digits"))
}

pub fn documents(texts: &[String]) -> Result<Vec<DocumentId>, Failure> {
    texts.iter().map(|text| document(text)).collect()
}

pub fn peer(text: &str) -> Result<PeerId, Failure> {
    PeerId::parse(text).map_err(|_| no("an id of a peer has 64 hex digits"))
}

pub fn nearby(text: &str) -> Result<NearbyId, Failure> {
    NearbyId::parse(text)
        .ok_or_else(|| no("this is neither a peer's id nor one from the list of who is near"))
}

pub fn cursor(text: Option<&str>) -> Result<Option<i64>, Failure> {
    text.map(str::parse).transpose().map_err(|_| no("this is not where a page ended"))
}

/// Plain values, as apps give them.
pub fn dictionary(values: &Map<String, Value>) -> Result<Dictionary, Failure> {
    let plain = |value: &Value| match value {
        Value::Null => Some(BdfValue::Null),
        Value::Bool(value) => Some(BdfValue::Boolean(*value)),
        Value::String(value) => Some(BdfValue::String(value.clone())),
        Value::Number(number) => match number.as_i64() {
            Some(integer) => Some(BdfValue::Integer(integer)),
            None => number.as_f64().map(BdfValue::Float),
        },
        Value::Array(_) | Value::Object(_) => None,
    };
    let entries = values.iter().map(|(name, value)| Some((name.clone(), plain(value)?)));
    entries
        .collect::<Option<Dictionary>>()
        .ok_or_else(|| no("metadata are texts, numbers, true, false and null"))
}

pub fn no(message: &str) -> Failure {
    Failure::new(Code::InvalidArgument, message)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn metadata_are_plain() {
        let map = |value: Value| value.as_object().cloned().unwrap();
        let dictionary_of = |value| dictionary(&map(value));
        let read = dictionary_of(json!({"a": 1, "b": 1.5, "c": "x", "d": null, "e": true})).unwrap();
        assert_eq!(read.get("a"), Some(&BdfValue::Integer(1)));
        assert_eq!(read.get("b"), Some(&BdfValue::Float(1.5)));
        assert!(dictionary_of(json!({"a": []})).is_err() && dictionary_of(json!({"a": {}})).is_err());
    }

    #[test]
    fn ids_and_cursors_are_what_they_are() {
        assert!(document("00").is_err() && peer("found-1").is_err() && nearby("found-x").is_err());
        assert!(nearby("found-1").is_ok());
        assert_eq!(cursor(Some("-5")).unwrap(), Some(-5));
        assert!(cursor(Some("x")).is_err() && cursor(None).unwrap().is_none());
    }
}

//! Metadata as people type it: `name=text`, or `name:=value` for what is no text.

use p2psync_bramble::bdf::{Dictionary, Value};
use p2psync_model::Metadata;

use crate::fault::Fault;

/// One entry.
///
/// # Errors
/// A sentence about what is expected.
pub fn parse(text: &str) -> Result<(String, Value), String> {
    let (name, value) = text.split_once('=').ok_or("NAME=TEXT or NAME:=VALUE is expected")?;
    let (name, value) = match name.strip_suffix(':') {
        None => (name, Value::String(value.to_owned())),
        Some(name) => (name, plain(value).ok_or("after := a number, true, false or null is expected")?),
    };
    if name.is_empty() { Err("the name is missing".to_owned()) } else { Ok((name.to_owned(), value)) }
}

/// All entries; none may be named twice.
///
/// # Errors
/// [`Fault::Usage`].
pub fn dictionary(entries: &[(String, Value)]) -> Result<Dictionary, Fault> {
    let dictionary: Dictionary = entries.iter().cloned().collect();
    if dictionary.len() == entries.len() {
        Ok(dictionary)
    } else {
        Err(Fault::Usage("a --meta is named twice".to_owned()))
    }
}

/// All entries, as a document takes them.
///
/// # Errors
/// [`Fault::Usage`].
pub fn of_document(entries: &[(String, Value)]) -> Result<Metadata, Fault> {
    Metadata::new(dictionary(entries)?).map_err(|error| Fault::Usage(error.to_string()))
}

fn plain(text: &str) -> Option<Value> {
    match text {
        "null" => Some(Value::Null),
        "true" => Some(Value::Boolean(true)),
        "false" => Some(Value::Boolean(false)),
        number => match number.parse() {
            Ok(integer) => Some(Value::Integer(integer)),
            Err(_) => number.parse().ok().filter(|float: &f64| float.is_finite()).map(Value::Float),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_values_are_told_apart() {
        let entry = |name: &str, value| Ok((name.to_owned(), value));
        assert_eq!(parse("a=1"), entry("a", Value::String("1".into())));
        assert_eq!(parse("a=b=c"), entry("a", Value::String("b=c".into())));
        assert_eq!(parse("a="), entry("a", Value::String(String::new())));
        assert_eq!(parse("a:=1"), entry("a", Value::Integer(1)));
        assert_eq!(parse("a:=-1.5"), entry("a", Value::Float(-1.5)));
        assert_eq!(parse("a:=true"), entry("a", Value::Boolean(true)));
        assert_eq!(parse("a:=null"), entry("a", Value::Null));
        for text in ["", "a", "=b", ":=1", "a:=", "a:=x", "a:=NaN", "a:=inf"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_name_stands_once() {
        let twice = [parse("a=1").unwrap(), parse("a=2").unwrap()];
        assert!(matches!(dictionary(&twice), Err(Fault::Usage(_))));
        assert_eq!(dictionary(&twice[..1]).unwrap().len(), 1);
    }
}

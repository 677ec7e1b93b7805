//! What programs ask for, in JSON: one table of methods, under the names that the plugin's API has.
//!
//! A request is one line, `{"id":1,"call":"getStatus","args":{}}`; its reply has the same `id` and a `result` or an
//! `error`. What only a host can do (opening, closing, dialling) is not here.

mod arguments;
mod bundles;
mod device;
mod documents;
mod host;
mod people;

use core::net::SocketAddr;
use std::io::{Read, Write};

use p2psync_engine::{Code, Effect, Engine, Moment, Step};
use rand_core::CryptoRngCore;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{Failure, FailureDetail};
pub use host::{AddressList, DialOptions, Done, OpenOptions};

/// One request.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Comes back with the reply.
    #[serde(default)]
    pub id: Value,
    /// The method.
    #[serde(rename = "call")]
    pub method: String,
    /// Its arguments: an object, or nothing.
    #[serde(default)]
    args: Value,
}

impl Request {
    /// Reads a line.
    ///
    /// # Errors
    /// [`Failure`]: `INVALID_ARGUMENT`.
    pub fn parse(line: &str) -> Result<Self, Failure> {
        serde_json::from_str(line).map_err(|error| invalid(&error))
    }

    /// What stands for the `id` of a line that is no request.
    pub const fn nobodys() -> Value {
        Value::Null
    }

    /// The arguments, as what they should be. No arguments at all are an empty object.
    ///
    /// # Errors
    /// [`Failure`]: `INVALID_ARGUMENT`.
    pub fn arguments<'de, T: Deserialize<'de>>(&self) -> Result<T, Failure> {
        let args = if self.args.is_null() { json!({}) } else { self.args.clone() };
        T::deserialize(args).map_err(|error| invalid(&error))
    }
}

/// The reply to a request.
#[derive(Clone, Debug, Serialize)]
pub struct Reply {
    /// The request's.
    pub id: Value,
    /// What came of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What came of a request.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// It was done.
    Result(Value),
    /// It was not.
    Error(FailureDetail),
}

impl Reply {
    /// The reply to `id`.
    pub fn new(id: Value, outcome: Result<Value, Failure>) -> Self {
        let outcome = match outcome {
            Ok(result) => Outcome::Result(result),
            Err(failure) => Outcome::Error(failure.error),
        };
        Self { id, outcome }
    }

    /// The reply to `id`, of a method that a host has carried out.
    pub fn of_host(id: Value, outcome: Result<impl Serialize, Failure>) -> Self {
        Self::new(id, outcome.map(|result| told(&result)))
    }
}

/// Files that arguments name.
pub trait Files {
    /// Opens one to be read.
    ///
    /// # Errors
    /// A sentence about what is wrong.
    fn open(&self, uri: &str) -> Result<Box<dyn Read>, String>;

    /// Writes a new one by `fill`; leaves nothing if that fails.
    ///
    /// # Errors
    /// [`Failure`].
    fn create(
        &self,
        uri: &str,
        fill: &mut dyn FnMut(&mut dyn Write) -> Result<(), Failure>,
    ) -> Result<(), Failure>;
}

/// What a call needs.
pub struct Caller<'a> {
    /// The engine.
    pub engine: &'a mut Engine,
    /// When.
    pub now: Moment,
    /// Fresh.
    pub random: &'a mut dyn CryptoRngCore,
    /// What the host must do then, in order, also if the call fails.
    pub effects: &'a mut Vec<Effect>,
    /// Where the host listens in the local network.
    pub addresses: &'a [SocketAddr],
    /// Files that arguments name.
    pub files: &'a dyn Files,
}

impl Caller<'_> {
    /// Does what is asked for.
    ///
    /// # Errors
    /// [`Failure`]; `UNIMPLEMENTED` for a method that is not known.
    pub fn call(&mut self, request: &Request) -> Result<Value, Failure> {
        let known = METHODS.iter().find(|(name, _)| *name == request.method);
        let (_, method) = known.ok_or_else(|| Failure::unimplemented(&request.method))?;
        method(self, request)
    }

    fn act<R>(&mut self, act: impl FnOnce(&mut Engine, Step<'_>) -> R) -> R {
        act(self.engine, Step { now: self.now, random: self.random, effects: self.effects })
    }
}

/// The names of all methods, in order.
pub fn methods() -> impl Iterator<Item = &'static str> {
    METHODS.iter().map(|(name, _)| *name)
}

type Method = fn(&mut Caller<'_>, &Request) -> Result<Value, Failure>;

const METHODS: &[(&str, Method)] = &[
    ("check", device::check),
    ("confirmPeer", people::confirm),
    ("connect", people::connect),
    ("deactivate", device::deactivate),
    ("deleteDocuments", documents::delete),
    ("disconnect", people::disconnect),
    ("exportBundle", bundles::export),
    ("forgetPeer", people::forget),
    ("getDocument", documents::get),
    ("getHistory", device::history),
    ("getPairingCode", people::pairing_code),
    ("getStatus", device::status),
    ("hidePairingCode", people::hide_code),
    ("importBundle", bundles::import),
    ("listDocuments", documents::list),
    ("listNearby", people::nearby),
    ("listPeers", people::peers),
    ("putDocument", documents::put),
    ("readDocument", documents::read),
    ("rememberPeer", people::remember),
    ("setShared", documents::set_shared),
    ("startDiscovery", device::start_discovery),
    ("stopDiscovery", device::stop_discovery),
    ("submitPairingCode", people::submit_code),
    ("updatePeer", people::update),
];

fn invalid(error: &dyn core::fmt::Display) -> Failure {
    Failure::new(Code::InvalidArgument, error.to_string())
}

/// A result of a type of this crate.
fn told(result: &impl Serialize) -> Value {
    serde_json::to_value(result).expect("the types of this crate have no keys but strings, and do not fail")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::to_json;

    #[test]
    fn requests_are_lines_and_nothing_else() {
        let request = Request::parse(r#"{"id":7,"call":"getStatus"}"#).unwrap();
        assert_eq!((request.id.clone(), request.method.as_str()), (json!(7), "getStatus"));
        assert_eq!(request.arguments::<Value>().unwrap(), json!({}));
        for line in ["", "{}", "[]", r#"{"id":1}"#, r#"{"call":1}"#, r#"{"call":"a","more":1}"#] {
            assert_eq!(Request::parse(line).unwrap_err().error.code, "INVALID_ARGUMENT", "{line}");
        }
    }

    #[test]
    fn a_reply_has_a_result_or_an_error() {
        assert_eq!(to_json(&Reply::new(json!("a"), Ok(json!({})))), r#"{"id":"a","result":{}}"#);
        assert_eq!(
            to_json(&Reply::new(json!(1), Err(Failure::unimplemented("fly")))),
            r#"{"id":1,"error":{"code":"UNIMPLEMENTED","message":"there is no method fly"}}"#
        );
        assert!(methods().is_sorted());
    }
}

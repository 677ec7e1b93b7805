//! Errors, as programs see them.

use p2psync_engine::{Code, Error};
use serde::Serialize;

/// An operation that did not take place.
#[derive(Clone, Debug, Serialize)]
pub struct Failure {
    /// What is known of it.
    pub error: FailureDetail,
}

/// What is known of an error.
#[derive(Clone, Debug, Serialize)]
pub struct FailureDetail {
    /// Its stable name.
    pub code: &'static str,
    /// A sentence for people who look for the cause.
    pub message: String,
    /// What a person can do, if anything helps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<&'static str>,
}

impl Failure {
    /// An error that is not the engine's own.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        let action = code.action().map(p2psync_engine::Action::as_str);
        Self { error: FailureDetail { code: code.as_str(), message: message.into(), action } }
    }

    /// A method was called that there is not.
    pub fn unimplemented(method: &str) -> Self {
        Self::of_host("UNIMPLEMENTED", format!("there is no method {method}"))
    }

    /// A method was called that needs an open store.
    pub fn not_open() -> Self {
        Self::of_host("NOT_OPEN", "the store is not open".to_owned())
    }

    const fn of_host(code: &'static str, message: String) -> Self {
        Self { error: FailureDetail { code, message, action: None } }
    }
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::to_json;

    #[test]
    fn an_error_has_a_code_a_sentence_and_perhaps_a_way_out() {
        let json = |error: &Error| to_json(&Failure::from(error));
        assert_eq!(
            json(&Error::DiskFull),
            r#"{"error":{"code":"NO_SPACE","message":"the disk is full","action":"freeSpace"}}"#
        );
        assert_eq!(
            json(&Error::NotFound),
            r#"{"error":{"code":"NOT_FOUND","message":"nothing has that id"}}"#
        );
    }
}

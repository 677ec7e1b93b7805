//! Why a command did nothing: what happened, and what to do next.

use std::fmt::Display;
use std::path::Path;

use p2psync_engine::{Action, Code, Error};

/// A command that did not do what it was asked for.
#[derive(Debug)]
pub enum Fault {
    /// The engine's own error.
    Engine(Error),
    /// Another reason, with what to do about it.
    Failed {
        /// The stable name.
        code: Code,
        /// What happened.
        message: String,
        /// What to do next.
        advice: String,
    },
    /// The arguments mean nothing together.
    Usage(String),
    /// Everything was said already.
    Said,
    /// Nobody listens any more.
    Unheard,
}

impl Fault {
    /// A failure with advice.
    pub fn new(code: Code, message: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::Failed { code, message: message.into(), advice: advice.into() }
    }

    /// A file that could not be read.
    pub fn reading(path: &Path, error: &impl Display) -> Self {
        let message = format!("{} could not be read: {error}", path.display());
        Self::new(Code::InvalidArgument, message, "check its name and who may read it")
    }

    /// A file that could not be written.
    pub fn writing(path: &Path, error: &std::io::Error) -> Self {
        let message = format!("{} could not be written: {error}", path.display());
        match error.kind() {
            std::io::ErrorKind::StorageFull => Self::new(Code::NoSpace, message, advice(Code::NoSpace)),
            std::io::ErrorKind::AlreadyExists => {
                Self::new(Code::InvalidArgument, message, "choose another name: nothing is overwritten")
            }
            _ => Self::new(Code::InvalidArgument, message, "check its folder and who may write there"),
        }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Engine(error)
    }
}

/// What to do next about an error of the engine.
pub const fn advice(code: Code) -> &'static str {
    match code {
        Code::InvalidArgument => "correct it and try again",
        Code::NotFound => "`p2psync list` shows what is here",
        Code::Busy => "wait for the other p2psync to end, or end it",
        Code::PasswordRequired | Code::WrongPassword => {
            "try again with the right password; nothing was changed"
        }
        Code::StoreCorrupt => {
            "run `p2psync check --full --rescue`: it saves what still opens and deletes nothing"
        }
        Code::StoreTooNew => "install the newer version of p2psync; nothing was changed",
        Code::NoSpace => "free some space and try again: nothing that was kept is lost",
        Code::QuotaExceeded => "delete documents that are confirmed, and try again",
        Code::DocumentTooLarge => "make it smaller, or divide it",
        Code::Encrypted => {
            "read it on the destination server; here, `p2psync get --info` shows what is known"
        }
        Code::HashMismatch => "ask whoever made it to send it again, and delete this copy",
        Code::ClockWrong => "check this machine's date",
        Code::NoDestination => "set one: `p2psync destination --url URL --cert FILE`",
        Code::InvalidUrl => "ask the server's admin for its address",
        Code::InvalidKey | Code::KeyExpired | Code::KeyCannotEncrypt => {
            "ask the server's admin for a good key"
        }
        Code::ConfirmationInvalid => "do not delete anything because of it; ask the server's admin",
        Code::Internal => "try again, and report it if it stays",
        other => general_advice(other.action()),
    }
}

/// What to do next about an error for which this program has no words of its own.
const fn general_advice(action: Option<Action>) -> &'static str {
    match action {
        Some(Action::FreeSpace) => "free some space",
        Some(Action::UpdateApp) => "install the newer version of p2psync, here or there",
        Some(Action::FixClock) => "check this machine's date",
        Some(Action::AskAdmin) => "ask the server's admin",
        Some(Action::PairAgain) => "pair with the other device again",
        None => "try again",
    }
}

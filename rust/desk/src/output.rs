//! Where answers go: one object of JSON, or text for people. Standard output has the answer, standard error the rest.

use std::io::Write as _;
use std::process::ExitCode;

use p2psync_api::{Failure, to_json};
use p2psync_engine::{Code, RescueReport};

use crate::fault::{Fault, advice};

/// Where answers go.
#[derive(Debug)]
pub struct Output {
    json: bool,
}

impl Output {
    /// For programs (`json`) or people.
    pub const fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether a program listens.
    pub const fn is_json(&self) -> bool {
        self.json
    }

    /// Writes a line for a program, or lines for people, and does not keep them back.
    ///
    /// # Errors
    /// [`Fault::Unheard`].
    pub fn say(&mut self, json: impl FnOnce() -> String, text: impl FnOnce() -> String) -> Result<(), Fault> {
        let line = if self.json { json() } else { text() };
        let mut out = std::io::stdout().lock();
        let written = if line.is_empty() { Ok(()) } else { writeln!(out, "{}", line.trim_end_matches('\n')) };
        written.and_then(|()| out.flush()).map_err(|_| Fault::Unheard)
    }

    /// Says what went wrong, and gives the exit code for it.
    pub fn fail(&mut self, fault: &Fault) -> ExitCode {
        let (code, message, advice) = match fault {
            Fault::Engine(error) => (error.code(), error.to_string(), advice(error.code()).to_owned()),
            Fault::Failed { code, message, advice } => (*code, message.clone(), advice.clone()),
            Fault::Usage(message) => {
                let advice = "`p2psync help` shows what can be asked for".to_owned();
                (Code::InvalidArgument, message.clone(), advice)
            }
            Fault::Said | Fault::Unheard => return ExitCode::FAILURE,
        };
        if self.json {
            let _ = self.say(|| to_json(&Failure::new(code, message)), String::new);
        } else {
            let message = message.trim_end_matches('.');
            note(&format!("{message}. What to do: {advice}."));
        }
        if matches!(fault, Fault::Usage(_)) { ExitCode::from(2) } else { ExitCode::FAILURE }
    }
}

/// Tells people what they should know beside the answer.
pub fn note(text: &str) {
    // If nobody hears it, nothing depends on it.
    let _ = writeln!(std::io::stderr().lock(), "p2psync: {text}");
}

/// Tells people that the store was damaged, and what was saved.
pub fn note_rescue(report: &RescueReport) {
    let (saved, lost) =
        report.tables.iter().fold((0, 0), |(saved, lost), table| (saved + table.saved, lost + table.lost));
    let name = report.set_aside_as.display();
    if report.key_lost {
        note(&format!(
            "the store was damaged and its key is lost. It was set aside as {name}; this is a new store"
        ));
    } else {
        note(&format!(
            "the store was damaged and set aside as {name}. Saved: {saved} rows; lost: {lost}; documents that \
             are whole no longer: {}",
            report.documents_incomplete
        ));
    }
}

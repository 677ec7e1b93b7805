//! `password` and `wipe`: what opens the store, and its end.

use p2psync_engine::Code;

use super::Session;
use crate::arguments::Password;
use crate::fault::Fault;
use crate::home::{Secret, password_cost};
use crate::output::Output;
use crate::{machine, password};

/// Changes the password, or does without from now on.
pub fn password(session: &Session<'_>, asked: &Password, output: &mut Output) -> Result<(), Fault> {
    let mut engine = session.open()?;
    let secret = if asked.none {
        // On disk before the store depends on it.
        Secret::Key(session.home.key_or_new()?)
    } else {
        Secret::Password(password::chosen(asked.new.as_deref(), false)?)
    };
    engine.set_unlock(&secret.as_unlock(), password_cost(), &mut machine::random())?;
    if !asked.none {
        session.home.remove_key()?;
    }
    let (name, text) = if asked.none {
        ("key", "the store is opened by the key beside it from now on")
    } else {
        ("password", "the store is opened by the new password from now on")
    };
    output.say(|| format!(r#"{{"openedBy":"{name}"}}"#), || text.to_owned())
}

/// Destroys everything; asks first.
pub fn wipe(session: &Session<'_>, yes: bool, output: &mut Output) -> Result<(), Fault> {
    let engine = session.open()?;
    let only_here = engine.status()?.only_here;
    let count = only_here.own + only_here.others;
    let warning = format!("documents that are nowhere else: {count}");
    if !yes
        && !super::is_confirmed(&format!(
            "Everything in {} will be destroyed; {warning}.",
            session.home.folder().display()
        ))
    {
        let message = format!("nothing was destroyed; {warning}");
        return Err(Fault::new(Code::InvalidArgument, message, "give --yes to destroy everything"));
    }
    engine.wipe()?;
    session.home.remove_key()?;
    output.say(|| r#"{"wiped":true}"#.to_owned(), || "everything was destroyed".to_owned())
}

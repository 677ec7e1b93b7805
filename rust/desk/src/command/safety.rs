//! `status` and `check`: whether what is here is safe.

use p2psync_api::to_json;
use p2psync_engine::{Depth, Engine, RescueReport, Status};

use super::Session;
use crate::arguments::Check;
use crate::fault::Fault;
use crate::home::options;
use crate::output::{Output, note, note_rescue};
use crate::{machine, table};

/// Counts documents.
pub fn status(session: &Session<'_>, output: &mut Output) -> Result<(), Fault> {
    let engine = session.open()?;
    let status = engine.status()?;
    let has_destination = engine.destination(machine::now()).is_some();
    output.say(
        || to_json(&p2psync_api::Status::of(&status, has_destination)),
        || text(&status, has_destination),
    )
}

/// Looks for damage; with `--rescue`, saves what still opens if there is any.
pub fn check(session: &Session<'_>, check: &Check, output: &mut Output) -> Result<(), Fault> {
    let depth = if check.full { Depth::Full } else { Depth::Quick };
    let opened = session.opened()?;
    let findings = opened.engine.check(depth)?;
    let is_well = findings.damage.is_empty();
    let mut rescue = opened.rescue;
    if check.rescue && !is_well {
        opened.engine.close()?;
        let report = rescued(session)?;
        note_rescue(&report);
        rescue = Some(report);
    }
    let text = || {
        let looked = if check.full { format!(" {} rows were opened.", findings.rows) } else { String::new() };
        if is_well {
            format!("no damage was found.{looked}")
        } else {
            format!("DAMAGED.{looked}\n{}", findings.damage.join("\n"))
        }
    };
    output.say(|| to_json(&p2psync_api::Check::of(&findings, rescue.as_ref())), text)?;
    if is_well || check.rescue {
        return Ok(());
    }
    if !output.is_json() {
        note("what to do: `p2psync check --full --rescue` saves what still opens and deletes nothing");
    }
    Err(Fault::Said)
}

fn rescued(session: &Session<'_>) -> Result<RescueReport, Fault> {
    let opened = session.home.with_secret(session.arguments.password_file.as_deref(), |secret| {
        Engine::rescue(session.home.place(), &options(secret, None), &mut machine::random())
    })?;
    opened.rescue.ok_or(Fault::Engine(p2psync_engine::Error::Damaged("the store, which was not saved")))
}

fn text(status: &Status, has_destination: bool) -> String {
    let Status { own, received, waiting, confirmed, bytes, only_here } = *status;
    let safe = if status.is_safe_to_wipe() {
        "yes: everything is with the server or on another device".to_owned()
    } else {
        format!("NO: {} made here and {} of others are nowhere else", only_here.own, only_here.others)
    };
    let destination = if has_destination { "set" } else { "none" };
    format!(
        "documents     {}, {}\nmade here     {own}\nof others     {received}\nwaiting       {waiting}\n\
         confirmed     {confirmed}\ndestination   {destination}\nsafe to wipe  {safe}",
        own + received,
        table::size(bytes)
    )
}

//! `delete`: the owner's right.

use p2psync_api::to_json;
use p2psync_engine::{Code, State};

use super::Session;
use crate::arguments::Delete;
use crate::fault::Fault;
use crate::output::Output;
use crate::table;

/// Deletes documents; asks first if the server has not confirmed all of them.
pub fn run(session: &Session<'_>, delete: &Delete, output: &mut Output) -> Result<(), Fault> {
    let mut engine = session.open()?;
    let mut ids = Vec::new();
    let mut unconfirmed = 0;
    for text in &delete.ids {
        let id = super::find(&engine, text)?;
        if !ids.contains(&id) {
            unconfirmed += u64::from(engine.document(&id)?.state != State::Confirmed);
            ids.push(id);
        }
    }
    let warning = format!("not confirmed by the server: {}", table::counted(unconfirmed, "document"));
    if unconfirmed > 0 && !delete.yes && !super::is_confirmed(&format!("{warning}. Delete?")) {
        return Err(Fault::new(Code::InvalidArgument, warning, "give --yes to delete all the same"));
    }
    let deleted = engine.delete(&ids, delete.block)?;
    output.say(
        || to_json(&p2psync_api::Deleted::from(deleted)),
        || {
            let count = table::counted(u64::from(deleted.deleted), "document");
            format!("deleted: {count}, {} of them unconfirmed", deleted.unconfirmed)
        },
    )
}

//! `bundle`: documents go by memory card.

use std::io::Write as _;
use std::path::Path;

use p2psync_api::{ExportedBundle, ImportedBundle, to_json};
use p2psync_engine::{Engine, Error, Exported, Imported, Which};

use super::Session;
use crate::arguments::{Bundle, BundleAction};
use crate::fault::Fault;
use crate::narrator::shown_name;
use crate::output::{Output, note};
use crate::{file, machine, table};

/// Writes a bundle, or takes one.
pub fn run(session: &Session<'_>, asked: &Bundle, output: &mut Output) -> Result<(), Fault> {
    match &asked.action {
        BundleAction::Export { file, ids } => export(session, file, ids, output),
        BundleAction::Import { file } => import(session, file, output),
    }
}

fn export(session: &Session<'_>, path: &Path, ids: &[String], output: &mut Output) -> Result<(), Fault> {
    let mut engine = session.open()?;
    let ids = ids.iter().map(|text| super::find(&engine, text)).collect::<Result<Vec<_>, _>>()?;
    let which = if ids.is_empty() { Which::Offered } else { Which::Chosen(&ids) };
    let mut write = |out: &mut dyn std::io::Write| {
        Ok(engine.export_bundle(out, which, machine::now(), &mut machine::random())?)
    };
    if file::is_standard_input(path) {
        // Standard output has the bundle, so people and programs are told beside it.
        let mut out = std::io::stdout().lock();
        let exported = write(&mut out)?;
        out.flush().map_err(|_| Fault::Unheard)?;
        note(&exported_text(&exported));
        return Ok(());
    }
    let exported = file::write_new(path, |file| write(file))?;
    output.say(|| to_json(&ExportedBundle::from(&exported)), || exported_text(&exported))
}

fn exported_text(exported: &Exported) -> String {
    let Exported { documents, bytes, peers, for_destination, .. } = *exported;
    let server = if for_destination { " and the server" } else { "" };
    format!(
        "{} in {}, for {}{server}",
        table::counted(documents.into(), "document"),
        table::size(bytes),
        table::counted(peers as u64, "peer")
    )
}

fn import(session: &Session<'_>, path: &Path, output: &mut Output) -> Result<(), Fault> {
    let mut engine: Engine = session.open()?;
    let mut input = file::open(path)?;
    let imported = engine.import_bundle(&mut *input, machine::now(), &mut machine::random());
    let imported = imported.map_err(|error| match error {
        Error::Input(reason) => Fault::reading(path, &reason),
        other => other.into(),
    })?;
    output.say(|| to_json(&ImportedBundle::from(&imported)), || imported_text(&imported))?;
    match imported.ended {
        Ok(()) => Ok(()),
        // What came before it counts, and was told.
        Err(_) if output.is_json() => Err(Fault::Said),
        Err(error) => Err(error.into()),
    }
}

fn imported_text(imported: &Imported) -> String {
    let rejected: u32 = imported.rejected.values().sum();
    let mut text = format!(
        "from {}: {} new, {} here before",
        shown_name(&imported.maker_name),
        table::counted(imported.documents.into(), "document"),
        imported.already
    );
    for (count, what) in [(imported.partial, "in part"), (rejected, "not taken")] {
        if count > 0 {
            text = format!("{text}, {count} {what}");
        }
    }
    text
}

//! Bundles, to and from files.

use std::io::Write;

use p2psync_engine::Which;
use serde::Deserialize;
use serde_json::Value;

use super::arguments::{self, no};
use super::{Caller, Request, told};
use crate::{ExportedBundle, Failure, ImportedBundle};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExportOptions {
    uri: String,
    ids: Option<Vec<String>>,
}

pub fn export(caller: &mut Caller<'_>, request: &Request) -> Result<Value, Failure> {
    let asked: ExportOptions = request.arguments()?;
    let ids = asked.ids.map(|ids| arguments::documents(&ids)).transpose()?;
    let which = ids.as_deref().map_or(Which::Offered, Which::Chosen);
    let Caller { engine, now, random, files, .. } = caller;
    let mut exported = None;
    files.create(&asked.uri, &mut |file: &mut dyn Write| {
        let done = engine.export_bundle(file, which, now.wall, *random);
        exported = Some(done.map_err(|error| Failure::from(&error))?);
        Ok(())
    })?;
    let exported = exported.ok_or_else(|| no("nothing was written"))?;
    Ok(told(&ExportedBundle::from(&exported)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ImportOptions {
    uri: String,
}

pub fn import(caller: &mut Caller<'_>, request: &Request) -> Result<Value, Failure> {
    let asked: ImportOptions = request.arguments()?;
    let mut input = caller.files.open(&asked.uri).map_err(|message| no(&message))?;
    let imported = caller.engine.import_bundle(&mut *input, caller.now.wall, caller.random);
    Ok(told(&ImportedBundle::from(&imported.map_err(|error| Failure::from(&error))?)))
}

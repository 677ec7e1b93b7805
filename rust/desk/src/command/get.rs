//! `get`: a document goes out, or what is known of it.

use std::io::Write;

use p2psync_api::{iso, state_name, to_json};
use p2psync_bramble::bdf::Value;
use p2psync_engine::{DocumentInfo, Error, Origin};

use super::Session;
use crate::arguments::Get;
use crate::fault::Fault;
use crate::output::Output;
use crate::{file, table};

/// Writes the content to standard output or a new file. For a program, standard output has the description.
pub fn run(session: &Session<'_>, get: &Get, output: &mut Output) -> Result<(), Fault> {
    let engine = session.open()?;
    let id = super::find(&engine, &get.id)?;
    let info = engine.document(&id)?;
    let described = || to_json(&p2psync_api::DocumentInfo::from(&info));
    match &get.output {
        Some(path) => {
            file::write_new(path, |file| Ok(engine.read(&id, file)?))?;
            output.say(described, String::new)
        }
        None if get.info || output.is_json() => output.say(described, || text(&info)),
        None => {
            let mut out = std::io::stdout().lock();
            match engine.read(&id, &mut out) {
                Err(Error::Output(_)) => Err(Fault::Unheard),
                read => {
                    read?;
                    out.flush().map_err(|_| Fault::Unheard)
                }
            }
        }
    }
}

fn text(info: &DocumentInfo) -> String {
    let from = match info.origin {
        Origin::Own => "this device",
        Origin::Peer => "another device",
    };
    let sealed = match (info.sealed, info.sealed_to_expired) {
        (false, _) => "no",
        (true, false) => "yes",
        (true, true) => "yes, to a key that had expired",
    };
    let mut lines = vec![
        format!("id        {}", info.id),
        format!("type      {}", info.content_type()),
        format!("size      {} ({} bytes)", table::size(info.size_bytes), info.size_bytes),
        format!("made      {}", iso(info.created)),
        format!("from      {from}"),
        format!("state     {}", state_name(info.state)),
        format!("copies    {} known elsewhere", info.copies),
        format!("sealed    {sealed}"),
        format!("shared    {}", if info.shared { "yes" } else { "no" }),
    ];
    lines.extend(info.author().map(|author| format!("author    {author}")));
    for (name, value) in info.metadata().into_iter().flat_map(|metadata| metadata.as_dictionary().iter()) {
        lines.push(format!("meta      {}={}", name.escape_debug(), shown(value)));
    }
    for attachment in info.attachments().into_iter().flatten() {
        let size = table::size(attachment.size_bytes());
        lines.push(format!("attached  {}, {size}, {}", attachment.name(), attachment.id()));
    }
    lines.join("\n")
}

/// A value in one line, whatever is in it: others may have written it.
fn shown(value: &Value) -> String {
    match value {
        Value::Boolean(value) => value.to_string(),
        Value::Integer(value) => value.to_string(),
        Value::Float(value) => value.to_string(),
        Value::String(value) => value.escape_debug().to_string(),
        Value::Null | Value::Raw(_) | Value::List(_) | Value::Dictionary(_) => "null".to_owned(),
    }
}

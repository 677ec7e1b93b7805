//! `put`: files become documents.

use std::path::{Path, PathBuf};

use p2psync_api::{parse_iso, to_json};
use p2psync_bramble::WallClock;
use p2psync_engine::{Engine, Error, NewDocument};
use p2psync_model::{Attachment, DocumentId, Priority};

use super::Session;
use crate::arguments::{self, Put};
use crate::fault::Fault;
use crate::output::{Output, note};
use crate::{file, machine, media_type, metadata};

/// Puts each file, and says its id once it is on disk. Ends at the first that fails.
pub fn run(session: &Session<'_>, put: &Put, output: &mut Output) -> Result<(), Fault> {
    let standard_input = [PathBuf::from("-")];
    let files = if put.files.is_empty() { &standard_input } else { put.files.as_slice() };
    if files.iter().chain(&put.attachments).filter(|file| file::is_standard_input(file)).count() > 1 {
        return Err(Fault::Usage("standard input can be read only once".to_owned()));
    }
    let mut new = described(put)?;
    let mut engine = session.open()?;
    new.parents = ids(&engine, &put.parents)?;
    for path in &put.attachments {
        new.attachments.push(attach(&mut engine, path, &new)?);
    }
    for path in files {
        if put.content_type.is_none() {
            media_type::of_file(path).clone_into(&mut new.content_type);
        }
        let done = put_file(&mut engine, path, &new)?;
        if !done.created && !output.is_json() {
            note(&format!("{} was here already", path.display()));
        }
        output.say(|| to_json(&p2psync_api::Put::from(&done)), || done.id.to_string())?;
    }
    // Everything is on disk already: a failure here would lose nothing, and is told by the next opening.
    let _ = engine.close();
    Ok(())
}

fn described(put: &Put) -> Result<NewDocument, Fault> {
    let mut new = NewDocument::new(put.content_type.clone().unwrap_or_default());
    new.author.clone_from(&put.author);
    new.metadata = metadata::of_document(&put.metadata)?;
    new.shared = !put.unshared;
    new.sealed = match (put.seal, put.no_seal) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        (false, false) => None,
    };
    new.priority = put.priority.map(|priority| match priority {
        arguments::Priority::High => Priority::High,
        arguments::Priority::Normal => Priority::Normal,
        arguments::Priority::Low => Priority::Low,
    });
    new.expires = put.expires.as_deref().map(|text| expiry(text, machine::now())).transpose()?;
    Ok(new)
}

/// A date, or a number of days from now.
fn expiry(text: &str, now: WallClock) -> Result<WallClock, Fault> {
    let days = text.strip_suffix('d').and_then(|days| days.parse::<u32>().ok());
    let later = days.map(|days| WallClock(now.0.saturating_add(u64::from(days) * 86_400_000)));
    later.or_else(|| parse_iso(text)).ok_or_else(|| {
        Fault::Usage(format!("{text} is no date: 2026-12-31, 2026-12-31T18:00:00Z or 30d is expected"))
    })
}

fn ids(engine: &Engine, texts: &[String]) -> Result<Vec<DocumentId>, Fault> {
    texts.iter().map(|text| super::find(engine, text)).collect()
}

/// Puts a file that belongs to `new`: sealed and shared as that is.
fn attach(engine: &mut Engine, path: &Path, new: &NewDocument) -> Result<Attachment, Fault> {
    let content_type = media_type::of_file(path);
    let mut attached = NewDocument::new(content_type);
    (attached.shared, attached.sealed, attached.expires) = (new.shared, new.sealed, new.expires);
    attached.author.clone_from(&new.author);
    let done = put_file(engine, path, &attached)?;
    let name = path.file_name().map_or("attachment".into(), |name| name.to_string_lossy());
    Ok(Attachment::new(done.id, &name, content_type, done.body_bytes).map_err(Error::from)?)
}

fn put_file(engine: &mut Engine, path: &Path, new: &NewDocument) -> Result<p2psync_engine::Put, Fault> {
    let mut body = file::open(path)?;
    let done = engine.put(new, &mut *body, machine::now(), &mut machine::random());
    done.map_err(|error| match error {
        Error::Input(reason) => Fault::reading(path, &reason),
        other => other.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expiries_are_dates_or_days() {
        let now = WallClock(1_000);
        let at = |text: &str| expiry(text, now).ok().map(|date| date.0);
        assert_eq!(at("2d"), Some(172_801_000));
        assert_eq!(at("1970-01-02"), Some(86_400_000));
        for text in ["", "d", "-1d", "2 d", "tomorrow", "99999999999d"] {
            assert_eq!(at(text), None, "{text}");
        }
    }
}

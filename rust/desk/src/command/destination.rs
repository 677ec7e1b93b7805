//! `destination`: whom documents are for.

use p2psync_api::to_json;
use p2psync_engine::{CertificateSummary, NewDestination};
use p2psync_model::CERTIFICATE_BYTES_MAX;

use super::Session;
use crate::arguments::Destination;
use crate::fault::Fault;
use crate::output::Output;
use crate::{file, machine};

/// Sets, clears or shows the destination.
pub fn run(session: &Session<'_>, asked: &Destination, output: &mut Output) -> Result<(), Fault> {
    let now = machine::now();
    let certificate =
        asked.cert.as_deref().map(|path| file::read_small(path, CERTIFICATE_BYTES_MAX)).transpose()?;
    let mut engine = session.open()?;
    if let (Some(url), Some(certificate)) = (&asked.url, &certificate) {
        let new = NewDestination { url, certificate, token: None, tls_pins: &[] };
        engine.set_destination(&new, now, &mut machine::random())?;
    }
    if asked.clear {
        engine.clear_destination(&mut machine::random())?;
    }
    let Some((url, summary)) = engine.destination(now) else {
        return output.say(
            || r#"{"destination":null}"#.to_owned(),
            || "no destination is set: documents are not sealed".to_owned(),
        );
    };
    let json = || format!(r#"{{"destination":{}}}"#, to_json(&p2psync_api::Destination::of(url, &summary)));
    output.say(json, || format!("address      {url}\n{}", text(&summary)))
}

/// A certificate, for people.
pub fn text(summary: &CertificateSummary) -> String {
    let user_id = if summary.user_id.is_empty() { "none" } else { &summary.user_id };
    let expires = summary.expires.map_or("never".to_owned(), |date| date.to_string());
    let can_encrypt = if summary.can_encrypt { "yes" } else { "no: ask the server's admin for a good key" };
    format!(
        "fingerprint  {}\nuser id      {user_id}\nexpires      {expires}\ncan seal     {can_encrypt}",
        summary.fingerprint
    )
}

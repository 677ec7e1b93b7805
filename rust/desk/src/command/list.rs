//! `list`: what is here.

use p2psync_api::{DocumentList, iso, state_name, state_of_name, to_json};
use p2psync_engine::{DocumentInfo, Origin, Page, Query, State};

use super::Session;
use crate::arguments::{From, List};
use crate::fault::Fault;
use crate::output::{Output, note};
use crate::{metadata, table};

/// Lists one page.
pub fn run(session: &Session<'_>, list: &List, output: &mut Output) -> Result<(), Fault> {
    let states = list.states.iter().map(|name| state(name)).collect::<Result<_, _>>()?;
    let query = Query {
        origin: list.from.map(|from| match from {
            From::Here => Origin::Own,
            From::Peer => Origin::Peer,
        }),
        states,
        content_type: list.content_type.clone(),
        metadata: metadata::dictionary(&list.metadata)?,
        count_max: usize::try_from(list.limit).unwrap_or(usize::MAX),
        after: list.after,
    };
    let page = session.open()?.list(&query)?;
    output.say(|| to_json(&DocumentList::from(&page)), || text(&page))?;
    if let Some(next) = page.next.filter(|_| !output.is_json()) {
        note(&format!("there may be more: --after {next}"));
    }
    Ok(())
}

fn state(name: &str) -> Result<State, Fault> {
    state_of_name(name).filter(|state| *state != State::Partial).ok_or_else(|| {
        let names: Vec<_> =
            State::ALL.into_iter().filter(|state| *state != State::Partial).map(state_name).collect();
        Fault::Usage(format!("there is no state {name}; there are: {}", names.join(", ")))
    })
}

fn text(page: &Page) -> String {
    if page.documents.is_empty() {
        return "no documents".to_owned();
    }
    let rows: Vec<_> = page.documents.iter().map(row).collect();
    table::columns(["ID", "STATE", "FROM", "SIZE", "MADE", "TYPE"], &rows)
}

/// One document. The beginning of its id is enough to name it among trillions.
fn row(info: &DocumentInfo) -> [String; 6] {
    let from = match info.origin {
        Origin::Own => "here",
        Origin::Peer => "peer",
    };
    let made: String =
        iso(info.created).replace('T', " ").chars().take("2026-11-21 14:15:33".len()).collect();
    let kind =
        if info.sealed { format!("{}, sealed", info.content_type()) } else { info.content_type().to_owned() };
    [
        info.id.to_string().chars().take(super::ID_DIGITS_SHOWN).collect(),
        state_name(info.state).to_owned(),
        from.to_owned(),
        table::size(info.size_bytes),
        made,
        kind,
    ]
}

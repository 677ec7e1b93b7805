//! `peers` and `log`: whom this machine knows, and what took place with them.

use p2psync_api::{HistoryList, Peer, PeerList, iso, to_json};
use p2psync_bramble::Millis;
use p2psync_engine::{Authentication, Effect, Engine, Moment, PeerChange, PeerInfo, Step};
use p2psync_model::PeerId;

use super::{Session, meeting};
use crate::arguments::{Log, Peers, PeersAction};
use crate::fault::Fault;
use crate::narrator::{outcome, shown_name};
use crate::output::{Output, note};
use crate::{machine, table};

/// Lists peers, or changes one.
pub fn run(session: &Session<'_>, asked: &Peers, output: &mut Output) -> Result<(), Fault> {
    let mut engine = session.open()?;
    let (text, change) = match asked.action.as_ref().unwrap_or(&PeersAction::List) {
        PeersAction::List => return list(&engine, output),
        PeersAction::Forget { peer } => return forget(&mut engine, peer, output),
        PeersAction::Rename { peer, name } => {
            (peer, PeerChange { name: Some(name), ..PeerChange::default() })
        }
        PeersAction::Block { peer } => (peer, PeerChange { is_blocked: Some(true), ..PeerChange::default() }),
        PeersAction::Unblock { peer } => {
            (peer, PeerChange { is_blocked: Some(false), ..PeerChange::default() })
        }
        PeersAction::Auto { peer, off } => {
            (peer, PeerChange { auto_sync: Some(!off), ..PeerChange::default() })
        }
    };
    let id = meeting::find_peer(&engine, text)?.id;
    let info = at_rest(&mut engine, |engine, step| engine.update_peer(step, &id, change))?;
    output.say(|| to_json(&Peer::from(&info)), || table_of(core::slice::from_ref(&info)))
}

fn list(engine: &Engine, output: &mut Output) -> Result<(), Fault> {
    let peers = engine.peers();
    output.say(
        || to_json(&PeerList::from(peers.as_slice())),
        || if peers.is_empty() { "no peers".to_owned() } else { table_of(&peers) },
    )
}

fn forget(engine: &mut Engine, text: &str, output: &mut Output) -> Result<(), Fault> {
    let PeerInfo { id, name, .. } = meeting::find_peer(engine, text)?;
    at_rest(engine, |engine, step| engine.forget_peer(step, &id))?;
    let json = || format!(r#"{{"forgotten":"{id}"}}"#);
    output.say(json, || format!("{} is a stranger from now on; what it brought stays", shown_name(&name)))
}

/// A step of an engine that has no connections: nothing follows from it.
fn at_rest<R>(engine: &mut Engine, act: impl FnOnce(&mut Engine, Step<'_>) -> R) -> R {
    let now = Moment { millis: Millis(0), wall: machine::now() };
    let mut effects: Vec<Effect> = Vec::new();
    act(engine, Step { now, random: &mut machine::random(), effects: &mut effects })
}

fn table_of(peers: &[PeerInfo]) -> String {
    let row = |peer: &PeerInfo| {
        let mut how = Vec::new();
        if peer.authentication == Authentication::Unauthenticated {
            how.push("not compared");
        }
        if peer.is_blocked {
            how.push("blocked");
        }
        if !peer.auto_sync {
            how.push("only when asked");
        }
        [
            meeting::short(&peer.id),
            shown_name(&peer.name),
            peer.last_seen.map_or_else(|| "never".to_owned(), minute),
            peer.sent.to_string(),
            peer.received.to_string(),
            how.join(", "),
        ]
    };
    let rows: Vec<_> = peers.iter().map(row).collect();
    table::columns(["ID", "NAME", "LAST MET", "SENT", "RECEIVED", "NOTE"], &rows)
}

/// A date, to the minute.
fn minute(date: p2psync_bramble::WallClock) -> String {
    iso(date).chars().take(MINUTE_LETTERS).map(|letter| if letter == 'T' { ' ' } else { letter }).collect()
}

const MINUTE_LETTERS: usize = "2026-11-21T14:15".len();

/// Lists meetings and pairings.
pub fn log(session: &Session<'_>, asked: &Log, output: &mut Output) -> Result<(), Fault> {
    let page = session.open()?.history(asked.before, asked.limit)?;
    let rows: Vec<_> = page
        .entries
        .iter()
        .map(|entry| {
            [
                minute(entry.at),
                entry.kind.as_str().to_owned(),
                entry.peer.as_ref().map_or_else(String::new, |peer: &PeerId| meeting::short(peer)),
                shown_name(&entry.name),
                entry.sent.to_string(),
                entry.received.to_string(),
                table::size(entry.bytes),
                outcome(&entry.outcome).to_owned(),
            ]
        })
        .collect();
    let heads = ["WHEN", "WHAT", "PEER", "NAME", "SENT", "RECEIVED", "TRAFFIC", "OUTCOME"];
    output.say(
        || to_json(&HistoryList::from(&page)),
        || if rows.is_empty() { "no meetings yet".to_owned() } else { table::columns(heads, &rows) },
    )?;
    if let Some(next) = page.next.filter(|_| !output.is_json()) {
        note(&format!("there may be more: --before {next}"));
    }
    Ok(())
}

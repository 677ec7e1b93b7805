//! `nearby`, `watch` and `run`: who is there, and what goes on with them.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use p2psync_api::{NearbyList, to_json};
use p2psync_engine::{DISCOVERY_SECONDS_MAX, DiscoveryOptions, Engine, HistoryEntry, NearbyState};

use super::{Session, meeting};
use crate::arguments::{Keep, Nearby};
use crate::fault::Fault;
use crate::host::{Host, News};
use crate::narrator::{self, Narrator, shown_name};
use crate::output::{Output, note};
use crate::table;

/// Looks around for a while, and says who is near.
pub fn nearby(session: &Session<'_>, asked: &Nearby, output: &mut Output) -> Result<(), Fault> {
    let mut host = meeting::open_host(session, &asked.network)?;
    let options = DiscoveryOptions { seconds: asked.seconds, ..DiscoveryOptions::default() };
    host.act(|engine, step| engine.start_discovery(step, &options));
    let end = Instant::now() + Duration::from_secs(asked.seconds.into());
    let mut is_stopped = false;
    while !is_stopped && Instant::now() < end {
        let news = host.turn(Some(end.saturating_duration_since(Instant::now())))?;
        is_stopped = news.iter().any(|news| matches!(news, News::Stop));
    }
    let near = host.engine().nearby();
    host.close()?;
    let rows: Vec<_> = near
        .iter()
        .filter(|near| near.state != NearbyState::Lost)
        .map(|near| {
            let known = if near.is_known { "peer" } else { "unknown" };
            let id = near.id.to_string().chars().take(super::ID_DIGITS_SHOWN).collect();
            [id, shown_name(&near.name), known.to_owned(), near.state.as_str().to_owned()]
        })
        .collect();
    output.say(
        || to_json(&NearbyList::from(near.as_slice())),
        || {
            if rows.is_empty() {
                "nobody is near".to_owned()
            } else {
                table::columns(["ID", "NAME", "KNOWN", "STATE"], &rows)
            }
        },
    )
}

/// Syncs and tells of everything, until it is stopped.
pub fn watch(session: &Session<'_>, asked: &Keep, output: &mut Output) -> Result<(), Fault> {
    keep(session, asked, output, true)
}

/// Syncs until it is stopped; of meetings alone it tells.
pub fn run(session: &Session<'_>, asked: &Keep, output: &mut Output) -> Result<(), Fault> {
    keep(session, asked, output, false)
}

fn keep(session: &Session<'_>, asked: &Keep, output: &mut Output, is_wordy: bool) -> Result<(), Fault> {
    let mut host = meeting::open_host(session, &asked.network)?;
    if !output.is_json() {
        note(&format!("this machine is {}; Ctrl-C ends this", host.engine().device_name()));
    }
    let mut narrator = Narrator::default();
    let mut meetings = Meetings::after_now(host.engine())?;
    let mut look_until = look(&mut host, asked.visible);
    let addresses = host.addresses()?;
    let json = || format!(r#"{{"event":"listening","addresses":{}}}"#, to_json(&addresses));
    output.say(json, || listening(&addresses))?;
    loop {
        let wait = look_until.saturating_duration_since(Instant::now());
        for news in host.turn(Some(wait))? {
            match news {
                News::App(event) if is_wordy || output.is_json() => narrator.tell(&event, output)?,
                News::App(_) | News::Line(_) | News::InputOver => {}
                News::Stop => {
                    host.close()?;
                    return Ok(());
                }
            }
        }
        for entry in meetings.fresh(host.engine())? {
            output.say(|| meeting_json(&entry), || narrator::meeting(&entry))?;
        }
        if Instant::now() >= look_until {
            look_until = look(&mut host, asked.visible);
        }
    }
}

fn listening(addresses: &[SocketAddr]) -> String {
    let addresses: Vec<_> = addresses.iter().map(ToString::to_string).collect();
    if addresses.is_empty() {
        "in no network yet".to_owned()
    } else {
        format!("listening on {}", addresses.join(", "))
    }
}

/// Looks around for as long as the engine does; returns when to begin anew.
fn look(host: &mut Host, is_discoverable: bool) -> Instant {
    let options = DiscoveryOptions {
        is_discoverable,
        seconds: DISCOVERY_SECONDS_MAX,
        keep_syncing: true,
        ..DiscoveryOptions::default()
    };
    host.act(|engine, step| engine.start_discovery(step, &options));
    Instant::now() + Duration::from_secs(u64::from(DISCOVERY_SECONDS_MAX) / 2)
}

/// A meeting, as an event.
pub fn meeting_json(entry: &HistoryEntry) -> String {
    let entry = to_json(&p2psync_api::HistoryEntry::from(entry));
    format!(r#"{{"event":"meeting","data":{entry}}}"#)
}

/// What was written down since somebody looked last.
pub struct Meetings {
    last: Option<HistoryEntry>,
}

impl Meetings {
    /// Those from now on.
    pub fn after_now(engine: &Engine) -> Result<Self, Fault> {
        Ok(Self { last: engine.history(None, 1)?.entries.into_iter().next() })
    }

    /// Those that are new, the oldest first.
    pub fn fresh(&mut self, engine: &Engine) -> Result<Vec<HistoryEntry>, Fault> {
        let newest = engine.history(None, 1)?.entries.into_iter().next();
        if newest == self.last {
            return Ok(Vec::new());
        }
        let page = engine.history(None, MEETINGS_AT_ONCE)?.entries;
        let mut fresh: Vec<_> =
            page.into_iter().take_while(|entry| Some(entry) != self.last.as_ref()).collect();
        fresh.reverse();
        self.last = newest;
        Ok(fresh)
    }
}

/// More cannot take place between two looks.
const MEETINGS_AT_ONCE: u32 = 100;

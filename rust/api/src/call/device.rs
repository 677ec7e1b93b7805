//! The device as a whole: how it stands, whether it looks for others, what took place.

use std::collections::BTreeSet;

use p2psync_engine::{Depth, DiscoveryOptions, Engine, Transport};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::arguments::{self, Nothing};
use super::{Caller, Request, told};
use crate::event::ActivityStatus;
use crate::{Check, Failure, HistoryList, Status};

#[derive(Serialize)]
struct WholeStatus {
    open: bool,
    #[serde(flatten)]
    activity: ActivityStatus,
    #[serde(flatten)]
    status: Status,
}

pub fn status(caller: &mut Caller<'_>, request: &Request) -> Result<Value, Failure> {
    let Nothing {} = request.arguments()?;
    let engine = &caller.engine;
    let status = engine.status().map_err(|error| Failure::from(&error))?;
    let has_destination = engine.destination(caller.now.wall).is_some();
    let activity = ActivityStatus::from(&engine.activity());
    Ok(told(&WholeStatus { open: true, activity, status: Status::of(&status, has_destination) }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Discovery {
    discoverable: Option<bool>,
    transports: Option<Vec<String>>,
    seconds: Option<u32>,
    keep_syncing: Option<bool>,
}

pub fn start_discovery(caller: &mut Caller<'_>, request: &Request) -> Result<Value, Failure> {
    let asked: Discovery = request.arguments()?;
    let usual = DiscoveryOptions::default();
    let transports = asked.transports.map(|names| transports(&names)).transpose()?;
    let options = DiscoveryOptions {
        is_discoverable: asked.discoverable.unwrap_or(usual.is_discoverable),
        transports: transports.unwrap_or(usual.transports),
        seconds: asked.seconds.unwrap_or(usual.seconds),
        keep_syncing: asked.keep_syncing.unwrap_or(usual.keep_syncing),
    };
    caller.act(|engine, step| engine.start_discovery(step, &options));
    Ok(json!({}))
}

fn transports(names: &[String]) -> Result<BTreeSet<Transport>, Failure> {
    let transport =
        |name: &String| Transport::parse(name).ok_or_else(|| arguments::no("there is no such transport"));
    names.iter().map(transport).collect()
}

pub fn stop_discovery(caller: &mut Caller<'_>, request: &Request) -> Result<Value, Failure> {
    let Nothing {} = request.arguments()?;
    caller.act(Engine::stop_discovery);
    Ok(json!({}))
}

pub fn deactivate(caller: &mut Caller<'_>, request: &Request) -> Result<Value, Failure> {
    let Nothing {} = request.arguments()?;
    caller.act(Engine::deactivate);
    Ok(json!({}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    limit: Option<u32>,
    before: Option<String>,
}

pub fn history(caller: &mut Caller<'_>, request: &Request) -> Result<Value, Failure> {
    let asked: Page = request.arguments()?;
    let before = arguments::cursor(asked.before.as_deref())?;
    let limit = asked.limit.unwrap_or(HISTORY_ENTRIES).clamp(1, HISTORY_ENTRIES_MAX);
    let page = caller.engine.history(before, limit).map_err(|error| Failure::from(&error))?;
    Ok(told(&HistoryList::from(&page)))
}

const HISTORY_ENTRIES: u32 = 100;
const HISTORY_ENTRIES_MAX: u32 = 1_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HowDeep {
    #[serde(default)]
    full: bool,
}

pub fn check(caller: &mut Caller<'_>, request: &Request) -> Result<Value, Failure> {
    let asked: HowDeep = request.arguments()?;
    let depth = if asked.full { Depth::Full } else { Depth::Quick };
    let findings = caller.engine.check(depth).map_err(|error| Failure::from(&error))?;
    Ok(told(&Check::of(&findings, None)))
}

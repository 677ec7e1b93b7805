//! Other people's devices: who is near, how two come to know each other, who is known.

use p2psync_engine::{Engine, PeerChange, Verdict};
use serde::Deserialize;
use serde_json::{Value, json};

use super::arguments::{self, Nothing, OfPeer};
use super::{Caller, Request, told};
use crate::{Failure, NearbyList, PairingCode, Peer, PeerList};

pub fn nearby(caller: &mut Caller<'_>, request: &Request) -> Result<Value, Failure> {
    let Nothing {} = request.arguments()?;
    Ok(told(&NearbyList::from(caller.engine.nearby().as_slice())))
}

pub fn connect(caller: &mut Caller<'_>, request: &Request) -> Result<Value, Failure> {
    let with = request.arguments::<OfPeer>()?.nearby()?;
    caller.act(|engine, step| engine.connect(step, with)).map_err(|error| Failure::from(&error))?;
    Ok(json!({}))
}

pub fn disconnect(caller: &mut Caller<'_>, request: &Request) -> Result<Value, Failure> {
    let peer = request.arguments::<OfPeer>()?.peer()?;
    caller.act(|engine, step| engine.disconnect(step, &peer));
    Ok(json!({}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shown {
    remember: Option<bool>,
}

pub fn pairing_code(caller: &mut Caller<'_>, request: &Request) -> Result<Value, Failure> {
    let asked: Shown = request.arguments()?;
    let addresses = caller.addresses;
    let shown = caller.act(|engine, step| engine.show_code(step, addresses, asked.remember.unwrap_or(true)));
    Ok(told(&PairingCode::from(&shown.map_err(|error| Failure::from(&error))?)))
}

pub fn hide_code(caller: &mut Caller<'_>, request: &Request) -> Result<Value, Failure> {
    let Nothing {} = request.arguments()?;
    caller.act(Engine::hide_code);
    Ok(json!({}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scanned {
    text: String,
    remember: Option<bool>,
    #[serde(default)]
    insist: bool,
}

pub fn submit_code(caller: &mut Caller<'_>, request: &Request) -> Result<Value, Failure> {
    let asked: Scanned = request.arguments()?;
    let remember = asked.remember.unwrap_or(true);
    caller
        .act(|engine, step| engine.scan_code(step, &asked.text, remember, asked.insist))
        .map_err(|error| Failure::from(&error))?;
    Ok(json!({"state": "waitingForPeer"}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Confirmed {
    peer_id: String,
    verdict: Word,
    remember: Option<bool>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Word {
    Match,
    Skip,
    Reject,
}

pub fn confirm(caller: &mut Caller<'_>, request: &Request) -> Result<Value, Failure> {
    let asked: Confirmed = request.arguments()?;
    let with = arguments::nearby(&asked.peer_id)?;
    let verdict = match asked.verdict {
        Word::Match => Verdict::Match,
        Word::Skip => Verdict::Skip,
        Word::Reject => Verdict::Reject,
    };
    caller
        .act(|engine, step| engine.confirm(step, with, verdict, asked.remember.unwrap_or(true)))
        .map_err(|error| Failure::from(&error))?;
    Ok(json!({}))
}

pub fn peers(caller: &mut Caller<'_>, request: &Request) -> Result<Value, Failure> {
    let Nothing {} = request.arguments()?;
    Ok(told(&PeerList::from(caller.engine.peers().as_slice())))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Changed {
    peer_id: String,
    name: Option<String>,
    auto_sync: Option<bool>,
    blocked: Option<bool>,
}

pub fn update(caller: &mut Caller<'_>, request: &Request) -> Result<Value, Failure> {
    let asked: Changed = request.arguments()?;
    let peer = arguments::peer(&asked.peer_id)?;
    let change =
        PeerChange { name: asked.name.as_deref(), auto_sync: asked.auto_sync, is_blocked: asked.blocked };
    let info = caller.act(|engine, step| engine.update_peer(step, &peer, change));
    Ok(told(&Peer::from(&info.map_err(|error| Failure::from(&error))?)))
}

pub fn remember(caller: &mut Caller<'_>, request: &Request) -> Result<Value, Failure> {
    let peer = request.arguments::<OfPeer>()?.peer()?;
    caller.act(|engine, step| engine.remember_peer(step, &peer)).map_err(|error| Failure::from(&error))?;
    Ok(json!({}))
}

pub fn forget(caller: &mut Caller<'_>, request: &Request) -> Result<Value, Failure> {
    let peer = request.arguments::<OfPeer>()?.peer()?;
    caller.act(|engine, step| engine.forget_peer(step, &peer)).map_err(|error| Failure::from(&error))?;
    Ok(json!({}))
}

//! What every command begins with that other devices take part in.

use p2psync_engine::{Code, Engine, PeerInfo};
use p2psync_model::PeerId;

use super::Session;
use crate::arguments::Network;
use crate::fault::Fault;
use crate::host::{Host, Idle, Mail, Post, Settings};

/// The store, opened, with a host around it that ends when the system says so.
pub fn open_host(session: &Session<'_>, network: &Network) -> Result<Host, Fault> {
    let idle = Idle::new()?;
    stop_by_signal(idle.post())?;
    Ok(Host::new(session.open()?, settings(network), idle))
}

/// Has Ctrl-C, and whatever the system ends programs by, posted.
pub fn stop_by_signal(post: Post) -> Result<(), Fault> {
    let handled = ctrlc::set_handler(move || {
        post.send(Mail::Stop);
    });
    handled.map_err(|error| {
        Fault::new(Code::Internal, format!("signals cannot be handled: {error}"), "try again")
    })
}

/// As a host takes them.
pub fn settings(network: &Network) -> Settings {
    Settings {
        listen: network.listen,
        dial: network.dial.iter().map(|known| (known.address, known.peer)).collect(),
        is_looking_around: !network.no_mdns,
    }
}

/// The peer that a person means: by its whole id or enough of the beginning, or by its name.
pub fn find_peer(engine: &Engine, text: &str) -> Result<PeerInfo, Fault> {
    let lower = text.to_ascii_lowercase();
    let is_meant = |peer: &PeerInfo| {
        peer.name == text || (lower.len() >= super::ID_DIGITS_MIN && peer.id.to_string().starts_with(&lower))
    };
    let mut meant: Vec<PeerInfo> = engine.peers().into_iter().filter(is_meant).collect();
    match (meant.pop(), meant.is_empty()) {
        (Some(peer), true) => Ok(peer),
        (Some(_), false) => {
            let message = format!("more than one peer is called {text}");
            Err(Fault::new(Code::InvalidArgument, message, "name it by its id: `p2psync peers` shows it"))
        }
        (None, _) => {
            let message = format!("there is no peer {text}");
            Err(Fault::new(Code::NotFound, message, "`p2psync peers` shows all, `p2psync pair` adds one"))
        }
    }
}

/// The peers that a person means.
pub fn find_peers(engine: &Engine, texts: &[String]) -> Result<Vec<PeerId>, Fault> {
    texts.iter().map(|text| find_peer(engine, text).map(|peer| peer.id)).collect()
}

/// Enough of an id to name a peer among millions.
pub fn short(id: &PeerId) -> String {
    id.to_string().chars().take(super::ID_DIGITS_SHOWN).collect()
}

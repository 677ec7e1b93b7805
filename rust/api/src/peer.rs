//! Other devices: those that are near, and those that this one has paired with.

use p2psync_engine::{Nearby, PeerInfo};
use serde::Serialize;

use crate::iso;

/// Somebody near.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NearbyPeer {
    /// A peer's id; of somebody unknown, a name that means something here and now alone.
    pub peer_id: String,
    /// A peer's name; for the unknown, two words that their own screen shows too.
    pub name: String,
    /// `bluetooth`, `wifiDirect` or `lan`.
    pub transport: &'static str,
    /// Whether this device has paired with it.
    pub known: bool,
    /// Present and true if it no longer knows this device.
    #[serde(skip_serializing_if = "core::ops::Not::not")]
    pub needs_pairing: bool,
    /// `lost`, `found`, `connecting`, `pairing` or `connected`.
    pub state: &'static str,
}

impl From<&Nearby> for NearbyPeer {
    fn from(near: &Nearby) -> Self {
        Self {
            peer_id: near.id.to_string(),
            name: near.name.clone(),
            transport: near.transport.as_str(),
            known: near.is_known,
            needs_pairing: near.needs_pairing,
            state: near.state.as_str(),
        }
    }
}

/// Everybody near.
#[derive(Clone, Debug, Serialize)]
pub struct NearbyList {
    /// Who.
    pub peers: Vec<NearbyPeer>,
}

impl From<&[Nearby]> for NearbyList {
    fn from(near: &[Nearby]) -> Self {
        Self { peers: near.iter().map(NearbyPeer::from).collect() }
    }
}

/// A device that this one has paired with.
#[allow(clippy::struct_excessive_bools, reason = "they are answers to six questions")]
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Peer {
    /// Its id.
    pub peer_id: String,
    /// Its name.
    pub name: String,
    /// Whether people were sure who it is.
    pub authenticated: bool,
    /// Whether it is kept beyond this activity.
    pub stored: bool,
    /// Whether it synchronises without being asked.
    pub auto_sync: bool,
    /// Whether it is treated as a stranger.
    pub blocked: bool,
    /// Whether it no longer knows this device, as far as can be seen.
    pub needs_pairing: bool,
    /// Whether a link with it is open.
    pub connected: bool,
    /// When it was added, as this device believed.
    pub added_at: String,
    /// When it was last met.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_seen_at: Option<String>,
    /// Documents that it took.
    pub sent: u64,
    /// Documents that it brought.
    pub received: u64,
}

impl From<&PeerInfo> for Peer {
    fn from(info: &PeerInfo) -> Self {
        Self {
            peer_id: info.id.to_string(),
            name: info.name.clone(),
            authenticated: info.authentication.is_authenticated(),
            stored: info.is_stored,
            auto_sync: info.auto_sync,
            blocked: info.is_blocked,
            needs_pairing: info.needs_pairing,
            connected: info.is_connected,
            added_at: iso(info.added),
            last_seen_at: info.last_seen.map(iso),
            sent: info.sent,
            received: info.received,
        }
    }
}

/// All devices that this one has paired with.
#[derive(Clone, Debug, Serialize)]
pub struct PeerList {
    /// The devices.
    pub peers: Vec<Peer>,
}

impl From<&[PeerInfo]> for PeerList {
    fn from(infos: &[PeerInfo]) -> Self {
        Self { peers: infos.iter().map(Peer::from).collect() }
    }
}

#[cfg(test)]
mod tests {
    use p2psync_engine::{NearbyId, NearbyState, Transport};

    use super::*;
    use crate::to_json;

    #[test]
    fn who_is_near_has_a_name_and_a_state() {
        let near = Nearby {
            id: NearbyId::Found(3),
            name: "Ruby Fox".into(),
            transport: Transport::Lan,
            is_known: false,
            needs_pairing: false,
            state: NearbyState::Found,
        };
        assert_eq!(
            to_json(&NearbyList::from(&[near][..])),
            r#"{"peers":[{"peerId":"found-3","name":"Ruby Fox","transport":"lan","known":false,"state":"found"}]}"#
        );
    }
}

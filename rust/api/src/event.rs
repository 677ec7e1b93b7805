//! What programs are told without having asked.

use std::collections::BTreeMap;

use data_encoding::BASE64;
use p2psync_engine::{Activity, AppEvent, Refusal};
use p2psync_model::DocumentId;
use serde::Serialize;
use serde_json::{Value, json};

use crate::{Failure, FailureDetail, NearbyList, PairingState, SyncProgress};

/// Something that a program is told.
#[derive(Clone, Debug, Serialize)]
pub struct Told {
    /// Its name.
    pub event: &'static str,
    /// What goes with it.
    pub data: Value,
}

impl From<&AppEvent> for Told {
    fn from(event: &AppEvent) -> Self {
        let (name, data) = match event {
            AppEvent::StatusChanged(activity) => ("statusChanged", json!(ActivityStatus::from(activity))),
            AppEvent::PeersChanged(near) => ("peersChanged", json!(NearbyList::from(near.as_slice()))),
            AppEvent::Pairing(state) => ("pairing", json!(PairingState::from(state))),
            AppEvent::Progress(progress) => ("progress", json!(SyncProgress::from(progress))),
            AppEvent::DocumentsReceived(ids) => ("documentsReceived", json!({"ids": texts(ids)})),
            AppEvent::DocumentsConfirmed(ids) => ("documentsConfirmed", json!({"ids": texts(ids)})),
            AppEvent::DocumentsRejected(ids) => ("documentsRejected", json!({"ids": texts(ids)})),
            AppEvent::DocumentsRemoved(ids) => {
                ("documentsDeleted", json!({"ids": texts(ids), "reason": "confirmed"}))
            }
            AppEvent::DocumentRefused { peer, id, refusal } => {
                let reason = refusal_name(*refusal);
                let data = json!({"peerId": peer.to_string(), "id": id.to_string(), "reason": reason});
                ("documentRefused", data)
            }
            AppEvent::Ephemeral { peer, bytes } => {
                ("ephemeral", json!({"peerId": peer.to_string(), "base64": BASE64.encode(bytes)}))
            }
            AppEvent::Problem { error, peer } => {
                let problem = Problem {
                    peer_id: peer.map(|peer| peer.to_string()),
                    detail: Failure::from(error).error,
                };
                ("problem", json!(problem))
            }
        };
        Self { event: name, data }
    }
}

fn texts(ids: &[DocumentId]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}

/// Why a device does not take a document, in one word.
pub const fn refusal_name(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::TooLarge => "tooLarge",
        Refusal::Full => "full",
        Refusal::Quota => "quota",
        Refusal::Unwanted => "unwanted",
        Refusal::Expired => "expired",
        Refusal::NotUnderstood => "notUnderstood",
        Refusal::NotTrusted => "notTrusted",
    }
}

/// Whether sync is active, and what it is doing.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ActivityStatus {
    /// Whether sync is active.
    pub active: bool,
    /// Whether devices are looked for.
    pub discovering: bool,
    /// What each transport is good for now: `off`, `starting`, `on` or `unavailable`.
    pub transports: BTreeMap<&'static str, &'static str>,
    /// Peers with an open link.
    pub connected_peers: usize,
}

impl From<&Activity> for ActivityStatus {
    fn from(activity: &Activity) -> Self {
        let transports =
            activity.transports.iter().map(|(transport, state)| (transport.as_str(), state.as_str()));
        Self {
            active: activity.is_active,
            discovering: activity.is_discovering,
            transports: transports.collect(),
            connected_peers: activity.connected_peers,
        }
    }
}

/// Something that a person should know.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// With whom, if with anybody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer_id: Option<String>,
    /// What.
    #[serde(flatten)]
    pub detail: FailureDetail,
}

#[cfg(test)]
mod tests {
    use p2psync_engine::{Error, Transport, TransportState};

    use super::*;
    use crate::to_json;

    #[test]
    fn what_is_told_has_a_name_and_data() {
        let problem = AppEvent::Problem { error: Error::DiskFull, peer: None };
        assert_eq!(
            to_json(&Told::from(&problem)),
            r#"{"event":"problem","data":{"action":"freeSpace","code":"NO_SPACE","message":"the disk is full"}}"#
        );
        let activity = Activity {
            is_active: true,
            transports: [(Transport::Lan, TransportState::On)].into(),
            ..Activity::default()
        };
        let expected =
            json!({"active": true, "discovering": false, "transports": {"lan": "on"}, "connectedPeers": 0});
        assert_eq!(Told::from(&AppEvent::StatusChanged(activity)).data, expected);
    }
}

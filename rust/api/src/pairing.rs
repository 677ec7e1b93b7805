//! How two devices come to know each other, as people see it.

use p2psync_engine::{PairingStep, ShownPairingCode};
use serde::Serialize;

use crate::{Failure, FailureDetail, iso};

/// A code for a screen.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PairingCode {
    /// What is typed, and what the picture holds.
    pub text: String,
    /// The picture.
    pub svg: String,
    /// Until when it is good, by this device's clock.
    pub expires_at: String,
}

impl From<&ShownPairingCode> for PairingCode {
    fn from(shown: &ShownPairingCode) -> Self {
        Self { text: shown.text.clone(), svg: shown.svg.clone(), expires_at: iso(shown.expires) }
    }
}

/// How a pairing stands.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PairingState {
    /// With whom, if there is somebody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer_id: Option<String>,
    /// The name that it gives itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `waitingForScan`, `waitingForPeer`, `compare`, `authenticated`, `unauthenticated`, `failed` or `cancelled`.
    pub state: &'static str,
    /// What both screens show, where people compare.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digits: Option<String>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<FailureDetail>,
}

impl From<&p2psync_engine::PairingState> for PairingState {
    fn from(state: &p2psync_engine::PairingState) -> Self {
        let (mut digits, mut error) = (None, None);
        match &state.step {
            PairingStep::Compare(shown) => digits = Some(shown.to_string()),
            PairingStep::Failed(reason) => error = Some(Failure::from(reason).error),
            PairingStep::WaitingForScan
            | PairingStep::WaitingForPeer
            | PairingStep::Authenticated
            | PairingStep::Unauthenticated
            | PairingStep::Cancelled => {}
        }
        Self {
            peer_id: state.with.map(|with| with.to_string()),
            name: state.name.clone(),
            state: state.step.as_str(),
            digits,
            error,
        }
    }
}

#[cfg(test)]
mod tests {
    use p2psync_engine::Error;

    use super::*;
    use crate::to_json;

    #[test]
    fn a_failed_pairing_says_why() {
        let step = PairingStep::Failed(Error::NobodyCame);
        let state = p2psync_engine::PairingState { with: None, name: None, step };
        assert_eq!(
            to_json(&PairingState::from(&state)),
            r#"{"state":"failed","error":{"code":"TIMEOUT","message":"the device did not appear in time"}}"#
        );
    }
}

//! How things stand.

use serde::Serialize;

/// How things stand.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// How many documents, and how far they have come.
    pub documents: DocumentCounts,
    /// What would be lost with this device.
    pub only_here: OnlyHere,
    /// Whether nothing would be lost.
    pub safe_to_wipe: bool,
    /// `none` or `configured`.
    pub destination: &'static str,
}

impl Status {
    /// What to say of a status.
    pub fn of(status: &p2psync_engine::Status, has_destination: bool) -> Self {
        let p2psync_engine::Status { own, received, waiting, confirmed, bytes, only_here } = *status;
        Self {
            documents: DocumentCounts { own, received, waiting, confirmed, bytes },
            only_here: OnlyHere { own: only_here.own, received: only_here.others },
            safe_to_wipe: status.is_safe_to_wipe(),
            destination: if has_destination { "configured" } else { "none" },
        }
    }
}

/// Counts of documents.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct DocumentCounts {
    /// Made here.
    pub own: u64,
    /// Brought by peers.
    pub received: u64,
    /// Neither confirmed nor refused by the destination.
    pub waiting: u64,
    /// Confirmed and still here.
    pub confirmed: u64,
    /// Room that all take.
    pub bytes: u64,
}

/// Documents that neither the destination nor a peer is known to hold.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct OnlyHere {
    /// Made here.
    pub own: u64,
    /// Brought by peers.
    pub received: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::to_json;

    #[test]
    fn a_status_answers_whether_the_device_may_be_wiped() {
        let status = p2psync_engine::Status::default();
        assert_eq!(
            to_json(&Status::of(&status, false)),
            r#"{"documents":{"own":0,"received":0,"waiting":0,"confirmed":0,"bytes":0},"onlyHere":{"own":0,"received":0},"safeToWipe":true,"destination":"none"}"#
        );
    }
}

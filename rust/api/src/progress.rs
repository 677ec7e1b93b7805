//! How far an exchange with a peer is, and how it came out.

use serde::Serialize;

/// How far an exchange with a peer is, in both directions.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SyncProgress {
    /// With whom.
    pub peer_id: String,
    /// What this device gives.
    pub sending: Course,
    /// What it takes.
    pub receiving: Course,
    /// Whether both sides have said their last word. Something new may follow.
    pub done: bool,
    /// How it came out, once it is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<WordOfEnd>,
}

/// One direction of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Course {
    /// Documents so far.
    pub documents: u64,
    /// Documents that there are to be, as far as is known.
    pub documents_total: u64,
    /// Bytes of those documents so far; absent where only their sender knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Bytes that there are to be.
    pub bytes_total: u64,
}

impl From<&p2psync_engine::SyncProgress> for SyncProgress {
    fn from(told: &p2psync_engine::SyncProgress) -> Self {
        let progress = told.progress;
        let (documents, bytes_total) = progress.to_receive;
        Self {
            peer_id: told.peer.to_string(),
            sending: Course {
                documents: progress.sending.documents.into(),
                documents_total: progress.sending.documents_total.into(),
                bytes: Some(progress.sending.bytes),
                bytes_total: progress.sending.bytes_total,
            },
            receiving: Course {
                documents: progress.received_documents.into(),
                documents_total: documents.into(),
                bytes: None,
                bytes_total,
            },
            done: told.outcome.is_some(),
            outcome: told.outcome.map(|(word, outcome)| WordOfEnd {
                word: word.as_str(),
                sent: outcome.sent,
                received: outcome.received,
                refused_there: outcome.refused_there,
                refused_here: outcome.refused_here,
            }),
        }
    }
}

/// How an exchange came out: the same word on both screens, and numbers as this side sees them.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WordOfEnd {
    /// `upToDate`, `nothingNew`, `refused` or `cutOff`.
    pub word: &'static str,
    /// Documents that the other side took.
    pub sent: u32,
    /// Documents that this side took.
    pub received: u32,
    /// Documents that the other side did not take.
    pub refused_there: u32,
    /// Documents that this side did not take.
    pub refused_here: u32,
}

#[cfg(test)]
mod tests {
    use p2psync_engine::{Outcome, Progress, Word};
    use p2psync_model::PeerId;

    use super::*;
    use crate::to_json;

    #[test]
    fn progress_ends_with_a_word() {
        let mut told = p2psync_engine::SyncProgress {
            peer: PeerId::from_bytes([1; 32]),
            progress: Progress { to_receive: (2, 500), received_documents: 1, ..Progress::default() },
            outcome: None,
        };
        let peer = "01".repeat(32);
        let courses = r#""sending":{"documents":0,"documentsTotal":0,"bytes":0,"bytesTotal":0},"receiving":{"documents":1,"documentsTotal":2,"bytesTotal":500}"#;
        let expected = format!(r#"{{"peerId":"{peer}",{courses},"done":false}}"#);
        assert_eq!(to_json(&SyncProgress::from(&told)), expected);
        told.outcome = Some((Word::UpToDate, Outcome { received: 2, ..Outcome::default() }));
        assert!(to_json(&SyncProgress::from(&told)).ends_with(
            r#""done":true,"outcome":{"word":"upToDate","sent":0,"received":2,"refusedThere":0,"refusedHere":0}}"#
        ));
    }
}

//! What took place: meetings and pairings.

use p2psync_engine::HistoryPage;
use serde::Serialize;

use crate::iso;

/// One meeting or pairing.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HistoryEntry {
    /// When it ended, as this device believed.
    pub at: String,
    /// `sync` or `pairing`.
    pub kind: &'static str,
    /// With whom, if that became known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer_id: Option<String>,
    /// The name that the peer had then.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub peer_name: String,
    /// Over what.
    pub transport: &'static str,
    /// Documents that the other side took.
    pub sent: u64,
    /// Documents that it brought.
    pub received: u64,
    /// Bytes that travelled, both ways.
    pub bytes: u64,
    /// How it ended: a word, or the code of an error.
    pub outcome: String,
}

impl From<&p2psync_engine::HistoryEntry> for HistoryEntry {
    fn from(entry: &p2psync_engine::HistoryEntry) -> Self {
        Self {
            at: iso(entry.at),
            kind: entry.kind.as_str(),
            peer_id: entry.peer.map(|peer| peer.to_string()),
            peer_name: entry.name.clone(),
            transport: entry.transport.as_str(),
            sent: entry.sent,
            received: entry.received,
            bytes: entry.bytes,
            outcome: entry.outcome.clone(),
        }
    }
}

/// Some entries, the newest first.
#[derive(Clone, Debug, Serialize)]
pub struct HistoryList {
    /// The entries.
    pub entries: Vec<HistoryEntry>,
    /// What the next page is asked for with, if there may be one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl From<&HistoryPage> for HistoryList {
    fn from(page: &HistoryPage) -> Self {
        Self {
            entries: page.entries.iter().map(HistoryEntry::from).collect(),
            next: page.next.map(|next| next.to_string()),
        }
    }
}

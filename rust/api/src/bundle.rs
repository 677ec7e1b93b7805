//! Bundles: what went into a file, and what came out of one.

use std::collections::BTreeMap;

use p2psync_engine::{Exported, Imported};
use serde::Serialize;

use crate::event::refusal_name;
use crate::{Failure, FailureDetail, iso};

/// A bundle that was made.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExportedBundle {
    /// Documents in it.
    pub documents: u32,
    /// Receipts and notices in it.
    pub confirmations: u32,
    /// Its length.
    pub bytes: u64,
    /// Stored peers that can read it.
    pub peers: usize,
    /// Whether the destination can.
    pub for_destination: bool,
}

impl From<&Exported> for ExportedBundle {
    fn from(exported: &Exported) -> Self {
        let Exported { documents, statements, bytes, peers, for_destination } = *exported;
        Self { documents, confirmations: statements, bytes, peers, for_destination }
    }
}

/// What a bundle has brought.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportedBundle {
    /// The peer that has made it.
    pub peer_id: String,
    /// Its name.
    pub peer_name: String,
    /// When it was made, as its maker believed, if it says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub made_at: Option<String>,
    /// Documents that are new here.
    pub documents: u32,
    /// Receipts and notices that are new here.
    pub confirmations: u32,
    /// Documents of which a part is here.
    pub partial: u32,
    /// What was here before.
    pub already: u32,
    /// What was not taken.
    pub rejected: u32,
    /// The same by reason.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub rejected_because: BTreeMap<&'static str, u32>,
    /// The new documents, parents first.
    pub ids: Vec<String>,
    /// Why it was not read to its end, if it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<FailureDetail>,
}

impl From<&Imported> for ImportedBundle {
    fn from(imported: &Imported) -> Self {
        Self {
            peer_id: imported.maker.to_string(),
            peer_name: imported.maker_name.clone(),
            made_at: imported.made.map(iso),
            documents: imported.documents,
            confirmations: imported.statements,
            partial: imported.partial,
            already: imported.already,
            rejected: imported.rejected.values().sum(),
            rejected_because: imported
                .rejected
                .iter()
                .map(|(refusal, count)| (refusal_name(*refusal), *count))
                .collect(),
            ids: imported.received.iter().map(ToString::to_string).collect(),
            error: imported.ended.as_ref().err().map(|error| Failure::from(error).error),
        }
    }
}

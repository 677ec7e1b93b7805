//! What programs are told, as JSON: results and errors of the engine under the names that the plugin's API has.
//!
//! Names are stable once released: fields may be added, none changes its meaning. Ids and fingerprints are hex, dates
//! are ISO 8601 in UTC, sizes are bytes. What is unknown is absent, never null.

mod bundle;
mod call;
mod check;
mod date;
mod destination;
mod device;
mod document;
mod event;
mod failure;
mod history;
mod pairing;
mod peer;
mod progress;
mod receipt;
mod status;

pub use bundle::{ExportedBundle, ImportedBundle};
pub use call::{
    AddressList, Caller, DialOptions, Done, Files, OpenOptions, Outcome, Reply, Request, methods,
};
pub use check::{Check, Rescue, RescuedTable};
pub use date::{iso, parse_iso};
pub use destination::{Certificate, Destination};
pub use device::Device;
pub use document::{Attachment, Deleted, DocumentInfo, DocumentList, Put, state_name, state_of_name};
pub use event::{ActivityStatus, Problem, Told, refusal_name};
pub use failure::{Failure, FailureDetail};
pub use history::{HistoryEntry, HistoryList};
pub use pairing::{PairingCode, PairingState};
pub use peer::{NearbyList, NearbyPeer, Peer, PeerList};
pub use progress::{Course, SyncProgress, WordOfEnd};
pub use receipt::Receipt;
pub use status::{DocumentCounts, OnlyHere, Status};

pub use serde_json::Value;

/// One line of JSON.
pub fn to_json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("the types of this crate have no keys but strings, and do not fail")
}

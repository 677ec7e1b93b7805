//! The whole of a device: one struct that composes the rooms below, for every program to drive.
//!
//! No clock, thread, socket or JSON: the date, randomness and bytes are arguments. The store blocks, so a call
//! returns when what it did is on disk. An [`Engine`] is opened over a store. Its document side puts, reads, lists
//! and deletes documents; its meeting side finds other devices, pairs with them and keeps a link with each: it is
//! told what happens by [`Engine::handle`], asked for bytes by [`Engine::fill`], and says by [`Engine::deadline`]
//! when it wants to be called again.
//!
//! Sealing is slow and needs no state, so it comes before the engine: a [`Preparation`] makes finished bytes of a
//! [`NewDocument`], without a lock, and [`Engine::commit`] keeps them. [`Engine::put`] does both.

mod bramble;
mod bundle;
mod code;
mod commit;
mod cutting;
mod description;
mod destination;
mod engine;
mod error;
mod exchange;
mod identity;
mod information;
mod meeting;
mod picture;
mod preparation;
mod query;
mod reading;
mod receipt;
mod status;

pub use bramble::{BrambleContact, BrambleError, BrambleEvent, BrambleSession};
pub use bundle::{Exported, Imported, Which};
pub use code::{Action, Code};
pub use commit::{Draft, Put};
pub use destination::{CertificateSummary, NewDestination, inspect_certificate};
pub use engine::{Engine, Opened, Options};
pub use error::Error;
pub use exchange::Word;
pub use identity::{DEVICE_NAME_BYTES_MAX, NAMES_COUNT};
pub use information::{DocumentInfo, Origin};
pub use meeting::{
    ADVERT_BYTES, Activity, Advert, AppEvent, ConnectionId, DISCOVERY_SECONDS_MAX, DialId, DiscoveryOptions,
    EPOCH_MS, EPOCHS_OFF_MAX, Effect, Event, HistoryEntry, HistoryKind, HistoryPage, Moment, Nearby,
    NearbyId, NearbyState, PEERS_MAX, PairingState, PairingStep, PeerChange, PeerInfo, Radios,
    ShownPairingCode, SightingId, Step, SyncProgress, Tag, Target, Transport, TransportState,
};
pub use p2psync_model::Authentication;
pub use p2psync_pair::{Digits, Verdict};
pub use p2psync_seal::Date;
pub use p2psync_store::{
    Deleted, Depth, Findings, OnlyHere, PasswordCost, Place, RescueReport, State, TableReport, Unlock,
};
pub use p2psync_sync::session::{Outcome, Progress, Refusal, Tally};
pub use picture::picture_of_code;
pub use preparation::{KEPT_AT_ONCE_BYTES, NORMAL_PRIORITY_BYTES_MAX, NewDocument, Preparation, Prepared};
pub use query::{Page, Query};
pub use receipt::{verify_receipt, verify_signed_receipt};
pub use status::Status;

//! What a session begins with and what it comes to.

use p2psync_bramble::{SecretKey, mac};
use p2psync_model::GroupId;

use super::{Tally, Versions};
use crate::Set;

/// What both sides of a session agreed on before it, and what this side wants.
#[derive(Clone, Debug)]
pub struct Terms {
    /// Whether this side opened the connection. The caller speaks first, the callee compares first.
    pub is_caller: bool,
    /// The deployment: messages of other groups do not exist here.
    pub group: GroupId,
    /// Fresh for the session and unknown to everybody else: from the link's exported key.
    pub key: SecretKey,
    /// The versions that this side speaks.
    pub versions: Versions,
    /// Whether this side wants to stay connected when both have everything, and pass on what comes later.
    pub stays: bool,
    /// How long the other side may owe an answer, and say nothing at all.
    pub patience_ms: u64,
}

impl Terms {
    /// The key under which a set is compared.
    pub(super) fn key_of(&self, set: Set) -> [u8; 16] {
        let key = mac("org.sahana.p2psync.sync/COMPARISON_KEY", &self.key, &[&[set.number()]]);
        *key.first_chunk().expect("a MAC has 32 bytes")
    }
}

/// How a session came out; both sides have the same numbers, seen from their own end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Documents that the other side took.
    pub sent: u32,
    /// Documents that this side took.
    pub received: u32,
    /// Documents that the other side did not take.
    pub refused_there: u32,
    /// Documents that this side did not take.
    pub refused_here: u32,
}

/// How far a session has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// What this side gives.
    pub sending: Tally,
    /// Bytes that left for documents that were asked for.
    pub answered_bytes: u64,
    /// Documents that this side has taken.
    pub received_documents: u32,
    /// Documents and bytes that the other side says it will give.
    pub to_receive: (u32, u64),
}

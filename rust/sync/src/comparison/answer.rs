//! What is said about a range where the two sides differ.

use super::bound::Range;
use super::encoding::{Content, LIST_IDS_MAX, ShortId};
use super::findings::Findings;
use super::queue::RangeQueue;
use super::snapshot::Snapshot;
use super::split::split;
use crate::catalogue::{Catalogue, CatalogueError};

/// How finely to cut. Another turn costs a link's latency, finer parts cost bytes: while few ranges differ bytes are
/// cheap. Measured for 100 ms and 20 kB/s (docs/adr/0009).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Grain {
    /// Most parts of one range.
    pub(super) parts_max: u64,
    /// A range with at most so many messages is listed.
    list_ids_max: u64,
}

impl Grain {
    /// For each of so many ranges that differ.
    pub(super) fn for_differing(ranges: u64) -> Self {
        let ranges = ranges.max(1);
        Self {
            parts_max: (128 / ranges).clamp(PARTS_MIN, PARTS_MAX),
            list_ids_max: (8 + 256 / ranges).min(LIST_IDS_MAX as u64),
        }
    }

    /// For all messages, of which at least `differing` are not on both sides. Those that one side has more may be
    /// spread, and so many parts then save a turn.
    pub(super) fn for_all(differing: u64) -> Self {
        let grain = Self::for_differing(1);
        Self { parts_max: differing.clamp(grain.parts_max, 4 * PARTS_MAX), ..grain }
    }
}

/// Parts of a range that is cut, if it has so many messages. With four none has more than half of the messages, though
/// it may have a whole bucket too many: so ranges end after few cuts (docs/protocol/sync.md, Bounds).
const PARTS_MIN: u64 = 4;

/// Most parts of a range, except of all messages.
const PARTS_MAX: u64 = 32;

/// Parts have at least so many messages on average: fewer would cost as much as their list.
const PART_MESSAGES_MIN: u64 = 8;

/// Answers a fingerprint that differs from ours: a list if there is little here, else fingerprints of parts.
pub(super) fn answer_difference(
    snapshot: &mut Snapshot,
    range: Range,
    grain: Grain,
    outbox: &mut RangeQueue,
    catalogue: &mut dyn Catalogue,
) -> Result<(), CatalogueError> {
    let count = snapshot.count(range, catalogue)?;
    if count <= grain.list_ids_max && list(snapshot, range, outbox, catalogue)? {
        return Ok(());
    }
    let parts_max = grain.parts_max.min(count / PART_MESSAGES_MIN).max(PARTS_MIN);
    for part in split(snapshot, range, parts_max, catalogue)? {
        // One id is as short as a fingerprint and says more.
        let is_listed = snapshot.count(part, catalogue)? <= 1 && list(snapshot, part, outbox, catalogue)?;
        if !is_listed {
            let fingerprint = snapshot.fingerprint(part, catalogue)?;
            outbox.push(part, Content::Fingerprint(fingerprint));
        }
    }
    Ok(())
}

/// False if there are too many messages after all, because the set has changed.
fn list(
    snapshot: &mut Snapshot,
    range: Range,
    outbox: &mut RangeQueue,
    catalogue: &mut dyn Catalogue,
) -> Result<bool, CatalogueError> {
    let ids = snapshot.short_ids(range, catalogue)?;
    if ids.len() > LIST_IDS_MAX {
        return Ok(false);
    }
    outbox.push(range, Content::List(&ids));
    Ok(true)
}

/// Answers a list that is not empty: what is not in it is to be sent, what is only in it is wanted.
pub(super) fn answer_list(
    snapshot: &mut Snapshot,
    range: Range,
    listed: &[ShortId],
    outbox: &mut RangeQueue,
    findings: &mut Findings,
    catalogue: &mut dyn Catalogue,
) -> Result<(), CatalogueError> {
    let mut wanted = listed.to_vec();
    let mut lacks_some = false;
    for place in snapshot.overlapping(range) {
        for id in snapshot.short_ids_in_bucket(place, range, catalogue)? {
            lacks_some |= listed.binary_search(&id).is_err();
            wanted.retain(|wanted| *wanted != id);
        }
    }
    if lacks_some {
        findings.push(range, Content::List(listed));
    }
    if !wanted.is_empty() {
        outbox.push(range, Content::Want(&wanted));
    }
    Ok(())
}

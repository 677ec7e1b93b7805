//! What the other side lacks, as ranges that become messages only when they are asked for.

use super::bound::{Bound, Range};
use super::encoding::{Content, ShortId};
use super::queue::RangeQueue;
use super::snapshot::Snapshot;
use crate::catalogue::{Catalogue, CatalogueError, Entry};

/// When findings take so many bytes no more are made until some are taken.
pub const FINDINGS_BYTES_MAX: usize = 262_144;

/// First in, first out. A list means all messages of the range but those; what is wanted means only those.
pub(super) struct Findings {
    ranges: RangeQueue,
    /// How far the first range was taken, if it was begun.
    taken_to: Option<Bound>,
}

impl Findings {
    pub(super) const fn new() -> Self {
        Self { ranges: RangeQueue::new(), taken_to: None }
    }

    pub(super) fn push(&mut self, range: Range, content: Content<'_>) {
        self.ranges.push(range, content);
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    pub(super) const fn is_full(&self) -> bool {
        self.ranges.bytes() >= FINDINGS_BYTES_MAX
    }

    /// Up to `entries_max` messages.
    pub(super) fn take(
        &mut self,
        entries_max: usize,
        snapshot: &mut Snapshot,
        catalogue: &mut dyn Catalogue,
    ) -> Result<Vec<Entry>, CatalogueError> {
        let short_id_of = snapshot.short_ids_of();
        let mut taken = Vec::new();
        while let Some((range, content)) = self.ranges.front() {
            let rest = Range { lower: self.taken_to.unwrap_or(range.lower), ..range };
            for place in snapshot.overlapping(rest) {
                if taken.len() == entries_max {
                    return Ok(taken);
                }
                for entry in rest.part_of(snapshot.entries(place, catalogue)?) {
                    if taken.len() == entries_max {
                        return Ok(taken);
                    }
                    self.taken_to = Some(Bound::after(entry));
                    if is_meant(content, || short_id_of(entry)) {
                        taken.push(*entry);
                    }
                }
            }
            self.ranges.pop_front();
            self.taken_to = None;
        }
        Ok(taken)
    }
}

fn is_meant(content: Content<'_>, short_id: impl FnOnce() -> ShortId) -> bool {
    match content {
        Content::List([]) => true,
        Content::List(ids) => ids.binary_search(&short_id()).is_err(),
        Content::Want(ids) => ids.binary_search(&short_id()).is_ok(),
        Content::Fingerprint(_) => false,
    }
}

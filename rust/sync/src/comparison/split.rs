//! Where a range is cut so that its parts hold about as many messages each.

use super::bound::{Bound, Range};
use super::snapshot::Snapshot;
use crate::catalogue::{Catalogue, CatalogueError, Entry};

/// Cuts a range into at most `parts_max` that hold about as many messages each, in ascending order. Reads entries only
/// where a bucket has more than one part's share.
pub(super) fn split(
    snapshot: &mut Snapshot,
    range: Range,
    parts_max: u64,
    catalogue: &mut dyn Catalogue,
) -> Result<Vec<Range>, CatalogueError> {
    let count = snapshot.count(range, catalogue)?;
    let mut cutter = Cutter { parts: Vec::new(), lower: range.lower, counted: 0, count, parts_max, next: 1 };
    for place in snapshot.overlapping(range) {
        let bucket_begins = Bound::at_bucket(snapshot.bucket_number(place));
        let share = snapshot.part(place, range, catalogue)?.count();
        cutter.offer(|| bucket_begins);
        if share * parts_max <= count {
            cutter.counted += share;
            continue;
        }
        let mut previous: Option<&Entry> = None;
        for entry in range.part_of(snapshot.entries(place, catalogue)?) {
            if let Some(previous) = previous {
                cutter.offer(|| Bound::between(previous, entry));
            }
            cutter.counted += 1;
            previous = Some(entry);
        }
    }
    Ok(cutter.finish(range.upper))
}

struct Cutter {
    parts: Vec<Range>,
    lower: Bound,
    counted: u64,
    count: u64,
    parts_max: u64,
    /// How many parts' shares should be counted before the next cut.
    next: u64,
}

impl Cutter {
    /// A place where the range may be cut, after all that was counted.
    fn offer(&mut self, bound: impl FnOnce() -> Bound) {
        if self.counted * self.parts_max < self.next * self.count || self.next >= self.parts_max {
            return;
        }
        let upper = bound();
        if upper > self.lower {
            self.parts.push(Range { lower: self.lower, upper });
            self.lower = upper;
            self.next = self.counted * self.parts_max / self.count.max(1) + 1;
        }
    }

    fn finish(mut self, upper: Bound) -> Vec<Range> {
        self.parts.push(Range { lower: self.lower, upper });
        self.parts
    }
}

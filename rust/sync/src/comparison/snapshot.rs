//! What this device holds, as one comparison sees it: counts, fingerprints and short ids of ranges.

use core::hash::Hasher as _;
use std::collections::BTreeMap;

use siphasher::sip::SipHasher24;

use super::bound::{Bound, Range};
use super::encoding::{Fingerprint, SHORT_BYTES, ShortId};
use crate::catalogue::{BUCKET_SHIFT, Bucket, Catalogue, CatalogueError, Entry, Set};

/// Most entries that are kept, beside those of the bucket that is looked at.
pub const KEPT_ENTRIES_MAX: usize = 32_768;

/// Buckets as they were when the comparison began. Messages are read when a bound falls between those of one bucket;
/// what changes meanwhile makes differences that are none, and no others.
pub(super) struct Snapshot {
    hasher: SipHasher24,
    set: Set,
    buckets: Vec<Bucket>,
    kept: BTreeMap<u64, Vec<Entry>>,
    kept_entries: usize,
    /// Entries of a bucket for which there was no place among the kept ones.
    latest: (u64, Vec<Entry>),
}

impl Snapshot {
    pub(super) fn take(
        key: &[u8; 16],
        set: Set,
        catalogue: &mut dyn Catalogue,
    ) -> Result<Self, CatalogueError> {
        let mut buckets = catalogue.buckets(set)?;
        // Timestamps are below 2^63, so there are no others; no range would reach them.
        let number_end = Bound::END.timestamp_ms() >> BUCKET_SHIFT;
        buckets.retain(|bucket| bucket.number < number_end && bucket.count > 0);
        buckets.sort_unstable_by_key(|bucket| bucket.number);
        Ok(Self {
            hasher: SipHasher24::new_with_key(key),
            set,
            buckets,
            kept: BTreeMap::new(),
            kept_entries: 0,
            latest: (u64::MAX, Vec::new()),
        })
    }

    pub(super) const fn set(&self) -> Set {
        self.set
    }

    /// How many messages there are in all.
    pub(super) fn count_all(&self) -> u64 {
        self.buckets.iter().map(|bucket| u64::from(bucket.count)).sum()
    }

    /// The whole fingerprint of everything. Reads no entries.
    pub(super) fn root(&self) -> [u8; 8] {
        let mut hasher = self.hasher;
        for bucket in &self.buckets {
            absorb_bucket(&mut hasher, bucket);
        }
        hasher.finish().to_le_bytes()
    }

    pub(super) fn fingerprint(
        &mut self,
        range: Range,
        catalogue: &mut dyn Catalogue,
    ) -> Result<Fingerprint, CatalogueError> {
        let mut hasher = self.hasher;
        for place in self.overlapping(range) {
            match self.part(place, range, catalogue)? {
                Part::Whole(bucket) => absorb_bucket(&mut hasher, bucket),
                Part::Some(entries) => entries.iter().for_each(|entry| absorb_entry(&mut hasher, entry)),
            }
        }
        Ok(shorten(hasher.finish()))
    }

    /// How many messages there are in a range.
    pub(super) fn count(
        &mut self,
        range: Range,
        catalogue: &mut dyn Catalogue,
    ) -> Result<u64, CatalogueError> {
        let mut count = 0;
        for place in self.overlapping(range) {
            count += self.part(place, range, catalogue)?.count();
        }
        Ok(count)
    }

    /// The short ids of all messages in a range, ascending.
    pub(super) fn short_ids(
        &mut self,
        range: Range,
        catalogue: &mut dyn Catalogue,
    ) -> Result<Vec<ShortId>, CatalogueError> {
        let mut ids = Vec::new();
        for place in self.overlapping(range) {
            ids.append(&mut self.short_ids_in_bucket(place, range, catalogue)?);
        }
        ids.sort_unstable();
        ids.dedup();
        Ok(ids)
    }

    /// The short ids of what a range has of the bucket at `place`.
    pub(super) fn short_ids_in_bucket(
        &mut self,
        place: usize,
        range: Range,
        catalogue: &mut dyn Catalogue,
    ) -> Result<Vec<ShortId>, CatalogueError> {
        let hasher = self.hasher;
        let entries = range.part_of(self.entries(place, catalogue)?);
        Ok(entries.iter().map(|entry| short_id(hasher, entry)).collect())
    }

    /// What gives messages their short ids.
    pub(super) fn short_ids_of(&self) -> impl Fn(&Entry) -> ShortId + use<> {
        let hasher = self.hasher;
        move |entry| short_id(hasher, entry)
    }

    /// The buckets that a range has a part of.
    pub(super) fn overlapping(&self, range: Range) -> core::ops::Range<usize> {
        let first = self.buckets.partition_point(|bucket| Bound::at_bucket(bucket.number + 1) <= range.lower);
        let last = self.buckets.partition_point(|bucket| Bound::at_bucket(bucket.number) < range.upper);
        first..last
    }

    /// What a range has of the bucket at `place`. Reads entries only if a bound falls between them.
    pub(super) fn part(
        &mut self,
        place: usize,
        range: Range,
        catalogue: &mut dyn Catalogue,
    ) -> Result<Part<'_>, CatalogueError> {
        match self.buckets.get(place) {
            Some(bucket) if !range.covers_bucket(bucket.number) => {
                Ok(Part::Some(range.part_of(self.entries(place, catalogue)?)))
            }
            Some(_) => Ok(self.buckets.get(place).map_or(Part::Some(&[]), Part::Whole)),
            None => Ok(Part::Some(&[])),
        }
    }

    /// The number of the bucket at `place`.
    pub(super) fn bucket_number(&self, place: usize) -> u64 {
        self.buckets.get(place).map_or(u64::MAX, |bucket| bucket.number)
    }

    /// The entries of the bucket at `place`, sorted.
    pub(super) fn entries(
        &mut self,
        place: usize,
        catalogue: &mut dyn Catalogue,
    ) -> Result<&[Entry], CatalogueError> {
        let Some(bucket) = self.buckets.get(place) else { return Ok(&[]) };
        let number = bucket.number;
        if !self.kept.contains_key(&number) && self.latest.0 != number {
            self.latest = (u64::MAX, Vec::new());
            let entries = read_sorted(catalogue, self.set, number)?;
            if self.kept_entries + entries.len() <= KEPT_ENTRIES_MAX {
                self.kept_entries += entries.len();
                self.kept.insert(number, entries);
            } else {
                self.latest = (number, entries);
            }
        }
        Ok(self.kept.get(&number).unwrap_or(&self.latest.1))
    }
}

/// What a range has of one bucket.
pub(super) enum Part<'a> {
    /// All of it, as the digest of the bucket says.
    Whole(&'a Bucket),
    /// These messages, because a bound may fall between those of the bucket.
    Some(&'a [Entry]),
}

impl Part<'_> {
    pub(super) fn count(&self) -> u64 {
        match self {
            Self::Whole(bucket) => u64::from(bucket.count),
            Self::Some(entries) => entries.len() as u64,
        }
    }
}

fn read_sorted(catalogue: &mut dyn Catalogue, set: Set, number: u64) -> Result<Vec<Entry>, CatalogueError> {
    let mut entries = catalogue.entries(set, number)?;
    entries.retain(|entry| entry.timestamp_ms >> BUCKET_SHIFT == number);
    entries.sort_unstable_by(|before, after| {
        before.timestamp_ms.cmp(&after.timestamp_ms).then_with(|| before.id.cmp(&after.id))
    });
    entries.dedup_by_key(|entry| entry.id);
    entries.shrink_to_fit();
    Ok(entries)
}

/// First byte of what is hashed for a whole bucket, and for a message.
const WHOLE_BUCKET: u8 = 1;
const ONE_MESSAGE: u8 = 2;

fn absorb_bucket(hasher: &mut SipHasher24, bucket: &Bucket) {
    hasher.write(&[WHOLE_BUCKET]);
    hasher.write(&bucket.number.to_be_bytes());
    hasher.write(&bucket.count.to_be_bytes());
    hasher.write(&bucket.digest);
}

/// The id stands for the timestamp too.
fn absorb_entry(hasher: &mut SipHasher24, entry: &Entry) {
    hasher.write(&[ONE_MESSAGE]);
    hasher.write(entry.id.as_bytes());
}

fn short_id(mut hasher: SipHasher24, entry: &Entry) -> ShortId {
    hasher.write(entry.id.as_bytes());
    shorten(hasher.finish())
}

fn shorten(hash: u64) -> [u8; SHORT_BYTES] {
    *hash.to_le_bytes().first_chunk().expect("a short hash is shorter than a hash")
}

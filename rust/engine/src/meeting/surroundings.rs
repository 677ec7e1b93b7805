//! What the host has sighted, and whose it is.

use std::collections::{BTreeMap, BTreeSet};

use p2psync_bramble::Millis;
use p2psync_model::PeerId;

use crate::meeting::advert::{Advert, Tag};
use crate::meeting::event::SightingId;
use crate::meeting::recognition::{Owner, Recognition};
use crate::meeting::transport::Transport;

/// Most sightings that are kept. Whoever fills the air with adverts pushes out only what is unknown.
pub(super) const SIGHTINGS_MAX: usize = 256;

/// Most adverts of one sighting: one for peers, one for anybody, one of a quarter of an hour ago.
const ADVERTS_MAX: usize = 3;

/// The first pause after a sighting could not be dialled; each further one is twice as long.
const PAUSE_MS: u64 = 4_000;

/// Everything that is sighted.
#[derive(Debug, Default)]
pub(super) struct Surroundings {
    sightings: BTreeMap<SightingId, Sighting>,
    /// Numbers of those who are open to anybody, by what they show.
    found: BTreeMap<Tag, u64>,
    tags: BTreeMap<u64, Tag>,
    next_found: u64,
}

/// Something that can be dialled.
#[derive(Clone, Debug)]
pub(super) struct Sighting {
    pub(super) transport: Transport,
    /// What it shows, all at once or in turn: the newest last.
    adverts: Vec<Advert>,
    expected: Option<PeerId>,
    pub(super) whose: Whose,
    /// What shows whose it is, if anything does.
    pub(super) tag: Option<Tag>,
    /// Since when it is known to be that.
    pub(super) since: Millis,
    failures: u32,
    pub(super) not_before: Millis,
    /// Peers that it was asked for without a sign that it is any of them.
    pub(super) guessed: BTreeSet<PeerId>,
}

impl Sighting {
    const fn new(now: Millis, transport: Transport, expected: Option<PeerId>) -> Self {
        Self {
            transport,
            adverts: Vec::new(),
            expected,
            whose: Whose::Unknown,
            tag: None,
            since: now,
            failures: 0,
            not_before: now,
            guessed: BTreeSet::new(),
        }
    }

    /// Whether it shows this tag.
    pub(super) fn shows(&self, tag: Tag) -> bool {
        self.adverts.iter().any(|advert| advert.tag == tag)
    }

    /// Whether it may be a peer that cannot be told by what it shows.
    pub(super) fn is_unreadable(&self) -> bool {
        matches!(self.whose, Whose::Open(_) | Whose::Unknown)
            && (self.adverts.is_empty() || self.adverts.iter().any(|advert| !advert.is_open))
    }

    /// How good a way it is: those that failed come last, then the better transport.
    pub(super) const fn rank(&self) -> (core::cmp::Reverse<u32>, Transport) {
        (core::cmp::Reverse(self.failures), self.transport)
    }
}

/// Who a sighting is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// This device, or a copy of it. Never dialled.
    Ourselves,
    /// A peer, by its tag or by the host's memory.
    Peer(PeerId),
    /// Somebody who lets anybody pair.
    Open(u64),
    /// Nobody can say.
    Unknown,
}

/// What tells whose a tag is.
pub(super) struct Signs<'a> {
    pub(super) recognition: &'a Recognition,
    /// Tags that this device shows besides that for its peers.
    pub(super) own_tags: [Option<Tag>; 2],
    /// Whether the host's memory of a peer still counts.
    pub(super) is_peer: &'a dyn Fn(&PeerId) -> bool,
}

impl Surroundings {
    pub(super) fn clear(&mut self) {
        self.sightings.clear();
        self.found.clear();
        self.tags.clear();
    }

    /// Notes that a device is there.
    pub(super) fn sight(
        &mut self,
        now: Millis,
        id: SightingId,
        transport: Transport,
        shown: (Option<Advert>, Option<PeerId>),
        signs: &Signs<'_>,
    ) {
        let (advert, expected) = shown;
        let mut sighting = match self.sightings.remove(&id) {
            Some(before) if before.transport == transport => Sighting { expected, ..before },
            _ => Sighting::new(now, transport, expected),
        };
        if let Some(advert) = advert
            && sighting.adverts.last() != Some(&advert)
        {
            sighting.adverts.retain(|before| *before != advert);
            sighting.adverts.push(advert);
            let excess = sighting.adverts.len().saturating_sub(ADVERTS_MAX);
            sighting.adverts.drain(..excess);
        }
        self.rejudge(now, &mut sighting, signs);
        self.sightings.insert(id, sighting);
        self.make_room();
    }

    pub(super) fn lose(&mut self, id: SightingId) {
        self.sightings.remove(&id);
    }

    /// Judges everybody again.
    pub(super) fn judge_all(&mut self, now: Millis, signs: &Signs<'_>) {
        for (id, mut sighting) in core::mem::take(&mut self.sightings) {
            self.rejudge(now, &mut sighting, signs);
            self.sightings.insert(id, sighting);
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (SightingId, &Sighting)> {
        self.sightings.iter().map(|(id, sighting)| (*id, sighting))
    }

    /// A number for somebody who is not sighted.
    pub(super) const fn number(&mut self) -> u64 {
        self.next_found += 1;
        self.next_found
    }

    /// What somebody shows who is open to anybody.
    pub(super) fn tag_of(&self, found: u64) -> Option<Tag> {
        self.tags.get(&found).copied()
    }

    /// Whether people would miss somebody who was open to anybody and is not seen as such any more: not if it has
    /// turned out to be a peer, or was never seen.
    pub(super) fn is_missed(&self, found: u64) -> bool {
        let is_peer = |sighting: &Sighting| matches!(sighting.whose, Whose::Peer(_));
        self.tag_of(found)
            .is_some_and(|tag| !self.sightings.values().any(|one| one.shows(tag) && is_peer(one)))
    }

    /// It was asked whether it is that peer, and said nothing.
    pub(super) fn guessed(&mut self, id: SightingId, peer: PeerId) {
        if let Some(sighting) = self.sightings.get_mut(&id) {
            sighting.guessed.insert(peer);
        }
    }

    /// It could not be dialled: others come first for a while.
    pub(super) fn dial_failed(&mut self, now: Millis, id: SightingId) {
        if let Some(sighting) = self.sightings.get_mut(&id) {
            sighting.not_before = now.plus(PAUSE_MS << sighting.failures.min(7));
            sighting.failures = sighting.failures.saturating_add(1);
        }
    }

    /// It could.
    pub(super) fn dial_succeeded(&mut self, id: SightingId) {
        if let Some(sighting) = self.sightings.get_mut(&id) {
            sighting.failures = 0;
        }
    }

    fn rejudge(&mut self, now: Millis, sighting: &mut Sighting, signs: &Signs<'_>) {
        let (whose, tag) = self.judge(sighting, signs);
        if whose != sighting.whose {
            sighting.since = now;
        }
        (sighting.whose, sighting.tag) = (whose, tag);
    }

    fn judge(&mut self, sighting: &Sighting, signs: &Signs<'_>) -> (Whose, Option<Tag>) {
        let newest_first = || sighting.adverts.iter().rev();
        let owner = |tag: Tag| {
            if signs.own_tags.contains(&Some(tag)) {
                return Some(Owner::Ourselves);
            }
            signs.recognition.owner(tag)
        };
        match newest_first().find_map(|advert| Some((owner(advert.tag)?, advert.tag))) {
            Some((Owner::Ourselves, tag)) => return (Whose::Ourselves, Some(tag)),
            Some((Owner::Peer(peer), tag)) => return (Whose::Peer(peer), Some(tag)),
            None => {}
        }
        if let Some(peer) = sighting.expected.filter(|peer| (signs.is_peer)(peer)) {
            return (Whose::Peer(peer), None);
        }
        match newest_first().find(|advert| advert.is_open) {
            Some(advert) => (Whose::Open(self.number_of(advert.tag)), Some(advert.tag)),
            None => (Whose::Unknown, None),
        }
    }

    fn number_of(&mut self, tag: Tag) -> u64 {
        if let Some(number) = self.found.get(&tag) {
            return *number;
        }
        let number = self.number();
        self.found.insert(tag, number);
        self.tags.insert(number, tag);
        number
    }

    fn make_room(&mut self) {
        if self.sightings.len() > SIGHTINGS_MAX {
            let oldest = self.sightings.iter().min_by_key(|(id, sighting)| {
                (matches!(sighting.whose, Whose::Peer(_)), sighting.since, **id)
            });
            if let Some(id) = oldest.map(|(id, _)| *id) {
                self.sightings.remove(&id);
            }
        }
        if self.found.len() > 2 * SIGHTINGS_MAX {
            let shown: BTreeSet<Tag> = self.sightings.values().filter_map(|sighting| sighting.tag).collect();
            self.found.retain(|tag, _| shown.contains(tag));
            self.tags.retain(|_, tag| shown.contains(tag));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: PeerId = PeerId::from_bytes([1; 32]);

    fn advert(number: u64, is_open: bool) -> Advert {
        Advert { tag: Tag::from_bytes(number.to_be_bytes()), is_open }
    }

    fn see(
        around: &mut Surroundings,
        id: u64,
        advert: impl Into<Option<Advert>>,
        expected: Option<PeerId>,
    ) -> Option<Whose> {
        let recognition = Recognition::default();
        let own_tags = [Some(Tag::from_bytes([9; 8])), None];
        let signs = Signs { recognition: &recognition, own_tags, is_peer: &|peer| *peer == PEER };
        around.sight(Millis(id), SightingId(id), Transport::Lan, (advert.into(), expected), &signs);
        around.sightings.get(&SightingId(id)).map(|sighting| sighting.whose)
    }

    #[test]
    fn sightings_are_judged_by_what_they_show_and_what_the_host_remembers() {
        let around = &mut Surroundings::default();
        assert_eq!(see(around, 1, None, None), Some(Whose::Unknown));
        assert_eq!(see(around, 2, None, Some(PEER)), Some(Whose::Peer(PEER)));
        assert_eq!(see(around, 3, None, Some(PeerId::from_bytes([2; 32]))), Some(Whose::Unknown));
        assert_eq!(see(around, 4, advert(0x0909_0909_0909_0909, true), None), Some(Whose::Ourselves));
        assert_eq!(see(around, 5, advert(5, true), None), Some(Whose::Open(1)));
        assert_eq!(see(around, 6, advert(5, true), None), Some(Whose::Open(1)), "the same over another way");
        assert_eq!(see(around, 7, advert(7, false), None), Some(Whose::Unknown));
        assert_eq!(see(around, 6, advert(8, false), None), Some(Whose::Open(1)), "it shows both");
        assert_eq!(see(around, 6, None, Some(PEER)), Some(Whose::Peer(PEER)), "and was met before");
    }

    #[test]
    fn a_flood_of_adverts_pushes_out_no_peer() {
        let around = &mut Surroundings::default();
        see(around, 0, None, Some(PEER));
        for number in 1..2_000 {
            see(around, number, advert(number, true), None);
        }
        assert_eq!(around.iter().count(), SIGHTINGS_MAX);
        assert!(around.found.len() <= 2 * SIGHTINGS_MAX && around.tags.len() == around.found.len());
        assert_eq!(
            around.sightings.get(&SightingId(0)).map(|sighting| sighting.whose),
            Some(Whose::Peer(PEER))
        );
    }

    #[test]
    fn what_is_seen_again_is_as_old_as_before() {
        let around = &mut Surroundings::default();
        see(around, 3, advert(3, false), None);
        around.dial_failed(Millis(3), SightingId(3));
        see(around, 3, advert(4, false), None);
        let sighting = around.sightings.get(&SightingId(3)).unwrap();
        assert_eq!((sighting.since, sighting.not_before), (Millis(3), Millis(3 + PAUSE_MS)));
    }
}

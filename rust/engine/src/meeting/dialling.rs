//! Whom to dial, when, and which way.
//!
//! Of two devices that see each other the one with the smaller tag dials; the other waits, and then dials too, for
//! perhaps it is not seen. One that shows nothing readable is asked, now and then, whether it is one of the peers
//! that are not in sight: its clock may be wrong.

use std::collections::BTreeMap;

use p2psync_bramble::Millis;
use p2psync_model::PeerId;

use crate::Error;
use crate::meeting::Meeting;
use crate::meeting::advert::{Tag, epoch_of};
use crate::meeting::connection::Connection;
use crate::meeting::event::{DialId, Effect, SightingId, Target};
use crate::meeting::reach::Wish;
use crate::meeting::surroundings::{Sighting, Whose};
use crate::meeting::transport::Transport;
use crate::meeting::turn::Turn;

/// How long the larger tag waits for the smaller one.
const FALLBACK_MS: u64 = 5_000;

/// How long the unreadable are left alone, and how long between two such questions.
const GUESS_MS: u64 = 5_000;

/// How long the host may take to dial.
const DIAL_MS_MAX: u64 = 30_000;

/// Attempts to dial that are under way.
#[derive(Debug, Default)]
pub(super) struct Dials {
    under_way: BTreeMap<DialId, Dial>,
    next: u64,
    guess_not_before: Millis,
}

/// One attempt.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dial {
    pub(super) purpose: Purpose,
    pub(super) sighting: Option<SightingId>,
    transport: Transport,
    until: Millis,
}

/// What a dial is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A link with a peer that is there.
    Link(PeerId),
    /// To ask whether it is that peer.
    Guess(PeerId),
    /// To pair with who shows the code that was scanned.
    Scan,
    /// To pair with somebody who is open to anybody, by his number.
    Digits(u64),
}

impl Dials {
    pub(super) fn take(&mut self, dial: DialId) -> Option<Dial> {
        self.under_way.remove(&dial)
    }

    pub(super) fn take_all(&mut self) -> Vec<DialId> {
        core::mem::take(&mut self.under_way).into_keys().collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.under_way.is_empty()
    }

    pub(super) fn has(&self, purpose: Purpose) -> bool {
        self.under_way.values().any(|dial| dial.purpose == purpose)
    }

    /// Numbers of those who are dialled to be paired with, and peers who are dialled because they are there.
    pub(super) fn purposes(&self) -> impl Iterator<Item = (Purpose, Transport)> {
        self.under_way.values().map(|dial| (dial.purpose, dial.transport))
    }

    pub(super) fn deadline(&self) -> Option<Millis> {
        self.under_way.values().map(|dial| dial.until).min()
    }

    fn late(&self, now: Millis) -> Option<DialId> {
        self.under_way.iter().find(|(_, dial)| now >= dial.until).map(|(id, _)| *id)
    }
}

impl Meeting {
    /// Dials a sighting, or an address, if its transport bears another dial.
    pub(super) fn dial(
        &mut self,
        turn: &mut Turn<'_>,
        purpose: Purpose,
        target: Target,
        transport: Transport,
    ) -> bool {
        let under_way = self.dials.under_way.values().filter(|dial| dial.transport == transport).count();
        let open = self.connections.values().filter(|connection| connection.transport == transport).count();
        if under_way >= transport.dials_max() || open + under_way >= transport.connections_max() {
            return false;
        }
        self.dials.next += 1;
        let dial = DialId(self.dials.next);
        let sighting = if let Target::Sighting(sighting) = target { Some(sighting) } else { None };
        let until = turn.now.millis.plus(DIAL_MS_MAX);
        self.dials.under_way.insert(dial, Dial { purpose, sighting, transport, until });
        turn.effects.push(Effect::Dial { dial, target });
        true
    }

    /// An attempt came to nothing, or took too long.
    pub(super) fn dial_failed(&mut self, turn: &mut Turn<'_>, dial: DialId) {
        let Some(Dial { purpose, sighting, .. }) = self.dials.take(dial) else { return };
        if let Some(sighting) = sighting {
            self.surroundings.dial_failed(turn.now.millis, sighting);
        }
        match purpose {
            Purpose::Link(_) | Purpose::Guess(_) => {}
            Purpose::Scan => self.scan_failed_once(turn.now.millis),
            Purpose::Digits(found) => self.digits_failed(turn, found, Error::ConnectFailed),
        }
    }

    /// Gives up the attempts of that purpose.
    pub(super) fn cancel_dials(&mut self, turn: &mut Turn<'_>, purpose: Purpose) {
        let of_purpose = |dial: &Dial| dial.purpose == purpose;
        let ids: Vec<_> =
            self.dials.under_way.iter().filter(|(_, dial)| of_purpose(dial)).map(|(id, _)| *id).collect();
        for id in ids {
            self.dials.take(id);
            turn.effects.push(Effect::CancelDial(id));
        }
    }

    pub(super) fn end_late_dials(&mut self, turn: &mut Turn<'_>) {
        while let Some(dial) = self.dials.late(turn.now.millis) {
            turn.effects.push(Effect::CancelDial(dial));
            self.dial_failed(turn, dial);
        }
    }

    /// Dials whoever is due, and notes when the next one is.
    pub(super) fn plan_dials(&mut self, turn: &mut Turn<'_>) {
        self.plan_scan(turn);
        let mut ways: BTreeMap<PeerId, Vec<(SightingId, Sighting)>> = BTreeMap::new();
        for (id, sighting) in self.surroundings.iter() {
            if let Whose::Peer(peer) = sighting.whose {
                ways.entry(peer).or_default().push((id, sighting.clone()));
            }
        }
        for (peer, ways) in &ways {
            self.plan_peer(turn, *peer, ways);
        }
        self.plan_guess(turn, &ways);
    }

    fn plan_peer(&mut self, turn: &mut Turn<'_>, peer: PeerId, ways: &[(SightingId, Sighting)]) {
        let is_being_dialled = self.dials.has(Purpose::Link(peer)) || self.is_being_called(peer);
        if is_being_dialled || !self.is_welcome(&peer) {
            return;
        }
        let linked = self.connections.values().filter(|connection| connection.peer() == Some(peer));
        let linked = linked.map(|connection| connection.transport).max();
        let better = ways.iter().filter(|(_, way)| linked.is_none_or(|linked| way.transport > linked));
        let Some((id, way)) = better.max_by_key(|(_, way)| way.rank()) else { return };
        let due = match self.reach.wish(&peer) {
            Wish::Connect => way.not_before,
            _ => self.turn_to_dial(turn, way).max(way.not_before),
        };
        let due = due.max(self.reach.not_before(&peer));
        if turn.now.millis < due {
            self.wake_at(due);
        } else if !self.dial(turn, Purpose::Link(peer), Target::Sighting(*id), way.transport) {
            self.wake_at(turn.now.millis.plus(FALLBACK_MS));
        }
    }

    /// When it is this device's turn: at once with the smaller tag, or if the other shows none.
    fn turn_to_dial(&self, turn: &Turn<'_>, way: &Sighting) -> Millis {
        let ours = Tag::of_device(&self.keys.advertising_key, epoch_of(turn.now.wall));
        let waits = self.watch.is_there_for_peers() && way.tag.is_some_and(|theirs| theirs < ours);
        way.since.plus(if waits { FALLBACK_MS } else { 0 })
    }

    fn plan_guess(&mut self, turn: &mut Turn<'_>, ways: &BTreeMap<PeerId, Vec<(SightingId, Sighting)>>) {
        let is_guessing = self.dials.purposes().any(|(purpose, _)| matches!(purpose, Purpose::Guess(_)))
            || self.connections.values().filter_map(Connection::called).any(|call| call.is_guess);
        if is_guessing {
            return;
        }
        let now = turn.now.millis;
        let mut absent: Vec<_> = self
            .peers
            .iter()
            .filter(|known| !known.is_blocked && !ways.contains_key(&known.id()))
            .filter(|known| self.is_welcome(&known.id()) && !self.is_linked(&known.id()))
            .filter(|known| !self.reach.needs_pairing(&known.id()))
            .map(|known| (core::cmp::Reverse(known.last_seen), known.id()))
            .collect();
        absent.sort_unstable();
        let guess = self.surroundings.iter().filter(|(_, way)| way.is_unreadable()).find_map(|(id, way)| {
            let (_, peer) = absent.iter().find(|(_, peer)| !way.guessed.contains(peer))?;
            Some((id, way.transport, *peer, way.since.plus(GUESS_MS).max(way.not_before)))
        });
        let Some((id, transport, peer, due)) = guess else { return };
        let due = due.max(self.dials.guess_not_before);
        if now < due {
            self.wake_at(due);
            return;
        }
        self.dials.guess_not_before = now.plus(GUESS_MS);
        if self.dial(turn, Purpose::Guess(peer), Target::Sighting(id), transport) {
            self.surroundings.guessed(id, peer);
        } else {
            self.wake_at(self.dials.guess_not_before);
        }
    }

    /// Whether links with that peer are wanted now.
    pub(super) fn is_welcome(&self, peer: &PeerId) -> bool {
        match self.reach.wish(peer) {
            Wish::Connect => true,
            Wish::Disconnect => false,
            Wish::None => {
                self.peers.get(peer).is_some_and(|known| known.peer.auto_sync() && !known.is_blocked)
            }
        }
    }

    pub(super) fn is_linked(&self, peer: &PeerId) -> bool {
        self.connections.values().any(|connection| connection.peer() == Some(*peer))
    }

    fn is_being_called(&self, peer: PeerId) -> bool {
        let mut calls = self.connections.values().filter_map(Connection::called);
        calls.any(|call| call.peer == peer && !call.is_guess)
    }

    /// Something is due then.
    pub(super) fn wake_at(&mut self, due: Millis) {
        self.plan_due = Some(self.plan_due.map_or(due, |earlier| earlier.min(due)));
    }
}

//! The end of every step: what is due is done, the plan is made, and host and app are told what has changed.

use std::collections::BTreeMap;

use crate::meeting::Meeting;
use crate::meeting::advert::{Advert, Tag, epoch_of, until_next_epoch_ms};
use crate::meeting::codes::pairing;
use crate::meeting::connection::{Connection, Stage};
use crate::meeting::dialling::Purpose;
use crate::meeting::event::{AppEvent, Effect, PairingStep, Radios};
use crate::meeting::linking::Ending;
use crate::meeting::nearby::{Nearby, NearbyId, NearbyState};
use crate::meeting::surroundings::{Signs, Surroundings, Whose};
use crate::meeting::transport::Transport;
use crate::meeting::turn::Turn;
use crate::meeting::watch::Activity;

impl Meeting {
    /// Brings everything up to date after something has happened.
    pub(super) fn settle(&mut self, turn: &mut Turn<'_>) {
        let now = turn.now.millis;
        if self.watch.is_active && self.deadline().is_some_and(|due| due <= now) {
            self.has_changed = true;
            self.watch.end_discovery(Some(now));
            self.end_late_dials(turn);
            self.end_late_codes(turn);
            self.tick_connections(turn);
        }
        self.spread_news(turn);
        self.tell_progress(turn);
        self.end_quiet_exchanges(now);
        if !core::mem::take(&mut self.has_changed) {
            self.tell_fills(turn);
            return;
        }
        self.plan_due = None;
        if self.watch.is_active && self.is_idle() {
            self.deactivate(turn);
        }
        if self.watch.is_active {
            self.judge_sightings(turn);
            self.plan_dials(turn);
        }
        self.tell_radios(turn);
        self.tell_fills(turn);
        self.tell_nearby(turn);
        self.tell_activity(turn);
        // Planning may have ended something; that is the next plan's matter.
        if core::mem::take(&mut self.has_changed) && self.watch.is_active {
            self.wake_at(now);
        }
    }

    /// Whether there is nothing to be active for.
    fn is_idle(&self) -> bool {
        let is_wanted = self.watch.is_there_for_peers() || self.showing.is_some() || self.scan.is_some();
        !is_wanted && self.connections.is_empty() && self.dials.is_empty()
    }

    /// Ends everything, and forgets who was not to be remembered.
    pub(super) fn deactivate(&mut self, turn: &mut Turn<'_>) {
        for dial in self.dials.take_all() {
            turn.effects.push(Effect::CancelDial(dial));
        }
        if self.showing.take().is_some() | self.scan.take().is_some() {
            turn.tell(pairing(PairingStep::Cancelled));
        }
        let ids: Vec<_> = self.connections.keys().copied().collect();
        for id in ids {
            self.end(turn, id, Ending::by_us());
        }
        self.watch.rest();
        self.surroundings.clear();
        self.reach.clear();
        self.touched.clear();
        if self.peers.forget_unstored() {
            self.recognition.forget();
        }
        self.plan_due = None;
    }

    /// Makes sure that it is known whose the tags are that somebody shows today.
    pub(super) fn judge_sightings(&mut self, turn: &Turn<'_>) {
        let peers = self.peers.iter().filter(|known| !known.is_blocked);
        let keys = peers.map(|known| (known.id(), &known.advertising_key));
        if self.recognition.refresh(turn.now.wall, &self.keys.advertising_key, keys) {
            let now = turn.now.millis;
            self.with_signs(|around, signs| around.judge_all(now, signs));
        }
    }

    pub(super) fn with_signs(&mut self, act: impl FnOnce(&mut Surroundings, &Signs<'_>)) {
        let Self { surroundings, recognition, peers, watch, showing, .. } = self;
        let own_tags = [watch.open_tag, showing.as_ref().map(|showing| showing.tag)];
        let is_peer = |peer: &_| peers.get(peer).is_some_and(|known| !known.is_blocked);
        act(surroundings, &Signs { recognition, own_tags, is_peer: &is_peer });
    }

    fn tell_radios(&mut self, turn: &mut Turn<'_>) {
        let radios = self.radios(turn);
        if !radios.scan {
            self.surroundings.clear();
        }
        if radios != self.told_radios {
            self.told_radios = radios.clone();
            turn.effects.push(Effect::Radios(radios));
        }
    }

    fn radios(&mut self, turn: &Turn<'_>) -> Radios {
        if !self.watch.is_active {
            return Radios::default();
        }
        let mut adverts = Vec::new();
        let is_there_for_peers = self.watch.is_there_for_peers();
        if is_there_for_peers {
            let tag = Tag::of_device(&self.keys.advertising_key, epoch_of(turn.now.wall));
            adverts.push(Advert { tag, is_open: false });
            self.wake_at(turn.now.millis.plus(until_next_epoch_ms(turn.now.wall)));
        }
        match (&self.showing, self.watch.open_tag) {
            (Some(showing), _) => adverts.push(Advert { tag: showing.tag, is_open: false }),
            (None, Some(tag)) => adverts.push(Advert { tag, is_open: true }),
            (None, None) => {}
        }
        Radios {
            adverts,
            scan: is_there_for_peers || self.scan.is_some(),
            listen: true,
            transports: self.watch.transports.clone(),
        }
    }

    fn tell_fills(&mut self, turn: &mut Turn<'_>) {
        for id in core::mem::take(&mut self.touched) {
            if self.connections.contains_key(&id) {
                turn.effects.push(Effect::Fill(id));
            }
        }
    }

    fn tell_nearby(&mut self, turn: &mut Turn<'_>) {
        let now = turn.now.millis;
        let list = if self.watch.is_active {
            if now < self.nearby.not_before() {
                self.wake_at(self.nearby.not_before());
                return;
            }
            let near = self.near();
            let Self { nearby, surroundings, peers, .. } = self;
            nearby.update(now, near, |id| match id {
                NearbyId::Peer(peer) => peers.get(peer).is_some(),
                NearbyId::Found(found) => surroundings.is_missed(*found),
            })
        } else {
            self.nearby.clear()
        };
        if let Some(list) = list {
            turn.tell(AppEvent::PeersChanged(list));
        }
    }

    fn near(&self) -> BTreeMap<NearbyId, Nearby> {
        let mut near = BTreeMap::new();
        for (_, sighting) in self.surroundings.iter() {
            match sighting.whose {
                Whose::Peer(peer) => {
                    self.note(&mut near, NearbyId::Peer(peer), sighting.transport, NearbyState::Found);
                }
                Whose::Open(found) => {
                    let id = NearbyId::Found(found);
                    self.note(&mut near, id, sighting.transport, NearbyState::Found);
                }
                Whose::Ourselves | Whose::Unknown => {}
            }
        }
        for (purpose, transport) in self.dials.purposes() {
            match purpose {
                Purpose::Link(peer) => {
                    self.note(&mut near, NearbyId::Peer(peer), transport, NearbyState::Connecting);
                }
                Purpose::Digits(found) => {
                    self.note(&mut near, NearbyId::Found(found), transport, NearbyState::Connecting);
                }
                Purpose::Guess(_) | Purpose::Scan => {}
            }
        }
        for connection in self.connections.values() {
            if let Some((id, state)) = standing(connection) {
                self.note(&mut near, id, connection.transport, state);
            }
        }
        near
    }

    /// Notes somebody near; what says more takes the place of what says less.
    fn note(
        &self,
        near: &mut BTreeMap<NearbyId, Nearby>,
        id: NearbyId,
        transport: Transport,
        state: NearbyState,
    ) {
        if near.get(&id).is_some_and(|known| (known.state, known.transport) >= (state, transport)) {
            return;
        }
        let (name, is_known, needs_pairing) = match id {
            NearbyId::Peer(peer) => {
                let name = self.peers.get(&peer).map(|known| known.peer.name().to_owned());
                (name.unwrap_or_default(), true, self.reach.needs_pairing(&peer))
            }
            NearbyId::Found(found) => {
                let words = self.surroundings.tag_of(found).map(|tag| tag.words());
                (words.unwrap_or_default(), false, false)
            }
        };
        near.insert(id, Nearby { id, name, transport, is_known, needs_pairing, state });
    }

    /// What a status line says.
    pub(super) fn activity(&self) -> Activity {
        let mut connected: Vec<_> = self.connections.values().filter_map(Connection::peer).collect();
        connected.sort_unstable();
        connected.dedup();
        Activity {
            is_active: self.watch.is_active,
            is_discovering: self.watch.is_discovering(),
            transports: self.watch.states.clone(),
            connected_peers: connected.len(),
        }
    }

    fn tell_activity(&mut self, turn: &mut Turn<'_>) {
        let activity = self.activity();
        if activity != self.told_activity {
            self.told_activity = activity.clone();
            turn.tell(AppEvent::StatusChanged(activity));
        }
    }
}

/// Who is at the other end, for the list, and how far it is.
fn standing(connection: &Connection) -> Option<(NearbyId, NearbyState)> {
    if let Some(peer) = connection.peer() {
        return Some((NearbyId::Peer(peer), NearbyState::Connected));
    }
    match &connection.stage {
        Stage::Pairing(stage) if stage.is_visible => {
            Some((NearbyId::Found(stage.found), NearbyState::Pairing))
        }
        Stage::Link(_) => {
            let call = connection.called().filter(|call| !call.is_guess)?;
            Some((NearbyId::Peer(call.peer), NearbyState::Connecting))
        }
        Stage::Pairing(_) | Stage::Accepted { .. } => None,
    }
}

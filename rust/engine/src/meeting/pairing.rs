//! Pairings: begun, compared, completed, failed. A completed one goes on as a link on the same connection.

use p2psync_bramble::WallClock;
use p2psync_link::PairSecrets;
use p2psync_model::{Authentication, Peer, PeerId};
use p2psync_pair::{
    Authentication as Way, Device, Effect as PairEffect, Error as PairError, Input as PairInput, Paired,
    Pairing, TransportProperties, Verdict, Waits, pair_secret,
};

use crate::Error;
use crate::meeting::Meeting;
use crate::meeting::codes::pairing;
use crate::meeting::connection::{Call, Connection, LinkStage, PairingStage, PairingWay, Stage};
use crate::meeting::event::{AppEvent, ConnectionId, Effect, PairingState, PairingStep};
use crate::meeting::history::HistoryEntry;
use crate::meeting::keys::LINK_VERSION;
use crate::meeting::known_peer::{KnownPeer, PairingMark, pairing_mark};
use crate::meeting::linking::Ending;
use crate::meeting::nearby::NearbyId;
use crate::meeting::transport::Transport;
use crate::meeting::turn::Turn;

/// What a pairing begins with.
pub(super) struct Beginning {
    pub(super) which: PairingWay,
    pub(super) way: p2psync_pair::Way,
    /// The number of the other device in the list.
    pub(super) found: u64,
    /// Whether the peer is to be stored.
    pub(super) remember: bool,
}

impl Meeting {
    /// Begins to pair over a connection.
    pub(super) fn start_pairing(
        &mut self,
        turn: &mut Turn<'_>,
        id: ConnectionId,
        transport: Transport,
        is_caller: bool,
        beginning: Beginning,
    ) {
        let Beginning { which, way, found, remember } = beginning;
        let now = turn.now;
        let key = turn.identity.key.clone();
        let properties = TransportProperties::new();
        let device = Device::new(turn.identity.name.clone(), key, properties, self.keys.offer(), now.wall)
            .expect("a device's name has the length of a name");
        let mut effects = Vec::new();
        match Pairing::start(device, way, Waits::default(), now.millis, turn.random, &mut effects) {
            Ok(pairing) => {
                let stage = PairingStage {
                    pairing,
                    way: which,
                    found,
                    remember,
                    is_visible: is_caller,
                    digits: None,
                };
                let stage = Stage::Pairing(Box::new(stage));
                self.connections.insert(id, Connection::new(transport, is_caller, now.millis, stage));
                self.touched.insert(id);
            }
            Err(error) => {
                turn.effects.push(Effect::Close { connection: id, last_words: Vec::new() });
                self.tell_failed(turn, which, found, Some(error.into()));
            }
        }
    }

    /// Something happened to a pairing.
    pub(super) fn pairing_input(&mut self, turn: &mut Turn<'_>, id: ConnectionId, input: PairInput<'_>) {
        let Some(Connection { stage: Stage::Pairing(stage), .. }) = self.connections.get_mut(&id) else {
            return;
        };
        let mut effects = Vec::new();
        let result = stage.pairing.handle(turn.now.millis, input, &mut effects);
        self.touched.insert(id);
        for effect in effects {
            match effect {
                PairEffect::Progress(_) => {}
                PairEffect::CodeUsed => {
                    self.showing = None;
                    self.show_pairing(id);
                    turn.tell(pairing(PairingStep::WaitingForPeer));
                }
                PairEffect::CompareDigits(digits) => {
                    if let Some(stage) = self.show_pairing(id) {
                        stage.digits = Some(digits);
                        let with = Some(NearbyId::Found(stage.found));
                        let step = PairingStep::Compare(digits);
                        turn.tell(AppEvent::Pairing(PairingState { with, name: None, step }));
                    }
                }
                PairEffect::Paired(paired) => self.paired(turn, id, &paired),
            }
        }
        if let Err(error) = result {
            let is_gone = matches!(input, PairInput::End);
            self.end(turn, id, Ending { error: Some(error.into()), by_us: false, is_gone });
        }
    }

    /// From now on people see that this pairing goes on.
    fn show_pairing(&mut self, id: ConnectionId) -> Option<&mut PairingStage> {
        let Stage::Pairing(stage) = &mut self.connections.get_mut(&id)?.stage else { return None };
        stage.is_visible = true;
        self.has_changed = true;
        Some(stage)
    }

    /// Our person has compared, or will not.
    pub(super) fn confirm(
        &mut self,
        turn: &mut Turn<'_>,
        with: NearbyId,
        verdict: Verdict,
        remember: bool,
    ) -> Result<(), Error> {
        let (id, stage) = self
            .connections
            .iter_mut()
            .find_map(|(id, connection)| match &mut connection.stage {
                Stage::Pairing(stage) if NearbyId::Found(stage.found) == with => Some((*id, stage)),
                _ => None,
            })
            .ok_or(Error::NotFound)?;
        if stage.digits.is_none() {
            return Err(PairError::NoDigitsShown.into());
        }
        if verdict == Verdict::Skip && !turn.policy.allow_unauthenticated_peers {
            return Err(PairError::SkipForbidden.into());
        }
        if verdict != Verdict::Reject {
            self.comparisons.give_back(turn.store, turn.random)?;
            (stage.digits, stage.remember) = (None, remember);
        }
        self.pairing_input(turn, id, PairInput::Verdict(verdict));
        Ok(())
    }

    /// Both devices know each other: the peer is kept, and the connection goes on as a link.
    fn paired(&mut self, turn: &mut Turn<'_>, id: ConnectionId, paired: &Paired) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let Connection { stage: Stage::Pairing(stage), transport, is_caller, early, .. } = connection else {
            return;
        };
        stage.pairing.fill(turn.now.millis, usize::MAX, early);
        let (way, remember, transport, is_caller) = (stage.way, stage.remember, *transport, *is_caller);
        let peer = match self.keep_paired(turn, paired, remember, transport) {
            Ok(peer) => peer,
            Err(error) => {
                self.silence(id);
                self.end(turn, id, Ending::by_nobody(Some(error)));
                return;
            }
        };
        if way == PairingWay::Scanner {
            self.scan = None;
        }
        self.recognition.forget();
        self.reach.remove(&peer);
        if let Some(known) = self.peers.get(&peer) {
            let step = if known.peer.authentication().is_authenticated() {
                PairingStep::Authenticated
            } else {
                PairingStep::Unauthenticated
            };
            let (with, name) = (Some(NearbyId::Peer(peer)), Some(known.peer.name().to_owned()));
            turn.tell(AppEvent::Pairing(PairingState { with, name, step }));
        }
        if is_caller {
            self.start_call(turn, id, transport, Call { peer, is_guess: false });
            return;
        }
        let link = self.listen(turn, transport);
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.stage = Stage::Link(Box::new(LinkStage { link, call: None, talk: None }));
        }
        if !paired.unread.is_empty() {
            self.link_input(turn, id, p2psync_link::Input::Received(&paired.unread));
        }
    }

    /// Keeps a peer, on disk if that is wished. Another pairing with a known one takes the place of the old one.
    fn keep_paired(
        &mut self,
        turn: &mut Turn<'_>,
        paired: &Paired,
        remember: bool,
        transport: Transport,
    ) -> Result<PeerId, Error> {
        let secret = pair_secret(&paired.master_key);
        let fresh = known_peer(paired, pairing_mark(&secret), turn.now.wall)?;
        let id = fresh.id();
        self.peers.check_room(&id)?;
        let old = self.peers.get(&id).cloned().zip(self.peers.secrets(&id).cloned());
        let is_the_same = old.as_ref().is_some_and(|(old, _)| old.pairing == fresh.pairing);
        let (known, secrets) = match &old {
            Some((old, secrets)) if is_the_same => (fresh.paired_again(old), secrets.clone()),
            Some((old, _)) => (fresh.paired_again(old), PairSecrets::new(secret)),
            None => (fresh, PairSecrets::new(secret)),
        };
        let entry = HistoryEntry {
            name: known.peer.name().to_owned(),
            outcome: outcome_of(known.peer.authentication()).to_owned(),
            ..HistoryEntry::of_pairing(turn.now.wall, Some(id), transport)
        };
        self.peers.put(known, secrets, None);
        let is_stored = remember || self.peers.row(&id).is_some();
        let Turn { store, random, .. } = turn;
        let written = store.batch(|batch| {
            let row = if is_stored { self.peers.write(&id, batch, *random)? } else { None };
            batch.add_meeting(&entry.encode(), *random).map(|()| row)
        });
        match (written, old) {
            (Ok(Some(row)), _) => self.peers.set_row(&id, Some(row)),
            (Ok(None), _) => {}
            (Err(error), Some((known, secrets))) => {
                self.peers.put(known, secrets, None);
                return Err(error.into());
            }
            (Err(error), None) => {
                self.peers.remove(&id);
                return Err(error.into());
            }
        }
        if !is_the_same {
            self.end_links_of(turn, &id, None);
        }
        Ok(id)
    }

    /// A pairing came to nothing. People hear of those that they have seen begin.
    pub(super) fn pairing_ended(
        &mut self,
        turn: &mut Turn<'_>,
        transport: Transport,
        stage: &PairingStage,
        error: Option<Error>,
    ) {
        if let Some(error @ Error::Pair(PairError::CodeUsed)) = error {
            turn.tell_problem(error, None);
            return;
        }
        if !stage.is_visible {
            return;
        }
        let is_cut = matches!(error, Some(Error::Pair(PairError::Cut | PairError::Silent { .. })));
        if stage.way == PairingWay::Scanner && is_cut {
            self.scan_failed_once(turn.now.millis);
            return;
        }
        let entry = HistoryEntry {
            outcome: error.as_ref().map_or("CANCELLED", |error| error.code().as_str()).to_owned(),
            ..HistoryEntry::of_pairing(turn.now.wall, None, transport)
        };
        self.write_down(turn, &entry);
        self.tell_failed(turn, stage.way, stage.found, error);
    }

    fn tell_failed(&mut self, turn: &mut Turn<'_>, way: PairingWay, found: u64, error: Option<Error>) {
        if way == PairingWay::Scanner {
            self.scan = None;
        }
        let step = error.map_or(PairingStep::Cancelled, PairingStep::Failed);
        let with = (way == PairingWay::Digits).then_some(NearbyId::Found(found));
        turn.tell(AppEvent::Pairing(PairingState { with, name: None, step }));
    }

    /// A comparison that our person asked for could not begin.
    pub(super) fn digits_failed(&mut self, turn: &mut Turn<'_>, found: u64, error: Error) {
        self.tell_failed(turn, PairingWay::Digits, found, Some(error));
    }
}

/// What people see of a pairing that is complete, from what the other side said of itself.
fn known_peer(paired: &Paired, pairing: PairingMark, now: WallClock) -> Result<KnownPeer, Error> {
    let offer = &paired.extension.as_ref().ok_or(Error::LinkTooOld)?.offer;
    if !offer.link_versions.contains(&LINK_VERSION) {
        let is_newer = offer.link_versions.last().is_some_and(|newest| *newest > LINK_VERSION);
        return Err(if is_newer { Error::LinkTooNew } else { Error::LinkTooOld });
    }
    let authentication = match paired.authentication {
        Way::BothScanned => Authentication::BothScanned,
        Way::Scanned => Authentication::Scanned,
        Way::Code => Authentication::Code,
        Way::Digits => Authentication::Digits,
        Way::Unauthenticated => Authentication::Unauthenticated,
    };
    let (key, name) = (*paired.identity.key(), paired.identity.name());
    Ok(KnownPeer {
        peer: Peer::new(key, name, authentication, now).expect("both rooms bound names alike"),
        role: paired.role,
        static_key: offer.static_key,
        advertising_key: offer.advertising_key.clone(),
        pairing,
        is_blocked: false,
        is_renamed: false,
        is_told: true,
        last_seen: Some(now),
        sent: 0,
        received: 0,
    })
}

const fn outcome_of(authentication: Authentication) -> &'static str {
    if authentication.is_authenticated() { "authenticated" } else { "unauthenticated" }
}

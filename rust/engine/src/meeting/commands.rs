//! What host and app may do with the meeting side of an engine.

use core::net::SocketAddr;

use p2psync_bramble::Millis;
use p2psync_model::PeerId;
use p2psync_pair::Verdict;
use rand_core::CryptoRngCore;

use crate::meeting::Meeting;
use crate::meeting::advert::Tag;
use crate::meeting::codes::ShownPairingCode;
use crate::meeting::dialling::Purpose;
use crate::meeting::event::{ConnectionId, Effect, Event, Moment, Target};
use crate::meeting::history::HistoryPage;
use crate::meeting::nearby::{Nearby, NearbyId};
use crate::meeting::peer_info::{PeerChange, PeerInfo};
use crate::meeting::reach::Wish;
use crate::meeting::surroundings::Whose;
use crate::meeting::turn::Turn;
use crate::meeting::watch::{Activity, DiscoveryOptions};
use crate::{Engine, Error};

/// Time, randomness, and where effects go: what every step of the meeting side is given.
pub struct Step<'a> {
    /// When it happens.
    pub now: Moment,
    /// Fresh for each step.
    pub random: &'a mut dyn CryptoRngCore,
    /// What the host must do is appended here, in order, also if the step fails.
    pub effects: &'a mut Vec<Effect>,
}

impl Engine {
    /// Something has happened. While sync is at rest nothing but the closing of connections follows.
    pub fn handle(&mut self, step: Step<'_>, event: Event<'_>) {
        self.step(step, |meeting, turn| meeting.handle(turn, event));
    }

    /// Appends at most `room_bytes` bytes to be sent over a connection; nothing for one that is not known, or if there
    /// is less room than a kilobyte: short frames are dear.
    /// [`Event::Tick`] is due at [`Self::deadline`] afterwards.
    pub fn fill(&mut self, now: Moment, connection: ConnectionId, room_bytes: usize, out: &mut Vec<u8>) {
        self.meeting.fill(now, &mut self.store, connection, room_bytes, out);
    }

    /// When [`Self::handle`] must be called with [`Event::Tick`] at the latest. `None` while sync is at rest.
    pub fn deadline(&self) -> Option<Millis> {
        self.meeting.deadline()
    }

    /// Becomes active and looks for devices; inactive by itself when the time is over and no connection is open.
    pub fn start_discovery(&mut self, step: Step<'_>, options: &DiscoveryOptions) {
        self.meet(step, |meeting, turn| {
            let tag = Tag::random(turn.random);
            meeting.watch.discover(turn.now.millis, options, tag);
        });
    }

    /// Looks for devices no longer. Links stay.
    pub fn stop_discovery(&mut self, step: Step<'_>) {
        self.meet(step, |meeting, _| {
            meeting.watch.end_discovery(None);
            meeting.watch.keeps_syncing = false;
        });
    }

    /// Becomes inactive at once: cancels discovery and pairings, closes every connection, forgets the peers that
    /// were not to be remembered.
    pub fn deactivate(&mut self, step: Step<'_>) {
        self.meet(step, Meeting::deactivate);
    }

    /// Puts a fresh code on the screen, good for one device and for ten minutes, and becomes active for its sake.
    /// `addresses`: where this device listens in the local network. Who pairs by it is stored if `remember` says so.
    ///
    /// # Errors
    /// None that the caller can bring about.
    pub fn show_code(
        &mut self,
        step: Step<'_>,
        addresses: &[SocketAddr],
        remember: bool,
    ) -> Result<ShownPairingCode, Error> {
        self.meet(step, |meeting, turn| meeting.show_code(turn, addresses, remember))
    }

    /// Takes the code off the screen.
    pub fn hide_code(&mut self, step: Step<'_>) {
        self.meet(step, Meeting::hide_code);
    }

    /// Pairs with the device that shows `text`, and becomes active for its sake. With `insist`, also if the code
    /// seems to have expired: one of the two clocks may be wrong, and the other side decides. The rest comes as
    /// [`crate::AppEvent::Pairing`].
    ///
    /// # Errors
    /// [`Error::PairingCode`], [`Error::BrambleCode`], [`Error::PairingGoesOn`].
    pub fn scan_code(
        &mut self,
        step: Step<'_>,
        text: &str,
        remember: bool,
        insist: bool,
    ) -> Result<(), Error> {
        self.meet(step, |meeting, turn| meeting.scan_code(turn, text, remember, insist))
    }

    /// Connects with somebody near: a peer by itself, somebody unknown by a comparison of digits.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a peer that is not known or is blocked; [`Error::OutOfSight`].
    pub fn connect(&mut self, step: Step<'_>, with: NearbyId) -> Result<(), Error> {
        self.meet(step, |meeting, turn| match with {
            NearbyId::Peer(peer) => meeting.connect_peer(peer),
            NearbyId::Found(found) => meeting.connect_found(turn, found),
        })
    }

    /// Ends the link with a peer, and makes none with it until it is wanted or sync was inactive.
    pub fn disconnect(&mut self, step: Step<'_>, peer: &PeerId) {
        self.meet(step, |meeting, turn| {
            meeting.reach.set_wish(*peer, Wish::Disconnect);
            meeting.end_links_of(turn, peer, None);
        });
    }

    /// What our person says of the digits on both screens, and whether the peer is to be stored.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such pairing; [`Error::Pair`] if no digits are shown, or the policy does
    /// not allow to skip: then nothing has changed; [`Error::DiskFull`], [`Error::Disk`].
    pub fn confirm(
        &mut self,
        step: Step<'_>,
        with: NearbyId,
        verdict: Verdict,
        remember: bool,
    ) -> Result<(), Error> {
        self.meet(step, |meeting, turn| meeting.confirm(turn, with, verdict, remember))
    }

    /// Says something to the peer at the other end of an open link: at most
    /// [`p2psync_sync::session::EPHEMERAL_BYTES_MAX`] bytes. Nobody keeps it, and it is lost if the link is.
    ///
    /// # Errors
    /// [`Error::OutOfSight`] without a link, [`Error::OutOfBounds`].
    pub fn say(&mut self, step: Step<'_>, peer: &PeerId, bytes: &[u8]) -> Result<(), Error> {
        self.meet(step, |meeting, turn| meeting.say(turn, peer, bytes))
    }

    /// All devices that this one has paired with.
    pub fn peers(&self) -> Vec<PeerInfo> {
        self.meeting.peer_infos()
    }

    /// Changes what is kept of a peer. Blocking ends its link.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::OutOfBounds`] for a name, [`Error::DiskFull`], [`Error::Disk`].
    pub fn update_peer(
        &mut self,
        step: Step<'_>,
        peer: &PeerId,
        change: PeerChange<'_>,
    ) -> Result<PeerInfo, Error> {
        self.meet(step, |meeting, turn| meeting.update_peer(turn, peer, change))
    }

    /// Stores a peer that would be forgotten at deactivation.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::DiskFull`], [`Error::Disk`].
    pub fn remember_peer(&mut self, step: Step<'_>, peer: &PeerId) -> Result<(), Error> {
        self.meet(step, |meeting, turn| meeting.remember_peer(turn, peer))
    }

    /// Forgets a peer: it is a stranger from now on, and cannot tell this device from others any more. The
    /// documents that it brought stay.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::DiskFull`], [`Error::Disk`].
    pub fn forget_peer(&mut self, step: Step<'_>, peer: &PeerId) -> Result<(), Error> {
        self.meet(step, |meeting, turn| meeting.forget_peer(turn, peer))
    }

    /// Who is near, as the app was told last.
    pub fn nearby(&self) -> Vec<Nearby> {
        self.meeting.nearby.list()
    }

    /// Whether sync is active, and what it is doing.
    pub fn activity(&self) -> Activity {
        self.meeting.activity()
    }

    /// The last `count_max` meetings and pairings before the place `before`, the newest first.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Disk`].
    pub fn history(&self, before: Option<i64>, count_max: u32) -> Result<HistoryPage, Error> {
        HistoryPage::of(&self.store, before, count_max)
    }

    /// A step that may change what is planned and what people see.
    fn meet<R>(&mut self, step: Step<'_>, act: impl FnOnce(&mut Meeting, &mut Turn<'_>) -> R) -> R {
        self.meeting.has_changed = true;
        self.step(step, act)
    }

    fn step<R>(&mut self, step: Step<'_>, act: impl FnOnce(&mut Meeting, &mut Turn<'_>) -> R) -> R {
        let Step { now, random, effects } = step;
        let mut turn = Turn {
            now,
            random,
            effects,
            store: &mut self.store,
            identity: &self.identity,
            policy: self.policy,
            group: self.group,
            document_bytes_max: self.limits.document_bytes_max(),
            certificate: self.certificate.as_deref(),
        };
        let result = act(&mut self.meeting, &mut turn);
        self.meeting.settle(&mut turn);
        result
    }
}

impl Meeting {
    fn connect_peer(&mut self, peer: PeerId) -> Result<(), Error> {
        self.peers.get(&peer).filter(|known| !known.is_blocked).ok_or(Error::NotFound)?;
        let is_there = self.surroundings.iter().any(|(_, sighting)| sighting.whose == Whose::Peer(peer));
        if !is_there && !self.is_linked(&peer) {
            return Err(Error::OutOfSight);
        }
        self.reach.set_wish(peer, Wish::Connect);
        Ok(())
    }

    fn connect_found(&mut self, turn: &mut Turn<'_>, found: u64) -> Result<(), Error> {
        let ways = self.surroundings.iter().filter(|(_, sighting)| sighting.whose == Whose::Open(found));
        let best = ways.max_by_key(|(_, sighting)| sighting.rank());
        let (id, transport) = best.map(|(id, way)| (id, way.transport)).ok_or(Error::OutOfSight)?;
        let purpose = Purpose::Digits(found);
        if self.dials.has(purpose) || self.dial(turn, purpose, Target::Sighting(id), transport) {
            Ok(())
        } else {
            Err(Error::PairingGoesOn)
        }
    }
}

//! Meeting other devices: who is near, who dials whom, pairing, and one link with each peer.
//!
//! [`crate::Engine::handle`] takes what happens, `fill` gives the bytes of one connection, `deadline` promises when
//! to call again. `docs/meeting.md` says what is decided here and why.

mod advert;
mod arbitration;
mod codes;
mod commands;
mod connection;
mod dialling;
mod digits;
mod door;
mod event;
mod greeting;
mod history;
mod keys;
mod known_peer;
mod linking;
mod nearby;
mod news;
mod opening;
mod pairing;
mod peer_info;
mod peers;
mod reach;
mod recognition;
mod settling;
mod surroundings;
mod transport;
mod turn;
mod watch;

use core::fmt;
use std::collections::{BTreeMap, BTreeSet};

use p2psync_bramble::Millis;
use p2psync_model::PeerId;
use p2psync_store::Store;
use p2psync_sync::session::Remainder;
use rand_core::CryptoRngCore;

pub use advert::{ADVERT_BYTES, Advert, EPOCH_MS, EPOCHS_OFF_MAX, Tag};
pub use codes::ShownPairingCode;
pub use commands::Step;
pub use event::{
    AppEvent, ConnectionId, DialId, Effect, Event, Moment, PairingState, PairingStep, Radios, SightingId,
    SyncProgress, Target,
};
pub use history::{HistoryEntry, HistoryKind, HistoryPage};
pub use nearby::{Nearby, NearbyId, NearbyState};
pub use peer_info::{PeerChange, PeerInfo};
pub use peers::PEERS_MAX;
pub use transport::{Transport, TransportState};
pub use watch::{Activity, DISCOVERY_SECONDS_MAX, DiscoveryOptions};

use crate::Error;
use crate::exchange::{News, Quests};
use codes::{Scan, Showing};
use connection::Connection;
use dialling::Dials;
use digits::Comparisons;
use door::Door;
use keys::Keys;
use nearby::NearbyList;
use peers::Peers;
use reach::Reach;
use recognition::Recognition;
use surroundings::Surroundings;
use turn::Turn;
use watch::Watch;

/// The meeting side of an engine.
pub(crate) struct Meeting {
    keys: Keys,
    peers: Peers,
    comparisons: Comparisons,
    watch: Watch,
    recognition: Recognition,
    surroundings: Surroundings,
    reach: Reach,
    dials: Dials,
    door: Door,
    connections: BTreeMap<ConnectionId, Connection>,
    quests: Quests,
    /// What exchanges, and the app, have to tell and nobody has heard yet.
    news: Vec<News>,
    /// What exchanges with peers left unfinished.
    remainders: BTreeMap<PeerId, Remainder>,
    showing: Option<Showing>,
    scan: Option<Scan>,
    nearby: NearbyList,
    /// Connections that may have something to say since the host was told last.
    touched: BTreeSet<ConnectionId>,
    told_radios: Radios,
    told_activity: Activity,
    /// Whether anything has happened since the last plan that may change it, or what people see.
    has_changed: bool,
    /// When the plan must be made again, if nothing happens before.
    plan_due: Option<Millis>,
}

impl fmt::Debug for Meeting {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Meeting")
            .field("watch", &self.watch)
            .field("connections", &self.connections.len())
            .finish_non_exhaustive()
    }
}

impl Meeting {
    /// At rest, with the keys and peers of the store; a fresh store gets keys.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::DiskFull`], [`Error::Disk`].
    pub(crate) fn of(store: &mut Store, random: &mut dyn CryptoRngCore) -> Result<Self, Error> {
        Ok(Self {
            keys: Keys::of(store, random)?,
            peers: Peers::of(store)?,
            comparisons: Comparisons::of(store)?,
            watch: Watch::default(),
            recognition: Recognition::default(),
            surroundings: Surroundings::default(),
            reach: Reach::default(),
            dials: Dials::default(),
            door: Door::new(),
            connections: BTreeMap::new(),
            quests: Quests::default(),
            news: Vec::new(),
            remainders: BTreeMap::new(),
            showing: None,
            scan: None,
            nearby: NearbyList::default(),
            touched: BTreeSet::new(),
            told_radios: Radios::default(),
            told_activity: Activity::default(),
            has_changed: false,
            plan_due: None,
        })
    }

    /// When `handle` must be called at the latest, if nothing happens before; never while sync is at rest.
    fn deadline(&self) -> Option<Millis> {
        if !self.watch.is_active {
            return None;
        }
        let connections = self.connections.values().filter_map(Connection::deadline).min();
        let showing = self.showing.as_ref().map(Showing::expires);
        let times = [
            connections,
            showing,
            self.scan.as_ref().filter(|scan| !scan.is_pairing).map(|scan| scan.until),
            self.watch.discovery_ends,
            self.dials.deadline(),
            self.nearby.deadline(),
            self.plan_due,
            (!self.news.is_empty()).then_some(Millis(0)),
        ];
        times.into_iter().flatten().min()
    }

    /// Appends at most `room_bytes` bytes to be sent over a connection.
    fn fill(
        &mut self,
        now: Moment,
        store: &mut Store,
        id: ConnectionId,
        room_bytes: usize,
        out: &mut Vec<u8>,
    ) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.fill(now, store, room_bytes, out);
        }
    }

    fn handle(&mut self, turn: &mut Turn<'_>, event: Event<'_>) {
        self.has_changed |= !matches!(event, Event::Received { .. } | Event::Tick);
        match event {
            Event::Sighted { sighting, transport, advert, expected } if self.watch.is_active => {
                self.judge_sightings(turn);
                let now = turn.now.millis;
                let shown = (advert, expected);
                self.with_signs(|around, signs| around.sight(now, sighting, transport, shown, signs));
            }
            Event::Lost(sighting) => self.surroundings.lose(sighting),
            Event::Opened { connection, transport, dialled } => {
                self.connection_opened(turn, connection, transport, dialled);
            }
            Event::Received { connection, bytes } => self.received(turn, connection, bytes),
            Event::Closed(connection) => self.connection_closed(turn, connection),
            Event::DialFailed(dial) => self.dial_failed(turn, dial),
            Event::TransportChanged(transport, state) => {
                self.watch.states.insert(transport, state);
            }
            Event::Sighted { .. } | Event::Tick => {}
        }
    }
}

//! The first moments of a connection: who may come in, and what the connection is for.
//!
//! A connection begins with a pairing's version or with the random bytes of a link, which are drawn so that they
//! look like no pairing. Whoever tries to pair with a device that is not open to it is treated as a stranger's link.

use p2psync_bramble::Millis;
use p2psync_link::{Limits, Link, OPENING_BYTES, Versions};
use p2psync_model::PeerId;
use p2psync_pair::{DigitAttempts, VERSION, Way};

use crate::Error;
use crate::meeting::Meeting;
use crate::meeting::connection::{Call, Connection, LinkStage, PAIRING_VERSIONS, PairingWay, Silence, Stage};
use crate::meeting::dialling::{Dial, Purpose};
use crate::meeting::event::{ConnectionId, DialId, Effect};
use crate::meeting::linking::Ending;
use crate::meeting::pairing::Beginning;
use crate::meeting::transport::Transport;
use crate::meeting::turn::Turn;

/// How long an answer may take from somebody who may be anybody.
const GUESS_HANDSHAKE_MS: u64 = 4_000;

/// How long a connection is left alone that had its turn and whose transport has no room.
const REST_MS: u64 = 1_000;

/// Record types with which the other side begins to pair (pair.md 4.2, 4.3).
const PAYLOAD: u8 = 16;
const PAYLOAD_CLEAR: u8 = 17;

/// How often an opening is drawn that looks like a link's: the last of them is given up with chance 2^-192.
const DRAWS_MAX: u32 = 64;

impl Meeting {
    pub(super) fn connection_opened(
        &mut self,
        turn: &mut Turn<'_>,
        id: ConnectionId,
        transport: Transport,
        dialled: Option<DialId>,
    ) {
        if self.connections.contains_key(&id) {
            return;
        }
        let dial = dialled.map(|dial| self.dials.take(dial));
        let is_expected = self.watch.is_active && self.watch.transports.contains(&transport);
        let stage = match dial {
            _ if !is_expected => None,
            Some(None) => None,
            Some(Some(dial)) => {
                self.opened_by_us(turn, id, transport, dial);
                return;
            }
            None => self.admit(turn, transport),
        };
        match stage {
            Some(stage) => {
                let connection = Connection::new(transport, false, turn.now.millis, stage);
                self.connections.insert(id, connection);
            }
            None => turn.effects.push(Effect::Close { connection: id, last_words: Vec::new() }),
        }
    }

    /// Somebody has dialled this device.
    fn admit(&mut self, turn: &mut Turn<'_>, transport: Transport) -> Option<Stage> {
        let unknown = self.connections.values().filter(|connection| connection.is_unknown()).count();
        let open = self.connections.values().filter(|connection| connection.transport == transport).count();
        if open >= transport.connections_max() || !self.door.admit(turn.now.millis, unknown) {
            return None;
        }
        Some(Stage::Accepted { link: Box::new(self.listen(turn, transport)), heard: Vec::new() })
    }

    fn opened_by_us(&mut self, turn: &mut Turn<'_>, id: ConnectionId, transport: Transport, dial: Dial) {
        if let Some(sighting) = dial.sighting {
            self.surroundings.dial_succeeded(sighting);
        }
        match dial.purpose {
            Purpose::Link(peer) => self.start_call(turn, id, transport, Call { peer, is_guess: false }),
            Purpose::Guess(peer) => self.start_call(turn, id, transport, Call { peer, is_guess: true }),
            Purpose::Scan => self.start_scanner(turn, id, transport),
            Purpose::Digits(found) => match self.digits_way(turn) {
                Ok(way) => {
                    let which = PairingWay::Digits;
                    let beginning = Beginning { which, way, found, remember: false };
                    self.start_pairing(turn, id, transport, true, beginning);
                }
                Err(error) => {
                    turn.effects.push(Effect::Close { connection: id, last_words: Vec::new() });
                    self.digits_failed(turn, found, error);
                }
            },
        }
    }

    fn start_scanner(&mut self, turn: &mut Turn<'_>, id: ConnectionId, transport: Transport) {
        let Some(scan) = &mut self.scan else {
            turn.effects.push(Effect::Close { connection: id, last_words: Vec::new() });
            return;
        };
        scan.is_pairing = true;
        let way = Way::Scanner { ours: scan.offer.clone(), code: scan.code.clone() };
        let remember = scan.remember;
        let found = self.surroundings.number();
        let beginning = Beginning { which: PairingWay::Scanner, way, found, remember };
        self.start_pairing(turn, id, transport, true, beginning);
    }

    /// A link in which this device answers.
    pub(super) fn listen(&self, turn: &mut Turn<'_>, transport: Transport) -> Link {
        let identity = self.keys.link_identity(transport);
        Link::accept(turn.now.millis, identity, Versions::ours(), Limits::default(), turn.random)
    }

    /// A link in which this device calls, and its opening. `None` if the peer is not known any more.
    fn call(&self, turn: &mut Turn<'_>, transport: Transport, call: Call) -> Option<(Link, Vec<u8>)> {
        let handle = self.peers.handle(&call.peer)?;
        let identity = self.keys.link_identity(transport);
        let mut limits = Limits::default();
        if call.is_guess {
            limits.handshake_ms = GUESS_HANDSHAKE_MS;
        }
        let now = turn.now.millis;
        (0..DRAWS_MAX).find_map(|_| {
            let book = &self.peers.book;
            let mut link = Link::call(now, &identity, handle, book, Versions::ours(), limits, turn.random)?;
            let mut opening = Vec::new();
            link.fill(now, &mut Silence, OPENING_BYTES, &mut opening);
            opening.first().is_some_and(|first| *first >= PAIRING_VERSIONS).then_some((link, opening))
        })
    }

    /// Calls a peer over a connection that this device made.
    pub(super) fn start_call(
        &mut self,
        turn: &mut Turn<'_>,
        id: ConnectionId,
        transport: Transport,
        call: Call,
    ) {
        let Some((link, opening)) = self.call(turn, transport, call) else {
            turn.effects.push(Effect::Close { connection: id, last_words: Vec::new() });
            return;
        };
        let stage = Stage::Link(Box::new(LinkStage { link, call: Some(call), talk: None }));
        let opened = turn.now.millis;
        // After a pairing its last bytes still have to leave, before the opening.
        let before = self.connections.remove(&id);
        let mut connection = Connection::new(transport, true, opened, stage);
        connection.early = before.map_or_else(Vec::new, |before| before.early);
        connection.early.extend(opening);
        self.connections.insert(id, connection);
        self.touched.insert(id);
    }

    pub(super) fn received(&mut self, turn: &mut Turn<'_>, id: ConnectionId, bytes: &[u8]) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.bytes = connection.bytes.saturating_add(bytes.len() as u64);
        connection.rests_until = Millis(0);
        match &mut connection.stage {
            Stage::Link(_) => self.link_input(turn, id, p2psync_link::Input::Received(bytes)),
            Stage::Pairing(_) => self.pairing_input(turn, id, p2psync_pair::Input::Bytes(bytes)),
            Stage::Accepted { heard, .. } => {
                heard.extend_from_slice(bytes);
                if let Some(first) = first_word(heard) {
                    self.decide(turn, id, first);
                }
            }
        }
    }

    /// Pairing or link, now that the other side has begun to speak.
    fn decide(&mut self, turn: &mut Turn<'_>, id: ConnectionId, first: FirstWord) {
        let way = match first {
            FirstWord::Payload => self.shower_way(),
            FirstWord::PayloadClear if self.watch.open_tag.is_some() => {
                self.digits_way(turn).ok().map(|way| (PairingWay::Digits, way, false))
            }
            FirstWord::PayloadClear | FirstWord::Other => None,
        };
        let Some(connection) = self.connections.remove(&id) else { return };
        let Connection { transport, opened, bytes, .. } = connection;
        let Stage::Accepted { link, heard } = connection.stage else { return };
        if let Some((which, way, remember)) = way {
            let found = self.surroundings.number();
            self.start_pairing(turn, id, transport, false, Beginning { which, way, found, remember });
            self.pairing_input(turn, id, p2psync_pair::Input::Bytes(&heard));
            return;
        }
        let stage = Stage::Link(Box::new(LinkStage { link: *link, call: None, talk: None }));
        let connection = Connection { bytes, ..Connection::new(transport, false, opened, stage) };
        self.connections.insert(id, connection);
        self.link_input(turn, id, p2psync_link::Input::Received(&heard));
    }

    fn shower_way(&self) -> Option<(PairingWay, Way, bool)> {
        let showing = self.showing.as_ref()?;
        let way = Way::Shower { shown: showing.shown.clone(), scanned: None };
        Some((PairingWay::Shower, way, showing.remember))
    }

    /// A comparison, if one may still take place and none does.
    fn digits_way(&mut self, turn: &mut Turn<'_>) -> Result<Way, Error> {
        let is_comparing = self.connections.values().any(|connection| {
            matches!(&connection.stage, Stage::Pairing(stage) if stage.way == PairingWay::Digits)
        });
        if is_comparing {
            return Err(Error::PairingGoesOn);
        }
        self.comparisons.take(turn.now.millis, turn.store, turn.random)?;
        let skip_allowed = turn.policy.allow_unauthenticated_peers;
        Ok(Way::Digits { descriptors: Vec::new(), skip_allowed, attempts: DigitAttempts::new() })
    }

    /// The host says that a connection is gone.
    pub(super) fn connection_closed(&mut self, turn: &mut Turn<'_>, id: ConnectionId) {
        let Some(connection) = self.connections.get(&id) else { return };
        match &connection.stage {
            Stage::Link(_) => self.link_input(turn, id, p2psync_link::Input::Closed),
            Stage::Pairing(_) => self.pairing_input(turn, id, p2psync_pair::Input::End),
            Stage::Accepted { .. } => {}
        }
        self.end(turn, id, Ending { error: None, by_us: false, is_gone: true });
    }

    /// Gives every connection whose time has come its turn.
    pub(super) fn tick_connections(&mut self, turn: &mut Turn<'_>) {
        let now = turn.now.millis;
        let is_due = |connection: &Connection| connection.deadline().is_some_and(|due| due <= now);
        let due: Vec<_> =
            self.connections.iter().filter(|(_, connection)| is_due(connection)).map(|(id, _)| *id).collect();
        for id in due {
            self.touched.insert(id);
            let Some(connection) = self.connections.get_mut(&id) else { continue };
            connection.rests_until = now.plus(REST_MS);
            match &connection.stage {
                Stage::Link(_) => self.tick_link(turn, id),
                Stage::Pairing(_) => self.pairing_input(turn, id, p2psync_pair::Input::Tick),
                Stage::Accepted { .. } => self.end(turn, id, Ending::by_nobody(None)),
            }
        }
    }

    /// Closes every connection with a peer, but for one.
    pub(super) fn end_links_of(&mut self, turn: &mut Turn<'_>, peer: &PeerId, but: Option<ConnectionId>) {
        let with_peer = |connection: &Connection| {
            connection.peer() == Some(*peer) || connection.called().is_some_and(|call| call.peer == *peer)
        };
        let ids: Vec<_> = self
            .connections
            .iter()
            .filter(|(id, connection)| Some(**id) != but && with_peer(connection))
            .map(|(id, _)| *id)
            .collect();
        for id in ids {
            self.end(turn, id, Ending::by_us());
        }
    }
}

#[derive(Clone, Copy)]
enum FirstWord {
    Payload,
    PayloadClear,
    Other,
}

/// What a connection begins with, once that can be told.
fn first_word(heard: &[u8]) -> Option<FirstWord> {
    match heard {
        [] | [VERSION] => None,
        [VERSION, PAYLOAD, ..] => Some(FirstWord::Payload),
        [VERSION, PAYLOAD_CLEAR, ..] => Some(FirstWord::PayloadClear),
        _ => Some(FirstWord::Other),
    }
}

//! Links: opened, one kept for each peer, heard, ended.

use p2psync_bramble::SecretKey;
use p2psync_link::{Effect as LinkEffect, Input as LinkInput, PeerHandle};
use p2psync_model::PeerId;

use crate::Error;
use crate::exchange::{Exchange, Start};
use crate::meeting::Meeting;
use crate::meeting::arbitration::{Rival, newer_wins};
use crate::meeting::connection::{Call, Connection, LAST_WORDS_BYTES_MAX, Stage, Talk};
use crate::meeting::event::{ConnectionId, Effect};
use crate::meeting::greeting::{Greeting, Heard, key_check};
use crate::meeting::history::{HistoryEntry, HistoryKind};
use crate::meeting::peers::Peers;
use crate::meeting::turn::Turn;

/// Why a connection ends.
#[derive(Clone, Debug)]
pub(super) struct Ending {
    /// What went wrong, if anything did.
    pub(super) error: Option<Error>,
    /// Whether this side wanted it.
    pub(super) by_us: bool,
    /// Whether the transport is closed already.
    pub(super) is_gone: bool,
}

impl Ending {
    pub(super) const fn by_us() -> Self {
        Self { error: None, by_us: true, is_gone: false }
    }

    pub(super) const fn by_nobody(error: Option<Error>) -> Self {
        Self { error, by_us: false, is_gone: false }
    }
}

impl Meeting {
    /// Something happened to a link.
    pub(super) fn link_input(&mut self, turn: &mut Turn<'_>, id: ConnectionId, input: LinkInput<'_>) {
        let Some(Connection { stage: Stage::Link(stage), .. }) = self.connections.get_mut(&id) else {
            return;
        };
        let mut effects = Vec::new();
        let result = stage.link.handle(turn.now.millis, input, &mut self.peers.book, &mut effects);
        self.touched.insert(id);
        for effect in effects {
            let carried_out = match effect {
                LinkEffect::Store(handle) => self.store_secrets(turn, id, handle),
                LinkEffect::Opened { peer, exported_key, .. } => {
                    self.link_opened(turn, id, peer, exported_key)
                }
                LinkEffect::Received(bytes) => self.hear(turn, id, &bytes),
                LinkEffect::Ended => self.peer_ended(turn, id),
            };
            if let Err(error) = carried_out {
                self.end(turn, id, Ending::by_nobody(Some(error)));
                return;
            }
        }
        if let Err(error) = result {
            let is_gone = matches!(input, LinkInput::Closed);
            self.end(turn, id, Ending { error: Some(error.into()), by_us: false, is_gone });
            return;
        }
        self.end_if_over(turn, id);
    }

    /// What was agreed with a peer must be on disk before anything leaves that depends on it. If it cannot be, the
    /// connection ends without another byte.
    fn store_secrets(
        &mut self,
        turn: &mut Turn<'_>,
        id: ConnectionId,
        handle: PeerHandle,
    ) -> Result<(), Error> {
        let Some(peer) = self.peers.of_handle(handle) else { return Ok(()) };
        let saved = self.peers.save(&peer, turn.store, turn.random);
        if let Err(error) = &saved {
            self.silence(id);
            turn.tell_problem(error.clone(), Some(peer));
        }
        saved
    }

    /// Nothing of this connection may leave any more.
    pub(super) fn silence(&mut self, id: ConnectionId) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.is_silenced = true;
        }
    }

    fn link_opened(
        &mut self,
        turn: &mut Turn<'_>,
        id: ConnectionId,
        handle: PeerHandle,
        exported_key: SecretKey,
    ) -> Result<(), Error> {
        let Some(peer) = self.peers.of_handle(handle) else { return Ok(()) };
        let now = turn.now.millis;
        let row = match self.peers.row(&peer) {
            Some(row) => row,
            None => Peers::row_of_unstored(turn.store, turn.random)?,
        };
        let remainder = self.remainders.remove(&peer);
        let Some(known) = self.peers.get(&peer) else { return Ok(()) };
        let news = (!known.is_told).then_some(&self.keys.advertising_key);
        let greeting = Greeting::new(&known.advertising_key, news);
        let Some(connection) = self.connections.get_mut(&id) else { return Ok(()) };
        let is_caller = connection.is_caller;
        let Stage::Link(stage) = &mut connection.stage else { return Ok(()) };
        let start = Start { peer, row, connection: id, exported_key, is_caller, remainder };
        let exchange = Exchange::new(turn.now, start, turn.group, turn.random);
        let talk = Talk {
            opened: now,
            greeting,
            exchange,
            peer_has_ended: false,
            failure: None,
            told: None,
            lingers_until: None,
        };
        stage.talk = Some(Box::new(talk));
        if !is_caller {
            self.door.give_back();
        }
        self.peers.change(&peer, |known| known.last_seen = Some(turn.now.wall));
        self.reach.opened(peer);
        self.has_changed = true;
        turn.effects.push(Effect::Recognised { connection: id, peer });
        if self.is_welcome(&peer) {
            self.keep_one(turn, id, peer);
        } else {
            self.end(turn, id, Ending::by_us());
        }
        Ok(())
    }

    /// The other side has said everything.
    fn peer_ended(&mut self, turn: &mut Turn<'_>, id: ConnectionId) -> Result<(), Error> {
        let Self { connections, quests, news, .. } = self;
        let Some(talk) = connections.get_mut(&id).and_then(Connection::talk_mut) else { return Ok(()) };
        talk.peer_has_ended = true;
        talk.exchange.peer_ended(&mut turn.around(quests, news))
    }

    /// Of all links with a peer the best one stays.
    fn keep_one(&mut self, turn: &mut Turn<'_>, newer: ConnectionId, peer: PeerId) {
        let others: Vec<_> = self
            .connections
            .iter()
            .filter(|(id, connection)| **id != newer && connection.peer() == Some(peer))
            .map(|(id, _)| *id)
            .collect();
        for older in others {
            let rivals = self.rival(older).zip(self.rival(newer));
            let Some(wins) = rivals.map(|(older, newer)| newer_wins(older, newer)) else { continue };
            self.end(turn, if wins { older } else { newer }, Ending::by_us());
        }
    }

    fn rival(&self, id: ConnectionId) -> Option<Rival<'_>> {
        let connection = self.connections.get(&id)?;
        let talk = connection.talk()?;
        let Start { exported_key, is_caller, .. } = talk.exchange.with();
        let (transport, opened) = (connection.transport, talk.opened);
        Some(Rival { transport, opened, is_caller: *is_caller, exported_key })
    }

    /// Words of the other side: its greeting, then the conversation.
    fn hear(&mut self, turn: &mut Turn<'_>, id: ConnectionId, bytes: &[u8]) -> Result<(), Error> {
        let Self { connections, quests, news, .. } = self;
        let Some(talk) = connections.get_mut(&id).and_then(Connection::talk_mut) else { return Ok(()) };
        let peer = talk.exchange.with().peer;
        let heard = talk.greeting.hear(bytes);
        let (ours, advertising_key, rest) = match heard {
            Heard::Nothing => return Ok(()),
            Heard::Before(rest) => return talk.exchange.receive(&mut turn.around(quests, news), rest),
            Heard::Over { ours, advertising_key, rest } => (ours, advertising_key, rest),
        };
        talk.exchange.receive(&mut turn.around(quests, news), rest)?;
        let is_told = ours == key_check(&self.keys.advertising_key);
        self.peers.change(&peer, |known| known.is_told = is_told);
        if let Some(key) = advertising_key {
            self.peers.change(&peer, |known| known.advertising_key = key);
            self.recognition.forget();
            self.peers.save(&peer, turn.store, turn.random)?;
        }
        Ok(())
    }

    /// Ends a link in which both sides have said everything.
    fn end_if_over(&mut self, turn: &mut Turn<'_>, id: ConnectionId) {
        let Some(Connection { stage: Stage::Link(stage), .. }) = self.connections.get(&id) else { return };
        if stage.is_over() {
            self.end(turn, id, Ending::by_nobody(None));
        }
    }

    /// Ends a connection: last words, history, what it means for the next dial.
    pub(super) fn end(&mut self, turn: &mut Turn<'_>, id: ConnectionId, ending: Ending) {
        let Some(mut connection) = self.connections.remove(&id) else { return };
        self.has_changed = true;
        self.end_exchange(turn, &mut connection);
        if ending.by_us {
            connection.finish(turn.now.millis);
        }
        if !ending.is_gone {
            let mut last_words = Vec::new();
            if !connection.is_silenced {
                connection.fill(turn.now, turn.store, LAST_WORDS_BYTES_MAX, &mut last_words);
            }
            turn.effects.push(Effect::Close { connection: id, last_words });
        }
        let Connection { transport, bytes, stage, .. } = connection;
        match stage {
            Stage::Accepted { .. } => {}
            Stage::Pairing(stage) => self.pairing_ended(turn, transport, &stage, ending.error),
            Stage::Link(stage) => match (stage.talk, stage.call) {
                (Some(talk), _) => self.talk_ended(turn, (transport, bytes), &talk, ending),
                (None, Some(call)) => self.call_ended(turn, call, ending),
                (None, None) => {}
            },
        }
    }

    fn talk_ended(
        &mut self,
        turn: &mut Turn<'_>,
        (transport, bytes): (crate::meeting::Transport, u64),
        talk: &Talk,
        Ending { error, by_us, .. }: Ending,
    ) {
        let peer = talk.exchange.with().peer;
        let now = turn.now.millis;
        let (sent, received) = talk.exchange.documents();
        let lasted_ms = now.since(talk.opened);
        match (&error, by_us) {
            (None, true) => {}
            (None, false) => self.reach.ended(now, peer, lasted_ms, turn.random),
            (Some(_), _) => self.reach.cut(now, peer, lasted_ms, turn.random),
        }
        self.peers.change(&peer, |known| {
            known.sent = known.sent.saturating_add(sent);
            known.received = known.received.saturating_add(received);
        });
        let name = self.peers.get(&peer).map_or_else(String::new, |known| known.peer.name().to_owned());
        let entry = HistoryEntry {
            at: turn.now.wall,
            kind: HistoryKind::Sync,
            peer: Some(peer),
            name,
            transport,
            sent,
            received,
            bytes,
            outcome: error
                .map_or_else(|| talk.exchange.word().as_str(), |error| error.code().as_str())
                .to_owned(),
        };
        self.write_down(turn, &entry);
    }

    /// Puts an entry into the history, and its peer as it now stands beside it.
    pub(super) fn write_down(&mut self, turn: &mut Turn<'_>, entry: &HistoryEntry) {
        let Turn { store, random, .. } = turn;
        let stored = entry.peer.filter(|peer| self.peers.row(peer).is_some());
        let written = store.batch(|batch| {
            if let Some(peer) = stored {
                self.peers.write(&peer, batch, *random)?;
            }
            batch.add_meeting(&entry.encode(), *random)
        });
        if let Err(error) = written {
            turn.tell_problem(error.into(), entry.peer);
        }
    }

    /// A call came to nothing.
    fn call_ended(&mut self, turn: &mut Turn<'_>, call: Call, Ending { error, by_us, .. }: Ending) {
        if by_us || call.is_guess {
            return;
        }
        let now = turn.now.millis;
        match error {
            Some(Error::Link(p2psync_link::Error::NotRecognised)) => {
                if self.reach.not_recognised(now, call.peer, turn.random) {
                    turn.tell_problem(p2psync_link::Error::NotRecognised.into(), Some(call.peer));
                }
            }
            Some(
                error @ Error::Link(
                    p2psync_link::Error::PeerTooOld { .. } | p2psync_link::Error::PeerTooNew { .. },
                ),
            ) => {
                self.reach.failed(now, call.peer, turn.random);
                turn.tell_problem(error, Some(call.peer));
            }
            _ => self.reach.failed(now, call.peer, turn.random),
        }
    }
}

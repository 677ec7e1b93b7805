//! What one exchange has to tell the others and the app; and what becomes of an exchange when it ends.

use p2psync_bramble::Millis;
use p2psync_model::PeerId;
use p2psync_sync::Set;
use p2psync_sync::session::EPHEMERAL_BYTES_MAX;

use crate::Error;
use crate::exchange::News;
use crate::meeting::Meeting;
use crate::meeting::connection::{Connection, Stage, Talk};
use crate::meeting::event::{AppEvent, ConnectionId, SyncProgress};
use crate::meeting::linking::Ending;
use crate::meeting::turn::Turn;

impl Meeting {
    /// The app has put a document, or something else is new that peers are offered.
    pub(crate) fn note_new(&mut self, set: Set, entry: p2psync_sync::Entry) {
        if self.connections.values().any(|connection| connection.talk().is_some()) {
            self.news.push(News::Offered { from: None, set, entry });
        }
    }

    /// Says something that nobody keeps.
    pub(super) fn say(&mut self, turn: &mut Turn<'_>, peer: &PeerId, bytes: &[u8]) -> Result<(), Error> {
        if bytes.is_empty() || bytes.len() > EPHEMERAL_BYTES_MAX {
            return Err(Error::OutOfBounds("an ephemeral message"));
        }
        let Self { connections, quests, news, touched, .. } = self;
        let with_peer = |connection: &&mut Connection| connection.peer() == Some(*peer);
        let mut talks = connections
            .iter_mut()
            .filter_map(|(id, connection)| Some((*id, Some(connection).filter(with_peer)?.talk_mut()?)));
        let (id, talk) = talks.next().ok_or(Error::OutOfSight)?;
        touched.insert(id);
        talk.exchange.say(&mut turn.around(quests, news), bytes)
    }

    /// Time has passed for a link.
    pub(super) fn tick_link(&mut self, turn: &mut Turn<'_>, id: ConnectionId) {
        let Self { connections, quests, news, .. } = self;
        let ticked = match connections.get_mut(&id).and_then(Connection::talk_mut) {
            Some(Talk { failure: Some(error), .. }) => Err(error.clone()),
            Some(talk) => talk.exchange.tick(&mut turn.around(quests, news)),
            None => Ok(()),
        };
        match ticked {
            Ok(()) => self.link_input(turn, id, p2psync_link::Input::Tick),
            Err(error) => self.end(turn, id, Ending::by_nobody(Some(error))),
        }
    }

    /// Tells everybody what is new, until nothing is.
    pub(super) fn spread_news(&mut self, turn: &mut Turn<'_>) {
        while !self.news.is_empty() {
            for news in core::mem::take(&mut self.news) {
                match news {
                    News::Offered { .. } | News::Resolved(..) | News::Freed => {
                        self.tell_exchanges(turn, &news);
                    }
                    News::Received(ids) => turn.tell(AppEvent::DocumentsReceived(ids)),
                    News::Confirmed(ids) => turn.tell(AppEvent::DocumentsConfirmed(ids)),
                    News::Removed(ids) => turn.tell(AppEvent::DocumentsRemoved(ids)),
                    News::Rejected(ids) => turn.tell(AppEvent::DocumentsRejected(ids)),
                    News::Refused(peer, id, refusal) => {
                        turn.tell(AppEvent::DocumentRefused { peer, id, refusal });
                    }
                    News::Ephemeral(peer, bytes) => turn.tell(AppEvent::Ephemeral { peer, bytes }),
                }
            }
        }
    }

    fn tell_exchanges(&mut self, turn: &mut Turn<'_>, told: &News) {
        let ids: Vec<_> = self.connections.keys().copied().collect();
        for id in ids {
            let Self { connections, quests, news, .. } = self;
            let Some(talk) = connections.get_mut(&id).and_then(Connection::talk_mut) else { continue };
            let heard = talk.exchange.hear(&mut turn.around(quests, news), told);
            self.touched.insert(id);
            if let Err(error) = heard {
                self.end(turn, id, Ending::by_nobody(Some(error)));
            }
        }
    }

    /// Tells the app how far exchanges are.
    pub(super) fn tell_progress(&mut self, turn: &mut Turn<'_>) {
        let now = turn.now.millis;
        let mut all = Vec::new();
        for talk in self.connections.values_mut().filter_map(Connection::talk_mut) {
            all.extend(talk.new_progress(now));
        }
        for progress in all {
            turn.tell(AppEvent::Progress(progress));
        }
    }

    /// While nobody is looked for, a link on which both sides have everything stays a while longer, then ends.
    pub(super) fn end_quiet_exchanges(&mut self, now: Millis) {
        let is_there_for_peers = self.watch.is_there_for_peers();
        for (id, connection) in &mut self.connections {
            let Some(talk) = connection.talk_mut() else { continue };
            let is_quiet = !is_there_for_peers && talk.exchange.outcome().is_some();
            talk.lingers_until = match talk.lingers_until {
                Some(until) if is_quiet && now >= until => {
                    talk.exchange.finish();
                    self.touched.insert(*id);
                    None
                }
                Some(until) if is_quiet => Some(until),
                None if is_quiet && !talk.exchange.is_ended() => Some(now.plus(LINGER_MS)),
                _ => None,
            };
        }
    }

    /// A connection is about to go: what it brought is stored, and what it was asked for is free for others.
    pub(super) fn end_exchange(&mut self, turn: &mut Turn<'_>, connection: &mut Connection) {
        let Stage::Link(stage) = &mut connection.stage else { return };
        let Some(talk) = &mut stage.talk else { return };
        let peer = talk.exchange.with().peer;
        let Self { quests, news, .. } = self;
        match talk.exchange.end(&mut turn.around(quests, news)) {
            Ok(Some(remainder)) if self.remainders.len() < REMAINDERS_MAX => {
                self.remainders.insert(peer, remainder);
            }
            Ok(_) => {}
            Err(error) => turn.tell_problem(error, Some(peer)),
        }
        if let Some(progress) = talk.last_progress() {
            turn.tell(AppEvent::Progress(progress));
        }
    }
}

impl Talk {
    /// How far it is, if that is worth telling now.
    fn new_progress(&mut self, now: Millis) -> Option<SyncProgress> {
        let progress = self.progress();
        let is_new = match &self.told {
            None => {
                progress.progress != p2psync_sync::session::Progress::default() || progress.outcome.is_some()
            }
            Some((at, told)) => {
                let is_time = now >= at.plus(PROGRESS_MS_MIN) || told.outcome != progress.outcome;
                *told != progress && is_time
            }
        };
        if is_new {
            self.told = Some((now, progress));
        }
        is_new.then_some(progress)
    }

    /// How far it came in the end, if the app does not know.
    fn last_progress(&mut self) -> Option<SyncProgress> {
        let progress = self.progress();
        let is_told = self.told.as_ref().is_some_and(|(_, told)| *told == progress);
        (!is_told).then_some(progress)
    }

    fn progress(&self) -> SyncProgress {
        let exchange = &self.exchange;
        let outcome = exchange.outcome().map(|outcome| (exchange.word(), outcome));
        SyncProgress { peer: exchange.with().peer, progress: exchange.progress(), outcome }
    }
}

/// How long a link stays open for what may yet come, when nobody is looked for.
const LINGER_MS: u64 = 60_000;

/// Progress is told at most five times a second for each peer.
const PROGRESS_MS_MIN: u64 = 200;

/// Most peers whose unfinished chunks are kept in memory: two megabytes.
const REMAINDERS_MAX: usize = 64;

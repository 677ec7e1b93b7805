//! What one peer is asked for: the documents that it announced, in the order in which they matter, and as many chunks
//! at a time as keep the link busy.

use std::collections::{BTreeMap, BTreeSet};

use p2psync_bramble::Millis;
use p2psync_model::{DocumentId, MessageId, Priority};
use p2psync_sync::session::Input;

use super::quests::Want;
use super::{Around, Exchange, News};
use crate::Error;

/// Requests to one peer.
#[derive(Debug)]
pub(super) struct Asking {
    /// Announced and neither here nor refused: the urgent first, then the small.
    announced: BTreeSet<(core::cmp::Reverse<Priority>, u64, DocumentId)>,
    /// Asked for and not answered: of which document it is a chunk, if it is one, and when.
    asked: BTreeMap<MessageId, (Option<DocumentId>, Millis)>,
    /// How many may be asked for at a time.
    window: usize,
}

impl Default for Asking {
    fn default() -> Self {
        Self { announced: BTreeSet::new(), asked: BTreeMap::new(), window: WINDOW_MIN }
    }
}

impl Asking {
    pub(super) fn announce(&mut self, id: DocumentId, content_bytes: u64, priority: Priority) {
        self.announced.insert((core::cmp::Reverse(priority), content_bytes, id));
    }

    pub(super) fn is_announced(&self, id: &DocumentId) -> bool {
        self.announced.iter().any(|(_, _, announced)| announced == id)
    }

    pub(super) fn announced(&self) -> impl Iterator<Item = DocumentId> {
        self.announced.iter().map(|(_, _, id)| *id)
    }

    pub(super) fn resolve(&mut self, id: &DocumentId) {
        self.announced.retain(|(_, _, announced)| announced != id);
    }

    /// An answer came: the document that it is a chunk of. Who answers soon is asked for more at a time.
    pub(super) fn answered(&mut self, now: Millis, id: &MessageId) -> Option<DocumentId> {
        let (of, asked) = self.asked.remove(id)?;
        let waited_ms = now.0.saturating_sub(asked.0);
        self.window =
            if waited_ms < ANSWER_MS_WANTED { self.window + 1 } else { self.window.saturating_sub(1) };
        self.window = self.window.clamp(WINDOW_MIN, WINDOW_MAX);
        of
    }

    fn room(&self) -> usize {
        self.window.saturating_sub(self.asked.len())
    }
}

impl Exchange {
    /// Asks for what the peer announced, as far as there is room.
    ///
    /// # Errors
    /// What ends the connection.
    pub(super) fn ask(&mut self, around: &mut Around<'_>) -> Result<(), Error> {
        let announced: Vec<DocumentId> =
            self.asking.announced.iter().map(|(_, _, id)| *id).take(TRIED_MAX).collect();
        for id in announced {
            let room = self.asking.room().min(self.session.ask_room());
            if room == 0 {
                return Ok(());
            }
            let connection = self.start.connection;
            let (of, ids) = match around.quests.next(around.store, around.group, &id, connection, room)? {
                Want::Document => (None, vec![id]),
                Want::Chunks(chunks) => (Some(id), chunks),
                Want::Nothing => {
                    around.news.push(News::Resolved(id, None));
                    continue;
                }
            };
            let now = around.now.millis;
            self.asking.asked.extend(ids.iter().map(|id| (*id, (of, now))));
            if !ids.is_empty() {
                self.tell(around, Input::Ask { of, ids: &ids })?;
            }
        }
        Ok(())
    }
}

/// Announced documents that are looked at for something to ask: more than can be open at a time.
const TRIED_MAX: usize = 16;

/// Fewest requests at a time: one that is answered and one that waits.
const WINDOW_MIN: usize = 2;

/// Most requests at a time: a megabyte.
const WINDOW_MAX: usize = 32;

/// An answer that takes longer waited in a queue.
const ANSWER_MS_WANTED: u64 = 500;

//! What waited is judged and stored in one transaction; then the peer is told, and everybody else who must know.

use p2psync_model::DocumentId;
use p2psync_sync::Set;
use p2psync_sync::session::{Input, Refusal, Verdict};

use super::judgement::{Court, Done, take_chunk};
use super::{Around, Arrival, Exchange, News, Waiting, shelf};
use crate::Error;

impl Exchange {
    /// Stores what waits.
    ///
    /// # Errors
    /// What ends the connection; what was told to the peer before is on disk.
    pub(super) fn commit(&mut self, around: &mut Around<'_>) -> Result<(), Error> {
        if self.waiting.due().is_none() {
            return Ok(());
        }
        let waiting = core::mem::take(&mut self.waiting);
        let done = match self.store(around, &waiting) {
            Ok(done) => done,
            Err(p2psync_store::Error::Full) => self.refuse_all(around, &waiting),
            Err(error) => return Err(error.into()),
        };
        self.tell(around, Input::Settled(&done.verdicts))?;
        for (arrival, verdict) in waiting.arrivals.iter().zip(&done.verdicts) {
            if let (Arrival::Announced { id, content_bytes, priority }, Verdict::Noted) = (arrival, verdict) {
                self.asking.announce(*id, *content_bytes, *priority);
            }
        }
        self.spread(around, &done)?;
        match done.misbehaviour {
            Some(what) => Err(Error::Sync(p2psync_sync::session::Error::PeerMisbehaved(what))),
            None => self.ask(around),
        }
    }

    fn store(&self, around: &mut Around<'_>, waiting: &Waiting) -> Result<Done, p2psync_store::Error> {
        let Around { now, random, store, group, document_bytes_max, certificate, quests, .. } = around;
        let court = Court {
            now: now.wall,
            group: *group,
            document_bytes_max: *document_bytes_max,
            certificate: *certificate,
            from: self.start.row,
        };
        store.batch(|batch| {
            let mut done = Done::default();
            for arrival in &waiting.arrivals {
                match arrival {
                    Arrival::Pushed(message) => court.pushed(batch, message, random, &mut done)?,
                    Arrival::Announced { id, content_bytes, .. } => {
                        court.announced(batch, id, *content_bytes, &mut done)?;
                    }
                }
            }
            for answer in &waiting.answers {
                match &answer.of {
                    None => court.asked_document(batch, &answer.message, random, &mut done)?,
                    Some(document) => {
                        take_chunk(batch, document, &answer.message, quests, random, &mut done)?;
                    }
                }
            }
            // Who brought a document holds it.
            for id in waiting.held.iter().chain(&done.whole) {
                match batch.note_holder(id, self.start.row) {
                    // It was deleted since, or confirmed by a receipt that came with it.
                    Err(p2psync_store::Error::NotFound) => {}
                    noted => noted?,
                }
            }
            Ok(done)
        })
    }

    /// The disk is full and nothing was stored. What was asked for is given up until the next meeting.
    fn refuse_all(&mut self, around: &mut Around<'_>, waiting: &Waiting) -> Done {
        let verdicts = waiting.arrivals.iter().map(|_| Verdict::Refused(Refusal::Full)).collect();
        let refused: Vec<_> = self.asking.announced().map(|id| (id, Refusal::Full)).collect();
        around.quests.release(self.start.connection);
        Done { verdicts, refused, ..Done::default() }
    }

    /// Tells everybody what has become true.
    fn spread(&self, around: &mut Around<'_>, done: &Done) -> Result<(), Error> {
        for id in &done.came {
            around.quests.document_came(id);
        }
        let mut new = done.new.clone();
        for id in &done.whole {
            around.quests.end(id);
            around.news.push(News::Resolved(*id, None));
            if !new.contains(&(Set::Documents, *id)) {
                new.push((Set::Documents, *id));
            }
        }
        for (id, refusal) in &done.refused {
            around.quests.end(id);
            around.news.push(News::Resolved(*id, Some(*refusal)));
        }
        let from = Some(self.start.connection);
        for (set, id) in new {
            if let Some(entry) = entry_of(around, set, &id)? {
                around.news.push(News::Offered { from, set, entry });
            }
        }
        for id in &done.answers {
            // Who offers what the destination has should hear so, and pass it on.
            if let Some(receipt) = around.store.receipt_of(id)? {
                let entry = shelf::entry(receipt);
                around.news.push(News::Offered { from: None, set: Set::Statements, entry });
            }
        }
        for (ids, news) in [
            (&done.ready, News::Received as fn(Vec<DocumentId>) -> News),
            (&done.confirmed, News::Confirmed),
            (&done.removed, News::Removed),
            (&done.rejected, News::Rejected),
        ] {
            if !ids.is_empty() {
                around.news.push(news(ids.clone()));
            }
        }
        Ok(())
    }
}

fn entry_of(around: &Around<'_>, set: Set, id: &DocumentId) -> Result<Option<p2psync_sync::Entry>, Error> {
    Ok(match set {
        Set::Documents => around.store.offered(id)?,
        Set::Statements => around.store.offered_statement(id.as_bytes())?,
    }
    .map(shelf::entry))
}

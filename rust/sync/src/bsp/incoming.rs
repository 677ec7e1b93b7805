//! What the contact's records change here. It never writes; it says what to keep.

use std::collections::BTreeSet;

use p2psync_bramble::record::{HEADER_BYTES, RecordReader};
use p2psync_model::{MESSAGE_HEADER_BYTES, Message, MessageId};

use super::offering::Offering;
use super::session::INPUT_BYTES_MAX;
use super::{Change, Effect, Error, Ids, Offers, Priority, Record, Shelf, VERSION, Visibility};

/// The reading half of a session.
#[derive(Debug)]
pub(super) struct Incoming {
    reader: RecordReader,
    pub offers: Offers,
    /// Messages that were handed over to be stored and are not yet.
    unstored: BTreeSet<MessageId>,
    /// Whether the contact opened the connection, so that its priority counts.
    takes_priority: bool,
    priority: Option<Priority>,
    is_ended: bool,
    failure: Option<Error>,
}

impl Incoming {
    pub fn new(offers: Offers, takes_priority: bool) -> Self {
        Self {
            reader: RecordReader::new(),
            offers: offers.renewed(),
            unstored: BTreeSet::new(),
            takes_priority,
            priority: None,
            is_ended: false,
            failure: None,
        }
    }

    pub fn receive(
        &mut self,
        bytes: &[u8],
        shelf: &dyn Shelf,
        offering: &mut Offering,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Error> {
        if self.is_ended {
            return Ok(());
        }
        if let Some(error) = self.failure {
            return Err(error);
        }
        let result = self.read(bytes, shelf, offering, effects);
        self.failure = result.err();
        result
    }

    /// The stream ended as its sender meant it to.
    pub fn end(&mut self) -> Result<(), Error> {
        if self.failure.is_none() && !self.is_ended && !self.reader.is_between_records() {
            self.failure = Some(Error::Cut);
        }
        self.is_ended |= self.failure.is_none();
        self.failure.map_or(Ok(()), Err)
    }

    pub const fn is_ended(&self) -> bool {
        self.is_ended
    }

    pub const fn priority(&self) -> Option<Priority> {
        self.priority
    }

    /// The caller keeps `id` durably from now on.
    pub fn stored(&mut self, id: MessageId, effects: &mut Vec<Effect>) {
        if self.unstored.remove(&id) {
            self.offers.forget(id);
            effects.push(Effect::Change { id, change: Change::ToAck });
        }
    }

    /// The caller does not keep `id`.
    pub fn refused(&mut self, id: MessageId) {
        if self.unstored.remove(&id) {
            self.offers.refuse(id);
        }
    }

    pub fn has_unstored(&self) -> bool {
        !self.unstored.is_empty()
    }

    pub fn has_room(&self) -> bool {
        self.offers.unrequested() < Offers::UNREQUESTED_MAX && self.unstored.len() < UNSTORED_MAX
    }

    fn read(
        &mut self,
        bytes: &[u8],
        shelf: &dyn Shelf,
        offering: &mut Offering,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Error> {
        let Self { reader, offers, unstored, takes_priority, priority, .. } = self;
        reader.push(bytes);
        while let Some(raw) = reader.next(VERSION, Record::is_known)? {
            match Record::decode(raw.kind, raw.payload)? {
                Some(Record::Ack(ids)) => acked(ids, shelf, offering, effects),
                Some(Record::Message(message)) => sent(message, shelf, unstored, offers, effects),
                Some(Record::Offer(ids)) => offered(ids, shelf, unstored, offers, effects),
                Some(Record::Request(ids)) => requested(ids, shelf, offering, effects),
                Some(Record::Versions(versions)) => effects.push(Effect::Versions(versions)),
                Some(Record::Priority(theirs)) if *takes_priority => {
                    *priority = Some(theirs);
                    effects.push(Effect::Priority(theirs));
                }
                Some(Record::Priority(_)) | None => {}
            }
        }
        Ok(())
    }
}

/// Messages that wait to be stored before a session asks its caller for patience.
const UNSTORED_MAX: usize = 256;

/// Most messages that wait to be stored at all: what one last piece of input can bring on top, and the end of the
/// record before it.
const UNSTORED_HELD_MAX: usize =
    UNSTORED_MAX + 1 + INPUT_BYTES_MAX / (HEADER_BYTES + MESSAGE_HEADER_BYTES + 1);

fn acked(ids: Ids<'_>, shelf: &dyn Shelf, offering: &mut Offering, effects: &mut Vec<Effect>) {
    for id in ids.iter() {
        offering.answered(id);
        if shelf.entry(id).is_some_and(|entry| !entry.status.is_seen) {
            effects.push(Effect::Change { id, change: Change::Acked });
        }
    }
}

fn requested(ids: Ids<'_>, shelf: &dyn Shelf, offering: &mut Offering, effects: &mut Vec<Effect>) {
    for id in ids.iter() {
        offering.answered(id);
        if shelf.entry(id).is_some_and(|entry| entry.is_shared && !entry.status.is_seen) {
            effects.push(Effect::Change { id, change: Change::Requested });
        }
    }
}

fn offered(
    ids: Ids<'_>,
    shelf: &dyn Shelf,
    unstored: &BTreeSet<MessageId>,
    offers: &mut Offers,
    effects: &mut Vec<Effect>,
) {
    for id in ids.iter() {
        // What is being stored is acknowledged once it is.
        if unstored.contains(&id) {
            continue;
        }
        if shelf.entry(id).is_some() {
            offers.forget(id);
            effects.push(Effect::Change { id, change: Change::ToAck });
        } else {
            offers.remember(id);
        }
    }
}

fn sent(
    message: Message,
    shelf: &dyn Shelf,
    unstored: &mut BTreeSet<MessageId>,
    offers: &mut Offers,
    effects: &mut Vec<Effect>,
) {
    let id = message.id();
    if unstored.contains(&id) {
        return;
    }
    if shelf.visibility(message.group()) == Visibility::Invisible {
        offers.forget(id);
    } else if shelf.entry(id).is_some() {
        offers.forget(id);
        effects.push(Effect::Change { id, change: Change::ToAck });
    } else if unstored.len() < UNSTORED_HELD_MAX {
        unstored.insert(id);
        effects.push(Effect::Store { id, message });
    }
}

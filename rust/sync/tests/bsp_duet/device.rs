//! A device in memory that forgets what was not committed when its power goes.

use std::collections::BTreeMap;

use p2psync_bramble::{Millis, WallClock};
use p2psync_model::{GroupId, Message, MessageId};
use p2psync_sync::bsp::{
    Effect, Entry, Error, Input, Ledger, Position, Queue, Session, Shelf, Status, Visibility,
};

/// Latency of Bluetooth and LAN.
pub const LATENCY_MS: u64 = 30_000;

/// The group of messages that devices write.
pub const GROUP: GroupId = GroupId::from_bytes([8; 32]);

/// What a device holds and knows of one contact. All groups are shared unless said otherwise.
#[derive(Clone)]
pub struct Device {
    pub number: u8,
    pub messages: BTreeMap<MessageId, Message>,
    pub ledger: Ledger,
    /// Received, and gone if the power goes now.
    pub uncommitted: Vec<(MessageId, Message)>,
    /// A group that the contact may not know of.
    pub hidden: Option<GroupId>,
    /// Messages of one's own so far.
    pub written: u64,
}

impl Device {
    pub fn new(number: u8) -> Self {
        Self {
            number,
            messages: BTreeMap::new(),
            ledger: Ledger::new(),
            uncommitted: Vec::new(),
            hidden: None,
            written: 0,
        }
    }

    /// Adds a message of one's own, to be shared.
    pub fn add(&mut self, message: Message) {
        self.insert(message, Status::default());
    }

    pub fn add_all(&mut self, messages: impl IntoIterator<Item = Message>) {
        for message in messages {
            self.add(message);
        }
    }

    /// Writes `count` new messages.
    pub fn write(&mut self, count: u64) {
        for _ in 0..count {
            self.written += 1;
            let body = [&[self.number], &self.written.to_be_bytes()[..], &[7; 60]].concat();
            self.add(Message::new(GROUP, 1_700_000_000_000 + self.written, body).unwrap());
        }
    }

    pub fn owes_acks(&self) -> bool {
        self.ledger.next(Queue::ToAck, None).is_some()
    }

    pub fn status(&self, id: MessageId) -> Status {
        self.ledger.entry(id).unwrap().status
    }

    pub fn has_unseen(&self) -> bool {
        self.ledger.next(Queue::Unseen, None).is_some()
    }

    /// Carries out effects; messages wait for `commit`. Statuses pass through their stored form.
    pub fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Store { id, message } => {
                    assert_eq!(message.id(), id);
                    self.uncommitted.push((id, message));
                }
                Effect::Change { id, change } => {
                    let status = self.ledger.apply(id, change).unwrap();
                    assert_eq!(Status::decode(&status.encode()), Ok(status));
                }
                Effect::Versions(_) | Effect::Priority(_) => {}
            }
        }
    }

    /// Lets the session hear of something, and carries out what follows.
    pub fn hear(&mut self, session: &mut Session, input: Input<'_>) -> Result<Vec<Effect>, Error> {
        let mut effects = Vec::new();
        let result = session.handle(input, self, &mut effects);
        self.carry_out(effects.clone());
        result.map(|()| effects)
    }

    /// Commits what was received, and tells the session.
    pub fn commit(&mut self, session: &mut Session) {
        for (id, message) in std::mem::take(&mut self.uncommitted) {
            self.insert(message, Status::default());
            self.hear(session, Input::Stored(id)).unwrap();
        }
    }

    /// Lets the session write at most `room_bytes`, in the pieces of a link that knows nothing of effects.
    pub fn fill(&mut self, session: &mut Session, now: Millis, room_bytes: usize) -> Vec<u8> {
        let (mut out, mut effects) = (Vec::new(), Vec::new());
        loop {
            let (before, piece_bytes) = (out.len(), (room_bytes - out.len()).min(988));
            session.fill(now, date(now), self, piece_bytes, &mut out, &mut effects);
            assert!(out.len() - before <= piece_bytes);
            if out.len() == before || out.len() == room_bytes {
                break;
            }
        }
        self.carry_out(effects);
        out
    }

    fn insert(&mut self, message: Message, status: Status) {
        let (id, group) = (message.id(), message.group());
        if self.ledger.visibility(group) == Visibility::Invisible {
            self.ledger.set_visibility(group, Visibility::Shared);
        }
        self.ledger.insert(id, group, message.timestamp_ms(), true, status);
        self.messages.insert(id, message);
    }
}

impl Shelf for Device {
    fn visibility(&self, group: GroupId) -> Visibility {
        if self.hidden == Some(group) { Visibility::Invisible } else { Visibility::Shared }
    }

    fn entry(&self, id: MessageId) -> Option<Entry> {
        self.ledger.entry(id)
    }

    fn next(&self, queue: Queue, after: Option<Position>) -> Option<Entry> {
        self.ledger.next(queue, after)
    }

    fn message(&self, id: MessageId) -> Option<Message> {
        self.messages.get(&id).cloned()
    }
}

/// What a clock on the wall shows at `now`.
pub fn date(now: Millis) -> WallClock {
    WallClock(1_795_000_000_000 + now.0)
}

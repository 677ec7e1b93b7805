//! One connection: how far it is, what is to be sent over it, and when it must be looked at again.

use p2psync_bramble::Millis;
use p2psync_link::{Link, Source};
use p2psync_model::PeerId;
use p2psync_pair::{Digits, Pairing};
use p2psync_store::Store;

use crate::Error;
use crate::exchange::Exchange;
use crate::meeting::event::{Moment, SyncProgress};
use crate::meeting::greeting::Greeting;
use crate::meeting::transport::Transport;

/// First bytes below this are the version of a pairing (BQP has five bits for it); a link's opening is made so that
/// it begins with none of them.
pub(super) const PAIRING_VERSIONS: u8 = 0x20;

/// Most bytes that are sent with the closing of a connection: the end of a pairing, or a link's last frames.
pub(super) const LAST_WORDS_BYTES_MAX: usize = 4_096;

/// Less room is not filled once a link is open.
pub(super) const ROOM_BYTES_MIN: usize = 1_024;

/// One connection.
pub(super) struct Connection {
    pub(super) transport: Transport,
    /// Whether this device dialled.
    pub(super) is_caller: bool,
    pub(super) opened: Millis,
    pub(super) stage: Stage,
    /// Bytes that leave before those of the stage.
    pub(super) early: Vec<u8>,
    pub(super) bytes: u64,
    /// Whether nothing may leave any more.
    pub(super) is_silenced: bool,
    /// It had its turn, and its transport no room since: asking again before this is of no use.
    pub(super) rests_until: Millis,
}

/// How far it is.
pub(super) enum Stage {
    /// Somebody has connected. Until it has said two bytes it may want to pair; it is answered as a link.
    Accepted {
        /// What it is if it is not a pairing.
        link: Box<Link>,
        /// What it has said.
        heard: Vec<u8>,
    },
    /// Two devices pair.
    Pairing(Box<PairingStage>),
    /// A link, open or being opened.
    Link(Box<LinkStage>),
}

/// See [`Stage::Pairing`].
pub(super) struct PairingStage {
    pub(super) pairing: Pairing,
    pub(super) way: PairingWay,
    /// The number of the other device in the list.
    pub(super) found: u64,
    pub(super) remember: bool,
    /// Whether people know of it.
    pub(super) is_visible: bool,
    pub(super) digits: Option<Digits>,
}

/// Which side of which way of pairing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PairingWay {
    Shower,
    Scanner,
    Digits,
}

/// See [`Stage::Link`].
pub(super) struct LinkStage {
    pub(super) link: Link,
    /// Whom this device calls, if it does.
    pub(super) call: Option<Call>,
    /// What goes on once it is open.
    pub(super) talk: Option<Box<Talk>>,
}

/// A call by this device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) peer: PeerId,
    /// Whether nothing says that it is that peer.
    pub(super) is_guess: bool,
}

/// What goes on over an open link.
pub(super) struct Talk {
    pub(super) opened: Millis,
    pub(super) greeting: Greeting,
    pub(super) exchange: Exchange,
    /// Whether the other side has said everything.
    pub(super) peer_has_ended: bool,
    /// Why nothing more can be said, found when something was to be.
    pub(super) failure: Option<Error>,
    /// What the app was told last of how far it is, and when.
    pub(super) told: Option<(Millis, SyncProgress)>,
    /// When it ends if nothing new comes; see [`crate::meeting::Meeting::end_quiet_exchanges`].
    pub(super) lingers_until: Option<Millis>,
}

impl Connection {
    pub(super) const fn new(transport: Transport, is_caller: bool, opened: Millis, stage: Stage) -> Self {
        Self {
            transport,
            is_caller,
            opened,
            stage,
            early: Vec::new(),
            bytes: 0,
            is_silenced: false,
            rests_until: Millis(0),
        }
    }

    /// Whether nobody has shown yet who is at the other end, of a connection that the other side made.
    pub(super) const fn is_unknown(&self) -> bool {
        match &self.stage {
            Stage::Link(stage) => !self.is_caller && stage.talk.is_none(),
            Stage::Accepted { .. } => true,
            Stage::Pairing(_) => !self.is_caller,
        }
    }

    /// What goes on, if the link is open.
    pub(super) fn talk(&self) -> Option<&Talk> {
        if let Stage::Link(stage) = &self.stage { stage.talk.as_deref() } else { None }
    }

    pub(super) fn talk_mut(&mut self) -> Option<&mut Talk> {
        if let Stage::Link(stage) = &mut self.stage { stage.talk.as_deref_mut() } else { None }
    }

    /// The peer at the other end, if that is sure.
    pub(super) fn peer(&self) -> Option<PeerId> {
        self.talk().map(|talk| talk.exchange.with().peer)
    }

    /// The peer that is being called, if the link is not open yet.
    pub(super) fn called(&self) -> Option<Call> {
        let Stage::Link(stage) = &self.stage else { return None };
        stage.call.filter(|_| stage.talk.is_none())
    }

    /// Our side wants to end: an open conversation says so, and a pairing aborts.
    pub(super) fn finish(&mut self, now: Millis) {
        match &mut self.stage {
            Stage::Accepted { .. } => {}
            Stage::Pairing(stage) => {
                // It fails, as it should, and writes its last record.
                let _ = stage.pairing.handle(now, p2psync_pair::Input::End, &mut Vec::new());
            }
            Stage::Link(stage) => {
                if let Some(talk) = &mut stage.talk {
                    talk.exchange.finish();
                }
            }
        }
    }

    /// Appends at most `room_bytes` bytes to send.
    pub(super) fn fill(&mut self, now: Moment, store: &mut Store, room_bytes: usize, out: &mut Vec<u8>) {
        if self.is_silenced {
            return;
        }
        let length_before = out.len();
        let early_bytes = room_bytes.min(self.early.len());
        out.extend(self.early.drain(..early_bytes));
        let room_bytes = room_bytes - early_bytes;
        match &mut self.stage {
            _ if !self.early.is_empty() => {}
            Stage::Accepted { .. } => {}
            Stage::Pairing(stage) => stage.pairing.fill(now.millis, room_bytes, out),
            // A short frame costs as much around its bytes as a long one: what has much to say waits for room.
            Stage::Link(stage) if stage.talk.is_some() && room_bytes < ROOM_BYTES_MIN => {}
            Stage::Link(stage) => {
                let mut words = Words { talk: stage.talk.as_deref_mut(), store };
                stage.link.fill(now.millis, &mut words, room_bytes, out);
            }
        }
        if out.len() > length_before {
            self.rests_until = Millis(0);
            self.bytes = self.bytes.saturating_add((out.len() - length_before) as u64);
        }
    }

    /// When it must be looked at, if nothing happens before.
    pub(super) fn deadline(&self) -> Option<Millis> {
        self.stage_deadline().map(|due| due.max(self.rests_until))
    }

    fn stage_deadline(&self) -> Option<Millis> {
        match &self.stage {
            Stage::Accepted { link, .. } => link.deadline(),
            Stage::Pairing(stage) => stage.pairing.deadline(),
            // It came to its end by the last bytes that left.
            Stage::Link(stage) if stage.is_over() || stage.has_failed() => Some(Millis(0)),
            Stage::Link(stage) => {
                let talk = stage.talk.as_ref();
                let exchange = talk.and_then(|talk| talk.exchange.deadline());
                let lingers = talk.and_then(|talk| talk.lingers_until);
                [stage.link.deadline(), exchange, lingers].into_iter().flatten().min()
            }
        }
    }
}

impl LinkStage {
    fn has_failed(&self) -> bool {
        self.talk.as_ref().is_some_and(|talk| talk.failure.is_some())
    }

    /// Whether both sides have said everything.
    pub(super) fn is_over(&self) -> bool {
        self.talk.as_ref().is_some_and(|talk| talk.peer_has_ended && talk.exchange.is_ended())
    }
}

/// Where a link gets its bytes: the greeting, then the conversation.
struct Words<'a> {
    talk: Option<&'a mut Talk>,
    store: &'a mut Store,
}

impl Source for Words<'_> {
    fn fill(&mut self, room_bytes: usize, out: &mut Vec<u8>) {
        let Some(talk) = &mut self.talk else { return };
        let length_before = out.len();
        talk.greeting.fill(room_bytes, out);
        if talk.greeting.is_said() {
            let room_bytes = room_bytes - (out.len() - length_before);
            let filled = talk.exchange.fill(self.store, room_bytes, out);
            talk.failure = talk.failure.take().or(filled.err());
        }
    }

    fn is_ended(&self) -> bool {
        self.talk.as_ref().is_some_and(|talk| talk.greeting.is_said() && talk.exchange.is_ended())
    }
}

/// Where a link gets its bytes while it is only opening.
pub(super) struct Silence;

impl Source for Silence {
    fn fill(&mut self, _room_bytes: usize, _out: &mut Vec<u8>) {}

    fn is_ended(&self) -> bool {
        false
    }
}

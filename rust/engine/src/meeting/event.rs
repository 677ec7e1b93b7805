//! What goes into the meeting side of an engine and what comes out of it.

use core::net::SocketAddr;
use std::collections::BTreeSet;

use p2psync_bramble::{Millis, WallClock};
use p2psync_model::{DocumentId, PeerId};
use p2psync_pair::Digits;
use p2psync_sync::session::{Outcome, Progress, Refusal};

use crate::Error;
use crate::exchange::Word;
use crate::meeting::advert::Advert;
use crate::meeting::nearby::{Nearby, NearbyId};
use crate::meeting::transport::{Transport, TransportState};
use crate::meeting::watch::Activity;

/// When something happens: on a clock that never jumps, and by the date as the device believes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    /// Time that only moves forward. Deadlines are of this kind.
    pub millis: Millis,
    /// The date. May be wrong by years.
    pub wall: WallClock,
}

/// Names a connection. The host chooses it and never uses it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// Names something that the host can dial: a Bluetooth address, a host and port. The host chooses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SightingId(pub u64);

/// Names an attempt to dial. The engine chooses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DialId(pub u64);

/// What the host tells the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A device is there, or is still there, or shows something else than before.
    Sighted {
        /// What the host would dial.
        sighting: SightingId,
        /// How.
        transport: Transport,
        /// What it shows; `None` if it shows nothing, as a gateway or an address that was good last week.
        advert: Option<Advert>,
        /// Whom the host met there before, if it remembers; see [`Effect::Recognised`].
        expected: Option<PeerId>,
    },
    /// It has not been seen for a while.
    Lost(SightingId),
    /// Bytes can flow: the host has dialled, or has been dialled.
    Opened {
        /// Names the connection from now on.
        connection: ConnectionId,
        /// What carries it.
        transport: Transport,
        /// The attempt that came to this; `None` if the other side dialled.
        dialled: Option<DialId>,
    },
    /// Bytes came. At most 64 KiB at a time.
    Received {
        /// Over which connection.
        connection: ConnectionId,
        /// The bytes.
        bytes: &'a [u8],
    },
    /// A connection is gone. Not needed after [`Effect::Close`].
    Closed(ConnectionId),
    /// An attempt to dial came to nothing. Not needed after [`Effect::CancelDial`].
    DialFailed(DialId),
    /// What a transport is good for has changed.
    TransportChanged(Transport, TransportState),
    /// Nothing but time has passed: `deadline` is reached.
    Tick,
}

/// What the host must do, in order.
#[derive(Debug, PartialEq)]
pub enum Effect {
    /// Let the radios do this from now on.
    Radios(Radios),
    /// Dial. Answered by [`Event::Opened`] or [`Event::DialFailed`].
    Dial {
        /// Names the attempt.
        dial: DialId,
        /// Whom.
        target: Target,
    },
    /// Give up an attempt to dial.
    CancelDial(DialId),
    /// The connection may have something to say: call `fill` while there is room.
    Fill(ConnectionId),
    /// Send these bytes, then close. Nothing of this connection is asked for or listened to any more.
    Close {
        /// Which.
        connection: ConnectionId,
        /// What is still to be said, at most a few kilobytes.
        last_words: Vec<u8>,
    },
    /// The device at the other end of this connection is this peer. The host may remember where it was met.
    Recognised {
        /// Which connection.
        connection: ConnectionId,
        /// Whose.
        peer: PeerId,
    },
    /// Tell the app.
    App(AppEvent),
}

/// Whom to dial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// What the host has sighted.
    Sighting(SightingId),
    /// An address in the local network, from a code.
    Address(SocketAddr),
}

/// What the radios are to do. All empty and false: nothing at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Radios {
    /// What to show, all at once or in turn.
    pub adverts: Vec<Advert>,
    /// Look for others.
    pub scan: bool,
    /// Take connections.
    pub listen: bool,
    /// On these alone.
    pub transports: BTreeSet<Transport>,
}

/// What the app is told.
#[derive(Clone, Debug, PartialEq)]
pub enum AppEvent {
    /// Whether sync is active, and what it is doing.
    StatusChanged(Activity),
    /// The list of who is near, whole.
    PeersChanged(Vec<Nearby>),
    /// A pairing goes on.
    Pairing(PairingState),
    /// How far an exchange with a peer is: not more than five times a second, and when it is over.
    Progress(SyncProgress),
    /// These documents arrived, parents first, and may be shown.
    DocumentsReceived(Vec<DocumentId>),
    /// The destination has these own documents.
    DocumentsConfirmed(Vec<DocumentId>),
    /// The destination does not take these.
    DocumentsRejected(Vec<DocumentId>),
    /// The destination has these documents of others, and they went.
    DocumentsRemoved(Vec<DocumentId>),
    /// A peer did not take a document.
    DocumentRefused {
        /// Who.
        peer: PeerId,
        /// Which.
        id: DocumentId,
        /// Why.
        refusal: Refusal,
    },
    /// A peer says something that is not kept.
    Ephemeral {
        /// Who.
        peer: PeerId,
        /// What.
        bytes: Vec<u8>,
    },
    /// Something that a person should know.
    Problem {
        /// What.
        error: Error,
        /// With whom, if with anybody.
        peer: Option<PeerId>,
    },
}

/// How far an exchange with a peer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyncProgress {
    /// With whom.
    pub peer: PeerId,
    /// How far it has come.
    pub progress: Progress,
    /// How it came out, once both sides have said their last word. Something new may follow.
    pub outcome: Option<(Word, Outcome)>,
}

/// How a pairing stands.
#[derive(Clone, Debug, PartialEq)]
pub struct PairingState {
    /// With whom: nobody yet, somebody unknown, or from `Authenticated` on the peer.
    pub with: Option<NearbyId>,
    /// The name it gives itself, from `Authenticated` on. Any UTF-8.
    pub name: Option<String>,
    /// How far it is.
    pub step: PairingStep,
}

/// The steps of a pairing.
#[derive(Clone, Debug, PartialEq)]
pub enum PairingStep {
    /// Our code is on the screen.
    WaitingForScan,
    /// We look for the other device, or wait for it.
    WaitingForPeer,
    /// Both screens show these digits, if nobody is between them.
    Compare(Digits),
    /// Done; people were sure.
    Authenticated,
    /// Done; nobody compared. It stays so.
    Unauthenticated,
    /// It came to nothing.
    Failed(Error),
    /// Our person, or the end of activity, stopped it.
    Cancelled,
}

impl PairingStep {
    /// The word for it, as apps see it.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::WaitingForScan => "waitingForScan",
            Self::WaitingForPeer => "waitingForPeer",
            Self::Compare(_) => "compare",
            Self::Authenticated => "authenticated",
            Self::Unauthenticated => "unauthenticated",
            Self::Failed(_) => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

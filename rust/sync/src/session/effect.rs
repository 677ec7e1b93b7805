//! What happens to a session, and what its caller must do.

use p2psync_model::{DocumentId, Message, MessageId, Priority};

use super::Refusal;
use crate::{Entry, Set};

/// What happens to a session.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// Bytes came over the link, authenticated and in order.
    Received(&'a [u8]),
    /// The link says that the other side has said everything.
    PeerEnded,
    /// The words on the oldest arrivals ([`Effect::Pushed`], [`Effect::Announced`]), in their order, after what they
    /// promise is on disk: the other side is told.
    Settled(&'a [Verdict]),
    /// An announced document that was [`Verdict::Noted`] is here whole and on disk, or will not be taken.
    Resolved {
        /// The document.
        id: MessageId,
        /// Why it will not be taken.
        refusal: Option<Refusal>,
    },
    /// Asks for announced documents or for parents, or for chunks. At most [`super::Session::ask_room`] are taken.
    Ask {
        /// The document whose chunks they are; `None` for documents.
        of: Option<DocumentId>,
        /// What is asked for.
        ids: &'a [MessageId],
    },
    /// A message came from elsewhere while the session runs.
    Added {
        /// The set that it belongs to.
        set: Set,
        /// The message.
        entry: Entry,
    },
    /// Something for whoever is there now: at most [`super::EPHEMERAL_BYTES_MAX`], and dropped when many wait.
    Ephemeral(&'a [u8]),
    /// Nothing but time passed: [`super::Session::deadline`] is reached.
    Tick,
}

/// The engine's word on an arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The document or statement is on disk, now or since before.
    Kept,
    /// The announced document is wanted; [`Input::Resolved`] follows.
    Noted,
    /// It is not taken.
    Refused(Refusal),
}

/// What the caller must do, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A document or statement arrived: store it, then say [`Input::Settled`].
    Pushed(Message),
    /// A document can be had: say [`Input::Settled`], then [`Input::Ask`] if it is wanted.
    Announced {
        /// The document.
        id: MessageId,
        /// Length of its content.
        bytes: u64,
        /// What its author said of its urgency.
        priority: Priority,
    },
    /// A message that was asked for.
    Answered(Message),
    /// The other side does not have what was asked for.
    Gone(MessageId),
    /// A document is on the other side's disk.
    Held(MessageId),
    /// The other side did not take a message.
    Refused {
        /// The message.
        id: MessageId,
        /// Why.
        refusal: Refusal,
    },
    /// Something for whoever is here now.
    Ephemeral(Vec<u8>),
}

//! What a session reads of what this device holds.

use p2psync_model::{GroupId, Message, MessageId};

use super::Status;

/// A read-only view of the messages that this device holds, as one contact may know of them.
///
/// What cannot be read is answered as if it were not there; a shelf that fails keeps its error for who lent it.
pub trait Shelf {
    /// What the contact may do in `group`.
    fn visibility(&self, group: GroupId) -> Visibility;

    /// The message `id`, if this device holds it durably and its group is not invisible to the contact. Messages
    /// that are not validated yet, or turned out invalid, are held too.
    fn entry(&self, id: MessageId) -> Option<Entry>;

    /// The first entry of `queue` beyond `after`, in order of position; the very first if `after` is `None`.
    fn next(&self, queue: Queue, after: Option<Position>) -> Option<Entry>;

    /// The message `id` itself.
    fn message(&self, id: MessageId) -> Option<Message>;
}

/// What a contact may do in a group (BRAMBLE 6.3). The order is that of permissions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Visibility {
    /// Everything that it sends there is ignored, without acknowledgement.
    #[default]
    Invisible,
    /// Its messages are taken; it is sent none.
    Visible,
    /// Messages go both ways.
    Shared,
}

/// What a session needs to know of a message before it reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Which message.
    pub id: MessageId,
    /// Its timestamp.
    pub timestamp_ms: u64,
    /// Whether it may be offered and sent to the contact: valid, all that it depends on delivered, marked as
    /// shared, not deleted, and in a group that is [`Visibility::Shared`].
    pub is_shared: bool,
    /// How it stands with the contact.
    pub status: Status,
}

impl Entry {
    /// Its place in every queue.
    pub const fn position(&self) -> Position {
        Position { timestamp_ms: self.timestamp_ms, id: self.id }
    }
}

/// The entries that a session looks for. A store needs an index for each, so that the next one costs little.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queue {
    /// To be acknowledged.
    ToAck,
    /// Shared, requested, not seen.
    Requested,
    /// Shared, not seen; requested or not.
    Unseen,
}

/// Place of a message in a queue: older ones first, since later ones may depend on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Timestamp of the message.
    pub timestamp_ms: u64,
    /// Its id.
    pub id: MessageId,
}

//! What people can look up later: one entry for each meeting and each pairing. The store keeps the last thousand.

use p2psync_bramble::WallClock;
use p2psync_bramble::bdf::{self, Value};
use p2psync_model::{DATE_MS_MAX, PeerId};
use p2psync_store::Store;

use crate::Error;
use crate::meeting::transport::Transport;

/// What took place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HistoryKind {
    /// A link was open.
    Sync,
    /// Two devices paired, or tried to.
    Pairing,
}

impl HistoryKind {
    /// The word for it, as apps see it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::Pairing => "pairing",
        }
    }
}

/// One meeting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    /// When it ended, as this device believed.
    pub at: WallClock,
    /// What took place.
    pub kind: HistoryKind,
    /// With whom, if that became known.
    pub peer: Option<PeerId>,
    /// The name that the peer had then; empty if it is not known.
    pub name: String,
    /// Over what.
    pub transport: Transport,
    /// Documents that the other side took.
    pub sent: u64,
    /// Documents that it brought.
    pub received: u64,
    /// Bytes that travelled, both ways.
    pub bytes: u64,
    /// How it ended: a word, or the code of an error.
    pub outcome: String,
}

/// Some entries, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryPage {
    /// The entries.
    pub entries: Vec<HistoryEntry>,
    /// Where the next page begins, if there may be one.
    pub next: Option<i64>,
}

impl HistoryPage {
    /// The last `count_max` entries before the place `before`.
    pub(super) fn of(store: &Store, before: Option<i64>, count_max: u32) -> Result<Self, Error> {
        let meetings = store.meetings(before, count_max)?;
        let is_full = meetings.len() == usize::try_from(count_max).unwrap_or(usize::MAX);
        let next = meetings.last().map(|(place, _)| *place).filter(|_| is_full);
        let entries = meetings
            .iter()
            .map(|(_, record)| HistoryEntry::decode(record).ok_or(Error::Damaged("an entry of the history")));
        Ok(Self { entries: entries.collect::<Result<_, _>>()?, next })
    }
}

impl HistoryEntry {
    /// A pairing, of which nothing more is known yet.
    pub(super) const fn of_pairing(at: WallClock, peer: Option<PeerId>, transport: Transport) -> Self {
        Self {
            at,
            kind: HistoryKind::Pairing,
            peer,
            name: String::new(),
            transport,
            sent: 0,
            received: 0,
            bytes: 0,
            outcome: String::new(),
        }
    }

    /// A BDF list, for the store to seal.
    pub(super) fn encode(&self) -> Vec<u8> {
        let count = |number: u64| Value::Integer(i64::try_from(number).unwrap_or(i64::MAX));
        let items = vec![
            count(self.at.0.min(DATE_MS_MAX)),
            Value::String(self.kind.as_str().into()),
            self.peer.map_or(Value::Null, |peer| Value::Raw(peer.as_bytes().to_vec())),
            Value::String(self.name.clone()),
            Value::String(self.transport.as_str().into()),
            count(self.sent),
            count(self.received),
            count(self.bytes),
            Value::String(self.outcome.clone()),
        ];
        let mut encoded = Vec::new();
        bdf::write(&Value::List(items), &mut encoded);
        encoded
    }

    fn decode(encoded: &[u8]) -> Option<Self> {
        let value = bdf::parse(encoded).ok()?;
        let [at, kind, peer, name, transport, sent, received, bytes, outcome] = value.as_list()? else {
            return None;
        };
        let count = |value: &Value| value.as_integer().and_then(|number| u64::try_from(number).ok());
        Some(Self {
            at: WallClock(count(at)?),
            kind: match kind.as_str()? {
                "sync" => HistoryKind::Sync,
                "pairing" => HistoryKind::Pairing,
                _ => return None,
            },
            peer: match peer {
                Value::Null => None,
                id => Some(PeerId::from_bytes(id.as_raw()?.try_into().ok()?)),
            },
            name: name.as_str()?.to_owned(),
            transport: Transport::parse(transport.as_str()?)?,
            sent: count(sent)?,
            received: count(received)?,
            bytes: count(bytes)?,
            outcome: outcome.as_str()?.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded_and_nothing_else() {
        for (kind, peer) in
            [(HistoryKind::Sync, Some(PeerId::from_bytes([1; 32]))), (HistoryKind::Pairing, None)]
        {
            let entry = HistoryEntry {
                at: WallClock(5),
                kind,
                peer,
                name: "Berta".into(),
                transport: Transport::WifiDirect,
                sent: 1,
                received: 2,
                bytes: 3,
                outcome: "ended".into(),
            };
            let encoded = entry.encode();
            assert_eq!(HistoryEntry::decode(&encoded), Some(entry));
            assert!((0..encoded.len()).all(|length| HistoryEntry::decode(&encoded[..length]).is_none()));
        }
    }
}

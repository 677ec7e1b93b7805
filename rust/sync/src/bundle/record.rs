//! What a bundle says inside its stream, and the bytes of it (`docs/protocol/bundle.md`).

use p2psync_bramble::record;
use p2psync_model::{GroupId, MESSAGE_BODY_BYTES_MAX};

/// The version in the header of each record.
pub(super) const RECORD_VERSION: u8 = 1;

/// One record. Borrowed from where it arrived, or from what is about to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Record<'a> {
    /// First of all: the deployment, and when the bundle was made.
    About { group: GroupId, made_ms: u64 },
    /// A document, a chunk of the document before it, or a statement.
    Message { timestamp_ms: u64, body: &'a [u8] },
    /// Last of all: how many statements and documents there were.
    End { statements: u32, documents: u32 },
}

impl<'a> Record<'a> {
    /// Whether a record of this kind is known. Others are skipped.
    pub(super) const fn is_known(kind: u8) -> bool {
        kind <= END
    }

    /// Reads the payload of a record; `None` if it is malformed.
    pub(super) fn decode(kind: u8, payload: &'a [u8]) -> Option<Self> {
        match kind {
            ABOUT => {
                let (group, made) = payload.split_first_chunk()?;
                let made_ms = u64::from_be_bytes(made.try_into().ok()?);
                Some(Self::About { group: GroupId::from_bytes(*group), made_ms })
            }
            MESSAGE => {
                let (timestamp, body) = payload.split_first_chunk()?;
                let fits = (1..=MESSAGE_BODY_BYTES_MAX).contains(&body.len());
                fits.then_some(Self::Message { timestamp_ms: u64::from_be_bytes(*timestamp), body })
            }
            END => {
                let (statements, documents) = payload.split_first_chunk()?;
                let documents = u32::from_be_bytes(documents.try_into().ok()?);
                Some(Self::End { statements: u32::from_be_bytes(*statements), documents })
            }
            _ => None,
        }
    }

    /// Appends the record with its header.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        let (kind, payload) = match self {
            Self::About { group, made_ms } => {
                (ABOUT, [group.as_bytes().as_slice(), &made_ms.to_be_bytes()].concat())
            }
            Self::Message { timestamp_ms, body } => {
                (MESSAGE, [timestamp_ms.to_be_bytes().as_slice(), body].concat())
            }
            Self::End { statements, documents } => {
                (END, [statements.to_be_bytes(), documents.to_be_bytes()].concat())
            }
        };
        record::write(RECORD_VERSION, kind, &payload, out)
            .expect("the longest record of every kind fits in one");
    }
}

const ABOUT: u8 = 0;
const MESSAGE: u8 = 1;
const END: u8 = 2;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_kind_is_read_as_it_was_written_and_in_no_other_length() {
        let long = vec![7; MESSAGE_BODY_BYTES_MAX];
        for sample in [
            Record::About { group: GroupId::from_bytes([3; 32]), made_ms: 1 << 40 },
            Record::Message { timestamp_ms: 5, body: &long },
            Record::End { statements: 70_000, documents: 3 },
        ] {
            let mut encoded = Vec::new();
            sample.encode(&mut encoded);
            let (record, taken) = record::read(&encoded).unwrap().unwrap();
            assert_eq!((record.version, taken), (RECORD_VERSION, encoded.len()));
            assert_eq!(Record::decode(record.kind, record.payload), Some(sample));
            let longer = [record.payload, &[0]].concat();
            assert_eq!(Record::decode(record.kind, &longer), None);
            for length in (0..record.payload.len()).filter(|length| record.kind != MESSAGE || *length < 9) {
                assert_eq!(Record::decode(record.kind, &record.payload[..length]), None);
            }
        }
        assert_eq!(Record::decode(9, &[]), None);
    }

    proptest! {
        #[test]
        fn what_decodes_has_one_encoding(kind in 0..=END, payload in proptest::collection::vec(any::<u8>(), 0..80)) {
            if let Some(decoded) = Record::decode(kind, &payload) {
                let mut encoded = Vec::new();
                decoded.encode(&mut encoded);
                prop_assert_eq!(&encoded[4..], &payload[..]);
            }
        }
    }
}

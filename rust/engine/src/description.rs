//! What the engine notes in the store beside each document, so that lists need not read contents.

use p2psync_bramble::bdf::{self, Value};
use p2psync_model::Header;

/// Whether a document is sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sealing {
    /// Devices can read it.
    Open,
    /// Only the destination can.
    Sealed,
    /// The same, and the destination's key had expired (THREATS T13).
    SealedToExpired,
}

/// The note. The store seals it; its bytes never travel.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Description {
    pub(crate) sealing: Sealing,
    /// The document's header. Of a sealed document only the device that made it knows one.
    pub(crate) header: Option<Header>,
    /// Length of the body, known with the header.
    pub(crate) body_bytes: Option<u64>,
}

impl Description {
    /// A BDF list: version, sealing, header or null, length of the body or null.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let sealing = match self.sealing {
            Sealing::Open => 0,
            Sealing::Sealed => 1,
            Sealing::SealedToExpired => 2,
        };
        let header = self.header.as_ref().map_or(Value::Null, |header| Value::Raw(header.encode()));
        let body_bytes = self.body_bytes.and_then(|bytes| i64::try_from(bytes).ok());
        let body_bytes = body_bytes.map_or(Value::Null, Value::Integer);
        let mut encoded = Vec::new();
        let items = vec![Value::Integer(VERSION), Value::Integer(sealing), header, body_bytes];
        bdf::write(&Value::List(items), &mut encoded);
        encoded
    }

    /// Reads what [`Self::encode`] writes; `None` for anything else.
    pub(crate) fn decode(encoded: &[u8]) -> Option<Self> {
        let value = bdf::parse(encoded).ok()?;
        let [Value::Integer(VERSION), sealing, header, body_bytes] = value.as_list()? else { return None };
        let sealing = match sealing.as_integer()? {
            0 => Sealing::Open,
            1 => Sealing::Sealed,
            2 => Sealing::SealedToExpired,
            _ => return None,
        };
        let header = match header {
            Value::Null => None,
            header => Some(Header::decode(header.as_raw()?).ok()?),
        };
        let body_bytes = match body_bytes {
            Value::Null => None,
            bytes => Some(u64::try_from(bytes.as_integer()?).ok()?),
        };
        Some(Self { sealing, header, body_bytes })
    }
}

const VERSION: i64 = 1;

#[cfg(test)]
mod tests {
    use p2psync_bramble::WallClock;
    use p2psync_model::{ATTACHMENTS_MAX, Attachment, DocumentId, METADATA_BYTES_MAX, Metadata, SALT_BYTES};
    use p2psync_store::INFO_BYTES_MAX;

    use super::*;

    fn longest() -> Header {
        let long = "x".repeat(255);
        let attachment = |number: u8| {
            let content_type = format!("a/{}", "x".repeat(253));
            Attachment::new(DocumentId::from_bytes([number; 32]), &long, &content_type, 1 << 30).unwrap()
        };
        let attachments = (0..u8::try_from(ATTACHMENTS_MAX).unwrap()).map(attachment).collect();
        let text = Value::String("x".repeat(METADATA_BYTES_MAX - 8));
        Header::new(&format!("a/{}", "x".repeat(253)), WallClock(p2psync_model::DATE_MS_MAX))
            .and_then(|header| header.with_author(&long)?.with_attachments(attachments))
            .unwrap()
            .with_metadata(Metadata::new([("k", text)].into_iter().collect()).unwrap())
    }

    #[test]
    fn what_is_encoded_is_decoded_and_nothing_else() {
        let header = Header::new("text/plain", WallClock(5)).unwrap();
        for description in [
            Description { sealing: Sealing::Open, header: Some(header), body_bytes: Some(7) },
            Description { sealing: Sealing::Sealed, header: None, body_bytes: None },
            Description { sealing: Sealing::SealedToExpired, header: None, body_bytes: Some(0) },
        ] {
            let encoded = description.encode();
            assert_eq!(Description::decode(&encoded), Some(description));
            assert!((0..encoded.len()).all(|length| Description::decode(&encoded[..length]).is_none()));
        }
        assert_eq!(Description::decode(&[0; SALT_BYTES]), None);
    }

    #[test]
    fn the_longest_description_fits_into_the_store() {
        let longest = Description {
            sealing: Sealing::SealedToExpired,
            header: Some(longest()),
            body_bytes: Some(u64::from(u32::MAX)),
        };
        assert!(longest.encode().len() <= INFO_BYTES_MAX, "{}", longest.encode().len());
    }
}

//! Records: version, type, length, payload (BRAMBLE 1.4).

/// Longest payload of a record.
pub const PAYLOAD_BYTES_MAX: usize = 49_152;

/// Length of a record's header.
pub const HEADER_BYTES: usize = 4;

/// A record as it stands in a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Version of the protocol that it belongs to.
    pub version: u8,
    /// Type within that protocol.
    pub kind: u8,
    /// Its content, at most [`PAYLOAD_BYTES_MAX`] bytes.
    pub payload: &'a [u8],
}

/// Reads one record from the front of `input`: the record and the bytes that it took, or `None` if it is not
/// whole yet. At most [`HEADER_BYTES`] + [`PAYLOAD_BYTES_MAX`] bytes are ever needed.
///
/// # Errors
/// [`Malformed`] as soon as the header shows a payload over the limit.
pub fn read(input: &[u8]) -> Result<Option<(Record<'_>, usize)>, Malformed> {
    let Some(([version, kind, high, low], rest)) = input.split_first_chunk::<HEADER_BYTES>() else {
        return Ok(None);
    };
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    if length > PAYLOAD_BYTES_MAX {
        return Err(Malformed::TooLong { length });
    }
    Ok(rest
        .get(..length)
        .map(|payload| (Record { version: *version, kind: *kind, payload }, HEADER_BYTES + length)))
}

/// Appends a record to `out`.
///
/// # Errors
/// [`PayloadTooLong`] if the payload is over [`PAYLOAD_BYTES_MAX`]; `out` is unchanged then.
pub fn write(version: u8, kind: u8, payload: &[u8], out: &mut Vec<u8>) -> Result<(), PayloadTooLong> {
    let length = u16::try_from(payload.len())
        .ok()
        .filter(|_| payload.len() <= PAYLOAD_BYTES_MAX)
        .ok_or(PayloadTooLong { length: payload.len() })?;
    out.extend_from_slice(&[version, kind]);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(payload);
    Ok(())
}

/// Bytes that arrived and have not made a whole record yet. Never holds more than one record's bytes beyond
/// what the last call brought.
#[derive(Debug, Default)]
pub struct RecordReader {
    pending: Vec<u8>,
    taken: usize,
}

impl RecordReader {
    /// A reader at the start of a stream.
    pub const fn new() -> Self {
        Self { pending: Vec::new(), taken: 0 }
    }

    /// Adds bytes as they came.
    pub fn push(&mut self, bytes: &[u8]) {
        self.pending.drain(..self.taken);
        self.taken = 0;
        self.pending.extend_from_slice(bytes);
    }

    /// The next record of `version` whose type `known` accepts. Records of that version and other types are
    /// skipped. `None`: more bytes are needed.
    ///
    /// # Errors
    /// [`Malformed`] for a payload over the limit or another version. The reader stays where it was.
    pub fn next(&mut self, version: u8, known: impl Fn(u8) -> bool) -> Result<Option<Record<'_>>, Malformed> {
        loop {
            let unread = self.pending.get(self.taken..).unwrap_or_default();
            let Some((record, taken)) = read(unread)? else { return Ok(None) };
            if record.version != version {
                return Err(Malformed::OtherVersion { version: record.version });
            }
            let (kind, start) = (record.kind, self.taken + HEADER_BYTES);
            self.taken += taken;
            if known(kind) {
                let payload = self.pending.get(start..self.taken).unwrap_or_default();
                return Ok(Some(Record { version, kind, payload }));
            }
        }
    }

    /// Whether the input may end here: between two records.
    pub fn is_between_records(&self) -> bool {
        self.taken == self.pending.len()
    }

    /// The bytes after the last record taken, which belong to the next protocol on this connection. The
    /// reader is empty afterwards.
    pub fn take_unread(&mut self) -> Vec<u8> {
        let unread = self.pending.split_off(self.taken);
        *self = Self::new();
        unread
    }
}

/// The other side sent what is not a record of this protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// A payload over [`PAYLOAD_BYTES_MAX`].
    #[error("a record announces {length} bytes, more than {PAYLOAD_BYTES_MAX}")]
    TooLong {
        /// The length in the header.
        length: usize,
    },
    /// A record of another version than the protocol's.
    #[error("a record has version {version}, which is not this protocol's")]
    OtherVersion {
        /// The version in the header.
        version: u8,
    },
}

/// The caller's payload does not fit in a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a record holds at most {PAYLOAD_BYTES_MAX} bytes, not {length}")]
pub struct PayloadTooLong {
    /// Length of the payload.
    pub length: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrives_in_any_pieces() {
        let mut sent = Vec::new();
        write(4, 99, b"skip me", &mut sent).unwrap();
        write(4, 0, b"key", &mut sent).unwrap();
        write(4, 1, b"", &mut sent).unwrap();
        sent.extend_from_slice(b"next protocol");
        for piece in 1..=sent.len() {
            let mut reader = RecordReader::new();
            let mut got = Vec::new();
            for bytes in sent.chunks(piece) {
                reader.push(bytes);
                while got.len() < 2 {
                    let Some(record) = reader.next(4, |kind| kind < 3).unwrap() else { break };
                    got.push((record.kind, record.payload.to_vec()));
                }
            }
            assert_eq!(got, [(0, b"key".to_vec()), (1, Vec::new())]);
            assert_eq!(reader.take_unread(), b"next protocol");
            assert!(reader.is_between_records());
        }
    }

    #[test]
    fn the_longest_payload_is_the_limit() {
        let mut out = Vec::new();
        assert_eq!(write(0, 0, &vec![0; 49_153], &mut out), Err(PayloadTooLong { length: 49_153 }));
        assert!(out.is_empty());
        write(0, 0, &vec![0; 49_152], &mut out).unwrap();
        assert_eq!(read(&out).unwrap().unwrap().1, 49_156);
        assert_eq!(read(&[0, 0, 0xc0, 0x01]), Err(Malformed::TooLong { length: 49_153 }));
        assert_eq!(read(&[0, 0, 0xc0, 0x00]), Ok(None));
    }

    #[test]
    fn another_version_is_an_error_whatever_its_type() {
        let mut reader = RecordReader::new();
        reader.push(&[5, 77, 0, 0]);
        assert_eq!(reader.next(4, |_| false), Err(Malformed::OtherVersion { version: 5 }));
    }
}

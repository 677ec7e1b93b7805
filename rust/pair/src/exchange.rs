//! Contact exchange 1 (BRAMBLE 3): under the master key each side tells the other who it is. One encrypted
//! stream each way, without tag, number 0.

use p2psync_bramble::record::{self, RecordReader};
use p2psync_bramble::stream::{StreamDecoder, StreamEncoder, StreamError, StreamStart, StreamWriter};
use p2psync_bramble::{Nonce, Role, SecretKey, derive_key};

use crate::agreement::ABORT_RECORD;
use crate::contact::CONTACT_EXCHANGE_VERSION;
use crate::{ContactInfo, Error, Misbehaviour};

/// Most bytes of the other side's stream. The longest record in full frames has 51 KB; twice that leaves
/// room for records of unknown types.
pub const EXCHANGE_BYTES_MAX: usize = 104 * 1024;

/// Our stream's randomness: fresh for each exchange.
#[derive(Clone, Debug)]
pub struct StreamSeed {
    /// Nonce of the stream header.
    pub header_nonce: Nonce,
    /// Key of the frames.
    pub frame_key: SecretKey,
}

impl StreamSeed {
    /// A seed from a source of randomness.
    pub fn random(random: &mut dyn rand_core::CryptoRngCore) -> Self {
        let mut header_nonce = Nonce::default();
        random.fill_bytes(&mut header_nonce);
        Self { header_nonce, frame_key: SecretKey::random(random) }
    }
}

/// One side of a contact exchange. It has no clock: its owner gives up for it.
#[derive(Debug)]
pub struct ContactExchange {
    role: Role,
    master_key: SecretKey,
    /// Our stream until it has ended.
    writer: Option<StreamWriter>,
    has_sent_info: bool,
    our_record: Vec<u8>,
    decoder: StreamDecoder,
    reader: RecordReader,
    received_bytes: usize,
    /// The first bytes that came, as many as an ABORT record has.
    head: Vec<u8>,
    theirs: Option<ContactInfo>,
}

/// What a finished contact exchange leaves.
#[derive(Debug)]
pub struct Exchanged {
    /// Who the other side is, its signature verified.
    pub theirs: ContactInfo,
    /// Bytes after the other side's stream: the next protocol's.
    pub unread: Vec<u8>,
}

impl ContactExchange {
    /// An exchange under a master key, in which nothing has been sent.
    pub fn new(role: Role, master_key: SecretKey, ours: &ContactInfo, seed: StreamSeed) -> Self {
        let encoder = StreamEncoder::new(StreamStart {
            tag: None,
            header_key: header_key(role, &master_key),
            stream_number: 0,
            header_nonce: seed.header_nonce,
            frame_key: seed.frame_key,
        });
        let mut our_record = Vec::new();
        record::write(CONTACT_EXCHANGE_VERSION, CONTACT_INFO, &ours.to_bytes(), &mut our_record)
            .expect("a contact info was measured when it was signed");
        let decoder = StreamDecoder::new(header_key(role.other(), &master_key), 0);
        Self {
            role,
            master_key,
            writer: Some(StreamWriter::new(encoder)),
            has_sent_info: false,
            our_record,
            decoder,
            reader: RecordReader::new(),
            received_bytes: 0,
            head: Vec::new(),
            theirs: None,
        }
    }

    /// Begins: Alice's contact info is appended to `out`.
    pub fn start(&mut self, out: &mut Vec<u8>) {
        if self.role == Role::Alice {
            self.send_info(out);
        }
    }

    /// Takes bytes of the other side; what must be sent is appended to `out`. `accept` judges their contact
    /// info, whose signature holds, before Bob sends his. `None`: more is to come.
    ///
    /// # Errors
    /// Any that ends the exchange: close. Nothing tells the other side.
    pub fn receive(
        &mut self,
        mut bytes: &[u8],
        accept: &dyn Fn(&ContactInfo) -> Result<(), Error>,
        out: &mut Vec<u8>,
    ) -> Result<Option<Exchanged>, Error> {
        self.head.extend(bytes.iter().take(ABORT_RECORD.len() - self.head.len()));
        let arrived_bytes = bytes.len();
        let mut plain = Vec::new();
        loop {
            let frame = self.decoder.next_frame(&mut bytes, &mut plain).map_err(stream_error)?;
            self.reader.push(&plain);
            plain.clear();
            self.read_records(accept, out)?;
            match frame {
                Some(frame) if frame.is_final => break,
                Some(_) => {}
                None => {
                    self.received_bytes = self.received_bytes.saturating_add(arrived_bytes);
                    let is_short = self.received_bytes <= EXCHANGE_BYTES_MAX;
                    return if is_short { Ok(None) } else { Err(Misbehaviour::TooLong.into()) };
                }
            }
        }
        let theirs = self.theirs.take().filter(|_| self.reader.is_between_records());
        let theirs = theirs.ok_or(Misbehaviour::EndsEarly)?;
        Ok(Some(Exchanged { theirs, unread: bytes.to_vec() }))
    }

    /// Why the exchange failed if the other side's bytes end here. Where a stream should begin, ABORT alone
    /// says that the other side gave up before it.
    pub fn end(&self) -> Error {
        if self.received_bytes == ABORT_RECORD.len() && self.head == ABORT_RECORD {
            Error::PeerAborted
        } else {
            Error::Cut
        }
    }

    /// Our role.
    pub const fn role(&self) -> Role {
        self.role
    }

    /// The secret that the exchange is under.
    pub const fn master_key(&self) -> &SecretKey {
        &self.master_key
    }

    /// Whether our stream has begun.
    pub const fn has_sent_info(&self) -> bool {
        self.has_sent_info
    }

    fn read_records(
        &mut self,
        accept: &dyn Fn(&ContactInfo) -> Result<(), Error>,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        while let Some(record) = self.reader.next(CONTACT_EXCHANGE_VERSION, |kind| kind == CONTACT_INFO)? {
            if self.theirs.is_some() {
                return Err(Misbehaviour::OutOfTurn { kind: CONTACT_INFO }.into());
            }
            let theirs = ContactInfo::parse(record.payload).map_err(Misbehaviour::Contact)?;
            theirs
                .verify(self.role.other(), &self.master_key)
                .map_err(|_| Error::from(Misbehaviour::BadSignature))?;
            accept(&theirs)?;
            self.theirs = Some(theirs);
            self.send_info(out);
            if let Some(writer) = self.writer.take() {
                writer.end(out);
            }
        }
        Ok(())
    }

    /// The record is flushed and the stream ended by a frame of its own, as in Bramble.
    fn send_info(&mut self, out: &mut Vec<u8>) {
        if let Some(writer) = &mut self.writer
            && !self.has_sent_info
        {
            writer.write(&self.our_record, out);
            writer.flush(out);
            self.has_sent_info = true;
        }
    }
}

/// Key of the stream header of the side in `role`.
pub fn header_key(role: Role, master_key: &SecretKey) -> SecretKey {
    let label = match role {
        Role::Alice => "org.briarproject.bramble.contact/ALICE_HEADER_KEY",
        Role::Bob => "org.briarproject.bramble.contact/BOB_HEADER_KEY",
    };
    derive_key(label, master_key, &[&[CONTACT_EXCHANGE_VERSION]])
}

const CONTACT_INFO: u8 = 0;

fn stream_error(error: StreamError) -> Error {
    match error {
        StreamError::Malformed(what) => Misbehaviour::Stream(what).into(),
        StreamError::Cut => Error::Cut,
    }
}

#[cfg(test)]
mod tests {
    use p2psync_bramble::{SigningKey, WallClock};

    use super::*;
    use crate::{Identity, TransportProperties};

    fn side(role: Role) -> (ContactExchange, Vec<u8>) {
        let (key, master_key) = (SigningKey::from_seed([role as u8; 32]), SecretKey::from_bytes([9; 32]));
        let identity = Identity::new("somebody", key.verifying_key()).unwrap();
        let (properties, time) = (TransportProperties::new(), WallClock(0));
        let info = ContactInfo::sign(identity, &key, properties, time, role, &master_key).unwrap();
        let seed = StreamSeed { header_nonce: [role as u8; 24], frame_key: SecretKey::from_bytes([1; 32]) };
        let mut exchange = ContactExchange::new(role, master_key, &info, seed);
        let mut out = Vec::new();
        exchange.start(&mut out);
        (exchange, out)
    }

    #[test]
    fn bob_writes_nothing_before_he_has_judged_alice() {
        let ((_, alices), (mut bob, mut out)) = (side(Role::Alice), side(Role::Bob));
        let refused = bob.receive(&alices, &|_| Err(Error::PeerSkipped), &mut out);
        assert_eq!(refused.unwrap_err(), Error::PeerSkipped);
        assert!(out.is_empty() && !bob.has_sent_info());

        let (mut bob, mut out) = side(Role::Bob);
        assert!(bob.receive(&alices, &|_| Ok(()), &mut out).unwrap().is_none());
        assert!(!out.is_empty() && bob.has_sent_info());
    }

    #[test]
    fn an_abort_in_place_of_a_stream_is_no_cut() {
        for (bytes, expected) in [
            (&ABORT_RECORD[..], Error::PeerAborted),
            (&[4, 2, 0], Error::Cut),
            (&[4, 2, 0, 0, 0], Error::Cut),
            (&[4, 2, 0, 1], Error::Cut),
        ] {
            let (mut alice, mut out) = side(Role::Alice);
            for byte in bytes {
                assert!(alice.receive(&[*byte], &|_| Ok(()), &mut out).unwrap().is_none());
            }
            assert_eq!(alice.end(), expected);
        }
    }
}

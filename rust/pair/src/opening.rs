//! The records before BQP in the two ways that are ours: a payload that travels over the connection instead
//! of by a second scan. They have BQP's version and types that Bramble devices skip.

use p2psync_bramble::Millis;
use p2psync_bramble::record::RecordReader;

use crate::agreement::{ABORT, CONFIRM, KEY, write_record};
use crate::terms::Trust;
use crate::{
    Code, DigitAttempts, Effect, Error, KeyAgreement, Misbehaviour, Offer, PAYLOAD_BYTES_MAX, Payload,
    ShownCode, VERSION, Verdict,
};

/// Waits for the other side's payload.
#[derive(Debug)]
pub(crate) struct Opening {
    reader: RecordReader,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Shower { shown: ShownCode, scanned: Option<Payload> },
    Digits { offer: Offer, skip_allowed: bool, attempts: DigitAttempts },
}

/// An opening that is over: the payloads are known.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) agreement: KeyAgreement,
    pub(crate) trust: Trust,
    /// Bytes after the opening record.
    pub(crate) unread: Vec<u8>,
}

impl Opening {
    /// A side that shows a code sends nothing before a scanner has proved that it saw the code.
    pub(crate) const fn shower(shown: ShownCode, scanned: Option<Payload>) -> Self {
        Self { reader: RecordReader::new(), kind: Kind::Shower { shown, scanned } }
    }

    /// Both sides send their payload at once; the commitments in them fix both keys before either is shown.
    pub(crate) fn digits(
        offer: Offer,
        skip_allowed: bool,
        attempts: DigitAttempts,
        out: &mut Vec<u8>,
    ) -> Result<Self, Error> {
        write_record(PAYLOAD_CLEAR, &readable(&offer)?, out);
        Ok(Self { reader: RecordReader::new(), kind: Kind::Digits { offer, skip_allowed, attempts } })
    }

    /// Takes bytes of the other side. `None`: more is to come.
    pub(crate) fn receive(
        &mut self,
        now: Millis,
        bytes: &[u8],
        effects: &mut Vec<Effect>,
    ) -> Result<Option<Opened>, Error> {
        self.reader.push(bytes);
        let is_known = |kind| matches!(kind, KEY | CONFIRM | ABORT | PAYLOAD | PAYLOAD_CLEAR);
        let Some(record) = self.reader.next(VERSION, is_known)? else { return Ok(None) };
        let (agreement, trust) = match (&self.kind, record.kind) {
            (_, ABORT) => return Err(Error::PeerAborted),
            (Kind::Shower { shown, scanned }, PAYLOAD) => {
                let theirs = receive_scanner(now, record.payload, shown, scanned.as_ref())?;
                effects.push(Effect::CodeUsed);
                let trust = Trust::Code { has_scanned: scanned.is_some() };
                let role = shown.offer().role_towards(&theirs);
                (KeyAgreement::new(shown.offer().clone(), &theirs, role), trust)
            }
            (Kind::Digits { offer, skip_allowed, attempts }, PAYLOAD_CLEAR) => {
                let theirs = Payload::parse(record.payload)?;
                refuse_reflected(&theirs, offer.payload())?;
                // Until our person has spoken the comparison counts as skipped.
                let trust = Trust::Digits { skip_allowed: *skip_allowed, verdict: Verdict::Skip };
                let role = offer.role_towards(&theirs);
                (KeyAgreement::new(offer.clone(), &theirs, role).counted_by(attempts.clone()), trust)
            }
            (_, kind) => return Err(Misbehaviour::OutOfTurn { kind }.into()),
        };
        Ok(Some(Opened { agreement, trust, unread: self.reader.take_unread() }))
    }
}

/// The scanner's record: its payload, and the proof over both payloads.
pub(crate) fn write_scanner(offer: &Offer, code: &Code, out: &mut Vec<u8>) -> Result<(), Error> {
    let mut payload = readable(offer)?;
    let proof = code.secret().scanner_mac(&payload, &code.payload().to_bytes());
    payload.extend_from_slice(&proof);
    write_record(PAYLOAD, &payload, out);
    Ok(())
}

/// Record types of the openings.
const PAYLOAD: u8 = 16;
const PAYLOAD_CLEAR: u8 = 17;

fn receive_scanner(
    now: Millis,
    record: &[u8],
    shown: &ShownCode,
    scanned: Option<&Payload>,
) -> Result<Payload, Error> {
    let too_short = Misbehaviour::Payload(crate::PayloadError::Malformed("no proof"));
    let (payload, proof) = record.split_last_chunk::<32>().ok_or(too_short)?;
    // What is not proved is not parsed, and does not spend the code.
    shown.use_once(now, payload, proof)?;
    let theirs = Payload::parse(payload)?;
    refuse_reflected(&theirs, shown.offer().payload())?;
    if scanned.is_some_and(|scanned| *scanned != theirs) {
        return Err(Misbehaviour::NotTheScannedPayload.into());
    }
    Ok(theirs)
}

/// Our payload, if the other side will read it.
fn readable(offer: &Offer) -> Result<Vec<u8>, Error> {
    let payload = offer.payload().to_bytes();
    if payload.len() <= PAYLOAD_BYTES_MAX { Ok(payload) } else { Err(Error::PayloadTooLong) }
}

fn refuse_reflected(theirs: &Payload, ours: &Payload) -> Result<(), Error> {
    if theirs.commitment == ours.commitment { Err(Misbehaviour::PayloadReflected.into()) } else { Ok(()) }
}

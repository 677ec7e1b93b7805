//! BQP 4 (BRAMBLE 2.3): two payloads that are known to both sides, four messages, one master key.

use p2psync_bramble::record::{self, RecordReader};
use p2psync_bramble::{AgreementPublicKey, Role, SecretKey, derive_key, mac, shared_one};
use subtle::ConstantTimeEq as _;

use crate::{Commitment, DigitAttempts, Error, Misbehaviour, Offer, Payload, VERSION};

/// What a person may want to see while keys are agreed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// As Alice: our key is on its way, the other side must answer.
    KeySent,
    /// The other side's key has come.
    KeyReceived,
}

/// One side of a key agreement. It has no clock: its owner gives up for it.
#[derive(Debug)]
pub struct KeyAgreement {
    offer: Offer,
    /// Both payloads as they are confirmed.
    payloads: Payloads,
    their_commitment: Commitment,
    role: Role,
    attempts: Option<DigitAttempts>,
    reader: RecordReader,
    state: State,
}

/// What a finished key agreement leaves.
#[derive(Debug)]
pub struct Agreed {
    /// Our role, kept in all that follows.
    pub role: Role,
    /// The secret of the two devices.
    pub master_key: SecretKey,
    /// Bytes after the other side's last record: the next protocol's.
    pub unread: Vec<u8>,
}

#[derive(Debug)]
struct Payloads {
    ours: Vec<u8>,
    theirs: Vec<u8>,
}

#[derive(Debug)]
enum State {
    AwaitKey,
    AwaitConfirm(Confirmation),
    Over,
}

/// Keys after both public keys are known.
#[derive(Debug)]
struct Confirmation {
    shared_secret: SecretKey,
    mac_key: SecretKey,
    their_key: AgreementPublicKey,
}

impl KeyAgreement {
    /// An agreement between our offer and their payload, in which nothing has been sent. The role is what
    /// [`Commitment::role_towards`] says.
    pub fn new(offer: Offer, theirs: &Payload, role: Role) -> Self {
        let payloads = Payloads { ours: offer.payload().to_bytes(), theirs: theirs.to_bytes() };
        Self {
            offer,
            payloads,
            their_commitment: theirs.commitment,
            role,
            attempts: None,
            reader: RecordReader::new(),
            state: State::AwaitKey,
        }
    }

    /// Lets our key go out only if an attempt is left at that moment.
    #[must_use]
    pub fn counted_by(mut self, attempts: DigitAttempts) -> Self {
        self.attempts = Some(attempts);
        self
    }

    /// Our role.
    pub const fn role(&self) -> Role {
        self.role
    }

    /// The payloads of Alice and Bob, in this order.
    pub fn payloads_by_role(&self) -> (&[u8], &[u8]) {
        match self.role {
            Role::Alice => (&self.payloads.ours, &self.payloads.theirs),
            Role::Bob => (&self.payloads.theirs, &self.payloads.ours),
        }
    }

    /// Begins: Alice's key is appended to `out`.
    ///
    /// # Errors
    /// [`Error::TooManyDigitAttempts`]; ABORT is appended.
    pub fn start(&mut self, out: &mut Vec<u8>, progress: &mut Vec<Progress>) -> Result<(), Error> {
        if self.role == Role::Alice {
            self.reveal_key(out).map_err(|error| self.abort(error, out))?;
            progress.push(Progress::KeySent);
        }
        Ok(())
    }

    /// Takes bytes of the other side; what must be sent is appended to `out`. `None`: more is to come.
    ///
    /// # Errors
    /// Any that ends the agreement. ABORT has then been appended: send `out`, then close.
    pub fn receive(
        &mut self,
        bytes: &[u8],
        out: &mut Vec<u8>,
        progress: &mut Vec<Progress>,
    ) -> Result<Option<Agreed>, Error> {
        self.reader.push(bytes);
        self.advance(out, progress).map_err(|error| self.abort(error, out))
    }

    /// The other side's bytes have ended, or nothing came for too long: appends ABORT and returns `error`.
    pub fn abort(&mut self, error: Error, out: &mut Vec<u8>) -> Error {
        self.state = State::Over;
        out.extend_from_slice(&ABORT_RECORD);
        error
    }

    fn advance(&mut self, out: &mut Vec<u8>, progress: &mut Vec<Progress>) -> Result<Option<Agreed>, Error> {
        while !matches!(self.state, State::Over) {
            let is_known = |kind| matches!(kind, KEY | CONFIRM | ABORT);
            let Some(record) = self.reader.next(VERSION, is_known)? else { return Ok(None) };
            let (kind, payload) = (record.kind, record.payload.to_vec());
            let state = core::mem::replace(&mut self.state, State::Over);
            match (state, kind) {
                (_, ABORT) => return Err(Error::PeerAborted),
                (State::AwaitKey, KEY) => {
                    progress.push(Progress::KeyReceived);
                    self.state = State::AwaitConfirm(self.receive_key(&payload, out)?);
                }
                (State::AwaitConfirm(confirmation), CONFIRM) => {
                    return self.receive_confirm(&confirmation, &payload, out).map(Some);
                }
                _ => return Err(Misbehaviour::OutOfTurn { kind }.into()),
            }
        }
        Ok(None)
    }

    /// Bob answers Alice's key with his own, and Alice his with her confirmation.
    fn receive_key(&self, payload: &[u8], out: &mut Vec<u8>) -> Result<Confirmation, Error> {
        let their_key = AgreementPublicKey::parse(payload).map_err(|_| Misbehaviour::WrongKey)?;
        let commitment = Commitment::to_key(&their_key);
        if !bool::from(commitment.as_bytes().ct_eq(self.their_commitment.as_bytes())) {
            return Err(Misbehaviour::WrongKey.into());
        }
        if self.role == Role::Bob {
            self.reveal_key(out)?;
        }
        let our_key = self.offer.private_key().public_key();
        let (alice, bob) = match self.role {
            Role::Alice => (&our_key, &their_key),
            Role::Bob => (&their_key, &our_key),
        };
        let inputs: [&[u8]; 3] = [&[VERSION], alice.as_bytes(), bob.as_bytes()];
        let shared_secret = shared_one(SHARED_SECRET, self.offer.private_key(), &their_key, &inputs)
            .map_err(|_| Misbehaviour::LowOrderPoint)?;
        let mac_key = derive_key(CONFIRMATION_KEY, &shared_secret, &[]);
        let confirmation = Confirmation { shared_secret, mac_key, their_key };
        if self.role == Role::Alice {
            write_record(CONFIRM, &self.our_confirm(&confirmation), out);
        }
        Ok(confirmation)
    }

    fn receive_confirm(
        &mut self,
        confirmation: &Confirmation,
        payload: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<Agreed, Error> {
        if !bool::from(self.their_confirm(confirmation).ct_eq(payload)) {
            return Err(Misbehaviour::WrongConfirmation.into());
        }
        if self.role == Role::Bob {
            write_record(CONFIRM, &self.our_confirm(confirmation), out);
        }
        let master_key = derive_key(MASTER_SECRET, &confirmation.shared_secret, &[]);
        Ok(Agreed { role: self.role, master_key, unread: self.reader.take_unread() })
    }

    fn reveal_key(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        if let Some(attempts) = &self.attempts {
            attempts.take()?;
        }
        write_record(KEY, self.offer.private_key().public_key().as_bytes(), out);
        Ok(())
    }

    /// What the sender of a confirmation knows first stands first.
    fn our_confirm(&self, keys: &Confirmation) -> [u8; 32] {
        let Payloads { ours, theirs } = &self.payloads;
        let our_key = self.offer.private_key().public_key();
        let inputs: [&[u8]; 4] = [ours, our_key.as_bytes(), theirs, keys.their_key.as_bytes()];
        mac(CONFIRMATION_MAC, &keys.mac_key, &inputs)
    }

    fn their_confirm(&self, keys: &Confirmation) -> [u8; 32] {
        let Payloads { ours, theirs } = &self.payloads;
        let our_key = self.offer.private_key().public_key();
        let inputs: [&[u8]; 4] = [theirs, keys.their_key.as_bytes(), ours, our_key.as_bytes()];
        mac(CONFIRMATION_MAC, &keys.mac_key, &inputs)
    }
}

/// What a side sends when it gives up.
pub(crate) const ABORT_RECORD: [u8; record::HEADER_BYTES] = [VERSION, ABORT, 0, 0];

/// Record types of BQP.
pub(crate) const KEY: u8 = 0;
pub(crate) const CONFIRM: u8 = 1;
pub(crate) const ABORT: u8 = 2;

pub(crate) fn write_record(kind: u8, payload: &[u8], out: &mut Vec<u8>) {
    record::write(VERSION, kind, payload, out)
        .expect("payloads, keys and MACs are far below a record's bound");
}

const SHARED_SECRET: &str = "org.briarproject.bramble.keyagreement/SHARED_SECRET";
const CONFIRMATION_KEY: &str = "org.briarproject.bramble.keyagreement/CONFIRMATION_KEY";
const CONFIRMATION_MAC: &str = "org.briarproject.bramble.keyagreement/CONFIRMATION_MAC";
const MASTER_SECRET: &str = "org.briarproject.bramble.keyagreement/MASTER_SECRET";

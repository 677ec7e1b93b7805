//! The whole of a pairing on one connection: payloads, key agreement, digits if there are any, contact
//! exchange. It composes the parts and watches the clock.

use p2psync_bramble::{Millis, Role, SecretKey, derive_key};

use crate::agreement::ABORT_RECORD;
use crate::opening::{Opened, Opening, write_scanner};
use crate::outbox::Outbox;
use crate::terms::Trust;
use crate::waits::Timer;
use crate::{
    Agreed, Authenticated, Awaited, ContactExchange, ContactInfo, Device, DigitAttempts, Digits,
    EXCHANGE_BYTES_MAX, Effect, Error, Exchanged, Input, KeyAgreement, Misbehaviour, Offer, Paired, Payload,
    StreamSeed, Verdict, Waits, Way,
};

/// The secret that links between the two devices are made from.
pub fn pair_secret(master_key: &SecretKey) -> SecretKey {
    derive_key("org.sahana.p2psync.pair/LINK_SECRET", master_key, &[])
}

/// One side of a pairing on one connection.
///
/// After each call of [`Self::handle`] send what [`Self::fill`] gives and note [`Self::deadline`]. After an
/// error too: send what `fill` gives, then close. The exceptions are errors that
/// [leave the pairing as it was](Error::leaves_pairing_as_it_was).
#[derive(Debug)]
pub struct Pairing {
    device: Device,
    seed: StreamSeed,
    waits: Waits,
    trust: Trust,
    attempts: Option<DigitAttempts>,
    timer: Timer,
    outbox: Outbox,
    state: State,
}

#[derive(Debug)]
enum State {
    Opening(Opening),
    Agreeing(KeyAgreement),
    Comparing { agreed: Agreed, early: Vec<u8> },
    Exchanging(Box<ContactExchange>),
    Complete,
    Failed(Error),
}

impl Pairing {
    /// Begins on a fresh connection. All randomness is drawn here.
    ///
    /// # Errors
    /// [`Error::OwnPayload`] if the scanned code is our own, [`Error::ContactTooLarge`] if the device's
    /// properties do not fit, [`Error::PayloadTooLong`] if it names too many addresses: then nothing has begun.
    pub fn start(
        device: Device,
        way: Way,
        waits: Waits,
        now: Millis,
        random: &mut dyn rand_core::CryptoRngCore,
        effects: &mut Vec<Effect>,
    ) -> Result<Self, Error> {
        // A trial with the longest word, so that the real one cannot fail half way.
        let trial_key = SecretKey::from_bytes([0; 32]);
        let trial = device.contact_info(Authenticated::Skipped, Role::Alice, &trial_key);
        trial.map_err(|_| Error::ContactTooLarge)?;
        let seed = StreamSeed::random(random);
        let mut out = Vec::new();
        let mut attempts = None;
        let (trust, state) = match way {
            Way::BothScanned { ours, theirs } => {
                (Trust::BothScanned, State::Agreeing(agreement(ours, &theirs)?))
            }
            Way::Scanner { ours, code } => {
                let agreement = agreement(ours.clone(), code.payload())?;
                write_scanner(&ours, &code, &mut out)?;
                (Trust::Scanned, State::Agreeing(agreement))
            }
            Way::Shower { shown, scanned } => {
                let trust = Trust::Code { has_scanned: scanned.is_some() };
                (trust, State::Opening(Opening::shower(shown, scanned)))
            }
            Way::Digits { descriptors, skip_allowed, attempts: counter } => {
                attempts = Some(counter.clone());
                let offer = Offer::random(descriptors, random);
                let opening = Opening::digits(offer, skip_allowed, counter, &mut out)?;
                (Trust::Digits { skip_allowed, verdict: Verdict::Skip }, State::Opening(opening))
            }
        };
        let timer = Timer::new(now, waits.overall_ms, Some(waits.silence_ms));
        let outbox = Outbox::new(out);
        let mut pairing = Self { device, seed, waits, trust, attempts, timer, outbox, state };
        pairing.start_agreement(effects)?;
        Ok(pairing)
    }

    /// Something happens. What must be done is appended to `effects`.
    ///
    /// # Errors
    /// Why the pairing has failed, now or before; see the type for what to do then.
    pub fn handle(&mut self, now: Millis, input: Input<'_>, effects: &mut Vec<Effect>) -> Result<(), Error> {
        match (&self.state, input) {
            (State::Failed(error), _) => return Err(error.clone()),
            (State::Complete, Input::Bytes(bytes)) if !bytes.is_empty() => return Err(Error::Complete),
            (State::Complete, Input::Verdict(_)) => return Err(Error::NoDigitsShown),
            (State::Complete, _) => return Ok(()),
            _ => {}
        }
        let result = if now >= self.timer.deadline() {
            Err(self.lateness())
        } else {
            match input {
                Input::Bytes(bytes) => self.receive(now, bytes, effects),
                Input::End => Err(self.end()),
                Input::Tick => Ok(()),
                Input::Verdict(verdict) => self.hear_verdict(now, verdict, effects),
            }
        };
        result.map_err(|error| self.fail(error))
    }

    /// Appends at most `room` of the bytes that must be sent to `out`.
    pub fn fill(&mut self, _now: Millis, room: usize, out: &mut Vec<u8>) {
        self.outbox.fill(room, out);
    }

    /// When [`Self::handle`] must be called at the latest, if nothing happens before.
    pub fn deadline(&self) -> Option<Millis> {
        match self.state {
            State::Complete | State::Failed(_) => None,
            _ => Some(self.timer.deadline()),
        }
    }

    fn receive(&mut self, now: Millis, bytes: &[u8], effects: &mut Vec<Effect>) -> Result<(), Error> {
        if bytes.is_empty() {
            return Ok(());
        }
        if !matches!(self.state, State::Comparing { .. }) {
            self.timer.heard(now, self.waits.silence_ms);
        }
        match &mut self.state {
            State::Opening(opening) => {
                let Some(opened) = opening.receive(now, bytes, effects)? else { return Ok(()) };
                self.open(now, opened, effects)
            }
            State::Agreeing(agreement) => {
                let mut progress = Vec::new();
                let received = agreement.receive(bytes, self.outbox.end(), &mut progress);
                effects.extend(progress.into_iter().map(Effect::Progress));
                match received {
                    Ok(Some(agreed)) => self.agree(now, agreed, effects),
                    Ok(None) => Ok(()),
                    // The agreement has written its ABORT itself.
                    Err(error) => {
                        self.state = State::Failed(error.clone());
                        Err(error)
                    }
                }
            }
            State::Comparing { early, .. } => {
                if early.len().saturating_add(bytes.len()) > EXCHANGE_BYTES_MAX {
                    return Err(Misbehaviour::TooLong.into());
                }
                early.extend_from_slice(bytes);
                Ok(())
            }
            State::Exchanging(exchange) => {
                let accept = accept(self.trust, &self.device);
                match exchange.receive(bytes, &accept, self.outbox.end())? {
                    Some(exchanged) => self.complete(exchanged, effects),
                    None => Ok(()),
                }
            }
            State::Complete | State::Failed(_) => Ok(()),
        }
    }

    fn open(&mut self, now: Millis, opened: Opened, effects: &mut Vec<Effect>) -> Result<(), Error> {
        let Opened { agreement, trust, unread } = opened;
        self.trust = trust;
        self.state = State::Agreeing(agreement);
        self.start_agreement(effects)?;
        self.receive(now, &unread, effects)
    }

    fn start_agreement(&mut self, effects: &mut Vec<Effect>) -> Result<(), Error> {
        let State::Agreeing(agreement) = &mut self.state else { return Ok(()) };
        let mut progress = Vec::new();
        let started = agreement.start(self.outbox.end(), &mut progress);
        effects.extend(progress.into_iter().map(Effect::Progress));
        started.inspect_err(|error| self.state = State::Failed(error.clone()))
    }

    fn agree(&mut self, now: Millis, mut agreed: Agreed, effects: &mut Vec<Effect>) -> Result<(), Error> {
        let early = core::mem::take(&mut agreed.unread);
        let (Trust::Digits { .. }, State::Agreeing(agreement)) = (self.trust, &self.state) else {
            let timer = Timer::new(now, self.waits.overall_ms, Some(self.waits.silence_ms));
            return self.exchange(now, timer, &agreed, &early, effects);
        };
        let (alice, bob) = agreement.payloads_by_role();
        effects.push(Effect::CompareDigits(Digits::new(&agreed.master_key, alice, bob)));
        self.timer = Timer::new(now, self.waits.person_ms, None);
        self.state = State::Comparing { agreed, early };
        Ok(())
    }

    fn hear_verdict(&mut self, now: Millis, spoken: Verdict, effects: &mut Vec<Effect>) -> Result<(), Error> {
        let (State::Comparing { .. }, Trust::Digits { skip_allowed, verdict }) =
            (&self.state, &mut self.trust)
        else {
            return Err(Error::NoDigitsShown);
        };
        match spoken {
            Verdict::Reject => return Err(Error::DigitsRejected),
            Verdict::Skip if !*skip_allowed => return Err(Error::SkipForbidden),
            Verdict::Match | Verdict::Skip => *verdict = spoken,
        }
        if let Some(attempts) = &self.attempts {
            attempts.give_back();
        }
        let State::Comparing { agreed, early } = core::mem::replace(&mut self.state, State::Complete) else {
            return Err(Error::NoDigitsShown);
        };
        // The other person may take as long as ours might have.
        let timer = Timer::new(now, self.waits.person_ms.saturating_add(self.waits.overall_ms), None);
        self.exchange(now, timer, &agreed, &early, effects)
    }

    fn exchange(
        &mut self,
        now: Millis,
        timer: Timer,
        agreed: &Agreed,
        early: &[u8],
        effects: &mut Vec<Effect>,
    ) -> Result<(), Error> {
        let Agreed { role, master_key, .. } = agreed;
        let info = self
            .device
            .contact_info(self.trust.authenticated(), *role, master_key)
            .map_err(|_| Error::ContactTooLarge)?;
        let mut exchange = ContactExchange::new(*role, master_key.clone(), &info, self.seed.clone());
        exchange.start(self.outbox.end());
        self.timer = timer;
        self.state = State::Exchanging(Box::new(exchange));
        self.receive(now, early, effects)
    }

    fn complete(&mut self, exchanged: Exchanged, effects: &mut Vec<Effect>) -> Result<(), Error> {
        let Exchanged { theirs, unread } = exchanged;
        let judged = self.trust.judge(&theirs, self.device.identity().key(), self.device.timestamp())?;
        let State::Exchanging(exchange) = core::mem::replace(&mut self.state, State::Complete) else {
            return Ok(());
        };
        effects.push(Effect::Paired(Box::new(Paired {
            role: exchange.role(),
            master_key: exchange.master_key().clone(),
            authentication: judged.authentication,
            identity: theirs.identity().clone(),
            properties: theirs.properties().clone(),
            extension: judged.extension,
            root_timestamp: judged.root_timestamp,
            unread,
        })));
        Ok(())
    }

    /// Why a pairing failed whose bytes end here.
    fn end(&self) -> Error {
        match &self.state {
            State::Comparing { early, .. } if *early == ABORT_RECORD => Error::PeerAborted,
            State::Exchanging(exchange) => exchange.end(),
            _ => Error::Cut,
        }
    }

    /// Why a pairing failed whose deadline has come.
    const fn lateness(&self) -> Error {
        let awaited = match &self.state {
            State::Opening(_) => Awaited::Payload,
            State::Agreeing(_) => Awaited::KeyAgreement,
            State::Comparing { .. } => return Error::PersonSilent,
            _ if self.timer.allows_silence() => Awaited::TheirPerson,
            _ => Awaited::ContactInfo,
        };
        Error::Silent { awaited }
    }

    /// Up to our contact info the other side is told by ABORT. Bramble has no word for it once keys are
    /// agreed, so with both codes scanned nothing is sent then.
    fn fail(&mut self, error: Error) -> Error {
        if error.leaves_pairing_as_it_was() {
            return error;
        }
        match &self.state {
            State::Exchanging(exchange) if exchange.has_sent_info() => self.outbox.clear(),
            State::Exchanging(_) if matches!(self.trust, Trust::BothScanned) => {}
            State::Opening(_) | State::Agreeing(_) | State::Comparing { .. } | State::Exchanging(_) => {
                self.outbox.end().extend_from_slice(&ABORT_RECORD);
            }
            State::Complete | State::Failed(_) => {}
        }
        self.state = State::Failed(error.clone());
        error
    }
}

fn agreement(ours: Offer, theirs: &Payload) -> Result<KeyAgreement, Error> {
    if ours.payload().commitment == theirs.commitment {
        return Err(Error::OwnPayload);
    }
    let role = ours.role_towards(theirs);
    Ok(KeyAgreement::new(ours, theirs, role))
}

fn accept(trust: Trust, device: &Device) -> impl Fn(&ContactInfo) -> Result<(), Error> + use<> {
    let (our_key, our_timestamp) = (*device.identity().key(), device.timestamp());
    move |theirs| trust.judge(theirs, &our_key, our_timestamp).map(drop)
}

//! The code on our screen, and the code that our person has scanned.

use core::net::SocketAddr;

use p2psync_bramble::{Millis, WallClock};
use p2psync_pair::{
    CODE_LIFETIME_MS, Code, Descriptor, Offer, QrPicture, Scanned, ShownCode, Transport as Named,
};

use crate::Error;
use crate::meeting::Meeting;
use crate::meeting::advert::Tag;
use crate::meeting::dialling::Purpose;
use crate::meeting::event::{AppEvent, PairingState, PairingStep, SightingId, Target};
use crate::meeting::surroundings::Sighting;
use crate::meeting::transport::Transport;
use crate::meeting::turn::Turn;

/// How long the device is looked for whose code was scanned.
const SCAN_MS_MAX: u64 = 60_000;

/// The pause between two attempts to reach it.
const SCAN_PAUSE_MS: u64 = 1_000;

/// Most addresses in a code, so that old cameras can read it.
const ADDRESSES_MAX: usize = 3;

/// A code for a screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownPairingCode {
    /// What is read out or typed, and what the picture holds.
    pub text: String,
    /// The picture.
    pub svg: String,
    /// Until when it is good, by this device's clock.
    pub expires: WallClock,
}

/// The code on our screen.
#[derive(Debug)]
pub(super) struct Showing {
    pub(super) shown: ShownCode,
    /// Also ours if we scan meanwhile: so both pairings of two who scan each other are one.
    offer: Offer,
    pub(super) tag: Tag,
    pub(super) remember: bool,
}

/// A code that was scanned.
#[derive(Debug)]
pub(super) struct Scan {
    pub(super) code: Code,
    pub(super) offer: Offer,
    tag: Tag,
    pub(super) remember: bool,
    pub(super) until: Millis,
    not_before: Millis,
    attempts: usize,
    /// Whether a connection is being paired over.
    pub(super) is_pairing: bool,
}

impl Showing {
    pub(super) fn expires(&self) -> Millis {
        self.shown.expires()
    }
}

impl Meeting {
    /// Puts a fresh code on the screen.
    pub(super) fn show_code(
        &mut self,
        turn: &mut Turn<'_>,
        addresses: &[SocketAddr],
        remember: bool,
    ) -> Result<ShownPairingCode, Error> {
        let descriptors = descriptors(addresses);
        let offer = match &self.scan {
            Some(scan) => scan.offer.clone(),
            None => Offer::random(descriptors, turn.random),
        };
        let now = turn.now;
        let shown = ShownCode::new(offer.clone(), now.millis, now.wall, turn.random)
            .map_err(|_| Error::Pair(p2psync_pair::Error::PayloadTooLong))?;
        let code = shown.code();
        let tag = Tag::of_code(&code.secret().visible_nonce());
        let picture = QrPicture::of_code(code);
        let result = ShownPairingCode {
            text: code.to_text(),
            svg: picture.to_svg(),
            expires: WallClock(now.wall.0.saturating_add(CODE_LIFETIME_MS)),
        };
        self.showing = Some(Showing { shown, offer, tag, remember });
        self.watch.wake();
        turn.tell(pairing(PairingStep::WaitingForScan));
        Ok(result)
    }

    /// Looks for the device that shows `text`. With `insist`, also if the code seems to have expired: the clock may
    /// be wrong.
    pub(super) fn scan_code(
        &mut self,
        turn: &mut Turn<'_>,
        text: &str,
        remember: bool,
        insist: bool,
    ) -> Result<(), Error> {
        let code = match Scanned::parse(text)? {
            Scanned::Ours(code) => code,
            Scanned::Bramble(_) => return Err(Error::BrambleCode),
        };
        let own: Vec<_> = self.showing.iter().map(|showing| showing.offer.payload().commitment).collect();
        match code.check(turn.now.wall, &own) {
            Err(p2psync_pair::CodeError::Expired) if insist => {}
            judged => judged?,
        }
        if self.scan.as_ref().is_some_and(|scan| scan.is_pairing) {
            return Err(Error::PairingGoesOn);
        }
        let offer = match &self.showing {
            Some(showing) => showing.offer.clone(),
            None => Offer::random(Vec::new(), turn.random),
        };
        let tag = Tag::of_code(&code.secret().visible_nonce());
        let (until, not_before) = (turn.now.millis.plus(SCAN_MS_MAX), turn.now.millis);
        let scan = Scan { code, offer, tag, remember, until, not_before, attempts: 0, is_pairing: false };
        self.scan = Some(scan);
        self.watch.wake();
        turn.tell(pairing(PairingStep::WaitingForPeer));
        Ok(())
    }

    /// Takes the code off the screen.
    pub(super) fn hide_code(&mut self, turn: &mut Turn<'_>) {
        if self.showing.take().is_some() {
            turn.tell(pairing(PairingStep::Cancelled));
        }
    }

    /// Dials the device whose code was scanned, one way after the other.
    pub(super) fn plan_scan(&mut self, turn: &mut Turn<'_>) {
        let now = turn.now.millis;
        let Some(scan) = self.scan.as_ref() else { return };
        if scan.is_pairing || self.dials.has(Purpose::Scan) {
            return;
        }
        if now < scan.not_before {
            self.wake_at(scan.not_before);
            return;
        }
        let targets = self.scan_targets(scan);
        let Some((target, transport)) = targets.get(scan.attempts % targets.len().max(1)).copied() else {
            return;
        };
        let is_dialled = self.dial(turn, Purpose::Scan, target, transport);
        if let Some(scan) = &mut self.scan {
            scan.attempts += usize::from(is_dialled);
            scan.not_before = now.plus(SCAN_PAUSE_MS);
            let not_before = scan.not_before;
            self.wake_at(not_before);
        }
    }

    fn scan_targets(&self, scan: &Scan) -> Vec<(Target, Transport)> {
        let lan = self.watch.transports.contains(&Transport::Lan);
        let named = scan.code.payload().descriptors.iter().filter(|_| lan);
        let addresses = named
            .filter(|descriptor| descriptor.transport() == Named::Lan)
            .filter_map(|descriptor| Some((Target::Address(descriptor.lan_address().ok()?), Transport::Lan)));
        let mut sighted: Vec<(SightingId, &Sighting)> =
            self.surroundings.iter().filter(|(_, sighting)| sighting.shows(scan.tag)).collect();
        sighted.sort_by_key(|(id, sighting)| (core::cmp::Reverse(sighting.rank()), *id));
        let sighted = sighted.into_iter().map(|(id, sighting)| (Target::Sighting(id), sighting.transport));
        sighted.chain(addresses).collect()
    }

    /// A way to the device whose code was scanned did not work; others may.
    pub(super) fn scan_failed_once(&mut self, now: Millis) {
        if let Some(scan) = &mut self.scan {
            scan.is_pairing = false;
            scan.not_before = now.plus(SCAN_PAUSE_MS);
        }
    }

    /// Codes have their time.
    pub(super) fn end_late_codes(&mut self, turn: &mut Turn<'_>) {
        let now = turn.now.millis;
        if self.showing.take_if(|showing| now >= showing.expires()).is_some() {
            turn.tell(pairing(PairingStep::Failed(p2psync_pair::Error::CodeExpired.into())));
        }
        if self.scan.take_if(|scan| now >= scan.until && !scan.is_pairing).is_some() {
            self.cancel_dials(turn, Purpose::Scan);
            turn.tell(pairing(PairingStep::Failed(Error::NobodyCame)));
        }
    }
}

/// A step of a pairing with nobody in particular.
pub(super) fn pairing(step: PairingStep) -> AppEvent {
    AppEvent::Pairing(PairingState { with: None, name: None, step })
}

fn descriptors(addresses: &[SocketAddr]) -> Vec<Descriptor> {
    let bluetooth = Descriptor::bluetooth(None);
    addresses.iter().take(ADDRESSES_MAX).map(|address| Descriptor::lan(*address)).chain([bluetooth]).collect()
}

//! Who is within reach of whom, and what they see of each other.

use core::net::SocketAddr;
use std::collections::BTreeSet;

use p2psync_engine::{Advert, Event, SightingId, Transport};

use super::World;

/// Pairs of devices that see each other, by transport, and those of them that see each other and no more.
#[derive(Default)]
pub struct Air {
    seen: BTreeSet<(usize, usize, Transport)>,
    kept_apart: BTreeSet<(usize, usize, Transport)>,
}

impl Air {
    pub fn join(&mut self, one: usize, other: usize, transports: &[Transport]) {
        for transport in transports {
            self.seen.insert((one.min(other), one.max(other), *transport));
        }
    }

    pub fn part(&mut self, one: usize, other: usize, transports: &[Transport]) {
        for transport in transports {
            self.seen.remove(&(one.min(other), one.max(other), *transport));
        }
    }

    /// They see each other, but no connection comes about, as between guests of some access points.
    pub fn keep_apart(&mut self, one: usize, other: usize, transport: Transport) {
        self.kept_apart.insert((one.min(other), one.max(other), transport));
    }

    pub fn connects(&self, one: usize, other: usize, transport: Transport) -> bool {
        let pair = (one.min(other), one.max(other), transport);
        self.hears(one, other, transport) && !self.kept_apart.contains(&pair)
    }

    pub fn hears(&self, one: usize, other: usize, transport: Transport) -> bool {
        one != other && self.seen.contains(&(one.min(other), one.max(other), transport))
    }

    /// Where a device listens in the local network. The port tells which one it is.
    pub fn address(number: usize) -> SocketAddr {
        let port = u16::try_from(number + 1).unwrap();
        SocketAddr::from(([10, 0, 0, 1], port))
    }

    /// The number by which every host names a device on a transport.
    pub fn pack(number: usize, transport: Transport) -> u64 {
        let place = Transport::ALL.iter().position(|one| *one == transport).unwrap();
        (number * Transport::ALL.len() + place) as u64
    }

    pub fn unpack(sighting: u64) -> (usize, Transport) {
        let sighting = usize::try_from(sighting).unwrap();
        (sighting / Transport::ALL.len(), Transport::ALL[sighting % Transport::ALL.len()])
    }
}

impl World {
    /// Two devices come within reach of each other.
    pub fn meet(&mut self, one: usize, other: usize, transports: &[Transport]) {
        self.air.join(one, other, transports);
        self.plan(100, super::Happening::Look);
    }

    /// Two devices go out of reach, and what was open between them is cut.
    pub fn leave(&mut self, one: usize, other: usize) {
        self.air.part(one, other, &Transport::ALL);
        self.cut(one, other);
        self.plan(100, super::Happening::Look);
    }

    /// Everybody sees what has changed around.
    pub(super) fn look(&mut self) {
        for watcher in 0..self.devices.len() {
            let seen = self.visible_to(watcher);
            let before = core::mem::replace(&mut self.devices[watcher].sighted, seen.clone());
            let sightings = |set: &BTreeSet<(u64, Advert)>| -> BTreeSet<u64> {
                set.iter().map(|(sighting, _)| *sighting).collect()
            };
            for gone in sightings(&before).difference(&sightings(&seen)) {
                self.host_tells(watcher, Event::Lost(SightingId(*gone)));
            }
            for (sighting, advert) in seen.difference(&before) {
                let (_, transport) = Air::unpack(*sighting);
                let (sighting, advert) = (SightingId(*sighting), Some(*advert));
                let event = Event::Sighted { sighting, transport, advert, expected: None };
                self.host_tells(watcher, event);
            }
        }
    }

    fn visible_to(&self, watcher: usize) -> BTreeSet<(u64, Advert)> {
        let radios = &self.devices[watcher].radios;
        let mut seen = BTreeSet::new();
        if self.devices[watcher].engine.is_none() || !radios.scan {
            return seen;
        }
        for (number, shown) in self.devices.iter().enumerate() {
            for transport in radios.transports.intersection(&shown.radios.transports) {
                if shown.engine.is_some() && self.air.hears(watcher, number, *transport) {
                    let sighting = Air::pack(number, *transport);
                    seen.extend(shown.radios.adverts.iter().map(|advert| (sighting, *advert)));
                }
            }
        }
        seen
    }
}

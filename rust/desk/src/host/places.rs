//! What can be dialled here: services that were seen, addresses that were named, and whom we met where.
//!
//! In memory alone. A file of addresses would say whom this machine has met.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use p2psync_engine::SightingId;
use p2psync_model::PeerId;

/// Everything that can be dialled.
#[derive(Debug, Default)]
pub struct Places {
    by_id: BTreeMap<SightingId, Place>,
    /// Whom we met where.
    met: BTreeMap<SocketAddr, PeerId>,
    next: u64,
}

/// Something that can be dialled.
#[derive(Debug, Default)]
struct Place {
    addresses: Vec<SocketAddr>,
    /// The names under which it announces itself.
    instances: BTreeSet<String>,
    /// Whether it was named, and so does not go away.
    is_fixed: bool,
    /// Who is there, as our person says.
    named: Option<PeerId>,
}

impl Places {
    /// A service was seen. The same device under another name is the same place.
    pub fn seen(&mut self, instance: &str, addresses: &[SocketAddr]) -> SightingId {
        let id = self.place_of(|place| {
            place.instances.contains(instance)
                || place.addresses.iter().any(|known| addresses.contains(known))
        });
        let place = self.by_id.entry(id).or_default();
        if place.instances.len() >= INSTANCES_MAX {
            place.instances.pop_first();
        }
        place.instances.insert(instance.to_owned());
        if !addresses.is_empty() {
            place.addresses = addresses.iter().take(ADDRESSES_MAX).copied().collect();
        }
        self.make_room();
        id
    }

    /// A service has gone. The place that has gone with it, if it has.
    pub fn gone(&mut self, instance: &str) -> Option<SightingId> {
        let (id, place) = self.by_id.iter_mut().find(|(_, place)| place.instances.contains(instance))?;
        place.instances.remove(instance);
        let id = *id;
        let is_gone = place.instances.is_empty() && !place.is_fixed;
        is_gone.then(|| self.by_id.remove(&id)).flatten().map(|_| id)
    }

    /// An address that may always be dialled, and who is there if that was said.
    pub fn fix(&mut self, address: SocketAddr, peer: Option<PeerId>) -> SightingId {
        let id = self.place_of(|place| place.addresses.contains(&address));
        let place = self.by_id.entry(id).or_default();
        place.is_fixed = true;
        place.named = peer.or(place.named);
        if !place.addresses.contains(&address) {
            place.addresses.push(address);
        }
        id
    }

    /// The addresses that may always be dialled.
    pub fn fixed(&self) -> Vec<SightingId> {
        self.by_id.iter().filter(|(_, place)| place.is_fixed).map(|(id, _)| *id).collect()
    }

    /// Everything else is forgotten: nobody looks any more.
    pub fn forget_seen(&mut self) {
        self.by_id.retain(|_, place| place.is_fixed);
        for place in self.by_id.values_mut() {
            place.instances.clear();
        }
    }

    /// Where a place takes connections, the likeliest first.
    pub fn addresses(&self, id: SightingId) -> &[SocketAddr] {
        self.by_id.get(&id).map_or(&[], |place| &place.addresses)
    }

    /// Who is at a place, as far as anybody knows.
    pub fn expected(&self, id: SightingId) -> Option<PeerId> {
        let named = self.by_id.get(&id).and_then(|place| place.named);
        named.or_else(|| self.addresses(id).iter().find_map(|address| self.met.get(address)).copied())
    }

    /// Somebody was met at that address.
    pub fn meet(&mut self, address: SocketAddr, peer: PeerId) {
        self.met.insert(address, peer);
    }

    /// Whoever is at that address is not who was met there.
    pub fn forget(&mut self, address: SocketAddr) {
        self.met.remove(&address);
    }

    /// Whoever fills the network with services pushes out only services.
    fn make_room(&mut self) {
        if self.by_id.len() > PLACES_MAX {
            let oldest = self.by_id.iter().find(|(_, place)| !place.is_fixed).map(|(id, _)| *id);
            if let Some(oldest) = oldest {
                self.by_id.remove(&oldest);
            }
        }
    }

    fn place_of(&mut self, is_it: impl Fn(&Place) -> bool) -> SightingId {
        if let Some((id, _)) = self.by_id.iter().find(|(_, place)| is_it(place)) {
            return *id;
        }
        self.next += 1;
        SightingId(self.next)
    }
}

/// Most places, named ones apart.
const PLACES_MAX: usize = 512;

/// Most addresses of one place: a device has a few for each network that it is in.
const ADDRESSES_MAX: usize = 16;

/// Most names of one place: it has one, and for a moment two.
const INSTANCES_MAX: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn address(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    #[test]
    fn a_device_that_changes_its_name_is_the_same_place() {
        let mut places = Places::default();
        let id = places.seen("old", &[address(1)]);
        assert_eq!(places.seen("new", &[address(1)]), id);
        assert_ne!(places.seen("other", &[address(2)]), id);
        assert_eq!(places.gone("old"), None, "it is there under its new name");
        assert_eq!(places.gone("new"), Some(id));
        assert_eq!(places.gone("new"), None);
        assert_eq!(places.addresses(id), []);
    }

    #[test]
    fn a_flood_of_services_pushes_out_no_named_address() {
        let mut places = Places::default();
        let fixed = places.fix(address(1), None);
        for number in 2..=2_000 {
            places.seen(&format!("name {number}"), &[address(number)]);
            places.seen(&format!("name {}", number % 7), &[address(1)]);
        }
        assert!(places.by_id.len() <= PLACES_MAX + 1);
        assert_eq!(places.addresses(fixed), [address(1)]);
        assert!(places.by_id.values().all(|place| place.instances.len() <= INSTANCES_MAX));
    }

    #[test]
    fn named_addresses_stay_and_know_whom_we_met_there() {
        let mut places = Places::default();
        let id = places.fix(address(1), None);
        assert_eq!((places.fix(address(1), None), places.expected(id)), (id, None));
        let peer = PeerId::from_bytes([1; 32]);
        places.meet(address(1), peer);
        assert_eq!(places.seen("name", &[address(1)]), id);
        assert_eq!(places.gone("name"), None);
        assert_eq!((places.expected(id), places.fixed()), (Some(peer), vec![id]));
        places.forget(address(1));
        places.seen("passing", &[address(2)]);
        places.forget_seen();
        let named = places.fix(address(3), Some(peer));
        places.forget(address(3));
        assert_eq!(places.expected(named), Some(peer), "our person says so");
        assert_eq!((places.expected(id), places.by_id.len()), (None, 2));
    }
}

//! Whether sync is active, until when devices are looked for, and what the radios do about it.
//!
//! Active by itself while devices are looked for, while a code is on the screen or another one was scanned, and
//! while a connection is open; inactive by itself otherwise. What is inactive asks for no time and does nothing.

use std::collections::{BTreeMap, BTreeSet};

use p2psync_bramble::Millis;

use crate::meeting::advert::Tag;
use crate::meeting::transport::{Transport, TransportState};

/// Longest time of looking for devices, in seconds: a day.
pub const DISCOVERY_SECONDS_MAX: u32 = 86_400;

/// How devices are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiscoveryOptions {
    /// Whether anybody near may see this device and begin to pair with it. Peers see it anyway.
    pub is_discoverable: bool,
    /// On these transports alone.
    pub transports: BTreeSet<Transport>,
    /// For how long, at most [`DISCOVERY_SECONDS_MAX`].
    pub seconds: u32,
    /// Go on being there for peers afterwards, until deactivation.
    pub keep_syncing: bool,
}

impl Default for DiscoveryOptions {
    fn default() -> Self {
        Self { is_discoverable: true, transports: Transport::ALL.into(), seconds: 120, keep_syncing: false }
    }
}

/// What a status line says of sync.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Activity {
    /// Whether sync is active.
    pub is_active: bool,
    /// Whether devices are looked for.
    pub is_discovering: bool,
    /// What the host has said of each transport.
    pub transports: BTreeMap<Transport, TransportState>,
    /// Peers with an open link.
    pub connected_peers: usize,
}

/// What was wished for, and until when.
#[derive(Debug, Default)]
pub(super) struct Watch {
    pub(super) is_active: bool,
    /// Until when devices are looked for.
    pub(super) discovery_ends: Option<Millis>,
    /// What is shown to anybody meanwhile.
    pub(super) open_tag: Option<Tag>,
    pub(super) keeps_syncing: bool,
    /// Where; empty while inactive.
    pub(super) transports: BTreeSet<Transport>,
    /// What the host has said. Stays when sync is inactive.
    pub(super) states: BTreeMap<Transport, TransportState>,
}

impl Watch {
    /// Looks for devices from now on, as `options` say; a new wish takes the place of an older one.
    pub(super) fn discover(&mut self, now: Millis, options: &DiscoveryOptions, open_tag: Tag) {
        let seconds = options.seconds.min(DISCOVERY_SECONDS_MAX);
        self.is_active = true;
        self.discovery_ends = Some(now.plus(u64::from(seconds) * 1_000));
        self.open_tag = options.is_discoverable.then_some(open_tag);
        self.keeps_syncing = options.keep_syncing;
        self.transports.clone_from(&options.transports);
    }

    /// Active for the sake of a code, on all transports if it was not active before.
    pub(super) fn wake(&mut self) {
        if !self.is_active {
            self.is_active = true;
            self.transports = Transport::ALL.into();
        }
    }

    /// Ends the looking, once its time is over or at once.
    pub(super) fn end_discovery(&mut self, now: Option<Millis>) {
        let is_over = now.is_none_or(|now| self.discovery_ends.is_some_and(|end| now >= end));
        if is_over {
            self.discovery_ends = None;
            self.open_tag = None;
        }
    }

    /// Back to rest.
    pub(super) fn rest(&mut self) {
        *self = Self { states: core::mem::take(&mut self.states), ..Self::default() };
    }

    pub(super) const fn is_discovering(&self) -> bool {
        self.discovery_ends.is_some()
    }

    /// Whether peers may find this device.
    pub(super) const fn is_there_for_peers(&self) -> bool {
        self.is_discovering() || self.keeps_syncing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looking_ends_in_time_and_what_the_host_said_stays() {
        let mut watch = Watch::default();
        watch.states.insert(Transport::Lan, TransportState::On);
        let options = DiscoveryOptions { seconds: 10, ..DiscoveryOptions::default() };
        watch.discover(Millis(500), &options, Tag::from_bytes([1; 8]));
        watch.end_discovery(Some(Millis(10_499)));
        assert!(watch.is_discovering() && watch.open_tag.is_some());
        watch.end_discovery(Some(Millis(10_500)));
        assert!(!watch.is_discovering() && watch.open_tag.is_none() && watch.is_active);
        watch.rest();
        assert!(!watch.is_active && watch.transports.is_empty() && watch.states.len() == 1);
    }

    #[test]
    fn no_wish_lasts_longer_than_a_day() {
        let mut watch = Watch::default();
        let options = DiscoveryOptions { seconds: u32::MAX, ..DiscoveryOptions::default() };
        watch.discover(Millis(0), &options, Tag::from_bytes([1; 8]));
        assert_eq!(watch.discovery_ends, Some(Millis(86_400_000)));
    }
}

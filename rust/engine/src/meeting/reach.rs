//! How it went lately with each peer, and so when to dial it again. In memory, while sync is active.

use std::collections::BTreeMap;

use p2psync_bramble::Millis;
use p2psync_model::PeerId;
use rand_core::CryptoRngCore;

/// The first pause after a failure; each further one is twice as long.
const PAUSE_MS_MIN: u64 = 1_000;

/// The longest pause.
const PAUSE_MS_MAX: u64 = 5 * 60 * 1000;

/// The pause after the other side has ended a link on purpose.
const PAUSE_AFTER_END_MS: u64 = 60_000;

/// Links that open count as failures no more often than this, so that pauses after a cut stay below half a minute.
const CUTS_MAX: u32 = 4;

/// A link that held for this long was a good one.
const GOOD_LINK_MS: u64 = 10_000;

/// So often in a row a peer may not answer before its person and ours are told to pair again. A device that is
/// busy closes without a word too.
pub(super) const UNRECOGNISED_MAX: u32 = 3;

/// How it went with all peers.
#[derive(Debug, Default)]
pub(super) struct Reach(BTreeMap<PeerId, Entry>);

#[derive(Debug, Default)]
struct Entry {
    failures: u32,
    unrecognised: u32,
    not_before: Millis,
    wish: Wish,
}

/// What our person wants of a peer, for as long as sync is active.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Wish {
    /// Nothing in particular: as the peer's settings say.
    #[default]
    None,
    /// To be connected.
    Connect,
    /// Not to be.
    Disconnect,
}

impl Reach {
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn remove(&mut self, peer: &PeerId) {
        self.0.remove(peer);
    }

    pub(super) fn wish(&self, peer: &PeerId) -> Wish {
        self.0.get(peer).map_or(Wish::None, |entry| entry.wish)
    }

    /// Our person wants it: whatever happened before counts no longer.
    pub(super) fn set_wish(&mut self, peer: PeerId, wish: Wish) {
        self.0.insert(peer, Entry { wish, ..Entry::default() });
    }

    /// When the peer may be dialled.
    pub(super) fn not_before(&self, peer: &PeerId) -> Millis {
        self.0.get(peer).map_or(Millis(0), |entry| entry.not_before)
    }

    /// Whether it has not recognised this device so often that people must pair again.
    pub(super) fn needs_pairing(&self, peer: &PeerId) -> bool {
        self.0.get(peer).is_some_and(|entry| entry.unrecognised >= UNRECOGNISED_MAX)
    }

    /// A dial, or the beginning of a link, failed.
    pub(super) fn failed(&mut self, now: Millis, peer: PeerId, random: &mut dyn CryptoRngCore) {
        self.entry(peer).pause(now, random);
    }

    /// The peer has not answered a call. `true` at the moment when this has become too often.
    pub(super) fn not_recognised(
        &mut self,
        now: Millis,
        peer: PeerId,
        random: &mut dyn CryptoRngCore,
    ) -> bool {
        let entry = self.entry(peer);
        entry.unrecognised = entry.unrecognised.saturating_add(1);
        entry.pause(now, random);
        if entry.unrecognised >= UNRECOGNISED_MAX {
            entry.not_before = now.plus(PAUSE_MS_MAX);
        }
        entry.unrecognised == UNRECOGNISED_MAX
    }

    /// A link is open.
    pub(super) fn opened(&mut self, peer: PeerId) {
        self.entry(peer).unrecognised = 0;
    }

    /// A link was cut after `lasted_ms`.
    pub(super) fn cut(&mut self, now: Millis, peer: PeerId, lasted_ms: u64, random: &mut dyn CryptoRngCore) {
        let entry = self.entry(peer);
        entry.failures = if lasted_ms >= GOOD_LINK_MS { 0 } else { entry.failures.min(CUTS_MAX) };
        entry.pause(now, random);
    }

    /// The other side has ended a link after `lasted_ms`. An early end may have been the choice of the other link
    /// of two.
    pub(super) fn ended(
        &mut self,
        now: Millis,
        peer: PeerId,
        lasted_ms: u64,
        random: &mut dyn CryptoRngCore,
    ) {
        let entry = self.entry(peer);
        entry.pause(now, random);
        if lasted_ms >= GOOD_LINK_MS {
            entry.failures = 0;
            entry.not_before = now.plus(PAUSE_AFTER_END_MS);
        }
    }

    fn entry(&mut self, peer: PeerId) -> &mut Entry {
        self.0.entry(peer).or_default()
    }
}

impl Entry {
    /// Half to one and a half times 1, 2, 4.. seconds, so that two who fail together do not try together.
    fn pause(&mut self, now: Millis, random: &mut dyn CryptoRngCore) {
        let pause_ms = PAUSE_MS_MIN.saturating_mul(1 << self.failures.min(20)).min(PAUSE_MS_MAX);
        self.failures = self.failures.saturating_add(1);
        let jitter_ms = random.next_u64() % pause_ms;
        self.not_before = now.plus(pause_ms / 2 + jitter_ms);
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng as _;

    use super::*;

    const PEER: PeerId = PeerId::from_bytes([1; 32]);

    #[test]
    fn pauses_double_with_jitter_and_end_with_a_good_link() {
        let random = &mut ChaCha20Rng::seed_from_u64(1);
        let mut reach = Reach::default();
        for (failure, pause_ms) in [1_000, 2_000, 4_000, 8_000, 16_000].into_iter().enumerate() {
            reach.failed(Millis(0), PEER, random);
            let pause = reach.not_before(&PEER).0;
            assert!((pause_ms / 2..pause_ms * 3 / 2).contains(&pause), "{failure}: {pause}");
        }
        (0..40).for_each(|_| reach.failed(Millis(0), PEER, random));
        assert!(reach.not_before(&PEER).0 < PAUSE_MS_MAX * 3 / 2);
        reach.cut(Millis(0), PEER, GOOD_LINK_MS, random);
        assert!(reach.not_before(&PEER).0 < PAUSE_MS_MIN * 3 / 2);
    }

    #[test]
    fn two_who_fail_together_do_not_try_together() {
        let pauses: std::collections::BTreeSet<_> = (0..20)
            .map(|seed| {
                let mut reach = Reach::default();
                reach.failed(Millis(0), PEER, &mut ChaCha20Rng::seed_from_u64(seed));
                reach.not_before(&PEER)
            })
            .collect();
        assert!(pauses.len() > 15, "{pauses:?}");
    }

    #[test]
    fn pairing_again_is_asked_for_once_and_not_at_once() {
        let random = &mut ChaCha20Rng::seed_from_u64(1);
        let mut reach = Reach::default();
        let told: Vec<_> = (0..5).map(|_| reach.not_recognised(Millis(0), PEER, random)).collect();
        assert_eq!(told, [false, false, true, false, false]);
        assert!(reach.needs_pairing(&PEER));
        reach.opened(PEER);
        assert!(!reach.needs_pairing(&PEER));
        reach.set_wish(PEER, Wish::Connect);
        assert_eq!((reach.not_before(&PEER), reach.wish(&PEER)), (Millis(0), Wish::Connect));
    }
}

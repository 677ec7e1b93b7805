//! The secret of a pair, renewed by each session, in a way that no lost message, crash, replay or simultaneous
//! call can leave the two sides without a common one.
//!
//! Each side holds a few secrets in a total order: by generation, then by value. A session starts from one that both
//! hold (the base) and makes a next one, a generation higher. A side adds a secret before it says so to the other,
//! and drops older ones only when it knows that the other side holds a newer one. So the newest secret that
//! either side knows the other to hold is always held by both: whoever knows it took part in making it, and the
//! other would drop it only for a newer one that it knows the first to hold.

use p2psync_bramble::{SecretKey, derive_key, mac};

use crate::Error;
use crate::hello::{Hello, HelloNonce, OFFERS_MAX};

/// Most secrets that one side of a pair ever holds. All of them fit in one hello.
pub const HELD_MAX: usize = OFFERS_MAX;

/// What one device keeps of a pair, beside the other's keys. Must be stored before a byte leaves that depends on
/// it: [`crate::Effect::Store`] says when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PairSecrets {
    /// Tells this pairing from a later one with the same device.
    lineage: [u8; LINEAGE_BYTES],
    /// Ascending, never empty, at most [`HELD_MAX`].
    held: Vec<Held>,
    /// Nonces of the calls answered last; a repeated one is a replay. Calls from before that name secrets that
    /// are no longer held.
    answered: Vec<HelloNonce>,
    /// Which call is being answered. Not stored: after a restart no call is.
    answering: u64,
}

/// One secret and its place in the order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    generation: u64,
    pub(crate) secret: SecretKey,
}

/// One attempt to answer a call, begun by [`PairSecrets::begin_answer`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Attempt(u64);

/// Tells a pairing from a later one with the same device.
pub(crate) type Lineage = [u8; LINEAGE_BYTES];

impl PairSecrets {
    /// The state of a fresh pair, from the secret that pairing made.
    pub fn new(root: SecretKey) -> Self {
        let digest = mac("org.sahana.p2psync.link/LINEAGE", &root, &[]);
        Self {
            lineage: *digest.first_chunk().expect("a MAC has 32 bytes"),
            held: vec![Held { generation: 0, secret: root }],
            answered: Vec::new(),
            answering: 0,
        }
    }

    /// Number of secrets held: 1 when the two sides are in step, up to [`HELD_MAX`] after sessions that broke.
    pub const fn held_count(&self) -> usize {
        self.held.len()
    }

    /// Whether the newest secret of two sides is the same.
    pub fn shares_newest_with(&self, other: &Self) -> bool {
        self.held.last() == other.held.last()
    }

    /// The secrets that a call names, newest first.
    pub(crate) fn offers(&self) -> Vec<Held> {
        self.held.iter().rev().cloned().collect()
    }

    pub(crate) const fn lineage(&self) -> Lineage {
        self.lineage
    }

    /// The newest secret held that `hello` names. Looks at all of them whatever it finds.
    pub(crate) fn recognise(&self, caller: p2psync_bramble::Role, hello: &Hello) -> Option<Held> {
        self.held
            .iter()
            .filter(|held| hello.names(caller, &held.secret))
            .fold(None, |_, held| Some(held.clone()))
    }

    /// Callee, before it answers: notes the call, so that its repetition is refused and an older call that is
    /// still being answered comes to nothing. `None` if this very call was answered before.
    pub(crate) fn begin_answer(&mut self, hello: &Hello) -> Option<Attempt> {
        if self.answered.contains(hello.nonce()) {
            return None;
        }
        if self.answered.len() == ANSWERED_MAX {
            self.answered.remove(0);
        }
        self.answered.push(*hello.nonce());
        self.answering += 1;
        Some(Attempt(self.answering))
    }

    /// Caller, on a valid answer under `base`: the callee holds `base` and none of the newer ones in `offered`.
    pub(crate) fn was_answered(&mut self, base: &Held, offered: &[Held], next: Held) {
        self.held.retain(|held| held >= base && (held <= base || !offered.contains(held)));
        self.add(next);
    }

    /// Callee, on the caller's first frame: the caller holds `next`.
    ///
    /// # Errors
    /// [`Error::Superseded`] if a later call began to be answered since.
    pub(crate) fn caller_proved(&mut self, attempt: Attempt, next: Held) -> Result<(), Error> {
        if attempt.0 != self.answering {
            return Err(Error::Superseded);
        }
        self.peer_holds(next);
        Ok(())
    }

    /// Caller, on the callee's first frame: the callee holds `next`.
    pub(crate) fn callee_proved(&mut self, next: Held) {
        self.peer_holds(next);
    }

    fn peer_holds(&mut self, next: Held) {
        self.held.retain(|held| *held >= next);
        self.add(next);
    }

    fn add(&mut self, next: Held) {
        if let Err(place) = self.held.binary_search(&next) {
            self.held.insert(place, next);
        }
        debug_assert!(self.held.len() <= HELD_MAX, "the order of calls bounds what is held");
        // Never reached by the protocol's own steps; a bound all the same. The oldest goes: the newest common
        // secret is what the next call looks for.
        let excess = self.held.len().saturating_sub(HELD_MAX);
        self.held.drain(..excess);
    }
}

impl PairSecrets {
    /// The form in which a store keeps the state: version 1, lineage, number of secrets, (generation, secret)s,
    /// number of nonces, nonces. The caller seals it.
    pub fn encode(&self) -> zeroize::Zeroizing<Vec<u8>> {
        let mut bytes = zeroize::Zeroizing::new(Vec::with_capacity(ENCODED_BYTES_MAX));
        bytes.push(ENCODING_VERSION);
        bytes.extend_from_slice(&self.lineage);
        bytes.push(u8::try_from(self.held.len()).expect("at most HELD_MAX secrets"));
        for held in &self.held {
            bytes.extend_from_slice(&held.generation.to_be_bytes());
            bytes.extend_from_slice(held.secret.as_bytes());
        }
        bytes.push(u8::try_from(self.answered.len()).expect("at most ANSWERED_MAX nonces"));
        bytes.extend_from_slice(self.answered.as_flattened());
        bytes
    }

    /// Reads what [`PairSecrets::encode`] makes, and nothing else.
    ///
    /// # Errors
    /// [`MalformedSecrets`] for anything else.
    pub fn decode(bytes: &[u8]) -> Result<Self, MalformedSecrets> {
        let (&[version], rest) = bytes.split_first_chunk().ok_or(MalformedSecrets)?;
        let (lineage, rest) = rest.split_first_chunk().ok_or(MalformedSecrets)?;
        let (&[held_count], mut rest) = rest.split_first_chunk().ok_or(MalformedSecrets)?;
        if version != ENCODING_VERSION || !(1..=HELD_MAX).contains(&usize::from(held_count)) {
            return Err(MalformedSecrets);
        }
        let mut held = Vec::new();
        for _ in 0..held_count {
            let (generation, after) = rest.split_first_chunk().ok_or(MalformedSecrets)?;
            let (secret, after) = after.split_first_chunk().ok_or(MalformedSecrets)?;
            held.push(Held {
                generation: u64::from_be_bytes(*generation),
                secret: SecretKey::from_bytes(*secret),
            });
            rest = after;
        }
        let (&[answered_count], rest) = rest.split_first_chunk().ok_or(MalformedSecrets)?;
        let (answered, remainder) = rest.as_chunks();
        let counts_fit = answered.len() == usize::from(answered_count) && answered.len() <= ANSWERED_MAX;
        if !counts_fit || !remainder.is_empty() || !held.is_sorted_by(|left, right| left < right) {
            return Err(MalformedSecrets);
        }
        Ok(Self { lineage: *lineage, held, answered: answered.to_vec(), answering: 0 })
    }
}

impl Held {
    /// The secret that a session makes: from its base, its transcript, and what the callee contributed under
    /// its encryption.
    pub(crate) fn next(&self, handshake_hash: &[u8], contribution: &[u8]) -> Self {
        let label = "org.sahana.p2psync.link/NEXT_SECRET";
        let secret = derive_key(label, &self.secret, &[handshake_hash, contribution]);
        Self { generation: self.generation.saturating_add(1), secret }
    }

    /// A key for the protocols above, from the same inputs and independent of the next secret.
    pub(crate) fn exported(&self, handshake_hash: &[u8], contribution: &[u8]) -> SecretKey {
        derive_key("org.sahana.p2psync.link/EXPORTED_KEY", &self.secret, &[handshake_hash, contribution])
    }
}

impl Ord for Held {
    fn cmp(&self, other: &Self) -> core::cmp::Ordering {
        (self.generation, self.secret.as_bytes()).cmp(&(other.generation, other.secret.as_bytes()))
    }
}

impl PartialOrd for Held {
    fn partial_cmp(&self, other: &Self) -> Option<core::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// The bytes are no state of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the bytes are no state of a pair")]
pub struct MalformedSecrets;

const LINEAGE_BYTES: usize = 8;
const ENCODING_VERSION: u8 = 1;
/// Calls answered under one secret and remembered. An honest caller that is never understood makes one each.
const ANSWERED_MAX: usize = 32;
const ENCODED_BYTES_MAX: usize = 1 + LINEAGE_BYTES + 1 + HELD_MAX * 40 + 1 + ANSWERED_MAX * 16;

#[cfg(test)]
mod tests {
    use p2psync_bramble::Role;
    use proptest::prelude::*;
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng as _;

    use super::*;

    fn secrets() -> PairSecrets {
        PairSecrets::new(SecretKey::from_bytes([1; 32]))
    }

    fn hello_of(secrets: &PairSecrets, seed: u64) -> Hello {
        let offers = secrets.offers();
        let random = &mut ChaCha20Rng::seed_from_u64(seed);
        Hello::new(Role::Alice, offers.iter().map(|held| &held.secret), random)
    }

    #[test]
    fn the_newest_common_secret_is_found() {
        let (mut caller, mut callee) = (secrets(), secrets());
        let base = caller.offers().remove(0);
        let next = base.next(b"hash", b"contribution");
        caller.was_answered(&base, &caller.offers(), next.clone());
        assert_eq!(caller.held_count(), 2);
        assert_eq!(callee.recognise(Role::Alice, &hello_of(&caller, 1)), Some(base));
        callee.peer_holds(next.clone());
        assert_eq!(
            (callee.held_count(), callee.recognise(Role::Alice, &hello_of(&caller, 2))),
            (1, Some(next))
        );
    }

    #[test]
    fn a_secret_that_the_callee_did_not_pick_is_dropped() {
        let mut caller = secrets();
        let base = caller.offers().remove(0);
        for lost in 0..5 {
            let next = base.next(&[lost], b"");
            let offered = caller.offers();
            caller.was_answered(&base, &offered, next);
            assert_eq!(caller.held_count(), 2, "the base and the last");
        }
    }

    #[test]
    fn only_the_last_calls_are_remembered_and_none_is_answered_twice() {
        let mut callee = secrets();
        for seed in 0..100 {
            let hello = hello_of(&callee, seed);
            assert!(callee.begin_answer(&hello).is_some());
            assert!(callee.begin_answer(&hello).is_none());
            assert!(callee.answered.len() <= ANSWERED_MAX);
        }
    }

    #[test]
    fn a_proof_of_an_older_call_is_refused() {
        let mut callee = secrets();
        let next = callee.offers().remove(0).next(b"hash", b"contribution");
        let [older, newer] = [1, 2].map(|seed| callee.begin_answer(&hello_of(&secrets(), seed)).unwrap());
        assert_eq!(callee.caller_proved(older, next.clone()), Err(Error::Superseded));
        assert_eq!(callee.held_count(), 1);
        assert_eq!(callee.caller_proved(newer, next), Ok(()));
    }

    #[test]
    fn what_is_stored_is_read_back_and_nothing_else() {
        let mut stored = secrets();
        let base = stored.offers().remove(0);
        stored.begin_answer(&hello_of(&stored, 1)).unwrap();
        stored.was_answered(&base, &[], base.next(b"hash", b""));
        let bytes = stored.encode();
        // The call being answered is not stored.
        assert_eq!(PairSecrets::decode(&bytes), Ok(PairSecrets { answering: 0, ..stored }));
        for cut in 0..bytes.len() {
            assert_eq!(PairSecrets::decode(&bytes[..cut]), Err(MalformedSecrets));
        }
        assert_eq!(PairSecrets::decode(&[&bytes[..], &[0]].concat()), Err(MalformedSecrets));
    }

    #[test]
    fn stored_secrets_are_in_order_and_none_is_there_twice() {
        let held = |generation: u64, byte| [&generation.to_be_bytes()[..], &[byte; 32]].concat();
        let stored = |first: Vec<u8>, second: Vec<u8>| [&[1; 9][..], &[2], &first, &second, &[0]].concat();
        assert!(PairSecrets::decode(&stored(held(1, 9), held(2, 0))).is_ok());
        assert!(PairSecrets::decode(&stored(held(1, 1), held(1, 2))).is_ok());
        for (first, second) in [(held(2, 0), held(1, 9)), (held(1, 2), held(1, 1)), (held(1, 1), held(1, 1))]
        {
            assert_eq!(PairSecrets::decode(&stored(first, second)), Err(MalformedSecrets));
        }
    }

    proptest! {
        #[test]
        fn stored_bytes_have_one_meaning(bytes in proptest::collection::vec(any::<u8>(), 0..220), count in 0..4_u8) {
            let mut bytes = bytes;
            if let [version, _, _, _, _, _, _, _, _, held, ..] = bytes.as_mut_slice() {
                (*version, *held) = (ENCODING_VERSION, count);
            }
            if let Ok(secrets) = PairSecrets::decode(&bytes) {
                prop_assert_eq!(&*secrets.encode(), &bytes);
            }
        }
    }
}

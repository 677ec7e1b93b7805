//! What a device shows before it knows the other: an ephemeral key, and the payload that commits to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use p2psync_bramble::{AgreementPrivateKey, Millis, Role, WallClock};
use subtle::ConstantTimeEq as _;

use crate::{CODE_LIFETIME_MS, Code, CodeSecret, CodeTooLong, Commitment, Descriptor, Error, Payload};

/// An ephemeral key and the payload that commits to it.
#[derive(Clone, Debug)]
pub struct Offer {
    private_key: AgreementPrivateKey,
    payload: Payload,
}

impl Offer {
    /// An offer with a fresh key.
    pub fn random(descriptors: Vec<Descriptor>, random: &mut dyn rand_core::CryptoRngCore) -> Self {
        Self::of_key(AgreementPrivateKey::random(random), descriptors)
    }

    /// An offer of a key that the caller keeps for this one pairing.
    pub fn of_key(private_key: AgreementPrivateKey, descriptors: Vec<Descriptor>) -> Self {
        let commitment = Commitment::to_key(&private_key.public_key());
        Self { private_key, payload: Payload { commitment, descriptors } }
    }

    /// The payload, as it is shown or sent.
    pub const fn payload(&self) -> &Payload {
        &self.payload
    }

    /// Our role in an agreement with the side that offers `theirs`.
    pub fn role_towards(&self, theirs: &Payload) -> Role {
        self.payload.commitment.role_towards(&theirs.commitment)
    }

    pub(crate) const fn private_key(&self) -> &AgreementPrivateKey {
        &self.private_key
    }
}

/// A code on our screen. Clones are the same code, so several connections may try it at once and still only
/// one can use it.
#[derive(Clone, Debug)]
pub struct ShownCode(Arc<Shown>);

#[derive(Debug)]
struct Shown {
    offer: Offer,
    code: Code,
    expires: Millis,
    is_used: AtomicBool,
}

impl ShownCode {
    /// A code with a fresh secret, good for [`CODE_LIFETIME_MS`] from `now`. `clock` only tells scanners when
    /// that will be; it decides nothing here.
    ///
    /// # Errors
    /// [`CodeTooLong`] if the offer names too many addresses.
    pub fn new(
        offer: Offer,
        now: Millis,
        clock: WallClock,
        random: &mut dyn rand_core::CryptoRngCore,
    ) -> Result<Self, CodeTooLong> {
        let expires = WallClock(clock.0.saturating_add(CODE_LIFETIME_MS));
        let code = Code::new(offer.payload.clone(), CodeSecret::random(random), expires)?;
        let expires = now.plus(CODE_LIFETIME_MS);
        Ok(Self(Arc::new(Shown { offer, code, expires, is_used: AtomicBool::new(false) })))
    }

    /// What to show.
    pub fn code(&self) -> &Code {
        &self.0.code
    }

    /// When it must be replaced on the screen.
    pub fn expires(&self) -> Millis {
        self.0.expires
    }

    /// Whether a device has used it, so that it must be replaced on the screen.
    pub fn is_used(&self) -> bool {
        self.0.is_used.load(Ordering::SeqCst)
    }

    pub(crate) fn offer(&self) -> &Offer {
        &self.0.offer
    }

    /// Lets one scanner in that proves to have seen the code. Only the right secret spends it.
    pub(crate) fn use_once(&self, now: Millis, scanner: &[u8], proof: &[u8]) -> Result<(), Error> {
        let expected = self.0.code.secret().scanner_mac(scanner, &self.0.offer.payload.to_bytes());
        if !bool::from(expected.ct_eq(proof)) {
            return Err(Error::WrongSecret);
        }
        if now >= self.0.expires {
            return Err(Error::CodeExpired);
        }
        if self.0.is_used.swap(true, Ordering::SeqCst) {
            return Err(Error::CodeUsed);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha12Rng;
    use rand_chacha::rand_core::SeedableRng as _;

    use super::*;

    #[test]
    fn a_code_lets_one_in_and_only_who_saw_it_and_in_time() {
        let mut random = ChaCha12Rng::from_seed([1; 32]);
        let offer = Offer::random(vec![], &mut random);
        let shown = ShownCode::new(offer, Millis(5), WallClock(0), &mut random).unwrap();
        let proof = shown.code().secret().scanner_mac(b"scanner", &shown.offer().payload().to_bytes());
        let last = Millis(4 + CODE_LIFETIME_MS);
        assert_eq!(shown.use_once(last.plus(1), b"scanner", &proof), Err(Error::CodeExpired));
        assert_eq!(shown.use_once(last, b"another", &proof), Err(Error::WrongSecret));
        assert_eq!(shown.use_once(last, b"scanner", &proof[..31]), Err(Error::WrongSecret));
        assert!(!shown.is_used());
        assert_eq!(shown.clone().use_once(last, b"scanner", &proof), Ok(()));
        assert!(shown.is_used());
        assert_eq!(shown.use_once(last, b"scanner", &proof), Err(Error::CodeUsed));
        assert_eq!(shown.use_once(last, b"scanner", &[0; 32]), Err(Error::WrongSecret));
    }
}

//! On what terms a pairing trusts the other side: what its contact info must say, and what is recorded of it.

use p2psync_bramble::{VerifyingKey, WallClock};

use crate::{Authenticated, CLOCK_MIN, ContactInfo, EXTENSION_ID, Error, Extension, Misbehaviour, Verdict};

/// How this side knows that the device at the other end is the one its person means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authentication {
    /// Each side scanned the other's code.
    BothScanned,
    /// We scanned its code, so its key is the one behind the code that our person looked at.
    Scanned,
    /// It knew the secret in our code: it, or whoever it works for, saw our screen in the last ten minutes.
    /// People see its name; nothing else names it.
    Code,
    /// Both persons said that the digits are the same.
    Digits,
    /// One of the persons skipped the comparison. It stays so for good.
    Unauthenticated,
}

/// The way the payloads travelled, and what has been said of the digits.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Trust {
    BothScanned,
    Scanned,
    Code { has_scanned: bool },
    Digits { skip_allowed: bool, verdict: Verdict },
}

/// What follows from an accepted contact info.
#[derive(Debug)]
pub(crate) struct Judged {
    pub(crate) extension: Option<Extension>,
    pub(crate) authentication: Authentication,
    pub(crate) root_timestamp: WallClock,
}

impl Trust {
    /// What our extension says of this side.
    pub(crate) const fn authenticated(self) -> Authenticated {
        match self {
            Self::BothScanned | Self::Scanned | Self::Code { .. } => Authenticated::Code,
            Self::Digits { verdict: Verdict::Match, .. } => Authenticated::Digits,
            Self::Digits { .. } => Authenticated::Skipped,
        }
    }

    /// Judges the other side's contact info, whose signature holds. `our_key` and `our_timestamp` are what
    /// our own contact info says.
    pub(crate) fn judge(
        self,
        theirs: &ContactInfo,
        our_key: &VerifyingKey,
        our_timestamp: WallClock,
    ) -> Result<Judged, Error> {
        if theirs.identity().key() == our_key {
            return Err(Misbehaviour::OwnIdentity.into());
        }
        let extension = theirs
            .properties()
            .get(EXTENSION_ID)
            .map(Extension::parse)
            .transpose()
            .map_err(Misbehaviour::Extension)?;
        let authentication = self.authentication(extension.as_ref())?;
        let root_timestamp = our_timestamp.min(theirs.timestamp());
        if extension.is_none() && root_timestamp < CLOCK_MIN {
            return Err(Misbehaviour::ClockBefore2021.into());
        }
        Ok(Judged { extension, authentication, root_timestamp })
    }

    /// Plain Bramble devices know one way only, and it needs no word of theirs.
    fn authentication(self, extension: Option<&Extension>) -> Result<Authentication, Error> {
        let claimed = extension.map(|extension| extension.authenticated);
        match (self, claimed) {
            (Self::BothScanned, None | Some(Authenticated::Code))
            | (Self::Code { has_scanned: true }, Some(Authenticated::Code)) => {
                Ok(Authentication::BothScanned)
            }
            (Self::Scanned, Some(Authenticated::Code)) => Ok(Authentication::Scanned),
            (Self::Code { has_scanned: false }, Some(Authenticated::Code)) => Ok(Authentication::Code),
            (Self::Digits { verdict: Verdict::Match, .. }, Some(Authenticated::Digits)) => {
                Ok(Authentication::Digits)
            }
            (Self::Digits { skip_allowed: false, .. }, Some(Authenticated::Skipped)) => {
                Err(Error::PeerSkipped)
            }
            (Self::Digits { .. }, Some(Authenticated::Digits | Authenticated::Skipped)) => {
                Ok(Authentication::Unauthenticated)
            }
            (_, None) => Err(Misbehaviour::ExtensionMissing.into()),
            (_, Some(_)) => Err(Misbehaviour::OtherWay.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use p2psync_bramble::{AgreementPrivateKey, Role, SecretKey, SigningKey};

    use super::*;
    use crate::{Identity, LinkOffer, TransportProperties};

    const NOW: WallClock = WallClock(1_790_000_000_000);

    fn theirs(authenticated: Option<Authenticated>, timestamp: WallClock) -> ContactInfo {
        let key = SigningKey::from_seed([2; 32]);
        let identity = Identity::new("Bob", key.verifying_key()).unwrap();
        let mut properties = TransportProperties::new();
        if let Some(authenticated) = authenticated {
            let static_key = AgreementPrivateKey::from_bytes([5; 32]).public_key();
            let advertising_key = SecretKey::from_bytes([6; 32]);
            let offer = LinkOffer { link_versions: [1].into(), static_key, advertising_key };
            let extension = Extension { offer, authenticated };
            properties.insert(EXTENSION_ID.to_owned(), extension.to_properties());
        }
        let master_key = SecretKey::from_bytes([0; 32]);
        ContactInfo::sign(identity, &key, properties, timestamp, Role::Bob, &master_key).unwrap()
    }

    fn judged(trust: Trust, claimed: Option<Authenticated>) -> Result<Authentication, Error> {
        let ours = VerifyingKey::from_bytes([1; 32]);
        trust.judge(&theirs(claimed, NOW), &ours, NOW).map(|judged| judged.authentication)
    }

    #[test]
    fn each_way_takes_its_own_word_only() {
        use Authenticated as Word;
        let digits = |verdict, skip_allowed| Trust::Digits { skip_allowed, verdict };
        let missing = || Err(Error::PeerMisbehaved(Misbehaviour::ExtensionMissing));
        let other = || Err(Error::PeerMisbehaved(Misbehaviour::OtherWay));
        let both = || Ok(Authentication::BothScanned);
        let unauthenticated = || Ok(Authentication::Unauthenticated);
        let scanned_too = Trust::Code { has_scanned: true };
        let code = Trust::Code { has_scanned: false };
        let matched = digits(Verdict::Match, false);
        let cases = [
            (Trust::BothScanned, [both(), both(), other(), other()]),
            (Trust::Scanned, [missing(), Ok(Authentication::Scanned), other(), other()]),
            (code, [missing(), Ok(Authentication::Code), other(), other()]),
            (scanned_too, [missing(), both(), other(), other()]),
            (matched, [missing(), other(), Ok(Authentication::Digits), Err(Error::PeerSkipped)]),
            (
                digits(Verdict::Match, true),
                [missing(), other(), Ok(Authentication::Digits), unauthenticated()],
            ),
            (digits(Verdict::Skip, true), [missing(), other(), unauthenticated(), unauthenticated()]),
        ];
        for (trust, expected) in cases {
            let words = [None, Some(Word::Code), Some(Word::Digits), Some(Word::Skipped)];
            assert_eq!(words.map(|word| judged(trust, word)), expected, "{trust:?}");
        }
    }

    #[test]
    fn the_root_time_is_the_smaller_one_and_old_clocks_are_for_ours_alone() {
        let ours = VerifyingKey::from_bytes([1; 32]);
        let early = WallClock(CLOCK_MIN.0 - 1);
        let root = |word, theirs_at, ours_at| {
            let judged = Trust::BothScanned.judge(&theirs(word, theirs_at), &ours, ours_at);
            judged.map(|judged| judged.root_timestamp)
        };
        assert_eq!(root(None, CLOCK_MIN, NOW), Ok(CLOCK_MIN));
        assert_eq!(root(None, NOW, CLOCK_MIN), Ok(CLOCK_MIN));
        assert_eq!(root(None, early, NOW), Err(Misbehaviour::ClockBefore2021.into()));
        assert_eq!(root(Some(Authenticated::Code), early, NOW), Ok(early));
    }

    #[test]
    fn our_own_identity_is_nobody_elses() {
        let theirs = theirs(None, NOW);
        let judged = Trust::BothScanned.judge(&theirs, theirs.identity().key(), NOW);
        assert_eq!(judged.unwrap_err(), Misbehaviour::OwnIdentity.into());
    }
}

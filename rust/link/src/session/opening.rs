//! The handshake of either side, up to the keys of the frames.

use p2psync_bramble::{AgreementPublicKey, Millis, SecretKey};
use rand_core::CryptoRngCore;
use snow::TransportState;

use super::Effect;
use super::running::Running;
use crate::hello::{HELLO_BYTES, Hello};
use crate::noise::{
    CONTRIBUTION_BYTES, EphemeralSeed, FIRST_MESSAGE_BYTES, Initiator, OPENING_BYTES, OPENING_PAYLOAD_BYTES,
    RESPONSE_BYTES, RESPONSE_PAYLOAD_BYTES, Responder, Setting,
};
use crate::secrets::{Attempt, Held, Lineage};
use crate::{Acquaintance, Error, Identity, PeerBook, PeerHandle, Versions};

/// Whose session it is, and under which pairing.
#[derive(Clone, Copy)]
pub(super) struct Session {
    pub peer: PeerHandle,
    pub lineage: Lineage,
}

impl Session {
    /// The peer's entry, unless it was forgotten or replaced meanwhile.
    pub(super) fn find(self, book: &mut PeerBook) -> Result<&mut Acquaintance, Error> {
        book.get_mut(self.peer)
            .filter(|acquaintance| acquaintance.secrets.lineage() == self.lineage)
            .ok_or(Error::PeerChanged)
    }
}

/// The caller, waiting for the response.
pub(super) struct Calling {
    session: Session,
    offered: Vec<Held>,
    versions: Versions,
    initiator: Option<Initiator>,
    pending: Vec<u8>,
}

impl Calling {
    /// The state, and the opening to send. `None` if the peer's static key is of low order.
    pub(super) fn start(
        identity: &Identity,
        peer: PeerHandle,
        acquaintance: &Acquaintance,
        versions: Versions,
        random: &mut dyn CryptoRngCore,
    ) -> Option<(Self, Vec<u8>)> {
        let offered = acquaintance.secrets.offers();
        let hello = Hello::new(acquaintance.role, offered.iter().map(|held| &held.secret), random).encode();
        let setting = Setting { identity, their_static: &acquaintance.static_key, hello: &hello };
        let mut payload = [0; OPENING_PAYLOAD_BYTES];
        for (place, byte) in payload.iter_mut().zip(versions.encode()) {
            *place = byte;
        }
        let (initiator, message) = Initiator::start(setting, EphemeralSeed::random(random), payload)?;
        let session = Session { peer, lineage: acquaintance.secrets.lineage() };
        let opening = [hello.as_slice(), &message].concat();
        debug_assert_eq!(opening.len(), OPENING_BYTES);
        Some((Self { session, offered, versions, initiator: Some(initiator), pending: Vec::new() }, opening))
    }

    /// Takes the response from the front of `input`; the running link once it is whole.
    pub(super) fn receive(
        &mut self,
        now: Millis,
        input: &mut &[u8],
        book: &mut PeerBook,
        effects: &mut Vec<Effect>,
    ) -> Result<Option<Running>, Error> {
        let Some(response) = collect::<RESPONSE_BYTES>(&mut self.pending, input) else { return Ok(None) };
        let mut initiator = self.initiator.take().ok_or(Error::PeerMisbehaved("a second response"))?;
        let (base, payload) = self
            .offered
            .iter()
            .find_map(|held| Some((held, initiator.read_response(&held.secret, &response)?)))
            .ok_or(Error::PeerMisbehaved("the response is not from the peer that was called"))?;
        let (version, contribution) = read_response_payload(&payload, &self.versions)?;
        let (transport, hash) = initiator.finish();
        let next = base.next(&hash, &contribution);
        let exported_key = base.exported(&hash, &contribution);
        self.session.find(book)?.secrets.was_answered(base, &self.offered, next.clone());
        effects.push(Effect::Store(self.session.peer));
        effects.push(Effect::Opened { peer: self.session.peer, version, exported_key });
        Ok(Some(Running::of_caller(now, self.session, transport, next)))
    }
}

/// The callee, waiting for an opening.
pub(super) struct Listening {
    identity: Identity,
    versions: Versions,
    ephemeral: Option<EphemeralSeed>,
    contribution: [u8; CONTRIBUTION_BYTES],
    pending: Vec<u8>,
}

/// What the callee does about an opening.
pub(super) enum Answer {
    /// The caller is unknown, or the call was heard before.
    Silence,
    /// The caller is known, and no version is common.
    NoVersion { response: [u8; RESPONSE_BYTES], peer: PeerHandle, error: Error },
    /// The caller is known; it must still show that it is there now.
    Respond { response: [u8; RESPONSE_BYTES], accepted: Box<Accepted> },
}

/// A call that was answered.
pub(super) struct Accepted {
    pub session: Session,
    pub version: u8,
    pub transport: TransportState,
    pub attempt: Attempt,
    pub next: Held,
    pub exported_key: SecretKey,
}

impl Listening {
    pub(super) fn new(identity: Identity, versions: Versions, random: &mut dyn CryptoRngCore) -> Self {
        let ephemeral = EphemeralSeed::random(random);
        let mut contribution = [0; CONTRIBUTION_BYTES];
        random.fill_bytes(&mut contribution);
        Self { identity, versions, ephemeral: Some(ephemeral), contribution, pending: Vec::new() }
    }

    /// Takes the opening from the front of `input`; what to do about it once it is whole.
    pub(super) fn receive(
        &mut self,
        input: &mut &[u8],
        book: &mut PeerBook,
    ) -> Result<Option<Answer>, Error> {
        let Some(opening) = collect::<OPENING_BYTES>(&mut self.pending, input) else { return Ok(None) };
        self.answer(&opening, book).map(|answer| Some(answer.unwrap_or(Answer::Silence)))
    }

    fn answer(
        &mut self,
        opening: &[u8; OPENING_BYTES],
        book: &mut PeerBook,
    ) -> Result<Option<Answer>, Error> {
        let Some((hello_bytes, message)) = split_opening(opening) else { return Ok(None) };
        let hello = Hello::decode(hello_bytes);
        let Some((peer, base)) = book.recognise(&hello) else { return Ok(None) };
        let Some(acquaintance) = book.get_mut(peer) else { return Ok(None) };
        let their_static: AgreementPublicKey = acquaintance.static_key;
        let setting = Setting { identity: &self.identity, their_static: &their_static, hello: hello_bytes };
        let read = self.ephemeral.take().and_then(|ephemeral| Responder::read(setting, ephemeral, message));
        let Some((responder, payload)) = read else { return Ok(None) };
        let Some(attempt) = acquaintance.secrets.begin_answer(&hello) else { return Ok(None) };

        let theirs = read_opening_payload(payload)?;
        let agreed = self.versions.agree(&theirs);
        let payload = self.response_payload(agreed.unwrap_or(NO_VERSION));
        let Some((response, transport, hash)) = responder.respond(&base.secret, &payload) else {
            return Ok(None);
        };
        let session = Session { peer, lineage: acquaintance.secrets.lineage() };
        let next = base.next(&hash, &self.contribution);
        let exported_key = base.exported(&hash, &self.contribution);
        Ok(Some(match agreed {
            Ok(version) => Answer::Respond {
                response,
                accepted: Box::new(Accepted { session, version, transport, attempt, next, exported_key }),
            },
            Err(error) => Answer::NoVersion { response, peer, error },
        }))
    }

    fn response_payload(&self, chosen: u8) -> [u8; RESPONSE_PAYLOAD_BYTES] {
        let bytes = [chosen].into_iter().chain(self.versions.encode()).chain(self.contribution);
        let mut payload = [0; RESPONSE_PAYLOAD_BYTES];
        for (place, byte) in payload.iter_mut().zip(bytes) {
            *place = byte;
        }
        payload
    }
}

/// In place of a chosen version: none is common.
const NO_VERSION: u8 = 0;

fn split_opening(opening: &[u8; OPENING_BYTES]) -> Option<(&[u8; HELLO_BYTES], &[u8; FIRST_MESSAGE_BYTES])> {
    let (hello, message) = opening.split_first_chunk()?;
    Some((hello, message.try_into().ok()?))
}

fn read_opening_payload(payload: [u8; OPENING_PAYLOAD_BYTES]) -> Result<Versions, Error> {
    let malformed = Error::PeerMisbehaved("offered versions");
    let (versions, rest) = payload.split_first_chunk().ok_or(malformed)?;
    if rest != [0] {
        return Err(malformed);
    }
    Versions::decode(versions).map_err(|_| malformed)
}

/// The version and the callee's contribution.
fn read_response_payload(
    payload: &[u8; RESPONSE_PAYLOAD_BYTES],
    ours: &Versions,
) -> Result<(u8, [u8; CONTRIBUTION_BYTES]), Error> {
    let malformed = Error::PeerMisbehaved("chosen version");
    let (&[chosen], rest) = payload.split_first_chunk().ok_or(malformed)?;
    let (theirs, contribution) = rest.split_first_chunk().ok_or(malformed)?;
    let theirs = Versions::decode(theirs).map_err(|_| malformed)?;
    let version = ours.agree(&theirs)?;
    if chosen != version {
        return Err(malformed);
    }
    Ok((version, contribution.try_into().map_err(|_| malformed)?))
}

/// Moves bytes from `input` to `pending` until there are `N`.
fn collect<const N: usize>(pending: &mut Vec<u8>, input: &mut &[u8]) -> Option<[u8; N]> {
    let missing_bytes = N.saturating_sub(pending.len());
    let (now, later) = input.split_at(missing_bytes.min(input.len()));
    pending.extend_from_slice(now);
    *input = later;
    pending.as_slice().try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(chosen: u8, theirs: &[u8]) -> [u8; RESPONSE_PAYLOAD_BYTES] {
        let versions = Versions::new(theirs.to_vec()).unwrap().encode();
        [&[chosen][..], &versions, &[0x77; CONTRIBUTION_BYTES]].concat().try_into().unwrap()
    }

    #[test]
    fn a_callee_that_chooses_a_lower_version_than_it_could_is_refused() {
        let ours = Versions::new(vec![1, 2]).unwrap();
        let contribution = [0x77; CONTRIBUTION_BYTES];
        assert_eq!(read_response_payload(&response(2, &[1, 2, 3]), &ours), Ok((2, contribution)));
        for chosen in [0, 1, 3, 255] {
            let refused = Err(Error::PeerMisbehaved("chosen version"));
            assert_eq!(read_response_payload(&response(chosen, &[1, 2, 3]), &ours), refused);
        }
    }

    #[test]
    fn a_callee_without_a_common_version_is_named_whatever_it_chooses() {
        let ours = Versions::new(vec![4]).unwrap();
        for chosen in [NO_VERSION, 3, 4] {
            let too_old = Err(Error::PeerTooOld { newest_of_theirs: 3 });
            assert_eq!(read_response_payload(&response(chosen, &[3]), &ours), too_old);
        }
    }

    #[test]
    fn offered_versions_fill_their_place_exactly() {
        assert_eq!(read_opening_payload([1, 9, 0, 0, 0, 0, 0, 0]), Ok(Versions::new(vec![9]).unwrap()));
        for payload in [[0; 8], [1, 9, 0, 0, 0, 0, 0, 1], [7, 1, 2, 3, 4, 5, 6, 7], [2, 9, 1, 0, 0, 0, 0, 0]]
        {
            assert_eq!(read_opening_payload(payload), Err(Error::PeerMisbehaved("offered versions")));
        }
    }
}

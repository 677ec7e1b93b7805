//! The handshake, `Noise_KKpsk2_25519_ChaChaPoly_BLAKE2b`, by the crate snow (Noise Protocol Framework, rev. 34).
//!
//! Both sides know each other's static key from pairing. The pre-shared key is the secret of the pair that the
//! callee found named in the hello; it enters in the second message, so the caller need not know which.

use p2psync_bramble::{AgreementPrivateKey, AgreementPublicKey, SecretKey};
use rand_core::CryptoRngCore;
use snow::params::{CipherChoice, DHChoice, HashChoice};
use snow::resolvers::{CryptoResolver, DefaultResolver};
use snow::types::{Cipher, Dh, Hash, Random};
use snow::{Builder, HandshakeState, TransportState};

use crate::hello::HELLO_BYTES;

/// This device in every handshake: its static key, and the transport that the link runs over.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The private key whose public half peers got when they paired.
    pub static_key: AgreementPrivateKey,
    /// Name of the transport, the same on both sides, such as `lan` or `bluetooth`. Bound into the handshake, so
    /// a link cannot be carried over from one transport to another.
    pub transport: &'static str,
}

/// Length of the caller's opening: hello, ephemeral key, sealed versions.
pub const OPENING_BYTES: usize = HELLO_BYTES + FIRST_MESSAGE_BYTES;

/// Length of the callee's response: ephemeral key, sealed choice, versions and contribution.
pub const RESPONSE_BYTES: usize = 32 + RESPONSE_PAYLOAD_BYTES + MAC_BYTES;

pub(crate) const FIRST_MESSAGE_BYTES: usize = 32 + OPENING_PAYLOAD_BYTES + MAC_BYTES;
pub(crate) const OPENING_PAYLOAD_BYTES: usize = 8;
pub(crate) const RESPONSE_PAYLOAD_BYTES: usize = 8 + CONTRIBUTION_BYTES;
pub(crate) const CONTRIBUTION_BYTES: usize = 16;
pub(crate) const MAC_BYTES: usize = 16;

/// The two sides' public halves of one handshake.
#[derive(Clone, Copy)]
pub(crate) struct Setting<'a> {
    pub identity: &'a Identity,
    pub their_static: &'a AgreementPublicKey,
    pub hello: &'a [u8; HELLO_BYTES],
}

/// The caller's half of a handshake.
pub(crate) struct Initiator(HandshakeState);

impl Initiator {
    /// Starts a handshake: the state, and the first message around `payload`. `None` if the other's static key is
    /// of low order.
    pub(crate) fn start(
        setting: Setting<'_>,
        ephemeral: EphemeralSeed,
        payload: [u8; OPENING_PAYLOAD_BYTES],
    ) -> Option<(Self, [u8; FIRST_MESSAGE_BYTES])> {
        let mut state = build(setting, ephemeral, Side::Caller);
        let mut message = [0; FIRST_MESSAGE_BYTES];
        let length = state.write_message(&payload, &mut message).ok()?;
        debug_assert_eq!(length, FIRST_MESSAGE_BYTES);
        Some((Self(state), message))
    }

    /// Reads the response if it was made with `secret`. May be tried with one secret after another.
    pub(crate) fn read_response(
        &mut self,
        secret: &SecretKey,
        message: &[u8; RESPONSE_BYTES],
    ) -> Option<[u8; RESPONSE_PAYLOAD_BYTES]> {
        self.0.set_psk(PSK_PLACE, secret.as_bytes()).expect("a secret has the length of a psk");
        // snow wants room for the MAC too, though it writes only the payload.
        let mut payload = [0; RESPONSE_PAYLOAD_BYTES + MAC_BYTES];
        let length = self.0.read_message(message, &mut payload).ok()?;
        payload.first_chunk().filter(|_| length == RESPONSE_PAYLOAD_BYTES).copied()
    }

    /// The transport keys and the handshake's hash, after the response was read.
    pub(crate) fn finish(self) -> (TransportState, Vec<u8>) {
        finish(self.0)
    }
}

/// The callee's half of a handshake, after the first message.
pub(crate) struct Responder(HandshakeState);

impl Responder {
    /// Reads the first message: the state and its payload, or `None` if it is not from the peer with
    /// `their_static` over this transport and hello.
    pub(crate) fn read(
        setting: Setting<'_>,
        ephemeral: EphemeralSeed,
        message: &[u8; FIRST_MESSAGE_BYTES],
    ) -> Option<(Self, [u8; OPENING_PAYLOAD_BYTES])> {
        let mut state = build(setting, ephemeral, Side::Callee);
        let mut payload = [0; OPENING_PAYLOAD_BYTES + MAC_BYTES];
        let length = state.read_message(message, &mut payload).ok()?;
        let payload = payload.first_chunk().filter(|_| length == OPENING_PAYLOAD_BYTES)?;
        Some((Self(state), *payload))
    }

    /// The response around `payload`, the transport keys and the handshake's hash. `None` if the caller's
    /// ephemeral key is of low order.
    pub(crate) fn respond(
        mut self,
        secret: &SecretKey,
        payload: &[u8; RESPONSE_PAYLOAD_BYTES],
    ) -> Option<([u8; RESPONSE_BYTES], TransportState, Vec<u8>)> {
        self.0.set_psk(PSK_PLACE, secret.as_bytes()).expect("a secret has the length of a psk");
        let mut message = [0; RESPONSE_BYTES];
        let length = self.0.write_message(payload, &mut message).ok()?;
        debug_assert_eq!(length, RESPONSE_BYTES);
        let (transport, hash) = finish(self.0);
        Some((message, transport, hash))
    }
}

/// The one piece of randomness of each side's handshake: its ephemeral key.
pub(crate) struct EphemeralSeed([u8; 32]);

impl EphemeralSeed {
    pub(crate) fn random(random: &mut dyn CryptoRngCore) -> Self {
        let mut seed = [0; 32];
        random.fill_bytes(&mut seed);
        Self(seed)
    }
}

impl Drop for EphemeralSeed {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.0);
    }
}

const PATTERN: &str = "Noise_KKpsk2_25519_ChaChaPoly_BLAKE2b";
const PSK_PLACE: usize = 2;

#[derive(Clone, Copy)]
enum Side {
    Caller,
    Callee,
}

fn build(setting: Setting<'_>, ephemeral: EphemeralSeed, side: Side) -> HandshakeState {
    let mut prologue = b"org.sahana.p2psync.link/1".to_vec();
    prologue.push(u8::try_from(setting.identity.transport.len()).expect("transports have short names"));
    prologue.extend_from_slice(setting.identity.transport.as_bytes());
    prologue.extend_from_slice(setting.hello);
    let parameters = PATTERN.parse().expect("snow knows the pattern");
    Builder::with_resolver(parameters, Box::new(Resolver(ephemeral)))
        .prologue(&prologue)
        .and_then(|builder| builder.local_private_key(setting.identity.static_key.as_bytes()))
        .and_then(|builder| builder.remote_public_key(setting.their_static.as_bytes()))
        .and_then(|builder| match side {
            Side::Caller => builder.build_initiator(),
            Side::Callee => builder.build_responder(),
        })
        .expect("the pattern's keys are all given, each once")
}

fn finish(state: HandshakeState) -> (TransportState, Vec<u8>) {
    let hash = state.get_handshake_hash().to_vec();
    (state.into_transport_mode().expect("both messages were handled"), hash)
}

/// snow's own primitives, but for the randomness, which is given, and X25519, which must refuse points of low
/// order.
struct Resolver(EphemeralSeed);

impl CryptoResolver for Resolver {
    fn resolve_rng(&self) -> Option<Box<dyn Random>> {
        Some(Box::new(OneKey(Some(EphemeralSeed(self.0.0)))))
    }

    fn resolve_dh(&self, choice: &DHChoice) -> Option<Box<dyn Dh>> {
        DefaultResolver.resolve_dh(choice).map(|inner| Box::new(ContributoryDh(inner)) as Box<dyn Dh>)
    }

    fn resolve_hash(&self, choice: &HashChoice) -> Option<Box<dyn Hash>> {
        DefaultResolver.resolve_hash(choice)
    }

    fn resolve_cipher(&self, choice: &CipherChoice) -> Option<Box<dyn Cipher>> {
        DefaultResolver.resolve_cipher(choice)
    }
}

/// Enough randomness for one ephemeral key; asking twice is an error.
struct OneKey(Option<EphemeralSeed>);

impl Random for OneKey {
    fn try_fill_bytes(&mut self, place: &mut [u8]) -> Result<(), snow::Error> {
        let seed = self.0.take().filter(|seed| seed.0.len() == place.len()).ok_or(snow::Error::Rng)?;
        place.copy_from_slice(&seed.0);
        Ok(())
    }
}

/// X25519 that fails when the result is zero, that is, when the other side's key decided it alone.
struct ContributoryDh(Box<dyn Dh>);

impl Dh for ContributoryDh {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn pub_len(&self) -> usize {
        self.0.pub_len()
    }

    fn priv_len(&self) -> usize {
        self.0.priv_len()
    }

    fn set(&mut self, private_key: &[u8]) {
        self.0.set(private_key);
    }

    fn generate(&mut self, random: &mut dyn Random) -> Result<(), snow::Error> {
        self.0.generate(random)
    }

    fn pubkey(&self) -> &[u8] {
        self.0.pubkey()
    }

    fn privkey(&self) -> &[u8] {
        self.0.privkey()
    }

    fn dh(&self, public_key: &[u8], shared: &mut [u8]) -> Result<(), snow::Error> {
        self.0.dh(public_key, shared)?;
        let result = shared.get(..self.0.dh_len()).ok_or(snow::Error::Dh)?;
        if result.iter().all(|&byte| byte == 0) { Err(snow::Error::Dh) } else { Ok(()) }
    }
}

//! Who pairs, and how: devices that are the same in every test.
#![allow(dead_code, reason = "each test uses what it needs")]

use p2psync_bramble::{AgreementPrivateKey, Millis, Role, SecretKey, SigningKey, WallClock};
use p2psync_pair::{
    CODE_LIFETIME_MS, Descriptor, Device, DigitAttempts, LinkOffer, Offer, Pairing, ShownCode,
    TransportProperties, Waits, Way,
};
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::SeedableRng as _;

use crate::stage::{Duet, Side, Tamper};

pub const CLOCK: WallClock = WallClock(1_790_000_000_000);
pub const START: Millis = Millis(5_000);

/// How the payloads travel in a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    BothScanned,
    OneScanned,
    Digits,
}

pub const KINDS: [Kind; 3] = [Kind::BothScanned, Kind::OneScanned, Kind::Digits];

/// Two seeds: the first side is Alice in the first one, and Bob in the second.
pub fn seeds(kind: Kind) -> [u8; 2] {
    let has_role =
        |role| move |seed: &u8| Duet::new(kind, *seed, Tamper::Nothing).run().both()[0].role == role;
    [Role::Alice, Role::Bob].map(|role| (0..64).find(has_role(role)).expect("a coin falls on both sides"))
}

/// Two devices that remember themselves from pairing to pairing.
pub fn devices(seed: u8) -> [Device; 2] {
    [("Amina", 1), ("Bilal", 2)].map(|(name, number)| device(name, seed ^ number, CLOCK))
}

pub fn device(name: &str, seed: u8, clock: WallClock) -> Device {
    let offer = LinkOffer {
        link_versions: [0, 1].into(),
        static_key: AgreementPrivateKey::from_bytes([seed; 32]).public_key(),
        advertising_key: SecretKey::from_bytes([seed; 32]),
    };
    Device::new(name, SigningKey::from_seed([seed; 32]), TransportProperties::new(), offer, clock).unwrap()
}

pub fn random(seed: u8, number: u8) -> ChaCha12Rng {
    let mut bytes = [seed; 32];
    bytes[0] = number;
    ChaCha12Rng::from_seed(bytes)
}

pub fn descriptors() -> Vec<Descriptor> {
    vec![Descriptor::bluetooth(None), Descriptor::lan("192.168.43.1:4000".parse().unwrap())]
}

pub fn start(device: Device, way: Way, seed: u8, number: u8) -> Side {
    let mut effects = Vec::new();
    let mut random = random(seed, number);
    let pairing = Pairing::start(device, way, Waits::default(), START, &mut random, &mut effects).unwrap();
    Side::new(pairing, effects)
}

pub fn shown(seed: u8) -> ShownCode {
    let mut random = random(seed, 20);
    let offer = Offer::random(descriptors(), &mut random);
    ShownCode::new(offer, START, CLOCK, &mut random).unwrap()
}

pub fn scanner(seed: u8, shown: &ShownCode) -> Way {
    Way::Scanner { ours: Offer::random(descriptors(), &mut random(seed, 21)), code: shown.code().clone() }
}

pub fn digits(attempts: &DigitAttempts, skip_allowed: bool) -> Way {
    Way::Digits { descriptors: descriptors(), skip_allowed, attempts: attempts.clone() }
}

/// Both sides at the start of a pairing. The first one scans where one does.
pub fn pairings(kind: Kind, [a, b]: [Device; 2], seed: u8) -> [Side; 2] {
    let [way_a, way_b] = match kind {
        Kind::BothScanned => {
            let [x, y] = [21, 20].map(|number| Offer::random(descriptors(), &mut random(seed, number)));
            let (theirs_x, theirs_y) = (y.payload().clone(), x.payload().clone());
            [Way::BothScanned { ours: x, theirs: theirs_x }, Way::BothScanned { ours: y, theirs: theirs_y }]
        }
        Kind::OneScanned => {
            let shown = shown(seed);
            assert_eq!(shown.expires(), START.plus(CODE_LIFETIME_MS));
            [scanner(seed, &shown), Way::Shower { shown, scanned: None }]
        }
        Kind::Digits => [digits(&DigitAttempts::new(), false), digits(&DigitAttempts::new(), false)],
    };
    [start(a, way_a, seed, 10), start(b, way_b, seed, 11)]
}

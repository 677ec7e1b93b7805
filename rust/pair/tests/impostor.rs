//! Somebody speaks the protocol with own keys: wrong keys, wrong names, wrong words, and guesses at digits.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

#[path = "duet/cast.rs"]
mod cast;
#[path = "duet/impostor.rs"]
mod impostor;
#[path = "duet/stage.rs"]
mod stage;

use cast::{CLOCK, START, device, devices, digits, random, start};
use impostor::Impostor;
use p2psync_bramble::{
    AgreementPrivateKey, AgreementPublicKey, Role, SecretKey, SigningKey, WallClock, record,
};
use p2psync_pair::{
    Authenticated, Authentication, CLOCK_MIN, Commitment, ContactInfo, DIGIT_ATTEMPTS_MAX, DigitAttempts,
    EXCHANGE_BYTES_MAX, EXTENSION_ID, Error, Extension, Identity, Input, LinkOffer, MalformedExtension,
    Misbehaviour, Offer, Paired, Payload, TransportProperties, Way,
};
use stage::{Duet, Side, Tamper};

/// A victim that has scanned the impostor's code as the impostor has scanned the victim's.
fn scanned(seed: u8, role: Role) -> Impostor {
    let offers = (0..=u8::MAX).map(|number| Offer::random(vec![], &mut random(seed, number)));
    let victims = Offer::random(vec![], &mut random(seed ^ 0x80, 1));
    let theirs = offers.into_iter().find(|offer| offer.role_towards(victims.payload()) == role).unwrap();
    let payload = victims.payload().clone();
    let way = Way::BothScanned { ours: victims, theirs: theirs.payload().clone() };
    Impostor::new(start(devices(seed)[0].clone(), way, seed, 2), &payload, theirs, Vec::new())
}

/// A victim that compares digits.
fn in_clear(seed: u8, attempts: &DigitAttempts, offer: Offer) -> Impostor {
    Impostor::in_clear(start(devices(seed)[0].clone(), digits(attempts, true), seed, 2), offer)
}

/// What an honest device would say of itself.
struct Says {
    key: SigningKey,
    identity: Identity,
    properties: TransportProperties,
    timestamp: WallClock,
}

fn honest(word: Option<Authenticated>) -> Says {
    let key = SigningKey::from_seed([0xee; 32]);
    let identity = Identity::new("Mallory", key.verifying_key()).unwrap();
    let mut properties = TransportProperties::new();
    if let Some(authenticated) = word {
        let static_key = AgreementPrivateKey::from_bytes([0xee; 32]).public_key();
        let advertising_key = SecretKey::from_bytes([0xee; 32]);
        let offer = LinkOffer { link_versions: [1].into(), static_key, advertising_key };
        properties.insert(EXTENSION_ID.to_owned(), Extension { offer, authenticated }.to_properties());
    }
    Says { key, identity, properties, timestamp: CLOCK }
}

fn record_of(says: &Says, role: Role, master_key: &SecretKey) -> Vec<u8> {
    let Says { key, identity, properties, timestamp } = says;
    let info = ContactInfo::sign(identity.clone(), key, properties.clone(), *timestamp, role, master_key);
    let mut bytes = Vec::new();
    record::write(1, 0, &info.unwrap().to_bytes(), &mut bytes).unwrap();
    bytes
}

/// Agrees on keys, says this of itself, and returns the victim's result and last words.
fn pairs(mut impostor: Impostor, says: &Says) -> (Result<Box<Paired>, Error>, Vec<u8>) {
    let agreed = impostor.agree();
    let record = record_of(says, impostor.role(), &agreed.master_key);
    let said = impostor.say(&agreed, &record, true);
    (impostor.result(), said)
}

#[test]
fn a_plain_bramble_device_pairs_if_both_scanned() {
    for role in [Role::Alice, Role::Bob] {
        let (result, _) = pairs(scanned(1, role), &honest(None));
        let paired = result.unwrap();
        assert_eq!((paired.authentication, paired.extension), (Authentication::BothScanned, None));
        assert_eq!(paired.root_timestamp, CLOCK);
        let early = Says { timestamp: WallClock(CLOCK_MIN.0 - 1), ..honest(None) };
        let (result, _) = pairs(scanned(1, role), &early);
        assert_eq!(result.unwrap_err(), Misbehaviour::ClockBefore2021.into());
    }
}

#[test]
fn false_claims_are_refused_and_a_victim_that_has_not_spoken_stays_silent() {
    let victims = devices(1)[0].identity().clone();
    let stolen = Says { identity: devices(9)[1].identity().clone(), ..honest(None) };
    let own_key = SigningKey::from_seed([1 ^ 1; 32]);
    assert_eq!(own_key.verifying_key(), *victims.key());
    let own = Says { key: own_key, identity: victims, ..honest(None) };
    let mut low = honest(Some(Authenticated::Code));
    let extension = low.properties.get_mut(EXTENSION_ID).unwrap();
    extension.insert("static_key".to_owned(), "00".repeat(32));
    let cases = [
        (stolen, Misbehaviour::BadSignature),
        (own, Misbehaviour::OwnIdentity),
        (low, Misbehaviour::Extension(MalformedExtension("static_key"))),
        (honest(Some(Authenticated::Digits)), Misbehaviour::OtherWay),
        (honest(Some(Authenticated::Skipped)), Misbehaviour::OtherWay),
    ];
    for (says, misbehaviour) in cases {
        for role in [Role::Alice, Role::Bob] {
            let (result, said) = pairs(scanned(1, role), &says);
            assert_eq!(result.unwrap_err(), misbehaviour.into());
            assert_eq!(said.is_empty(), role == Role::Alice, "an impostor as Alice learns no name");
        }
    }
}

#[test]
fn one_of_ours_must_say_so_where_only_ours_can_be() {
    let attempts = DigitAttempts::new();
    for number in 0..4 {
        let offer = || Offer::random(vec![], &mut random(7, number));
        let (result, _) = pairs(in_clear(1, &attempts, offer()), &honest(None));
        assert_eq!(result.unwrap_err(), Misbehaviour::ExtensionMissing.into());
        let (result, _) = pairs(in_clear(1, &attempts, offer()), &honest(Some(Authenticated::Skipped)));
        assert_eq!(result.unwrap().authentication, Authentication::Unauthenticated);
    }
}

#[test]
fn odd_streams_have_their_errors() {
    let odd = |plain: &dyn Fn(&[u8]) -> Vec<u8>, is_final| {
        let mut impostor = scanned(1, Role::Alice);
        let agreed = impostor.agree();
        let record = record_of(&honest(None), Role::Alice, &agreed.master_key);
        impostor.say(&agreed, &plain(&record), is_final);
        impostor.result().map(|paired| paired.authentication)
    };
    let unknown: Vec<u8> = [1, 9, 0x80, 0].into_iter().chain(std::iter::repeat_n(0, 0x8000)).collect();
    assert_eq!(odd(&|_| Vec::new(), true), Err(Misbehaviour::EndsEarly.into()));
    assert_eq!(odd(&|record| [record, &[1]].concat(), true), Err(Misbehaviour::EndsEarly.into()));
    let twice = odd(&|record| [record, record].concat(), true);
    assert_eq!(twice, Err(Misbehaviour::OutOfTurn { kind: 0 }.into()));
    let other_version = record::Malformed::OtherVersion { version: 2 };
    assert_eq!(odd(&|_| vec![2, 0, 0, 0], true), Err(other_version.into()));
    assert_eq!(odd(&|record| record.to_vec(), false), Err(Error::Cut));
    // Records of unknown types are skipped, until it is too much.
    let skipped = odd(&|record| [&unknown, record, &unknown].concat(), true);
    assert_eq!(skipped, Ok(Authentication::BothScanned));
    let endless = vec![unknown.clone(); EXCHANGE_BYTES_MAX / unknown.len() + 1].concat();
    assert_eq!(odd(&|_| endless.clone(), false), Err(Misbehaviour::TooLong.into()));
}

/// Points that make every agreement zero: 0, 1, two of order 8, and p-1, p, p+1.
fn low_order_points() -> Vec<[u8; 32]> {
    [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ]
    .map(|digits| hex::decode(digits).unwrap().try_into().unwrap())
    .into()
}

#[test]
fn low_order_keys_are_refused_in_both_roles() {
    let mut roles = Vec::new();
    for point in low_order_points() {
        let commitment = Commitment::to_key(&AgreementPublicKey::from_bytes(point));
        let theirs = Payload { commitment, descriptors: vec![] };
        for number in 0..4 {
            let ours = Offer::random(vec![], &mut random(3, number));
            roles.push(ours.role_towards(&theirs));
            let way = Way::BothScanned { ours, theirs: theirs.clone() };
            let mut victim = start(devices(1)[0].clone(), way, 1, 2);
            victim.handle(START, Input::Bytes(&[&[4, 0, 0, 32][..], &point].concat()));
            assert_eq!(victim.result.unwrap().unwrap_err(), Misbehaviour::LowOrderPoint.into());
        }
    }
    assert!(roles.contains(&Role::Alice) && roles.contains(&Role::Bob));
}

#[test]
fn a_man_in_the_middle_shows_different_digits_on_the_two_screens() {
    let mut roles = Vec::new();
    for seed in 0..200 {
        let screens = [(0, 30, 40), (1, 31, 41)].map(|(side, victims_number, number)| {
            let victim = devices(seed)[side].clone();
            let victim = start(victim, digits(&DigitAttempts::new(), false), seed, victims_number);
            let offer = Offer::random(vec![], &mut random(seed, number));
            let mut middle = Impostor::in_clear(victim, offer);
            roles.push(middle.role());
            middle.agree();
            middle.victim.digits.unwrap()
        });
        assert_ne!(screens[0], screens[1], "one in a million, and not with this seed");
    }
    let as_alice = roles.iter().filter(|role| **role == Role::Alice).count();
    assert!((150..250).contains(&as_alice), "both roles are tried: {as_alice}");
}

#[test]
fn a_key_is_shown_only_after_the_others_commitment() {
    for number in 0..8 {
        let attempts = DigitAttempts::new();
        let mut victim = start(devices(1)[0].clone(), digits(&attempts, false), 1, number);
        let said = victim.pull(START);
        let payload = Payload::parse(&said[4..]).unwrap();
        assert_eq!((said[1], said.len()), (17, 4 + payload.to_bytes().len()), "the payload and no key");
        assert!(victim.pull(START).is_empty());
        // A key comes, and the commitment after it.
        victim.handle(START, Input::Bytes(&[&[4, 0, 0, 32][..], &[9; 32]].concat()));
        assert_eq!(victim.result.unwrap().unwrap_err(), Misbehaviour::OutOfTurn { kind: 0 }.into());
    }
}

/// Gets the victim's key and breaks off before any digits are shown. Says whether the key came.
fn grind(attempts: &DigitAttempts, role: Role, number: u8) -> (Option<Vec<u8>>, Side) {
    let victim = || start(devices(1)[0].clone(), digits(attempts, false), 1, number);
    let offers = (0..=u8::MAX).map(|other| Offer::random(vec![], &mut random(other, 50)));
    let mut offers = offers.filter(|offer| Impostor::in_clear(victim(), offer.clone()).role() == role);
    let mut impostor = Impostor::in_clear(victim(), offers.next().unwrap());
    let out = impostor.take_out();
    impostor.victim.handle(START, Input::Bytes(&out));
    let said = impostor.victim.pull(START);
    impostor.victim.handle(START, Input::End);
    let key = said.starts_with(&[4, 0, 0, 32]).then(|| said[4..36].to_vec());
    assert!(impostor.victim.digits.is_none());
    (key, impostor.victim)
}

#[test]
fn grinding_is_counted_and_each_attempt_meets_a_fresh_key() {
    for role in [Role::Alice, Role::Bob] {
        let attempts = DigitAttempts::new();
        let mut keys = Vec::new();
        for number in 0..u8::try_from(DIGIT_ATTEMPTS_MAX).unwrap() {
            let (key, victim) = grind(&attempts, role, number);
            assert_eq!(victim.result.unwrap().unwrap_err(), Error::Cut);
            keys.push(key.expect("our key goes out"));
        }
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), 3);
        let (key, victim) = grind(&attempts, role, 4);
        assert_eq!(key, None, "the fourth attempt does not see our key");
        assert_eq!(victim.result.unwrap().unwrap_err(), Error::TooManyDigitAttempts);
    }
}

#[test]
fn accepted_comparisons_do_not_use_up_attempts_and_rejected_ones_do() {
    let attempts = DigitAttempts::new();
    let pair = |number: u8, verdict| {
        let a = start(device("Amina", 1, CLOCK), digits(&attempts, false), number, 1);
        let b = start(device("Bilal", 2, CLOCK), digits(&DigitAttempts::new(), false), number, 2);
        let mut duet = Duet::of([a, b], Tamper::Nothing);
        duet.sides[0].verdict = verdict;
        duet.run()
    };
    for number in 0..6 {
        assert_eq!(pair(number, p2psync_pair::Verdict::Match).has_paired(), [true, true]);
    }
    for number in 6..9 {
        let duet = pair(number, p2psync_pair::Verdict::Reject);
        assert_eq!(duet.errors()[0], Some(&Error::DigitsRejected));
    }
    let duet = pair(9, p2psync_pair::Verdict::Match);
    assert_eq!(duet.errors(), [Some(&Error::TooManyDigitAttempts), Some(&Error::PeerAborted)]);
}

//! Makers who do what our program never does, and those who make a bundle for themselves, or for another deployment.

use p2psync_bramble::AgreementPrivateKey;
use p2psync_model::GroupId;
use p2psync_sync::bundle::{
    Event, Front, ReadError, Reader, SEALED_BYTES_MAX, ServerSlot, Veil, WriteError, Writer,
    sealed_for_server,
};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;

use crate::device::GROUP;
use crate::making::{MADE, carrier, make, messages, pair, read, read_with};
use crate::specified::{bundle, pair_key, record};

/// What device 1 reads of a bundle of device 0 with these records.
fn read_records(version: u8, class: u8, records: &[Vec<u8>]) -> (Vec<Event>, Result<(), ReadError>) {
    let [mine, theirs] = [1, 2].map(|byte| AgreementPrivateKey::from_bytes([byte; 32]));
    let agreed = mine.agree(&theirs.public_key()).unwrap();
    let key = pair_key(agreed.as_bytes(), &[1; 8]);
    let secret = [&[version, class], [5; 32].as_slice()].concat();
    let bytes = bundle(&key, [6; 32], &secret, &records.concat());
    read_with(Reader::new(GROUP, vec![pair(1)[1].clone()]), &bytes, 700)
}

fn about() -> Vec<u8> {
    record(1, 0, &[GROUP.as_bytes().as_slice(), &MADE.0.to_be_bytes()].concat())
}

fn message(timestamp_ms: u64, body: &[u8]) -> Vec<u8> {
    record(1, 1, &[timestamp_ms.to_be_bytes().as_slice(), body].concat())
}

fn end() -> Vec<u8> {
    record(1, 2, &[0; 8])
}

#[test]
fn a_bundle_made_by_hand_is_read_and_what_is_unknown_skipped() {
    let long = message(7, &vec![9; 32_768]);
    let records = [about(), message(5, &[2, 2]), record(1, 77, &vec![0; 49_152]), long, end()];
    let (events, result) = read_records(1, 0, &records);
    assert_eq!((messages(&events).len(), result), (2, Ok(())));
    assert_eq!(events[1], Event::About { made: MADE });
}

#[test]
fn malformed_makers_are_named() {
    let order = "the order of its records";
    for (records, what) in [
        (vec![message(5, &[2]), end()], order),
        (vec![end()], order),
        (vec![about(), about(), end()], order),
        (vec![about(), message(5, &[])], "a record"),
        (vec![about(), message(5, &vec![2; 32_769])], "a record"),
        (vec![about(), record(1, 2, &[0; 7])], "a record"),
        (vec![about(), record(2, 1, &[0; 9])], "a record"),
        (vec![about(), vec![1, 1, 0xff, 0xff]], "a record"),
        (vec![about(), message(1 << 63, &[2])], "a message"),
        (vec![about(), message(0, &[1, 1]), end()], "a chunk of no document"),
        (vec![about(), message(5, &[2])], "it has no end"),
    ] {
        let (events, result) = read_records(1, 0, &records);
        assert_eq!(result, Err(ReadError::Damaged(what)), "{events:?}");
    }
    assert_eq!(read_records(1, 4, &[about()]).1, Err(ReadError::Damaged("what opens it")));
    assert_eq!(read_records(2, 0, &[about()]).1, Err(ReadError::TooNew { version: 2 }));
}

#[test]
fn what_was_before_the_fault_counts() {
    let (events, result) = read_records(1, 0, &[about(), message(5, &[2, 1]), record(1, 2, &[])]);
    assert_eq!((messages(&events).len(), result), (1, Err(ReadError::Damaged("a record"))));
}

#[test]
fn ones_own_and_other_deployments_have_their_names() {
    let made = make(&mut carrier(1, &[]), 1, None, 1);
    let own = Reader::new(GROUP, vec![pair(1)[0].clone()]);
    assert_eq!(read_with(own, &made.bytes, 500), (Vec::new(), Err(ReadError::Own)));
    let elsewhere = Reader::new(GroupId::from_bytes([9; 32]), vec![pair(1)[1].clone()]);
    let (events, result) = read_with(elsewhere, &made.bytes, 500);
    assert_eq!((events.len(), result), (1, Err(ReadError::OtherDeployment)));
    let any = carrier(1, &[]).documents.into_values().next().unwrap().message.encode().repeat(9);
    assert_eq!(read(&any[..100], 1, 10).1, Err(ReadError::TooShort));
    assert_eq!(read(&any, 1, 10).1, Err(ReadError::NotRecognised));
}

#[test]
fn a_server_reads_it_with_what_was_sealed_to_it() {
    let mut random = ChaCha20Rng::seed_from_u64(2);
    let front = Front::random(0, &mut random).unwrap();
    let veil = Veil { group: GROUP, server: p2psync_model::Fingerprint::V6([3; 32]) };
    let about = p2psync_sync::bundle::About { group: GROUP, made: MADE };
    let all = p2psync_sync::bundle::Selection::All;
    // Sealing is the engine's; here the secret stands for itself.
    let secret = front.secret();
    let slot = ServerSlot { veil, sealed: &secret };
    let writer = Writer::new(&front, &[], Some(&slot), about, all.clone(), &mut random).unwrap();
    let made = crate::making::run(writer, &mut carrier(4, &[40_000]));
    let found = sealed_for_server(&made.bytes, &veil).unwrap();
    let reader = Reader::with_secret(GROUP, &found).unwrap();
    let (events, result) = read_with(reader, &made.bytes, 3_000);
    assert_eq!(result, Ok(()));
    assert_eq!(messages(&events).len(), 3 + 4 + 1 + 2);
    assert!(Reader::with_secret(GROUP, &found[1..]).is_err());
    let long = ServerSlot { veil, sealed: &[0; SEALED_BYTES_MAX + 1] };
    let refused = Writer::new(&front, &[], Some(&long), about, all.clone(), &mut random).unwrap_err();
    assert_eq!(refused, WriteError::SealedTooLong { length: SEALED_BYTES_MAX + 1 });
    let pairs = vec![pair(1)[0].clone(); 17];
    let refused = Writer::new(&front, &pairs, None, about, all, &mut random).unwrap_err();
    assert_eq!(refused, WriteError::TooManyPairs { count: 17 });
}

//! Implementations that offer all at once and drop what is over their bound, as Bramble's own does.

use std::collections::VecDeque;

use p2psync_bramble::Millis;
use p2psync_bramble::record::{self, RecordReader};
use p2psync_model::MessageId;
use p2psync_sync::bsp::{Input, Offers, Record, Session, VERSION, Versions};

use crate::device::{Device, LATENCY_MS};

/// Every record of `stream`, by kind: ids of acknowledgements, offers, requests and messages.
#[derive(Default)]
pub struct Heard {
    pub acks: Vec<MessageId>,
    pub offers: Vec<MessageId>,
    pub requests: Vec<MessageId>,
    pub messages: Vec<MessageId>,
}

pub fn heard(stream: &[u8]) -> Heard {
    let mut heard = Heard::default();
    let mut reader = RecordReader::new();
    reader.push(stream);
    while let Some(raw) = reader.next(VERSION, Record::is_known).unwrap() {
        match Record::decode(raw.kind, raw.payload).unwrap().unwrap() {
            Record::Ack(ids) => heard.acks.extend(ids.iter()),
            Record::Offer(ids) => heard.offers.extend(ids.iter()),
            Record::Request(ids) => heard.requests.extend(ids.iter()),
            Record::Message(message) => heard.messages.push(message.id()),
            Record::Versions(_) | Record::Priority(_) => {}
        }
    }
    assert!(reader.is_between_records());
    heard
}

/// `ids` in as many records of type `kind` as it takes.
pub fn records<'a>(kind: u8, ids: impl IntoIterator<Item = &'a MessageId>) -> Vec<u8> {
    let bytes: Vec<u8> = ids.into_iter().flat_map(|id| *id.as_bytes()).collect();
    let mut out = Vec::new();
    for payload in bytes.chunks(1_536 * 32) {
        record::write(VERSION, kind, payload, &mut out).unwrap();
    }
    out
}

pub const ACK: u8 = 0;
pub const OFFER: u8 = 2;
pub const REQUEST: u8 = 3;

fn session() -> Session {
    Session::accepted(LATENCY_MS, Versions::bramble(), Offers::new())
}

#[test]
fn whoever_offers_all_at_once_is_asked_for_all() {
    let mut device = Device::new(1);
    let ids: Vec<MessageId> = (0..10_000_u32).map(id).collect();
    let stream = records(OFFER, &ids);
    let mut rest: VecDeque<&[u8]> = stream.chunks(16_384).collect();
    let (mut session, mut requests, mut pauses) = (session(), Vec::new(), 0);
    while let Some(piece) = rest.front() {
        if session.wants_input() {
            device.hear(&mut session, Input::Received(piece)).unwrap();
            rest.pop_front();
        } else {
            pauses += 1;
            assert!(pauses < 1_000, "it never wants input again");
        }
        // A slow connection: fewer bytes leave than arrive.
        requests.extend(device.fill(&mut session, Millis(0), 9_000));
    }
    requests.extend(device.fill(&mut session, Millis(0), 1 << 20));
    assert_eq!(heard(&requests).requests, ids);
    assert!(pauses > 5, "{pauses} pauses");
}

#[test]
fn without_patience_offers_over_the_bound_are_dropped_and_the_rest_is_asked_for() {
    let mut device = Device::new(1);
    let ids: Vec<MessageId> = (0..10_000_u32).map(id).collect();
    let mut session = session();
    for piece in records(OFFER, &ids).chunks(16_384) {
        device.hear(&mut session, Input::Received(piece)).unwrap();
    }
    assert!(!session.wants_input());
    let requests = heard(&device.fill(&mut session, Millis(0), 1 << 20)).requests;
    assert_eq!(requests, ids[..Offers::HELD_MAX]);
    assert!(session.wants_input());
}

/// A receiver that remembers 1000 offers, drops the others, and answers late.
#[test]
fn who_drops_offers_over_a_thousand_is_never_offered_more() {
    let mut sender = Device::new(1);
    sender.write(3_500);
    let (mut session, mut remembered, mut got) = (session(), Vec::new(), 0);
    let (mut rounds, mut most) = (0, 0);
    while got < 3_500 {
        let said = heard(&sender.fill(&mut session, Millis(0), 1 << 20));
        remembered.extend(said.offers);
        assert!(remembered.len() <= 1_000, "{} offers to remember", remembered.len());
        most = most.max(remembered.len());
        got += said.messages.len();
        let mut answer = records(ACK, &said.messages);
        let requested = remembered.split_off(remembered.len().saturating_sub(700));
        answer.extend(records(REQUEST, &requested));
        sender.hear(&mut session, Input::Received(&answer)).unwrap();
        rounds += 1;
        assert!(rounds < 100, "{got} messages came");
    }
    assert_eq!((got, most), (3_500, 1_000), "and as many as it can remember");
}

#[test]
fn who_never_answers_is_offered_the_same_at_doubling_intervals() {
    let mut sender = Device::new(1);
    sender.write(100);
    let (mut session, mut now) = (session(), Millis(0));
    let mut offered = Vec::new();
    while now.0 < 10_000_000 {
        let offers = heard(&sender.fill(&mut session, now, 1 << 20)).offers;
        if !offers.is_empty() {
            offered.push((now.0, offers.len()));
        }
        let deadline = session.deadline().unwrap();
        assert!(deadline > now);
        now = deadline;
    }
    let times: Vec<u64> = offered.iter().map(|(at, _)| *at).collect();
    let mut distinct = times.clone();
    distinct.dedup();
    assert_eq!(distinct, [0, 60, 180, 420, 900, 1_860, 3_780, 7_620].map(|seconds| seconds * 1_000));
    assert_eq!(offered.iter().map(|(_, count)| count).sum::<usize>(), 8 * 100);
}

#[test]
fn more_than_the_first_offers_without_an_answer_take_turns() {
    let mut sender = Device::new(1);
    sender.write(300);
    let (mut session, mut now, mut flights) = (session(), Millis(0), 0);
    while now.0 < 10_000_000 {
        let offers = heard(&sender.fill(&mut session, now, 1 << 20)).offers;
        assert!(offers.len() <= 128);
        flights += usize::from(!offers.is_empty());
        now = session.deadline().unwrap();
    }
    assert!(sender.messages.keys().all(|id| sender.status(*id).transmissions >= 6));
    assert!(flights < 30, "{flights} flights of offers");
}

pub fn id(number: u32) -> MessageId {
    let mut bytes = [7; 32];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    MessageId::from_bytes(bytes)
}

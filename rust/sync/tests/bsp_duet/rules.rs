//! One rule each.

use p2psync_bramble::Millis;
use p2psync_model::{GroupId, Message, MessageId};
use p2psync_sync::bsp::{
    Effect, Error, Fault, Input, Malformed, Offers, Priority, Record, Session, Versions, Visibility,
};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;

use crate::device::{Device, GROUP, LATENCY_MS};
use crate::foreign::{ACK, Heard, OFFER, REQUEST, heard, id, records};

fn accepted() -> Session {
    Session::accepted(LATENCY_MS, Versions::bramble(), Offers::new())
}

fn message(number: u8) -> Message {
    Message::new(GROUP, 5, vec![number; 9]).unwrap()
}

fn encoded(record: &Record<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    record.encode(&mut out);
    out
}

fn says(device: &mut Device, session: &mut Session) -> Heard {
    heard(&device.fill(session, Millis(0), 1 << 20))
}

#[test]
fn nothing_is_acknowledged_before_it_is_durable() {
    let (mut device, mut session) = (Device::new(1), accepted());
    let sent = message(1);
    let stream = encoded(&Record::Message(sent.clone()));
    let effects = device.hear(&mut session, Input::Received(&stream)).unwrap();
    assert_eq!(effects, [Effect::Store { id: sent.id(), message: sent.clone() }]);
    // Neither the same again nor an offer of it makes a difference.
    let offer = records(OFFER, &[sent.id()]);
    assert_eq!(device.hear(&mut session, Input::Received(&stream)), Ok(vec![]));
    assert_eq!(device.hear(&mut session, Input::Received(&offer)), Ok(vec![]));
    let said = says(&mut device, &mut session);
    assert_eq!((said.acks, said.requests), (vec![], vec![]));
    device.commit(&mut session);
    let said = says(&mut device, &mut session);
    assert_eq!((said.acks, said.requests), (vec![sent.id()], vec![]));
    // From now on it is known.
    for repeated in [&stream, &offer] {
        device.hear(&mut session, Input::Received(repeated)).unwrap();
        assert_eq!(says(&mut device, &mut session).acks, [sent.id()]);
    }
    assert_eq!(says(&mut device, &mut session).acks, []);
}

#[test]
fn what_was_refused_is_neither_acknowledged_nor_asked_for_again() {
    let (mut device, mut session) = (Device::new(1), accepted());
    let sent = message(1);
    let offer = records(OFFER, &[sent.id()]);
    device.hear(&mut session, Input::Received(&offer)).unwrap();
    assert_eq!(says(&mut device, &mut session).requests, [sent.id()]);
    device.hear(&mut session, Input::Received(&encoded(&Record::Message(sent.clone())))).unwrap();
    device.uncommitted.clear();
    device.hear(&mut session, Input::Refused(sent.id())).unwrap();
    device.hear(&mut session, Input::Received(&offer)).unwrap();
    let said = says(&mut device, &mut session);
    assert_eq!((said.acks, said.requests), (vec![], vec![]));
    let mut next = Session::accepted(LATENCY_MS, Versions::bramble(), session.into_offers());
    device.hear(&mut next, Input::Received(&offer)).unwrap();
    assert_eq!(says(&mut device, &mut next).requests, [sent.id()]);
}

#[test]
fn groups_are_invisible_visible_or_shared() {
    let mut device = Device::new(1);
    device.write(1);
    device.hidden = Some(GROUP);
    device.ledger.set_visibility(GROUP, Visibility::Invisible);
    let own = *device.messages.keys().next().unwrap();
    let mut session = accepted();
    let stream = [
        encoded(&Record::Message(message(1))),
        encoded(&Record::Message(device.messages[&own].clone())),
        records(REQUEST, &[own]),
    ]
    .concat();
    assert_eq!(device.hear(&mut session, Input::Received(&stream)), Ok(vec![]));
    let said = says(&mut device, &mut session);
    assert_eq!((said.acks, said.offers, said.messages), (vec![], vec![], vec![]));

    device.hidden = None;
    device.ledger.set_visibility(GROUP, Visibility::Visible);
    device.hear(&mut session, Input::Received(&stream)).unwrap();
    device.commit(&mut session);
    device.ledger.set_visibility(GROUP, Visibility::Visible);
    let said = says(&mut device, &mut session);
    let mut acks = vec![message(1).id(), own];
    acks.sort_by_key(|id| device.messages[id].timestamp_ms());
    assert_eq!((said.acks, said.offers, said.messages), (acks, vec![], vec![]));

    device.write(1);
    device.ledger.set_visibility(GROUP, Visibility::Shared);
    device.hear(&mut session, Input::Shared).unwrap();
    assert_eq!(says(&mut device, &mut session).offers.len(), 1, "the other has shown that it has the first");
}

#[test]
fn only_what_is_shared_can_be_had_and_only_on_request() {
    let (mut device, mut session) = (Device::new(1), accepted());
    device.write(3);
    let ids: Vec<MessageId> = device.messages.keys().copied().collect();
    device.ledger.set_sendable(ids[0], false);
    let said = says(&mut device, &mut session);
    assert_eq!((said.offers.len(), said.messages.len()), (2, 0));
    let request = records(REQUEST, &[ids[0], ids[1], id(9)]);
    device.hear(&mut session, Input::Received(&request)).unwrap();
    assert_eq!(says(&mut device, &mut session).messages, [ids[1]]);
    assert!(!device.status(ids[0]).is_requested, "it must be asked for again when it is shared");
    // Once acknowledged it is not sent again.
    let stream = [records(ACK, &[ids[1], id(9)]), request].concat();
    device.hear(&mut session, Input::Received(&stream)).unwrap();
    assert_eq!(says(&mut device, &mut session).messages, []);
    assert!(device.status(ids[1]).is_seen);
}

#[test]
fn records_of_one_piece_do_not_undo_one_another() {
    let (mut device, mut session) = (Device::new(1), accepted());
    device.write(1);
    let own = *device.messages.keys().next().unwrap();
    let stream = [records(OFFER, &[own]), records(REQUEST, &[own])].concat();
    device.hear(&mut session, Input::Received(&stream)).unwrap();
    let status = device.status(own);
    assert!(status.is_seen && status.is_to_ack && status.is_requested);
    let said = says(&mut device, &mut session);
    assert_eq!((said.acks, said.messages), (vec![own], vec![]));
}

#[test]
fn a_stream_ends_after_the_last_acknowledgement() {
    let (mut device, mut session) = (Device::new(1), accepted());
    device.write(5);
    let sent = message(1);
    device.hear(&mut session, Input::Received(&encoded(&Record::Message(sent.clone())))).unwrap();
    device.hear(&mut session, Input::Ended).unwrap();
    let said = says(&mut device, &mut session);
    assert_eq!((said.acks, said.offers, session.is_ended()), (vec![], vec![], false));
    device.commit(&mut session);
    assert_eq!(says(&mut device, &mut session).acks, [sent.id()]);
    assert!(session.is_over() && session.deadline().is_none());
    assert_eq!(device.hear(&mut session, Input::Received(b"what follows is not read")), Ok(vec![]));
}

#[test]
fn an_interrupted_session_waits_for_nothing() {
    let (mut device, mut session) = (Device::new(1), accepted());
    device.write(5);
    device.fill(&mut session, Millis(0), 20);
    device.hear(&mut session, Input::Received(&encoded(&Record::Message(message(1))))).unwrap();
    device.hear(&mut session, Input::Interrupt).unwrap();
    // The record that is leaving leaves whole.
    assert_eq!(device.fill(&mut session, Millis(0), 1 << 20).len(), 5 + 4 + 5 * 32 - 20);
    assert!(session.is_ended() && !session.is_over() && !session.is_quiet());
    device.commit(&mut session);
    assert_eq!(says(&mut device, &mut session).acks, []);
    assert!(device.owes_acks(), "for the next session");
    device.hear(&mut session, Input::Ended).unwrap();
    assert!(session.is_over());
}

#[test]
fn priority_is_that_of_who_dialled() {
    let theirs = Priority::parse(&[0x80; 16]).unwrap();
    let stream = encoded(&Record::Priority(theirs));
    let (mut device, mut session) = (Device::new(1), accepted());
    assert_eq!(session.priority(), None);
    let effects = device.hear(&mut session, Input::Received(&stream)).unwrap();
    assert_eq!((effects, session.priority()), (vec![Effect::Priority(theirs)], Some(theirs)));

    let random = &mut ChaCha8Rng::from_seed([1; 32]);
    let mut dialled = Session::dialled(LATENCY_MS, Versions::bramble(), Offers::new(), random);
    let ours = dialled.priority().unwrap();
    assert_eq!(device.hear(&mut dialled, Input::Received(&stream)), Ok(vec![]));
    assert_eq!(dialled.priority(), Some(ours));
    let greeting = device.fill(&mut dialled, Millis(0), 1 << 20);
    assert_eq!(greeting[..5], encoded(&Record::Versions(Versions::bramble())));
    assert_eq!(greeting[5..], encoded(&Record::Priority(ours)));
    assert_ne!(Priority::random(random), ours);
}

#[test]
fn who_breaks_the_rules_is_named_and_stays_named() {
    let later_version = Error::PeerTooNew { version: 1 };
    let no_ids = Error::PeerMisbehaved(Malformed::Ids { length: 0 });
    let too_long = Error::RecordTooLong { length: 0xffff };
    for (stream, error, fault) in [
        (&[1, 0, 0, 0], later_version, Fault::OursOutdated),
        (&[0, 2, 0, 0], no_ids, Fault::Peer),
        (&[0, 9, 0xff, 0xff], too_long, Fault::Peer),
    ] {
        let (mut device, mut session) = (Device::new(1), accepted());
        let good = encoded(&Record::Message(message(1)));
        let all = [&good[..], stream, &good].concat();
        assert_eq!((device.hear(&mut session, Input::Received(&all)), error.fault()), (Err(error), fault));
        assert_eq!(device.uncommitted.len(), 1, "what came before counts");
        for input in [Input::Received(&good), Input::Ended] {
            assert_eq!(device.hear(&mut session, input), Err(error));
        }
        assert!(!session.is_over());
    }
    let (mut device, mut session) = (Device::new(1), accepted());
    device.hear(&mut session, Input::Received(&[0, 0])).unwrap();
    assert_eq!(device.hear(&mut session, Input::Ended), Err(Error::Cut));
}

#[test]
fn a_message_of_a_group_without_visibility_is_not_even_stored() {
    let (mut device, mut session) = (Device::new(1), accepted());
    let other = GroupId::from_bytes([99; 32]);
    device.hidden = Some(other);
    let foreign = Message::new(other, 5, vec![1]).unwrap();
    let stream = encoded(&Record::Message(foreign));
    assert_eq!(device.hear(&mut session, Input::Received(&stream)), Ok(vec![]));
    assert!(device.uncommitted.is_empty() && session.wants_input());
}

#[test]
fn what_came_from_elsewhere_is_acknowledged_and_not_asked_for() {
    let (mut device, mut session) = (Device::new(1), accepted());
    let (here, away) = (message(1), message(2));
    let offer = records(OFFER, &[here.id(), away.id()]);
    device.hear(&mut session, Input::Received(&offer)).unwrap();
    device.add(here.clone());
    let said = says(&mut device, &mut session);
    assert_eq!(said.requests, [away.id()]);
    device.hear(&mut session, Input::Shared).unwrap();
    assert_eq!(says(&mut device, &mut session).acks, [here.id()]);
    // What comes for a group that is invisible by now is not waited for either.
    device.hidden = Some(GROUP);
    device.hear(&mut session, Input::Received(&encoded(&Record::Message(away)))).unwrap();
    assert!(device.uncommitted.is_empty() && session.into_offers().is_empty());
}

#[test]
fn what_was_asked_for_is_remembered_only_if_the_connection_was_cut() {
    for is_cut in [true, false] {
        let (mut device, mut session) = (Device::new(1), accepted());
        device.hear(&mut session, Input::Received(&records(OFFER, &[id(1)]))).unwrap();
        assert_eq!(says(&mut device, &mut session).requests, [id(1)]);
        device.hear(&mut session, Input::Received(&records(OFFER, &[id(2)]))).unwrap();
        if !is_cut {
            device.hear(&mut session, Input::Ended).unwrap();
        }
        let offers: Vec<MessageId> = session.into_offers().ids().collect();
        assert_eq!(offers, if is_cut { vec![id(1), id(2)] } else { vec![id(2)] });
    }
}

#[test]
fn a_request_waits_for_no_more_than_a_batch_of_messages() {
    let (mut device, mut session) = (Device::new(1), accepted());
    let long = |number: u8| Message::new(GROUP, 5, vec![number; 5_000]).unwrap();
    device.add_all((0..100).map(long));
    device.fill(&mut session, Millis(0), 1 << 20);
    let request = records(REQUEST, device.messages.keys());
    device.hear(&mut session, Input::Received(&request)).unwrap();
    // It is in the middle of a message when something is offered.
    let begun = device.fill(&mut session, Millis(0), 10_000);
    device.hear(&mut session, Input::Received(&records(OFFER, &[id(1)]))).unwrap();
    let next = device.fill(&mut session, Millis(0), 65_624 + 5_044 + 36);
    let said = heard_beginning(&[begun, next].concat());
    assert!(said.messages.len() > 10 && said.requests == [id(1)]);
    assert_eq!(said.messages.len() + says_rest(&mut device, &mut session), 100);
}

/// What is said by whole records; the last one may be cut.
fn heard_beginning(stream: &[u8]) -> Heard {
    let mut whole = 0;
    while let Ok(Some((_, taken))) = p2psync_bramble::record::read(&stream[whole..]) {
        whole += taken;
    }
    heard(&stream[..whole])
}

/// How many messages are still to come, the one that is under way counted.
fn says_rest(device: &mut Device, session: &mut Session) -> usize {
    let rest = device.fill(session, Millis(0), 1 << 20);
    rest.len().div_ceil(5_044)
}

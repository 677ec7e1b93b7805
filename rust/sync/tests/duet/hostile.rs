//! Peers that lie, flood, or send what they were not asked for: bounded, named, dropped.

use p2psync_bramble::{Millis, record};
use p2psync_model::MessageId;
use p2psync_sync::session::{Effect, Error, Input, Session, WINDOW_COUNT};

use super::device::Device;
use super::plain::forms;
use super::wire::terms;

/// A callee that has greeted an empty caller and been told that nothing differs.
fn greeted() -> (Session, Device) {
    let (mut caller, mut callee) =
        (Session::new(Millis(0), terms(true)), Session::new(Millis(0), terms(false)));
    let mut devices = [Device::default(), Device::default()];
    forms(&mut devices[1], 0..5);
    devices[0] = devices[1].clone();
    let mut bytes = Vec::new();
    caller.fill(&mut devices[0], 10_000, &mut bytes).unwrap();
    callee.handle(Millis(0), Input::Received(&bytes), &mut devices[1], &mut Vec::new()).unwrap();
    let [_, device] = devices;
    (callee, device)
}

fn raw(kind: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    record::write(1, kind, payload, &mut bytes).unwrap();
    bytes
}

fn answer_to(kind: u8, payload: &[u8]) -> Result<Vec<Effect>, Error> {
    let (mut session, mut device) = greeted();
    let mut effects = Vec::new();
    session.handle(Millis(0), Input::Received(&raw(kind, payload)), &mut device, &mut effects)?;
    Ok(effects)
}

#[test]
fn records_out_of_turn_are_named() {
    let id = [7_u8; 32];
    let misbehaved = |why| Err(Error::PeerMisbehaved(why));
    let (start, two_starts) =
        ([[1_u8].as_slice(), &[0; 12]].concat(), "the start of a comparison out of turn");
    assert_eq!(answer_to(0, &[0, 1]), misbehaved("a second greeting"));
    assert_eq!(answer_to(1, &start), misbehaved(two_starts));
    assert_eq!(answer_to(2, &[1, 0]), misbehaved("ranges out of turn"));
    assert_eq!(answer_to(3, &[]), misbehaved("the end of the statements out of turn"));
    assert_eq!(answer_to(8, b"unasked"), misbehaved("it sends pieces that nobody asked for"));
    assert_eq!(answer_to(9, &id), misbehaved("it lacks what was not asked for"));
    assert_eq!(answer_to(10, &1_u32.to_be_bytes()), misbehaved("it acknowledges what was not sent"));
    assert_eq!(answer_to(11, &[[1].as_slice(), &id].concat()), misbehaved("it refuses what was not sent"));
    assert_eq!(answer_to(12, &id), misbehaved("it has what was not announced"));
    assert_eq!(answer_to(4, &[0; 8]), misbehaved("a malformed message"));
    assert_eq!(answer_to(99, b"from a later version"), Ok(Vec::new()));
}

#[test]
fn nothing_comes_before_the_greeting() {
    for kind in 1..=17 {
        let (mut session, mut device) = (Session::new(Millis(0), terms(false)), Device::default());
        let bytes = raw(kind, &[1; 33]);
        let result = session.handle(Millis(0), Input::Received(&bytes), &mut device, &mut Vec::new());
        assert!(matches!(result, Err(Error::PeerMisbehaved(_))), "{kind}");
        let mut said = Vec::new();
        session.fill(&mut device, 10_000, &mut said).unwrap();
        assert_eq!(said.len(), 0, "a stranger to the protocol hears nothing");
    }
}

#[test]
fn who_sends_more_than_the_window_is_dropped() {
    let (mut session, mut device) = greeted();
    let push = raw(4, &[[0; 8].as_slice(), b"body"].concat());
    for number in 0..=WINDOW_COUNT {
        let result = session.handle(Millis(0), Input::Received(&push), &mut device, &mut Vec::new());
        let expected = if number < WINDOW_COUNT {
            Ok(())
        } else {
            Err(Error::PeerMisbehaved("it sends more than the window allows"))
        };
        assert_eq!(result, expected);
    }
    let (mut session, mut device) = greeted();
    let push = raw(4, &vec![7; 30_000]);
    let result = (0..40)
        .try_for_each(|_| session.handle(Millis(0), Input::Received(&push), &mut device, &mut Vec::new()));
    assert_eq!(result, Err(Error::PeerMisbehaved("it sends more than the window allows")));
}

#[test]
fn a_wrong_answer_is_named() {
    let (mut session, mut device) = greeted();
    let wanted = MessageId::from_bytes([7; 32]);
    session.handle(Millis(0), Input::Ask { of: None, ids: &[wanted] }, &mut device, &mut Vec::new()).unwrap();
    session.fill(&mut device, 10_000, &mut Vec::new()).unwrap();
    let pieces = [raw(7, &[0; 9]), raw(8, b"not what was asked for")].concat();
    let result = session.handle(Millis(0), Input::Received(&pieces), &mut device, &mut Vec::new());
    assert_eq!(result, Err(Error::PeerMisbehaved("it sends another message than was asked for")));
}

#[test]
fn who_asks_without_end_is_dropped() {
    let (mut session, mut device) = greeted();
    let ask = raw(6, &[9; 32 * 256]);
    let result = (0..3)
        .try_for_each(|_| session.handle(Millis(0), Input::Received(&ask), &mut device, &mut Vec::new()));
    assert_eq!(result, Err(Error::PeerMisbehaved("it asks for more than is allowed")));
}

#[test]
fn who_falls_silent_is_given_up() {
    let (mut session, mut device) = greeted();
    session
        .handle(
            Millis(0),
            Input::Ask { of: None, ids: &[MessageId::from_bytes([7; 32])] },
            &mut device,
            &mut Vec::new(),
        )
        .unwrap();
    session.fill(&mut device, 10_000, &mut Vec::new()).unwrap();
    let deadline = session.deadline().unwrap();
    let early = session.handle(Millis(deadline.0 - 1), Input::Tick, &mut device, &mut Vec::new());
    assert_eq!(early, Ok(()));
    let late = session.handle(deadline, Input::Tick, &mut device, &mut Vec::new());
    assert_eq!(late, Err(Error::Stalled { patience_ms: 60_000 }));
}

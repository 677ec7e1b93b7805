use p2psync_bramble::{
    AgreementPrivateKey, AgreementPublicKey, Role, SecretKey, derive_key, mac, shared_one,
};
use p2psync_pair::{Agreed, Error, KeyAgreement, Misbehaviour, Offer, Payload, Progress};
use p2psync_vector_reader::{Hex, check};
use serde::Deserialize;

#[test]
fn vectors_bqp_session() {
    check("bramble", "bqp_session.json", |file: File| {
        file.good.iter().for_each(check_good);
        file.edge.iter().for_each(check_run);
        2 * file.good.len() + file.edge.len()
    });
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    good: Vec<Good>,
    edge: Vec<Run>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Good {
    shared_secret: Hex,
    confirmation_key: Hex,
    alice_confirm: Hex,
    bob_confirm: Hex,
    alice: Run,
    bob: Run,
}

/// One side's run. `cause` is the exception behind Briar's `AbortException`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Run {
    note: String,
    role: String,
    our_private: Hex,
    our_public: Hex,
    our_payload: Hex,
    their_payload: Hex,
    peer_qr_as_scanned: Option<Hex>,
    incoming: Hex,
    error: Option<String>,
    received_abort: Option<bool>,
    cause: Option<String>,
    master_key: Option<Hex>,
    sent: Hex,
    callbacks: Vec<String>,
    disposed: Vec<String>,
}

impl Run {
    fn private_key(&self) -> AgreementPrivateKey {
        AgreementPrivateKey::from_bytes(self.our_private.array())
    }

    fn role(&self) -> Role {
        match self.role.as_str() {
            "alice" => Role::Alice,
            "bob" => Role::Bob,
            other => panic!("{other} is no role"),
        }
    }

    fn agreement(&self) -> KeyAgreement {
        let theirs = Payload::parse(self.peer_qr_as_scanned.as_ref().unwrap_or(&self.their_payload)).unwrap();
        assert_eq!(Hex(theirs.to_bytes()), self.their_payload, "{}", self.note);
        let descriptors = Payload::parse(&self.our_payload).unwrap().descriptors;
        let offer = Offer::of_key(self.private_key(), descriptors);
        assert_eq!(Hex(offer.payload().to_bytes()), self.our_payload);
        KeyAgreement::new(offer, &theirs, self.role())
    }

    /// Runs over `incoming`, which arrives `piece` bytes at a time and then ends.
    fn run(&self, piece: usize) -> (Result<Agreed, Error>, Vec<u8>, Vec<Progress>) {
        let mut agreement = self.agreement();
        let (mut sent, mut progress) = (Vec::new(), Vec::new());
        agreement.start(&mut sent, &mut progress).unwrap();
        for bytes in self.incoming.chunks(piece) {
            match agreement.receive(bytes, &mut sent, &mut progress) {
                Ok(None) => {}
                Ok(Some(agreed)) => return (Ok(agreed), sent, progress),
                Err(error) => return (Err(error), sent, progress),
            }
        }
        let error = agreement.abort(Error::Cut, &mut sent);
        (Err(error), sent, progress)
    }
}

fn check_run(case: &Run) {
    assert_eq!(case.private_key().public_key().as_bytes()[..], case.our_public[..]);
    for piece in [1, 7, case.incoming.len().max(1)] {
        let (result, sent, progress) = case.run(piece);
        assert_eq!(Hex(sent), case.sent, "{}", case.note);
        let callbacks: Vec<_> = progress.iter().map(|progress| callback(*progress)).collect();
        assert_eq!(callbacks, case.callbacks, "{}", case.note);
        let cause = match result {
            Ok(agreed) => {
                assert_eq!((case.error.as_deref(), case.received_abort), (None, None), "{}", case.note);
                assert_eq!(Some(Hex(agreed.master_key.as_bytes().to_vec())), case.master_key);
                assert!(agreed.unread.is_empty() && case.disposed.is_empty());
                continue;
            }
            Err(error) => {
                assert_eq!(case.error.as_deref(), Some("AbortException"), "{}", case.note);
                assert_eq!(case.received_abort, Some(error == Error::PeerAborted), "{}", case.note);
                assert_eq!(case.master_key, None);
                cause(&error)
            }
        };
        assert_eq!(case.cause.as_deref(), cause, "{}", case.note);
        // Briar closes both streams, and tells them whether an exception of the streams was the reason.
        let disposed = ["reader", "writer"].map(|end| format!("{end} exception={}", cause.is_some()));
        assert_eq!(case.disposed, disposed, "{}", case.note);
    }
}

fn callback(progress: Progress) -> &'static str {
    match progress {
        Progress::KeySent => "connectionWaiting",
        Progress::KeyReceived => "initialRecordReceived",
    }
}

fn cause(error: &Error) -> Option<&'static str> {
    match error {
        Error::PeerMisbehaved(Misbehaviour::Record(_)) => Some("FormatException"),
        Error::PeerMisbehaved(Misbehaviour::LowOrderPoint) => Some("GeneralSecurityException"),
        Error::PeerMisbehaved(
            Misbehaviour::WrongKey | Misbehaviour::WrongConfirmation | Misbehaviour::OutOfTurn { .. },
        )
        | Error::PeerAborted => None,
        Error::Cut => Some("EOFException"),
        other => panic!("{other:?} does not belong in a key agreement"),
    }
}

/// The keys between: they follow from the same inputs by the same functions, and lead to the same messages.
fn check_good(case: &Good) {
    let (alice, bob) = (&case.alice, &case.bob);
    for (run, other) in [(alice, bob), (bob, alice)] {
        check_run(run);
        let ours = Payload::parse(&run.our_payload).unwrap().commitment;
        let theirs = Payload::parse(&other.our_payload).unwrap().commitment;
        assert_eq!(ours.role_towards(&theirs), run.role());
    }
    let label = |name: &str| format!("org.briarproject.bramble.keyagreement/{name}");
    let inputs: [&[u8]; 3] = [&[4], &alice.our_public, &bob.our_public];
    for (mine, theirs) in [(alice, bob), (bob, alice)] {
        let theirs = AgreementPublicKey::from_bytes(theirs.our_public.array());
        let shared = shared_one(&label("SHARED_SECRET"), &mine.private_key(), &theirs, &inputs).unwrap();
        assert_eq!(shared.as_bytes()[..], case.shared_secret[..]);
    }
    let shared = SecretKey::from_bytes(case.shared_secret.array());
    let key = derive_key(&label("CONFIRMATION_KEY"), &shared, &[]);
    assert_eq!(key.as_bytes()[..], case.confirmation_key[..]);
    for (confirm, mine, theirs) in [(&case.alice_confirm, alice, bob), (&case.bob_confirm, bob, alice)] {
        let inputs: [&[u8]; 4] =
            [&mine.our_payload, &mine.our_public, &theirs.our_payload, &theirs.our_public];
        assert_eq!(mac(&label("CONFIRMATION_MAC"), &key, &inputs)[..], confirm[..]);
        assert!(mine.sent.ends_with(confirm));
    }
}

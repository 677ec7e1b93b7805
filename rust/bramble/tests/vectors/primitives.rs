use p2psync_bramble::{
    AgreementPrivateKey, AgreementPublicKey, Role, SecretKey, Signature, SigningKey, VerifyingKey, hash, mac,
    open, seal, shared_one, shared_three,
};
use p2psync_vector_reader::{Hex, check};
use serde::Deserialize;

#[test]
fn vectors_primitives() {
    check("bramble", "primitives.json", |file: File| {
        file.hash.iter().for_each(check_hash);
        file.mac.iter().for_each(check_mac);
        file.x25519.iter().for_each(check_x25519);
        file.x25519_bad.iter().for_each(check_x25519_bad);
        file.shared_secret.iter().for_each(check_shared_secret);
        file.ed25519.iter().for_each(check_ed25519);
        file.xsalsa20poly1305.iter().for_each(check_secretbox);
        file.hash.len()
            + file.mac.len()
            + file.x25519.len()
            + file.x25519_bad.len()
            + file.shared_secret.len()
            + file.ed25519.len()
            + file.xsalsa20poly1305.len()
    });
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    hash: Vec<Hash>,
    mac: Vec<Mac>,
    x25519: Vec<X25519>,
    x25519_bad: Vec<X25519Bad>,
    shared_secret: Vec<SharedSecret>,
    ed25519: Vec<Ed25519>,
    xsalsa20poly1305: Vec<Secretbox>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Hash {
    #[serde(rename = "note", default)]
    _note: String,
    label: String,
    inputs: Vec<Hex>,
    hash: Hex,
}

fn check_hash(case: &Hash) {
    assert_eq!(hash(&case.label, &slices(&case.inputs))[..], case.hash[..]);
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mac {
    #[serde(rename = "note", default)]
    _note: String,
    label: String,
    key: Hex,
    inputs: Vec<Hex>,
    mac: Hex,
}

fn check_mac(case: &Mac) {
    let key = SecretKey::from_bytes(case.key.array());
    assert_eq!(mac(&case.label, &key, &slices(&case.inputs))[..], case.mac[..]);
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct X25519 {
    #[serde(rename = "note", default)]
    _note: String,
    private_unclamped: Hex,
    private_parsed: Hex,
    public_of_private: Hex,
    their_public: Hex,
    shared: Hex,
}

fn check_x25519(case: &X25519) {
    let private = AgreementPrivateKey::from_bytes(case.private_unclamped.array());
    assert_eq!(private.as_bytes()[..], case.private_parsed[..]);
    assert_eq!(private.public_key().as_bytes()[..], case.public_of_private[..]);
    let shared = private.agree(&AgreementPublicKey::from_bytes(case.their_public.array())).unwrap();
    assert_eq!(shared.as_bytes()[..], case.shared[..]);
}

#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum X25519Bad {
    LowOrder {
        #[serde(rename = "note", default)]
        _note: String,
        private_parsed: Hex,
        their_public: Hex,
        error: String,
        shared: Option<Hex>,
    },
    Length {
        #[serde(rename = "note")]
        _note: String,
        length: usize,
        error: String,
    },
}

fn check_x25519_bad(case: &X25519Bad) {
    match case {
        X25519Bad::LowOrder { private_parsed, their_public, error, shared, .. } => {
            let private = AgreementPrivateKey::from_bytes(private_parsed.array());
            assert_eq!((error.as_str(), shared), ("GeneralSecurityException", &None));
            private.agree(&AgreementPublicKey::from_bytes(their_public.array())).unwrap_err();
        }
        X25519Bad::Length { length, error, .. } => {
            assert_eq!(error, "GeneralSecurityException");
            AgreementPublicKey::parse(&vec![0; *length]).unwrap_err();
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SharedSecret {
    alice_private: Hex,
    alice_public: Hex,
    bob_private: Hex,
    bob_public: Hex,
    alice_eph_private: Hex,
    alice_eph_public: Hex,
    bob_eph_private: Hex,
    bob_eph_public: Hex,
    inputs: Vec<Hex>,
    one_label: String,
    one: Hex,
    three_label: String,
    three: Hex,
}

fn check_shared_secret(case: &SharedSecret) {
    let inputs = slices(&case.inputs);
    let private = |bytes: &Hex| AgreementPrivateKey::from_bytes(bytes.array());
    let public = |bytes: &Hex| AgreementPublicKey::from_bytes(bytes.array());
    let alice = (private(&case.alice_private), private(&case.alice_eph_private));
    let bob = (private(&case.bob_private), private(&case.bob_eph_private));
    let alice_public = (public(&case.alice_public), public(&case.alice_eph_public));
    let bob_public = (public(&case.bob_public), public(&case.bob_eph_public));
    assert_eq!((alice.0.public_key(), alice.1.public_key()), alice_public);
    assert_eq!((bob.0.public_key(), bob.1.public_key()), bob_public);

    for (mine, theirs) in [(&alice.0, &bob_public.0), (&bob.0, &alice_public.0)] {
        let one = shared_one(&case.one_label, mine, theirs, &inputs).unwrap();
        assert_eq!(one.as_bytes()[..], case.one[..]);
    }
    for (role, mine, theirs) in [(Role::Alice, &alice, &bob_public), (Role::Bob, &bob, &alice_public)] {
        let three =
            shared_three(&case.three_label, role, &mine.0, &mine.1, &theirs.0, &theirs.1, &inputs).unwrap();
        assert_eq!(three.as_bytes()[..], case.three[..]);
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools, reason = "the vector has four results")]
struct Ed25519 {
    seed: Hex,
    public: Hex,
    label: String,
    message: Hex,
    signature: Hex,
    verifies: bool,
    verifies_with_other_label: bool,
    verifies_with_flipped_message: bool,
    verifies_with_flipped_signature: bool,
}

fn check_ed25519(case: &Ed25519) {
    let key = SigningKey::from_seed(case.seed.array());
    let public = VerifyingKey::from_bytes(case.public.array());
    let signature = Signature::from_bytes(case.signature.array());
    assert_eq!(key.verifying_key(), public);
    assert_eq!(key.sign(&case.label, &case.message), signature);

    let verifies = |label: &str, message: &[u8], signature| public.verify(label, message, &signature).is_ok();
    assert_eq!(verifies(&case.label, &case.message, signature), case.verifies);
    let other_label = format!("{}x", case.label);
    assert_eq!(verifies(&other_label, &case.message, signature), case.verifies_with_other_label);
    let mut flipped_message = case.message.0.clone();
    match flipped_message.first_mut() {
        Some(byte) => *byte ^= 1,
        None => flipped_message.push(0),
    }
    assert_eq!(verifies(&case.label, &flipped_message, signature), case.verifies_with_flipped_message);
    for byte in 0..Signature::BYTES {
        let mut flipped = *signature.as_bytes();
        flipped[byte] ^= 1;
        let flipped = Signature::from_bytes(flipped);
        assert_eq!(verifies(&case.label, &case.message, flipped), case.verifies_with_flipped_signature);
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Secretbox {
    key: Hex,
    nonce: Hex,
    plaintext: Hex,
    ciphertext: Hex,
}

fn check_secretbox(case: &Secretbox) {
    let (key, nonce) = (SecretKey::from_bytes(case.key.array()), case.nonce.array());
    let mut sealed = Vec::new();
    seal(&key, &nonce, &case.plaintext, &mut sealed);
    assert_eq!(sealed, case.ciphertext.0);
    let mut opened = Vec::new();
    assert!(open(&key, &nonce, &case.ciphertext, &mut opened));
    assert_eq!(opened, case.plaintext.0);
}

fn slices(inputs: &[Hex]) -> Vec<&[u8]> {
    inputs.iter().map(|input| &input[..]).collect()
}

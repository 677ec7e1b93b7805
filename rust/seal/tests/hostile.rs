//! What somebody builds to hurt: bombs, crowds of packets, flipped and cut certificates.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod keys;

use std::io::Write as _;

use keys::{NOW, clock, secret, server_key, signed_receipt, system};
use p2psync_model::Receipt;
use p2psync_seal::{
    Certificate, CertificateError, OpenError, PACKETS_MAX, SEALED_PACKETS_MAX, SealOptions, ServerKey, open,
    seal, verify,
};
use sequoia_openpgp::packet::{Literal, OnePassSig, Packet, Padding, one_pass_sig::OnePassSig3};
use sequoia_openpgp::policy::StandardPolicy;
use sequoia_openpgp::serialize::SerializeInto as _;
use sequoia_openpgp::serialize::stream::{Compressor, Encryptor, LiteralWriter, Message, Recipient};
use sequoia_openpgp::types::{CompressionAlgorithm, DataFormat, Features, SignatureType, SymmetricAlgorithm};

/// Seals whatever `inside` writes, as a sealer without manners would.
fn sealed_oddly(key: &ServerKey, inside: impl FnOnce(Message<'_>)) -> Vec<u8> {
    let cert = secret(key);
    let policy = StandardPolicy::at(system(NOW));
    let valid = cert.with_policy(&policy, system(NOW)).unwrap();
    let subkey = valid.keys().for_transport_encryption().next().unwrap();
    let recipient = Recipient::new(Features::empty().set_seipdv1(), subkey.key().key_handle(), subkey.key());
    let mut sealed = Vec::new();
    let encryptor = Encryptor::for_recipients(Message::new(&mut sealed), [recipient]);
    inside(encryptor.symmetric_algo(SymmetricAlgorithm::AES256).build().unwrap());
    sealed
}

fn opened(sealed: &[u8], key: &ServerKey, limit_bytes: u64) -> Result<u64, OpenError> {
    open(sealed, key, limit_bytes, &mut std::io::sink())
}

fn literal(content: &[u8]) -> Vec<u8> {
    let mut literal = Literal::new(DataFormat::Binary);
    literal.set_body(content.to_vec());
    Packet::from(literal).to_vec().unwrap()
}

#[test]
fn a_bomb_is_cut_at_the_limit() {
    let key = server_key();
    let bomb = sealed_oddly(&key, |message| {
        let message = Compressor::new(message).algo(CompressionAlgorithm::Zip).build().unwrap();
        let mut message = LiteralWriter::new(message).build().unwrap();
        let zeros = vec![0; 1 << 20];
        for _ in 0..32 {
            message.write_all(&zeros).unwrap();
        }
        message.finalize().unwrap();
    });
    assert!(bomb.len() < 50_000, "{}", bomb.len());
    for limit_bytes in [1_000, 1 << 20] {
        assert_eq!(opened(&bomb, &key, limit_bytes), Err(OpenError::TooLarge { limit_bytes }));
    }
    assert_eq!(opened(&bomb, &key, 1 << 25), Ok(1 << 25));
}

#[test]
fn nested_bombs_are_not_unpacked() {
    let key = server_key();
    for depth in 2..30 {
        let bomb = sealed_oddly(&key, |mut message| {
            for _ in 0..depth {
                message = Compressor::new(message).algo(CompressionAlgorithm::Zip).build().unwrap();
            }
            let mut message = LiteralWriter::new(message).build().unwrap();
            message.write_all(&vec![0; 100_000]).unwrap();
            message.finalize().unwrap();
        });
        assert_eq!(opened(&bomb, &key, 1 << 20), Err(OpenError::Tampered), "{depth}");
    }
    let encrypted_twice = sealed_oddly(&key, |mut message| {
        let inner = seal(b"form", key.certificate(), SealOptions::default(), clock(NOW)).unwrap();
        message.write_all(&inner).unwrap();
        message.finalize().unwrap();
    });
    assert_eq!(opened(&encrypted_twice, &key, 1 << 20), Err(OpenError::Tampered));
}

#[test]
fn no_other_compression_is_unpacked() {
    let key = server_key();
    for (algorithm, is_opened) in [(0, true), (3, false), (4, false), (110, false), (255, false)] {
        let document = sealed_oddly(&key, |mut message| {
            let packets = literal(b"form");
            let length = u8::try_from(1 + packets.len()).unwrap();
            message.write_all(&[&[0xc8, length, algorithm], packets.as_slice()].concat()).unwrap();
            message.finalize().unwrap();
        });
        let expected = if is_opened { Ok(4) } else { Err(OpenError::Tampered) };
        assert_eq!(opened(&document, &key, 99), expected, "{algorithm}");
    }
}

#[test]
fn crowds_of_packets_are_refused() {
    let key = server_key();
    let inside = |packets: Vec<u8>| {
        sealed_oddly(&key, |message| {
            let mut message = Compressor::new(message).algo(CompressionAlgorithm::Zip).build().unwrap();
            message.write_all(&packets).unwrap();
            message.finalize().unwrap();
        })
    };
    let padding = Packet::from(Padding::new(20).unwrap()).to_vec().unwrap();
    let signature = Packet::from(OnePassSig::from(OnePassSig3::new(SignatureType::Binary))).to_vec().unwrap();
    let some = inside([padding.repeat(SEALED_PACKETS_MAX - 1), literal(b"form")].concat());
    assert_eq!(opened(&some, &key, 99), Ok(4));
    let crowd = inside([padding.repeat(100_000), literal(b"form")].concat());
    assert_eq!(opened(&crowd, &key, 99), Err(OpenError::Tampered));
    let after = inside([literal(b"form"), padding.repeat(100_000)].concat());
    assert!(opened(&after, &key, 99) == Err(OpenError::Tampered));
    let signed = inside([signature, literal(b"form")].concat());
    assert_eq!(opened(&signed, &key, 99), Err(OpenError::Tampered));
    let twice = inside([literal(b"form"), literal(b"form")].concat());
    assert!(opened(&twice, &key, 99) == Err(OpenError::Tampered));
    let nothing = inside(Vec::new());
    assert!(opened(&nothing, &key, 99) == Err(OpenError::Tampered));

    let document = seal(b"form", key.certificate(), SealOptions::default(), clock(NOW)).unwrap();
    let (recipient, data) = document.split_at(2 + usize::from(document[1]));
    let recipients = [recipient.repeat(SEALED_PACKETS_MAX), data.to_vec()].concat();
    assert!(matches!(opened(&recipients, &key, 99), Ok(4) | Err(OpenError::Convoluted)));
    let recipients = [recipient.repeat(10_000), data.to_vec()].concat();
    assert_eq!(opened(&recipients, &key, 99), Err(OpenError::Convoluted));
    assert_eq!(opened(&literal(b"form"), &key, 99), Err(OpenError::NotSealed));
    assert_eq!(opened(b"hello", &key, 99), Err(OpenError::NotSealed));
    assert_eq!(opened(b"", &key, 99), Err(OpenError::NotSealed));
}

#[test]
fn short_encrypted_parts_do_not_reach_the_library() {
    let key = server_key();
    let document = seal(b"form", key.certificate(), SealOptions::default(), clock(NOW)).unwrap();
    let (recipient, data) = document.split_at(2 + usize::from(document[1]));
    for length in 0..data.len() - 2 {
        let short = [recipient, &[0xd2, u8::try_from(length).unwrap()], &data[2..2 + length]].concat();
        assert_eq!(opened(&short, &key, 99), Err(OpenError::Tampered), "{length}");
        if length < 41 {
            let followed = [short.as_slice(), &[0xca, 3], b"PGP", &document].concat();
            assert_eq!(opened(&followed, &key, 99), Err(OpenError::Tampered), "{length}");
        }
        for power in 0xe0..=0xe9 {
            let part = [recipient, &[0xd2, power], &data[2..2 + length]].concat();
            assert!(opened(&part, &key, 99).is_err(), "{length}");
        }
    }
}

#[test]
fn no_mangled_certificate_hurts() {
    let key = server_key();
    let bytes = key.certificate().as_bytes();
    let (text, signature) = signed_receipt(&key, 1);
    let judge = |mangled: &[u8], closely: bool| {
        let Ok(certificate) = Certificate::restore(mangled) else { return };
        if !closely {
            return;
        }
        let _ = certificate.check(clock(NOW));
        if verify::<Receipt>(&text, &signature, &certificate, clock(NOW)).is_ok() {
            assert_eq!(certificate.fingerprint(), key.fingerprint());
        }
        let _ = seal(b"form", &certificate, SealOptions::default(), clock(NOW));
        assert!(
            key.certificate().clone().merge(mangled).is_err()
                || certificate.fingerprint() == key.fingerprint()
        );
    };
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        judge(&flipped, bit % 17 == 0);
    }
    for end in 0..bytes.len() {
        judge(&bytes[..end], true);
        assert!(Certificate::parse(&bytes[..end], clock(NOW)).is_err(), "{end}");
    }
}

#[test]
fn large_and_crowded_certificates_are_judged() {
    let key = server_key();
    let bytes = key.certificate().as_bytes();
    // An RSA key that fills the limit.
    let mut body = vec![4, 0, 0, 0, 1, 1, 0xff, 0xf8];
    body.extend(vec![0xff; 0x1fff]);
    body.extend([0, 17, 1, 0, 1]);
    let mut huge = vec![0xc6, 255];
    huge.extend(u32::try_from(body.len()).unwrap().to_be_bytes());
    huge.extend(body);
    let id = [0xcd, 60].into_iter().chain([b'a'; 60]).collect::<Vec<u8>>();
    let signature = {
        let packets: Vec<Packet> = secret(&key).into_packets().collect();
        packets.iter().find(|packet| matches!(packet, Packet::Signature(_))).unwrap().to_vec().unwrap()
    };
    huge.extend([id.as_slice(), &signature].concat());
    let ids = [bytes, id.repeat(400).as_slice()].concat();
    let signatures = [bytes, id.as_slice(), signature.repeat(200).as_slice()].concat();
    let too_long = CertificateError::Unsupported("a modulus of 65528 bits".into());
    assert_eq!(Certificate::parse(&huge, clock(NOW)).unwrap_err(), too_long);
    for crowd in [&ids, &signatures] {
        assert_eq!(
            Certificate::parse(crowd, clock(NOW)).unwrap().as_bytes(),
            bytes,
            "what nobody signed is left out"
        );
    }
    let many = [bytes, [0xca, 3, b'P', b'G', b'P'].repeat(PACKETS_MAX).as_slice()].concat();
    assert_eq!(Certificate::parse(&many, clock(NOW)).unwrap_err(), CertificateError::TooManyPackets);
}

#[test]
fn what_others_add_to_a_certificate_leaves_no_trace() {
    use sequoia_openpgp::packet::signature::subpacket::{Subpacket, SubpacketValue};
    let key = server_key();
    let mut packets: Vec<Packet> = secret(&key).strip_secret_key_material().into_packets().collect();
    for packet in &mut packets {
        if let Packet::Signature(signature) = packet {
            let junk = SubpacketValue::Unknown { tag: 101.into(), body: vec![7; 900] };
            signature.unhashed_area_mut().add(Subpacket::new(junk, false).unwrap()).unwrap();
        }
    }
    let stuffed: Vec<u8> = packets.iter().flat_map(|packet| packet.to_vec().unwrap()).collect();
    assert!(stuffed.len() > key.certificate().as_bytes().len() + 2_000);
    let mut certificate = key.certificate().clone();
    assert_eq!(certificate.merge(&stuffed), Ok(false));
    assert_eq!(Certificate::restore(&stuffed).unwrap().as_bytes(), key.certificate().as_bytes());
}

//! Engines opened: by whom, over what, and what they remember.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod fixture;

use fixture::{Folder, HOST, NOW, form, options, put, random, read, server_key, set_destination};
use p2psync_bramble::WallClock;
use p2psync_engine::{
    Code, DEVICE_NAME_BYTES_MAX, Error, NewDestination, Options, PasswordCost, Unlock, inspect_certificate,
    verify_receipt, verify_signed_receipt,
};
use p2psync_model::{DestinationError, GroupId, Receipt, Signed, UrlError};
use p2psync_seal::{BUILD_DATE_SECONDS, CertificateError, ServerKey, VerifyError, sign};

#[test]
fn a_device_stays_who_it_is() {
    let folder = Folder::new("identity");
    let opened = folder.try_open(&options()).unwrap();
    assert!(opened.created && opened.rescue.is_none());
    let (id, name) = (opened.engine.device_id(), opened.engine.device_name().to_owned());
    assert_eq!(name.split(' ').count(), 2);
    opened.engine.close().unwrap();
    let renamed = Options { device_name: Some("Base camp"), ..options() };
    let opened = folder.try_open(&renamed).unwrap();
    assert!(!opened.created);
    assert_eq!((opened.engine.device_id(), opened.engine.device_name()), (id, "Base camp"));
    opened.engine.close().unwrap();
    assert_eq!(folder.open().device_name(), "Base camp");
    for name in [String::new(), "x".repeat(DEVICE_NAME_BYTES_MAX + 1)] {
        let refused = folder.try_open(&Options { device_name: Some(&name), ..options() }).unwrap_err();
        assert_eq!(refused, Error::OutOfBounds("the device's name"));
    }
}

#[test]
fn passwords_are_asked_for_checked_and_changed() {
    let folder = Folder::new("password");
    let with = |unlock| Options { unlock, ..options() };
    let mut engine = folder.try_open(&with(Unlock::Password("one"))).unwrap().engine;
    let id = put(&mut engine, &form(), b"kept", 1).unwrap().id;
    assert_eq!(engine.verify_unlock(&Unlock::Password("two")), Err(Error::WrongKey));
    assert_eq!(folder.try_open(&options()).unwrap_err(), Error::InUse);
    engine.close().unwrap();
    assert_eq!(folder.try_open(&options()).unwrap_err(), Error::PasswordRequired);
    assert_eq!(folder.try_open(&with(Unlock::Password("two"))).unwrap_err().code(), Code::WrongPassword);
    let mut engine = folder.try_open(&with(Unlock::Password("one"))).unwrap().engine;
    engine.set_unlock(&Unlock::Host(&HOST), PasswordCost::FLOOR, &mut random(1)).unwrap();
    engine.close().unwrap();
    let refused = folder.try_open(&with(Unlock::Password("one"))).unwrap_err();
    assert_eq!(refused, Error::OtherKeyNeeded("the device's key alone"));
    assert_eq!(read(&folder.open(), &id).unwrap(), b"kept");
}

#[test]
fn a_store_belongs_to_one_deployment() {
    let folder = Folder::new("deployment");
    folder.open().close().unwrap();
    let other = Options { group: GroupId::from_bytes([2; 32]), ..options() };
    assert_eq!(folder.try_open(&other).unwrap_err(), Error::OtherDeployment);
}

#[test]
fn a_wipe_leaves_nothing() {
    let folder = Folder::new("wipe");
    let mut engine = folder.open();
    put(&mut engine, &form(), b"gone", 1).unwrap();
    let id = engine.device_id();
    engine.wipe().unwrap();
    assert!(folder.is_empty());
    let opened = Options { device_name: None, ..options() };
    let engine = p2psync_engine::Engine::open(folder.place(), &opened, &mut random(77)).unwrap().engine;
    assert_ne!(engine.device_id(), id);
}

#[test]
fn a_destination_is_checked_remembered_and_forgotten() {
    let folder = Folder::new("destination");
    let mut engine = folder.open();
    let key = server_key();
    let good = NewDestination {
        url: "HTTPS://Eden.example.org:443/",
        certificate: key.certificate().as_bytes(),
        token: Some("abc"),
        tls_pins: &[[1; 32]],
    };
    let secret = key.to_bytes().unwrap();
    let mut refused =
        |new: NewDestination<'_>| engine.set_destination(&new, NOW, &mut random(1)).unwrap_err();
    assert_eq!(refused(NewDestination { url: "http://a.org", ..good }), Error::Url(UrlError::NotHttps));
    let secret = refused(NewDestination { certificate: &secret, ..good });
    assert_eq!(secret, Error::Certificate(CertificateError::SecretKey));
    assert_eq!(refused(NewDestination { token: Some(" "), ..good }), DestinationError::Token.into());
    let pins = &[[1; 32], [1; 32]];
    assert_eq!(refused(NewDestination { tls_pins: pins, ..good }), DestinationError::TlsPins.into());
    assert!(engine.destination(NOW).is_none());
    let summary = engine.set_destination(&good, NOW, &mut random(1)).unwrap();
    assert_eq!(summary, inspect_certificate(key.certificate().as_bytes(), NOW).unwrap());
    assert!(summary.can_encrypt && summary.user_id == "Eden <eden@example.org>");
    engine.close().unwrap();
    let mut engine = folder.open();
    let (url, restored) = engine.destination(NOW).unwrap();
    assert_eq!((url.as_str(), restored), ("https://eden.example.org", summary));
    let late = engine.destination(WallClock(NOW.0 + 400 * 86_400_000)).unwrap().1;
    assert!(!late.can_encrypt);
    engine.clear_destination(&mut random(1)).unwrap();
    engine.close().unwrap();
    assert!(folder.open().destination(NOW).is_none());
}

#[test]
fn receipts_are_verified_in_both_forms() {
    let folder = Folder::new("receipt");
    let mut engine = folder.open();
    let id = put(&mut engine, &form(), b"form", 1).unwrap().id;
    let key = server_key();
    let receipt = Receipt::new(key.fingerprint(), 0, BUILD_DATE_SECONDS + 86_400, vec![id]).unwrap();
    let (text, signature) = (receipt.text(), sign(&receipt, &key).unwrap());
    let certificate = key.certificate().as_bytes();
    assert_eq!(verify_receipt(&text, &signature, certificate, NOW), Ok(receipt.clone()));
    let signed = Signed::new(receipt.clone(), signature.clone()).unwrap().encode();
    assert_eq!(verify_signed_receipt(&signed, certificate, NOW), Ok(receipt.clone()));
    assert_eq!(verify_signed_receipt(&text, certificate, NOW).unwrap_err().code(), Code::ConfirmationInvalid);
    assert_eq!(engine.verify_receipt(&text, &signature, NOW), Err(Error::NoDestination));
    set_destination(&mut engine, &key);
    assert_eq!(engine.verify_receipt(&text, &signature, NOW), Ok(receipt));
    let other = ServerKey::generate("Mallory", WallClock(BUILD_DATE_SECONDS * 1_000), None).unwrap();
    let refused = verify_receipt(&text, &signature, other.certificate().as_bytes(), NOW).unwrap_err();
    assert!(matches!(refused, Error::Receipt(VerifyError::Signature(_))), "{refused}");
    let mut altered = text;
    altered[30] ^= 1;
    assert_eq!(
        engine.verify_receipt(&altered, &signature, NOW).unwrap_err().code(),
        Code::ConfirmationInvalid
    );
}

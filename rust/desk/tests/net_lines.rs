//! The lines of JSON: what is no request, what comes out of turn, and what each method answers.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod desk;
mod rpc;

use rpc::Device;
use serde_json::{Value, json};

#[test]
fn requests_that_make_no_sense_are_answered() {
    let mut device = Device::new("lines-bad");
    for (method, args, code) in [
        ("fly", json!({}), "UNIMPLEMENTED"),
        ("getStatus", json!({"more": 1}), "INVALID_ARGUMENT"),
        ("getDocument", json!({"id": "00"}), "INVALID_ARGUMENT"),
        ("getDocument", json!({"id": "0".repeat(64)}), "NOT_FOUND"),
        ("putDocument", json!({"contentType": "text/plain"}), "INVALID_ARGUMENT"),
        (
            "putDocument",
            json!({"contentType": "text/plain", "text": "a", "base64": "YQ=="}),
            "INVALID_ARGUMENT",
        ),
        ("putDocument", json!({"contentType": "text/plain", "base64": "?"}), "INVALID_ARGUMENT"),
        (
            "putDocument",
            json!({"contentType": "a/b", "text": "a", "metadata": {"x": []}}),
            "INVALID_ARGUMENT",
        ),
        ("putDocument", json!({"contentType": "a/b", "uri": "missing"}), "INVALID_ARGUMENT"),
        ("listDocuments", json!({"state": ["partial"]}), "INVALID_ARGUMENT"),
        ("startDiscovery", json!({"transports": ["pigeon"]}), "INVALID_ARGUMENT"),
        ("submitPairingCode", json!({"text": "hello"}), "CODE_OTHER_APP"),
        ("confirmPeer", json!({"peerId": "found-9", "verdict": "match"}), "NOT_FOUND"),
        ("connect", json!({"peerId": "found-9"}), "PEER_LOST"),
        ("forgetPeer", json!({"peerId": "0".repeat(64)}), "NOT_FOUND"),
        ("dialAddress", json!({"address": "here"}), "INVALID_ARGUMENT"),
        ("open", json!({"password": 5}), "INVALID_ARGUMENT"),
    ] {
        assert_eq!(device.fails(method, args.clone()), code, "{method} {args}");
    }
    for line in
        ["hello", "[]", "{\"id\":1}", &format!("{{\"call\":\"{}\"", "x".repeat(100_000)), "{\"call\":7}"]
    {
        device.send(line);
    }
    device.send("");
    assert_eq!(device.done("listPeers", json!({})), json!({"peers": []}), "and it goes on");
}

#[test]
fn a_store_is_opened_closed_and_opened_again() {
    let mut device = Device::new("lines-open");
    let id = device.put("kept");
    assert_eq!(device.done("open", json!({}))["created"], false, "it is open already");
    device.done("close", json!({}));
    device.done("close", json!({}));
    for method in ["getStatus", "listAddresses", "startDiscovery"] {
        assert_eq!(device.fails(method, json!({})), "NOT_OPEN");
    }
    let before = device.id.clone();
    let opened = device.done("open", json!({"deviceName": "Base camp"}));
    assert_eq!((&opened["deviceId"], &opened["deviceName"]), (&json!(before), &json!("Base camp")));
    assert_eq!(device.read(&id), "kept");
    device.stop();
}

#[test]
fn documents_are_put_described_shared_and_deleted() {
    let mut device = Device::new("lines-documents");
    let put = json!({
        "contentType": "application/json", "base64": "eyJhIjoxfQ==", "metadata": {"n": 7, "ok": true}, "author": "anna",
        "priority": "high", "expiresAt": "2099-01-01", "shared": false,
    });
    let done = device.done("putDocument", put.clone());
    assert_eq!((&done["created"], &done["size"]), (&json!(true), &json!(7)));
    assert_eq!(device.done("putDocument", put)["created"], false);
    let id = done["id"].as_str().unwrap().to_owned();
    let photo = device.put_file("roof.jpg", &desk::noise(100_000, 1));
    let attached = json!([{"id": photo, "name": "roof.jpg", "contentType": "image/jpeg", "size": 100_000}]);
    let with = json!({"contentType": "text/plain", "text": "see", "attachments": attached, "parents": [id]});
    let with = device.done("putDocument", with)["id"].clone();
    assert_eq!(device.done("getDocument", json!({"id": with}))["attachments"], attached);
    let found = device.done("listDocuments", json!({"metadata": {"n": 7}, "origin": "local"}));
    assert_eq!((found["documents"].as_array().unwrap().len(), &found["documents"][0]["id"]), (1, &json!(id)));
    device.done("setShared", json!({"ids": [id], "shared": true}));
    assert_eq!(device.done("getDocument", json!({"id": id}))["shared"], true);
    assert_eq!(device.read(&id), "{\"a\":1}");
    assert_eq!(device.fails("readDocument", json!({"id": photo, "as": "text"})), "INVALID_ARGUMENT");
    assert!(device.read_file(&photo) == desk::noise(100_000, 1));
    let deleted = device.done("deleteDocuments", json!({"ids": [id, photo], "block": true}));
    assert_eq!(deleted, json!({"deleted": 2, "unconfirmed": 2}));
    assert_eq!(device.ids(), [with.as_str().unwrap()]);
    assert_eq!(device.done("check", json!({"full": true}))["ok"], true);
}

#[test]
fn at_rest_nothing_is_listened_on_and_nothing_is_said() {
    let mut device = Device::new("lines-rest");
    let is_active = |status: &Value| status["active"] == true;
    assert!(!is_active(&device.done("getStatus", json!({}))));
    device.discover();
    assert!(is_active(&device.wait("statusChanged", |_| true)));
    let address = device.address();
    assert!(std::net::TcpStream::connect(address).is_ok());
    device.done("deactivate", json!({}));
    device.wait("statusChanged", |status| status["active"] == false);
    assert!(std::net::TcpStream::connect(address).is_err());
    let transports = device.done("getStatus", json!({}))["transports"].clone();
    assert_eq!((&transports["lan"], &transports["bluetooth"]), (&json!("on"), &json!("unavailable")));
}

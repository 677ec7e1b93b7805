//! Devices that are processes of their own: they pair, meet, sync, stop, are killed, and end with the same documents.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod desk;
mod rpc;

use desk::noise;
use rpc::Device;
use serde_json::json;

#[test]
fn two_pair_by_code_and_sync_both_ways() {
    let (mut anna, mut berta) = (Device::new("pair-anna"), Device::new("pair-berta"));
    let form = anna.put("household 7");
    let photo = berta.put_file("roof.jpg", &noise(3_000_000, 1));
    anna.pair(&mut berta);
    meet(&mut anna, &mut berta);
    for (one, other) in [(&anna, &berta), (&berta, &anna)] {
        let word = one.wait_for_word(&other.id);
        assert_eq!(
            (&word["word"], &word["sent"], &word["received"]),
            (&json!("upToDate"), &json!(1), &json!(1))
        );
    }
    assert_eq!(berta.read(&form), "household 7");
    assert!(anna.read_file(&photo) == noise(3_000_000, 1));
    assert_eq!(anna.done("getDocument", json!({"id": photo}))["origin"], "peer");
    assert_eq!(berta.done("getDocument", json!({"id": photo}))["copies"], 1);
    // What comes later goes over at once.
    let later = berta.put("later");
    anna.wait_until_it_has(&[later]);
}

#[test]
fn what_was_met_is_written_down_and_met_again_after_a_restart() {
    let (mut anna, mut berta) = (Device::new("again-anna"), Device::new("again-berta"));
    anna.pair(&mut berta);
    meet(&mut anna, &mut berta);
    anna.wait_for_word(&berta.id);
    berta.wait_for_word(&anna.id);
    berta.stop();
    anna.wait("peersChanged", |near| {
        near["peers"].as_array().unwrap().iter().all(|peer| peer["state"] != "connected")
    });
    let form = anna.put("while she was away");
    berta.restart();
    meet(&mut anna, &mut berta);
    berta.wait_until_it_has(&[form]);
    assert_eq!(berta.wait_for_word(&anna.id)["word"], "upToDate");
    let entries = berta.done("getHistory", json!({}))["entries"].clone();
    let outcome = |entry: &serde_json::Value| (entry["kind"].clone(), entry["outcome"].clone());
    let entries = entries.as_array().unwrap();
    assert_eq!(outcome(entries.first().unwrap()), (json!("sync"), json!("nothingNew")), "{entries:?}");
    assert_eq!(outcome(entries.last().unwrap()), (json!("pairing"), json!("authenticated")), "{entries:?}");
    let peers = berta.done("listPeers", json!({}));
    assert_eq!(
        (&peers["peers"][0]["peerId"], &peers["peers"][0]["authenticated"]),
        (&json!(anna.id), &json!(true))
    );
}

#[test]
fn forms_travel_two_hops() {
    let [mut anna, mut berta, mut carla] = ["hops-anna", "hops-berta", "hops-carla"].map(Device::new);
    let forms: Vec<_> = (0..20).map(|number| anna.put(&format!("form {number}"))).collect();
    let photo = anna.put_file("bridge.jpg", &noise(700_000, 2));
    anna.pair(&mut berta);
    berta.pair(&mut carla);
    meet(&mut anna, &mut berta);
    berta.wait_for_word(&anna.id);
    anna.stop();
    meet(&mut berta, &mut carla);
    let all = [forms, vec![photo.clone()]].concat();
    carla.wait_until_it_has(&all);
    assert_eq!(carla.read(&all[7]), "form 7");
    assert!(carla.read_file(&photo) == noise(700_000, 2));
    assert_eq!(carla.wait_for_word(&berta.id)["received"], 21);
}

#[test]
fn a_form_overtakes_photos() {
    let (mut anna, mut berta) = (Device::new("first-anna"), Device::new("first-berta"));
    let photos: Vec<_> =
        (0..10).map(|number| anna.put_file(&format!("{number}.jpg"), &noise(3_000_000, number))).collect();
    anna.pair(&mut berta);
    meet(&mut anna, &mut berta);
    berta.wait("documentsReceived", |_| true);
    let form = anna.put("urgent");
    berta.wait("documentsReceived", |told| told["ids"].as_array().unwrap().contains(&json!(form)));
    let here = berta.ids().len();
    assert!(here < photos.len(), "the form came with {} photos", here - 1);
    berta.wait_until_it_has(&photos);
}

#[test]
fn a_kill_in_the_middle_loses_nothing() {
    let (mut anna, mut berta) = (Device::new("kill-anna"), Device::new("kill-berta"));
    let mut all: Vec<_> =
        (0..6).map(|number| anna.put_file(&format!("{number}.jpg"), &noise(1_500_000, number))).collect();
    all.extend((0..30).map(|number| berta.put(&format!("form {number}"))));
    all.sort_unstable();
    anna.pair(&mut berta);
    for round in 0..4 {
        meet(&mut anna, &mut berta);
        // Something is under way, and then it is not.
        berta.wait("progress", |progress| {
            progress["receiving"]["documentsTotal"] != 0 || progress["done"] == true
        });
        let killed = if round % 2 == 0 { &mut berta } else { &mut anna };
        killed.kill();
        killed.restart();
    }
    meet(&mut anna, &mut berta);
    anna.wait_until_it_has(&all);
    berta.wait_until_it_has(&all);
    assert_eq!((anna.ids(), berta.ids()), (all.clone(), all));
}

#[test]
fn a_file_carries_documents_to_a_peer_and_to_nobody_else() {
    let [mut anna, mut berta, mut carla] = ["file-anna", "file-berta", "file-carla"].map(Device::new);
    assert_eq!(anna.fails("exportBundle", json!({"uri": anna.desk.path("none")})), "NOT_FOUND");
    anna.pair(&mut berta);
    for device in [&mut anna, &mut berta] {
        device.done("deactivate", json!({}));
    }
    let form = anna.put("by card");
    let photo = anna.put_file("card.jpg", &noise(200_000, 3));
    let card = anna.desk.path("card");
    let written = anna.done("exportBundle", json!({"uri": card}));
    assert_eq!((&written["documents"], &written["peers"]), (&json!(2), &json!(1)));
    for new in [2, 0] {
        let taken = berta.done("importBundle", json!({"uri": card}));
        assert_eq!(
            (&taken["documents"], &taken["already"], &taken["peerId"]),
            (&json!(new), &json!(2 - new), &json!(anna.id))
        );
    }
    assert_eq!(berta.read(&form), "by card");
    assert!(berta.read_file(&photo) == noise(200_000, 3));
    let error = carla.fails("importBundle", json!({"uri": card}));
    assert_ne!(error, "INTERNAL");
    assert!(carla.ids().is_empty());
    // By hand: cut, then whole.
    berta.stop();
    let whole = std::fs::read(&card).unwrap();
    let cut = berta.desk.write("cut", &whole[..whole.len() / 2]);
    assert_eq!(berta.desk.run(&[std::path::Path::new("bundle"), "import".as_ref(), &cut]).code, Some(1));
    let said = berta.desk.done(&[std::path::Path::new("bundle"), "import".as_ref(), &card]);
    assert!(said.ends_with("0 documents new, 2 here before"), "{said}");
    let said = berta.desk.done(&["bundle", "export", "back"]);
    assert!(said.starts_with("2 documents in ") && said.ends_with(", for 1 peer"), "{said}");
}

/// Both look for others, and one knows where the other is.
fn meet(one: &mut Device, other: &mut Device) {
    other.discover();
    let address = other.address();
    one.discover();
    one.dial(address, &other.id.clone());
}

//! Stores by hand: made, opened with the right password and refused with the wrong one, damaged, saved, wiped.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod desk;

use desk::{Desk, noise, server_key};
use serde_json::json;

#[test]
fn a_store_is_made_once() {
    let desk = Desk::new("init");
    for command in ["status", "list", "check"] {
        assert_eq!(desk.fails(&[command]), (1, "NOT_FOUND".into()));
    }
    assert!(!desk.home().exists(), "nothing is made by looking");
    let made = desk.run(&["init", "--no-password", "--name", "Base camp", "--json"]).json();
    let id = made["deviceId"].clone();
    assert_eq!(made, json!({"created": true, "deviceId": id, "deviceName": "Base camp"}));
    let again = desk.run(&["init", "--json"]).json();
    assert_eq!(again, json!({"created": false, "deviceId": id, "deviceName": "Base camp"}));
    assert!(desk.done(&["init", "--name", "Tent 2"]).contains("This device is Tent 2, "));
}

#[cfg(unix)]
#[test]
fn the_key_is_for_this_user_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let desk = Desk::with_store("keyfile");
    let key = desk.home().join("key");
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&key), mode(&desk.home())), (0o600, 0o700));
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o640)).unwrap();
    assert_eq!(desk.fails(&["status"]), (1, "INVALID_ARGUMENT".into()));
    assert!(desk.run(&["status"]).error.contains("chmod 600"));
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    desk.done(&["status"]);
    std::fs::write(&key, [0; 32]).unwrap();
    assert_eq!(desk.fails(&["status"]), (1, "WRONG_PASSWORD".into()));
    std::fs::write(&key, [0; 31]).unwrap();
    assert_eq!(desk.fails(&["status"]), (1, "INVALID_ARGUMENT".into()));
}

#[test]
fn a_password_opens_the_store_and_nothing_else_does() {
    let desk = Desk::new("password");
    desk.write("password", b"correct horse\nnot this line\n");
    assert_eq!(desk.fails(&["init"]), (1, "PASSWORD_REQUIRED".into()));
    let empty = desk.run_with_password("", &["init"]);
    assert_eq!(empty.code, Some(1), "{empty:?}");
    assert!(!desk.store().exists());
    assert_eq!(desk.run_with_password("correct horse", &["init"]).code, Some(0));
    assert!(!desk.home().join("key").exists());
    desk.done(&["status", "--password-file", "password"]);
    assert_eq!(desk.fails(&["status"]), (1, "PASSWORD_REQUIRED".into()));
    let wrong = desk.run_with_password("correct horses", &["status", "--json"]);
    assert_eq!((wrong.code, wrong.json()["error"]["code"].as_str()), (Some(1), Some("WRONG_PASSWORD")));
    assert_eq!(
        std::fs::read_dir(desk.home()).unwrap().count(),
        1,
        "nothing is set aside for a wrong password"
    );
}

#[test]
fn a_password_is_changed_dropped_and_taken_again() {
    let desk = Desk::with_store("change");
    desk.write("a", b"kept");
    let id = desk.done(&["put", "a"]);
    desk.write("new", b"one");
    desk.done(&["password", "--new", "new"]);
    assert!(!desk.home().join("key").exists());
    assert_eq!(desk.fails(&["get", &id]), (1, "PASSWORD_REQUIRED".into()));
    let said = desk.run_with_password("one", &["password", "--none", "--json"]);
    assert_eq!(said.json(), json!({"openedBy": "key"}));
    assert_eq!(desk.done(&["get", &id]), "kept");
    // As if the change to a password had been cut off before the key went.
    let key = std::fs::read(desk.home().join("key")).unwrap();
    desk.done(&["password", "--new", "new"]);
    let path = desk.home().join("key");
    std::fs::write(&path, key).unwrap();
    #[cfg(unix)]
    std::fs::set_permissions(
        &path,
        <std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o600),
    )
    .unwrap();
    assert_eq!(desk.run_with_password("one", &["get", &id]).text(), "kept");
}

#[test]
fn damage_is_found_told_and_saved_from() {
    let desk = Desk::with_store("damage");
    let names: Vec<String> = (0..12).map(|number| format!("{number}.bin")).collect();
    for (seed, name) in (0..).zip(&names) {
        desk.write(name, &noise(60_000, seed));
    }
    let arguments: Vec<&str> = ["put"].into_iter().chain(names.iter().map(String::as_str)).collect();
    let ids = desk.done(&arguments);
    assert!(desk.done(&["check", "--full"]).starts_with("no damage was found."));
    assert_eq!(desk.run(&["check", "--json"]).json(), json!({"ok": true, "rows": 0, "damage": []}));
    let mut bytes = std::fs::read(desk.store()).unwrap();
    let middle = bytes.len() * 2 / 3;
    bytes[middle..middle + 3_000].fill(0x55);
    std::fs::write(desk.store(), &bytes).unwrap();

    let told = desk.run(&["check", "--full", "--json"]);
    assert_eq!((told.code, told.json()["ok"].as_bool()), (Some(1), Some(false)));
    let said = desk.run(&["check", "--full"]);
    assert!(said.text().starts_with("DAMAGED.") && said.error.contains("--rescue"), "{said:?}");
    let unreadable = ids.lines().filter(|id| desk.run(&["get", id]).code == Some(1)).count();
    assert!((1..=3).contains(&unreadable), "{unreadable}");
    let saved = desk.run(&["check", "--full", "--rescue", "--json"]);
    assert_eq!(saved.code, Some(0), "{saved:?}");
    assert_eq!(saved.json()["rescue"]["keyLost"], false);
    assert!(std::path::Path::new(saved.json()["rescue"]["setAsideAs"].as_str().unwrap()).exists());
    assert!(desk.done(&["check", "--full"]).starts_with("no damage was found."));
    let readable = ids.lines().zip(&names).filter(|(id, name)| desk.run(&["get", id]).out == desk.read(name));
    assert_eq!(readable.count(), names.len() - unreadable);
}

#[test]
fn files_of_others_and_newer_stores_are_left_as_they_are() {
    let desk = Desk::with_store("foreign");
    for (application, version, code) in [(b"P2PS", 2, "STORE_TOO_NEW"), (b"ABCD", 1, "INVALID_ARGUMENT")] {
        let file = empty_database(*application, version);
        std::fs::write(desk.store(), &file).unwrap();
        for command in ["status", "init"] {
            assert_eq!(desk.fails(&[command]), (1, code.into()));
        }
        assert_eq!(std::fs::read(desk.store()).unwrap(), file);
    }
}

/// One page of SQLite's format, without tables.
fn empty_database(application: [u8; 4], version: u8) -> Vec<u8> {
    let mut page = vec![0; 16_384];
    page[..16].copy_from_slice(b"SQLite format 3\0");
    page[16..24].copy_from_slice(&[64, 0, 1, 1, 0, 64, 32, 32]);
    for (place, byte) in [(27, 1), (31, 1), (47, 4), (59, 1), (63, version), (95, 1), (100, 13), (105, 64)] {
        page[place] = byte;
    }
    page[68..72].copy_from_slice(&application);
    page
}

#[test]
fn no_byte_of_the_folder_shows_what_was_put() {
    const MARKS: [&str; 7] =
        ["bodymark", "metamark", "namemark", "authormark", "devicemark", "hostmark", "typemark"];
    let desk = Desk::new("plain");
    desk.done(&["init", "--no-password", "--name", "devicemark"]);
    desk.write("cert", server_key().certificate().as_bytes());
    desk.done(&["destination", "--url", "https://hostmark.example.org", "--cert", "cert"]);
    let body = format!("bodymark {}", "x".repeat(100_000));
    desk.write("namemark.json", body.as_bytes());
    let entries = ["--meta", "metamark=metamark", "--author", "authormark", "--attach", "namemark.json"];
    for sealed in ["--seal", "--no-seal"] {
        let put = ["put", "namemark.json", "--type", "text/typemark", sealed];
        let id = desk.done(&[&put[..], &entries].concat());
        let told = desk.done(&["get", &id, "--info"]);
        assert!(["metamark", "authormark", "namemark", "typemark"].iter().all(|mark| told.contains(mark)));
    }
    let mut files = 0;
    for file in std::fs::read_dir(desk.home()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        files += 1;
        for mark in MARKS {
            let holds = |bytes: &[u8]| bytes.windows(mark.len()).any(|window| window == mark.as_bytes());
            assert!(!holds(&bytes), "{mark} can be read");
            assert!(holds(&[&bytes, mark.as_bytes()].concat()), "and would be found");
        }
    }
    assert_eq!(files, 2, "the store and the key");
}

#[test]
fn two_at_once_do_not_meet() {
    let desk = Desk::with_store("twice");
    desk.write("a", b"a");
    let first = desk.done(&["put", "a"]);
    // It puts one file, says so, and then reads standard input with the store open.
    let mut holder = desk.command();
    holder.args(["put", "a", "-"]).stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    let mut holder = holder.stderr(std::process::Stdio::null()).spawn().unwrap();
    let mut said = std::io::BufReader::new(holder.stdout.take().unwrap());
    let mut line = String::new();
    std::io::BufRead::read_line(&mut said, &mut line).unwrap();
    assert_eq!(line.trim(), first);
    assert_eq!(desk.fails(&["status"]), (1, "BUSY".into()));
    drop(holder.stdin.take());
    assert!(holder.wait().unwrap().success());
    desk.done(&["status"]);
}

#[test]
fn a_wipe_asks_and_leaves_nothing() {
    let desk = Desk::with_store("wipe");
    desk.write("a", b"a");
    desk.done(&["put", "a"]);
    assert_eq!(desk.fails(&["wipe"]), (1, "INVALID_ARGUMENT".into()));
    assert!(desk.run(&["wipe"]).error.contains("nothing was destroyed; documents that are nowhere else: 1"));
    assert_eq!(desk.done(&["wipe", "--yes"]), "everything was destroyed");
    assert_eq!(std::fs::read_dir(desk.home()).unwrap().count(), 0);
    assert_eq!(desk.fails(&["status"]), (1, "NOT_FOUND".into()));
}

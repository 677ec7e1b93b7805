//! Documents by hand: put, got, listed, deleted, and what is told to programs of each.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod desk;

use desk::{Desk, noise};
use serde_json::json;

#[test]
fn a_document_goes_in_and_comes_out() {
    let desk = Desk::with_store("roundtrip");
    for (name, content) in
        [("form.json", b"{\"a\": 1}\n".to_vec()), ("photo.jpg", noise(4_000_000, 1)), ("empty", Vec::new())]
    {
        desk.write(name, &content);
        let id = desk.done(&["put", name]);
        assert_eq!(id.len(), 64);
        assert!(desk.run(&["get", &id]).out == content, "{name} to standard output");
        assert_eq!(desk.done(&["get", id.split_at(12).0, "-o", "out"]), "");
        assert!(desk.read("out") == content, "{name} to a file");
        std::fs::remove_file(desk.path("out")).unwrap();
    }
    let id = desk.run_with_input(&["put", "--type", "text/plain"], b"typed").text().to_owned();
    assert_eq!(desk.run(&["get", &id]).out, b"typed");
}

#[test]
fn many_files_are_put_and_each_id_is_said_in_order() {
    let desk = Desk::with_store("many");
    let names: Vec<String> = (0..20).map(|number| format!("{number}.txt")).collect();
    for name in &names {
        desk.write(name, name.as_bytes());
    }
    let arguments: Vec<&str> = ["put"].into_iter().chain(names.iter().map(String::as_str)).collect();
    let ids = desk.done(&arguments);
    for (name, id) in names.iter().zip(ids.lines()) {
        assert_eq!(desk.done(&["get", id]), *name);
    }
    let again = desk.run(&arguments);
    assert_eq!(again.text(), ids, "the same again has the same ids");
    assert!(again.error.contains("0.txt was here already"));
    desk.write("21.txt", b"after");
    let said = desk.run(&["put", "0.txt", "missing.txt", "21.txt"]);
    assert_eq!((said.code, said.text()), (Some(1), ids.lines().next().unwrap()), "up to the one that fails");
}

#[test]
fn what_is_put_is_described_to_programs() {
    let desk = Desk::with_store("described");
    desk.write("roof.jpg", &noise(100_000, 2));
    desk.write("form.json", b"{}");
    let first = desk.done(&["put", "roof.jpg"]);
    let put = ["put", "form.json", "--json", "--meta", "c=cap", "--meta", "n:=7", "--meta", "ok:=true"];
    let more = [
        "--author",
        "anna@example.org",
        "--attach",
        "roof.jpg",
        "--parent",
        first.split_at(10).0,
        "--unshared",
    ];
    let said = desk.run(&[&put[..], &more, &["--priority", "high", "--expires", "30d"]].concat()).json();
    let id = said["id"].as_str().unwrap();
    assert_eq!(said, json!({"id": id, "created": true, "size": 2, "encrypted": false}));
    let mut info = desk.run(&["get", id, "--json"]).json();
    let created = info.as_object_mut().unwrap().remove("createdAt").unwrap();
    assert_eq!(created.as_str().unwrap().len(), "2026-11-21T14:15:33.123Z".len());
    let mut attachments = info.as_object_mut().unwrap().remove("attachments").unwrap();
    let attached = attachments[0].as_object_mut().unwrap().remove("id").unwrap();
    assert_ne!(attached.as_str(), Some(first.as_str()), "it has an author, so it is another document");
    assert_eq!(attachments, json!([{"name": "roof.jpg", "contentType": "image/jpeg", "size": 100_000}]));
    let expected = json!({
        "id": id, "contentType": "application/json", "size": 2, "origin": "local", "encrypted": false,
        "shared": false, "state": "stored", "copies": 0, "author": "anna@example.org",
        "metadata": {"c": "cap", "n": 7, "ok": true},
    });
    assert_eq!(info, expected);
    let text = desk.done(&["get", id, "--info"]);
    for part in
        ["author    anna@example.org", "meta      c=cap", "attached  roof.jpg, 100 kB", "shared    no"]
    {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn lists_are_filtered_paged_and_readable() {
    let desk = Desk::with_store("list");
    assert_eq!(desk.done(&["list"]), "no documents");
    for number in 0..5 {
        let (name, entry) = (format!("{number}.txt"), format!("n:={number}"));
        desk.write(&name, name.as_bytes());
        desk.done(&["put", &name, "--meta", &entry, "--meta", "kind=note"]);
    }
    desk.write("photo.png", &noise(2_500, 1));
    let photo = desk.done(&["put", "photo.png"]);
    let table = desk.done(&["list"]);
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 7);
    assert_eq!(
        lines[0].split_whitespace().collect::<Vec<_>>(),
        ["ID", "STATE", "FROM", "SIZE", "MADE", "TYPE"]
    );
    assert!(
        lines[1].starts_with(photo.split_at(16).0)
            && lines[1].contains("2.5 kB")
            && lines[1].ends_with("image/png")
    );
    let count = |arguments: &[&str]| {
        let all = [&["list", "--json"], arguments].concat();
        desk.run(&all).json()["documents"].as_array().unwrap().len()
    };
    assert_eq!(count(&["--type", "text/plain"]), 5);
    assert_eq!(count(&["--meta", "kind=note", "--meta", "n:=3"]), 1);
    assert_eq!(count(&["--meta", "n=3"]), 0, "a text is no number");
    assert_eq!(count(&["--from", "peer"]), 0);
    assert_eq!(count(&["--state", "stored", "--state", "confirmed"]), 6);
    assert_eq!(count(&["--state", "confirmed"]), 0);
    let page = desk.run(&["list", "--json", "--limit", "4"]).json();
    let rest =
        desk.run(&["list", "--json", "--limit", "4", "--after", page["next"].as_str().unwrap()]).json();
    assert_eq!(
        (page["documents"].as_array().unwrap().len(), rest["documents"].as_array().unwrap().len()),
        (4, 2)
    );
    assert_eq!(rest.get("next"), None);
}

#[test]
fn deleting_asks_about_what_is_nowhere_else() {
    let desk = Desk::with_store("delete");
    desk.write("a", b"a");
    desk.write("b", b"b");
    let ids = desk.done(&["put", "a", "b"]);
    let [first, second] = ids.lines().collect::<Vec<_>>()[..] else { panic!("two ids") };
    assert_eq!(desk.fails(&["delete", first]), (1, "INVALID_ARGUMENT".into()));
    assert_eq!(desk.done(&["get", first]), "a");
    let deleted = desk.run(&["delete", first, first.split_at(8).0, "--yes", "--json"]).json();
    assert_eq!(deleted, json!({"deleted": 1, "unconfirmed": 1}));
    assert_eq!(desk.fails(&["get", first]), (1, "NOT_FOUND".into()));
    assert_eq!(desk.fails(&["delete", first, "--yes"]), (1, "NOT_FOUND".into()));
    assert_eq!(
        desk.done(&["delete", second, "--block", "--yes"]),
        "deleted: 1 document, 1 of them unconfirmed"
    );
    assert!(desk.done(&["status"]).contains("safe to wipe  yes"));
}

#[test]
fn status_counts_and_warns() {
    let desk = Desk::with_store("status");
    desk.write("a", &noise(1_000, 1));
    desk.done(&["put", "a"]);
    let status = desk.run(&["status", "--json"]).json();
    let bytes = status["documents"]["bytes"].as_u64().unwrap();
    assert!((1_000..1_500).contains(&bytes));
    let expected = json!({
        "documents": {"own": 1, "received": 0, "waiting": 1, "confirmed": 0, "bytes": bytes},
        "onlyHere": {"own": 1, "received": 0}, "safeToWipe": false, "destination": "none",
    });
    assert_eq!(status, expected);
    assert!(
        desk.done(&["status"]).contains("safe to wipe  NO: 1 made here and 0 of others are nowhere else")
    );
}

#[test]
fn nothing_is_overwritten_and_half_a_file_is_not_left() {
    let desk = Desk::with_store("files");
    desk.write("a", b"new");
    let id = desk.done(&["put", "a"]);
    desk.write("kept", b"old");
    assert_eq!(desk.fails(&["get", &id, "-o", "kept"]), (1, "INVALID_ARGUMENT".into()));
    assert_eq!(desk.read("kept"), b"old");
    assert_eq!(desk.fails(&["get", &"0".repeat(64), "-o", "fresh"]), (1, "NOT_FOUND".into()));
    assert!(!desk.path("fresh").exists());
}

#[test]
fn what_means_nothing_is_refused_with_code_2() {
    let desk = Desk::with_store("usage");
    desk.write("a", b"a");
    for arguments in [
        &["put", "a", "--meta", "x"][..],
        &["put", "a", "--seal", "--no-seal"],
        &["put", "a", "--priority", "urgent"],
        &["list", "--limit", "0"],
        &["get"],
        &["fly"],
        &[],
        &["destination", "--url", "https://a.org"],
    ] {
        let said = desk.run(arguments);
        assert_eq!((said.code, said.out.as_slice()), (Some(2), &b""[..]), "{arguments:?} {said:?}");
    }
    for arguments in [
        &["put", "a", "--meta", "x=1", "--meta", "x=2"][..],
        &["put", "a", "--expires", "tomorrow"],
        &["put", "-", "-"],
        &["list", "--state", "partial"],
        &["get", "abc"],
        &["get", "not hexadecimal"],
        &["put", "a", "--parent", "xyz"],
    ] {
        assert_eq!(desk.fails(arguments), (2, "INVALID_ARGUMENT".into()), "{arguments:?}");
    }
    assert_eq!(desk.fails(&["put", "a", "--type", "odd"]), (1, "INVALID_ARGUMENT".into()));
    assert_eq!(desk.fails(&["put", "."]), (1, "INVALID_ARGUMENT".into()));
    assert_eq!(desk.fails(&["put", "missing"]), (1, "INVALID_ARGUMENT".into()));
    desk.write("large", &vec![0; (16 << 20) + 1]);
    assert_eq!(desk.fails(&["put", "large"]), (1, "DOCUMENT_TOO_LARGE".into()));
    assert_eq!(desk.done(&["list"]), "no documents");
}

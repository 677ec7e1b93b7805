//! What people type, on two machines that are processes: pair, run, sync, peers, log.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod desk;

use std::io::{BufRead as _, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};

use desk::Desk;
use serde_json::{Value, json};

/// A command that goes on.
struct Going {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Going {
    fn new(desk: &Desk, arguments: &[&str]) -> Self {
        let mut command = desk.command();
        command.args(arguments).args(["--json", "--no-mdns", "--listen", "127.0.0.1:0"]);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// The next line that is as wanted.
    fn wait(&mut self, is_it: impl Fn(&Value) -> bool) -> Value {
        loop {
            let line = serde_json::from_str(&self.lines.next().unwrap().unwrap()).unwrap();
            if is_it(&line) {
                return line;
            }
        }
    }

    /// Ends it as a system does that shuts down; it ends well.
    fn terminate(mut self) {
        let killed = Command::new("kill").arg("-TERM").arg(self.child.id().to_string()).status().unwrap();
        assert!(killed.success() && self.child.wait().unwrap().success());
    }
}

impl Drop for Going {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn two_people_pair_sync_and_look_back() {
    let (anna, berta) = (Desk::new("people-anna"), Desk::new("people-berta"));
    for (desk, name) in [(&anna, "Anna"), (&berta, "Berta")] {
        desk.done(&["init", "--no-password", "--name", name]);
        desk.write("form", name.as_bytes());
    }
    pair(&anna, &berta);
    let theirs = anna.done(&["put", "form"]);
    berta.done(&["put", "form"]);

    let mut hub = Going::new(&anna, &["run"]);
    let listening = hub.wait(|line| line["event"] == "listening");
    let anna_id = berta.run(&["peers", "--json"]).json()["peers"][0]["peerId"].as_str().unwrap().to_owned();
    let dial = format!("{anna_id}={}", listening["addresses"][0].as_str().unwrap());
    let sync = ["sync", "--no-mdns", "--listen", "127.0.0.1:0", "--dial", &dial];
    let said = berta.done(&sync);
    assert!(said.contains("Anna: up to date; 1 document sent, 1 received"), "{said}");
    let again = berta.done(&[&sync[..], &["--with", "Anna"]].concat());
    assert!(again.contains("Anna: nothing new"), "{again}");
    let met = hub.wait(|line| line["event"] == "meeting");
    assert_eq!((&met["data"]["peerName"], &met["data"]["outcome"]), (&json!("Berta"), &json!("upToDate")));
    hub.terminate();

    assert_eq!(berta.done(&["get", &theirs]), "Anna");
    assert!(berta.done(&["documents"]).contains("peer"));
    let log = berta.done(&["log"]);
    assert!(log.contains("up to date") && log.contains("nothing new") && log.contains("pairing"), "{log}");
    let entries = berta.run(&["log", "--json"]).json()["entries"].clone();
    let last: Vec<_> = entries.as_array().unwrap().iter().map(|entry| &entry["outcome"]).take(2).collect();
    assert_eq!(last, ["nothingNew", "upToDate"]);
    changes(&berta, &anna_id);
}

/// Shows a code here, types it there.
fn pair(shower: &Desk, scanner: &Desk) {
    let mut shown = Going::new(shower, &["pair"]);
    let code = shown.wait(|line| line.get("svg").is_some())["text"].as_str().unwrap().to_owned();
    assert_eq!(scanner.fails(&["pair", "--no-mdns", "--code", "hello"]), (1, "CODE_OTHER_APP".into()));
    let said = scanner.done(&["pair", "--no-mdns", "--listen", "127.0.0.1:0", "--code", &code]);
    assert!(said.contains("paired with Anna"), "{said}");
    shown.wait(|line| line["event"] == "pairing" && line["data"]["state"] == "authenticated");
    assert!(shown.child.wait().unwrap().success());
}

/// What may be changed of a peer.
fn changes(desk: &Desk, peer: &str) {
    assert!(desk.done(&["peers"]).contains("Anna"));
    let renamed = desk.run(&["peers", "rename", "Anna", "Base camp", "--json"]).json();
    assert_eq!((&renamed["peerId"], &renamed["name"]), (&json!(peer), &json!("Base camp")));
    let beginning: String = peer.chars().take(8).collect();
    assert!(desk.done(&["peers", "block", &beginning]).contains("blocked"));
    assert_eq!(desk.run(&["peers", "unblock", "Base camp", "--json"]).json()["blocked"], false);
    assert_eq!(desk.run(&["peers", "auto", "Base camp", "--off", "--json"]).json()["autoSync"], false);
    assert_eq!(desk.fails(&["peers", "rename", "Carla", "x"]), (1, "NOT_FOUND".into()));
    let alone = ["sync", "--no-mdns", "--listen", "127.0.0.1:0", "--seconds", "1"];
    let said = desk.run(&alone);
    assert!(said.code == Some(1) && said.error.contains("nobody was met. What to do: "), "{said:?}");
    assert!(desk.done(&["peers", "forget", "Base camp"]).contains("stranger"));
    assert_eq!(desk.done(&["peers"]), "no peers");
    assert_eq!(desk.fails(&alone), (1, "NOT_FOUND".into()));
    let looked = ["nearby", "--no-mdns", "--listen", "127.0.0.1:0", "--seconds", "1"];
    assert_eq!(desk.done(&looked), "nobody is near");
}

#[test]
fn what_cannot_be_reached_is_said_with_what_to_do() {
    let desk = Desk::with_store("unreachable");
    let pair = ["pair", "--no-mdns", "--listen", "203.0.113.1:1"];
    assert_eq!(desk.fails(&pair), (1, "INVALID_ARGUMENT".into()));
    for arguments in [
        &["sync", "--dial", "somewhere"][..],
        &["pair", "--code", "x", "--with", "y"],
        &["bramble", "--listen", "127.0.0.1:0"],
        &["nearby", "--seconds", "0"],
        &["peers", "fly"],
    ] {
        assert_eq!(desk.run(arguments).code, Some(2), "{arguments:?}");
    }
}

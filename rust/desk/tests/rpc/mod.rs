//! The true program as a process that answers lines of JSON: one device of a test.
#![allow(dead_code, reason = "not every test needs all of it")]
#![allow(clippy::needless_pass_by_value, reason = "json!({}) is shorter than &json!({})")]

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::desk::Desk;

/// How long anything may take here. What is waited for comes long before, or never.
const PATIENCE: Duration = Duration::from_secs(60);

/// A device: a process, its store, and what it has said.
pub struct Device {
    pub desk: Desk,
    pub id: String,
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<Value>,
    heard: RefCell<VecDeque<Value>>,
    calls: u64,
    launch: Vec<String>,
}

impl Device {
    /// A fresh device that listens on the loopback and does not look around.
    pub fn new(name: &str) -> Self {
        let program = vec![env!("CARGO_BIN_EXE_p2psync").to_owned()];
        Self::launched(name, &program, &["--listen", "127.0.0.1:0", "--no-mdns"])
    }

    /// A fresh device, whose program is begun by the words of `program`.
    pub fn launched(name: &str, program: &[String], arguments: &[&str]) -> Self {
        let desk = Desk::new(name);
        let home = desk.home().display().to_string();
        let mut launch = program.to_vec();
        launch.extend(["--home", &home, "rpc"].map(str::to_owned));
        launch.extend(arguments.iter().map(|word| (*word).to_owned()));
        let (child, input, lines) = spawned(&launch);
        let heard = RefCell::default();
        let mut device = Self { desk, id: String::new(), child, input, lines, heard, calls: 0, launch };
        device.open();
        device
    }

    fn open(&mut self) {
        let device = self.done("open", json!({}));
        device["deviceId"].as_str().unwrap().clone_into(&mut self.id);
    }

    /// Ends the process as people do.
    pub fn stop(&mut self) {
        self.input = None;
        assert!(self.child.wait().unwrap().success());
    }

    /// Ends it as a power cut does.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Begins it again, over the store that is there.
    pub fn restart(&mut self) {
        let (child, input, lines) = spawned(&self.launch);
        (self.child, self.input, self.lines) = (child, input, lines);
        self.heard.borrow_mut().clear();
        self.open();
    }

    /// The reply to a request.
    pub fn call(&mut self, method: &str, args: Value) -> Value {
        self.calls += 1;
        let id = self.calls;
        self.send(&json!({"id": id, "call": method, "args": args}).to_string());
        let until = Instant::now() + PATIENCE;
        loop {
            let line = self.line(until).unwrap_or_else(|| panic!("no reply to {method}"));
            if line["id"] == json!(id) {
                return line;
            }
            self.heard.borrow_mut().push_back(line);
        }
    }

    pub fn send(&mut self, line: &str) {
        writeln!(self.input.as_mut().unwrap(), "{line}").unwrap();
    }

    /// What came of a request that succeeds.
    pub fn done(&mut self, method: &str, args: Value) -> Value {
        let reply = self.call(method, args);
        assert!(reply.get("error").is_none(), "{method}: {reply}");
        reply["result"].clone()
    }

    /// The code of the error of one that fails.
    pub fn fails(&mut self, method: &str, args: Value) -> String {
        self.call(method, args)["error"]["code"].as_str().unwrap().to_owned()
    }

    /// Waits for an event of that name that is as wanted.
    pub fn wait(&self, event: &str, mut is_it: impl FnMut(&Value) -> bool) -> Value {
        self.wait_at_most(PATIENCE, event, &mut is_it).unwrap_or_else(|| panic!("no such {event}"))
    }

    pub fn wait_at_most(
        &self,
        at_most: Duration,
        event: &str,
        is_it: &mut dyn FnMut(&Value) -> bool,
    ) -> Option<Value> {
        let until = Instant::now() + at_most;
        loop {
            let next = self.heard.borrow_mut().pop_front();
            let line = next.or_else(|| self.line(until))?;
            if line["event"] == event && is_it(&line["data"]) {
                return Some(line["data"].clone());
            }
        }
    }

    fn line(&self, until: Instant) -> Option<Value> {
        self.lines.recv_timeout(until.saturating_duration_since(Instant::now())).ok()
    }

    /// What was heard and not waited for does not count from now on.
    pub fn forget_events(&mut self) {
        self.done("getStatus", json!({}));
        self.heard.borrow_mut().clear();
    }

    /// Where it is reached.
    pub fn address(&mut self) -> SocketAddr {
        let all = self.done("listAddresses", json!({}));
        all["addresses"][0].as_str().unwrap().parse().unwrap()
    }

    /// Looks for others, for as long as a test may take.
    pub fn discover(&mut self) {
        self.done("startDiscovery", json!({"seconds": 3_600}));
    }

    /// Tries an address where that peer is.
    pub fn dial(&mut self, address: SocketAddr, peer: &str) {
        self.done("dialAddress", json!({"address": address, "peerId": peer}));
    }

    /// Shows a code that the other device takes; both remember each other.
    pub fn pair(&mut self, other: &mut Self) {
        let code = self.done("getPairingCode", json!({}));
        other.done("submitPairingCode", json!({"text": code["text"]}));
        for (one, with) in [(&*self, &other.id), (&*other, &self.id)] {
            let last = one.wait("pairing", |state| {
                ["authenticated", "failed"].contains(&state["state"].as_str().unwrap())
            });
            assert_eq!(
                (last["state"].as_str(), last["peerId"].as_str()),
                (Some("authenticated"), Some(with.as_str())),
                "{last}"
            );
        }
    }

    /// Keeps a text as a document.
    pub fn put(&mut self, text: &str) -> String {
        let put = self.done("putDocument", json!({"contentType": "text/plain", "text": text}));
        put["id"].as_str().unwrap().to_owned()
    }

    /// Keeps a file as a document.
    pub fn put_file(&mut self, name: &str, content: &[u8]) -> String {
        let path = self.desk.write(name, content);
        let put = self.done("putDocument", json!({"contentType": "image/jpeg", "uri": path}));
        put["id"].as_str().unwrap().to_owned()
    }

    /// The text of a document.
    pub fn read(&mut self, id: &str) -> String {
        self.done("readDocument", json!({"id": id, "as": "text"}))["text"].as_str().unwrap().to_owned()
    }

    /// The content of a document, by way of a file.
    pub fn read_file(&mut self, id: &str) -> Vec<u8> {
        let path = self.desk.path(&format!("read-{id}"));
        self.done("readDocument", json!({"id": id, "as": "file", "uri": path}));
        std::fs::read(path).unwrap()
    }

    /// The ids of all documents, sorted.
    pub fn ids(&mut self) -> Vec<String> {
        let list = self.done("listDocuments", json!({"limit": 10_000}));
        let documents = list["documents"].as_array().unwrap();
        let mut ids: Vec<_> =
            documents.iter().map(|document| document["id"].as_str().unwrap().to_owned()).collect();
        ids.sort_unstable();
        ids
    }

    /// Waits until an exchange with that peer has come to its last word.
    pub fn wait_for_word(&self, peer: &str) -> Value {
        let done = self.wait("progress", |progress| progress["peerId"] == peer && progress["done"] == true);
        done["outcome"].clone()
    }

    /// Waits until it has all these documents. Exchanges may come to a last word on the way and go on.
    pub fn wait_until_it_has(&mut self, wanted: &[String]) {
        loop {
            let ids = self.ids();
            if wanted.iter().all(|id| ids.contains(id)) {
                return;
            }
            self.wait("documentsReceived", |_| true);
        }
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawned(launch: &[String]) -> (Child, Option<ChildStdin>, Receiver<Value>) {
    let mut command = Command::new(&launch[0]);
    command.args(&launch[1..]).env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let (lines, heard) = channel();
    std::thread::spawn(move || {
        for line in output.lines().map_while(Result::ok) {
            let Ok(line) = serde_json::from_str(&line) else { panic!("not a line of JSON: {line}") };
            if lines.send(line).is_err() {
                return;
            }
        }
    });
    let input = child.stdin.take();
    (child, input, heard)
}

//! Plain Bramble by the true program: between two processes, and in the place of nodes whose sessions were captured.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod desk;

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use desk::{Desk, repository};
use p2psync_bramble::SecretKey;
use p2psync_bramble::record;
use p2psync_bramble::stream::{FRAME_OVERHEAD_BYTES, STREAM_HEADER_BYTES, StreamDecoder, TAG_BYTES};
use serde_json::{Value, json};

/// How long anything may take here.
const PATIENCE: Duration = Duration::from_secs(60);

/// Kinds of records.
const MESSAGE: u8 = 1;
const REQUEST: u8 = 3;
const ACK: u8 = 0;

/// One process with a session.
struct Side {
    child: Child,
    lines: Receiver<Value>,
    heard: Vec<Value>,
}

impl Side {
    fn new(desk: &Desk, arguments: &[&str]) -> Self {
        let mut command = desk.command();
        command.args(["bramble", "--json"]).args(arguments).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let _ = sender.send(serde_json::from_str(&line).unwrap());
            }
        });
        Self { child, lines, heard: Vec::new() }
    }

    /// Waits until so many such events were heard.
    fn wait(&mut self, event: &str, count: usize) -> Value {
        while self.of(event).len() < count {
            self.heard.push(self.lines.recv_timeout(PATIENCE).unwrap());
        }
        self.of(event).last().cloned().unwrap_or_default()
    }

    fn of(&self, event: &str) -> Vec<Value> {
        self.heard.iter().filter(|heard| heard["event"] == event).cloned().collect()
    }

    fn address(&mut self) -> SocketAddr {
        self.wait("listening", 1)["address"].as_str().unwrap().parse().unwrap()
    }

    /// Waits for its end, which is a good one.
    fn end(&mut self) {
        self.wait("ended", 1);
        assert!(self.child.wait().unwrap().success());
    }

    fn bodies(&self) -> Vec<String> {
        let mut bodies: Vec<_> =
            self.of("received").iter().map(|heard| heard["body"].as_str().unwrap().to_owned()).collect();
        bodies.sort_unstable();
        bodies
    }
}

impl Drop for Side {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn two_processes_give_each_other_their_messages() {
    let desk = Desk::new("bramble-pair");
    let key = "17".repeat(32);
    for (name, content) in [("a", &b"first"[..]), ("b", b"second"), ("c", b"third")] {
        desk.write(name, content);
    }
    let agreed = [
        "--root-key",
        &key,
        "--timestamp",
        "1790000000000",
        "--group",
        "org.example.x:0:00ff",
        "--linger",
        "300",
    ];
    let mut alice = Side::new(
        &desk,
        &[&agreed[..], &["--alice", "--listen", "127.0.0.1:0", "--send", "a", "b"]].concat(),
    );
    let address = alice.address().to_string();
    let mut bob = Side::new(&desk, &[&agreed[..], &["--bob", "--connect", &address, "--send", "c"]].concat());
    alice.end();
    bob.end();
    assert_eq!((alice.of("acked").len(), bob.of("acked").len()), (2, 1));
    assert_eq!((alice.of("ackSent").len(), bob.of("ackSent").len()), (1, 2));
    assert_eq!(alice.bodies(), [hex(b"third")]);
    assert_eq!(bob.bodies(), [hex(b"first"), hex(b"second")]);
    assert_eq!((alice.of("peerEnded").len(), alice.of("versions")[0]["versions"].clone()), (1, json!([0])));
}

#[test]
fn another_root_key_is_a_strangers() {
    let desk = Desk::new("bramble-stranger");
    let agreed = ["--timestamp", "1790000000000", "--silence", "1"];
    let [ours, theirs] = ["17", "18"].map(|byte| byte.repeat(32));
    let mut alice = Side::new(
        &desk,
        &[&agreed[..], &["--root-key", &ours, "--alice", "--listen", "127.0.0.1:0"]].concat(),
    );
    let address = alice.address().to_string();
    let said = desk.run(
        &[&["bramble", "--json"], &agreed[..], &["--root-key", &theirs, "--bob", "--connect", &address]]
            .concat(),
    );
    assert_eq!(said.code, Some(1), "{said:?}");
    assert_eq!(alice.child.wait().unwrap().code(), Some(1));
}

#[test]
fn captured_sessions_are_brought_to_their_end() {
    let file = repository().join("test/vectors/bramble/transcripts.json");
    let file: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let duplex = file["cases"].as_array().unwrap().iter().filter(|case| case["kind"] == "duplex");
    let mut played = 0;
    for case in duplex {
        play(case, played);
        played += 1;
    }
    assert_eq!(played, 2);
}

/// Takes the place of node `a`, which listened, and hears what node `b` said, each frame once it can have been said.
fn play(case: &Value, number: usize) {
    let desk = Desk::new(&format!("bramble-transcript-{number}"));
    let (ours, theirs) = (frames(case, "a_to_b"), frames(case, "b_to_a"));
    let [our_messages, their_messages] = [&ours, &theirs].map(|frames| of_kind(frames, MESSAGE));
    let mut arguments: Vec<String> =
        ["--listen", "127.0.0.1:0", "--stay", "--root-key"].map(str::to_owned).to_vec();
    arguments.push(case["root_key"].as_str().unwrap().to_owned());
    arguments.push(if case["a_is_alice"] == true { "--alice" } else { "--bob" }.to_owned());
    for (name, key) in [("--timestamp", "root_timestamp_ms"), ("--clock", "clock_ms_at_end")] {
        arguments.extend([name.to_owned(), case[key].to_string()]);
    }
    let group = our_messages.iter().chain(&their_messages).map(|message| hex(&message[..32])).next().unwrap();
    arguments.extend(["--group".to_owned(), group]);
    if let Some(first) = our_messages.first() {
        let sent_at = u64::from_be_bytes(first[32..40].try_into().unwrap());
        arguments.extend(["--sent-at".to_owned(), sent_at.to_string(), "--send".to_owned()]);
    }
    for (number, message) in our_messages.iter().enumerate() {
        let name = format!("{number}");
        desk.write(&name, &message[40..]);
        arguments.push(name);
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut side = Side::new(&desk, &arguments);
    let mut socket = TcpStream::connect(side.address()).unwrap();
    for (bytes, payload) in raw_frames(case, "b_to_a").iter().zip(&theirs) {
        let kinds = kinds(payload);
        if kinds.contains(&REQUEST) {
            side.wait("offered", our_messages.len());
        }
        if kinds.contains(&ACK) {
            side.wait("sent", our_messages.len());
        }
        if kinds.contains(&MESSAGE) && kinds.first() == Some(&MESSAGE) {
            side.wait("versions", 1);
        }
        socket.write_all(bytes).unwrap();
    }
    side.end();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).unwrap();
    assert_eq!(side.of("acked").len(), our_messages.len(), "{}", case["note"]);
    let mut bodies: Vec<_> = their_messages.iter().map(|message| hex(&message[40..])).collect();
    bodies.sort_unstable();
    assert_eq!(side.bodies(), bodies, "{}", case["note"]);
    // The captured node's keys open what this program says in its place.
    let said = decoded(case, "a_to_b", &answer);
    let mut sent = of_kind(&said, MESSAGE);
    let mut expected = our_messages;
    sent.sort_unstable();
    expected.sort_unstable();
    assert_eq!(sent, expected, "{}", case["note"]);
    assert_eq!(acknowledged(&said), acknowledged(&ours), "{}", case["note"]);
}

/// The ids that a node acknowledged.
fn acknowledged(frames: &[Vec<u8>]) -> BTreeSet<[u8; 32]> {
    of_kind(frames, ACK).iter().flat_map(|ids| ids.as_chunks().0.to_vec()).collect()
}

/// The payload of each frame that a node sent.
fn frames(case: &Value, direction: &str) -> Vec<Vec<u8>> {
    decoded(case, direction, &unhex(&case[format!("bytes_{direction}")]))
}

fn decoded(case: &Value, direction: &str, stream: &[u8]) -> Vec<Vec<u8>> {
    let about = &case[direction];
    let key = SecretKey::from_bytes(unhex(&about["header_key"]).try_into().unwrap());
    assert_eq!(stream[..TAG_BYTES], unhex(&about["tag"]));
    let number = u32::try_from(about["stream_number"].as_u64().unwrap()).unwrap();
    let mut decoder = StreamDecoder::new(key, number);
    let (mut rest, mut frames, mut payload) = (&stream[TAG_BYTES..], Vec::new(), Vec::new());
    while decoder.next_frame(&mut rest, &mut payload).unwrap().is_some() {
        frames.push(std::mem::take(&mut payload));
    }
    decoder.finish().unwrap();
    frames
}

/// The same as it travelled; the first frame has the stream's beginning before it.
fn raw_frames(case: &Value, direction: &str) -> Vec<Vec<u8>> {
    let bytes = unhex(&case[format!("bytes_{direction}")]);
    let mut lengths = case[direction]["frame_payload_lengths"].as_array().unwrap().iter();
    let mut length = || Some(usize::try_from(lengths.next()?.as_u64()?).ok()? + FRAME_OVERHEAD_BYTES);
    let mut rest = bytes.as_slice();
    let mut frames = Vec::new();
    let mut before = TAG_BYTES + STREAM_HEADER_BYTES;
    while let Some(length) = length() {
        let (frame, after) = rest.split_at(before + length);
        frames.push(frame.to_vec());
        (rest, before) = (after, 0);
    }
    assert!(rest.is_empty(), "no padding");
    frames
}

fn of_kind(frames: &[Vec<u8>], wanted: u8) -> Vec<Vec<u8>> {
    let stream = frames.concat();
    let mut rest = stream.as_slice();
    let mut payloads = Vec::new();
    while let Some((record, length)) = record::read(rest).unwrap() {
        if record.kind == wanted {
            payloads.push(record.payload.to_vec());
        }
        rest = &rest[length..];
    }
    payloads
}

/// The kinds of the records that begin in a frame of captured sessions, which are whole there.
fn kinds(frame: &[u8]) -> Vec<u8> {
    let mut rest = frame;
    let mut kinds = Vec::new();
    while let Ok(Some((record, length))) = record::read(rest) {
        kinds.push(record.kind);
        rest = &rest[length..];
    }
    kinds
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|byte| {
            char::from_digit(u32::from(byte >> 4), 16)
                .into_iter()
                .chain(char::from_digit(u32::from(byte & 15), 16))
        })
        .fold(String::new(), |mut text, digits| {
            text.extend(digits);
            text
        })
}

fn unhex(text: &Value) -> Vec<u8> {
    let text = text.as_str().unwrap();
    (0..text.len())
        .step_by(2)
        .map(|place| u8::from_str_radix(text.get(place..place + 2).unwrap(), 16).unwrap())
        .collect()
}

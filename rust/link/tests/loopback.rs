//! Two processes of the `btp` example exchange records over a real TCP connection on loopback.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

#[test]
fn records_cross_between_two_processes() {
    let key = "5a".repeat(32);
    let mut bob = spawn(&["--listen", "127.0.0.1:0", "--root-key", &key, "--timestamp", "1790000000000"]);
    let mut bob_says = BufReader::new(bob.stdout.take().unwrap());
    let mut line = String::new();
    bob_says.read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("listening on ").unwrap();
    let mut alice =
        spawn(&["--connect", address, "--root-key", &key, "--alice", "--timestamp", "1790000000000"]);
    let alice_says = BufReader::new(alice.stdout.take().unwrap());

    let long = format!("0 1 {}", "ab".repeat(40_000));
    alice.stdin.take().unwrap().write_all(format!("0 4 00\n{long}\n").as_bytes()).unwrap();
    bob.stdin.take().unwrap().write_all(b"0 4 0001\n0 2\n").unwrap();
    assert_eq!(lines(bob_says), ["0 4 00", &long, "end of stream"]);
    assert_eq!(lines(alice_says), ["0 4 0001", "0 2 ", "end of stream"]);
    assert!(alice.wait().unwrap().success() && bob.wait().unwrap().success());
}

#[test]
fn a_wrong_key_is_a_strangers() {
    let (key, wrong) = ("5a".repeat(32), "5b".repeat(32));
    let common = ["--timestamp", "1790000000000", "--handshake-ms", "300"];
    let mut bob = spawn(&[&["--listen", "127.0.0.1:0", "--root-key", &key], &common[..]].concat());
    let mut bob_says = BufReader::new(bob.stdout.take().unwrap());
    let mut line = String::new();
    bob_says.read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("listening on ").unwrap();
    let alice = spawn(&[&["--connect", address, "--root-key", &wrong, "--alice"], &common[..]].concat());
    assert!(lines(bob_says).is_empty());
    let (alice, bob) = (alice.wait_with_output().unwrap(), bob.wait_with_output().unwrap());
    assert!(!alice.status.success() && !bob.status.success());
    assert!(String::from_utf8(bob.stderr).unwrap().contains("Stranger"));
    assert!(alice.stdout.is_empty());
}

fn spawn(arguments: &[&str]) -> Child {
    let mut command = Command::new(example());
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// The example, built if it is not: cargo builds examples beside the tests only when it builds all of them.
fn example() -> PathBuf {
    let build = ["build", "--quiet", "--package", "p2psync-link", "--example", "btp"];
    assert!(Command::new(env!("CARGO")).args(build).status().unwrap().success());
    let test = std::env::current_exe().unwrap();
    test.parent().unwrap().parent().unwrap().join("examples").join("btp")
}

fn lines(reader: BufReader<ChildStdout>) -> Vec<String> {
    reader.lines().map(Result::unwrap).collect()
}

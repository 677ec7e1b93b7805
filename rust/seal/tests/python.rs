//! The server of twenty lines that `docs/protocol/seal.md` prints: its ids are ours, its receipts are good.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]
#![allow(clippy::disallowed_methods, reason = "programs read and write files")]

mod gnupg;
mod keys;

use std::process::Command;

use gnupg::{Gnupg, fixture};
use keys::{NOW, clock};
use p2psync_model::{GroupId, Message, Receipt};
use p2psync_seal::{Certificate, verify};

/// The one Python program in the specification.
fn program() -> String {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/protocol/seal.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (_, rest) = page.split_once("```python\n").unwrap();
    let (program, rest) = rest.split_once("```").unwrap();
    assert!(!rest.contains("```python"), "there is one");
    program.to_owned()
}

#[test]
fn a_server_of_twenty_lines_makes_a_good_receipt() {
    let Some(gnupg) = Gnupg::new() else { return };
    let program = program();
    assert!(program.lines().filter(|line| !line.is_empty()).count() <= 20);
    gnupg.write("server.py", program.as_bytes());
    gnupg.write("gpg.conf", b"faked-system-time 20261202T000000\nno-tty\nquiet\n");
    let fingerprint = gnupg.import(&fixture("gnupg-curve25519.asc"));
    let certificate = gnupg.must(&["--export", &fingerprint]);
    let certificate = Certificate::parse(&certificate, clock(NOW)).unwrap();

    let group = GroupId::of_deployment(b"a deployment").unwrap();
    let longest = vec![1; 32_768];
    let bodies: [&[u8]; 3] = [b"\0a form", b"\0another", &longest];
    let messages = [(0, bodies[0]), (1_796_169_600_000, bodies[1]), (i64::MAX as u64, bodies[2])]
        .map(|(timestamp_ms, body)| Message::new(group, timestamp_ms, body.to_vec()).unwrap());
    for (number, message) in messages.iter().enumerate() {
        gnupg.write(&format!("message{number}"), &message.encode());
    }
    let output = Command::new("python3")
        .args(["server.py", &fingerprint, "7", "message0", "message1", "message2", "message0"])
        .current_dir(&gnupg.home)
        .env("GNUPGHOME", &gnupg.home)
        .output()
        .expect("python3 is installed where this is tested");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let text = std::fs::read(gnupg.home.join("receipt")).unwrap();
    let signature = std::fs::read(gnupg.home.join("receipt.sig")).unwrap();
    let receipt: Receipt = verify(&text, &signature, &certificate, clock(NOW)).unwrap();
    let mut ids = messages.map(|message| message.id());
    ids.sort();
    assert_eq!(receipt.ids(), ids);
    assert_eq!((receipt.epoch(), receipt.server()), (7, certificate.fingerprint()));
}

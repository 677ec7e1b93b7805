//! Documents sealed and opened.

use std::io::sink;

use aes::Aes256;
use cfb_mode::Encryptor;
use cfb_mode::cipher::{AsyncStreamCipher as _, KeyIvInit as _};
use p2psync_seal::{Certificate, Expired, SealOptions, ServerKey, open, seal};
use sha1collisiondetection::Sha1CD;

use crate::Servers;
use crate::keys::{NOW, clock};
use crate::table::{Effort, Line, print, time};

const PLAIN: SealOptions = SealOptions { expired: Expired::Refuse, compress: false };

/// Bytes that do not compress, as in a photograph.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    (0..length).map(|_| next()).collect()
}

/// A form: text that compresses.
fn form(length: usize) -> Vec<u8> {
    let entries = (0_u32..).map(|number| {
        let age = number.wrapping_mul(2_654_435_761) >> 26;
        format!(r#"{{"household": {number}, "name": "Amina {age}", "age": {age}, "water": "well"}},"#)
    });
    entries.flat_map(String::into_bytes).take(length).collect()
}

/// What a sealer of version 1 cannot do without: AES-256 in CFB over the content, and SHA-1 over it (as the library has
/// it, which notices collisions).
fn bare(content: &[u8], buffer: &mut Vec<u8>) {
    buffer.clear();
    buffer.extend_from_slice(content);
    let mut hash = Sha1CD::default();
    hash.update(&buffer);
    buffer.extend_from_slice(&hash.finalize_cd().unwrap());
    Encryptor::<Aes256>::new(&[7; 32].into(), &[0; 16].into()).encrypt(buffer);
}

pub fn sealing(servers: &Servers, content_bytes: usize, effort: Effort) {
    let (content, form) = (noise(content_bytes), form(content_bytes));
    let mut buffer = Vec::new();
    let rsa3072 = servers.rsa3072_certificate();
    let megabytes = content_bytes as f64 / 1e6;
    let mut lines = vec![Line::new("bare AES-256-CFB and SHA-1", || time(|| bare(&content, &mut buffer)))];
    let certificates: [(&str, &Certificate); 3] = [
        ("Curve25519", servers.curve25519.certificate()),
        ("Curve25519, version 6 (OCB)", servers.version_6.certificate()),
        ("RSA-3072", &rsa3072),
    ];
    for (name, certificate) in certificates {
        let sealed = seal(&content, certificate, PLAIN, clock(NOW)).unwrap();
        let line = Line::new(name, || time(|| seal(&content, certificate, PLAIN, clock(NOW)).unwrap()));
        lines.push(line.with_bytes(sealed.len()));
    }
    let deflate =
        || seal(&form, servers.curve25519.certificate(), SealOptions::default(), clock(NOW)).unwrap();
    let deflated = deflate().len();
    lines.push(Line::new("Curve25519, a form deflated", || time(deflate)).with_bytes(deflated));
    if let Some(gnupg) = &servers.gnupg {
        gnupg.write("content", &content);
        for (name, server) in [
            ("gpg, Curve25519", servers.curve25519.fingerprint().to_string()),
            ("gpg, RSA-3072", rsa3072.fingerprint().to_string()),
        ] {
            let encrypt = move || {
                let arguments = ["--compress-algo", "none", "--recipient", &server, "--output", "-"];
                gnupg.must(&[&arguments[..], &["--encrypt", "content"]].concat())
            };
            let sealed = encrypt().len();
            lines.push(Line::new(name, move || time(&encrypt)).with_bytes(sealed).seldom());
        }
    }
    let lines = lines.into_iter().map(|line| line.with_count(megabytes)).collect();
    let rounds = if content_bytes > 100_000 { 40 } else { 1_000 };
    let title = format!("sealing {content_bytes} bytes");
    print(&title, "MB/s", "sealed bytes", effort.rounds(rounds), lines);
}

pub fn opening(servers: &Servers, content_bytes: usize, effort: Effort) {
    let content = noise(content_bytes);
    let mut buffer = Vec::new();
    let mut lines = vec![Line::new("bare AES-256-CFB and SHA-1", || time(|| bare(&content, &mut buffer)))];
    let keys: [(&str, &ServerKey); 2] =
        [("Curve25519", &servers.curve25519), ("Curve25519, version 6 (OCB)", &servers.version_6)];
    for (name, key) in keys {
        let sealed = seal(&content, key.certificate(), PLAIN, clock(NOW)).unwrap();
        lines.push(Line::new(name, move || {
            time(|| open(sealed.as_slice(), key, 1 << 24, &mut sink()).unwrap())
        }));
    }
    if let Some(gnupg) = &servers.gnupg {
        let rsa3072 = servers.rsa3072_certificate();
        for (name, file, certificate) in [
            ("gpg, Curve25519", "sealed-25519", servers.curve25519.certificate()),
            ("gpg, RSA-3072", "sealed-rsa", &rsa3072),
        ] {
            gnupg.write(file, &seal(&content, certificate, PLAIN, clock(NOW)).unwrap());
            lines.push(Line::new(name, move || time(|| gnupg.must(&["--decrypt", file]))).seldom());
        }
    }
    let megabytes = content_bytes as f64 / 1e6;
    let lines = lines.into_iter().map(|line| line.with_count(megabytes)).collect();
    let rounds = if content_bytes > 100_000 { 40 } else { 1_000 };
    print(&format!("opening {content_bytes} bytes"), "MB/s", "", effort.rounds(rounds), lines);
}

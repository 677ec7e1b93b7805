//! How much memory a long document takes on its way through the engine, as the system counts it.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod fixture;

use std::io::Read;

use fixture::{Folder, NOW, form, noise, options, put, random, server_key, set_destination};
use p2psync_engine::{NewDocument, Options};
use p2psync_model::Limits;

const BODY_BYTES: u64 = 200_000_000;

/// The goal for a document of 200 MB, over what the process has with short ones.
const PEAK_BYTES_MAX: u64 = 16_000_000;

#[test]
fn a_sealed_document_of_200_mb_takes_little_memory() {
    let folder = Folder::new("memory");
    let limits = Limits::default().with_document_bytes_max(256 << 20).unwrap();
    let mut engine = folder.try_open(&Options { limits, ..options() }).unwrap().engine;
    set_destination(&mut engine, &server_key());
    // Whatever is loaded and made once is there afterwards.
    put(&mut engine, &form(), b"short", 1).unwrap();
    let before = peak_bytes();
    let new = NewDocument::new("video/mp4");
    let done = engine.put(&new, &mut Body::new(), NOW, &mut random(2)).unwrap();
    assert_eq!((done.body_bytes, done.sealed, done.created), (BODY_BYTES, true, true));
    let taken = peak_bytes() - before;
    eprintln!("{taken} bytes over the baseline at the peak");
    assert!(taken < PEAK_BYTES_MAX, "{taken} bytes");
}

/// The most that the process ever had in memory.
fn peak_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1_024
}

/// A body, made as it is read: a piece of noise over and over, of a length that makes no two chunks the
/// same.
struct Body {
    piece: Vec<u8>,
    place: u64,
}

const PIECE_BYTES: usize = 65_521;

impl Body {
    fn new() -> Self {
        Self { piece: noise(PIECE_BYTES, 3), place: 0 }
    }

    /// What comes next, at most `bytes_max` bytes.
    fn next(&mut self, bytes_max: usize) -> &[u8] {
        let rest = &self.piece[usize::try_from(self.place).unwrap() % PIECE_BYTES..];
        let left = usize::try_from(BODY_BYTES - self.place).unwrap();
        let next = &rest[..rest.len().min(bytes_max).min(left)];
        self.place += next.len() as u64;
        next
    }
}

impl Read for Body {
    fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        let next = self.next(bytes.len());
        bytes[..next.len()].copy_from_slice(next);
        Ok(next.len())
    }
}

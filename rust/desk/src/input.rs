//! Standard input, line by line, from a thread of its own.

use std::io::{BufRead as _, Read as _};

use crate::host::{Mail, Post};

/// Longest line: a document of 16 MB as base64, and what goes with it.
const LINE_BYTES_MAX: u64 = 32 << 20;

/// Posts every line, and the end. A line that is too long is cut, and then is no line of JSON.
pub fn read_lines(post: Post) {
    std::thread::spawn(move || {
        let mut input = std::io::stdin().lock();
        loop {
            let mut bytes = Vec::new();
            let read = input.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut bytes);
            if !matches!(read, Ok(1..)) {
                post.send(Mail::InputOver);
                return;
            }
            let line = String::from_utf8_lossy(&bytes);
            if !post.send(Mail::Line(line.trim_end_matches(['\r', '\n']).to_owned())) {
                return;
            }
        }
    });
}

//! Sealing and opening take the same memory whatever the size of the document.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod keys;

use std::io::{Read, Write as _, sink};

use keys::{NOW, clock, server_key};
use p2psync_seal::{Expired, OPENING_BYTES_MAX, SEALING_BYTES_MAX, SealOptions, Sealer, open};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

/// Large enough to be seen if it were all held.
const DOCUMENT_BYTES: usize = 64 << 20;

const MIB: usize = 1 << 20;

/// A sink that counts.
#[derive(Default)]
struct Counter(usize);

impl std::io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn peak_of<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let profiler = dhat::Profiler::builder().testing().build();
    let result = work();
    let peak = dhat::HeapStats::get().max_bytes;
    drop(profiler);
    (result, peak)
}

/// Sealed once, it is opened from memory that was allocated before the measurement.
#[test]
fn memory_does_not_grow_with_the_document() {
    let key = server_key();
    let piece = vec![b'x'; MIB];
    for compress in [false, true] {
        let options = SealOptions { expired: Expired::Refuse, compress };
        let (sealed_bytes, peak) = peak_of(|| {
            let mut counter = Counter::default();
            let mut sealer = Sealer::new(&mut counter, key.certificate(), options, clock(NOW)).unwrap();
            for _ in 0..DOCUMENT_BYTES / MIB {
                sealer.write_all(&piece).unwrap();
            }
            sealer.finish().unwrap();
            counter.0
        });
        assert!(compress || sealed_bytes > DOCUMENT_BYTES);
        eprintln!("sealing, compress = {compress}: peak of {peak} bytes");
        assert!(peak < SEALING_BYTES_MAX, "sealing, compress = {compress}: {peak} bytes");
    }

    let mut sealed = Vec::new();
    let mut sealer = Sealer::new(&mut sealed, key.certificate(), SealOptions::default(), clock(NOW)).unwrap();
    std::io::copy(&mut std::io::repeat(b'x').take(DOCUMENT_BYTES as u64), &mut sealer).unwrap();
    sealer.finish().unwrap();
    for (limit_bytes, peak_max) in [(MIB, 8 * MIB), (2 * DOCUMENT_BYTES, OPENING_BYTES_MAX)] {
        let (result, peak) = peak_of(|| open(sealed.as_slice(), &key, limit_bytes as u64, &mut sink()));
        eprintln!("opening, at most {limit_bytes} bytes: peak of {peak} bytes");
        assert_eq!(result.is_ok(), limit_bytes > DOCUMENT_BYTES);
        assert!(peak < peak_max, "{limit_bytes}: {peak} bytes");
    }
}

//! libFuzzer's program for the target `sync`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| p2psync_fuzz::sync(data));

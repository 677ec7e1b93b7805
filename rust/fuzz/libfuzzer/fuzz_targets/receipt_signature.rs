//! libFuzzer's program for the target `receipt_signature`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| p2psync_fuzz::receipt_signature(data));

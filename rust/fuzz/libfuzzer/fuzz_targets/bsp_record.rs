//! libFuzzer's program for the target `bsp_record`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| p2psync_fuzz::bsp_record(data));

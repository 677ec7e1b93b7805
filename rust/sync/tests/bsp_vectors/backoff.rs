use p2psync_bramble::WallClock;
use p2psync_sync::bsp::{Change, Status, expiry};
use p2psync_vector_reader::check;
use serde::Deserialize;

#[test]
fn vectors_bsp_backoff() {
    check("bramble", "bsp_backoff.json", |file: File| {
        for case in &file.cases {
            let (date, latency_ms) = (WallClock(case.now), case.max_latency);
            assert_eq!(expiry(date, latency_ms, case.tx_count), WallClock(case.expiry), "{case:?}");
            let before = Status { transmissions: case.tx_count, ..Status::default() };
            let after = before.after(Change::Offered { date, latency_ms });
            assert_eq!((after.expiry.0, after.transmissions), (case.expiry, case.tx_count + 1));
            assert_eq!(after.latency_ms, latency_ms);
        }
        file.cases.len()
    });
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    cases: Vec<Case>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    now: u64,
    max_latency: u64,
    tx_count: u32,
    expiry: u64,
}

use p2psync_link::btp::{OutsideWindow, ReorderingWindow};
use p2psync_vector_reader::{Hex, check};
use serde::Deserialize;

#[test]
fn vectors_btp_window() {
    check("bramble", "btp_window.json", |file: File| {
        assert_eq!(file.size, ReorderingWindow::SIZE);
        file.cases.iter().map(check_case).sum()
    });
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    size: u32,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    start_base: u64,
    start_bitmap: Hex,
    start_unseen: Vec<u64>,
    ops: Vec<Operation>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Operation {
    seen: u64,
    added: Option<Vec<u64>>,
    removed_sorted: Option<Vec<u64>>,
    error: Option<String>,
    base: u64,
    bitmap: Hex,
}

fn check_case(case: &Case) -> usize {
    let mut window = ReorderingWindow::from_stored(case.start_base, case.start_bitmap.array());
    assert_eq!(window.unseen().collect::<Vec<_>>(), case.start_unseen);
    for operation in &case.ops {
        let before: Vec<u64> = window.unseen().collect();
        let marked = window.mark_seen(operation.seen);
        let after: Vec<u64> = window.unseen().collect();
        if let Some(error) = &operation.error {
            assert_eq!(error, "IllegalArgumentException");
            assert_eq!(marked, Err(OutsideWindow { number: operation.seen }));
            assert_eq!(
                (operation.added.as_ref(), operation.removed_sorted.as_ref(), after),
                (None, None, before)
            );
        } else {
            marked.unwrap();
            let missing = |from: &[u64], list: &[u64]| -> Vec<u64> {
                list.iter().filter(|number| !from.contains(number)).copied().collect()
            };
            assert_eq!(Some(missing(&before, &after)), operation.added);
            assert_eq!(Some(missing(&after, &before)), operation.removed_sorted);
        }
        assert_eq!((window.base(), &window.bitmap()[..]), (operation.base, &operation.bitmap[..]));
    }
    case.ops.len()
}

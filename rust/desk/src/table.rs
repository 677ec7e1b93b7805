//! Text for people: columns under heads, and sizes.

/// Rows under their heads, columns aligned to the left, two blanks between. The last column is not padded.
pub fn columns<const COUNT: usize>(heads: [&str; COUNT], rows: &[[String; COUNT]]) -> String {
    let heads = heads.map(str::to_owned);
    let all = || core::iter::once(&heads).chain(rows);
    let mut widths = [0; COUNT];
    for row in all() {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let line = |row: &[String; COUNT]| {
        let padded: Vec<String> =
            row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        padded.join("  ").trim_end().to_owned()
    };
    all().map(line).collect::<Vec<_>>().join("\n")
}

/// A number of bytes with three digits at most before its unit.
pub fn size(bytes: u64) -> String {
    if bytes < 1_000 {
        return format!("{bytes} B");
    }
    let (mut unit, mut whole) = ("B", bytes);
    let mut tenths = 0;
    for larger in ["kB", "MB", "GB", "TB", "PB", "EB"] {
        if whole < 1_000 {
            break;
        }
        (unit, tenths, whole) = (larger, whole % 1_000 / 100, whole / 1_000);
    }
    if whole < 10 { format!("{whole}.{tenths} {unit}") } else { format!("{whole} {unit}") }
}

/// "1 document", "2 documents".
pub fn counted(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let rows = [["a".to_owned(), "b".to_owned()], ["äöü".to_owned(), String::new()]];
        assert_eq!(columns(["X", "LONG"], &rows), "X    LONG\na    b\näöü");
    }

    #[test]
    fn sizes_are_short() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (9_999, "9.9 kB"),
            (10_000, "10 kB"),
            (3_141_592, "3.1 MB"),
            (999_999_999, "999 MB"),
            (u64::MAX, "18 EB"),
        ] {
            assert_eq!(size(bytes), text);
        }
        assert_eq!((counted(1, "document"), counted(0, "row")), ("1 document".into(), "0 rows".into()));
    }
}

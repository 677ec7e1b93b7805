//! A QR code in a terminal: two modules in each letter, light on dark or dark on light alike.

/// Light modules around the picture that a reader needs.
const MARGIN: usize = 4;

/// Black and white whatever the terminal's colours are.
const BLACK_ON_WHITE: &str = "\u{1b}[30;107m";
const PLAIN: &str = "\u{1b}[0m";

/// Draws modules (rows from the top, true is dark).
pub fn drawn(modules: &[Vec<bool>]) -> String {
    let side = modules.len() + 2 * MARGIN;
    let is_dark = |row: usize, column: usize| {
        let place = row.checked_sub(MARGIN).zip(column.checked_sub(MARGIN));
        place.and_then(|(row, column)| modules.get(row)?.get(column)).copied().unwrap_or(false)
    };
    let mut lines = Vec::new();
    for row in (0..side).step_by(2) {
        let letters = (0..side).map(|column| match (is_dark(row, column), is_dark(row + 1, column)) {
            (false, false) => ' ',
            (true, false) => '\u{2580}',
            (false, true) => '\u{2584}',
            (true, true) => '\u{2588}',
        });
        lines.push(format!("{BLACK_ON_WHITE}{}{PLAIN}", letters.collect::<String>()));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_modules_share_a_letter_inside_a_light_margin() {
        let picture = drawn(&[vec![true, false, true], vec![true, true, false], vec![false, false, true]]);
        let lines: Vec<String> =
            picture.lines().map(|line| line.replace(BLACK_ON_WHITE, "").replace(PLAIN, "")).collect();
        assert_eq!(lines.len(), 6);
        assert_eq!(lines[2], "    \u{2588}\u{2584}\u{2580}    ");
        assert_eq!(lines[3], "      \u{2580}    ");
        assert!([0, 1, 4, 5].iter().all(|line: &usize| lines[*line].trim().is_empty()));
    }
}

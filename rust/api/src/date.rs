//! Dates as programs and people write them: ISO 8601, in UTC.

use p2psync_bramble::WallClock;
use p2psync_model::DATE_MS_MAX;

/// A date with milliseconds, as JavaScript's `toISOString` writes it. Later ones than the year 9999 are its end.
pub fn iso(date: WallClock) -> String {
    let ms = date.0.min(DATE_MS_MAX);
    let (days, of_day) = (ms / DAY_MS, ms % DAY_MS);
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (of_day / 3_600_000, of_day / 60_000 % 60, of_day / 1_000 % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", ms % 1_000)
}

/// Reads a day, `2026-11-21`, which is its first moment; or a moment, `2026-11-21T14:15:16Z`, with milliseconds or
/// without. `None` for anything else, and for days that no calendar has.
pub fn parse_iso(text: &str) -> Option<WallClock> {
    let (day, time) = match text.split_once('T') {
        Some((day, time)) => (day, time.strip_suffix('Z')?),
        None => (text, "00:00:00"),
    };
    let [year, month, day] = numbers(day, '-', [4, 2, 2])?;
    let (time, ms) = match time.split_once('.') {
        Some((time, ms)) => (time, numbers(ms, '.', [3])?[0]),
        None => (time, 0),
    };
    let [hour, minute, second] = numbers(time, ':', [2, 2, 2])?;
    let days = days_of(year, month, day)?;
    let is_time = hour < 24 && minute < 60 && second < 60;
    is_time.then_some(WallClock(days * DAY_MS + hour * 3_600_000 + minute * 60_000 + second * 1_000 + ms))
}

const DAY_MS: u64 = 86_400_000;

/// Days from 0000-03-01 to 1970-01-01. Years begin in March here, so that the leap day is a year's last.
const DAYS_BEFORE_1970: u64 = 719_468;

/// Year, month and day of a number of days since 1970.
const fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + DAYS_BEFORE_1970;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = era * 400 + year_of_era + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}

/// Days since 1970 of a day that exists, from 1970 on.
fn days_of(year: u64, month: u64, day: u64) -> Option<u64> {
    if year < 1_970 || !(1..=12).contains(&month) || day == 0 {
        return None;
    }
    let shifted_year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (shifted_year / 400, shifted_year % 400);
    let shifted_month = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = era * 146_097 + day_of_era - DAYS_BEFORE_1970;
    (civil(days) == (year, month, day)).then_some(days)
}

/// Exactly so many numbers, of so many digits each.
fn numbers<const COUNT: usize>(text: &str, between: char, digits: [usize; COUNT]) -> Option<[u64; COUNT]> {
    let parts: Vec<&str> = text.split(between).collect();
    let parts: [&str; COUNT] = parts.try_into().ok()?;
    let mut numbers = [0; COUNT];
    for ((number, part), digits) in numbers.iter_mut().zip(parts).zip(digits) {
        if part.len() != digits || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        *number = part.parse().ok()?;
    }
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399, "2000-02-28T23:59:59.000Z"),
            (951_782_400, "2000-02-29T00:00:00.000Z"),
            (1_709_251_199, "2024-02-29T23:59:59.000Z"),
            (1_795_270_533, "2026-11-21T14:15:33.000Z"),
            (253_402_300_799, "9999-12-31T23:59:59.000Z"),
        ] {
            assert_eq!(iso(WallClock(seconds * 1_000)), text);
            assert_eq!(parse_iso(text), Some(WallClock(seconds * 1_000)));
        }
        assert_eq!(iso(WallClock(u64::MAX)), "9999-12-31T23:59:59.999Z");
    }

    #[test]
    fn every_day_for_centuries_is_read_as_it_is_written() {
        for day in (0..60_000).chain(2_900_000..2_932_000) {
            let date = WallClock(day * DAY_MS + 7_654_321);
            let text = iso(date);
            assert_eq!(parse_iso(&text), Some(date));
            assert_eq!(parse_iso(text.split('T').next().unwrap()), Some(WallClock(day * DAY_MS)));
        }
    }

    #[test]
    fn other_texts_are_no_dates() {
        for text in [
            "",
            "2026",
            "2026-11-31",
            "2026-02-29",
            "2026-00-01",
            "2026-13-01",
            "2026-1-1",
            "26-11-21",
            "1969-12-31",
            "2026-11-21T",
            "2026-11-21T14:15Z",
            "2026-11-21T24:00:00Z",
            "2026-11-21T14:15:16",
            "2026-11-21T14:60:00Z",
            "2026-11-21T14:15:16.1Z",
            "+026-11-21",
            "2026-11-21 14:15:16Z",
            "２026-11-21",
        ] {
            assert_eq!(parse_iso(text), None, "{text}");
        }
    }
}

//! Which dates are believed. A device's clock may be wrong by years, so it is one witness among several (THREATS T14).

use core::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use p2psync_bramble::WallClock;

/// When this release was made, in Unix seconds: 2026-11-21. Raised with each release. No clock that runs behind it
/// is believed, and no algorithm that was given up by then becomes acceptable again.
pub const BUILD_DATE_SECONDS: u64 = 1_795_219_200;

/// How far in the future a signature or a new certificate may seem to be: clocks are not that exact.
pub const FUTURE_TOLERANCE_SECONDS: u64 = 86_400;

/// A date in Unix seconds, at most those that OpenPGP can write (the year 2106). Shown as a day in UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(pub u64);

impl Date {
    /// What the device believes the date to be.
    pub(crate) fn of_clock(clock: WallClock) -> Self {
        Self((clock.0 / 1_000).min(u64::from(u32::MAX)))
    }

    /// What the device believes, or when this release was made if that is later.
    pub(crate) fn at_least_build(clock: WallClock) -> Self {
        Self::of_clock(clock).max(Self(BUILD_DATE_SECONDS))
    }

    /// Whether this date lies in the future as far as `clock` can tell. A clock that runs behind the release's
    /// date is known to be wrong and says nothing.
    pub(crate) fn is_future(self, clock: WallClock) -> bool {
        let now = Self::of_clock(clock);
        now.0 >= BUILD_DATE_SECONDS && self.0 > now.0 + FUTURE_TOLERANCE_SECONDS
    }

    pub(crate) fn to_system(self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(self.0.min(u64::from(u32::MAX)))
    }
}

impl From<SystemTime> for Date {
    /// A time before 1970 is 1970.
    fn from(time: SystemTime) -> Self {
        Self(time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()))
    }
}

impl fmt::Display for Date {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Years begin in March here, so that the leap day is a year's last day.
        let days = self.0.min(u64::from(u32::MAX)) / 86_400 + 719_468;
        let (era, day_of_era) = (days / 146_097, days % 146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let year = era * 400 + year_of_era + u64::from(month <= 2);
        write!(formatter, "{year:04}-{month:02}-{day:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 86_400;

    fn clock(seconds: u64) -> WallClock {
        WallClock(seconds * 1_000)
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        for (seconds, day) in [
            (0, "1970-01-01"),
            (951_782_399, "2000-02-28"),
            (951_782_400, "2000-02-29"),
            (951_868_800, "2000-03-01"),
            (1_709_164_800, "2024-02-29"),
            (BUILD_DATE_SECONDS, "2026-11-21"),
            (1_798_761_599, "2026-12-31"),
            (u64::MAX, "2106-02-07"),
        ] {
            assert_eq!(Date(seconds).to_string(), day);
        }
    }

    #[test]
    fn a_clock_behind_the_release_is_no_witness() {
        let future = Date(BUILD_DATE_SECONDS + 10 * DAY);
        assert!(future.is_future(clock(BUILD_DATE_SECONDS)));
        assert!(!future.is_future(clock(BUILD_DATE_SECONDS - 1)));
        assert!(!future.is_future(clock(BUILD_DATE_SECONDS + 9 * DAY)));
        assert!(future.is_future(clock(BUILD_DATE_SECONDS + 9 * DAY - 1)));
        assert_eq!(Date::at_least_build(clock(7)), Date(BUILD_DATE_SECONDS));
        assert_eq!(Date::at_least_build(WallClock(u64::MAX)), Date(u64::from(u32::MAX)));
    }
}

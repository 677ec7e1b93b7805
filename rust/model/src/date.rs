//! Dates that travel: milliseconds since 1970, up to the end of the year 9999.

use p2psync_bramble::WallClock;
use p2psync_bramble::bdf::Value;

/// Latest date, in milliseconds since 1970: the end of the year 9999.
pub const DATE_MS_MAX: u64 = 253_402_300_799_999;

/// The date that a value holds, unless it is no integer, negative, or too late.
pub(crate) fn date_of(value: &Value) -> Option<WallClock> {
    let date_ms = u64::try_from(value.as_integer()?).ok()?;
    (date_ms <= DATE_MS_MAX).then_some(WallClock(date_ms))
}

/// The value that holds a date; later dates than [`DATE_MS_MAX`] become that.
pub(crate) fn value_of(date: WallClock) -> Value {
    Value::Integer(i64::try_from(date.0.min(DATE_MS_MAX)).expect("the year 9999 fits"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_have_bounds() {
        for date in [0, 1, DATE_MS_MAX] {
            assert_eq!(date_of(&value_of(WallClock(date))), Some(WallClock(date)));
        }
        assert_eq!(value_of(WallClock(u64::MAX)), value_of(WallClock(DATE_MS_MAX)));
        for value in [Value::Integer(-1), Value::Integer(253_402_300_800_000), Value::Null, Value::Float(1.0)]
        {
            assert_eq!(date_of(&value), None);
        }
    }
}

//! Times of certificates.

use jiff::Timestamp;

/// Seconds of a day.
pub(crate) const DAY: i64 = 24 * 60 * 60;

/// Seconds since 1970 of a time as RFC 3339 has it; `None` for one no clock can hold.
pub(crate) fn seconds(text: &str) -> Option<i64> {
    text.parse::<Timestamp>().ok().map(Timestamp::as_second)
}

/// Now.
pub(crate) fn now() -> i64 {
    Timestamp::now().as_second()
}

//! Counts and times as people say them.

use std::fmt::Display;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// The day of a time (UTC).
pub(crate) fn day(time: Timestamp) -> Date {
    time.to_zoned(TimeZone::UTC).date()
}

/// How long ago something was, in one unit rounded down, such as `3 days`; nothing if it lies in
/// the future by more than clocks usually differ.
pub(crate) fn age(then: Timestamp, now: Timestamp) -> Option<String> {
    let seconds = now.duration_since(then).as_secs();
    let (count, unit) = match seconds {
        ..-60 => return None,
        -60..60 => return Some("less than a minute".to_owned()),
        60..3_600 => (seconds / 60, "minute"),
        3_600..172_800 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    Some(counted(count, unit))
}

/// A number and its noun, in the plural where it belongs.
pub(crate) fn counted(count: impl Display + PartialEq + From<u8>, noun: &str) -> String {
    let ending = if count == 1.into() { "" } else { "s" };
    format!("{count} {noun}{ending}")
}

/// A number of bytes in units of the SI (powers of 1000), rounded to what people compare: `999 B`,
/// `9.1 MB`, `214 MB`.
pub fn size(bytes: u64) -> String {
    if bytes < 1_000 {
        return format!("{bytes} B");
    }
    let bytes = u128::from(bytes);
    let mut unit = 1_000;
    let mut names = ["kB", "MB", "GB", "TB", "PB"].into_iter();
    loop {
        let name = names.next().unwrap_or("EB");
        // One decimal below ten, none above; halves are rounded up.
        let tenths = (bytes * 10 + unit / 2) / unit;
        if tenths < 100 {
            return format!("{}.{} {name}", tenths / 10, tenths % 10);
        }
        let whole = (bytes + unit / 2) / unit;
        if whole < 1_000 || name == "EB" {
            return format!("{whole} {name}");
        }
        unit *= 1_000;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_has_the_unit_that_people_would_choose() {
        for (bytes, said) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (9_949, "9.9 kB"),
            (9_950, "10 kB"),
            (999_499, "999 kB"),
            (999_500, "1.0 MB"),
            (214_499_999, "214 MB"),
            (1_250_000_000, "1.3 GB"),
            (u64::MAX, "18 EB"),
        ] {
            assert_eq!(size(bytes), said, "{bytes}");
        }
    }

    #[test]
    fn an_age_has_one_unit_and_is_rounded_down() {
        let now: Timestamp = "2024-10-13T12:00:00Z".parse().unwrap();
        let ago = |then: &str| age(then.parse().unwrap(), now);
        assert_eq!(ago("2024-10-13T11:59:30Z").unwrap(), "less than a minute");
        assert_eq!(ago("2024-10-13T11:58:59Z").unwrap(), "1 minute");
        assert_eq!(ago("2024-10-13T10:00:01Z").unwrap(), "1 hour");
        assert_eq!(ago("2024-10-11T12:00:01Z").unwrap(), "47 hours");
        assert_eq!(ago("2024-10-11T12:00:00Z").unwrap(), "2 days");
        assert_eq!(ago("2023-10-13T12:00:00Z").unwrap(), "366 days");
    }

    #[test]
    fn clocks_may_differ_a_little_and_the_future_has_no_age() {
        let now: Timestamp = "2024-10-13T12:00:00Z".parse().unwrap();
        let ago = |then: &str| age(then.parse().unwrap(), now);
        assert_eq!(ago("2024-10-13T12:01:00Z").unwrap(), "less than a minute");
        assert_eq!(ago("2024-10-13T12:01:01Z"), None);
    }
}

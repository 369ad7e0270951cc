//! How long an answer may be used without asking again (RFC 9111, section 4.2).

use std::time::Duration;

/// For answers that do not say: what index servers say of their pages, and uv assumes.
pub(super) const DEFAULT: Duration = Duration::from_mins(10);

/// However much longer an answer claims to be fresh, a new release should be seen within a day.
const LONGEST: Duration = Duration::from_hours(24);

/// The lifetime from `Cache-Control`, less the time that the answer already spent in caches on its
/// way (`Age`, in seconds).
pub(super) fn lifetime(cache_control: Option<&str>, age: Option<&str>) -> Duration {
    let Some(cache_control) = cache_control else { return DEFAULT };
    let mut max_age = None;
    let mut shared_max_age = None;
    for directive in cache_control.split(',') {
        let directive = directive.trim().to_ascii_lowercase();
        let (name, value) = directive.split_once('=').unwrap_or((&directive, ""));
        let seconds = || value.trim_matches('"').parse().ok().map(Duration::from_secs);
        match name {
            "no-cache" | "no-store" => return Duration::ZERO,
            "max-age" => max_age = seconds(),
            "s-maxage" => shared_max_age = seconds(),
            _ => {}
        }
    }
    let age =
        age.and_then(|age| age.trim().parse().ok()).map_or(Duration::ZERO, Duration::from_secs);
    match shared_max_age.or(max_age) {
        Some(told) => told.saturating_sub(age).min(LONGEST),
        None => DEFAULT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_fresh_for_as_long_as_it_says_within_bounds() {
        let seconds = |cache_control, age| lifetime(cache_control, age).as_secs();
        assert_eq!(seconds(None, None), 600);
        assert_eq!(seconds(Some("public"), None), 600);
        assert_eq!(seconds(Some("max-age=60, public"), None), 60);
        assert_eq!(seconds(Some("max-age=60"), Some("45")), 15);
        assert_eq!(seconds(Some("max-age=60"), Some("100")), 0);
        assert_eq!(seconds(Some("Max-Age=60, S-MaxAge=\"90\""), None), 90);
        assert_eq!(seconds(Some("max-age=600, no-cache"), None), 0);
        assert_eq!(seconds(Some("max-age=99999999"), None), 86_400);
    }
}

//! Conditional and partial requests (RFC 9110, sections 13 and 14).

use std::ops::Range;

use axum::http::HeaderMap;
use axum::http::header::{IF_NONE_MATCH, IF_RANGE, RANGE};

/// Whether the client names one of these tags, or any, as known to it. The comparison is weak, as
/// `If-None-Match` has it.
pub(super) fn is_known<'a>(headers: &HeaderMap, tags: &[&'a str]) -> Option<&'a str> {
    let values = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let known: Vec<_> = values
        .flat_map(|value| value.split(','))
        .map(|tag| tag.trim())
        .map(|tag| tag.strip_prefix("W/").unwrap_or(tag))
        .collect();
    if known.contains(&"*") {
        return tags.first().copied();
    }
    tags.iter().copied().find(|tag| known.contains(tag))
}

/// What part of a body is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Whole,
    /// Never empty.
    Range(Range<u64>),
    /// It lies behind the end.
    Unsatisfiable,
}

/// The part of a body of `size` bytes and this tag that a request asks for. Several ranges at once,
/// and what is no range, are answered with the whole, as section 14.2 allows.
pub(super) fn part(headers: &HeaderMap, tag: &str, size: u64) -> Part {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(range) = text(RANGE) else { return Part::Whole };
    // A date is never that of our files, which have none.
    if headers.contains_key(IF_RANGE) && text(IF_RANGE) != Some(tag) {
        return Part::Whole;
    }
    let range = range.split_once('=').filter(|(unit, _)| unit.trim().eq_ignore_ascii_case("bytes"));
    let Some((_, range)) = range else { return Part::Whole };
    let Some((first, last)) = range.trim().split_once('-') else { return Part::Whole };
    let range = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => first..last.saturating_add(1).min(size),
        (Ok(first), Err(_)) if last.is_empty() => first..size,
        (Err(_), Ok(suffix)) if first.is_empty() => size.saturating_sub(suffix)..size,
        _ => return Part::Whole,
    };
    if range.start < range.end { Part::Range(range) } else { Part::Unsatisfiable }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAG: &str = "\"tag\"";

    fn asked(range: &str, if_range: Option<&str>) -> Part {
        let mut headers = HeaderMap::from_iter([(RANGE, range.parse().unwrap())]);
        if let Some(if_range) = if_range {
            headers.insert(IF_RANGE, if_range.parse().unwrap());
        }
        part(&headers, TAG, 10)
    }

    #[test]
    fn a_range_is_cut_to_what_is_there() {
        for (range, wanted) in [
            ("bytes=2-4", Part::Range(2..5)),
            ("bytes=7-", Part::Range(7..10)),
            ("bytes=-2", Part::Range(8..10)),
            ("bytes=-99", Part::Range(0..10)),
            ("bytes=8-99", Part::Range(8..10)),
            ("bytes=0-0", Part::Range(0..1)),
            ("bytes=10-", Part::Unsatisfiable),
            ("bytes=-0", Part::Unsatisfiable),
            ("bytes=4-2", Part::Whole),
            ("bytes=0-1,4-5", Part::Whole),
            ("lines=1-2", Part::Whole),
            ("bytes=", Part::Whole),
        ] {
            assert_eq!(asked(range, None), wanted, "{range}");
        }
        assert_eq!(part(&HeaderMap::new(), TAG, 10), Part::Whole);
    }

    #[test]
    fn a_part_of_another_version_is_not_pieced_on() {
        assert_eq!(asked("bytes=2-", Some(TAG)), Part::Range(2..10));
        for other in ["\"other\"", "W/\"tag\"", "Mon, 01 Jan 2024 00:00:00 GMT"] {
            assert_eq!(asked("bytes=2-", Some(other)), Part::Whole, "{other}");
        }
    }

    #[test]
    fn a_known_tag_is_found_among_several() {
        let known = |tags: &str| {
            let headers = HeaderMap::from_iter([(IF_NONE_MATCH, tags.parse().unwrap())]);
            is_known(&headers, &[TAG, "\"tag-gzip\""])
        };
        assert_eq!(known("\"a\", W/\"tag\""), Some(TAG));
        assert_eq!(known("\"tag-gzip\""), Some("\"tag-gzip\""));
        assert_eq!(known("*"), Some(TAG));
        assert_eq!(known("\"a\""), None);
    }
}

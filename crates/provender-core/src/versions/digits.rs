//! Numbers of any length.

use std::cmp::Ordering;

/// A number as a version writes it, however long, so that nothing overflows. Zeros in front do
/// not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Digits(Box<str>);

impl Digits {
    /// The number that ASCII digits write; no digits are zero.
    pub(super) fn new(text: &str) -> Self {
        Self(text.trim_start_matches('0').into())
    }
}

impl Ord for Digits {
    fn cmp(&self, other: &Self) -> Ordering {
        compare(&self.0, &other.0)
    }
}

impl PartialOrd for Digits {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The order of two texts of ASCII digits by the numbers that they write.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    let (a, b) = (a.trim_start_matches('0'), b.trim_start_matches('0'));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

/// Splits a text after the ASCII digits that it begins with.
pub(super) fn split(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

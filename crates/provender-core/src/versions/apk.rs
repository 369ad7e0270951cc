//! Alpine's versions (apk-package(5), "pkgver", and the order of apk-tools 3).

use std::cmp::Ordering;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::digits::{self, Digits};
use super::{VersionError, written};

/// A version of an Alpine package:
/// `NUMBER{.NUMBER}[LETTER]{_SUFFIX[NUMBER]}[~HASH][-rNUMBER]`.
///
/// The order is that of apk-tools 3. That of apk-tools 2 differs where the one of two versions ends
/// in more zeros than the other (`1.0`, `1.00`), which no two versions of one package do.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ApkVersion {
    text: String,
    parts: Vec<Part>,
}

written!(ApkVersion);

/// What a version is made of, in the order in which different parts at one place stand: whatever
/// may follow an end of a version comes after it, but for the suffixes of a version before it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Before(Suffix),
    /// What has no place there, and all after it.
    Invalid,
    End,
    First(Digits),
    Revision(Digits),
    Hash(String),
    SuffixNumber(Digits),
    After(Suffix),
    Letter(u8),
    Further(Further),
}

/// A number after the first. Where one begins with a zero, both are compared as text, like decimal
/// places: `1.05` before `1.1`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Further {
    Text(String),
    Number(Digits),
}

/// The suffixes, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Suffix {
    Alpha,
    Beta,
    Pre,
    Rc,
    Cvs,
    Svn,
    Git,
    Hg,
    P,
}

impl Suffix {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "alpha" => Self::Alpha,
            "beta" => Self::Beta,
            "pre" => Self::Pre,
            "rc" => Self::Rc,
            "cvs" => Self::Cvs,
            "svn" => Self::Svn,
            "git" => Self::Git,
            "hg" => Self::Hg,
            "p" => Self::P,
            _ => return None,
        })
    }
}

impl FromStr for ApkVersion {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        let refuse = |reason| VersionError { version: text.to_owned(), world: "apk", reason };
        let mut parts = Vec::new();
        read(text, &mut parts).map_err(refuse)?;
        parts.push(Part::End);
        Ok(Self { text: text.to_owned(), parts })
    }
}

impl Ord for ApkVersion {
    fn cmp(&self, other: &Self) -> Ordering {
        self.parts.cmp(&other.parts)
    }
}

/// The order of two texts that need not be versions, as `apk version -t` tells it: what is no
/// version counts up to where it ceases to be one.
pub fn compare_apk(a: &str, b: &str) -> Ordering {
    let parts = |text| {
        let mut parts = Vec::new();
        let end = read(text, &mut parts).map_or(Part::Invalid, |()| Part::End);
        parts.push(end);
        parts
    };
    parts(a).cmp(&parts(b))
}

/// Reads a version's parts; where it is none, those before what is wrong.
fn read(text: &str, parts: &mut Vec<Part>) -> Result<(), &'static str> {
    let number = |text| match digits::split(text) {
        ("", _) => Err("a number is missing"),
        split => Ok(split),
    };
    let (first, mut rest) = number(text)?;
    parts.push(Part::First(Digits::new(first)));
    while let Some(further) = rest.strip_prefix('.') {
        let (further, after) = number(further)?;
        rest = after;
        parts.push(Part::Further(match further.starts_with('0') {
            true => Further::Text(further.to_owned()),
            false => Further::Number(Digits::new(further)),
        }));
    }
    if let Some(letter) = rest.bytes().next().filter(u8::is_ascii_lowercase) {
        rest = rest.get(1..).unwrap_or_default();
        parts.push(Part::Letter(letter));
    }
    while let Some(suffix) = rest.strip_prefix('_') {
        let end = suffix.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(suffix.len());
        let (name, after) = suffix.split_at(end);
        let suffix = Suffix::named(name).ok_or("it has an unknown suffix")?;
        parts.push(if suffix < Suffix::Cvs { Part::Before(suffix) } else { Part::After(suffix) });
        let (number, after) = digits::split(after);
        if !number.is_empty() {
            parts.push(Part::SuffixNumber(Digits::new(number)));
        }
        rest = after;
    }
    if let Some(hash) = rest.strip_prefix('~') {
        let is_hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        let (hash, after) = hash.split_at(hash.find(|c| !is_hex(c)).unwrap_or(hash.len()));
        if hash.is_empty() {
            return Err("the hash after `~` is missing");
        }
        parts.push(Part::Hash(hash.to_owned()));
        rest = after;
    }
    if let Some(revision) = rest.strip_prefix("-r") {
        let (revision, after) = number(revision)?;
        parts.push(Part::Revision(Digits::new(revision)));
        rest = after;
    }
    if !rest.is_empty() {
        return Err("something follows that has no place there");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> ApkVersion {
        text.parse().unwrap()
    }

    fn ascend(ascending: &str) {
        let ascending: Vec<_> = ascending.split(' ').collect();
        for pair in ascending.windows(2) {
            assert!(version(pair[0]) < version(pair[1]), "{} < {}", pair[0], pair[1]);
        }
    }

    #[test]
    fn the_first_number_is_a_number_whatever_zeros_it_has() {
        ascend("0.9 1 009 10 20240101 18446744073709551616");
        assert_eq!(version("01.2"), version("1.2"));
    }

    #[test]
    fn later_numbers_are_decimal_places_where_one_begins_with_a_zero() {
        ascend("1 1.0 1.00 1.001 1.01 1.05 1.1 1.9 1.10");
    }

    #[test]
    fn a_longer_version_is_later() {
        ascend("1.2 1.2.0 1.2.0.0 1.2.1");
    }

    #[test]
    fn a_letter_comes_after_the_number_and_before_a_further_one() {
        ascend("1.2 1.2-r9 1.2a 1.2b-r1 1.2z 1.2.0");
    }

    #[test]
    fn suffixes_are_before_or_after_the_version_without_one() {
        ascend(
            "1_alpha 1_alpha1 1_alpha2 1_alpha10 1_beta 1_pre 1_pre2-r1 1_rc 1_rc1_alpha 1_rc1 \
             1_rc1_p1 1 1-r1 1_cvs 1_svn 1_git 1_git20240101 1_hg 1_p 1_p1_alpha 1_p1 1_p1_p2 \
             1_p2 1a",
        );
    }

    #[test]
    fn hashes_are_compared_as_text_and_before_revisions() {
        ascend("1 1-r5 1~12 1~1234-r0 1~1234-r1 1~2345-r0 1~abcd");
    }

    #[test]
    fn revisions_are_numbers() {
        ascend("1-r0 1-r1 1-r2 1-r10");
        assert_eq!(version("1-r01"), version("1-r1"));
    }

    #[test]
    fn a_text_that_is_no_version_counts_up_to_where_it_ceases_to_be_one() {
        for (less, greater) in [("1_foo", "1"), ("1_rc", "1_foo"), ("1.2bc", "1.10x"), ("x", "0")] {
            assert_eq!(compare_apk(less, greater), Ordering::Less, "{less} < {greater}");
        }
        assert_eq!(compare_apk("1_foo", "1-x"), Ordering::Equal);
        assert_eq!(compare_apk("1.2-r1", "1.2-r0"), Ordering::Greater);
    }

    #[test]
    fn texts_that_are_no_versions_are_refused() {
        let texts = ".1 a _rc1 1. 1..2 1bc 1b1 1a.1 1A 1_ 1_post1 1_rcx 1~ 1~xyz 1~12ab_rc1 1-r1~12 \
                     1-r 1-1 1-rc1 1-r1_rc2 1-r1-r2 1-r1.1 1é ²";
        for text in texts.split(' ').chain(["", "1 "]) {
            assert!(text.parse::<ApkVersion>().is_err(), "{text:?}");
        }
        let error = "1_post1".parse::<ApkVersion>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "`1_post1` is not a version of apk: it has an unknown suffix"
        );
    }
}

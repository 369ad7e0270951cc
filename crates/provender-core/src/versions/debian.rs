//! Debian's versions (deb-version(7)), which Ubuntu shares.

use std::cmp::Ordering;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{VersionError, digits, written};

/// A version of a Debian package: `[EPOCH:]UPSTREAM[-REVISION]`.
///
/// What dpkg only warns of is read as dpkg reads it, since it stands in the status files of real
/// machines: an upstream version that does not begin with a digit, and characters that policy does
/// not know.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DebianVersion {
    text: String,
    epoch: u32,
    upstream: String,
    revision: String,
}

written!(DebianVersion);

impl DebianVersion {
    /// The epoch; 0 where none is written.
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// The version that the package's authors gave it.
    pub fn upstream(&self) -> &str {
        &self.upstream
    }

    /// The revision of the packaging; empty where none is written.
    pub fn revision(&self) -> &str {
        &self.revision
    }
}

impl FromStr for DebianVersion {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        let refuse = |reason| VersionError { version: text.to_owned(), world: "dpkg", reason };
        let trimmed = text.trim_matches([' ', '\t']);
        if trimmed.is_empty() {
            return Err(refuse("it is empty"));
        }
        if trimmed.contains(|c: char| c.is_ascii_whitespace() || c == '\0') {
            return Err(refuse("it holds a space"));
        }
        let (epoch, rest) = match trimmed.split_once(':') {
            None => (0, trimmed),
            Some(("", _)) => return Err(refuse("the epoch is empty")),
            Some((epoch, rest)) => {
                if !epoch.bytes().all(|byte| byte.is_ascii_digit()) {
                    return Err(refuse("the epoch is not a number"));
                }
                // dpkg's limit is that of a C int.
                let epoch = epoch.parse().ok().filter(|epoch: &u32| i32::try_from(*epoch).is_ok());
                (epoch.ok_or_else(|| refuse("the epoch is too large"))?, rest)
            }
        };
        if rest.is_empty() {
            return Err(refuse("nothing follows the epoch"));
        }
        let (upstream, revision) = match rest.rsplit_once('-') {
            Some((_, "")) => return Err(refuse("the revision is empty")),
            Some(("", _)) => return Err(refuse("the upstream version is empty")),
            Some(parts) => parts,
            None => (rest, ""),
        };
        let (upstream, revision) = (upstream.to_owned(), revision.to_owned());
        Ok(Self { text: trimmed.to_owned(), epoch, upstream, revision })
    }
}

impl Ord for DebianVersion {
    fn cmp(&self, other: &Self) -> Ordering {
        self.epoch
            .cmp(&other.epoch)
            .then_with(|| compare(&self.upstream, &other.upstream))
            .then_with(|| compare(&self.revision, &other.revision))
    }
}

/// The order of two upstream versions or revisions: stretches of other characters and of digits in
/// turn, the ones by the weights of their characters, the others as numbers.
fn compare(mut a: &str, mut b: &str) -> Ordering {
    while !a.is_empty() || !b.is_empty() {
        let (text_a, rest_a) = split_text(a);
        let (text_b, rest_b) = split_text(b);
        let (number_a, number_b);
        (number_a, a) = digits::split(rest_a);
        (number_b, b) = digits::split(rest_b);
        let order = compare_text(text_a, text_b).then_with(|| digits::compare(number_a, number_b));
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}

/// Splits a text before its first digit.
fn split_text(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| c.is_ascii_digit()).unwrap_or(text.len()))
}

fn compare_text(a: &str, b: &str) -> Ordering {
    // The end weighs more than `~` and less than everything else.
    let weights = |text: &str| text.bytes().map(weight).chain([0]).collect::<Vec<_>>();
    if a == b { Ordering::Equal } else { weights(a).cmp(&weights(b)) }
}

/// `~` before the end, letters before all other characters. A byte outside of ASCII weighs what it
/// weighs for dpkg on machines whose C `char` has a sign.
fn weight(byte: u8) -> i32 {
    match byte {
        b'~' => -1,
        _ if byte.is_ascii_alphabetic() || !byte.is_ascii() => i32::from(byte),
        _ => i32::from(byte) + 256,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> DebianVersion {
        text.parse().unwrap()
    }

    #[test]
    fn the_epoch_comes_first_then_the_upstream_version_then_the_revision() {
        let version = version("1:2.3-4-5ubuntu6");
        assert_eq!(
            (version.epoch(), version.upstream(), version.revision()),
            (1, "2.3-4", "5ubuntu6")
        );
    }

    #[test]
    fn versions_ascend() {
        let ascending = "0~~ 0~~a 0~ 0 0a 0+ 0.0 1.0~rc1-1 1.0-0.1 1.0-1 1.0-1+b1 1.0-1+deb12u1 \
                         1.0-1+deb12u2 1.0-1.1 1.0-2~bpo12+1 1.0-2 1.0-10 1.0a-1 1.0+dfsg-1 1.0.1-1 \
                         1.2 1.10 2 1:0.1";
        let ascending: Vec<_> = ascending.split(' ').collect();
        for pair in ascending.windows(2) {
            assert!(version(pair[0]) < version(pair[1]), "{} < {}", pair[0], pair[1]);
        }
    }

    #[test]
    fn zeros_and_an_absent_revision_make_no_difference() {
        for (a, b) in [("1.0", "1.00"), ("1", "1-0"), ("0:1", "1"), ("1.", "1.0"), (" 1 ", "1")] {
            assert_eq!(version(a), version(b), "{a} = {b}");
        }
    }

    #[test]
    fn what_dpkg_only_warns_of_is_read() {
        for text in ["a1", "1_2-3", "1-2_3", "1:2:3", "é1"] {
            assert!(text.parse::<DebianVersion>().is_ok(), "{text}");
        }
    }

    #[test]
    fn what_dpkg_refuses_is_refused() {
        for text in ["", " ", "1 2", ":1", "a:1", "-1:1", "1:", "1-", "-1", "2147483648:1"] {
            assert!(text.parse::<DebianVersion>().is_err(), "{text:?}");
        }
        let error = "x:1".parse::<DebianVersion>().unwrap_err();
        assert_eq!(error.to_string(), "`x:1` is not a version of dpkg: the epoch is not a number");
    }
}

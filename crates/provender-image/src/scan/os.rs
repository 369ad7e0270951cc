//! Which distribution an image is (os-release(5)).

use std::collections::BTreeMap;

use super::collector::Collector;
use super::inventory::{Ecosystem, Os};
use crate::tree::Tree;

/// Debian's releases: OSV counts them, and an image made while one was being tested has its name
/// only.
const DEBIAN_RELEASES: [(&str, &str); 8] = [
    ("stretch", "9"),
    ("buster", "10"),
    ("bullseye", "11"),
    ("bookworm", "12"),
    ("trixie", "13"),
    ("forky", "14"),
    ("duke", "15"),
    ("jessie", "8"),
];

/// How long a value may be, in bytes.
const LONGEST: usize = 1_000;

/// Reads `os-release`; failing that, what Debian and Alpine had before it.
pub(super) fn read(tree: &Tree, collector: &mut Collector) -> Option<Os> {
    for path in ["etc/os-release", "usr/lib/os-release"] {
        if let Some(text) = collector.text(tree, path) {
            return Some(from_os_release(&text));
        }
    }
    let word = |text: std::borrow::Cow<'_, str>| {
        text.split_whitespace().next().unwrap_or_default().to_owned()
    };
    let (id, version) = if let Some(version) = collector.text(tree, "etc/alpine-release") {
        ("alpine", word(version))
    } else {
        ("debian", word(collector.text(tree, "etc/debian_version")?))
    };
    let mut os = Os { id: id.to_owned(), ..Os::default() };
    if version.starts_with(|c: char| c.is_ascii_digit()) {
        let major = version.split('.').next().map(str::to_owned);
        os.version_id = if id == "debian" { major } else { Some(version) };
    } else {
        // `trixie/sid`
        os.version_codename = version.split('/').next().map(str::to_owned);
    }
    os.ecosystem = ecosystem_of(&os);
    Some(os)
}

/// Reads the text of an `os-release` file.
fn from_os_release(text: &str) -> Os {
    let fields: BTreeMap<&str, String> = text.lines().take(1_000).filter_map(assignment).collect();
    let is_usable = |value: &&String| {
        !value.is_empty() && value.len() <= LONGEST && !value.contains(char::is_control)
    };
    let field = |name| fields.get(name).filter(is_usable).cloned();
    let mut os = Os {
        // The specification's own default.
        id: field("ID").unwrap_or_else(|| "linux".to_owned()).to_ascii_lowercase(),
        id_like: field("ID_LIKE")
            .iter()
            .flat_map(|like| like.split_whitespace())
            .map(str::to_owned)
            .collect(),
        version_id: field("VERSION_ID"),
        version_codename: field("VERSION_CODENAME"),
        pretty_name: field("PRETTY_NAME"),
        ecosystem: None,
    };
    os.ecosystem = ecosystem_of(&os);
    os
}

/// One `NAME=VALUE` line, its quotes and escapes read as a shell does.
fn assignment(line: &str) -> Option<(&str, String)> {
    let (name, value) = line.trim().split_once('=')?;
    if name.starts_with('#') {
        return None;
    }
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
    let inner = quote.and_then(|quote| value.strip_prefix(quote)?.strip_suffix(quote));
    let value = inner.unwrap_or(value);
    if quote == Some('\'') {
        return Some((name, value.to_owned()));
    }
    let mut plain = String::with_capacity(value.len());
    let mut characters = value.chars();
    while let Some(c) = characters.next() {
        plain.extend(if c == '\\' { characters.next() } else { Some(c) });
    }
    Some((name, plain))
}

/// Where OSV keeps a release's advisories.
fn ecosystem_of(os: &Os) -> Option<String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let release = os.version_id.as_deref().filter(|release| release.chars().all(is_plain));
    Some(match os.id.as_str() {
        "debian" => {
            let by_name = |codename| DEBIAN_RELEASES.iter().find(|(name, _)| *name == codename);
            let named = || os.version_codename.as_deref().and_then(by_name);
            let number = release.map(|release| release.split('.').next().unwrap_or(release));
            format!("Debian:{}", number.or_else(|| named().map(|(_, number)| *number))?)
        }
        "ubuntu" => format!("Ubuntu:{}", release?),
        "alpine" => {
            let mut numbers = release?.split('.');
            let (major, minor) = (numbers.next()?, numbers.next()?);
            // `3.20_alpha20231219`: what is not released yet.
            if minor.contains('_') {
                return Some("Alpine:edge".to_owned());
            }
            format!("Alpine:v{major}.{minor}")
        }
        "wolfi" => "Wolfi".to_owned(),
        "chainguard" => "Chainguard".to_owned(),
        _ => return None,
    })
}

/// Whose packages those of dpkg are.
pub(super) fn of_dpkg(os: Option<&Os>) -> Ecosystem {
    match os.map(|os| os.id.as_str()) {
        Some("debian") | None => Ecosystem::Debian,
        Some("ubuntu") => Ecosystem::Ubuntu,
        Some(_) => Ecosystem::Other,
    }
}

/// Whose packages those of apk are.
pub(super) fn of_apk(os: Option<&Os>) -> Ecosystem {
    match os.map(|os| os.id.as_str()) {
        Some("alpine") | None => Ecosystem::Alpine,
        Some("wolfi") => Ecosystem::Wolfi,
        Some("chainguard") => Ecosystem::Chainguard,
        Some(_) => Ecosystem::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ecosystem(text: &str) -> Option<String> {
        from_os_release(text).ecosystem
    }

    #[test]
    fn each_distribution_has_its_ecosystem() {
        for (text, expected) in [
            ("ID=debian\nVERSION_ID=\"12\"\n", Some("Debian:12")),
            ("ID=debian\nVERSION_CODENAME=forky\n", Some("Debian:14")),
            ("ID=debian\n", None),
            ("ID=ubuntu\nVERSION_ID=\"22.04\"\n", Some("Ubuntu:22.04")),
            ("ID=alpine\nVERSION_ID=3.18.4\n", Some("Alpine:v3.18")),
            ("ID=alpine\nVERSION_ID=3.20_alpha20231219\n", Some("Alpine:edge")),
            ("ID=alpine\nVERSION_ID=3\n", None),
            ("ID=ubuntu\nVERSION_ID='22.04:x y'\n", None),
            ("ID=wolfi\nVERSION_ID=20230201\n", Some("Wolfi")),
            ("ID=kali\nID_LIKE=debian\nVERSION_ID=2024.1\n", None),
        ] {
            assert_eq!(ecosystem(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn values_are_read_as_a_shell_reads_them() {
        let text =
            "# NAME=no\nPRETTY_NAME=\"A \\\"B\\\" \\$C\"\nID='x'\n ID_LIKE=\"a b\"\nnonsense\n";
        let os = from_os_release(text);
        assert_eq!(os.pretty_name.as_deref(), Some("A \"B\" $C"));
        assert_eq!((os.id.as_str(), os.id_like), ("x", vec!["a".to_owned(), "b".to_owned()]));
    }
}

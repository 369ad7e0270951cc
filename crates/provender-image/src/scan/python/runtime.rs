//! Interpreters that nobody's package owns: those of python.org's images and of other builds from
//! source. Their version is in a header, and in the executable itself.

use crate::scan::collector::Collector;
use crate::scan::evidence::{Evidence, python_series};
use crate::scan::inventory::{Ecosystem, Kind, Package};
use crate::scan::owners::Owners;
use crate::scan::purl::Purl;
use crate::tree::Tree;

/// Finds interpreters by their standard libraries.
pub(super) fn read(
    tree: &Tree,
    found: &[(&str, Evidence)],
    owners: &Owners,
    collector: &mut Collector,
) {
    for (path, _) in found.iter().filter(|(_, evidence)| *evidence == Evidence::Stdlib) {
        if owners.of(path).is_some() {
            continue;
        }
        let Some((prefix, python)) = parts(path) else { continue };
        let version = version(tree, prefix, python, collector);
        let Some(series) = python_series(python) else { continue };
        let version = version.unwrap_or_else(|| {
            let series = series.trim_end_matches(|c: char| !c.is_ascii_digit());
            let message = "the last part of the interpreter's version is not known";
            collector.note(path, None, message);
            series.to_owned()
        });
        collector.add(Package {
            ecosystem: Ecosystem::Other,
            name: "python".to_owned(),
            purl: Purl::new("generic", "python", &version).to_string(),
            version,
            source: None,
            arch: None,
            locations: vec![(*path).to_owned()],
            layer: tree.get(path).map_or(0, |node| node.layer),
            kind: Kind::Runtime,
            owner: None,
            direct_url: None,
            licence: None,
        });
    }
}

/// `usr/local/` and `python3.11` of `usr/local/lib/python3.11/os.py`.
fn parts(path: &str) -> Option<(&str, &str)> {
    let (folder, python) = path.strip_suffix("/os.py")?.rsplit_once('/')?;
    let prefix = folder.strip_suffix("lib64").or_else(|| folder.strip_suffix("lib"))?;
    Some((prefix, python))
}

/// The whole version, by the header, else by the library, else by the executable.
fn version(tree: &Tree, prefix: &str, python: &str, collector: &mut Collector) -> Option<String> {
    // Python 3.7 and older have headers in a folder of the ABI's name.
    for header in ["", "m"].map(|abi| format!("{prefix}include/{python}{abi}/patchlevel.h")) {
        if let Some(text) = collector.text(tree, &header)
            && let Some(version) = defined(&text)
        {
            return Some(version);
        }
    }
    let series = python_series(python)?.trim_end_matches(|c: char| !c.is_ascii_digit());
    let libraries = ["lib", "lib64"].map(|lib| format!("{prefix}{lib}/lib{python}.so.1.0"));
    let binaries = libraries.into_iter().chain([format!("{prefix}bin/{python}")]);
    binaries.filter_map(|path| tree.content(&path)).find_map(|binary| in_binary(binary, series))
}

/// The text of `#define PY_VERSION "3.11.7"`.
fn defined(header: &str) -> Option<String> {
    header.lines().find_map(|line| {
        let value = line.trim().strip_prefix("#define")?.trim().strip_prefix("PY_VERSION")?;
        let version =
            value.strip_prefix([' ', '\t'])?.trim().strip_prefix('"')?.strip_suffix('"')?;
        (!version.is_empty()).then(|| version.to_owned())
    })
}

/// The same text among a binary's own: one that is nothing but a version of the series, else one that
/// ends in it, since linkers let a text be the end of a longer one.
fn in_binary(binary: &[u8], series: &str) -> Option<String> {
    let start = format!("{series}.");
    let mut at_the_end = None;
    let (mut rest, mut before) = (binary, b'\0');
    while let Some(at) = rest.windows(start.len()).position(|text| text == start.as_bytes()) {
        before = at.checked_sub(1).and_then(|at| rest.get(at)).copied().unwrap_or(before);
        rest = rest.get(at..)?;
        let end = rest.iter().take(LONGEST).position(|byte| *byte == 0);
        let text = end.and_then(|end| std::str::from_utf8(rest.get(..end)?).ok());
        if let Some(version) = text.filter(|text| is_patch(text.get(start.len()..))) {
            if before == b'\0' {
                return Some(version.to_owned());
            }
            if at_the_end.is_none() && !before.is_ascii_alphanumeric() && before != b'.' {
                at_the_end = Some(version.to_owned());
            }
        }
        (rest, before) = (rest.get(start.len()..)?, b'.');
    }
    at_the_end
}

/// How long a version may be, in bytes.
const LONGEST: usize = 32;

/// Whether a text is the last number of a version, maybe with what marks one that is no release.
fn is_patch(text: Option<&str>) -> bool {
    text.is_some_and(|text| {
        text.starts_with(|c: char| c.is_ascii_digit())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '+')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_defines_the_version() {
        let header = "#define PY_VERSION_HEX 1\n# define X\n#define PY_VERSION\t\t\"3.13.0rc1\"\n";
        assert_eq!(defined(header).as_deref(), Some("3.13.0rc1"));
        assert_eq!(defined("#define PY_VERSION 3\n"), None);
    }

    #[test]
    fn a_binary_holds_its_version_as_a_text_of_its_own() {
        let binary = b"\x7fELF\0x3.11.9\x003.11.\x003.110.4\x003.11.x\x003.11.7\x003.11.8\0";
        assert_eq!(in_binary(binary, "3.11").as_deref(), Some("3.11.7"));
        assert_eq!(in_binary(b"\x003.11.7", "3.11"), None);
        assert_eq!(in_binary(b"", "3.11"), None);
        let merged = b"x\x003.110.1\0/opt/3.11.4/lib\0/opt/python/3.11.7\0python3.11.8\0";
        assert_eq!(in_binary(merged, "3.11").as_deref(), Some("3.11.7"));
    }

    #[test]
    fn a_standard_library_has_a_prefix() {
        assert_eq!(parts("usr/local/lib/python3.11/os.py"), Some(("usr/local/", "python3.11")));
        assert_eq!(parts("lib64/python3.13t/os.py"), Some(("", "python3.13t")));
    }
}

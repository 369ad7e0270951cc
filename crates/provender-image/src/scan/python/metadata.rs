//! Core metadata (packaging specifications, "Core metadata specifications").

use provender_core::ProjectName;

use crate::scan::collector::Collector;
use crate::scan::fields::{self, Stanza};
use crate::tree::Tree;

/// How long a licence's own words may be, in bytes; what is longer is its text.
const LICENCE: usize = 200;

/// What is read of a distribution's metadata.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Metadata {
    pub(super) name: ProjectName,
    pub(super) version: String,
    pub(super) licence: Option<String>,
}

/// Reads the file at `path`. What it does not say, the name of its folder may.
pub(super) fn read(tree: &Tree, path: &str, collector: &mut Collector) -> Option<Metadata> {
    let text = collector.text(tree, path).unwrap_or_default();
    let stanza = fields::stanzas(&text).next();
    let field = |name| stanza.as_ref().and_then(|stanza| stanza.word(name));
    let (named, numbered) = words_of_path(path);
    let (name, version) = (field("Name").or(named), field("Version").or(numbered));
    let Some(name) = name.and_then(|name| name.parse().ok()) else {
        collector.lose(path, None, "a distribution without a valid name");
        return None;
    };
    let Some(version) = version.map(str::to_owned) else {
        collector.lose(path, None, format!("{name} has no version"));
        return None;
    };
    Some(Metadata { name, version, licence: stanza.as_ref().and_then(licence) })
}

/// The name and the version that a folder `NAME-VERSION.dist-info`, `NAME[-VERSION].egg-info` or
/// `NAME-VERSION[-pyX.Y].egg` tells.
fn words_of_path(path: &str) -> (Option<&str>, Option<&str>) {
    let suffixes = [".dist-info", ".egg-info", ".egg"];
    let part = path.rsplit('/').find_map(|part| suffixes.iter().find_map(|s| part.strip_suffix(s)));
    let mut words = part.unwrap_or_default().split('-').filter(|word| !word.is_empty());
    (words.next(), words.next())
}

/// `License-Expression`, else a short `License`, else what the classifiers say.
fn licence(stanza: &Stanza<'_>) -> Option<String> {
    let short = |text: &&str| text.len() <= LICENCE && *text != "UNKNOWN";
    let written = stanza.word("License-Expression").or(stanza.word("License")).filter(short);
    let classified = || {
        let classifiers = stanza.all("Classifier").filter(|text| text.starts_with("License :: "));
        let names: Vec<_> = classifiers.filter_map(|text| text.rsplit(" :: ").next()).collect();
        Some(names.join(", ")).filter(|names| !names.is_empty() && names.len() <= LICENCE)
    };
    written.map(str::to_owned).or_else(classified)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn licence_of(text: &str) -> Option<String> {
        licence(&fields::stanzas(text).next().unwrap())
    }

    #[test]
    fn a_licence_is_what_the_metadata_calls_it() {
        assert_eq!(licence_of("License: MIT\nLicense-Expression: 0BSD\n").as_deref(), Some("0BSD"));
        assert_eq!(licence_of("License: MIT\n").as_deref(), Some("MIT"));
        let classified = "License: Copyright\n all of it\nClassifier: License :: OSI Approved :: BSD License\nClassifier: Topic :: X\n";
        assert_eq!(licence_of(classified).as_deref(), Some("BSD License"));
        assert_eq!(licence_of("License: UNKNOWN\n"), None);
    }

    #[test]
    fn a_folder_tells_name_and_version() {
        assert_eq!(words_of_path("x/a_b-1.0.dist-info/METADATA"), (Some("a_b"), Some("1.0")));
        assert_eq!(words_of_path("x/a.egg-info/PKG-INFO"), (Some("a"), None));
        assert_eq!(words_of_path("x/a-1-py3.egg/EGG-INFO/PKG-INFO"), (Some("a"), Some("1")));
        assert_eq!(words_of_path("x/.egg-info"), (None, None));
    }
}

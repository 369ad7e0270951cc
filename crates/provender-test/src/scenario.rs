//! An index's content as a short text.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::index::FakeIndex;
use crate::release::{Release, Yanked};

/// Releases written in TOML: a table for each project, in it one for each version. Every field is optional.
///
/// ```
/// let index = provender_test::Scenario::parse(r#"
///     [a]
///     "1.0" = { requires = ["b<2"], requires-python = ">=3.9" }
///     "2.0" = { yanked = "broken", upload-time = "2024-01-31T00:00:00Z" }
///     [b]
///     "1.0" = { files = ["cp311-cp311-manylinux_2_28_x86_64", "sdist"], extras = { x = ["a"] } }
///     "1.1" = { files = ["sdist-dynamic"], build-requires = ["a"] }
/// "#).serve();
/// assert_eq!(index.hashes("b", "1.0").len(), 2);
/// ```
///
/// `files` lists wheel tags, `sdist` (static metadata) and `sdist-dynamic` (only a build tells what it requires).
#[derive(Debug, Clone)]
pub struct Scenario {
    releases: Vec<Release>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Entry {
    #[serde(default)]
    requires: Vec<String>,
    requires_python: Option<String>,
    #[serde(default)]
    extras: BTreeMap<String, Vec<String>>,
    yanked: Option<Mark>,
    upload_time: Option<String>,
    #[serde(default)]
    files: Vec<String>,
    #[serde(default)]
    build_requires: Vec<String>,
    #[serde(default = "yes")]
    hashes: bool,
}

/// `true`, or a reason.
#[derive(Deserialize)]
#[serde(untagged)]
enum Mark {
    Plain(bool),
    Reason(String),
}

fn yes() -> bool {
    true
}

impl Scenario {
    /// Reads a scenario. Panics with the place of the error if it is malformed.
    pub fn parse(toml: &str) -> Self {
        let projects: BTreeMap<String, BTreeMap<String, Entry>> =
            toml::from_str(toml).unwrap_or_else(|error| panic!("a malformed scenario: {error}"));
        let releases = projects
            .iter()
            .flat_map(|(project, releases)| {
                releases.iter().map(move |(version, entry)| entry.release(project, version))
            })
            .collect();
        Self { releases }
    }

    /// The releases, ordered by project and version text.
    pub fn releases(&self) -> &[Release] {
        &self.releases
    }

    /// Starts an index with these releases.
    pub fn serve(&self) -> FakeIndex {
        FakeIndex::with(self.releases.iter().cloned())
    }
}

impl Entry {
    fn release(&self, project: &str, version: &str) -> Release {
        let mut release = Release::new(project, version);
        release.hashes = self.hashes;
        release.upload_time.clone_from(&self.upload_time);
        release.metadata.requires.clone_from(&self.requires);
        release.metadata.requires_python.clone_from(&self.requires_python);
        for (extra, requires) in &self.extras {
            let requires: Vec<_> = requires.iter().map(String::as_str).collect();
            release = release.extra(extra, &requires);
        }
        release = release.yanked(match &self.yanked {
            None | Some(Mark::Plain(false)) => Yanked::No,
            Some(Mark::Plain(true)) => Yanked::Yes,
            Some(Mark::Reason(reason)) => Yanked::Because(reason.clone()),
        });
        if !self.files.is_empty() {
            release = release.no_wheel();
        }
        for file in &self.files {
            release = match file.as_str() {
                "sdist" | "sdist-dynamic" => release.sdist_as(|mut sdist| {
                    if file == "sdist-dynamic" {
                        sdist = sdist.dynamic();
                    }
                    self.build_requires.iter().fold(sdist, |sdist, r| sdist.build_requires(r))
                }),
                tag => release.wheel(tag),
            };
        }
        release
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filenames(scenario: &Scenario) -> Vec<String> {
        scenario.releases().iter().flat_map(Release::files).map(|file| file.filename).collect()
    }

    #[test]
    fn a_release_without_fields_has_a_pure_wheel() {
        let scenario = Scenario::parse("[a]\n\"1.0\" = {}\n");
        assert_eq!(filenames(&scenario), ["a-1.0-py3-none-any.whl"]);
    }

    #[test]
    fn files_are_those_named() {
        let scenario = Scenario::parse(
            "[a]\n\"1.0\" = { files = [\"cp311-cp311-win_amd64\", \"sdist\"] }\n\"2\" = { files = [\"sdist\"] }\n",
        );
        assert_eq!(
            filenames(&scenario),
            ["a-1.0-cp311-cp311-win_amd64.whl", "a-1.0.tar.gz", "a-2.tar.gz"]
        );
    }

    #[test]
    #[should_panic(expected = "unknown field `require`")]
    fn a_misspelt_field_is_refused() {
        Scenario::parse("[a]\n\"1.0\" = { require = [\"b\"] }\n");
    }
}

//! Core metadata (PyPA specification "Core metadata") as wheels and sdists carry it.

use std::fmt::Write as _;

/// The fields of a core metadata file that a resolver reads.
#[derive(Debug, Clone)]
pub(crate) struct CoreMetadata {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) requires: Vec<String>,
    pub(crate) requires_python: Option<String>,
    pub(crate) extras: Vec<String>,
}

impl CoreMetadata {
    pub(crate) fn new(name: &str, version: &str) -> Self {
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            requires: Vec::new(),
            requires_python: None,
            extras: Vec::new(),
        }
    }

    /// Adds an extra and what it requires: the extra becomes part of each requirement's marker (PEP 508).
    pub(crate) fn extra(&mut self, extra: &str, requires: &[&str]) {
        self.extras.push(extra.to_owned());
        for requirement in requires {
            self.requires.push(match requirement.split_once(';') {
                Some((what, marker)) => {
                    format!("{} ; ({}) and extra == '{extra}'", what.trim(), marker.trim())
                }
                None => format!("{requirement} ; extra == '{extra}'"),
            });
        }
    }

    /// The file's text in `metadata_version`, with every field static.
    pub(crate) fn render(&self, metadata_version: &str) -> String {
        let mut text = self.identity(metadata_version);
        if let Some(requires_python) = &self.requires_python {
            let _ = writeln!(text, "Requires-Python: {requires_python}");
        }
        for extra in &self.extras {
            let _ = writeln!(text, "Provides-Extra: {extra}");
        }
        for requirement in &self.requires {
            let _ = writeln!(text, "Requires-Dist: {requirement}");
        }
        text
    }

    /// A version 2.1 file that names project and version only. Its missing fields mean nothing before version 2.2
    /// (PEP 643), so a reader has to build the sdist to learn them.
    pub(crate) fn render_dynamic(&self) -> String {
        self.identity("2.1")
    }

    /// `name-version` as file names and directories write it (PyPA specification "Binary distribution format").
    pub(crate) fn stem(&self) -> String {
        format!("{}-{}", normalize(&self.name).replace('-', "_"), self.version)
    }

    fn identity(&self, metadata_version: &str) -> String {
        format!(
            "Metadata-Version: {metadata_version}\nName: {}\nVersion: {}\nSummary: a file made for a test\n",
            self.name, self.version
        )
    }
}

/// A project's name as the simple API writes it (PEP 503).
pub(crate) fn normalize(name: &str) -> String {
    let mut normal = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '-' | '_' | '.' if normal.ends_with('-') => {}
            '-' | '_' | '.' => normal.push('-'),
            c => normal.push(c.to_ascii_lowercase()),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_normalized_as_pep_503_says() {
        assert_eq!(normalize("Friendly__Bard.-x"), "friendly-bard-x");
    }

    #[test]
    fn an_extra_joins_the_marker_a_requirement_has() {
        let mut metadata = CoreMetadata::new("a", "1");
        metadata.extra("x", &["b>1", "c; os_name == 'posix' or os_name == 'nt'"]);
        assert_eq!(
            metadata.requires,
            ["b>1 ; extra == 'x'", "c ; (os_name == 'posix' or os_name == 'nt') and extra == 'x'"]
        );
    }
}

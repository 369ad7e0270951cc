//! Source distributions made in memory (PyPA specification "Source distribution format").

use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use crate::backend;
use crate::metadata::{CoreMetadata, normalize};
use crate::release::DistFile;

/// Builds a valid sdist (`.tar.gz`) with a build backend of its own. The same settings give the same bytes.
#[derive(Debug, Clone)]
pub struct Sdist {
    metadata: CoreMetadata,
    dynamic: bool,
    build_requires: Vec<String>,
    trace: Option<String>,
    failure: Option<String>,
}

impl Sdist {
    /// An sdist with static metadata (version 2.2) that requires nothing, neither to run nor to build.
    pub fn new(name: &str, version: &str) -> Self {
        Self::from_metadata(CoreMetadata::new(name, version))
    }

    pub(crate) fn from_metadata(metadata: CoreMetadata) -> Self {
        Self { metadata, dynamic: false, build_requires: Vec::new(), trace: None, failure: None }
    }

    /// The same sdist with other metadata.
    pub(crate) fn with_metadata(&self, metadata: CoreMetadata) -> Self {
        Self { metadata, ..self.clone() }
    }

    /// Adds a `Requires-Dist` (PEP 508).
    #[must_use]
    pub fn requires(mut self, requirement: &str) -> Self {
        self.metadata.requires.push(requirement.to_owned());
        self
    }

    /// Sets `Requires-Python`.
    #[must_use]
    pub fn requires_python(mut self, specifiers: &str) -> Self {
        self.metadata.requires_python = Some(specifiers.to_owned());
        self
    }

    /// Makes the metadata dynamic: only a build tells what the sdist requires.
    #[must_use]
    pub fn dynamic(mut self) -> Self {
        self.dynamic = true;
        self
    }

    /// Adds a requirement of the build itself (`build-system.requires`, PEP 518).
    #[must_use]
    pub fn build_requires(mut self, requirement: &str) -> Self {
        self.build_requires.push(requirement.to_owned());
        self
    }

    /// Has every hook of the backend append a line to `path`: proof that the project's code ran.
    #[must_use]
    pub fn trace(mut self, path: &Path) -> Self {
        self.trace = Some(path.display().to_string());
        self
    }

    /// Makes the build fail with `message`.
    #[must_use]
    pub fn build_fails(mut self, message: &str) -> Self {
        self.failure = Some(message.to_owned());
        self
    }

    /// The sdist with its file name. Its core metadata is given only when it is static.
    pub fn build(&self) -> DistFile {
        let stem = self.metadata.stem();
        let module = normalize(&self.metadata.name).replace('-', "_");
        let built = self.metadata.render("2.1");
        let pkg_info =
            if self.dynamic { self.metadata.render_dynamic() } else { self.metadata.render("2.2") };
        let build = json!({
            "stem": stem,
            "module": module,
            "version": self.metadata.version,
            "METADATA": built,
            "WHEEL": "Wheel-Version: 1.0\nGenerator: provender-test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            "trace": self.trace,
            "failure": self.failure,
        });
        let members = [
            ("PKG-INFO", pkg_info.clone()),
            ("pyproject.toml", self.pyproject()),
            ("build_backend.py", backend::SOURCE.to_owned()),
            ("build.json", build.to_string()),
            (
                &*format!("{module}/__init__.py"),
                format!("__version__ = \"{}\"\n", self.metadata.version),
            ),
        ];
        DistFile {
            filename: format!("{stem}.tar.gz"),
            bytes: tar_gz(&stem, &members),
            core_metadata: (!self.dynamic).then(|| pkg_info.into_bytes()),
        }
    }

    /// Without a `[project]` table: a resolver could read static requirements from one without building.
    fn pyproject(&self) -> String {
        format!(
            "[build-system]\nrequires = {}\nbuild-backend = \"build_backend\"\nbackend-path = [\".\"]\n",
            json!(self.build_requires)
        )
    }
}

fn tar_gz(root: &str, members: &[(&str, String)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    for (path, text) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(0);
        archive
            .append_data(&mut header, format!("{root}/{path}"), text.as_bytes())
            .expect("a member of a tar in memory");
    }
    archive.into_inner().and_then(GzEncoder::finish).expect("a tar in memory")
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn member(sdist: &DistFile, path: &str) -> String {
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(&*sdist.bytes));
        let mut entry = archive
            .entries()
            .unwrap()
            .map(Result::unwrap)
            .find(|entry| entry.path().unwrap() == Path::new(path))
            .unwrap();
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn static_metadata_says_what_is_required() {
        let sdist = Sdist::new("a", "1.0").requires("b").build();
        let pkg_info = member(&sdist, "a-1.0/PKG-INFO");
        assert!(pkg_info.contains("Metadata-Version: 2.2\n"));
        assert!(pkg_info.contains("Requires-Dist: b\n"));
        assert!(sdist.core_metadata.is_some());
    }

    #[test]
    fn dynamic_metadata_keeps_it_for_the_build() {
        let sdist = Sdist::new("a", "1.0").requires("b").dynamic().build();
        let pkg_info = member(&sdist, "a-1.0/PKG-INFO");
        assert!(pkg_info.contains("Metadata-Version: 2.1\n"));
        assert!(!pkg_info.contains("Requires-Dist"));
        assert!(sdist.core_metadata.is_none());
        assert!(member(&sdist, "a-1.0/build.json").contains("Requires-Dist: b"));
    }
}

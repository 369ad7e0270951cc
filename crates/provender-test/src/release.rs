//! What an index holds: releases and their files.

use sha2::{Digest as _, Sha256};

use crate::metadata::CoreMetadata;
use crate::{Sdist, Wheel};

/// One distribution file with its bytes.
#[derive(Debug, Clone)]
pub struct DistFile {
    /// The file's name, which holds project, version and tags.
    pub filename: String,
    /// The file.
    pub bytes: Vec<u8>,
    /// What an index may serve as `FILENAME.metadata` (PEP 658).
    pub core_metadata: Option<Vec<u8>>,
}

impl DistFile {
    /// The SHA-256 of the bytes, in lower-case hexadecimal.
    pub fn sha256(&self) -> String {
        sha256_hex(&self.bytes)
    }
}

/// The SHA-256 of `bytes`, in lower-case hexadecimal.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

/// Whether a release was yanked (PEP 592).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Yanked {
    /// It was not.
    #[default]
    No,
    /// It was, without a reason.
    Yes,
    /// It was, with a reason.
    Because(String),
}

/// A release to put into a [`FakeIndex`](crate::FakeIndex): by default one wheel `py3-none-any` that requires nothing.
#[derive(Debug, Clone)]
pub struct Release {
    pub(crate) metadata: CoreMetadata,
    pub(crate) yanked: Yanked,
    pub(crate) upload_time: Option<String>,
    pub(crate) hashes: bool,
    tags: Vec<String>,
    sdist: Option<Sdist>,
    files: Vec<DistFile>,
    wheels: bool,
}

impl Release {
    /// A release of `name` with one pure wheel.
    pub fn new(name: &str, version: &str) -> Self {
        Self {
            metadata: CoreMetadata::new(name, version),
            yanked: Yanked::No,
            upload_time: None,
            hashes: true,
            tags: Vec::new(),
            sdist: None,
            files: Vec::new(),
            wheels: true,
        }
    }

    /// Adds a requirement (PEP 508).
    #[must_use]
    pub fn requires(mut self, requirement: &str) -> Self {
        self.metadata.requires.push(requirement.to_owned());
        self
    }

    /// Sets the Python versions it runs on.
    #[must_use]
    pub fn requires_python(mut self, specifiers: &str) -> Self {
        self.metadata.requires_python = Some(specifiers.to_owned());
        self
    }

    /// Adds an extra and what it requires.
    #[must_use]
    pub fn extra(mut self, extra: &str, requires: &[&str]) -> Self {
        self.metadata.extra(extra, requires);
        self
    }

    /// Yanks the release.
    #[must_use]
    pub fn yanked(mut self, yanked: Yanked) -> Self {
        self.yanked = yanked;
        self
    }

    /// Sets `upload-time` (PEP 700) of all files: a time such as `2024-01-31T12:00:00Z`.
    #[must_use]
    pub fn uploaded(mut self, time: &str) -> Self {
        self.upload_time = Some(time.to_owned());
        self
    }

    /// Adds a wheel with this tag, in place of the pure one.
    #[must_use]
    pub fn wheel(mut self, tag: &str) -> Self {
        self.tags.push(tag.to_owned());
        self.wheels = true;
        self
    }

    /// Adds an sdist with static metadata.
    #[must_use]
    pub fn sdist(self) -> Self {
        self.sdist_as(|sdist| sdist)
    }

    /// Adds an sdist with settings of its own for the build, such as [`Sdist::dynamic`]; what it requires is what the
    /// release requires.
    #[must_use]
    pub fn sdist_as(mut self, set: impl FnOnce(Sdist) -> Sdist) -> Self {
        let sdist =
            self.sdist.take().unwrap_or_else(|| Sdist::from_metadata(self.metadata.clone()));
        self.sdist = Some(set(sdist));
        self
    }

    /// Leaves the release without the pure wheel.
    #[must_use]
    pub fn no_wheel(mut self) -> Self {
        self.wheels = false;
        self
    }

    /// Adds a file made elsewhere; with it the release has no wheel but those named.
    #[must_use]
    pub fn file(mut self, file: DistFile) -> Self {
        self.files.push(file);
        self.wheels = !self.tags.is_empty();
        self
    }

    /// Has the index promise no hash for its files.
    #[must_use]
    pub fn without_hashes(mut self) -> Self {
        self.hashes = false;
        self
    }

    /// Every file of the release.
    pub fn files(&self) -> Vec<DistFile> {
        let mut files = self.files.clone();
        if self.wheels {
            let pure = ["py3-none-any".to_owned()];
            let tags = if self.tags.is_empty() { &pure[..] } else { &self.tags[..] };
            files.extend(
                tags.iter().map(|tag| Wheel::from_metadata(self.metadata.clone()).tag(tag).build()),
            );
        }
        if let Some(sdist) = &self.sdist {
            files.push(sdist.with_metadata(self.metadata.clone()).build());
        }
        files
    }
}

//! The lock: every project a project needs, each at one version, each file by its digest.
//!
//! A lock is written in two forms, [`constraints`] (pip's requirements format) and [`pylock`]
//! (PEP 751), from one model. The same lock gives the same bytes.

pub mod constraints;
pub mod pylock;

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use url::Url;

use crate::{FileHash, ProjectName, Target, Version};

/// What a lock was made from and for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LockHeader {
    /// The inputs, relative to the lock's folder, with `/` between parts.
    pub inputs: Vec<String>,
    /// What it must install on; none in a file that another tool wrote.
    pub target: Option<Target>,
    /// Files uploaded after this instant were not considered.
    pub exclude_newer: Option<Timestamp>,
    /// Whether development requirements were left out.
    pub exclude_dev: bool,
    /// Wheels that no index has, because they were built here; their hashes are among the files of
    /// their projects.
    pub built: Vec<BuiltHere>,
}

/// A wheel that was built for a lock, shown as `NAME==VERSION HASH`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct BuiltHere {
    /// The project.
    pub project: ProjectName,
    /// The release that it was built from.
    pub version: Version,
    /// The hash of the wheel.
    pub hash: FileHash,
}

impl fmt::Display for BuiltHere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}=={} {}", self.project, self.version, self.hash)
    }
}

impl FromStr for BuiltHere {
    type Err = LockError;

    fn from_str(text: &str) -> Result<Self, LockError> {
        let read = || {
            let (release, hash) = text.split_once(' ')?;
            let (project, version) = release.split_once("==")?;
            Some(Self {
                project: project.parse().ok()?,
                version: version.parse().ok()?,
                hash: hash.parse().ok()?,
            })
        };
        read().ok_or_else(|| LockError {
            line: None,
            message: format!("`{text}` is not a built wheel, NAME==VERSION HASH"),
        })
    }
}

/// A complete resolution with hashes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lock {
    /// What it was made from and for.
    pub header: LockHeader,
    /// What gets installed, sorted by name, version and marker.
    pub projects: Vec<LockedProject>,
    /// What is installed only while something without a wheel is built, sorted likewise.
    pub build: Vec<LockedProject>,
}

impl Lock {
    /// Puts everything in the order in which it is written.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        self.header.built.sort();
        self.header.built.dedup();
        for list in [&mut self.projects, &mut self.build] {
            list.sort_by(|a, b| {
                (&a.name, &a.version, &a.marker).cmp(&(&b.name, &b.version, &b.marker))
            });
            for project in list {
                project.files.sort_by(|a, b| (&a.hash, &a.filename).cmp(&(&b.hash, &b.filename)));
                project.files.dedup();
                project.via.sort();
                project.via.dedup();
            }
        }
        self
    }

    /// The locked projects of this name: several where markers tell versions apart.
    pub fn named<'a>(&'a self, name: &'a ProjectName) -> impl Iterator<Item = &'a LockedProject> {
        self.projects.iter().filter(move |project| project.name == *name)
    }
}

/// A project at its locked version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedProject {
    /// The project.
    pub name: ProjectName,
    /// The version; none where it comes from a location whose version was not learnt.
    pub version: Option<Version>,
    /// When it is installed (a PEP 508 marker); none means always.
    pub marker: Option<String>,
    /// Where it comes from.
    pub source: LockedSource,
    /// What the release says of the Pythons it runs on.
    pub requires_python: Option<String>,
    /// The files of the release; any of them may be installed.
    pub files: Vec<LockedFile>,
    /// Who asked for it.
    pub via: Vec<Via>,
}

/// Where a locked project comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LockedSource {
    /// An index; its simple API's URL where it is known, without credentials.
    Index(Option<Url>),
    /// A location: what follows `@` in `NAME @ LOCATION`.
    Direct(String),
    /// A folder in editable mode.
    Editable(String),
}

/// One file of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedFile {
    /// The wheel's or sdist's file name, where the lock tells it.
    pub filename: Option<String>,
    /// Where it can be fetched, without credentials.
    pub url: Option<Url>,
    /// What its bytes must hash to.
    pub hash: FileHash,
    /// Its size in bytes.
    pub size: Option<u64>,
    /// When it was uploaded.
    pub upload_time: Option<Timestamp>,
}

impl LockedFile {
    /// A file of which nothing but its hash is known.
    pub fn of_hash(hash: FileHash) -> Self {
        Self { filename: None, url: None, hash, size: None, upload_time: None }
    }

    /// Whether it is a wheel; false where the name is unknown.
    pub fn is_wheel(&self) -> bool {
        self.filename.as_deref().is_some_and(|name| name.ends_with(".whl"))
    }
}

/// Who asked for a locked project.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Via {
    /// A requirement of an input, shown as `-r FILE`, or as the file where it is no
    /// requirements file.
    Input(String),
    /// A line of a constraints file, shown as `-c FILE`.
    Constraint(String),
    /// Another locked project.
    Project(ProjectName),
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input(file) if file.ends_with(".toml") => f.write_str(file),
            Self::Input(file) => write!(f, "-r {file}"),
            Self::Constraint(file) => write!(f, "-c {file}"),
            Self::Project(name) => write!(f, "{name}"),
        }
    }
}

/// Why a text is not a lock that provender can read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct LockError {
    /// The line, counted from 1, where one is to blame.
    pub line: Option<u32>,
    /// What is wrong.
    pub message: String,
}

impl LockError {
    fn at(line: u32, message: impl Into<String>) -> Self {
        Self { line: Some(line), message: message.into() }
    }
}

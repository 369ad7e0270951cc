//! Wheels, and what they become when they are installed (PyPA specifications "Binary distribution
//! format" and "Recording installed projects").
//!
//! [`open`] looks at nothing in a file before all of it has the digest that the lock promises. Then it
//! refuses archives that different tools would read differently, and wheels whose `RECORD` does not
//! name exactly what is in them. [`install`] says which entries of a layer a wheel becomes: no file
//! is unpacked for it, since each is read out of the wheel when the layer is written, and checked
//! against `RECORD` then. [`verify`] checks them all at once.

mod archive;
mod entry_points;
mod error;
mod filename;
mod headers;
mod install;
mod libraries;
mod merge;
mod open;
pub(crate) mod record;
mod script;

use std::path::{Path, PathBuf};

use provender_core::{ProjectName, Sha256, Version};

use crate::layer::Content;
use entry_points::EntryPoint;

pub use error::WheelError;
pub use filename::{BadFilename, WheelFilename};
pub use install::{Installed, Requested, Scheme, install, install_compiled};
pub use libraries::{Library, MAX_LIBRARY, libraries};
pub use merge::{Collision, merge};
pub use open::{open, verify};

/// Which wheel a lock names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// The name of the file.
    pub filename: String,
    /// The project.
    pub name: ProjectName,
    /// The release.
    pub version: Version,
    /// What the file hashes to.
    pub sha256: Sha256,
}

/// A wheel whose digest, names and `RECORD` were found to be right.
#[derive(Debug, Clone)]
pub struct Wheel {
    path: PathBuf,
    expected: Expected,
    filename: WheelFilename,
    /// The name as `METADATA` writes it.
    written_name: String,
    /// The folder `NAME-VERSION.dist-info`, without a slash.
    dist_info: String,
    /// The folder `NAME-VERSION.data`, without a slash.
    data: Option<String>,
    root_is_purelib: bool,
    tags: Vec<String>,
    console_scripts: Vec<EntryPoint>,
    gui_scripts: Vec<EntryPoint>,
    members: Vec<Member>,
}

/// A file in a wheel.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Member {
    name: String,
    content: Content,
    /// Whether somebody may execute it.
    executable: bool,
}

impl Wheel {
    /// The wheel, which was built on this machine: another would compress the same files otherwise, so
    /// what it makes of them is not for layers.
    #[must_use]
    pub fn built_here(mut self) -> Self {
        for member in &mut self.members {
            if let Content::Member { archive_sha256, .. } = &mut member.content {
                *archive_sha256 = None;
            }
        }
        self
    }

    /// The project.
    pub fn name(&self) -> &ProjectName {
        &self.expected.name
    }

    /// The release.
    pub fn version(&self) -> &Version {
        &self.expected.version
    }

    /// The name of the file, in its parts.
    pub fn filename(&self) -> &WheelFilename {
        &self.filename
    }

    /// What the file hashes to.
    pub fn sha256(&self) -> Sha256 {
        self.expected.sha256
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The compatibility tags that `WHEEL` names, such as `py3-none-any`.
    pub fn tags(&self) -> &[String] {
        &self.tags
    }

    /// The files in it: their names in the archive and their contents.
    pub fn files(&self) -> impl ExactSizeIterator<Item = (&str, &Content)> {
        self.members.iter().map(|member| (member.name.as_str(), &member.content))
    }

    /// How the wheel is named to people.
    fn shown(&self) -> String {
        self.expected.filename.clone()
    }
}

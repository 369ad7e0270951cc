//! The Pythons of an image, and where each has software installed.

mod abi;
mod find;
mod install;
mod version;

use std::fmt;

use provender_core::PythonVersion;

pub(super) use find::{find, folders};
pub use version::VersionSource;

/// A Python. Paths are absolute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BasePython {
    /// How it is called: where `PATH` finds it, such as `/usr/local/bin/python3`.
    pub executable: String,
    /// The program itself, links followed, such as `/usr/local/bin/python3.11`.
    pub interpreter: String,
    /// What it is.
    pub implementation: Implementation,
    /// Its version; the third number where there is evidence of it.
    pub version: PythonVersion,
    /// What the third number was told by.
    pub version_source: VersionSource,
    /// `sys.prefix`: the virtual environment, or where Python is installed.
    pub prefix: String,
    /// `sys.base_prefix`: where Python is installed.
    pub base_prefix: String,
    /// The folder of the standard library.
    pub stdlib: String,
    /// The folder that distributions are installed into (`sysconfig`'s `purelib` for an
    /// administrator), links followed.
    pub site_packages: String,
    /// The folder for those with compiled modules (`platlib`): another one on Fedora's and Red Hat's.
    pub platlib: String,
    /// The folder for their scripts.
    pub scripts: String,
    /// The folder for data that they share with others (`sysconfig`'s `data`).
    pub data: String,
    /// The folder below which each has one for its headers.
    pub headers: String,
    /// What the names of compiled modules say, such as `cpython-311-x86_64-linux-gnu` (PEP 3149).
    pub soabi: Option<String>,
    /// Whether it was built without the global interpreter lock (PEP 703).
    pub free_threaded: bool,
    /// Whether it was built for debugging.
    pub debug: bool,
    /// Whether it says that its distribution alone installs into it (PEP 668).
    pub externally_managed: bool,
    /// The first four bytes of its bytecode files.
    pub bytecode_magic: Option<[u8; 4]>,
}

impl BasePython {
    /// Whether it is a virtual environment (PEP 405).
    pub fn is_virtual(&self) -> bool {
        self.prefix != self.base_prefix
    }
}

/// Who wrote a Python.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Implementation {
    /// The one from python.org.
    CPython,
    /// The one with a just-in-time compiler.
    PyPy,
}

impl fmt::Display for Implementation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CPython => "CPython",
            Self::PyPy => "PyPy",
        })
    }
}

//! Bytecode of what is in an image, compiled while it is built: a read-only root takes none later.
//!
//! The files are those that never look at their sources (PEP 552, "unchecked hash"), so that they
//! hold no times. They are written by a Python of this machine of the base's series, with its magic
//! number; the base's own is not run. The sources are compiled, and nothing of them is run.
//!
//! The same source gives the same bytes: each is compiled in a process of its own, without the
//! user's variables and with a fixed seed.

mod compiler;
mod find;

use std::io;
use std::path::PathBuf;

use crate::layer::LayerError;

pub use find::find;

/// The first series of Python whose bytecode is the same each time: sets were written in an order of
/// chance before.
const FIRST: (u8, u8) = (3, 11);

/// A Python of this machine that compiles for a base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compiler {
    program: PathBuf,
    /// Its whole version, which may decide the bytes.
    version: String,
    /// What stands in the names of its files, such as `cpython-311`.
    tag: String,
}

/// Why there is no bytecode.
#[derive(Debug, thiserror::Error)]
pub enum BytecodeError {
    /// The base's Python is one for which none is compiled.
    #[error("no bytecode is compiled for Python {0}: it is not the same twice before 3.11")]
    Series(String),
    /// It is not known what the base's Python loads.
    #[error("it is not known which bytecode the base's Python {0} loads")]
    Magic(String),
    /// This machine has no Python that compiles for the base.
    #[error("no Python on this machine compiles for the base's Python {python}{}", of_found(.found))]
    NoPython {
        /// The base's version.
        python: String,
        /// The Pythons that were found, and why they do not.
        found: Vec<String>,
    },
    /// Python could not be run, or ended.
    #[error("{} did not compile {path}: {source}", program.display())]
    Failed {
        /// The Python.
        program: PathBuf,
        /// The file, in the image.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// A source cannot be read, or is not what was promised.
    #[error(transparent)]
    Source(#[from] LayerError),
}

fn of_found(found: &[String]) -> String {
    if found.is_empty() { String::new() } else { format!(": {}", found.join(", ")) }
}

impl Compiler {
    /// Everything besides the sources that decides the bytes.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Where Python looks for the bytecode of a source (PEP 3147).
    fn path(&self, source: &str) -> Option<String> {
        let (folder, name) = source.rsplit_once('/').unwrap_or(("", source));
        let stem = name.strip_suffix(".py").filter(|stem| !stem.is_empty())?;
        let folder = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        Some(format!("{folder}__pycache__/{stem}.{}.pyc", self.tag))
    }
}

//! What the image offers that something is to be built upon: its Python, its C library, its users.
//!
//! One pass over the layers finds it; nothing of the image is run. Everything told here has a file
//! of the image, or a setting of its configuration, as evidence.

mod libc;
mod libraries;
mod loader;
mod python;
mod system;
mod wanted;

use std::collections::{BTreeMap, BTreeSet};

pub use libc::Libc;
pub(crate) use libc::glibc_symbol;
pub(crate) use libraries::at_origin;
pub use loader::Loader;
pub use python::{BasePython, Implementation, VersionSource};
pub use system::{Group, OsRelease, PackageManager, User};
pub use wanted::wanted;

use crate::elf::Object;
use crate::tree::{self, Limits, Tree, TreeError};
use crate::{Image, ImageConfig, Platform};

/// The largest file whose content stays in [`Base::tree`], in bytes.
const REMEMBERED: u64 = 1 << 20;

/// Why it cannot be told what an image offers.
#[derive(Debug, thiserror::Error)]
pub enum BaseError {
    /// The image cannot be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The programs in the image are for another processor than its configuration says.
    #[error("{executable} is a program for {found}, and the image says that it is for {claimed}")]
    Architecture {
        /// The program.
        executable: String,
        /// What its ELF header says, in Go's words.
        found: String,
        /// What the configuration says.
        claimed: String,
    },
    /// A program that should be an ELF file and is not.
    #[error("{executable} is no program that can be read: {reason}")]
    Program {
        /// The program.
        executable: String,
        /// What is wrong with it.
        reason: String,
    },
    /// There is a C library whose version stands nowhere in it.
    #[error("the version of the C library {path} cannot be told")]
    LibcVersion {
        /// The library.
        path: String,
    },
    /// There is no Python.
    #[error("the image has no Python: none was found in {}", searched.join(", "))]
    NoPython {
        /// The folders that were searched.
        searched: Vec<String>,
    },
    /// The Python that would be run is none that provender installs for.
    #[error("{executable} is {implementation}, and provender installs for CPython only")]
    Implementation {
        /// The program.
        executable: String,
        /// What it is.
        implementation: Implementation,
    },
}

/// What an image offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// What it runs on.
    pub platform: Platform,
    /// The distribution; empty fields where the image does not say.
    pub os: OsRelease,
    /// The C library.
    pub libc: Libc,
    /// Every Python, in the order in which `PATH` finds them.
    pub pythons: Vec<BasePython>,
    /// The folders that were searched for them, in order.
    pub searched: Vec<String>,
    /// The users in `/etc/passwd`.
    pub users: Vec<User>,
    /// The groups in `/etc/group`.
    pub groups: Vec<Group>,
    /// The file names of the shared libraries that the loader finds.
    pub libraries: BTreeSet<String>,
    /// The versions of symbols that the C and C++ run-time libraries have, by file name.
    pub symbols: BTreeMap<String, BTreeSet<String>>,
    /// Whether there is a shell.
    pub has_shell: bool,
    /// The files with certificates of authorities, by absolute path.
    pub ca_bundles: Vec<String>,
    /// How many bytes the compressed layers have together.
    pub compressed_size: u64,
    /// How many bytes the files have together.
    pub unpacked_size: u64,
    /// What further software could be installed with.
    pub package_manager: Option<PackageManager>,
    /// Everything in it; of the files that were read, those up to 1 MiB with their content.
    pub tree: Tree,
}

impl Base {
    /// The Python that software is installed for: the first that `PATH` finds.
    ///
    /// # Errors
    ///
    /// There is none, or it is another implementation than CPython.
    pub fn python(&self) -> Result<&BasePython, BaseError> {
        let none = || BaseError::NoPython { searched: self.searched.clone() };
        let python = self.pythons.first().ok_or_else(none)?;
        match python.implementation {
            Implementation::CPython => Ok(python),
            implementation => {
                let executable = python.executable.clone();
                Err(BaseError::Implementation { executable, implementation })
            }
        }
    }

    /// Tells what a tree offers that was read with [`wanted`]. The compressed size is not in it.
    ///
    /// # Errors
    ///
    /// As [`inspect`].
    pub fn of_tree(mut tree: Tree, config: &ImageConfig) -> Result<Self, BaseError> {
        let env = Env(&config.config.env);
        let searched = python::folders(&tree, &env);
        let pythons = python::find(&tree, &searched, &env);
        let mut loader = None;
        let mut search = Vec::new();
        if let Some(python) = pythons.first() {
            let object = program(&tree, &python.interpreter, &config.platform)?;
            search = libraries::search(&object, &python.interpreter);
            loader = object.loader;
        }
        let libc = libc::find(&tree, loader.as_deref())?;
        let folders = libraries::folders(&tree, libc, &env, search);
        let base = Self {
            platform: config.platform.clone(),
            os: system::os_release(&tree),
            libc,
            libraries: libraries::names(&tree, &folders),
            symbols: libraries::symbols(&tree, &folders),
            pythons,
            searched,
            users: system::users(&tree),
            groups: system::groups(&tree),
            has_shell: system::has_shell(&tree),
            ca_bundles: system::ca_bundles(&tree),
            compressed_size: 0,
            unpacked_size: tree.bytes(),
            package_manager: system::package_manager(&tree),
            tree: Tree::default(),
        };
        tree.forget(|_, size| size <= REMEMBERED);
        Ok(Self { tree, ..base })
    }
}

/// Tells what an image offers.
///
/// # Errors
///
/// An image that cannot be read, programs that are for another processor than it says, a C library
/// that does not tell its version.
pub fn inspect(image: &Image) -> Result<Base, BaseError> {
    let tree = tree::of_image(image, &wanted, &Limits::default())?;
    let compressed_size = image.layers.iter().map(|layer| layer.descriptor.size).sum();
    Ok(Base { compressed_size, ..Base::of_tree(tree, &image.config)? })
}

/// Reads a program, which must be for this platform.
fn program(tree: &Tree, path: &str, platform: &Platform) -> Result<Object, BaseError> {
    let executable = || path.to_owned();
    let malformed = |reason| BaseError::Program { executable: executable(), reason };
    let bytes = tree.content(path).unwrap_or_default();
    let object = Object::read(bytes).map_err(malformed)?;
    if object.architecture == platform.architecture {
        return Ok(object);
    }
    let (found, claimed) = (object.architecture, platform.architecture.clone());
    Err(BaseError::Architecture { executable: executable(), found, claimed })
}

/// The variables that the image's configuration sets.
struct Env<'a>(&'a [String]);

impl Env<'_> {
    /// The value of a variable; the last one counts.
    fn get(&self, name: &str) -> Option<&str> {
        let set = |variable: &&String| variable.split_once('=').is_some_and(|(is, _)| is == name);
        self.0.iter().rev().find(set)?.split_once('=').map(|(_, value)| value)
    }

    /// The absolute folders in a list with colons.
    fn folders(&self, name: &str) -> Option<Vec<String>> {
        let list = self.get(name)?.split(':').filter(|folder| folder.starts_with('/'));
        Some(list.map(str::to_owned).collect())
    }
}

//! What decides whether compiled files can be loaded.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Base, Libc};
use crate::Platform;

/// What an image offers to compiled files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loader {
    /// What it runs on.
    pub platform: Platform,
    /// The C library.
    pub libc: Libc,
    /// The file names of the shared libraries that the loader finds.
    pub libraries: BTreeSet<String>,
    /// The versions of symbols that the C and C++ run-time libraries have, by file name.
    pub symbols: BTreeMap<String, BTreeSet<String>>,
}

impl Loader {
    /// What a base offers.
    pub fn of(base: &Base) -> Self {
        Self {
            platform: base.platform.clone(),
            libc: base.libc,
            libraries: base.libraries.clone(),
            symbols: base.symbols.clone(),
        }
    }
}

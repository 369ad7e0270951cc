//! What a build has to know of its base, remembered by the base's digest.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use super::BuildError;
use crate::Image;
use crate::base::{self, Base, Libc, Loader};
use crate::certificates::Places;
use crate::fit::{FitError, Tags};
use crate::layer::LayerError;

/// The form of the file; another one is made again.
const FORMAT: u32 = 3;

/// The longest file that is read, in bytes.
const MAX_FACTS: u64 = 8 << 20;

/// What a build has to know of its base.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaseFacts {
    format: u32,
    /// The version of its Python, as far as it is known.
    pub python: String,
    /// How its Python is called.
    pub executable: String,
    /// The folder of data that distributions share.
    pub data: String,
    /// The folder for their headers.
    pub headers: String,
    /// The folder that distributions are installed into.
    pub site_packages: String,
    /// The folder for those with compiled modules.
    pub platlib: String,
    /// The folder for their scripts.
    pub scripts: String,
    /// The compatibility tags of wheels that it takes, the best first.
    pub tags: Vec<String>,
    /// The platform, in the words of locks.
    pub platform: String,
    /// The C library with its version, for people.
    pub libc: String,
    /// The distribution's name, for people.
    pub os: String,
    /// What it offers to compiled files.
    pub loader: Loader,
    /// Where it has certificates of authorities.
    pub certificates: Places,
    /// The first four bytes of the bytecode that its Python loads; none where that is not known.
    pub bytecode_magic: Option<[u8; 4]>,
    /// `/etc/passwd`.
    pub passwd: Option<Vec<u8>>,
    /// `/etc/group`.
    pub group: Option<Vec<u8>>,
}

impl BaseFacts {
    /// What a base offers: as it was remembered in `folder`, else from its layers, together with all
    /// that was found then.
    ///
    /// # Errors
    ///
    /// A base that cannot be read, or without a CPython.
    pub fn of(image: &Image, folder: &Path) -> Result<(Self, Option<Base>), BuildError> {
        let path = folder.join("bases").join(format!("{}.json", image.digest().hex()));
        if let Some(facts) = remembered(&path) {
            return Ok((facts, None));
        }
        let base = base::inspect(image)?;
        let facts = Self::found(&base)?;
        facts.remember(&path)?;
        Ok((facts, Some(base)))
    }

    /// What was found of a base.
    ///
    /// # Errors
    ///
    /// No CPython, or a platform for which there are no wheels.
    pub(crate) fn found(base: &Base) -> Result<Self, BuildError> {
        let python = base.python()?;
        let content = |path: &str| base.tree.content(path).map(<[u8]>::to_vec);
        Ok(Self {
            format: FORMAT,
            python: python.version.to_string(),
            executable: python.executable.clone(),
            data: python.data.clone(),
            headers: python.headers.clone(),
            site_packages: python.site_packages.clone(),
            platlib: python.platlib.clone(),
            scripts: python.scripts.clone(),
            tags: Tags::of(base, python)?.iter().map(ToString::to_string).collect(),
            platform: platform(base)?,
            libc: base.libc.to_string(),
            os: base.os.pretty_name.clone(),
            loader: Loader::of(base),
            certificates: Places::of(base),
            // Builds without the global lock name their files otherwise.
            bytecode_magic: python.bytecode_magic.filter(|_| !python.free_threaded),
            passwd: content("etc/passwd"),
            group: content("etc/group"),
        })
    }

    /// A digest of what decides how wheels are unpacked on it.
    pub(super) fn scheme_key(&self) -> String {
        let Self { executable, site_packages, platlib, scripts, data, headers, .. } = self;
        [executable, site_packages, platlib, scripts, data, headers].map(String::as_str).join("\n")
    }

    fn remember(&self, path: &Path) -> Result<(), BuildError> {
        let folder = path.parent().unwrap_or(path);
        let write = || {
            fs::create_dir_all(folder)?;
            let mut file = NamedTempFile::new_in(folder)?;
            file.write_all(&serde_json::to_vec(self)?)?;
            file.as_file().sync_all()?;
            file.persist(path).map_err(|error| error.error)?;
            Ok::<_, std::io::Error>(())
        };
        write().map_err(|error| LayerError::io(path)(error).into())
    }
}

/// The base in the words of locks, such as `x86_64-manylinux_2_36`.
fn platform(base: &Base) -> Result<String, BuildError> {
    let architecture = match base.platform.architecture.as_str() {
        "amd64" => "x86_64",
        "arm64" => "aarch64",
        "386" => "i686",
        "arm" => "armv7l",
        other => other,
    };
    match base.libc {
        Libc::Glibc(major, minor) => Ok(format!("{architecture}-manylinux_{major}_{minor}")),
        Libc::Musl(major, minor) => Ok(format!("{architecture}-musllinux_{major}_{minor}")),
        Libc::None => Err(FitError::Platform(base.platform.clone()).into()),
    }
}

/// What was written before; none where it is missing or of another form, and is found anew.
fn remembered(path: &Path) -> Option<BaseFacts> {
    if fs::metadata(path).ok()?.len() > MAX_FACTS {
        return None;
    }
    let facts: BaseFacts = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
    if facts.format != FORMAT {
        return None;
    }
    crate::kept::used(path);
    Some(facts)
}

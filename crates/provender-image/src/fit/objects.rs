//! What the compiled files of a wheel need, and what the base has of it.

use std::collections::BTreeSet;
use std::fmt;

use super::tags::architecture;
use crate::Platform;
use crate::base::{Libc, Loader, at_origin, glibc_symbol};
use crate::elf::{Object, is_elf};

/// Libraries of a graphics card's driver, which the container's runtime puts in.
const FROM_THE_HOST: &[&str] = &["libcuda.so", "libnvidia-", "libnvcuvid.so", "libnvoptix.so"];

/// The libraries that musl itself stands in for, whatever their version (its loader's reserved names).
const MUSLS_OWN: &[&str] =
    &["libc.", "libpthread.", "librt.", "libm.", "libdl.", "libutil.", "libxnet.", "ld-musl-"];

/// Where a new file's path stands for the folder that distributions are installed into.
const SITE: &str = "/SITE";

/// Why a compiled file of a wheel cannot be loaded in a base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// The file, relative to the folder that distributions are installed into.
    pub object: String,
    /// What is wrong.
    pub problem: Problem,
}

/// What keeps a compiled file from being loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// A library that is nowhere.
    Library {
        /// Its file name.
        name: String,
    },
    /// A version of a library's symbols that the base's library does not have.
    Symbol {
        /// The version, such as `GLIBC_2.38`.
        version: String,
        /// The library.
        library: String,
        /// What the base has: `glibc 2.36`, `GLIBCXX_3.4.30`.
        has: String,
    },
    /// It is made for another C library.
    Libc {
        /// That which it is made for.
        needs: &'static str,
        /// That of the base.
        has: Libc,
    },
    /// It is made for another processor.
    Architecture {
        /// That which it is made for, in Go's words.
        needs: String,
        /// That of the base.
        has: String,
    },
    /// It begins as an ELF file and is none.
    Malformed {
        /// What is wrong with it.
        reason: String,
    },
}

impl fmt::Display for Misfit {
    /// One line: what, and what would help.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { object, problem } = self;
        match problem {
            Problem::Library { name } => write!(
                f,
                "{object} needs {name}, which neither the wheels nor the base have: add the package that \
                 holds it to the base, or take a wheel that brings it along"
            ),
            Problem::Symbol { version, library, has } => write!(
                f,
                "{object} needs {version} of {library}, and the base has {has}: take a newer base, or a \
                 wheel built on an older system"
            ),
            Problem::Libc { needs, has } => {
                write!(f, "{object} is built for {needs}, and the base has {has}: ")?;
                match needs {
                    &"musl" => f.write_str("take a manylinux wheel, or a base with musl"),
                    _ => f.write_str("take a musllinux wheel, or a base with glibc"),
                }
            }
            Problem::Architecture { needs, has } => write!(
                f,
                "{object} is built for {needs}, and the base is for {has}: take a wheel for {has}, or a \
                 base for {needs}"
            ),
            Problem::Malformed { reason } => {
                write!(
                    f,
                    "{object} is no ELF file that can be loaded ({reason}): take another wheel"
                )
            }
        }
    }
}

/// What keeps one file of a wheel from being loaded; nothing where it is no ELF file.
///
/// `path` is where it will be, relative to the folder that distributions are installed into, and
/// `brought` the file names of all that the wheels bring. A library that some wheel has counts as there,
/// wherever in it: what `$ORIGIN` does not find, its package may load first, by path, so that the loader
/// knows it by name. `holds` is asked whether the base has something at an absolute path, for the few
/// files that name one. Files for another processor count only where Python would load them, since wheels
/// carry such things for debuggers and emulators.
pub fn check_shared_object(
    path: &str,
    bytes: &[u8],
    loader: &Loader,
    holds: &dyn Fn(&str) -> bool,
    brought: &BTreeSet<String>,
) -> Vec<Misfit> {
    if !is_elf(bytes) {
        return Vec::new();
    }
    let misfit = |problem| Misfit { object: path.to_owned(), problem };
    let object = match Object::read(bytes) {
        Ok(object) => object,
        Err(reason) => return vec![misfit(Problem::Malformed { reason })],
    };
    let has = &loader.platform.architecture;
    if object.architecture != *has {
        let named = is_module(path, &loader.platform);
        let problem = Problem::Architecture { needs: object.architecture, has: has.clone() };
        return if named { vec![misfit(problem)] } else { Vec::new() };
    }
    if let Some(needs) = foreign_libc(&object, loader.libc) {
        return vec![misfit(Problem::Libc { needs, has: loader.libc })];
    }
    let there = Place { loader, holds, brought, path, object: &object };
    let missing = object.needed.iter().filter(|name| !there.has(name));
    let missing = missing.map(|name| Problem::Library { name: name.clone() });
    let symbols = object.required.iter().filter_map(|(library, version)| {
        let has = lacks(library, version, loader)?;
        Some(Problem::Symbol { version: version.clone(), library: library.clone(), has })
    });
    missing.chain(symbols).map(misfit).collect()
}

/// Whether Python imports it: its name has no suffix of another platform (PEP 3149).
fn is_module(path: &str, platform: &Platform) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let Some((_, suffix)) = name.strip_suffix(".so").and_then(|stem| stem.split_once('.')) else {
        return false;
    };
    let own = architecture(platform).unwrap_or_default();
    // 32-bit x86 calls itself i386 there, and 64-bit ARM has no other name than aarch64.
    let own = if own == "i686" { "i386" } else { own };
    suffix == "abi3" || (suffix.starts_with("cpython-") && suffix.contains(own))
}

/// The C library that it is made for, where that is not the base's.
fn foreign_libc(object: &Object, libc: Libc) -> Option<&'static str> {
    let names = || object.needed.iter().map(String::as_str).chain(object.loader.as_deref());
    let glibc = |name: &str| name == "libc.so.6" || name.contains("ld-linux");
    let musl = |name: &str| name.starts_with("libc.musl-") || name.contains("ld-musl-");
    match libc {
        Libc::Musl(..) => names().any(glibc).then_some("glibc"),
        Libc::Glibc(..) => names().any(musl).then_some("musl"),
        Libc::None if names().any(glibc) => Some("glibc"),
        Libc::None => names().any(musl).then_some("musl"),
    }
}

/// An object where it will be.
struct Place<'a> {
    loader: &'a Loader,
    holds: &'a dyn Fn(&str) -> bool,
    brought: &'a BTreeSet<String>,
    path: &'a str,
    object: &'a Object,
}

impl Place<'_> {
    /// Whether the loader will find a library.
    fn has(&self, name: &str) -> bool {
        let Self { loader, holds, brought, path, object } = self;
        let musls = matches!(loader.libc, Libc::Musl(..))
            && MUSLS_OWN.iter().any(|own| name.starts_with(own));
        if loader.libraries.contains(name)
            || musls
            || FROM_THE_HOST.iter().any(|host| name.starts_with(host))
        {
            return true;
        }
        // A name with a slash is a path.
        if name.contains('/') {
            return holds(name);
        }
        if brought.contains(name) {
            return true;
        }
        let origin =
            path.rsplit_once('/').map_or(SITE.to_owned(), |(folder, _)| format!("{SITE}/{folder}"));
        object.search.iter().any(|search| {
            let folder = at_origin(search, &origin);
            !folder.starts_with(SITE) && holds(&format!("{folder}/{name}"))
        })
    }
}

/// What the base has instead, where it lacks this version of a library's symbols.
fn lacks(library: &str, version: &str, loader: &Loader) -> Option<String> {
    if let (Libc::Glibc(major, minor), Some(needed)) = (loader.libc, glibc_symbol(version)) {
        return (needed > (major, minor)).then(|| loader.libc.to_string());
    }
    let has = loader.symbols.get(library).filter(|has| !has.contains(version))?;
    let (family, _) = version.split_once('_')?;
    // `GLIBC_PRIVATE` and `GLIBC_ABI_...` are no numbers: what has none of the family tells nothing.
    let same =
        has.iter().filter(|known| known.split_once('_').is_some_and(|(known, _)| known == family));
    let newest = same.max_by_key(|known| numbers(known))?;
    Some(newest.clone())
}

/// The numbers in a version, to compare by.
fn numbers(version: &str) -> Vec<u64> {
    version.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect()
}

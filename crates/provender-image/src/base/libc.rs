//! Which C library there is, and which version of it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::BaseError;
use crate::elf::Object;
use crate::tree::Tree;

/// The C library, with major and minor version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Libc {
    /// GNU's.
    Glibc(u32, u32),
    /// musl.
    Musl(u32, u32),
    /// There is none: only programs that need none can run.
    #[default]
    None,
}

impl fmt::Display for Libc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Glibc(major, minor) => write!(f, "glibc {major}.{minor}"),
            Self::Musl(major, minor) => write!(f, "musl {major}.{minor}"),
            Self::None => f.write_str("no C library"),
        }
    }
}

/// Finds the C library: that which Python's loader belongs to, else glibc, else musl.
pub(super) fn find(tree: &Tree, loader: Option<&str>) -> Result<Libc, BaseError> {
    let musl_first = loader.is_some_and(|loader| loader.contains("ld-musl-"));
    if !musl_first && let Some(path) = glibc_path(tree) {
        return glibc(tree, &path);
    }
    let musl = named(tree, |name| name.starts_with("ld-musl-") && name.ends_with(".so.1"));
    musl.map_or(Ok(Libc::None), |path| musl_version(tree, &path))
}

fn glibc_path(tree: &Tree) -> Option<String> {
    named(tree, |name| name == "libc.so.6")
}

/// The first file of such a name that is in a folder where a system's libraries are.
fn named(tree: &Tree, is: impl Fn(&str) -> bool) -> Option<String> {
    ["lib", "lib64", "usr/lib", "usr/lib64"].iter().find_map(|folder| {
        let (folder, _) = tree.resolve(folder)?;
        let direct = tree.children(&folder).map(|(name, _)| format!("{folder}/{name}"));
        // Debian's folders for each processor lie one deeper.
        let multiarch = tree.children(&folder).filter(|(name, _)| name.contains("-linux-"));
        let deeper = multiarch.flat_map(|(within, _)| {
            tree.children(&format!("{folder}/{within}"))
                .map(move |(name, _)| format!("{within}/{name}"))
        });
        let deeper: Vec<String> = deeper.map(|path| format!("{folder}/{path}")).collect();
        let matches = |path: &String| path.rsplit('/').next().is_some_and(&is);
        direct.chain(deeper).find(|path| matches(path) && tree.resolve(path).is_some())
    })
}

/// By the file's name before glibc 2.34, else by what it says of itself, else by its newest symbols.
fn glibc(tree: &Tree, path: &str) -> Result<Libc, BaseError> {
    let real = tree.resolve(path).map(|(real, _)| real).unwrap_or_default();
    let name = real.rsplit('/').next().unwrap_or_default();
    let by_name = name.strip_prefix("libc-").and_then(|name| version(name.as_bytes()));
    let bytes = tree.content(path).unwrap_or_default();
    let found = by_name.or_else(|| {
        let said = texts(bytes).find(|text| text.starts_with(b"GNU C Library"))?;
        let marker = b"release version ";
        let at = said.windows(marker.len()).position(|window| window == marker)?;
        version(said.get(at + marker.len()..)?)
    });
    let found = found.or_else(|| {
        let object = Object::read(bytes).ok()?;
        object.defined.iter().filter_map(|symbol| glibc_symbol(symbol)).max()
    });
    let (major, minor) =
        found.ok_or_else(|| BaseError::LibcVersion { path: format!("/{path}") })?;
    Ok(Libc::Glibc(major, minor))
}

/// The version in `GLIBC_2.36`.
pub(crate) fn glibc_symbol(symbol: &str) -> Option<(u32, u32)> {
    version(symbol.strip_prefix("GLIBC_")?.as_bytes())
}

/// musl's version stands alone between two NULs, as `1.2.4` or `1.2.4_git20230717`.
fn musl_version(tree: &Tree, path: &str) -> Result<Libc, BaseError> {
    let bytes = tree.content(path).unwrap_or_default();
    let found = texts(bytes).find_map(|text| {
        let number = text.split(|byte| b"_-".contains(byte)).next()?;
        let parts: Vec<&[u8]> = number.split(|byte| *byte == b'.').collect();
        let digits =
            |part: &&[u8]| (1..4).contains(&part.len()) && part.iter().all(u8::is_ascii_digit);
        (parts.len() == 3 && text.starts_with(b"1.") && parts.iter().all(digits))
            .then(|| version(text))?
    });
    let (major, minor) =
        found.ok_or_else(|| BaseError::LibcVersion { path: format!("/{path}") })?;
    Ok(Libc::Musl(major, minor))
}

/// The texts between NULs.
pub(super) fn texts(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|byte| *byte == 0)
}

/// The first two numbers of a text that begins with `MAJOR.MINOR`.
fn version(text: &[u8]) -> Option<(u32, u32)> {
    let end =
        text.iter().position(|byte| !byte.is_ascii_digit() && *byte != b'.').unwrap_or(text.len());
    let mut parts = str::from_utf8(text.get(..end)?).ok()?.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

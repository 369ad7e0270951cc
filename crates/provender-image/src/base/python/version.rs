//! The version of a Python, to its third number.

use provender_core::PythonVersion;

use super::find::{Found, join};
use crate::base::Env;
use crate::base::libc::texts;
use crate::tree::Tree;

/// What the third number of a version was told by, the best evidence first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionSource {
    /// `patchlevel.h` among the headers.
    Header,
    /// The interpreter, or the library that holds it.
    Program,
    /// `PYTHON_VERSION` among the image's variables.
    Environment,
    /// The version of the distribution's package.
    Distribution,
    /// Nothing: only the first two numbers are known.
    Folder,
}

/// The version and what told it.
pub(super) fn of(tree: &Tree, found: &Found, env: &Env<'_>) -> (PythonVersion, VersionSource) {
    let (major, minor) = found.version;
    let start = format!("{major}.{minor}.");
    let environment = || env.get("PYTHON_VERSION").and_then(|text| patch(text.as_bytes(), &start));
    let evidence: [(&dyn Fn() -> Option<u8>, VersionSource); 4] = [
        (&|| header(tree, found, &start), VersionSource::Header),
        (&|| program(tree, found, &start), VersionSource::Program),
        (&environment, VersionSource::Environment),
        (&|| distribution(tree, found, &start), VersionSource::Distribution),
    ];
    for (patch, source) in evidence {
        if let Some(patch) = patch() {
            return (PythonVersion { major, minor, patch: Some(patch) }, source);
        }
    }
    (PythonVersion { major, minor, patch: None }, VersionSource::Folder)
}

/// The third number of a text such as `3.11.9`, `3.14.0rc1` or `3.11.2-6+deb12u6`.
fn patch(text: &[u8], start: &str) -> Option<u8> {
    let rest = text.strip_prefix(start.as_bytes())?;
    let end = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
    str::from_utf8(rest.get(..end)?).ok()?.parse().ok()
}

fn header(tree: &Tree, found: &Found, start: &str) -> Option<u8> {
    let path = format!("include/python{}/patchlevel.h", found.name);
    let text = tree.text(&join(&found.base_prefix, &path))?;
    let line = text.lines().find(|line| line.trim_start().starts_with("#define PY_VERSION "))?;
    patch(line.split('"').nth(1)?.as_bytes(), start)
}

/// The version stands alone between two NULs, once or several times; two different ones tell nothing.
fn program(tree: &Tree, found: &Found, start: &str) -> Option<u8> {
    let name = format!("libpython{}.so.1.0", found.name);
    let prefix = &found.base_prefix;
    let multiarch = tree.children("usr/lib").filter(|(name, _)| name.contains("-linux-"));
    let mut paths = vec![found.interpreter.clone()];
    paths.extend(["lib", "lib64"].map(|lib| join(prefix, &format!("{lib}/{name}"))));
    paths.extend(multiarch.map(|(folder, _)| format!("usr/lib/{folder}/{name}")));
    paths.iter().filter_map(|path| tree.content(path)).find_map(|bytes| {
        let mut versions =
            texts(bytes).filter(|text| text.starts_with(start.as_bytes()) && is_version(text));
        let first = versions.next()?;
        versions.all(|text| text == first).then(|| patch(first, start))?
    })
}

/// `3.11.9`, `3.11.9+`, `3.14.0rc1`, and nothing else.
fn is_version(text: &[u8]) -> bool {
    text.len() < 16 && text.iter().all(|byte| byte.is_ascii_digit() || b".abrc+".contains(byte))
}

/// The version of the package that holds the interpreter: Debian's `python3.11-minimal` or `python3.11`,
/// in one status file or in distroless images' many, or Alpine's `python3`.
fn distribution(tree: &Tree, found: &Found, start: &str) -> Option<u8> {
    let names = [format!("python{}-minimal", found.name), format!("python{}", found.name)];
    let status = tree.text("var/lib/dpkg/status").into_iter();
    let many = tree.under("var/lib/dpkg/status.d").filter_map(|(path, _)| tree.text(path));
    for text in status.chain(many) {
        for stanza in text.split("\n\n") {
            let field = |name: &str| stanza.lines().find_map(|line| line.strip_prefix(name));
            let version = field("Version: ").and_then(|version| patch(version.as_bytes(), start));
            if field("Package: ").is_some_and(|name| names.iter().any(|known| known == name.trim()))
                && version.is_some()
            {
                return version;
            }
        }
    }
    let apk =
        tree.text("lib/apk/db/installed").or_else(|| tree.text("usr/lib/apk/db/installed"))?;
    let stanza = apk.split("\n\n").find(|stanza| stanza.lines().any(|line| line == "P:python3"))?;
    let version = stanza.lines().find_map(|line| line.strip_prefix("V:"))?;
    patch(version.as_bytes(), start)
}

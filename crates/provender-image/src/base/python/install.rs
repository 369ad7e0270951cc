//! Where a Python has distributions installed: what its `sysconfig` answers to an administrator.

use super::find::{Found, join};
use crate::tree::Tree;

/// Absolute folders, links followed.
pub(super) struct Places {
    pub(super) purelib: String,
    pub(super) platlib: String,
    pub(super) scripts: String,
    pub(super) data: String,
    pub(super) headers: String,
}

/// The folders of a virtual environment are its own. Else the distributions have changed what
/// python.org's builds do: Debian's `posix_local` puts `local` behind the prefix and says
/// `dist-packages`; Fedora and Red Hat have their own in `/usr` and everybody else's in `/usr/local`,
/// compiled modules in `lib64`.
pub(super) fn places(tree: &Tree, found: &Found) -> Option<Places> {
    let python = match found.stdlib.rsplit_once('/') {
        Some((_, name)) => name,
        None => &found.stdlib,
    };
    let site = |prefix: &str, lib: &str, packages: &str| {
        join(prefix, &format!("{lib}/{python}/{packages}"))
    };
    let prefix = &found.base_prefix;
    let (purelib, platlib, scripts) = if let Some(environment) = &found.environment {
        let purelib = site(environment, "lib", "site-packages");
        (purelib.clone(), purelib, join(environment, "bin"))
    } else if debian(tree, found) {
        let local = join(prefix, "local");
        let purelib = site(&local, "lib", "dist-packages");
        (purelib.clone(), purelib, join(&local, "bin"))
    } else if lib64(tree, found) {
        let prefix = if prefix == "usr" { "usr/local" } else { prefix.as_str() };
        (
            site(prefix, "lib", "site-packages"),
            site(prefix, "lib64", "site-packages"),
            join(prefix, "bin"),
        )
    } else {
        let purelib = site(prefix, "lib", "site-packages");
        (purelib.clone(), purelib, join(prefix, "bin"))
    };
    // Every scheme has its scripts in the folder `bin` of that for data.
    let data = scripts.rsplit_once('/').map_or("", |(data, _)| data).to_owned();
    let headers = match &found.environment {
        // Where pip puts those of virtual environments, which share their Python's own folder.
        Some(environment) => {
            join(environment, &format!("include/site/{}", python.trim_end_matches('t')))
        }
        None => join(prefix, &format!("include/{python}")),
    };
    let real = |path: String| tree.follow(&path).map(|path| format!("/{path}"));
    Some(Places {
        purelib: real(purelib)?,
        platlib: real(platlib)?,
        scripts: real(scripts)?,
        data: real(data)?,
        headers: real(headers)?,
    })
}

/// Whether Debian changed it: its `site` looks for `dist-packages`.
fn debian(tree: &Tree, found: &Found) -> bool {
    let text = tree.text(&join(&found.stdlib, "site.py")).unwrap_or_default();
    // Not in a comment, where others may speak of Debian.
    text.lines().any(|line| {
        let code = line.split('#').next().unwrap_or_default();
        code.contains("\"dist-packages\"") || code.contains("'dist-packages'")
    })
}

/// Whether the standard library is in a `lib64` that is not `lib` by another name.
fn lib64(tree: &Tree, found: &Found) -> bool {
    tree.resolve(&found.stdlib)
        .is_some_and(|(real, _)| real.split('/').rev().nth(1) == Some("lib64"))
}

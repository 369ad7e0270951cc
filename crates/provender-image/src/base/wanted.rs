//! Which files are read to tell what a base offers.

use crate::tree::Keep;

/// Whole paths.
const PATHS: &[&str] = &[
    "etc/alpine-release",
    "etc/debian_version",
    "etc/group",
    "etc/ld.so.conf",
    // Bundles of certificates, where they are no links.
    "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "etc/pki/tls/certs/ca-bundle.crt",
    "etc/ssl/ca-bundle.pem",
    "etc/ssl/cert.pem",
    "etc/ssl/certs/ca-certificates.crt",
    "var/lib/ca-certificates/ca-bundle.pem",
    "etc/os-release",
    "etc/passwd",
    "lib/apk/db/installed",
    "usr/lib/apk/db/installed",
    "usr/lib/os-release",
    "var/lib/dpkg/status",
];

/// What lies in these folders.
const FOLDERS: &[&str] = &["etc/ld.so.conf.d/", "var/lib/dpkg/status.d/"];

/// Files of these names, wherever they are.
const NAMES: &[&str] = &[
    "libc.so",
    "libc.so.6",
    "libgcc_s.so.1",
    "patchlevel.h",
    "pyvenv.cfg",
    "_bootstrap_external.py",
];

/// Which files [`inspect`](super::inspect) reads the content of; for whoever reads a tree once for several
/// purposes and gives it to [`Base::of_tree`](super::Base::of_tree).
pub fn wanted(path: &str, _size: u64) -> Keep {
    let name = path.rsplit('/').next().unwrap_or(path);
    let site = name == "site.py" && path.contains("/python3");
    let wanted = PATHS.contains(&path)
        || FOLDERS.iter().any(|folder| path.starts_with(folder))
        || NAMES.contains(&name)
        || site
        || is_python(name)
        || is_library(name)
        || (name.starts_with("_sysconfigdata_") && name.ends_with(".py"))
        || (path.starts_with("etc/ld-musl-") && name.ends_with(".path"));
    if wanted { Keep::Content } else { Keep::Nothing }
}

/// Whether an interpreter may be called so: `python`, `python3`, `python3.13t`, `pypy3.10`.
pub(super) fn is_python(name: &str) -> bool {
    let version = name.strip_prefix("python").or_else(|| name.strip_prefix("pypy"));
    version.is_some_and(|version| {
        let number = version.trim_end_matches(['t', 'd']);
        number.chars().all(|c| c.is_ascii_digit() || c == '.')
    })
}

/// Libraries that tell versions: of C, of C++, of Python.
fn is_library(name: &str) -> bool {
    let between = |first: &str, last: &str| name.starts_with(first) && name.contains(last);
    between("libc-2.", ".so")
        || between("ld-musl-", ".so.1")
        || between("libstdc++.so.6", "")
        || between("libpython3", ".so.")
}

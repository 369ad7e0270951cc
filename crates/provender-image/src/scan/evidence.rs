//! Which files tell what is installed, by their paths alone.

use crate::tree::{Kind, Tree};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// What a file tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Evidence {
    /// Which distribution it is.
    Os,
    /// dpkg's packages: all in one file, or one in each (as images without a package manager have).
    DpkgStatus,
    /// The files of one of dpkg's packages.
    DpkgFiles,
    /// apk's packages and their files.
    ApkInstalled,
    /// `METADATA` or `PKG-INFO` of a Python distribution, or the `.egg-info` file that is one.
    Distribution,
    /// Its `RECORD` of files.
    Record,
    /// Its `direct_url.json`.
    DirectUrl,
    /// A zipped egg, known by its name.
    ZippedEgg,
    /// A wheel that another project carries along, known by its name.
    Wheel,
    /// A list of the projects that another has vendored.
    VendorList,
    /// The `os.py` of an interpreter's standard library.
    Stdlib,
    /// The header that holds an interpreter's version.
    PythonHeader,
    /// The executable or shared library of an interpreter, which hold it too.
    PythonBinary,
    /// The `package.json` of an npm package.
    NpmPackage,
    /// The header that holds node's version.
    NodeHeader,
}

impl Evidence {
    /// What a file of this path tells.
    pub(super) fn of(path: &str) -> Option<Self> {
        let (folder, name) = path.rsplit_once('/')?;
        let parent = folder.rsplit('/').next().unwrap_or_default();
        Some(match name {
            "os-release" if matches!(folder, "etc" | "usr/lib") => Self::Os,
            "debian_version" | "alpine-release" if folder == "etc" => Self::Os,
            "status" if folder == "var/lib/dpkg" => Self::DpkgStatus,
            "installed" if matches!(folder, "lib/apk/db" | "usr/lib/apk/db") => Self::ApkInstalled,
            "METADATA" if parent.ends_with(".dist-info") => Self::Distribution,
            "PKG-INFO" if parent.ends_with(".egg-info") || parent == "EGG-INFO" => {
                Self::Distribution
            }
            "RECORD" if parent.ends_with(".dist-info") => Self::Record,
            "direct_url.json" if parent.ends_with(".dist-info") => Self::DirectUrl,
            "vendor.txt" | "vendored.txt" | "patched.txt" if is_vendor_folder(parent) => {
                Self::VendorList
            }
            "os.py" if python_series(parent).is_some() && is_library(folder) => Self::Stdlib,
            "patchlevel.h" if python_series(parent).is_some() => Self::PythonHeader,
            "node_version.h" if folder.ends_with("include/node") => Self::NodeHeader,
            "package.json" if npm_folder(folder).is_some() => Self::NpmPackage,
            _ if folder == "var/lib/dpkg/info" && name.ends_with(".list") => Self::DpkgFiles,
            _ if folder == "var/lib/dpkg/status.d" && name.ends_with(".md5sums") => Self::DpkgFiles,
            _ if folder == "var/lib/dpkg/status.d" => Self::DpkgStatus,
            _ if name.ends_with(".egg-info") => Self::Distribution,
            _ if name.ends_with(".egg") => Self::ZippedEgg,
            _ if name.ends_with(".whl") && carries_wheels(folder) => Self::Wheel,
            _ if parent == "bin" && python_series(name).is_some() => Self::PythonBinary,
            _ if is_library_of_python(name) => Self::PythonBinary,
            _ => return None,
        })
    }

    /// How large such a file may be to be read, in bytes: what a real one never reaches.
    pub(super) fn limit(self) -> u64 {
        match self {
            Self::Os | Self::DirectUrl => 64 * KIB,
            Self::DpkgStatus | Self::ApkInstalled => 64 * MIB,
            Self::Record | Self::DpkgFiles => 16 * MIB,
            Self::PythonBinary => 48 * MIB,
            Self::Distribution | Self::VendorList | Self::NpmPackage => 4 * MIB,
            Self::PythonHeader | Self::NodeHeader => MIB,
            // The names of these say all.
            Self::ZippedEgg | Self::Wheel | Self::Stdlib => 0,
        }
    }
}

/// The files of a tree that tell something, in the order of their paths.
pub(super) fn find(tree: &Tree) -> Vec<(&str, Evidence)> {
    let found = tree.iter().filter(|(_, node)| matches!(node.kind, Kind::File { .. }));
    let told = found.filter_map(|(path, _)| Some((path, Evidence::of(path)?)));
    told.filter(|(path, _)| !is_of_pythons_tests(path)).collect()
}

/// Whether a file is data of the standard library's own tests, which hold distributions too.
fn is_of_pythons_tests(path: &str) -> bool {
    let mut parts = path.split('/');
    parts.any(|part| python_series(part).is_some()) && parts.next() == Some("test")
}

/// `3.11` of `python3.11`, `3.13t` of `python3.13t`.
pub(super) fn python_series(name: &str) -> Option<&str> {
    let series = name.strip_prefix("python")?;
    let (major, minor) = series.split_once('.')?;
    let minor = minor.trim_end_matches(['t', 'm', 'u', 'd']);
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    (is_number(major) && is_number(minor)).then_some(series)
}

/// Whether a folder is `PREFIX/lib/pythonX.Y`, or `PREFIX/lib64/pythonX.Y`.
fn is_library(folder: &str) -> bool {
    matches!(folder.rsplit('/').nth(1), Some("lib" | "lib64"))
}

fn is_library_of_python(name: &str) -> bool {
    name.strip_prefix("lib")
        .and_then(|name| name.strip_suffix(".so.1.0"))
        .and_then(python_series)
        .is_some()
}

fn is_vendor_folder(name: &str) -> bool {
    matches!(name, "_vendor" | "vendor" | "_vendored" | "vendored" | "patched")
}

/// Whether wheels in a folder are an interpreter's or a distribution's own, not merely left there.
fn carries_wheels(folder: &str) -> bool {
    folder.ends_with("/ensurepip/_bundled")
        || folder.ends_with("/share/python-wheels")
        || folder.split('/').any(|part| matches!(part, "site-packages" | "dist-packages"))
}

/// The name by which node would load the package in a folder: what is directly under
/// `node_modules`, or under a scope in it.
pub(super) fn npm_folder(folder: &str) -> Option<String> {
    let mut parts = folder.rsplit('/');
    let (name, parent) = (parts.next()?, parts.next()?);
    if parent == "node_modules" && !name.starts_with(['@', '.']) {
        return Some(name.to_owned());
    }
    let scoped = parent.starts_with('@') && parts.next() == Some("node_modules");
    scoped.then(|| format!("{parent}/{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_tells_what_a_file_is() {
        use Evidence::*;
        for (path, evidence) in [
            ("etc/os-release", Some(Os)),
            ("opt/etc/os-release", None),
            ("var/lib/dpkg/status", Some(DpkgStatus)),
            ("var/lib/dpkg/status-old", None),
            ("var/lib/dpkg/status.d/tzdata", Some(DpkgStatus)),
            ("var/lib/dpkg/status.d/tzdata.md5sums", Some(DpkgFiles)),
            ("var/lib/dpkg/info/libc6:amd64.list", Some(DpkgFiles)),
            ("usr/lib/apk/db/installed", Some(ApkInstalled)),
            ("app/a-1.dist-info/METADATA", Some(Distribution)),
            ("app/METADATA", None),
            ("x/a.egg-info", Some(Distribution)),
            ("x/a-1.egg/EGG-INFO/PKG-INFO", Some(Distribution)),
            ("x/a-1.egg", Some(ZippedEgg)),
            ("x/site-packages/pip/_vendor/vendor.txt", Some(VendorList)),
            ("usr/lib/python3.11/os.py", Some(Stdlib)),
            ("usr/lib64/python3.13t/os.py", Some(Stdlib)),
            ("usr/share/python3.11/os.py", None),
            ("usr/bin/python3.11", Some(PythonBinary)),
            ("usr/bin/python3.11-config", None),
            ("usr/local/lib/libpython3.11.so.1.0", Some(PythonBinary)),
            ("usr/local/lib/python3.11/ensurepip/_bundled/pip-24.0-py3-none-any.whl", Some(Wheel)),
            ("root/pip-24.0-py3-none-any.whl", None),
            ("app/node_modules/a/package.json", Some(NpmPackage)),
            ("app/node_modules/@s/a/package.json", Some(NpmPackage)),
            ("app/node_modules/a/test/package.json", None),
            ("app/node_modules/@s/package.json", None),
            ("app/package.json", None),
            ("usr/local/include/node/node_version.h", Some(NodeHeader)),
        ] {
            assert_eq!(Evidence::of(path), evidence, "{path}");
        }
    }
}

//! What is installed in an environment (packaging specifications, "Recording installed projects").

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Component, Path, PathBuf};

use provender_core::redact::without_userinfo;
use provender_core::{Diagnostic, ProjectName, Sha256, Version};
use sha2::Digest as _;

use super::wheel::{self, Record};
use crate::output::shown;

/// Where a distribution came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    /// An index.
    Index,
    /// A folder of this machine, in which its files are changed.
    Editable,
    /// This URL.
    Url(String),
}

/// An installed distribution.
#[derive(Debug)]
pub(super) struct Installed {
    pub(super) name: ProjectName,
    pub(super) version: Version,
    pub(super) origin: Origin,
    /// Its `.dist-info`.
    pub(super) folder: PathBuf,
    tags: BTreeSet<String>,
    /// The paths of its `RECORD`, relative to the folder above.
    recorded: BTreeSet<String>,
}

/// A distribution of which nothing can be said.
#[derive(Debug)]
pub(super) struct Unread {
    /// Its `.dist-info`.
    pub(super) folder: PathBuf,
    pub(super) why: String,
}

/// What is installed.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) distributions: Vec<Installed>,
    pub(super) unread: Vec<Unread>,
}

/// The distributions of an environment, or of a folder of installed files.
pub(super) fn find(environment: &Path) -> Result<Found, Diagnostic> {
    let mut folders = vec![environment.to_path_buf(), environment.join("Lib/site-packages")];
    for lib in ["lib", "lib64"] {
        let versions = std::fs::read_dir(environment.join(lib)).into_iter().flatten().flatten();
        folders.extend(versions.map(|version| version.path().join("site-packages")));
    }
    let mut seen = BTreeSet::new();
    let mut found = Found::default();
    for folder in folders {
        // lib64 is often a link to lib.
        let Ok(real) = folder.canonicalize() else { continue };
        if !seen.insert(real) {
            continue;
        }
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            if entry.path().extension().is_some_and(|extension| extension == "dist-info") {
                match read(&entry.path()) {
                    Ok(distribution) => found.distributions.push(distribution),
                    Err(why) => found.unread.push(Unread { folder: entry.path(), why }),
                }
            }
        }
    }
    if found.distributions.is_empty() && found.unread.is_empty() {
        let message = format!("nothing is installed in {}", shown(environment));
        return Err(Diagnostic::error("doctor/no-environment", message)
            .hint("name the folder of a virtual environment, or its site-packages")
            .decided_by("--exposure"));
    }
    Ok(found)
}

/// Reads a `.dist-info`.
///
/// # Errors
///
/// Why nothing can be said of it.
fn read(folder: &Path) -> Result<Installed, String> {
    let unreadable = |name: &str, error: io::Error| format!("its {name} cannot be read: {error}");
    // None where it is not there.
    let text = |name: &str| match std::fs::read_to_string(folder.join(name)) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unreadable(name, error)),
    };
    let metadata = std::fs::read_to_string(folder.join("METADATA"))
        .map_err(|error| unreadable("METADATA", error))?;
    let field = |name: &str| {
        let head = metadata.lines().take_while(|line| !line.is_empty());
        let mut fields = head.filter_map(|line| line.split_once(':'));
        fields.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    };
    let origin = match text("direct_url.json")? {
        None => Origin::Index,
        Some(json) => origin(&serde_json::from_str(&json).unwrap_or_default()),
    };
    let tags = text("WHEEL")?.unwrap_or_default();
    let tags = tags.lines().filter_map(|line| line.strip_prefix("Tag:"));
    let record = text("RECORD")?.unwrap_or_default();
    let told = |name: &str| field(name).ok_or_else(|| format!("its METADATA has no {name}"));
    Ok(Installed {
        name: told("Name")?.parse().map_err(|_| "its name is none".to_owned())?,
        version: told("Version")?.parse().map_err(|_| "its version is none".to_owned())?,
        origin,
        folder: folder.to_path_buf(),
        tags: tags.map(|tag| tag.trim().to_owned()).collect(),
        recorded: wheel::paths(&record),
    })
}

/// What a `direct_url.json` says (packaging specifications, "Recording the Direct URL Origin of
/// installed distributions").
fn origin(json: &serde_json::Value) -> Origin {
    match json["url"].as_str() {
        Some(url)
            if url.starts_with("file:") && json["dir_info"]["editable"].as_bool() == Some(true) =>
        {
            Origin::Editable
        }
        url => Origin::Url(without_userinfo(url.unwrap_or("an unknown URL"))),
    }
}

impl Installed {
    /// Name and version, for people.
    pub(super) fn shown(&self) -> String {
        format!("{} {}", self.name, self.version)
    }

    /// Whether it may have been installed from the wheel of this name, which is of its release.
    pub(super) fn fits(&self, filename: &str) -> bool {
        let Some(stem) = filename.strip_suffix(".whl") else { return false };
        let parts: Vec<_> = stem.rsplitn(4, '-').collect();
        let [platforms, abis, pythons, _] = parts[..] else { return false };
        let mut tags = BTreeSet::new();
        for python in pythons.split('.') {
            for abi in abis.split('.') {
                for platform in platforms.split('.') {
                    tags.insert(format!("{python}-{abi}-{platform}"));
                }
            }
        }
        !tags.is_empty() && tags == self.tags
    }

    /// What is on the disk and not as the wheel has it, one line each.
    pub(super) fn differing(&self, wheel: &Record) -> Vec<String> {
        let root = self.folder.parent().unwrap_or(Path::new("."));
        let own = self.folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let expected: BTreeMap<String, Option<Sha256>> =
            wheel.iter().filter_map(|(path, hash)| Some((placed(path)?, *hash))).collect();
        let mut differing = Vec::new();
        for (path, hash) in &expected {
            let Some(hash) = hash else { continue };
            match std::fs::read(root.join(path)) {
                Ok(bytes) if Sha256::from_bytes(sha2::Sha256::digest(&bytes).into()) == *hash => {}
                Ok(_) => differing.push(format!("{path} differs")),
                Err(_) => differing.push(format!("{path} is missing")),
            }
        }
        for path in &self.recorded {
            if !expected.contains_key(path) && !is_written_by_installers(path, own) {
                differing.push(format!("{path} is not from the wheel"));
            }
        }
        differing
    }
}

/// Where a file of a wheel lies once it is installed; none for what the installer changes or puts
/// elsewhere (scripts, headers, data), and for the record itself.
fn placed(path: &str) -> Option<String> {
    let plain = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
    let name = path.rsplit('/').next().unwrap_or(path);
    let of_record = path.split('/').next()?.ends_with(".dist-info")
        && matches!(name, "RECORD" | "RECORD.jws" | "RECORD.p7s");
    if !plain || of_record {
        return None;
    }
    let (first, rest) = path.split_once('/').unwrap_or((path, ""));
    if !first.ends_with(".data") {
        return Some(path.to_owned());
    }
    let (kind, rest) = rest.split_once('/')?;
    matches!(kind, "purelib" | "platlib").then(|| rest.to_owned())
}

/// Whether an installer writes this file by itself.
fn is_written_by_installers(path: &str, dist_info: &str) -> bool {
    let bytecode = path.ends_with(".pyc") && path.contains("__pycache__/");
    // Scripts, headers and data lie outside of site-packages.
    let outside = path.starts_with("../") || Path::new(path).is_absolute();
    let own = path.strip_prefix(dist_info).and_then(|rest| rest.strip_prefix('/'));
    let notes = [
        "INSTALLER",
        "REQUESTED",
        "RECORD",
        "direct_url.json",
        "uv_cache.json",
        "provenance_url.json",
    ];
    bytecode || outside || own.is_some_and(|name| notes.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn installed(root: &Path, recorded: &[&str]) -> Installed {
        Installed {
            name: "app".parse().unwrap(),
            version: "1.0".parse().unwrap(),
            origin: Origin::Index,
            folder: root.join("app-1.0.dist-info"),
            tags: ["py2-none-any", "py3-none-any"].map(str::to_owned).into(),
            recorded: recorded.iter().map(|path| (*path).to_owned()).collect(),
        }
    }

    #[test]
    fn a_wheel_fits_by_all_of_its_tags() {
        let app = installed(Path::new("."), &[]);
        assert!(app.fits("app-1.0-py2.py3-none-any.whl"));
        assert!(app.fits("app-1.0-1-py2.py3-none-any.whl"));
        assert!(!app.fits("app-1.0-py3-none-any.whl"));
        assert!(!app.fits("app-1.0.tar.gz"));
    }

    #[test]
    fn a_local_file_is_an_origin_like_any_other_unless_it_is_editable() {
        let of = |json: &str| origin(&serde_json::from_str(json).unwrap());
        let file = "file:///srv/app-1.0-py3-none-any.whl";
        assert_eq!(of(&format!("{{\"url\": \"{file}\"}}")), Origin::Url(file.to_owned()));
        let folder = r#"{"url": "file:///srv/app", "dir_info": {"editable": true}}"#;
        assert_eq!(of(folder), Origin::Editable);
        let remote = r#"{"url": "https://a.example/b", "dir_info": {"editable": true}}"#;
        assert_eq!(of(remote), Origin::Url("https://a.example/b".to_owned()));
        assert_eq!(of("{}"), Origin::Url("an unknown URL".to_owned()));
    }

    #[test]
    fn a_distribution_that_cannot_be_read_is_not_passed_over() {
        let root = tempfile::tempdir().unwrap();
        for (name, metadata) in [("a", "Name: a\nVersion: 1\n"), ("b", "Name: b\n"), ("c", "")] {
            let folder = root.path().join(format!("{name}-1.dist-info"));
            std::fs::create_dir(&folder).unwrap();
            if !metadata.is_empty() {
                std::fs::write(folder.join("METADATA"), metadata).unwrap();
            }
        }
        let found = find(root.path()).unwrap();
        let named = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
        assert_eq!(found.distributions.len(), 1);
        let mut unread: Vec<_> = found.unread.iter().map(|one| named(&one.folder)).collect();
        unread.sort();
        assert_eq!(unread, ["b-1", "c-1"]);
    }

    #[test]
    fn changed_missing_and_added_files_differ() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("app")).unwrap();
        for (path, text) in [("app/a.py", "a"), ("app/b.py", "changed"), ("evil.pth", "")] {
            std::fs::write(root.path().join(path), text).unwrap();
        }
        let app = installed(
            root.path(),
            &[
                "app/a.py",
                "app/b.py",
                "evil.pth",
                "app/__pycache__/a.cpython-311.pyc",
                "../../../bin/app",
                "app-1.0.dist-info/INSTALLER",
            ],
        );
        let hash = |text: &str| Some(Sha256::from_bytes(sha2::Sha256::digest(text).into()));
        let wheel = Record::from([
            ("app/a.py".to_owned(), hash("a")),
            ("app/b.py".to_owned(), hash("b")),
            ("app-1.0.data/purelib/app/c.py".to_owned(), hash("c")),
            ("app-1.0.data/scripts/app".to_owned(), hash("s")),
            ("app-1.0.dist-info/RECORD".to_owned(), None),
        ]);
        let expected =
            ["app/b.py differs", "app/c.py is missing", "evil.pth is not from the wheel"];
        assert_eq!(app.differing(&wheel), expected);
    }
}

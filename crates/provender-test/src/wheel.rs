//! Wheels made in memory (PyPA specification "Binary distribution format").

use std::fmt::Write as _;
use std::io::{Cursor, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use zip::write::SimpleFileOptions;

use crate::metadata::{CoreMetadata, normalize};
use crate::release::DistFile;

/// Builds a valid wheel: one module that says its version, `METADATA`, `WHEEL` and a `RECORD` with right hashes.
/// The same settings give the same bytes.
#[derive(Debug, Clone)]
pub struct Wheel {
    metadata: CoreMetadata,
    tag: String,
    entry_points: Vec<(String, String)>,
    files: Vec<(String, String)>,
}

impl Wheel {
    /// A wheel tagged `py3-none-any` that requires nothing.
    pub fn new(name: &str, version: &str) -> Self {
        Self::from_metadata(CoreMetadata::new(name, version))
    }

    pub(crate) fn from_metadata(metadata: CoreMetadata) -> Self {
        Self {
            metadata,
            tag: "py3-none-any".to_owned(),
            entry_points: Vec::new(),
            files: Vec::new(),
        }
    }

    /// Adds a `Requires-Dist` (PEP 508).
    #[must_use]
    pub fn requires(mut self, requirement: &str) -> Self {
        self.metadata.requires.push(requirement.to_owned());
        self
    }

    /// Sets `Requires-Python`.
    #[must_use]
    pub fn requires_python(mut self, specifiers: &str) -> Self {
        self.metadata.requires_python = Some(specifiers.to_owned());
        self
    }

    /// Adds a `Provides-Extra` and what it requires.
    #[must_use]
    pub fn extra(mut self, extra: &str, requires: &[&str]) -> Self {
        self.metadata.extra(extra, requires);
        self
    }

    /// Sets the compatibility tag, such as `cp311-cp311-manylinux_2_28_x86_64`.
    #[must_use]
    pub fn tag(mut self, tag: &str) -> Self {
        tag.clone_into(&mut self.tag);
        self
    }

    /// Adds a console script: its name and `module:function`.
    #[must_use]
    pub fn entry_point(mut self, script: &str, target: &str) -> Self {
        self.entry_points.push((script.to_owned(), target.to_owned()));
        self
    }

    /// Adds a file at `path` in the wheel.
    #[must_use]
    pub fn file(mut self, path: &str, content: &str) -> Self {
        self.files.push((path.to_owned(), content.to_owned()));
        self
    }

    /// The wheel with its file name and its `METADATA`.
    pub fn build(&self) -> DistFile {
        let stem = self.metadata.stem();
        let dist_info = format!("{stem}.dist-info");
        let metadata = self.metadata.render("2.1");
        let purelib = self.tag.ends_with("-none-any");

        let module = normalize(&self.metadata.name).replace('-', "_");
        let mut members = vec![(
            format!("{module}/__init__.py"),
            format!("__version__ = \"{}\"\n", self.metadata.version),
        )];
        members.extend(self.files.iter().cloned());
        members.push((format!("{dist_info}/METADATA"), metadata.clone()));
        members.push((
            format!("{dist_info}/WHEEL"),
            format!(
                "Wheel-Version: 1.0\nGenerator: provender-test\nRoot-Is-Purelib: {purelib}\nTag: {}\n",
                self.tag
            ),
        ));
        if !self.entry_points.is_empty() {
            let mut text = "[console_scripts]\n".to_owned();
            for (script, target) in &self.entry_points {
                let _ = writeln!(text, "{script} = {target}");
            }
            members.push((format!("{dist_info}/entry_points.txt"), text));
        }
        let record = record(&members, &dist_info);
        members.push((format!("{dist_info}/RECORD"), record));

        DistFile {
            filename: format!("{stem}-{}.whl", self.tag),
            bytes: zip_bytes(members.iter().map(|(path, text)| (path.as_str(), text.as_bytes()))),
            core_metadata: Some(metadata.into_bytes()),
        }
    }
}

/// `RECORD`: path, hash and size of each member, and its own line without either.
fn record(members: &[(String, String)], dist_info: &str) -> String {
    let mut record = String::new();
    for (path, text) in members {
        let hash = URL_SAFE_NO_PAD.encode(Sha256::digest(text));
        let _ = writeln!(record, "{path},sha256={hash},{}", text.len());
    }
    let _ = writeln!(record, "{dist_info}/RECORD,,");
    record
}

/// A zip archive of `members` in their order, without timestamps.
pub(crate) fn zip_bytes<'a>(members: impl Iterator<Item = (&'a str, &'a [u8])>) -> Vec<u8> {
    let options = SimpleFileOptions::default().unix_permissions(0o644);
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (path, bytes) in members {
        archive.start_file(path, options).expect("a member of a zip in memory");
        archive.write_all(bytes).expect("a member of a zip in memory");
    }
    archive.finish().expect("a zip in memory").into_inner()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn member(wheel: &DistFile, path: &str) -> String {
        let mut archive = zip::ZipArchive::new(Cursor::new(wheel.bytes.clone())).unwrap();
        let mut text = String::new();
        archive.by_name(path).unwrap().read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn a_wheel_says_what_it_requires() {
        let wheel = Wheel::new("My.Pkg", "1.0")
            .requires("b>=1")
            .requires_python(">=3.9")
            .extra("x", &["c"])
            .build();
        assert_eq!(wheel.filename, "my_pkg-1.0-py3-none-any.whl");
        let metadata = member(&wheel, "my_pkg-1.0.dist-info/METADATA");
        assert_eq!(wheel.core_metadata.as_deref(), Some(metadata.as_bytes()));
        for line in [
            "Name: My.Pkg",
            "Requires-Python: >=3.9",
            "Provides-Extra: x",
            "Requires-Dist: b>=1",
            "Requires-Dist: c ; extra == 'x'",
        ] {
            assert!(metadata.lines().any(|l| l == line), "{line} is missing in\n{metadata}");
        }
    }

    #[test]
    fn record_names_every_member() {
        let wheel = Wheel::new("a", "1").entry_point("a", "a:main").file("a/data.txt", "x").build();
        let record = member(&wheel, "a-1.dist-info/RECORD");
        let archive = zip::ZipArchive::new(Cursor::new(wheel.bytes.clone())).unwrap();
        let mut names: Vec<_> =
            archive.file_names().map(|name| name.unwrap().into_owned()).collect();
        names.sort_unstable();
        let mut recorded: Vec<_> =
            record.lines().filter_map(|line| line.split(',').next()).collect();
        recorded.sort_unstable();
        assert_eq!(recorded, names);
    }

    #[test]
    fn the_same_settings_give_the_same_bytes() {
        let wheel = Wheel::new("a", "1").requires("b");
        assert_eq!(wheel.build().bytes, wheel.build().bytes);
    }
}

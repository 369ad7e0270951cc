//! Wheels made for a test, right or wrong.

use std::fs;
use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use provender_core::Sha256;
use provender_image::wheel::{Expected, Wheel, WheelError, open};
use sha2::Digest as _;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// A wheel of the project demo, version 1.0.
pub(crate) struct Made {
    pub(crate) filename: String,
    files: Vec<(String, Vec<u8>, u32)>,
    record: Option<String>,
    deflated: bool,
}

impl Made {
    /// One module, `METADATA` and `WHEEL`.
    pub(crate) fn new() -> Self {
        let made = Self {
            filename: "demo-1.0-py3-none-any.whl".to_owned(),
            files: Vec::new(),
            record: None,
            deflated: true,
        };
        made.file("demo/__init__.py", b"def main():\n    print('demo')\n")
            .file(
                "demo-1.0.dist-info/METADATA",
                b"Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n",
            )
            .file(
                "demo-1.0.dist-info/WHEEL",
                b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            )
    }

    /// Adds a file, or replaces the one of that name.
    pub(crate) fn file(self, name: &str, bytes: &[u8]) -> Self {
        self.with_mode(name, bytes, 0o644)
    }

    pub(crate) fn with_mode(mut self, name: &str, bytes: &[u8], mode: u32) -> Self {
        self.files.retain(|(there, ..)| there != name);
        self.files.push((name.to_owned(), bytes.to_vec(), mode));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.files.retain(|(there, ..)| there != name);
        self
    }

    /// Compresses nothing.
    pub(crate) fn stored(mut self) -> Self {
        self.deflated = false;
        self
    }

    pub(crate) fn filename(mut self, filename: &str) -> Self {
        filename.clone_into(&mut self.filename);
        self
    }

    /// Writes another `RECORD` than the right one, made from it.
    pub(crate) fn record(mut self, change: impl FnOnce(String) -> String) -> Self {
        self.record = Some(change(self.right_record()));
        self
    }

    fn right_record(&self) -> String {
        let line = |(name, bytes, _): &(String, Vec<u8>, u32)| {
            let hash = URL_SAFE_NO_PAD.encode(sha2::Sha256::digest(bytes));
            let name = if name.contains(',') { format!("\"{name}\"") } else { name.clone() };
            format!("{name},sha256={hash},{}\n", bytes.len())
        };
        let lines: String = self.files.iter().map(line).collect();
        lines + "demo-1.0.dist-info/RECORD,,\n"
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        let method =
            if self.deflated { CompressionMethod::Deflated } else { CompressionMethod::Stored };
        let options = SimpleFileOptions::default().compression_method(method);
        let record = self.record.clone().unwrap_or_else(|| self.right_record());
        let record = ("demo-1.0.dist-info/RECORD".to_owned(), record.into_bytes(), 0o644);
        for (name, bytes, mode) in self.files.iter().chain([&record]) {
            zip.start_file(name.as_str(), options.unix_permissions(*mode)).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    /// Writes the wheel and opens it.
    pub(crate) fn open(&self, folder: &Path) -> Result<Wheel, WheelError> {
        let bytes = self.bytes();
        open_bytes(folder, &self.filename, &bytes)
    }

    pub(crate) fn refused(&self) -> String {
        let folder = tempfile::tempdir().unwrap();
        self.open(folder.path()).unwrap_err().to_string()
    }
}

/// Writes these bytes and opens them as demo 1.0.
pub(crate) fn open_bytes(folder: &Path, filename: &str, bytes: &[u8]) -> Result<Wheel, WheelError> {
    // As in a store of blobs, the file's own name says nothing.
    let path = folder.join("blob");
    fs::write(&path, bytes).unwrap();
    open(&path, &expected(filename, bytes))
}

pub(crate) fn expected(filename: &str, bytes: &[u8]) -> Expected {
    Expected {
        filename: filename.to_owned(),
        name: "demo".parse().unwrap(),
        version: "1.0".parse().unwrap(),
        sha256: Sha256::from_bytes(sha2::Sha256::digest(bytes).into()),
    }
}

/// The archive with one text in it replaced by another of the same length, wherever it stands.
pub(crate) fn patched(mut bytes: Vec<u8>, from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut found = false;
    for at in 0..=bytes.len() - from.len() {
        if bytes[at..].starts_with(from) {
            bytes[at..at + to.len()].copy_from_slice(to);
            found = true;
        }
    }
    assert!(found);
    bytes
}

/// A file of the repository's tests that names a place in an image.
pub(crate) fn scheme(prefix: &str) -> provender_image::wheel::Scheme {
    provender_image::wheel::Scheme {
        purelib: format!("{prefix}/lib/python3.11/site-packages"),
        platlib: format!("{prefix}/lib/python3.11/site-packages"),
        scripts: format!("{prefix}/bin"),
        data: prefix.to_owned(),
        headers: format!("{prefix}/include/site/python3.11"),
        python: format!("{prefix}/bin/python"),
    }
}

/// Where a wheel was written by [`Made::open`].
pub(crate) fn blob(folder: &Path) -> PathBuf {
    folder.join("blob")
}

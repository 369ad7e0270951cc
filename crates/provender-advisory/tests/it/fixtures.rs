//! Records, archives and catalogs for tests.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use provender_advisory::{Catalog, Snapshot};
use provender_core::audit::Component;
use provender_core::{Place, ProjectName, Version};
use tempfile::TempDir;
use url::Url;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

pub(crate) fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

pub(crate) fn hours_later(hours: i64) -> Timestamp {
    now() + jiff::SignedDuration::from_hours(hours)
}

pub(crate) fn project(name: &str) -> ProjectName {
    name.parse().unwrap()
}

pub(crate) fn version(text: &str) -> Version {
    text.parse().unwrap()
}

pub(crate) fn url() -> Url {
    "https://advisories.example/pypi/all.zip".parse().unwrap()
}

/// A record about one project whose affected versions are told by events such as
/// `introduced 0, fixed 2.0`.
#[derive(Clone)]
pub(crate) struct RecordText {
    pub(crate) id: &'static str,
    pub(crate) aliases: &'static [&'static str],
    pub(crate) modified: &'static str,
    pub(crate) project: &'static str,
    pub(crate) events: &'static str,
    pub(crate) severity: &'static str,
}

pub(crate) const RECORD: RecordText = RecordText {
    id: "GHSA-1111-2222-3333",
    aliases: &["CVE-2024-1"],
    modified: "2024-01-01T00:00:00Z",
    project: "demo",
    events: "introduced 0, fixed 2.0",
    severity: "HIGH",
};

impl RecordText {
    pub(crate) fn json(&self) -> String {
        let events: Vec<_> = self
            .events
            .split(", ")
            .map(|event| {
                let (kind, version) = event.split_once(' ').unwrap();
                serde_json::json!({ kind: version })
            })
            .collect();
        serde_json::json!({
            "schema_version": "1.6.0",
            "id": self.id,
            "aliases": self.aliases,
            "modified": self.modified,
            "summary": format!("{} in {}", self.id, self.project),
            "affected": [{
                "package": {"ecosystem": "PyPI", "name": self.project},
                "ranges": [{"type": "ECOSYSTEM", "events": events}],
            }],
            "database_specific": {"severity": self.severity},
        })
        .to_string()
    }
}

pub(crate) fn write_zip(path: &Path, entries: &[(&str, &str)]) {
    let mut archive = ZipWriter::new(File::create(path).unwrap());
    for (name, content) in entries {
        archive.start_file(*name, SimpleFileOptions::default()).unwrap();
        archive.write_all(content.as_bytes()).unwrap();
    }
    archive.finish().unwrap();
}

/// A data directory of its own, removed at the end of the test.
pub(crate) struct Ground {
    pub(crate) dir: TempDir,
    pub(crate) catalog: Catalog,
}

impl Ground {
    pub(crate) fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let catalog = Catalog::in_data_dir(&dir.path().join("data"));
        Self { dir, catalog }
    }

    /// A file beside the data directory.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// A zip archive of records beside the data directory.
    pub(crate) fn zip(&self, name: &str, records: &[RecordText]) -> PathBuf {
        let path = self.dir.path().join(name);
        let texts: Vec<_> =
            records.iter().map(|record| (format!("{}.json", record.id), record.json())).collect();
        let entries: Vec<_> = texts.iter().map(|(n, t)| (n.as_str(), t.as_str())).collect();
        write_zip(&path, &entries);
        path
    }

    /// A catalog that holds records from one import.
    pub(crate) fn with(records: &[RecordText]) -> (Self, Snapshot) {
        let ground = Self::new();
        let zip = ground.zip("records.zip", records);
        let mut update = ground.catalog.update().unwrap();
        update.import("test", &[zip], now()).unwrap();
        let snapshot = update.commit().unwrap();
        (ground, snapshot)
    }

    /// The files of the catalog's folder, by name.
    pub(crate) fn listing(&self) -> Vec<String> {
        let mut names = Vec::new();
        for folder in [self.catalog.folder().to_owned(), self.catalog.folder().join("sources")] {
            for entry in fs::read_dir(folder).into_iter().flatten() {
                let entry = entry.unwrap();
                if entry.file_type().unwrap().is_file() {
                    names.push(entry.file_name().into_string().unwrap());
                }
            }
        }
        names.sort();
        names
    }
}

pub(crate) fn component(name: &str, pinned: &str, line: u32) -> Component {
    Component {
        project: project(name),
        version: version(pinned),
        place: Place::line("constraints.txt", line),
    }
}

/// Where the shared data is, if it is there; otherwise prints that a test was left out.
pub(crate) fn shared(test: &str) -> Option<PathBuf> {
    let folder = provender_test::shared_dir();
    if folder.is_none() {
        provender_test::left_out(test, "no shared data");
    }
    folder
}

/// The shared advisories, archive and folder, compiled into a new catalog.
pub(crate) fn shared_catalog(shared: &Path) -> (Ground, Snapshot) {
    let ground = Ground::new();
    let mut update = ground.catalog.update().unwrap();
    let advisories = shared.join("advisories");
    let paths = [advisories.join("pypa-2024-10-10.zip"), advisories.join("named")];
    update.import("shared", &paths, now()).unwrap();
    let snapshot = update.commit().unwrap();
    (ground, snapshot)
}

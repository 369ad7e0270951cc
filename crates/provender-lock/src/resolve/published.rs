//! What an index publishes of a project.

use std::collections::BTreeMap;

use provender_core::{FileHash, LockedFile, ProjectName, Version, VersionSpecifiers};
use tokio::sync::Semaphore;
use uv_client::{ErrorKind, MetadataFormat, OwnedArchive, RegistryClient, SimpleDetailMetadata};
use uv_distribution_types::{File, IndexCapabilities, IndexMetadataRef};

/// A release as an index tells it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Release {
    /// Whether every file of it is yanked (PEP 592).
    pub(crate) yanked: bool,
    /// What its files say of the Pythons they run on; none where one of them says nothing.
    pub(crate) requires_python: Vec<VersionSpecifiers>,
    /// The files with their SHA-256.
    pub(crate) files: Vec<LockedFile>,
}

impl Release {
    /// Whether one of its files runs on this Python and was there at this instant.
    pub(crate) fn fits(&self, python: &Version, not_after: Option<jiff::Timestamp>) -> bool {
        let runs = self.requires_python.is_empty()
            || self.requires_python.iter().any(|requires| requires.contains(python));
        let there = not_after.is_none_or(|instant| {
            self.files.iter().any(|file| file.upload_time.is_some_and(|time| time <= instant))
        });
        runs && there
    }
}

/// The releases of a project, by version.
pub(crate) async fn releases(
    client: &RegistryClient,
    capabilities: &IndexCapabilities,
    project: &ProjectName,
    index: Option<IndexMetadataRef<'_>>,
) -> Result<BTreeMap<Version, Release>, uv_client::Error> {
    let slots = Semaphore::new(1);
    let pages = match client.simple_detail(project, index, capabilities, &slots).await {
        Ok(pages) => pages,
        // With `--no-index`, or for a project that only a folder of files has, there is no page.
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::NoIndex(_) | ErrorKind::RemotePackageNotFound(_)
            ) =>
        {
            Vec::new()
        }
        Err(error) => return Err(error),
    };
    let mut releases: BTreeMap<Version, Release> = BTreeMap::new();
    for (_, page) in pages {
        let MetadataFormat::Simple(archive) = page else { continue };
        let detail: SimpleDetailMetadata = OwnedArchive::deserialize(&archive);
        for datum in detail.into_iter() {
            let files: Vec<File> = datum.files.all(project).map(|(_, file)| file).collect();
            let yanked = !files.is_empty() && files.iter().all(is_yanked);
            let mut requires_python = Vec::new();
            for file in &files {
                match &file.requires_python {
                    Some(requires) => requires_python.push(requires.as_ref().clone()),
                    None => {
                        requires_python.clear();
                        break;
                    }
                }
            }
            let files = files.iter().filter_map(locked_file).collect();
            let release = Release { yanked, requires_python, files };
            releases.entry(datum.version).or_insert(release);
        }
    }
    Ok(releases)
}

fn is_yanked(file: &File) -> bool {
    file.yanked.as_deref().is_some_and(uv_pypi_types::Yanked::is_yanked)
}

fn locked_file(file: &File) -> Option<LockedFile> {
    let digests = file.hashes.iter().map(ToString::to_string);
    let hash: FileHash = digests.filter_map(|text| text.parse().ok()).find(is_sha256)?;
    Some(LockedFile {
        filename: Some(file.filename.to_string()),
        url: file.url.to_url().ok().map(|url| url.into()),
        hash,
        size: file.size,
        upload_time: file
            .upload_time_utc_ms
            .and_then(|time| jiff::Timestamp::from_millisecond(time).ok()),
    })
}

fn is_sha256(hash: &FileHash) -> bool {
    matches!(hash, FileHash::Sha256(_))
}

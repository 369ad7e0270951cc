//! What an index publishes of a project.

use std::collections::BTreeMap;

use provender_core::{FileHash, LockedFile, ProjectName, Version};
use tokio::sync::Semaphore;
use uv_client::{ErrorKind, MetadataFormat, OwnedArchive, RegistryClient, SimpleDetailMetadata};
use uv_distribution_filename::DistFilename;
use uv_distribution_types::{
    BuiltDist, Dist, File, IndexCapabilities, IndexMetadataRef, IndexUrl, RegistryBuiltDist,
    RegistryBuiltWheel,
};

/// A release as an index tells it.
#[derive(Debug, Clone)]
pub(crate) struct Release {
    index: IndexUrl,
    files: Vec<(DistFilename, File)>,
}

impl Release {
    /// Whether every file of it is yanked (PEP 592).
    pub(crate) fn yanked(&self) -> bool {
        !self.files.is_empty() && self.files.iter().all(|(_, file)| is_yanked(file))
    }

    /// Whether one of its files runs on this Python and was there at this instant.
    pub(crate) fn fits(&self, python: &Version, not_after: Option<jiff::Timestamp>) -> bool {
        let runs = self.files.is_empty()
            || self.files.iter().any(|(_, file)| {
                let requires = file.requires_python.as_ref();
                requires.is_none_or(|requires| requires.contains(python))
            });
        let there = not_after.is_none_or(|instant| {
            let mut times = self.files.iter().filter_map(|(_, file)| upload_time(file));
            times.any(|time| time <= instant)
        });
        runs && there
    }

    /// The files with their SHA-256.
    pub(crate) fn locked_files(&self) -> Vec<LockedFile> {
        self.files.iter().filter_map(|(_, file)| locked_file(file)).collect()
    }

    /// A wheel of it to read metadata from: one whose metadata can be had without the wheel, where
    /// there is one.
    pub(crate) fn wheel(&self) -> Option<Dist> {
        let wheels = self.files.iter().filter_map(|(name, file)| match name {
            DistFilename::WheelFilename(name) => Some((name, file)),
            DistFilename::SourceDistFilename(_) => None,
        });
        let (filename, file) = wheels.max_by_key(|(_, file)| file.dist_info_metadata)?;
        let wheel = RegistryBuiltWheel {
            filename: filename.clone(),
            file: Box::new(file.clone()),
            index: self.index.clone(),
            size_is_authoritative: false,
        };
        Some(Dist::Built(BuiltDist::Registry(RegistryBuiltDist {
            wheels: vec![wheel],
            best_wheel_index: 0,
            sdist: None,
        })))
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
    let pages = pages.into_iter().filter_map(|(index, page)| match page {
        MetadataFormat::Simple(archive) => Some((index.clone(), archive)),
        MetadataFormat::Flat(_) => None,
    });
    let (pages, project): (Vec<_>, _) = (pages.collect(), project.clone());
    // A page can tell thousands of files; several are read at the same time.
    let read = tokio::task::spawn_blocking(move || by_version(pages, &project));
    Ok(read.await.unwrap_or_default())
}

fn by_version(
    pages: Vec<(IndexUrl, OwnedArchive<SimpleDetailMetadata>)>,
    project: &ProjectName,
) -> BTreeMap<Version, Release> {
    let mut releases: BTreeMap<Version, Release> = BTreeMap::new();
    for (index, archive) in pages {
        let detail: SimpleDetailMetadata = OwnedArchive::deserialize(&archive);
        for datum in detail.into_iter() {
            let files = datum.files.all(project).collect();
            let release = Release { index: index.clone(), files };
            releases.entry(datum.version).or_insert(release);
        }
    }
    releases
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
        upload_time: upload_time(file),
    })
}

fn upload_time(file: &File) -> Option<jiff::Timestamp> {
    file.upload_time_utc_ms.and_then(|time| jiff::Timestamp::from_millisecond(time).ok())
}

fn is_sha256(hash: &FileHash) -> bool {
    matches!(hash, FileHash::Sha256(_))
}

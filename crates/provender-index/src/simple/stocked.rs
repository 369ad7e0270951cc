//! Pages of what the store has, alone and merged with those of upstreams.

use std::collections::BTreeMap;

use provender_core::ProjectName;
use provender_store::{FileRecord, StockedFile};

use super::{Metadata, PageFile, ProjectPage};

impl ProjectPage {
    /// The page of the files that are present.
    pub fn of_stocked(project: &ProjectName, files: &[StockedFile]) -> Self {
        let files = files.iter().filter(|file| file.present).map(PageFile::of_stocked).collect();
        Self { files, ..Self::empty(project.clone()) }.sorted()
    }

    /// Whether an upstream's page can be that of the project whose stocked files these are. A name
    /// stands for another project in another index; that it is the same one shows in a file that
    /// both have.
    pub(crate) fn is_of_the_same_project(&self, upstream: &Self) -> bool {
        let is_theirs = |ours: &PageFile| {
            upstream.file(&ours.filename).is_some_and(|theirs| theirs.sha256 == ours.sha256)
        };
        self.files.is_empty() || self.files.iter().any(is_theirs)
    }

    /// Our page with the files that only an upstream has. What an upstream promises no SHA-256 for
    /// is left out.
    ///
    /// A file known to both is ours. If it is the very same, the upstream says whether it was yanked
    /// since, and may have the metadata that we lack.
    #[must_use]
    pub fn merged_with(self, upstream: Self) -> Self {
        if !self.is_of_the_same_project(&upstream) {
            return self;
        }
        let ours = self.files.into_iter().map(|file| (file.filename.clone(), file));
        let mut files: BTreeMap<_, _> = ours.collect();
        for theirs in upstream.files.into_iter().filter(|file| file.sha256.is_some()) {
            let metadata = Metadata::of_promise(theirs.metadata.sha256());
            match files.get_mut(&theirs.filename) {
                None => {
                    files.insert(theirs.filename.clone(), PageFile { metadata, ..theirs });
                }
                Some(ours) if ours.sha256 == theirs.sha256 => {
                    ours.yanked = theirs.yanked;
                    // Of a wheel that is here, what is in it is known better than by the upstream.
                    if ours.metadata == Metadata::No && !ours.filename.ends_with(".whl") {
                        ours.metadata = metadata;
                    }
                }
                Some(_) => {}
            }
        }
        let files = files.into_values().collect();
        Self { files, name: self.name, status: self.status.or(upstream.status) }
    }
}

impl Metadata {
    fn of_promise(sha256: Option<provender_core::Sha256>) -> Self {
        sha256.map_or(Self::No, |sha256| Self::Yes(Some(sha256)))
    }
}

impl PageFile {
    fn of_stocked(file: &StockedFile) -> Self {
        let StockedFile { record, metadata_present, .. } = file;
        Self {
            filename: record.filename.clone(),
            url: record.url.clone(),
            sha256: Some(record.sha256),
            size: record.size,
            upload_time: record.upload_time,
            requires_python: record.requires_python.clone(),
            yanked: record.yanked.clone(),
            metadata: Metadata::of_promise(record.metadata.filter(|_| *metadata_present)),
            version: Some(record.version.clone()),
        }
    }

    /// What is written of the file into the database; none for a file without a digest or a version.
    pub fn record(&self, index: &str, project: &ProjectName) -> Option<FileRecord> {
        Some(FileRecord {
            index: index.to_owned(),
            project: project.clone(),
            version: self.version.clone()?,
            filename: self.filename.clone(),
            sha256: self.sha256?,
            size: self.size,
            upload_time: self.upload_time,
            requires_python: self.requires_python.clone(),
            yanked: self.yanked.clone(),
            metadata: self.metadata.sha256(),
            url: self.url.clone(),
        })
    }
}

//! Reading a page in JSON (PEP 691, PEP 700, PEP 714, PEP 792).

use std::collections::BTreeMap;

use jiff::{Timestamp, Unit};
use provender_core::ProjectName;
use serde::Deserialize;
use serde::de::IgnoredAny;
use url::Url;

use super::{
    Metadata, PageError, PageFile, ProjectPage, ProjectStatus, check_api_version, file_url,
    is_plain, version_of,
};

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    meta: Meta,
    name: Option<String>,
    files: Vec<File>,
    #[serde(default, rename = "project-status")]
    status: Option<Status>,
}

#[derive(Default, Deserialize)]
struct Meta {
    #[serde(default, rename = "api-version")]
    api_version: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Status {
    Said {
        status: String,
        #[serde(default)]
        reason: Option<String>,
    },
    Odd(IgnoredAny),
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct File {
    filename: String,
    url: String,
    #[serde(default)]
    hashes: BTreeMap<String, String>,
    #[serde(default)]
    size: Option<u64>,
    #[serde(default)]
    upload_time: Option<String>,
    #[serde(default)]
    requires_python: Option<String>,
    #[serde(default)]
    yanked: Option<Yanked>,
    #[serde(default)]
    core_metadata: Option<Promise>,
    /// As PEP 658 was first understood; PEP 714 has clients prefer the other.
    #[serde(default)]
    dist_info_metadata: Option<Promise>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Yanked {
    Said(bool),
    Because(String),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Promise {
    Said(bool),
    Hashes(BTreeMap<String, String>),
    Odd(IgnoredAny),
}

impl From<Promise> for Metadata {
    fn from(promise: Promise) -> Self {
        match promise {
            Promise::Said(false) | Promise::Odd(_) => Self::No,
            Promise::Said(true) => Self::Yes(None),
            Promise::Hashes(hashes) => {
                Self::Yes(hashes.get("sha256").and_then(|hex| hex.parse().ok()))
            }
        }
    }
}

impl ProjectPage {
    /// Reads the page of `project` in JSON; relative URLs are relative to `url`.
    ///
    /// # Errors
    ///
    /// When it is no JSON of this form, of another version of the API or of another project.
    pub fn from_json(project: &ProjectName, url: &Url, body: &[u8]) -> Result<Self, PageError> {
        let page: Page =
            serde_json::from_slice(body).map_err(|error| PageError::Json(error.to_string()))?;
        if let Some(version) = &page.meta.api_version {
            check_api_version(version)?;
        }
        if let Some(name) = page.name.and_then(|name| name.parse::<ProjectName>().ok())
            && name != *project
        {
            return Err(PageError::OtherProject(name));
        }
        let files = page.files.into_iter().filter_map(|file| file.on_page(project, url)).collect();
        let status = match page.status {
            Some(Status::Said { status, reason }) => Some(ProjectStatus { status, reason }),
            Some(Status::Odd(_)) | None => None,
        };
        Ok(Self { name: project.clone(), files, status }.sorted())
    }
}

impl File {
    /// None for a file that could not be named or fetched.
    fn on_page(self, project: &ProjectName, base: &Url) -> Option<PageFile> {
        if !is_plain(&self.filename) {
            return None;
        }
        Some(PageFile {
            url: Some(file_url(base, &self.url)?),
            sha256: self.hashes.get("sha256").and_then(|hex| hex.parse().ok()),
            size: self.size,
            upload_time: self.upload_time.as_deref().and_then(upload_time),
            requires_python: self.requires_python.filter(|text| !text.is_empty()),
            yanked: match self.yanked {
                None | Some(Yanked::Said(false)) => None,
                Some(Yanked::Said(true)) => Some(String::new()),
                Some(Yanked::Because(reason)) => Some(reason),
            },
            metadata: self
                .core_metadata
                .or(self.dist_info_metadata)
                .map_or(Metadata::No, Into::into),
            version: version_of(project, &self.filename),
            filename: self.filename,
        })
    }
}

/// PEP 700 allows no more than six digits of a second's fraction.
fn upload_time(text: &str) -> Option<Timestamp> {
    let time: Timestamp = text.parse().ok()?;
    time.round(jiff::TimestampRound::new().smallest(Unit::Microsecond).mode(jiff::RoundMode::Trunc))
        .ok()
}

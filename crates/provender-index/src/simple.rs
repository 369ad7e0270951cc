//! The simple API: what an index says of a project (packaging specifications, "Simple repository
//! API": PEP 503, 592, 629, 658, 691, 700, 714, 792).
//!
//! [`ProjectPage::from_json`] and [`ProjectPage::from_html`] read the page of an upstream, [`json`](render::json)
//! and [`html`](render::html) write ours. Nothing here does I/O.

mod from_html;
mod from_json;
pub mod render;
mod stocked;

use std::collections::BTreeSet;

use jiff::Timestamp;
use provender_core::{ProjectName, Sha256, Version};
use url::Url;
use uv_distribution_filename::{DistFilename, EggInfoFilename};

/// The content type of a page in JSON (PEP 691).
pub const JSON: &str = "application/vnd.pypi.simple.v1+json";
/// The content type of a page in HTML, versioned (PEP 691).
pub const HTML_V1: &str = "application/vnd.pypi.simple.v1+html";
/// The content type of a page in HTML, as before PEP 691.
pub const HTML: &str = "text/html";

/// Why a body is not the page of a project.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// It is neither JSON nor HTML of the simple API.
    #[error("a page of the simple API was expected, not {0}")]
    ContentType(String),
    /// It is not JSON of the expected form; a truncated body is one case.
    #[error("the page is no valid JSON of the simple API: {0}")]
    Json(String),
    /// It is not HTML.
    #[error("the page is no HTML: {0}")]
    Html(String),
    /// It is a web page, but no page of an index: a portal or a blocking proxy may have answered.
    #[error("a web page that lists no files came in place of the index's page{}", titled(.0))]
    NotAnIndex(Option<String>),
    /// The API's major version is not 1 (PEP 629).
    #[error("the index speaks version {0} of the simple API, which is not known")]
    ApiVersion(String),
    /// It is the page of another project.
    #[error("the page of `{0}` came instead")]
    OtherProject(ProjectName),
}

fn titled(title: &Option<String>) -> String {
    title.as_ref().map(|title| format!(" (its title is `{title}`)")).unwrap_or_default()
}

impl PageError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotAnIndex(_) => {
                "check the index's URL, and whether a proxy or a captive portal answered in the \
                 index's place"
            }
            Self::Json(_) => "try again; if it stays, a proxy may cut or change what passes",
            _ => {
                "check that the URL is that of a simple API, such as `https://index.example/simple/`"
            }
        }
    }
}

/// What an index says of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectPage {
    /// The project.
    pub name: ProjectName,
    /// Its files, sorted by name.
    pub files: Vec<PageFile>,
    /// What the index says of the project as a whole (PEP 792); none if it says nothing.
    pub status: Option<ProjectStatus>,
}

/// A project's status (PEP 792).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectStatus {
    /// `active`, `archived`, `quarantined` or `deprecated`.
    pub status: String,
    /// Why, in the index's words.
    pub reason: Option<String>,
}

/// A file on a project's page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageFile {
    /// Its name, which holds neither a path nor control characters.
    pub filename: String,
    /// Where its bytes are at its upstream, without fragment and credentials. Every file of an
    /// upstream's page has one; our own files may come from nowhere else.
    pub url: Option<Url>,
    /// The digest that the index promises. A file without one is never offered.
    pub sha256: Option<Sha256>,
    /// Its length in bytes (PEP 700).
    pub size: Option<u64>,
    /// When it was uploaded, to the microsecond (PEP 700).
    pub upload_time: Option<Timestamp>,
    /// The Python versions it runs on, as the index writes them.
    pub requires_python: Option<String>,
    /// Why it was yanked (PEP 592): empty without a reason, none if it was not.
    pub yanked: Option<String>,
    /// Whether its core metadata can be had beside it.
    pub metadata: Metadata,
    /// The release it belongs to, from its name; none if the name is not that of a wheel, an sdist
    /// or an egg of this project.
    pub version: Option<Version>,
}

/// Whether `URL.metadata` holds the core metadata of a file (PEP 658, PEP 714).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metadata {
    /// It does not, or the index does not say.
    No,
    /// It does, with this digest if the index promises one.
    Yes(Option<Sha256>),
}

impl Metadata {
    /// The promised digest; without one the metadata cannot be verified and is not offered.
    pub fn sha256(self) -> Option<Sha256> {
        match self {
            Self::No => None,
            Self::Yes(sha256) => sha256,
        }
    }
}

impl ProjectPage {
    /// A page without files.
    pub fn empty(name: ProjectName) -> Self {
        Self { name, files: Vec::new(), status: None }
    }

    /// Reads the page of `project` that came from `url` with this content type.
    ///
    /// # Errors
    ///
    /// When the body is no page of the simple API, whole, in a known version, of this project.
    pub fn parse(
        project: &ProjectName,
        url: &Url,
        content_type: &str,
        body: &[u8],
    ) -> Result<Self, PageError> {
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        match essence.to_ascii_lowercase().as_str() {
            // Static file servers know only the ending `.json`.
            JSON | "application/vnd.pypi.simple.latest+json" | "application/json" => {
                Self::from_json(project, url, body)
            }
            HTML
            | HTML_V1
            | "application/vnd.pypi.simple.latest+html"
            | "application/xhtml+xml"
            | "" => Self::from_html(project, url, body),
            _ => Err(PageError::ContentType(format!("`{essence}`"))),
        }
    }

    /// The versions that have files, in order (PEP 700).
    pub fn versions(&self) -> BTreeSet<&Version> {
        self.files.iter().filter_map(|file| file.version.as_ref()).collect()
    }

    /// The file of this name.
    pub fn file(&self, filename: &str) -> Option<&PageFile> {
        self.files.iter().find(|file| file.filename == filename)
    }

    /// The files of a release.
    pub fn release<'a>(&'a self, version: &'a Version) -> impl Iterator<Item = &'a PageFile> {
        self.files.iter().filter(move |file| file.version.as_ref() == Some(version))
    }

    /// Puts the files in order and drops all but the first of a name.
    fn sorted(mut self) -> Self {
        self.files.sort_by(|a, b| a.filename.cmp(&b.filename));
        self.files.dedup_by(|b, a| a.filename == b.filename);
        self
    }
}

/// The release that a file of `project` belongs to, from its name.
pub fn version_of(project: &ProjectName, filename: &str) -> Option<Version> {
    // A wheel says its project; the name of an sdist is read with the project in mind already.
    if let Some(dist) = DistFilename::try_from_filename(filename, project) {
        return (dist.name() == project).then(|| dist.into_version());
    }
    let egg = EggInfoFilename::parse(filename.strip_suffix(".egg")?).ok()?;
    egg.version.filter(|_| egg.name == *project)
}

/// Whether a name can stand in a URL's path and in a folder as one part.
pub(crate) fn is_plain(filename: &str) -> bool {
    !filename.is_empty()
        && filename.len() <= 255
        && !matches!(filename, "." | "..")
        && !filename.chars().any(|c| matches!(c, '/' | '\\') || c.is_control())
}

/// Where a file's bytes are: no fragment, and no credentials that would be remembered.
fn file_url(base: &Url, href: &str) -> Option<Url> {
    let mut url = base.join(href).ok()?;
    if !matches!(url.scheme(), "http" | "https") {
        return None;
    }
    url.set_fragment(None);
    // Both fail only for URLs that cannot hold credentials.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    Some(url)
}

/// Only major version 1 is known; a newer minor version adds what may be ignored (PEP 629).
fn check_api_version(version: &str) -> Result<(), PageError> {
    match version.split('.').next() {
        Some("1") => Ok(()),
        _ => Err(PageError::ApiVersion(version.chars().take(20).collect())),
    }
}

#[cfg(test)]
mod tests;

//! Reading a page in HTML (PEP 503, PEP 592, PEP 629, PEP 658, PEP 714, PEP 792).

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use provender_core::{ProjectName, Sha256};
use tl::HTMLTag;
use url::Url;

use super::{
    Metadata, PageError, PageFile, ProjectPage, ProjectStatus, check_api_version, file_url,
    is_plain, version_of,
};

impl ProjectPage {
    /// Reads the page of `project` in HTML; relative URLs are relative to `url`, or to what the
    /// page names as its base.
    ///
    /// # Errors
    ///
    /// When it is no HTML, of another version of the API, or lists no file and does not otherwise
    /// show that it is the page of an index.
    pub fn from_html(project: &ProjectName, url: &Url, body: &[u8]) -> Result<Self, PageError> {
        let text = String::from_utf8_lossy(body);
        let dom = tl::parse(&text, tl::ParserOptions::default())
            .map_err(|error| PageError::Html(error.to_string()))?;
        let mut reading = Reading::of(project, url);
        for node in dom.nodes() {
            if let Some(tag) = node.as_tag() {
                reading.tag(tag, || own_text(tag, dom.parser()))?;
            }
        }
        reading.end()
    }
}

/// What was read of a page so far.
struct Reading {
    page: ProjectPage,
    base: Url,
    /// Whether something showed that this is the page of an index.
    is_index: bool,
    title: Option<String>,
}

impl Reading {
    fn of(project: &ProjectName, url: &Url) -> Self {
        let page = ProjectPage::empty(project.clone());
        Self { page, base: url.clone(), is_index: false, title: None }
    }

    fn tag(&mut self, tag: &HTMLTag<'_>, text: impl Fn() -> String) -> Result<(), PageError> {
        let name = tag.name().as_bytes();
        if name.eq_ignore_ascii_case(b"a") {
            self.anchor(tag);
        } else if name.eq_ignore_ascii_case(b"meta") {
            self.meta(tag)?;
        } else if name.eq_ignore_ascii_case(b"base") {
            let base = attribute(tag, "href").and_then(|href| self.base.join(&href).ok());
            self.base = base.unwrap_or_else(|| self.base.clone());
        } else if name.eq_ignore_ascii_case(b"title") || name.eq_ignore_ascii_case(b"h1") {
            let text = text();
            self.is_index |= titles_an_index(&text, &self.page.name);
            let shown = text.chars().filter(|c| !c.is_control()).take(60).collect();
            self.title.get_or_insert(shown);
        }
        Ok(())
    }

    fn meta(&mut self, tag: &HTMLTag<'_>) -> Result<(), PageError> {
        let (Some(name), Some(content)) = (attribute(tag, "name"), attribute(tag, "content"))
        else {
            return Ok(());
        };
        match name.as_str() {
            "pypi:repository-version" => {
                check_api_version(&content)?;
                self.is_index = true;
            }
            "pypi:project-status" => {
                let reason = self.page.status.take().and_then(|status| status.reason);
                self.page.status = Some(ProjectStatus { status: content, reason });
            }
            "pypi:project-status-reason" => {
                let status = self.page.status.take().map(|status| status.status);
                let status = status.unwrap_or_else(|| "active".to_owned());
                self.page.status = Some(ProjectStatus { status, reason: Some(content) });
            }
            _ => {}
        }
        Ok(())
    }

    /// A link to a file; others lead elsewhere in the index and are passed over.
    fn anchor(&mut self, tag: &HTMLTag<'_>) {
        let Some(href) = attribute(tag, "href") else { return };
        let (path, fragment) = href.split_once('#').unwrap_or((&href, ""));
        let last = path.split('?').next().unwrap_or_default().rsplit('/').next();
        let Ok(filename) = percent_decode_str(last.unwrap_or_default()).decode_utf8() else {
            return;
        };
        let sha256 = digest_in(fragment);
        let version = version_of(&self.page.name, &filename);
        if !is_plain(&filename) || (version.is_none() && sha256.is_none()) {
            return;
        }
        let Some(url) = file_url(&self.base, path) else { return };
        self.is_index = true;
        let metadata = ["data-core-metadata", "data-dist-info-metadata"]
            .iter()
            .find_map(|name| attribute(tag, name))
            .map_or(Metadata::No, |promise| match promise.as_str() {
                "false" => Metadata::No,
                promise => Metadata::Yes(digest_in(promise)),
            });
        self.page.files.push(PageFile {
            filename: filename.into_owned(),
            url: Some(url),
            sha256,
            size: None,
            upload_time: None,
            requires_python: attribute(tag, "data-requires-python").filter(|text| !text.is_empty()),
            yanked: has_attribute(tag, "data-yanked")
                .then(|| attribute(tag, "data-yanked").unwrap_or_default()),
            metadata,
            version,
        });
    }

    fn end(self) -> Result<ProjectPage, PageError> {
        if !self.is_index {
            return Err(PageError::NotAnIndex(self.title.filter(|title| !title.is_empty())));
        }
        Ok(self.page.sorted())
    }
}

/// The text that stands directly in a tag. Not that of tags in it: these nest as deeply as the page
/// likes, and to follow them takes a stack as deep.
fn own_text(tag: &HTMLTag<'_>, parser: &tl::Parser<'_>) -> String {
    let children = tag.children();
    let own = children.top().iter().take(16).filter_map(|child| child.get(parser)?.as_raw());
    own.map(|raw| raw.as_utf8_str()).collect::<String>().trim().to_owned()
}

/// Whether a heading is one that index servers give to a page, which may be empty: "Links for
/// NAME", "Simple index", or "Index of /simple/NAME/" as file servers list a folder.
fn titles_an_index(title: &str, project: &ProjectName) -> bool {
    let title = title.to_ascii_lowercase();
    let folder = format!("/{project}");
    title.contains("simple index")
        || title.starts_with("links for")
        || (title.starts_with("index of") && title.trim_end_matches('/').ends_with(&folder))
}

/// `sha256=HEX`, as a URL's fragment or a metadata attribute holds it.
fn digest_in(text: &str) -> Option<Sha256> {
    text.split('&').find_map(|part| part.trim().strip_prefix("sha256=")?.parse().ok())
}

/// The value of an attribute, with character references decoded; empty for one without a value.
fn attribute(tag: &HTMLTag<'_>, name: &str) -> Option<String> {
    tag.attributes()
        .iter()
        .find(|(found, _)| found.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.unwrap_or(Cow::Borrowed("")))
        .map(|value| html_escape::decode_html_entities(value.trim()).into_owned())
}

fn has_attribute(tag: &HTMLTag<'_>, name: &str) -> bool {
    tag.attributes().iter().any(|(found, _)| found.eq_ignore_ascii_case(name))
}

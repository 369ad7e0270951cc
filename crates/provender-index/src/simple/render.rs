//! Writing pages.
//!
//! Links are relative, so that an index works under any prefix that a reverse proxy puts before it
//! and as a static tree. Only files with a promised SHA-256 are written. The same page gives the same
//! bytes.

use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use provender_core::{ProjectName, Sha256};
use serde_json::{Map, Value, json};

use super::{Metadata, PageFile, ProjectPage};

/// The version of the simple API that our pages follow (PEP 629, PEP 792).
pub const API_VERSION: &str = "1.4";

/// What is left as it is in a part of a path: the unreserved characters (RFC 3986, section 2.3). A
/// `+` is allowed too, but some servers take it for a space.
const PART: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Where a file is, relative to the root of an index: `packages/ab/cd/SHA256/FILENAME`,
/// percent-encoded.
pub fn file_path(sha256: &Sha256, filename: &str) -> String {
    let hex = sha256.to_string();
    let filename = utf8_percent_encode(filename, PART);
    format!("packages/{}/{}/{hex}/{filename}", &hex[..2], &hex[2..4])
}

/// A file with its digest, and its link on a page.
struct Link<'a> {
    file: &'a PageFile,
    sha256: Sha256,
    href: String,
}

fn links<'a>(page: &'a ProjectPage, root: &'a str) -> impl Iterator<Item = Link<'a>> {
    page.files.iter().filter_map(move |file| {
        let sha256 = file.sha256?;
        let href = format!("{root}{}", file_path(&sha256, &file.filename));
        Some(Link { file, sha256, href })
    })
}

/// The page in JSON. `root` leads from the page to the root of the index, such as `../../`.
///
/// It says version 1.4 of the API where the length of every file is known, which that version
/// demands (PEP 700), else 1.0.
pub fn json(page: &ProjectPage, root: &str) -> Vec<u8> {
    let files: Vec<_> =
        links(page, root).map(|link| file_json(link.file, link.href, Some(link.sha256))).collect();
    project_json(page, files).to_string().into_bytes()
}

/// The page in JSON as it is remembered: with the upstream's own URLs, and with the files that are
/// never offered.
pub(crate) fn remembered(page: &ProjectPage) -> Vec<u8> {
    let files = page.files.iter().map(|file| {
        let href = file.url.as_ref().map(ToString::to_string).unwrap_or_default();
        file_json(file, href, file.sha256)
    });
    project_json(page, files.collect()).to_string().into_bytes()
}

fn project_json(page: &ProjectPage, files: Vec<Value>) -> Value {
    let sized = files.iter().all(|file| file.get("size").is_some());
    let versions: Vec<_> = page.versions().iter().map(ToString::to_string).collect();
    let mut object = Map::new();
    let api_version = if sized { API_VERSION } else { "1.0" };
    object.insert("meta".into(), json!({"api-version": api_version}));
    object.insert("name".into(), page.name.to_string().into());
    object.insert("versions".into(), versions.into());
    if let Some(status) = &page.status {
        let mut said = Map::from_iter([("status".into(), Value::from(&*status.status))]);
        if let Some(reason) = &status.reason {
            said.insert("reason".into(), Value::from(&**reason));
        }
        object.insert("project-status".into(), said.into());
    }
    object.insert("files".into(), files.into());
    object.into()
}

fn file_json(file: &PageFile, href: String, sha256: Option<Sha256>) -> Value {
    let mut object = Map::new();
    object.insert("filename".into(), file.filename.clone().into());
    object.insert("url".into(), href.into());
    let hashes = sha256.map_or_else(|| json!({}), |sha256| json!({"sha256": sha256}));
    object.insert("hashes".into(), hashes);
    if let Some(size) = file.size {
        object.insert("size".into(), size.into());
    }
    if let Some(time) = file.upload_time {
        object.insert("upload-time".into(), time.to_string().into());
    }
    if let Some(requires_python) = &file.requires_python {
        object.insert("requires-python".into(), requires_python.clone().into());
    }
    let yanked = match file.yanked.as_deref() {
        None => Value::Bool(false),
        Some("") => Value::Bool(true),
        Some(reason) => reason.into(),
    };
    object.insert("yanked".into(), yanked);
    if let Metadata::Yes(sha256) = file.metadata {
        let promise = sha256.map_or(Value::Bool(true), |sha256| json!({"sha256": sha256}));
        // Not under its older name: pip 22.3 to 23.0 fall over it in JSON (PEP 714).
        object.insert("core-metadata".into(), promise);
    }
    object.into()
}

/// The page in HTML. `root` leads from the page to the root of the index, such as `../../`.
pub fn html(page: &ProjectPage, root: &str) -> Vec<u8> {
    let mut out = head(&format!("Links for {}", page.name));
    if let Some(status) = &page.status {
        let _ = write_meta(&mut out, "pypi:project-status", &status.status);
        if let Some(reason) = &status.reason {
            let _ = write_meta(&mut out, "pypi:project-status-reason", reason);
        }
    }
    let _ = write!(out, "  </head>\n  <body>\n    <h1>Links for {}</h1>\n", page.name);
    for link in links(page, root) {
        let file = link.file;
        let _ = write!(out, "    <a href=\"{}#sha256={}\"", link.href, link.sha256);
        if let Some(requires_python) = &file.requires_python {
            let _ = write!(out, " data-requires-python=\"{}\"", escape(requires_python));
        }
        if let Metadata::Yes(sha256) = file.metadata {
            let promise = sha256.map_or("true".to_owned(), |sha256| format!("sha256={sha256}"));
            let _ = write!(
                out,
                " data-dist-info-metadata=\"{promise}\" data-core-metadata=\"{promise}\""
            );
        }
        if let Some(reason) = &file.yanked {
            let _ = write!(out, " data-yanked=\"{}\"", escape(reason));
        }
        let _ = writeln!(out, ">{}</a><br>", escape(&file.filename));
    }
    out.push_str("  </body>\n</html>\n");
    out.into_bytes()
}

/// The list of projects in JSON.
pub fn root_json<'a>(projects: impl IntoIterator<Item = &'a ProjectName>) -> Vec<u8> {
    let projects: Vec<_> =
        projects.into_iter().map(|name| json!({"name": name.to_string()})).collect();
    json!({"meta": {"api-version": API_VERSION}, "projects": projects}).to_string().into_bytes()
}

/// The list of projects in HTML.
pub fn root_html<'a>(projects: impl IntoIterator<Item = &'a ProjectName>) -> Vec<u8> {
    let mut out = head("Simple index");
    out.push_str("  </head>\n  <body>\n");
    for name in projects {
        let _ = writeln!(out, "    <a href=\"{name}/\">{name}</a><br>");
    }
    out.push_str("  </body>\n</html>\n");
    out.into_bytes()
}

fn head(title: &str) -> String {
    let mut out = format!(
        "<!DOCTYPE html>\n<html>\n  <head>\n    <meta charset=\"utf-8\">\n    <title>{title}</title>\n"
    );
    let _ = write_meta(&mut out, "pypi:repository-version", API_VERSION);
    out
}

fn write_meta(out: &mut String, name: &str, content: &str) -> std::fmt::Result {
    writeln!(out, "    <meta name=\"{name}\" content=\"{}\">", escape(content))
}

fn escape(text: &str) -> std::borrow::Cow<'_, str> {
    html_escape::encode_quoted_attribute(text)
}

//! Pages of the simple API: HTML (PEP 503) and JSON (PEP 691, PEP 700), chosen by the `Accept` header.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::release::{DistFile, Yanked, sha256_hex};

pub(crate) const HTML: &str = "text/html; charset=utf-8";
pub(crate) const JSON: &str = "application/vnd.pypi.simple.v1+json";

/// A file as a project's page lists it.
#[derive(Debug, Clone)]
pub(crate) struct ListedFile {
    pub(crate) version: String,
    pub(crate) file: DistFile,
    pub(crate) requires_python: Option<String>,
    pub(crate) yanked: Yanked,
    pub(crate) upload_time: Option<String>,
    pub(crate) hashes: bool,
}

/// Whether a client that sent this `Accept` header wants JSON more than HTML.
pub(crate) fn wants_json(accept: &str) -> bool {
    let mut json = 0.0_f32;
    let mut html = 0.0_f32;
    for range in accept.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default();
        let weight = parts
            .find_map(|part| part.strip_prefix("q="))
            .and_then(|q| q.parse().ok())
            .unwrap_or(1.0);
        match media {
            JSON | "application/vnd.pypi.simple.latest+json" => json = json.max(weight),
            "text/html" | "application/vnd.pypi.simple.v1+html" | "*/*" => html = html.max(weight),
            _ => {}
        }
    }
    json > 0.0 && json >= html
}

/// The page of one project, in JSON.
pub(crate) fn project_json(project: &str, files: &[ListedFile], core_metadata: bool) -> Vec<u8> {
    let mut versions: Vec<_> = files.iter().map(|listed| listed.version.as_str()).collect();
    versions.sort_unstable();
    versions.dedup();
    let files: Vec<_> = files.iter().map(|listed| file_json(listed, core_metadata)).collect();
    json!({
        "meta": {"api-version": "1.1"},
        "name": project,
        "versions": versions,
        "files": files,
    })
    .to_string()
    .into_bytes()
}

fn file_json(listed: &ListedFile, core_metadata: bool) -> Value {
    let mut object = Map::new();
    object.insert("filename".into(), listed.file.filename.clone().into());
    object.insert("url".into(), file_url(listed).into());
    object.insert("size".into(), listed.file.bytes.len().into());
    object.insert(
        "hashes".into(),
        if listed.hashes { json!({"sha256": listed.file.sha256()}) } else { json!({}) },
    );
    if let Some(requires_python) = &listed.requires_python {
        object.insert("requires-python".into(), requires_python.clone().into());
    }
    if let Some(upload_time) = &listed.upload_time {
        object.insert("upload-time".into(), upload_time.clone().into());
    }
    object.insert(
        "yanked".into(),
        match &listed.yanked {
            Yanked::No => false.into(),
            Yanked::Yes => true.into(),
            Yanked::Because(reason) => reason.clone().into(),
        },
    );
    if let Some(hash) = metadata_hash(listed, core_metadata) {
        object.insert("core-metadata".into(), json!({"sha256": hash}));
    }
    Value::Object(object)
}

/// The page of one project, in HTML.
pub(crate) fn project_html(project: &str, files: &[ListedFile], core_metadata: bool) -> Vec<u8> {
    let mut anchors = String::new();
    for listed in files {
        let mut attributes = String::new();
        if let Some(requires_python) = &listed.requires_python {
            let _ = write!(attributes, " data-requires-python=\"{}\"", escape(requires_python));
        }
        match &listed.yanked {
            Yanked::No => {}
            Yanked::Yes => attributes.push_str(" data-yanked=\"\""),
            Yanked::Because(reason) => {
                let _ = write!(attributes, " data-yanked=\"{}\"", escape(reason));
            }
        }
        if let Some(hash) = metadata_hash(listed, core_metadata) {
            let _ = write!(attributes, " data-core-metadata=\"sha256={hash}\"");
        }
        let fragment = match listed.hashes {
            true => format!("#sha256={}", listed.file.sha256()),
            false => String::new(),
        };
        let filename = &listed.file.filename;
        let url = file_url(listed);
        let _ = writeln!(anchors, "<a href=\"{url}{fragment}\"{attributes}>{filename}</a><br>");
    }
    html(&format!("Links for {project}"), &anchors)
}

/// The list of all projects.
pub(crate) fn root<'a>(projects: impl Iterator<Item = &'a str>, json: bool) -> Vec<u8> {
    if json {
        let projects: Vec<_> = projects.map(|name| json!({"name": name})).collect();
        return json!({"meta": {"api-version": "1.1"}, "projects": projects})
            .to_string()
            .into_bytes();
    }
    let mut anchors = String::new();
    for name in projects {
        let _ = writeln!(anchors, "<a href=\"{name}/\">{name}</a><br>");
    }
    html("Simple index", &anchors)
}

fn html(title: &str, body: &str) -> Vec<u8> {
    format!(
        "<!DOCTYPE html>\n<html><head><meta name=\"pypi:repository-version\" content=\"1.1\"><title>{title}</title></head>\n\
         <body>\n{body}</body></html>\n"
    )
    .into_bytes()
}

/// Relative to the project's page (`/simple/PROJECT/`).
fn file_url(listed: &ListedFile) -> String {
    format!("../../files/{}", listed.file.filename.replace('+', "%2B"))
}

fn metadata_hash(listed: &ListedFile, core_metadata: bool) -> Option<String> {
    // Indexes give the metadata file of wheels only.
    let metadata = listed.file.core_metadata.as_deref()?;
    (core_metadata && listed.file.filename.ends_with(".whl")).then(|| sha256_hex(metadata))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_for_those_who_ask_for_it() {
        assert!(wants_json(&format!("{JSON}, text/html;q=0.01")));
        assert!(!wants_json("text/html"));
        assert!(!wants_json("*/*"));
        assert!(!wants_json(&format!("{JSON};q=0.1, text/html;q=0.9")));
    }
}

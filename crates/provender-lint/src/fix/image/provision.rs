//! What has to be there for a build that gets the CA, besides what the files say.

use std::path::{Path, PathBuf};

use super::compose::Build;
use super::copied::copies;
use super::{
    APT_CONF, BUNDLE, CONTEXT, CORPORATE, CaPlan, ImageEdits, TARGET, WGETRC, folder, plain,
    relative, written,
};
use crate::dockerfile::Dockerfile;
use crate::finding::Edit;
use crate::source::{File, FileKind};

/// What has to be there for a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provision {
    /// The folder; everybody must be able to read it and its files, since steps run as any user.
    pub folder: PathBuf,
    /// Its files.
    pub files: Vec<(&'static str, Content)>,
    /// Lines that these files must have, lest the image copy the folder; to be appended where they are missing.
    pub ignored: Vec<(PathBuf, String)>,
    /// The command that builds; where there are compose files, `docker compose build`.
    pub build_line: String,
}

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// The public roots and the corporate ones, as PEM.
    FullBundle,
    /// The corporate roots alone, as PEM.
    Corporate,
    /// This text.
    Text(String),
}

pub(super) fn of(
    file: &File,
    dockerfile: &Dockerfile,
    all: &[File],
    builds: &[Build<'_>],
    ca: &CaPlan,
    found: &mut ImageEdits,
) -> Provision {
    let files = vec![
        (BUNDLE, Content::FullBundle),
        (CORPORATE, Content::Corporate),
        (APT_CONF, Content::Text(format!("Acquire::https::CAInfo \"{TARGET}/{BUNDLE}\";\n"))),
        (WGETRC, Content::Text(format!("ca_certificate = {TARGET}/{BUNDLE}\n"))),
    ];
    let line = |builder: &str, context: &Path| {
        format!(
            "{builder} build --build-context {CONTEXT}={} -f {} {}",
            written(&ca.folder),
            file.path.display(),
            if context.as_os_str().is_empty() { Path::new(".") } else { context }.display()
        )
    };
    let build_line = match builds.first() {
        Some(_) => "docker compose build".to_owned(),
        None => line("docker", folder(file)),
    };
    let context =
        builds.first().map_or_else(|| folder(file).to_owned(), |build| build.context.clone());
    found.notes.push(format!(
        "a build behind the proxy is given the CA: `{build_line}`, or `{}`; without it the image's own roots are used",
        line("buildah", &context)
    ));
    found.notes.push(
        "base images are pulled with the builder's own trust, which is set where the builder runs"
            .to_owned(),
    );
    Provision {
        folder: ca.folder.clone(),
        files,
        ignored: ignored(file, dockerfile, all, builds, ca, found),
        build_line,
    }
}

/// The lines that keep a folder out of images which lies within a build context and would be copied.
fn ignored(
    file: &File,
    dockerfile: &Dockerfile,
    all: &[File],
    builds: &[Build<'_>],
    ca: &CaPlan,
    found: &mut ImageEdits,
) -> Vec<(PathBuf, String)> {
    let bundle = ca.folder.join(BUNDLE);
    if !dockerfile.instructions.iter().any(|one| copies(file, one, builds, &bundle)) {
        return Vec::new();
    }
    let mut contexts: Vec<PathBuf> = builds.iter().map(|build| build.context.clone()).collect();
    if contexts.is_empty() {
        contexts.push(folder(file).to_owned());
    }
    contexts.sort_unstable();
    contexts.dedup();
    let mut missing = Vec::new();
    for context in contexts {
        let Some(inside) = relative(&context, &ca.folder) else { continue };
        if inside.starts_with("..") || inside.is_absolute() || inside.as_os_str().is_empty() {
            continue;
        }
        let line = written(&inside).trim_start_matches("./").to_owned();
        let path = plain(&context.join(".dockerignore"));
        let there = all
            .iter()
            .find(|other| other.kind == FileKind::Dockerignore && plain(&other.path) == path);
        match there {
            Some(ignore) if ignore.text.lines().any(|known| known.trim() == line) => {}
            Some(ignore) => {
                let end = ignore.text.len();
                let newline = if ignore.text.contains("\r\n") { "\r\n" } else { "\n" };
                let before = if end == 0 || ignore.text.ends_with('\n') { "" } else { newline };
                let text = format!("{before}{line}{newline}");
                found
                    .edits
                    .entry(ignore.path.clone())
                    .or_default()
                    .push(Edit { span: end..end, text });
            }
            None => missing.push((path, format!("{line}\n"))),
        }
    }
    missing
}

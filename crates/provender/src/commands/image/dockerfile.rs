//! `provender image dockerfile`.

use std::path::Path;

use provender_core::{Diagnostic, Place};
use provender_image::dockerfile::{self, CertificatesFile};
use serde::Serialize;

use super::project;
use crate::cli::{Format, GlobalArgs, ImageDockerfileArgs};
use crate::commands::json;
use crate::exit::{Answer, Failure};
use crate::file;
use crate::output::{Output, shown};
use crate::settings::Settings;

#[derive(Serialize)]
struct Document {
    schema: &'static str,
    dry_run: bool,
    files: Vec<FileJson>,
}

#[derive(Serialize)]
struct FileJson {
    path: String,
    state: &'static str,
}

pub(crate) fn run(
    args: &ImageDockerfileArgs,
    global: &GlobalArgs,
    output: &Output,
) -> Result<Answer, Failure> {
    project::is_folder(&args.context)?;
    let settings = Settings::gather(global, &args.context)?;
    let image = &settings.file.values.image;
    let lock = project::lock(args.lock.as_deref(), &settings)?;
    let mut facts = lock.facts.clone();
    facts.file = below(&args.context, &lock.path).ok_or_else(|| {
        outside("image/no-lock", "the lock lies outside of the project", &lock.path)
            .hint("a Dockerfile reads it from the project's folder: copy it there, and name it with --lock")
    })?;
    let certificates = certificates(&args.context, &settings)?;
    let service = project::inspect(&args.context)?;
    let files = dockerfile::emit(&service, image, &facts, &certificates).map_err(|error| {
        Diagnostic::error("image/undecided", error.to_string()).hint(error.hint())
    })?;
    if args.stdout {
        if let Some(dockerfile) = files.iter().find(|file| file.path == "Dockerfile") {
            output.result(dockerfile.text.trim_end())?;
        }
        return Ok(Answer::Yes);
    }
    let mut told = Vec::new();
    for file in &files {
        let path = args.context.join(file.path);
        let state = state(&path, &file.text, args.force)?;
        if ["written", "replaced"].contains(&state) && !args.dry_run {
            file::replace(&path, &file.text)?;
        }
        told.push(FileJson { path: file.path.to_owned(), state });
    }
    if output.format == Format::Json {
        let document =
            Document { schema: "provender.image.dockerfile/1", dry_run: args.dry_run, files: told };
        output.result(&json(&document)?)?;
        return Ok(Answer::Yes);
    }
    let lines = told.iter().map(|file| {
        let state = match (file.state, args.dry_run) {
            ("written", true) => "would write",
            ("replaced", true) => "would replace",
            ("kept", _) => "kept: another one is there (--force replaces it)",
            (state, _) => state,
        };
        format!("{:<22} {state}", file.path)
    });
    output.result(&lines.collect::<Vec<_>>().join("\n"))?;
    Ok(Answer::Yes)
}

/// What becomes of a file: what is there is replaced only when that is asked for.
fn state(path: &Path, text: &str, force: bool) -> Result<&'static str, Diagnostic> {
    match std::fs::read(path) {
        Ok(there) if there == text.as_bytes() => Ok("unchanged"),
        Ok(_) if force => Ok("replaced"),
        Ok(_) => Ok("kept"),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok("written"),
        Err(error) => Err(Diagnostic::error("image/output", format!("cannot read it: {error}"))
            .at(Place::file(shown(path)))
            .hint("check its permissions, or move it away")),
    }
}

/// The certificates that the settings name, as files of the build context.
fn certificates(context: &Path, settings: &Settings) -> Result<Vec<CertificatesFile>, Diagnostic> {
    let (image, folder) = (&settings.file.values.image, &settings.file.folder);
    let certificates = project::certificates(&[], image, folder)?;
    let files = image.ca_certificates.iter().zip(certificates).map(|(path, certificates)| {
        let path = folder.join(path);
        let path = below(context, &path).ok_or_else(|| {
            let message = "the certificates lie outside of the project";
            outside("image/ca-certificate", message, &path)
                .hint("a Dockerfile reads them from the project's folder: copy the file there, and name it in `ca-certificates`")
        })?;
        Ok(CertificatesFile { path, certificates })
    });
    files.collect()
}

/// A file's path in the build context, with `/` between its parts; nothing where it lies outside.
fn below(context: &Path, path: &Path) -> Option<String> {
    let absolute = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let (context, path) = (absolute(context), absolute(path));
    let below = path.strip_prefix(&context).ok().and_then(Path::to_str);
    below.map(|path| path.replace(std::path::MAIN_SEPARATOR, "/"))
}

fn outside(rule: &'static str, message: &str, path: &Path) -> Diagnostic {
    Diagnostic::error(rule, message).at(Place::file(shown(path)))
}

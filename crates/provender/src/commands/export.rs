//! `provender export`.

use std::path::Path;

use provender_core::{Diagnostic, Place};
use provender_index::export::{self, ExportError, Placing};
use provender_report::{diagnostics, size};
use serde::Serialize;

use super::stock::counted;
use super::{json, store};
use crate::cli::{ExportArgs, Format, GlobalArgs};
use crate::exit::{Answer, Failure};
use crate::output::{Output, shown};
use crate::settings::Settings;

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    folder: String,
    complete: bool,
    projects: usize,
    files: usize,
    bytes: u64,
    written: usize,
    removed: usize,
    diagnostics: Vec<diagnostics::DiagnosticJson<'a>>,
}

pub(crate) fn run(
    args: &ExportArgs,
    global: &GlobalArgs,
    here: &Path,
    output: &Output,
) -> Result<Answer, Failure> {
    let settings = Settings::gather(global, here)?;
    let placing = if args.copy { Placing::Copy } else { Placing::Link };
    let exported = store::runtime()?.block_on(async {
        let store = store::existing(&settings).await?;
        export::export(&store, &args.folder, placing)
            .await
            .map_err(|error| told(&error, &args.folder))
    })?;
    let folder = shown(&args.folder);
    if output.format == Format::Json {
        output.result(&json(&Document {
            schema: "provender.export/1",
            folder,
            complete: exported.is_complete(),
            projects: exported.projects,
            files: exported.files,
            bytes: exported.bytes,
            written: exported.written,
            removed: exported.removed,
            diagnostics: diagnostics::json(&exported.diagnostics),
        })?)?;
    } else {
        output.diagnostics(&exported.diagnostics);
        let changed = match (exported.written, exported.removed) {
            (0, 0) => "nothing changed".to_owned(),
            (written, 0) => format!("{written} written"),
            (written, removed) => format!("{written} written, {removed} removed"),
        };
        output.result(&format!(
            "{}, {} ({}) in {folder}: {changed}",
            counted(exported.projects, "project"),
            counted(exported.files, "file"),
            size(exported.bytes)
        ))?;
    }
    Ok(if exported.is_complete() { Answer::Yes } else { Answer::Missing })
}

fn told(error: &ExportError, folder: &Path) -> Diagnostic {
    let diagnostic = Diagnostic::error("export/failed", error.to_string());
    let diagnostic = store::because(diagnostic, error).at(Place::file(shown(folder)));
    let hint = error.hint().unwrap_or("check the folder and its permissions, and the room there");
    diagnostic.hint(hint)
}

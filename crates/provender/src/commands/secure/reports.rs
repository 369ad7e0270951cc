//! The reports of a run: a folder named after the time, and `latest` beside it.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use provender_core::{Diagnostic, Place, Sha256};
use provender_report::secure::{Part, Reports, SecureReport};
use provender_report::{ReportFormat, SbomInput, Style};
use sha2::Digest as _;

use super::path::Walked;
use crate::cli::SecureArgs;
use crate::file;
use crate::output::shown;
use crate::settings::Settings;

/// The folder of reports in a project.
const FOLDER: &str = "provender-reports";

/// The link to the newest report.
const LATEST: &str = "latest";

/// Where reports of this project are kept.
fn folder(args: &SecureArgs, settings: &Settings) -> PathBuf {
    if let Some(folder) = &args.report_dir {
        return folder.clone();
    }
    match &settings.file.values.secure.report_dir {
        Some(folder) => settings.file.folder.join(folder),
        None => args.project.join(FOLDER),
    }
}

/// Refuses a place where no folder of reports can be, before the work.
pub(super) fn check_folder(args: &SecureArgs, settings: &Settings) -> Result<(), Diagnostic> {
    let parent = folder(args, settings);
    if parent.exists() && !parent.is_dir() {
        return Err(Diagnostic::error(
            "secure/report",
            "this is a file, and reports go into a folder",
        )
        .at(Place::file(shown(&parent)))
        .hint("name a folder with --report-dir"));
    }
    Ok(())
}

/// Writes the reports, and says in `report` where they are. A report that cannot be written takes
/// nothing away from what it tells.
pub(super) fn write(
    args: &SecureArgs,
    settings: &Settings,
    walked: &Walked,
    report: &mut SecureReport,
    now: Timestamp,
) {
    let parent = folder(args, settings);
    if let Err(diagnostic) = try_write(&parent, walked, report, now) {
        let why = "the reports could not be written";
        report.report = Part::missing(why).told([diagnostic]);
    }
}

fn try_write(
    parent: &Path,
    walked: &Walked,
    report: &mut SecureReport,
    now: Timestamp,
) -> Result<(), Diagnostic> {
    let made = std::fs::create_dir_all(parent)
        .and_then(|()| tempfile::Builder::new().prefix(".making-").tempdir_in(parent));
    let making = made.map_err(|error| cannot_write(parent, &error))?;
    let sbom = provender_report::sbom::cyclonedx(&SbomInput {
        lock: &walked.made.outcome.lock,
        name: &walked.project,
        version: None,
        tool_version: env!("CARGO_PKG_VERSION"),
        lock_digest: Some(Sha256::from_bytes(
            sha2::Sha256::digest(walked.made.text.as_bytes()).into(),
        )),
        default_index: None,
        timestamp: None,
        audit: walked.made.audit.as_ref(),
    });
    let lock_name = walked.made.plan.output.as_deref().and_then(Path::file_name);
    let lock_name = lock_name.and_then(|name| name.to_str()).unwrap_or("constraints.txt");
    let name = free_name(parent, now);
    let names = ["report.txt", "report.md", "report.json", "sbom.cdx.json", lock_name];
    report.report = Part::done(Reports {
        folder: shown(&parent.join(&name)),
        files: names.iter().map(|name| (*name).to_owned()).collect(),
    });
    let texts = [
        report.render(ReportFormat::Text, Style::PLAIN),
        report.render(ReportFormat::Markdown, Style::PLAIN),
        report.render(ReportFormat::Json, Style::PLAIN),
        sbom,
        walked.made.text.clone(),
    ];
    for (name, text) in names.iter().zip(&texts) {
        file::replace(&making.path().join(name), text)?;
    }
    place(parent, making, &name).map_err(|error| cannot_write(parent, &error))?;
    // Old reports stay; a link that cannot be made is missed by nobody but `report show`.
    let _ = point_latest_at(parent, &name);
    Ok(())
}

/// The time, with a number where a report of that second is there already.
fn free_name(parent: &Path, now: Timestamp) -> String {
    let time = now.strftime("%Y-%m-%dT%H-%M-%SZ").to_string();
    let mut name = time.clone();
    for number in 2_u32.. {
        if !parent.join(&name).exists() {
            break;
        }
        name = format!("{time}-{number}");
    }
    name
}

/// Gives the finished folder its name.
fn place(parent: &Path, making: tempfile::TempDir, name: &str) -> std::io::Result<()> {
    let path = making.keep();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // A temporary folder is its owner's alone; a report is for whoever may see the project.
        let _ = std::fs::metadata(parent).and_then(|metadata| {
            let mode = metadata.permissions().mode() & 0o777;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode))
        });
    }
    if let Err(error) = std::fs::rename(&path, parent.join(name)) {
        let _ = std::fs::remove_dir_all(&path);
        return Err(error);
    }
    Ok(())
}

#[cfg(unix)]
fn point_latest_at(parent: &Path, name: &str) -> std::io::Result<()> {
    let folder = tempfile::Builder::new().prefix(".making-").tempdir_in(parent)?;
    let link = folder.path().join(LATEST);
    std::os::unix::fs::symlink(name, &link)?;
    std::fs::rename(link, parent.join(LATEST))
}

#[cfg(not(unix))]
fn point_latest_at(parent: &Path, name: &str) -> std::io::Result<()> {
    std::fs::write(parent.join(format!("{LATEST}.txt")), name)
}

fn cannot_write(parent: &Path, error: &std::io::Error) -> Diagnostic {
    Diagnostic::error("secure/report", format!("cannot write reports: {error}"))
        .at(Place::file(shown(parent)))
        .hint("make room or grant access, or keep reports elsewhere with --report-dir")
}

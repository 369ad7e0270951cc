//! `provender report`: what `provender secure` reported before.

use std::cmp::Reverse;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use provender_core::{Diagnostic, Place};
use provender_report::reports::{self, ReportEntry};

use crate::cli::{Format, GlobalArgs, ReportArgs, ReportCommand};
use crate::exit::{Answer, Failure};
use crate::output::{Output, shown};
use crate::settings::Settings;

/// The folder of the reports, beside `provender.toml`.
const FOLDER: &str = "provender-reports";

/// What stands for the newest report.
const LATEST: &str = "latest";

pub(crate) fn run(
    args: &ReportArgs,
    global: &GlobalArgs,
    project: &Path,
    output: &Output,
) -> Result<Answer, Failure> {
    let root = match &args.report_dir {
        Some(folder) => folder.clone(),
        None => usual_folder(&Settings::gather(global, project)?, project),
    };
    let folders = folders(&root)?;
    match &args.command {
        ReportCommand::List => list(&folders, output),
        ReportCommand::Show(args) => show(&find(&args.id, &root, &folders)?, output),
    }
}

/// Where `provender secure` keeps reports when nobody says otherwise on the command line. It may
/// have been run in a folder below the settings.
fn usual_folder(settings: &Settings, project: &Path) -> PathBuf {
    let beside = &settings.file.folder;
    if let Some(folder) = &settings.file.values.secure.report_dir {
        return beside.join(folder);
    }
    let here = project.join(FOLDER);
    if here.is_dir() { here } else { beside.join(FOLDER) }
}

/// The folders of reports, the newest first: they are named by the time, so that the order of
/// their names is theirs. What else stands beside them is no report.
fn folders(root: &Path) -> Result<Vec<PathBuf>, Diagnostic> {
    let unreadable = |error: std::io::Error| {
        let place = Place::file(shown(root));
        if error.kind() == ErrorKind::NotFound {
            return Diagnostic::error("report/no-folder", "there is no folder of reports")
                .at(place)
                .hint("`provender secure` writes reports; --report-dir says where they are");
        }
        Diagnostic::error("report/unreadable", format!("cannot read the folder: {error}"))
            .at(place)
            .hint("name the folder of the reports with --report-dir")
    };
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(root).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name();
        let named_by_time = name.as_encoded_bytes().first().is_some_and(u8::is_ascii_digit);
        // `latest` may be a link to a report, which is no second one.
        if named_by_time && entry.file_type().map_err(unreadable)?.is_dir() {
            folders.push(entry.path());
        }
    }
    if folders.is_empty() {
        return Err(Diagnostic::error("report/none", "there is no report yet")
            .at(Place::file(shown(root)))
            .hint("`provender secure` writes one"));
    }
    folders.sort_unstable_by_key(|folder| Reverse(time_of_name(folder)));
    Ok(folders)
}

/// What puts names in the order of their times. A further report of one second has a number after
/// the `Z`: the longer number is the later one.
fn time_of_name(folder: &Path) -> (String, usize, String) {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let (time, number) = name.split_once('Z').unwrap_or((&name, ""));
    (time.to_owned(), number.len(), number.to_owned())
}

/// Lists what can be read, and tells of the rest; then the list is not the answer.
fn list(folders: &[PathBuf], output: &Output) -> Result<Answer, Failure> {
    let (mut entries, mut errors) = (Vec::new(), Vec::new());
    for folder in folders {
        match Report::read(folder) {
            Ok(report) => entries.push(report.entry),
            Err(error) => errors.push(error),
        }
    }
    entries.sort_by_key(|entry| Reverse(entry.generated_at));
    output.diagnostics(&errors);
    let text = match output.format {
        Format::Json => reports::json(&entries),
        _ if entries.is_empty() => String::new(),
        _ => reports::terminal(&entries, Timestamp::now(), output.style()),
    };
    output.result(&text)?;
    Ok(if errors.is_empty() { Answer::Yes } else { Answer::Missing })
}

/// The folder of a report: by its name, by the path that `list` shows, or the newest.
///
/// The newest is taken even if it cannot be read: an older report is no answer in its place.
fn find(id: &str, root: &Path, folders: &[PathBuf]) -> Result<PathBuf, Diagnostic> {
    let path = Path::new(id);
    let in_root = |parent: &Path| {
        parent.as_os_str().is_empty()
            || matches!((parent.canonicalize(), root.canonicalize()), (Ok(a), Ok(b)) if a == b)
    };
    let wanted = path.file_name().filter(|_| path.parent().is_some_and(in_root));
    let found = match wanted {
        Some(name) if name == LATEST => folders.first(),
        wanted => folders.iter().find(|folder| folder.file_name() == wanted),
    };
    found.cloned().ok_or_else(|| {
        Diagnostic::error("report/unknown", format!("there is no report `{id}`"))
            .at(Place::file(shown(root)))
            .hint("`provender report list` shows those that are there")
    })
}

fn show(folder: &Path, output: &Output) -> Result<Answer, Failure> {
    let report = Report::read(folder)?;
    let text = match output.format {
        Format::Json => report.document,
        _ => without_controls(&read(&folder.join("report.txt"))?),
    };
    output.result(&text)?;
    Ok(Answer::Yes)
}

/// A report that is one.
struct Report {
    entry: ReportEntry,
    /// The document as it stands.
    document: String,
}

impl Report {
    fn read(folder: &Path) -> Result<Self, Diagnostic> {
        let path = folder.join("report.json");
        let document = read(&path)?;
        let entry = ReportEntry::read(&shown(folder), &document).map_err(|error| {
            Diagnostic::error("report/malformed", error.to_string())
                .at(Place::file(shown(&path)))
                .hint("remove the folder, or read it with the provender that wrote it")
        })?;
        Ok(Self { entry, document })
    }
}

fn read(path: &Path) -> Result<String, Diagnostic> {
    std::fs::read_to_string(path).map_err(|error| {
        Diagnostic::error("report/unreadable", format!("cannot read it: {error}"))
            .at(Place::file(shown(path)))
            .hint(
                "the report is incomplete or not yours to read: remove its folder, or grant access",
            )
    })
}

/// A report that was carried here may hold what a terminal would obey.
fn without_controls(text: &str) -> String {
    let seen = |c: char| if c.is_control() && c != '\n' { char::REPLACEMENT_CHARACTER } else { c };
    text.replace("\r\n", "\n").chars().map(seen).collect()
}

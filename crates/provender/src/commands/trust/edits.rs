//! Asking before files of tools are written, and finding the way back.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use provender_core::Diagnostic;
use provender_trust::configure::{ApplyError, newest_journal, rollback};

use crate::output::{Output, shown};
use crate::settings::Settings;

/// What somebody who was asked said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    Yes,
    No,
}

/// Asks whether the changes that were shown shall be written; `yes` answers beforehand.
///
/// # Errors
///
/// Where there is nobody to ask.
pub(crate) fn confirm(yes: bool, question: &str, output: &Output) -> Result<Asked, Diagnostic> {
    if yes {
        return Ok(Asked::Yes);
    }
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        let message = "nothing was written: there is nobody to ask";
        return Err(Diagnostic::error("configure/not-confirmed", message)
            .hint("read the changes, and run it again with --yes"));
    }
    let mut stderr = std::io::stderr().lock();
    let _ = write!(stderr, "{question} [y/N] ");
    let _ = stderr.flush();
    drop(stderr);
    let mut answer = String::new();
    let read = stdin.lock().read_line(&mut answer);
    let answer = answer.trim().to_ascii_lowercase();
    if read.is_ok() && matches!(answer.as_str(), "y" | "yes") {
        return Ok(Asked::Yes);
    }
    output.say("nothing was written");
    Ok(Asked::No)
}

/// The folder of the journals of one tool, or of `doctor --fix`.
pub(crate) fn journals(settings: &Settings, of: &str) -> PathBuf {
    super::folder(settings).join("journal").join(of)
}

/// Takes back the last edits of a folder of journals; gives the files that were restored.
///
/// # Errors
///
/// Where there is no journal, and where a file changed since.
pub(crate) fn roll_back(folder: &Path) -> Result<Vec<PathBuf>, Diagnostic> {
    let Some(journal) = newest_journal(folder) else {
        let message = format!("there is nothing to take back: no journal in {}", folder.display());
        return Err(Diagnostic::error("configure/nothing-to-take-back", message)
            .hint("name the data directory that was used then with --data-dir"));
    };
    rollback(&journal).map_err(|error: ApplyError| error.diagnostic())
}

/// What was restored, as it is told.
pub(crate) fn told_restored(files: &[PathBuf]) -> String {
    let files: Vec<_> = files.iter().map(|file| format!("restored {}", shown(file))).collect();
    if files.is_empty() { "every file was as before already".to_owned() } else { files.join("\n") }
}

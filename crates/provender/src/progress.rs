//! Progress of long work, on stderr, where somebody looks.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use provender_index::stock::{StockObserver, StockProgress};
use provender_lock::{Observer, Progress};

use crate::output::Output;

/// One line that says what is being done; nothing where nobody looks.
pub(crate) struct Spinner {
    bar: ProgressBar,
    /// What was said of builds, which has to be said even where no progress is shown.
    said: Mutex<Vec<String>>,
    quiet: bool,
}

impl Spinner {
    /// A spinner that says `what`.
    pub(crate) fn new(output: &Output, what: &str) -> Self {
        let bar = if output.progress { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
            bar.set_style(style);
        }
        bar.set_message(what.to_owned());
        bar.enable_steady_tick(Duration::from_millis(100));
        Self { bar, said: Mutex::default(), quiet: output.quiet }
    }

    /// Says something else.
    pub(crate) fn say(&self, what: &str) {
        self.bar.set_message(what.to_owned());
    }

    /// Leaves a line behind, above the spinner.
    pub(crate) fn leave(&self, line: &str) {
        if !self.quiet {
            self.bar.suspend(|| anstream::eprintln!("{line}"));
        }
    }

    /// Takes the line away.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Observer for Spinner {
    fn on(&self, progress: Progress) {
        match progress {
            Progress::Resolved { count, project } => {
                self.bar.set_message(format!("resolving: {count} ({project})"));
            }
            Progress::Building { what } => {
                self.bar.set_message(format!("building {what}"));
                let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
                if !said.contains(&what) {
                    let line =
                        format!("running the build of {what}, which has no wheel with metadata");
                    self.leave(&line);
                    said.push(what);
                }
            }
            Progress::Repairing { vulnerable } => {
                self.bar.set_message(format!("repairing: {vulnerable} vulnerable"));
            }
        }
    }
}

/// How far files have come; nothing where nobody looks.
pub(crate) struct FileProgress {
    bar: ProgressBar,
}

impl FileProgress {
    /// A bar that appears when there is something to fetch.
    pub(crate) fn new(output: &Output) -> Self {
        let bar = if output.progress { ProgressBar::new(0) } else { ProgressBar::hidden() };
        let form = "{spinner} {msg} [{bar:24}] {bytes}/{total_bytes} {bytes_per_sec} {eta}";
        if let Ok(style) = ProgressStyle::with_template(form) {
            bar.set_style(style.progress_chars("=> "));
        }
        Self { bar }
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl StockObserver for FileProgress {
    fn progress(&self, progress: &StockProgress) {
        if progress.files_total > 0 {
            self.bar.set_length(progress.bytes_total);
            self.bar.set_position(progress.bytes);
            let (done, all) = (progress.files, progress.files_total);
            self.bar.set_message(format!("files {done}/{all}"));
        } else {
            let (done, all) = (progress.pages, progress.pages_total);
            self.bar.set_message(format!("asking the index: {done}/{all}"));
        }
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        self.finish();
    }
}

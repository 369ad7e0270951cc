//! Progress of long work, on stderr, where somebody looks.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
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
                    if !self.quiet {
                        self.bar.suspend(|| anstream::eprintln!("{line}"));
                    }
                    said.push(what);
                }
            }
            Progress::Repairing { vulnerable } => {
                self.bar.set_message(format!("repairing: {vulnerable} vulnerable"));
            }
        }
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        self.finish();
    }
}

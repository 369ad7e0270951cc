//! Printing: results to stdout, everything else to stderr.

use std::io::{IsTerminal as _, Write as _};
use std::path::Path;

use provender_core::redact::without_credentials;
use provender_core::{Diagnostic, Level};
use provender_report::Style;

use crate::cli::{ColorChoice, Format, GlobalArgs};
use crate::settings::variable;

/// How to print, decided once.
pub(crate) struct Output {
    pub(crate) format: Format,
    pub(crate) quiet: bool,
    pub(crate) progress: bool,
    stdout: Style,
    stderr: Style,
}

impl Output {
    /// Decides from the flags, the environment and what stdout and stderr are.
    pub(crate) fn new(global: &GlobalArgs) -> Self {
        let stderr_is_terminal = std::io::stderr().is_terminal();
        let style = |terminal: bool, width: Option<usize>| {
            let color = match global.color {
                ColorChoice::Always => true,
                ColorChoice::Never => false,
                ColorChoice::Auto => terminal && variable("NO_COLOR").is_none(),
            };
            Style { color, width: width.unwrap_or(100), unicode: true }
        };
        let width = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
        let columns = variable("COLUMNS").and_then(|text| text.parse().ok());
        let width = columns.or(width);
        start_logging(global.verbose);
        Self {
            format: global.format,
            quiet: global.quiet,
            progress: stderr_is_terminal && !global.quiet && !global.no_progress,
            stdout: style(std::io::stdout().is_terminal(), width),
            stderr: style(stderr_is_terminal, width),
        }
    }

    /// How to write to stdout.
    pub(crate) fn style(&self) -> Style {
        self.stdout
    }

    /// How to write to stderr.
    pub(crate) fn side_style(&self) -> Style {
        self.stderr
    }

    /// A result.
    ///
    /// # Errors
    ///
    /// When it cannot be written, as on a full disk. A reader that went away, such as `head`, is
    /// no error of ours.
    pub(crate) fn result(&self, text: &str) -> Result<(), Diagnostic> {
        let mut stdout = std::io::stdout().lock();
        let end: &[u8] = if text.is_empty() || text.ends_with('\n') { b"" } else { b"\n" };
        let written = stdout
            .write_all(text.as_bytes())
            .and_then(|()| stdout.write_all(end))
            .and_then(|()| stdout.flush());
        match written {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Diagnostic::error(
                "file/cannot-write",
                format!("cannot write the result: {error}"),
            )
            .hint("make room where stdout goes")),
            _ => Ok(()),
        }
    }

    /// Something worth knowing beside the result.
    pub(crate) fn say(&self, text: &str) {
        if !self.quiet && !text.is_empty() {
            let mut stderr = std::io::stderr().lock();
            let _ = writeln!(stderr, "{text}");
        }
    }

    /// Diagnostics; with `--quiet` only errors.
    pub(crate) fn diagnostics(&self, diagnostics: &[Diagnostic]) {
        let shown: Vec<Diagnostic> = diagnostics
            .iter()
            .filter(|diagnostic| !self.quiet || diagnostic.level == Level::Error)
            .map(redacted)
            .collect();
        let text = provender_report::diagnostics::terminal(&shown, self.stderr);
        let mut stderr = std::io::stderr().lock();
        let _ = stderr.write_all(text.as_bytes());
    }
}

/// What a message quotes, a mistyped URL or a line of a file, may hold credentials.
fn redacted(diagnostic: &Diagnostic) -> Diagnostic {
    let clean = |text: &String| without_credentials(text).into_owned();
    Diagnostic {
        message: clean(&diagnostic.message),
        causes: diagnostic.causes.iter().map(clean).collect(),
        hint: diagnostic.hint.as_ref().map(clean),
        ..diagnostic.clone()
    }
}

fn start_logging(verbose: u8) {
    let filter = match verbose {
        0 => return,
        1 => "provender=debug,provender_net=debug,provender_lock=debug,provender_advisory=debug",
        _ => "debug",
    };
    let filter = tracing_subscriber::EnvFilter::new(filter);
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .without_time()
        .try_init();
}

/// How many of something, such as `1 project`, `2 projects`.
pub(crate) fn counted(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// A path as it is told: from the current folder where that is shorter.
pub(crate) fn shown(path: &Path) -> String {
    let path = path.strip_prefix(".").unwrap_or(path);
    let relative = std::env::current_dir()
        .ok()
        .and_then(|folder| path.strip_prefix(folder).ok().map(Path::to_path_buf));
    let shown = relative.filter(|path| !path.as_os_str().is_empty());
    shown.as_deref().unwrap_or(path).display().to_string()
}

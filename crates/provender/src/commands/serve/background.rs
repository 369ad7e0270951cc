//! Serving in the background: this process starts another one, waits until it listens, and ends.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use provender_core::Diagnostic;

use super::state::{Running, State};
use crate::exit::{Answer, Failure};
use crate::output::Output;
use crate::settings::Settings;

/// Starts the same command once more, detached, with its log in the data directory.
pub(super) fn start(settings: &Settings, output: &Output) -> Result<Answer, Failure> {
    let log = settings.data_dir.join("serve.log");
    let opened = std::fs::create_dir_all(&settings.data_dir)
        .and_then(|()| File::options().create(true).append(true).open(&log));
    let file = opened.map_err(|error| {
        Diagnostic::error("file/cannot-write", format!("cannot write {}: {error}", log.display()))
            .hint("make room or grant access, or keep the data elsewhere with --data-dir")
    })?;
    let offset = file.metadata().map(|metadata| metadata.len()).unwrap_or_default();
    let failed = |error: &std::io::Error| {
        Diagnostic::error("serve/background", format!("cannot start a process: {error}"))
            .hint("serve in the foreground, without --background")
    };
    let program = std::env::current_exe().map_err(|error| failed(&error))?;
    let mut command = Command::new(program);
    command
        .args(std::env::args_os().skip(1))
        .arg("--detached")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(file);
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt as _;
        // Ctrl-C in the terminal is not for it.
        command.process_group(0);
    }
    let mut child = command.spawn().map_err(|error| failed(&error))?;
    let mut line = String::new();
    if let Some(stdout) = child.stdout.take() {
        let _ = BufReader::new(stdout).read_line(&mut line);
    }
    if let Ok(state) = serde_json::from_str::<State>(&line) {
        output.result(&format!(
            "serving at http://{}/simple/ (process {}, log in {})\nend it with `provender serve \
             stop`",
            state.address,
            state.pid,
            log.display()
        ))?;
        return Ok(Answer::Yes);
    }
    // It ended before it listened, and said why in its log.
    let _ = child.wait();
    let said = std::fs::read(&log).unwrap_or_default();
    let said = said.get(usize::try_from(offset).unwrap_or_default()..).unwrap_or_default();
    let said = String::from_utf8_lossy(said).trim().to_owned();
    let mut diagnostic = Diagnostic::error("serve/background", "the server ended at once")
        .hint(format!("its log is {}", log.display()));
    diagnostic.causes.extend((!said.is_empty()).then_some(said));
    Err(diagnostic.into())
}

/// Tells the process that started this one that the server listens, and leaves its session.
pub(super) fn ready(running: &Running) -> Result<(), Diagnostic> {
    // The terminal's end is not this process's end. It fails where it leads a session already.
    #[cfg(unix)]
    let _ = rustix::process::setsid();
    let line = serde_json::to_string(&running.state).unwrap_or_default();
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{line}").and_then(|()| stdout.flush()).map_err(|error| {
        Diagnostic::error("serve/background", format!("nobody waits for this server: {error}"))
            .hint("start it with --background, without --detached")
    })
}

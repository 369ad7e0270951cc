//! Running a tool: bounded in time, with nothing to read, with exactly the variables it is given, and without leaving
//! anything behind.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::Machine;

/// How a tool is run.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Variables beside the machine's.
    pub variables: Vec<(String, String)>,
    /// Variables of the machine that it does not get.
    pub without: Vec<&'static str>,
    /// Where it starts.
    pub directory: PathBuf,
}

impl Invocation {
    /// A program that starts in `directory`.
    pub fn new(program: impl Into<PathBuf>, directory: &Path) -> Self {
        Self {
            program: program.into(),
            arguments: Vec::new(),
            variables: Vec::new(),
            without: Vec::new(),
            directory: directory.to_owned(),
        }
    }

    /// Adds arguments.
    pub fn args<S: Into<String>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Adds a variable.
    pub fn env(mut self, name: &str, value: impl AsRef<Path>) -> Self {
        self.variables.push((name.to_owned(), value.as_ref().display().to_string()));
        self
    }

    /// Leaves a variable of the machine out.
    pub fn without(mut self, name: &'static str) -> Self {
        self.without.push(name);
        self
    }
}

/// What a run came to.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    /// What it printed: standard output, then standard error.
    pub(crate) text: String,
    /// What it printed to standard output.
    pub(crate) stdout: String,
    /// Whether it ended by itself with success.
    pub(crate) success: bool,
    /// Whether it was ended because its time was over.
    pub(crate) timed_out: bool,
}

/// How often a running tool is looked at.
const LOOK: Duration = Duration::from_millis(15);

/// Runs a tool with the machine's variables; `scratch` takes what it prints. What it started and did not end itself
/// is ended with it.
pub(crate) fn run(
    invocation: &Invocation,
    machine: &Machine,
    scratch: &Path,
    limit: Duration,
) -> std::io::Result<Output> {
    let (out, err) = (scratch.join("stdout"), scratch.join("stderr"));
    let mut command = Command::new(&invocation.program);
    command
        .args(&invocation.arguments)
        .env_clear()
        .envs(&machine.variables)
        .envs(invocation.variables.iter().map(|(name, value)| (name, value)))
        .current_dir(&invocation.directory)
        .stdin(Stdio::null())
        .stdout(File::create(&out)?)
        .stderr(File::create(&err)?);
    for name in &invocation.without {
        command.env_remove(name);
    }
    in_a_group_of_its_own(&mut command);
    let mut child = command.spawn()?;
    let status = wait(&mut child, limit);
    end_group(&child);
    if !matches!(status, Ok(Some(_))) {
        child.kill()?;
        child.wait()?;
    }
    let stdout = String::from_utf8_lossy(&std::fs::read(&out)?).into_owned();
    let stderr = String::from_utf8_lossy(&std::fs::read(&err)?).into_owned();
    let status = status?;
    Ok(Output {
        text: format!("{stdout}\n{stderr}"),
        stdout,
        success: status.is_some_and(|status| status.success()),
        timed_out: status.is_none(),
    })
}

/// Waits for the end; none when `limit` was over before it.
fn wait(child: &mut Child, limit: Duration) -> std::io::Result<Option<ExitStatus>> {
    let end = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= end {
            return Ok(None);
        }
        std::thread::sleep(LOOK);
    }
}

#[cfg(unix)]
fn in_a_group_of_its_own(command: &mut Command) {
    use std::os::unix::process::CommandExt as _;
    command.process_group(0);
}

#[cfg(unix)]
fn end_group(child: &Child) {
    let leader = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw);
    if let Some(leader) = leader {
        // Fails where nobody of the group is left, which is what is wanted.
        let _ = rustix::process::kill_process_group(leader, rustix::process::Signal::KILL);
    }
}

#[cfg(not(unix))]
fn in_a_group_of_its_own(_command: &mut Command) {}

#[cfg(not(unix))]
fn end_group(_child: &Child) {}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    fn machine() -> Machine {
        Machine::new([("PATH".to_owned(), "/usr/bin:/bin".to_owned())], "/")
    }

    fn shell(script: &str, limit: Duration) -> Output {
        let scratch = tempfile::tempdir().unwrap();
        let invocation =
            Invocation::new("/bin/sh", scratch.path()).args(["-c", script]).env("A", "b");
        run(&invocation, &machine(), scratch.path(), limit).unwrap()
    }

    #[test]
    fn a_tool_sees_only_the_variables_it_is_given() {
        let output =
            shell("echo \"$A-${HOME-none}\"; echo oops >&2; exit 3", Duration::from_secs(20));
        assert_eq!(output.stdout, "b-none\n");
        assert!(output.text.contains("oops"));
        assert!(!output.success && !output.timed_out);
    }

    #[test]
    fn a_tool_that_takes_too_long_is_ended_with_its_children() {
        // The child would write after the end of its parent.
        let output = shell("sleep 60 & echo $!; wait", Duration::from_millis(300));
        assert!(output.timed_out && !output.success);
        let child = output.stdout.trim();
        let state = std::fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
        assert!(state.is_empty() || state.contains(") Z"), "{state}");
    }
}

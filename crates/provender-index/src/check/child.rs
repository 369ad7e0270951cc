//! Processes that end: in time, or with all their children when they are given up.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;

/// How much of each stream of a process is kept, in bytes: its end.
const KEPT: usize = 1 << 20;

/// How many lines of what a process said are shown.
const SHOWN: usize = 25;

/// Why a process gave no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum ChildError {
    /// It cannot be started.
    #[error("{program} cannot be started")]
    Start {
        /// What was to be started.
        program: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// What it said cannot be read.
    #[error("what {program} says cannot be read")]
    Pipe {
        /// What was started.
        program: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// It took too long and was killed, with everything that it had started.
    #[error("{program} did not end within {} seconds and was killed", .limit.as_secs())]
    Timeout {
        /// What was started.
        program: String,
        /// How long it was given.
        limit: Duration,
    },
}

/// What a process came to.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) status: ExitStatus,
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: Vec<u8>,
}

impl Ended {
    /// The last lines of what it said, without what a terminal would take for commands.
    pub(super) fn said(&self) -> String {
        let stream = if self.stderr.trim_ascii().is_empty() { &self.stdout } else { &self.stderr };
        let text = String::from_utf8_lossy(stream);
        let lines: Vec<String> = text
            .lines()
            .map(|line| line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect())
            .filter(|line: &String| !line.trim().is_empty())
            .collect();
        lines[lines.len().saturating_sub(SHOWN)..].join("\n")
    }
}

/// Runs a command to its end, with `input` for its standard input.
///
/// It leads a process group of its own. If it is not done in time, or the future is dropped, the
/// group is killed.
pub(super) async fn run(
    mut command: Command,
    input: &[u8],
    limit: Duration,
) -> Result<Ended, ChildError> {
    let program = command.as_std().get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    #[cfg(unix)]
    command.process_group(0);
    let mut child =
        command.spawn().map_err(|source| ChildError::Start { program: program.clone(), source })?;
    let mut group = Group::of(child.id());
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let talk = async {
        let feed = async {
            if let Some(mut stdin) = stdin {
                // One that does not read what it is told need not.
                let _ = stdin.write_all(input).await;
            }
        };
        let ((), stdout, stderr, status) =
            tokio::join!(feed, end_of(stdout), end_of(stderr), child.wait());
        Ok(Ended { status: status?, stdout: stdout?, stderr: stderr? })
    };
    match tokio::time::timeout(limit, talk).await {
        Ok(Ok(ended)) => {
            group.ended();
            Ok(ended)
        }
        Ok(Err(source)) => Err(ChildError::Pipe { program, source }),
        Err(_) => Err(ChildError::Timeout { program, limit }),
    }
}

/// Reads a stream to its end and keeps the last of it.
async fn end_of(stream: Option<impl AsyncRead + Unpin>) -> std::io::Result<Vec<u8>> {
    let mut kept = Vec::new();
    let Some(mut stream) = stream else { return Ok(kept) };
    let mut chunk = vec![0; 1 << 16];
    loop {
        let read = stream.read(&mut chunk).await?;
        if read == 0 {
            kept.drain(..kept.len().saturating_sub(KEPT));
            return Ok(kept);
        }
        kept.extend_from_slice(&chunk[..read]);
        if kept.len() > 2 * KEPT {
            kept.drain(..kept.len() - KEPT);
        }
    }
}

/// A process group that is killed when this is dropped, unless its leader ended before.
struct Group(Option<u32>);

impl Group {
    fn of(leader: Option<u32>) -> Self {
        Self(leader)
    }

    /// From here on the leader's id may be somebody else's.
    fn ended(&mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(group) =
            self.0.and_then(|id| rustix::process::Pid::from_raw(id.try_into().ok()?))
        {
            // It may be gone already.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        command
    }

    #[tokio::test]
    async fn what_a_process_is_told_and_says_is_passed_on() {
        let ended =
            run(shell("cat; echo problem >&2; exit 3"), b"hello", Duration::from_secs(60)).await;
        let ended = ended.unwrap();
        assert_eq!((ended.status.code(), &*ended.stdout), (Some(3), &b"hello"[..]));
        assert_eq!(ended.said(), "problem");
    }

    #[tokio::test]
    async fn what_takes_too_long_is_killed_with_its_children() {
        let folder = tempfile::tempdir().unwrap();
        let note = folder.path().join("pid");
        // The child would hold the pipes open and outlive its parent.
        let script = format!("sleep 600 & echo $! > {}; wait", note.display());
        let error = run(shell(&script), b"", Duration::from_millis(500)).await.unwrap_err();
        assert!(matches!(error, ChildError::Timeout { .. }), "{error}");
        let Ok(pid) = std::fs::read_to_string(&note) else { return };
        let pid = rustix::process::Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
        // A killed process stays until its parent, which is now init, has looked at it.
        let is_gone = || {
            let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
            stat.map_or(true, |stat| stat.contains(") Z "))
        };
        if std::path::Path::new("/proc/self/stat").exists() {
            while !is_gone() {
                tokio::task::yield_now().await;
            }
        }
    }

    #[tokio::test]
    async fn what_is_not_there_is_named() {
        let error =
            run(Command::new("/no/such/program"), b"", Duration::from_secs(1)).await.unwrap_err();
        assert_eq!(error.to_string(), "/no/such/program cannot be started");
    }
}

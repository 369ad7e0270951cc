//! Which server of a data directory runs: a lock that it holds while it lives, and a file that
//! says where it listens.

use std::fs::{File, TryLockError};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use provender_core::Diagnostic;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::cli::Format;
use crate::commands::json;
use crate::exit::{Answer, Failure};
use crate::file;
use crate::output::Output;
use crate::settings::Settings;

/// What is known of a server.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct State {
    /// Its process.
    pub(crate) pid: u32,
    /// Where it listens.
    pub(crate) address: SocketAddr,
}

#[derive(Serialize)]
struct Document {
    schema: &'static str,
    running: bool,
    #[serde(flatten)]
    state: Option<State>,
}

/// A server that is registered; it is no longer when this is dropped or its process ends.
pub(crate) struct Running {
    pub(crate) state: State,
    /// Held while the server lives; the operating system lets go of it whatever happens.
    _lock: File,
    path: PathBuf,
}

impl Running {
    /// Refuses to serve a data directory of which a server runs already.
    pub(crate) fn refuse_second(settings: &Settings) -> Result<(), Diagnostic> {
        match running(settings)? {
            Some(state) => Err(already_running(Some(state))),
            None => Ok(()),
        }
    }

    /// Registers this process.
    pub(crate) fn register(settings: &Settings, address: SocketAddr) -> Result<Self, Diagnostic> {
        let lock = open_lock(settings)?;
        match take(&lock) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(already_running(read(settings)));
            }
            Err(TryLockError::Error(error)) => return Err(cannot_lock(settings, &error)),
        }
        let state = State { pid: std::process::id(), address };
        let path = state_file(settings);
        file::replace(&path, &serde_json::to_string(&state).unwrap_or_default())?;
        Ok(Self { state, _lock: lock, path })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

fn already_running(state: Option<State>) -> Diagnostic {
    let at = state.map(|state| format!(" at {}", state.address)).unwrap_or_default();
    let message = format!("a server of this data directory runs already{at}");
    Diagnostic::error("serve/already-running", message)
        .hint("end it with `provender serve stop`, or serve another folder with --data-dir")
}

/// Takes the lock. Somebody who only looks holds it for a moment, so it is tried more than once.
fn take(lock: &File) -> Result<(), TryLockError> {
    for _ in 0..20 {
        match lock.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(10)),
            taken => return taken,
        }
    }
    lock.try_lock()
}

fn state_file(settings: &Settings) -> PathBuf {
    settings.data_dir.join("serve.json")
}

fn open_lock(settings: &Settings) -> Result<File, Diagnostic> {
    let path = settings.data_dir.join("serve.lock");
    let opened = std::fs::create_dir_all(&settings.data_dir)
        .and_then(|()| File::options().create(true).append(true).open(path));
    opened.map_err(|error| cannot_lock(settings, &error))
}

fn cannot_lock(settings: &Settings, error: &std::io::Error) -> Diagnostic {
    let message = format!("cannot write to {}: {error}", settings.data_dir.display());
    Diagnostic::error("file/cannot-write", message)
        .hint("make room or grant access, or keep the data elsewhere with --data-dir")
}

fn read(settings: &Settings) -> Option<State> {
    serde_json::from_str(&std::fs::read_to_string(state_file(settings)).ok()?).ok()
}

/// The server that runs, if one does.
fn running(settings: &Settings) -> Result<Option<State>, Diagnostic> {
    // Where nothing is written, the lock is not even tried: that could keep a server that begins
    // just now from taking it.
    if read(settings).is_none() {
        return Ok(None);
    }
    match open_lock(settings)?.try_lock() {
        // Nobody holds it: whatever the file says is of a server that was killed.
        Ok(()) => Ok(None),
        Err(TryLockError::WouldBlock) => match read(settings) {
            Some(state) => Ok(Some(state)),
            None => Err(Diagnostic::error("serve/starting", "a server is just starting or ending")
                .hint("ask again")),
        },
        Err(TryLockError::Error(error)) => Err(cannot_lock(settings, &error)),
    }
}

/// The index of the server that runs, as this machine reaches it.
pub(crate) fn running_index(settings: &Settings) -> Result<Option<Url>, Diagnostic> {
    let Some(state) = running(settings)? else { return Ok(None) };
    let mut address = state.address;
    // What listens everywhere is reached here too.
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    Ok(Url::parse(&format!("http://{address}/simple/")).ok())
}

/// `provender serve status`.
pub(super) fn status(settings: &Settings, output: &Output) -> Result<Answer, Failure> {
    let state = running(settings)?;
    let answer = if state.is_some() { Answer::Yes } else { Answer::No };
    if output.format == Format::Json {
        let running = state.is_some();
        output.result(&json(&Document { schema: "provender.serve/1", running, state })?)?;
        return Ok(answer);
    }
    match state {
        Some(state) => output.result(&format!(
            "serving at http://{}/simple/ (process {})",
            state.address, state.pid
        ))?,
        None => output.result("no server of this data directory runs")?,
    }
    Ok(answer)
}

/// `provender serve stop`: returns when the server has ended.
pub(super) fn stop(settings: &Settings, output: &Output) -> Result<Answer, Failure> {
    let Some(state) = running(settings)? else {
        output.result("no server of this data directory runs")?;
        return Ok(Answer::Yes);
    };
    ask_to_end(&state)?;
    // The server holds the lock until it has ended.
    open_lock(settings)?.lock().map_err(|error| cannot_lock(settings, &error))?;
    output.result(&format!("ended the server at {}", state.address))?;
    Ok(Answer::Yes)
}

#[cfg(unix)]
fn ask_to_end(state: &State) -> Result<(), Diagnostic> {
    use rustix::process::{Pid, Signal, kill_process};
    let pid = i32::try_from(state.pid).ok().and_then(Pid::from_raw);
    let asked = pid.map(|pid| kill_process(pid, Signal::TERM));
    match asked {
        Some(Ok(())) | Some(Err(rustix::io::Errno::SRCH)) => Ok(()),
        Some(Err(error)) => Err(cannot_end(state, &error.to_string())),
        None => Err(cannot_end(state, "its process is unknown")),
    }
}

#[cfg(not(unix))]
fn ask_to_end(state: &State) -> Result<(), Diagnostic> {
    Err(cannot_end(state, "this system has no signal for it"))
}

fn cannot_end(state: &State, why: &str) -> Diagnostic {
    Diagnostic::error("serve/cannot-stop", format!("cannot end process {}: {why}", state.pid))
        .hint("stop it as the user who started it")
}

//! The machine's own Python, for tests against real tools.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// A command that runs `python3` from `PATH` with `home` as its home and without the machine's settings. `None` if there
/// is no Python that starts.
pub fn python(home: &Path) -> Option<Command> {
    static WORKS: OnceLock<bool> = OnceLock::new();
    WORKS.get_or_init(|| starts(clean(home))).then(|| clean(home))
}

/// A command that runs `python3 -m pip`, isolated from every configuration of pip. `None` if there is no pip.
pub fn pip(home: &Path) -> Option<Command> {
    static WORKS: OnceLock<bool> = OnceLock::new();
    let pip = || {
        let mut command = python(home)?;
        command.args(["-m", "pip", "--isolated", "--disable-pip-version-check", "--no-cache-dir"]);
        command.env("PIP_CONFIG_FILE", "/dev/null");
        Some(command)
    };
    WORKS.get_or_init(|| pip().is_some_and(starts)).then(pip).flatten()
}

fn clean(home: &Path) -> Command {
    let mut command = Command::new("python3");
    command.env_clear().env("HOME", home).stdin(Stdio::null());
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    command
}

fn starts(mut command: Command) -> bool {
    command.arg("--version").output().is_ok_and(|output| output.status.success())
}

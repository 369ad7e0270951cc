//! The test binary, run again as a process of its own that can be killed or kept short.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder in which the other process works.
const FOLDER: &str = "PROVENDER_STORE_TEST_FOLDER";

/// The folder to work in, if this is the other process.
pub(crate) fn folder() -> Option<PathBuf> {
    env::var_os(FOLDER).map(PathBuf::from)
}

/// What runs one test, by its whole name, in another process.
pub(crate) fn arguments(test: &str) -> Vec<OsString> {
    let mut arguments = vec![env::current_exe().unwrap().into_os_string()];
    arguments.extend([test, "--exact", "--nocapture", "--quiet"].map(OsString::from));
    arguments
}

/// The test of that name in another process that works in `folder`.
pub(crate) fn command(test: &str, folder: &Path) -> Command {
    let arguments = arguments(test);
    let mut command = Command::new(&arguments[0]);
    command.args(&arguments[1..]).env(FOLDER, folder);
    command
}

/// The same, started by a shell script, which has to end with `exec "$@"`.
pub(crate) fn scripted(shell: &[&str], script: &str, test: &str, folder: &Path) -> Command {
    let mut command = Command::new(shell[0]);
    command.args(&shell[1..]).args(["-c", script, "sh"]).args(arguments(test));
    command.env(FOLDER, folder);
    command
}

//! Things outside the checkout that a test uses when they are there.

use std::io::Write as _;
use std::path::{Path, PathBuf};

/// The folder of shared data (real advisories and projects): `PROVENDER_TEST_SHARED`, else `../shared` from the
/// workspace's root. `None` if there is none.
pub fn shared_dir() -> Option<PathBuf> {
    let dir = match std::env::var_os("PROVENDER_TEST_SHARED") {
        Some(dir) => PathBuf::from(dir),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3)?.join("shared"),
    };
    dir.is_dir().then_some(dir)
}

/// The virtual environment with the tools that tests compare with (uv, pip-tools, pip-audit), which `scripts/test`
/// makes and names in `PROVENDER_TEST_VENV`. `None` if there is none.
pub fn venv_dir() -> Option<PathBuf> {
    let dir = PathBuf::from(std::env::var_os("PROVENDER_TEST_VENV")?);
    dir.join("bin").is_dir().then_some(dir)
}

/// The virtual environment with poetry, which `scripts/test` makes and names in `PROVENDER_TEST_POETRY`. `None` if
/// there is none.
pub fn poetry_dir() -> Option<PathBuf> {
    let dir = PathBuf::from(std::env::var_os("PROVENDER_TEST_POETRY")?);
    dir.join("bin").is_dir().then_some(dir)
}

/// Says that a test was left out, and why. The words reach the terminal although the test passes: the test harness
/// captures only what is printed by macros.
pub fn left_out(test: &str, why: &str) {
    let _ = writeln!(std::io::stderr(), "left out: {test}: {why}");
}

//! The Python that runs builds, and that says what to lock for where nobody else does.
//!
//! Asking an interpreter what it is means to start it, so it is found only when somebody needs it.

use std::path::Path;

use provender_core::PythonVersion;
use uv_cache::Cache;
use uv_python::{
    EnvironmentPreference, Interpreter, PythonInstallation, PythonPreference, PythonRequest,
};

use crate::request::LockRequest;

/// The Python that the lock is for, as far as the request or the present lock says.
pub(crate) fn wanted(request: &LockRequest) -> Option<PythonVersion> {
    let present = request.present.as_ref().and_then(|lock| lock.header.target.as_ref());
    request.target.python.or(present.map(|target| target.python))
}

/// A Python of that version, else any. While an interpreter is asked what it is, the resolution
/// goes on.
pub(crate) async fn find(wanted: Option<PythonVersion>, cache: Cache) -> Option<Interpreter> {
    let found = tokio::task::spawn_blocking(move || find_now(wanted, &cache));
    found.await.ok().flatten()
}

fn find_now(wanted: Option<PythonVersion>, cache: &Cache) -> Option<Interpreter> {
    let wanted = wanted.map(|version| version.to_string());
    let requests = wanted.iter().map(|version| PythonRequest::parse(version));
    requests.chain([PythonRequest::Default]).find_map(|python| {
        let found = PythonInstallation::find_existing(
            &python,
            EnvironmentPreference::Any,
            PythonPreference::OnlySystem,
            cache,
        );
        found.ok().map(PythonInstallation::into_interpreter)
    })
}

/// Whether something that is called Python is on the path or in the active environment, without
/// running it.
pub(crate) fn is_here(request: &LockRequest) -> bool {
    let folders = request.variables.get("PATH").map(String::as_str).unwrap_or_default();
    let environments = ["VIRTUAL_ENV", "CONDA_PREFIX"];
    let active = environments.iter().filter_map(|name| request.variables.get(*name));
    let mut active = active.map(|folder| Path::new(folder).to_path_buf());
    active.any(|folder| folder.is_dir())
        || std::env::split_paths(folders).any(|folder| holds_python(&folder))
}

fn holds_python(folder: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(folder) else { return false };
    entries.flatten().any(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let rest = name.strip_prefix("python").map(|rest| rest.trim_end_matches(".exe"));
        rest.is_some_and(|rest| rest.bytes().all(|c| c.is_ascii_digit() || c == b'.'))
    })
}

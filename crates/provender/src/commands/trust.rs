//! What `doctor`, `configure` and `env` share: the machine as its tools see it, the authority that
//! they are to trust, and the edits of their files.

mod authorities;
mod edits;
mod index;

use std::path::{Path, PathBuf};

use provender_core::Diagnostic;
use provender_trust::Machine;

use crate::settings::{Settings, variable, variables};

pub(super) use authorities::Authorities;
pub(super) use edits::{Asked, confirm, journals, roll_back, told_restored};
pub(super) use index::our_index;

/// The folder in which the files that tools are pointed at lie, and the journals of edits.
pub(super) fn folder(settings: &Settings) -> PathBuf {
    settings.data_dir.join("trust")
}

/// The machine as the tools see it that are started here.
pub(super) fn machine(here: &Path, python: Option<&Path>) -> Result<Machine, Diagnostic> {
    let here = std::path::absolute(here).unwrap_or_else(|_| here.to_path_buf());
    let python = match python {
        Some(named) if named.is_file() => {
            // Tools are started elsewhere.
            Some(std::path::absolute(named).unwrap_or_else(|_| named.to_path_buf()))
        }
        Some(named) => {
            let message = format!("{} is no file", named.display());
            return Err(Diagnostic::error("doctor/python", message)
                .hint("name the interpreter itself, such as .venv/bin/python")
                .decided_by("--python"));
        }
        None => environment_python(&here),
    };
    let mut machine = Machine::new(variables(), here);
    machine.python = python;
    Ok(machine)
}

/// The Python of the active environment, or of the one that lies in the project.
fn environment_python(here: &Path) -> Option<PathBuf> {
    let active = variable("VIRTUAL_ENV").map(PathBuf::from);
    let program = if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" };
    let environments = active.into_iter().chain([here.join(".venv")]);
    environments.map(|environment| environment.join(program)).find(|python| python.is_file())
}

//! What `doctor`, `configure` and `env` share: the machine as its tools see it, the authority that
//! they are to trust, and the edits of their files.

mod authorities;
mod edits;
mod index;

use std::io;
use std::path::{Path, PathBuf};

use provender_core::{Diagnostic, Place};
use provender_trust::Machine;

use crate::output::shown;
use crate::settings::{Settings, variable, variables};

pub(super) use authorities::{Authorities, readable};
pub(super) use edits::{Asked, confirm, journals, roll_back, told_restored};
pub(super) use index::our_index;

/// The folder in which the files that tools are pointed at lie, and the journals of edits.
pub(super) fn folder(settings: &Settings) -> PathBuf {
    settings.data_dir.join("trust")
}

/// The machine as the tools see it that are started here.
pub(super) fn machine(
    here: &Path,
    python: Option<&Path>,
    settings: &Settings,
) -> Result<Machine, Diagnostic> {
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
    machine.scratch = Some(scratch(&settings.data_dir)?);
    Ok(machine)
}

/// The folder in which tools are asked. Only this user writes there, unlike in the folder for temporary
/// files, whose settings tools would find.
fn scratch(data_dir: &Path) -> Result<PathBuf, Diagnostic> {
    let folder = data_dir.join("tmp");
    private_folder(data_dir, &folder).map_err(|error| {
        let message = format!("cannot make a folder of this user alone: {error}");
        Diagnostic::error("file/cannot-write", message)
            .at(Place::file(shown(&folder)))
            .hint("make room or grant access, or keep the data elsewhere with --data-dir")
    })?;
    Ok(folder)
}

fn private_folder(above: &Path, folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(above)?;
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// The Python of the active environment, or of the one that lies in the project.
fn environment_python(here: &Path) -> Option<PathBuf> {
    let active = variable("VIRTUAL_ENV").map(PathBuf::from);
    let program = if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" };
    let environments = active.into_iter().chain([here.join(".venv")]);
    environments.map(|environment| environment.join(program)).find(|python| python.is_file())
}

//! Replacing a file all at once.

use std::io::{self, Write as _};
use std::path::Path;

use provender_core::{Diagnostic, Place};

/// Writes `text` so that the file holds all of it or what it held before, at any instant.
pub(crate) fn replace(path: &Path, text: &str) -> Result<(), Diagnostic> {
    write(path, text).map_err(|error| {
        let hint = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "make room on the disk",
            io::ErrorKind::NotFound => "make the folder first",
            _ => "check the permissions of the folder and the file, or write elsewhere with -o",
        };
        Diagnostic::error("file/cannot-write", format!("cannot write: {error}"))
            .at(Place::file(crate::output::shown(path)))
            .hint(hint)
    })
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    // A link stays one: what it leads to is replaced.
    let target = path.canonicalize();
    let path = target.as_deref().unwrap_or(path);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".provender-");
    // The new file gets the old one's permissions, else what a new file gets here.
    let permissions = std::fs::metadata(path).ok().map(|metadata| metadata.permissions());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut temporary = builder.tempfile_in(folder)?;
    temporary.write_all(text.as_bytes())?;
    if let Some(permissions) = permissions {
        if permissions.readonly() {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "the file is read-only"));
        }
        temporary.as_file().set_permissions(permissions)?;
    }
    temporary.as_file().sync_all()?;
    temporary.persist(path)?;
    // The rename itself is durable once the folder is.
    #[cfg(unix)]
    std::fs::File::open(folder)?.sync_all()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("constraints.txt");
        replace(&path, "one\n").unwrap();
        replace(&path, "two\n").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "two\n");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_missing_folder_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = replace(&folder.path().join("no/constraints.txt"), "x").unwrap_err();
        assert_eq!(error.hint.as_deref(), Some("make the folder first"));
    }
}

//! Files on their way from one text to another, all or none.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::ApplyError;

/// One file on its way from one text to another; none means it is not there.
pub(super) struct Change {
    pub(super) path: PathBuf,
    pub(super) from: Option<String>,
    pub(super) to: Option<String>,
    pub(super) mode: Option<u32>,
}

/// How a file that is written gets into its place; another one in tests, that fails.
pub(super) type Persist<'a> = &'a mut dyn FnMut(NamedTempFile, &Path) -> io::Result<()>;

pub(super) fn persist(staged: NamedTempFile, path: &Path) -> io::Result<()> {
    staged.persist(path).map_err(|error| error.error)?;
    sync_folder(path)
}

/// Makes all changes or none.
pub(super) fn make(
    changes: &[Change],
    journal: &Path,
    persist: Persist<'_>,
) -> Result<(), ApplyError> {
    let mut made_folders = Vec::new();
    let result = stage_and_put(changes, journal, &mut made_folders, persist);
    if result.is_err() {
        for folder in made_folders.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
    result
}

fn stage_and_put(
    changes: &[Change],
    journal: &Path,
    made_folders: &mut Vec<PathBuf>,
    persist: Persist<'_>,
) -> Result<(), ApplyError> {
    let write_error = |path: &Path, source| ApplyError::Write { path: path.to_owned(), source };
    let mut staged = Vec::new();
    for change in changes {
        if change.to.is_some() {
            for folder in missing_folders(&change.path) {
                fs::create_dir(&folder).map_err(|source| write_error(&folder, source))?;
                made_folders.push(folder);
            }
        }
        staged.push(stage(change, change.to.as_deref()).map_err(|e| write_error(&change.path, e))?);
    }
    for (at, (change, file)) in changes.iter().zip(staged).enumerate() {
        if let Err(source) = put(&change.path, file, persist) {
            // Where syncing the folder failed the file itself has changed already.
            let reached = at + usize::from(holds(&change.path, change.to.as_deref()));
            take_back(&changes[..reached], &change.path, journal)?;
            return Err(write_error(&change.path, source));
        }
    }
    Ok(())
}

/// Restores what was changed before something failed. A file that cannot be restored keeps no other one from it.
fn take_back(changes: &[Change], failed: &Path, journal: &Path) -> Result<(), ApplyError> {
    let mut result = Ok(());
    for change in changes.iter().rev() {
        let from = change.from.as_deref();
        let restored =
            stage(change, from).and_then(|file| put(&change.path, file, &mut self::persist));
        if let Err(source) = restored
            && !holds(&change.path, from)
        {
            result = Err(ApplyError::NotRestored {
                failed: failed.to_owned(),
                path: change.path.clone(),
                journal: journal.to_owned(),
                source,
            });
        }
    }
    result
}

/// Whether a file holds this text; none means it is not there.
fn holds(path: &Path, text: Option<&str>) -> bool {
    match (fs::read(path), text) {
        (Ok(bytes), Some(text)) => bytes == text.as_bytes(),
        (Err(error), None) => error.kind() == io::ErrorKind::NotFound,
        _ => false,
    }
}

/// Writes a text beside its place, with the mode and owner that the file has or had. None where it should go.
fn stage(change: &Change, text: Option<&str>) -> io::Result<Option<NamedTempFile>> {
    let Some(text) = text else { return Ok(None) };
    let folder = change.path.parent().unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".provender-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // For a new file the system takes away what the umask says.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    keep_mode_and_owner(change, file.as_file())?;
    file.as_file().sync_all()?;
    Ok(Some(file))
}

fn put(path: &Path, file: Option<NamedTempFile>, persist: Persist<'_>) -> io::Result<()> {
    match file {
        Some(file) => persist(file, path),
        None => {
            fs::remove_file(path)?;
            sync_folder(path)
        }
    }
}

#[cfg(unix)]
fn keep_mode_and_owner(change: &Change, file: &File) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};
    if let Ok(old) = fs::metadata(&change.path) {
        let new = file.metadata()?;
        if (old.uid(), old.gid()) != (new.uid(), new.gid()) {
            fchown(file, Some(old.uid()), Some(old.gid()))?;
        }
    }
    match change.mode {
        Some(mode) => file.set_permissions(fs::Permissions::from_mode(mode)),
        None => Ok(()),
    }
}

#[cfg(not(unix))]
fn keep_mode_and_owner(_: &Change, _: &File) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
pub(super) fn mode(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).ok().map(|meta| meta.permissions().mode() & 0o7777)
}

#[cfg(not(unix))]
pub(super) fn mode(_: &Path) -> Option<u32> {
    None
}

/// A rename is durable once its folder is.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix)
        && let Some(folder) = path.parent()
    {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// The folders above a file that are not there, the outermost first.
pub(super) fn missing_folders(path: &Path) -> Vec<PathBuf> {
    let mut missing: Vec<_> = path
        .ancestors()
        .skip(1)
        .take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists())
        .map(Path::to_owned)
        .collect();
    missing.reverse();
    missing
}

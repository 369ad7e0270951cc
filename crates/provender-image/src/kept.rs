//! What was kept of images between commands: knowing what is used, and removing what no longer is.
//!
//! All of it can be made again, so that removing any of it changes no image. When a file was used last
//! is the time of its last modification, which whoever uses it sets anew. Who works with images holds
//! the lock of the folder together with others, and who removes holds it alone: nothing vanishes
//! between being found and being read. The operating system lets go of it when a process dies.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::ImageError;

/// The file that is locked.
const LOCK: &str = "lock";

/// The folders in which something is kept, each file by itself.
const KEPT: [&str; 5] =
    ["layers/bases", "layers/blobs/sha256", "layers/layers", "looks", "pulled/blobs/sha256"];

/// The folders of what is only begun: a killed process leaves it there.
const BEGUN: [&str; 3] = ["layers/tmp", "pulled/partial", "tmp"];

/// How old something begun is at most that anybody still goes on with.
pub(crate) const ABANDONED: Duration = Duration::from_secs(24 * 60 * 60);

/// How exactly it is known when a file was used last: not every use has to write.
const EXACT: Duration = Duration::from_secs(60 * 60);

/// Notes that a file is used. That it cannot be noted is no error: it is made again sooner.
pub(crate) fn used(path: &Path) {
    let _ = note(path);
}

fn note(path: &Path) -> io::Result<()> {
    let now = SystemTime::now();
    let age = now.duration_since(fs::metadata(path)?.modified()?);
    // A time to come would keep it for ever.
    if age.is_ok_and(|age| age < EXACT) {
        return Ok(());
    }
    OpenOptions::new().write(true).open(path)?.set_modified(now)
}

/// The lock of the folder, held until this is dropped.
#[derive(Debug)]
#[must_use]
pub struct InUse {
    /// None where the folder cannot be written into: who may only look keeps nobody from removing.
    _lock: Option<File>,
}

impl InUse {
    /// Keeps others from removing anything of this folder; waits until nobody does. The folder is made
    /// if it is not there.
    ///
    /// # Errors
    ///
    /// A folder that cannot be made, and a lock that cannot be had.
    pub fn of(folder: &Path) -> Result<Self, ImageError> {
        let path = folder.join(LOCK);
        let lock = match fs::create_dir_all(folder).and_then(|()| open(&path)) {
            Ok(lock) => lock,
            Err(error) if is_forbidden(&error) => return Ok(Self { _lock: None }),
            Err(error) => return Err(ImageError::io(path, error)),
        };
        match lock.lock_shared() {
            // File systems without locks are used by one process at a time or not at all.
            Err(error) if error.kind() != io::ErrorKind::Unsupported => {
                Err(ImageError::io(path, error))
            }
            _ => Ok(Self { _lock: Some(lock) }),
        }
    }
}

fn is_forbidden(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).append(true).create(true).open(path)
}

/// Files that were not used for a while.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unused {
    files: Vec<PathBuf>,
    bytes: u64,
}

impl Unused {
    /// Looks for files below `folder` that were not used for this long.
    ///
    /// # Errors
    ///
    /// A folder that cannot be read.
    pub fn find(folder: &Path, age: Duration) -> Result<Self, ImageError> {
        let mut unused = Self::default();
        let now = SystemTime::now();
        let kept = KEPT.map(|name| (name, age));
        let begun = BEGUN.map(|name| (name, age.min(ABANDONED)));
        for (name, age) in kept.into_iter().chain(begun) {
            unused.look(&folder.join(name), age, now)?;
        }
        unused.files.sort();
        Ok(unused)
    }

    fn look(&mut self, folder: &Path, age: Duration, now: SystemTime) -> Result<(), ImageError> {
        let failed = |error| ImageError::io(folder, error);
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(failed(error)),
        };
        for entry in entries {
            let entry = entry.map_err(failed)?;
            let metadata = match entry.metadata() {
                Ok(metadata) => metadata,
                // It got its name, or vanished, meanwhile.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(failed(error)),
            };
            let modified = metadata.modified().map_err(failed)?;
            let since = now.duration_since(modified).unwrap_or_default();
            if metadata.is_file() && since >= age {
                self.bytes += metadata.len();
                self.files.push(entry.path());
            }
        }
        Ok(())
    }

    /// Removes what is found below `folder`, unless somebody works with images there: then nothing is
    /// removed, and none returned.
    ///
    /// # Errors
    ///
    /// A folder that cannot be read, and a file that cannot be removed.
    pub fn remove(folder: &Path, age: Duration) -> Result<Option<Self>, ImageError> {
        let path = folder.join(LOCK);
        let lock = match open(&path) {
            Ok(lock) => lock,
            // Nothing was ever kept.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Some(Self::default()));
            }
            Err(error) => return Err(ImageError::io(path, error)),
        };
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
            Err(TryLockError::Error(error)) => return Err(ImageError::io(path, error)),
        }
        let unused = Self::find(folder, age)?;
        for path in &unused.files {
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(ImageError::io(path, error));
                }
                _ => {}
            }
        }
        Ok(Some(unused))
    }

    /// How many there are.
    pub fn files(&self) -> usize {
        self.files.len()
    }

    /// How much room they take, in bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    /// A folder with a file of this age.
    fn file(folder: &Path, name: &str, age: Duration) -> PathBuf {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, name).unwrap();
        let then = SystemTime::now() - age;
        OpenOptions::new().write(true).open(&path).unwrap().set_modified(then).unwrap();
        path
    }

    #[test]
    fn what_was_used_lately_stays_and_all_else_of_the_folder_goes() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str, days: u32| file(dir.path(), name, DAY * days);
        let gone: Vec<_> = KEPT.iter().map(|folder| at(&format!("{folder}/old"), 31)).collect();
        let begun: Vec<_> = BEGUN.iter().map(|folder| at(&format!("{folder}/old"), 2)).collect();
        let mut kept: Vec<_> = KEPT.iter().map(|folder| at(&format!("{folder}/new"), 29)).collect();
        kept.extend(BEGUN.iter().map(|folder| at(&format!("{folder}/new"), 0)));
        // Of what is not known nothing is known.
        kept.extend([at("other/old", 99), at("layers/blobs/sha256/folder/old", 99)]);
        kept.push(at(LOCK, 99));
        let found = Unused::find(dir.path(), DAY * 30).unwrap();
        assert_eq!(found.files(), gone.len() + begun.len());
        let length = |path: &PathBuf| fs::metadata(path).unwrap().len();
        assert_eq!(found.bytes(), gone.iter().chain(&begun).map(length).sum::<u64>());
        assert_eq!(Unused::remove(dir.path(), DAY * 30).unwrap(), Some(found));
        assert!(gone.iter().chain(&begun).all(|path| !path.exists()));
        assert!(kept.iter().all(|path| path.exists()));
        assert_eq!(Unused::remove(dir.path(), DAY * 30).unwrap(), Some(Unused::default()));
    }

    #[test]
    fn a_use_is_noted_also_where_the_clock_was_wrong() {
        let dir = tempfile::tempdir().unwrap();
        let old = file(dir.path(), "looks/old", DAY * 99);
        let to_come = file(dir.path(), "looks/to-come", Duration::ZERO);
        let then = SystemTime::now() + DAY * 99;
        OpenOptions::new().write(true).open(&to_come).unwrap().set_modified(then).unwrap();
        for path in [&old, &to_come] {
            used(path);
            let modified = fs::metadata(path).unwrap().modified().unwrap();
            assert!(modified <= SystemTime::now(), "{}", path.display());
        }
        assert_eq!(Unused::find(dir.path(), DAY).unwrap(), Unused::default());
        used(&dir.path().join("none"));
    }

    #[test]
    fn nothing_goes_while_somebody_works_with_images() {
        let dir = tempfile::tempdir().unwrap();
        let old = file(dir.path(), "looks/old", DAY);
        let (one, other) = (InUse::of(dir.path()).unwrap(), InUse::of(dir.path()).unwrap());
        drop(one);
        assert_eq!(Unused::remove(dir.path(), Duration::ZERO).unwrap(), None);
        assert!(old.exists());
        drop(other);
        assert_eq!(Unused::remove(dir.path(), Duration::ZERO).unwrap().unwrap().files(), 1);
        assert!(!old.exists());
    }

    #[test]
    fn where_nothing_was_kept_nothing_is_made_to_look() {
        let dir = tempfile::tempdir().unwrap();
        let none = dir.path().join("images");
        assert_eq!(Unused::remove(&none, Duration::ZERO).unwrap(), Some(Unused::default()));
        assert!(!none.exists());
    }
}

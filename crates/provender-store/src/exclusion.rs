//! Keeping those who add blobs apart from those who remove them, across processes.
//!
//! Adding is giving a blob its name and then writing its row; removing is the reverse. Done at
//! once, a row could be left without its blob. So who adds holds the lock file shared, and who
//! removes holds it alone. The operating system lets go of it when a process dies.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// The file that is locked.
#[derive(Debug)]
pub(crate) struct Exclusion {
    path: PathBuf,
}

/// The lock, held until this is dropped.
#[derive(Debug)]
#[must_use]
pub(crate) struct Held {
    _file: File,
}

impl Exclusion {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Waits until nobody holds it alone.
    pub(crate) async fn shared(&self) -> io::Result<Held> {
        self.hold(File::lock_shared).await
    }

    /// Waits until nobody holds it.
    pub(crate) async fn alone(&self) -> io::Result<Held> {
        self.hold(File::lock).await
    }

    async fn hold(&self, lock: fn(&File) -> io::Result<()>) -> io::Result<Held> {
        let path = self.path.clone();
        let hold = move || {
            // The lock belongs to the opened file, so each holder opens it anew.
            let file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
            lock(&file)?;
            Ok(Held { _file: file })
        };
        tokio::task::spawn_blocking(hold).await.map_err(io::Error::other)?
    }
}

#[cfg(test)]
mod tests {
    use std::fs::TryLockError;

    use super::*;

    #[tokio::test]
    async fn many_may_add_or_one_may_remove() {
        let folder = tempfile::TempDir::new().unwrap();
        let exclusion = Exclusion::new(folder.path().join("lock"));
        let adding = exclusion.shared().await.unwrap();
        let other = File::open(exclusion.path()).unwrap();
        assert!(matches!(other.try_lock(), Err(TryLockError::WouldBlock)));
        other.try_lock_shared().unwrap();
        other.unlock().unwrap();
        drop(adding);

        let removing = exclusion.alone().await.unwrap();
        assert!(matches!(other.try_lock_shared(), Err(TryLockError::WouldBlock)));
        drop(removing);
        other.try_lock().unwrap();
    }
}

//! A data directory.

mod garbage;
mod intact;
#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use provender_core::Sha256;

use crate::exclusion::{Exclusion, Held};
use crate::{
    BlobError, BlobInfo, Blobs, Database, DatabaseError, DiskBlobs, Spool, Spooled, SqliteDatabase,
};

pub use garbage::Collected;

/// Why the store could not do something.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A folder or file of the data directory could not be made or read.
    #[error("cannot use {}", path.display())]
    Folder {
        /// The folder or file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A blob could not be kept or read.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The database gave no answer.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl StoreError {
    /// Whether the disk, a quota or a limit on the length of a file left no room.
    pub fn is_full(&self) -> bool {
        match self {
            Self::Folder { .. } => false,
            Self::Blob(error) => error.is_full(),
            Self::Database(error) => matches!(error, DatabaseError::Full { .. }),
        }
    }
}

/// Blobs and the database that says what they are. Clones share it.
#[derive(Debug, Clone)]
pub struct Store(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    tmp: PathBuf,
    exclusion: Exclusion,
    blobs: Box<dyn Blobs>,
    database: Box<dyn Database>,
}

impl Store {
    /// Opens the store in a data directory, and makes what is missing of it.
    pub async fn open(data_dir: &Path) -> Result<Self, StoreError> {
        let tmp = data_dir.join("tmp");
        tokio::fs::create_dir_all(&tmp)
            .await
            .map_err(|source| StoreError::Folder { path: tmp.clone(), source })?;
        let path = Self::database_path(data_dir);
        let database = SqliteDatabase::open(&path).await?;
        let blobs = DiskBlobs::new(data_dir.join("blobs"));
        Ok(Self(Arc::new(Inner {
            tmp,
            exclusion: Exclusion::new(path.with_extension("lock")),
            blobs: Box::new(blobs),
            database: Box::new(database),
        })))
    }

    /// Opens the store in a data directory if there is one: for commands that only look.
    pub async fn open_existing(data_dir: &Path) -> Result<Option<Self>, StoreError> {
        let path = Self::database_path(data_dir);
        match tokio::fs::try_exists(&path).await {
            Ok(true) => Self::open(data_dir).await.map(Some),
            Ok(false) => Ok(None),
            Err(source) => Err(StoreError::Folder { path, source }),
        }
    }

    /// Where the database of a data directory is.
    pub fn database_path(data_dir: &Path) -> PathBuf {
        data_dir.join("provender.db")
    }

    /// The files.
    pub fn blobs(&self) -> &dyn Blobs {
        &*self.0.blobs
    }

    /// What they are.
    pub fn database(&self) -> &dyn Database {
        &*self.0.database
    }

    /// The folder of temporary files, on the same file system as the blobs. Files that lie directly
    /// in it are garbage once they were not written to for the grace period.
    pub fn tmp(&self) -> &Path {
        &self.0.tmp
    }

    /// A new temporary file that is hashed while it is written.
    pub async fn spool(&self) -> Result<Spool, BlobError> {
        Spool::create(self.tmp()).await
    }

    /// Keeps a finished file, and writes its row once it is there for good.
    ///
    /// What was begun is brought to its end even if the future is dropped.
    pub async fn keep(&self, spooled: Spooled) -> Result<BlobInfo, StoreError> {
        let store = self.clone();
        to_the_end(async move {
            let _held = store.adding().await?;
            let info = store.blobs().keep(spooled).await?;
            store.database().record_blob(&info).await?;
            Ok(info)
        })
        .await
    }

    /// Removes a blob, once its row is forgotten for good. The rows of its files stay.
    ///
    /// What was begun is brought to its end even if the future is dropped.
    pub async fn discard(&self, sha256: &Sha256) -> Result<(), StoreError> {
        let store = self.clone();
        let sha256 = *sha256;
        to_the_end(async move {
            let _held = store.removing().await?;
            store.database().forget_blob(&sha256).await?;
            Ok(store.blobs().remove(&sha256).await?)
        })
        .await
    }

    /// Waits for what is under way and lets go of the database; see [`Database::close`].
    pub async fn close(&self) {
        self.database().close().await;
    }

    /// As long as the answer is held, nobody removes blobs.
    async fn adding(&self) -> Result<Held, StoreError> {
        self.0.exclusion.shared().await.map_err(|source| self.not_locked(source))
    }

    /// As long as the answer is held, nobody adds blobs.
    async fn removing(&self) -> Result<Held, StoreError> {
        self.0.exclusion.alone().await.map_err(|source| self.not_locked(source))
    }

    fn not_locked(&self, source: io::Error) -> StoreError {
        StoreError::Folder { path: self.0.exclusion.path().to_owned(), source }
    }
}

/// Does work in a task of its own. A lock must not be let go of while a query that was sent under
/// it is still on its way, which is what dropping a future would do.
async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::spawn(work).await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(BlobError::Stopped.into()),
        },
    }
}

//! The database in a file of SQLite.
//!
//! It is in WAL mode: readers do not wait for the writer, in this process or another. Writers
//! queue, in this process for the one connection that writes, across processes for as long as
//! SQLite's busy handler waits. `synchronous` is `FULL`, so that a change is on the disk when it is done:
//! with `NORMAL` a power cut could bring back the row of a blob that was removed since.

mod blobs;
mod column;
mod connection;
mod failure;
mod files;
mod generation;
mod locks;
mod migrations;
mod pages;

use std::path::Path;

use async_trait::async_trait;
use jiff::Timestamp;
use provender_core::redact::without_userinfo;
use provender_core::{ProjectName, Sha256, Version};
use sqlx::sqlite::{Sqlite, SqlitePool};
use sqlx::{SqliteConnection, Transaction};

use self::failure::Failure;
use super::{BlobRow, Database, DatabaseError, FileRecord, LockRecord, PageRecord, StockedFile};
use crate::BlobInfo;
use crate::exclusion::Exclusion;

/// A database in a file of SQLite.
#[derive(Debug, Clone)]
pub struct SqliteDatabase {
    name: String,
    writer: SqlitePool,
    readers: SqlitePool,
}

impl SqliteDatabase {
    /// Opens the database file at `path`, makes it if it is not there, and brings its tables up to
    /// date. Beside it, the lock file with the extension `lock` keeps two processes from making it
    /// at once.
    ///
    /// # Errors
    /// [`DatabaseError::Newer`] if a newer provender made it, [`DatabaseError::Damaged`] if it is
    /// no database.
    pub async fn open(path: &Path) -> Result<Self, DatabaseError> {
        let name = path.display().to_string();
        match Self::connect(path, name.clone()).await {
            Ok(opened) => Ok(opened),
            Err(failure) => Err(failure.of(name)),
        }
    }

    async fn connect(path: &Path, name: String) -> Result<Self, Failure> {
        let current = if path.exists() {
            let writer = connection::writer(path, connection::Make::No);
            let version = migrations::version(&mut *writer.acquire().await?).await?;
            migrations::is_current(version)?.then_some(writer)
        } else {
            None
        };
        let writer = match current {
            Some(writer) => writer,
            None => {
                let _held = Exclusion::new(path.with_extension("lock"))
                    .alone()
                    .await
                    .map_err(Failure::Lock)?;
                let writer = connection::writer(path, connection::Make::Yes);
                migrations::run(&mut *writer.acquire().await?).await?;
                writer
            }
        };
        Ok(Self { name, writer, readers: connection::readers(path) })
    }

    /// Begins a change. It is undone if it is dropped before it is committed.
    async fn change(&self) -> Result<Transaction<'static, Sqlite>, Failure> {
        // A plain BEGIN would take the lock at the first write, too late to wait for it.
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }

    /// Begins to read from one state of the database.
    async fn snapshot(&self) -> Result<Transaction<'static, Sqlite>, Failure> {
        Ok(self.readers.begin().await?)
    }

    /// Does the work, and says in its error which database it was.
    async fn named<T>(
        &self,
        work: impl Future<Output = Result<T, Failure>> + Send,
    ) -> Result<T, DatabaseError> {
        work.await.map_err(|failure| failure.of(self.name.clone()))
    }
}

/// Ends a change, and lets the generation grow if files or blobs are different now.
async fn commit(mut change: Transaction<'static, Sqlite>, different: bool) -> Result<(), Failure> {
    if different {
        generation::grow(&mut change).await?;
    }
    Ok(change.commit().await?)
}

#[async_trait]
impl Database for SqliteDatabase {
    async fn put_release(
        &self,
        index: &str,
        project: &ProjectName,
        version: &Version,
        files: &[FileRecord],
    ) -> Result<(), DatabaseError> {
        let of_it = |file: &&FileRecord| {
            file.index == index && file.project == *project && file.version == *version
        };
        if let Some(stranger) = files.iter().find(|file| !of_it(file)) {
            return Err(DatabaseError::OtherRelease {
                filename: stranger.filename.clone(),
                release: format!("{project} {version} in {index}"),
            });
        }
        self.named(async {
            let mut change = self.change().await?;
            let gone = files::retain(&mut change, index, project, version, files).await?;
            let put = files::put(&mut change, files).await?;
            commit(change, gone || put).await
        })
        .await
    }

    async fn put_files(&self, files: &[FileRecord]) -> Result<(), DatabaseError> {
        self.named(async {
            let mut change = self.change().await?;
            let different = files::put(&mut change, files).await?;
            commit(change, different).await
        })
        .await
    }

    async fn releases(
        &self,
        index: &str,
        releases: &[(ProjectName, Version)],
    ) -> Result<Vec<StockedFile>, DatabaseError> {
        self.named(async {
            files::of_releases(&mut *self.snapshot().await?, index, releases).await
        })
        .await
    }

    async fn project_files(
        &self,
        index: &str,
        project: &ProjectName,
    ) -> Result<Vec<StockedFile>, DatabaseError> {
        self.named(async {
            files::of_project(&mut *self.readers.acquire().await?, index, project).await
        })
        .await
    }

    async fn projects(&self, index: &str) -> Result<Vec<ProjectName>, DatabaseError> {
        self.named(async { files::projects(&mut *self.readers.acquire().await?, index).await })
            .await
    }

    async fn file(
        &self,
        index: &str,
        filename: &str,
    ) -> Result<Option<StockedFile>, DatabaseError> {
        self.named(async {
            files::named(&mut *self.readers.acquire().await?, index, filename).await
        })
        .await
    }

    async fn files_of(&self, sha256: &Sha256) -> Result<Vec<StockedFile>, DatabaseError> {
        self.named(async { files::of_blob(&mut *self.readers.acquire().await?, sha256).await })
            .await
    }

    async fn all_files(&self, index: &str) -> Result<Vec<StockedFile>, DatabaseError> {
        self.named(async { files::present(&mut *self.readers.acquire().await?, index).await }).await
    }

    async fn remove_files(&self, index: &str, filenames: &[String]) -> Result<(), DatabaseError> {
        self.named(async {
            let mut change = self.change().await?;
            let different = files::remove(&mut change, index, filenames).await?;
            commit(change, different).await
        })
        .await
    }

    async fn record_blob(&self, info: &BlobInfo) -> Result<(), DatabaseError> {
        self.named(async {
            let mut change = self.change().await?;
            blobs::record(&mut change, info).await?;
            commit(change, true).await
        })
        .await
    }

    async fn forget_blob(&self, sha256: &Sha256) -> Result<(), DatabaseError> {
        self.named(async {
            let mut change = self.change().await?;
            let different = blobs::forget(&mut change, sha256).await?;
            commit(change, different).await
        })
        .await
    }

    async fn mark_damaged(&self, sha256: &Sha256) -> Result<(), DatabaseError> {
        self.named(async {
            let mut change = self.change().await?;
            let different = blobs::mark_damaged(&mut change, sha256).await?;
            commit(change, different).await
        })
        .await
    }

    async fn blob(&self, sha256: &Sha256) -> Result<Option<BlobRow>, DatabaseError> {
        self.named(async { blobs::one(&mut *self.readers.acquire().await?, sha256).await }).await
    }

    async fn blobs(&self) -> Result<Vec<BlobRow>, DatabaseError> {
        self.named(async { blobs::all(&mut *self.readers.acquire().await?).await }).await
    }

    async fn unnamed_blobs(&self) -> Result<Vec<BlobRow>, DatabaseError> {
        self.named(async { blobs::unnamed(&mut *self.readers.acquire().await?).await }).await
    }

    async fn page(
        &self,
        upstream: &str,
        project: &ProjectName,
    ) -> Result<Option<PageRecord>, DatabaseError> {
        let upstream = without_userinfo(upstream);
        self.named(async {
            pages::one(&mut *self.readers.acquire().await?, &upstream, project).await
        })
        .await
    }

    async fn put_page(&self, page: &PageRecord) -> Result<(), DatabaseError> {
        let upstream = without_userinfo(&page.upstream);
        self.named(async { pages::put(&mut *self.writer.acquire().await?, &upstream, page).await })
            .await
    }

    async fn touch_page(
        &self,
        upstream: &str,
        project: &ProjectName,
        fetched_at: Timestamp,
        fresh_until: Timestamp,
    ) -> Result<(), DatabaseError> {
        let upstream = without_userinfo(upstream);
        self.named(async {
            let writer = &mut *self.writer.acquire().await?;
            pages::touch(writer, &upstream, project, fetched_at, fresh_until).await
        })
        .await
    }

    async fn put_lock(&self, lock: &LockRecord, files: &[Sha256]) -> Result<(), DatabaseError> {
        self.named(async {
            let mut change = self.change().await?;
            locks::put(&mut change, lock, files).await?;
            commit(change, false).await
        })
        .await
    }

    async fn locks(&self) -> Result<Vec<LockRecord>, DatabaseError> {
        self.named(async { locks::all(&mut *self.readers.acquire().await?).await }).await
    }

    async fn lock_files(&self, name: &str) -> Result<Vec<Sha256>, DatabaseError> {
        self.named(async { locks::files(&mut *self.readers.acquire().await?, name).await }).await
    }

    async fn remove_lock(&self, name: &str) -> Result<(), DatabaseError> {
        self.named(async { locks::remove(&mut *self.writer.acquire().await?, name).await }).await
    }

    async fn generation(&self) -> Result<i64, DatabaseError> {
        self.named(async { generation::read(&mut *self.readers.acquire().await?).await }).await
    }

    async fn verify(&self) -> Result<Vec<String>, DatabaseError> {
        self.named(async { integrity(&mut *self.readers.acquire().await?).await }).await
    }

    async fn close(&self) {
        self.readers.close().await;
        // Moves what is in the WAL into the database file. If others read from it now, SQLite does
        // so later, as it does where a process never gets here.
        let tidy = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)");
        let _ = tidy.execute(&self.writer).await;
        self.writer.close().await;
    }
}

async fn integrity(connection: &mut SqliteConnection) -> Result<Vec<String>, Failure> {
    let said: Vec<String> =
        sqlx::query_scalar("PRAGMA integrity_check").fetch_all(connection).await?;
    Ok(said.into_iter().filter(|line| line != "ok").collect())
}
